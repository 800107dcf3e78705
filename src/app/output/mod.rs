//! F4: the output of a run as it is shown: bytes to safe lines ([`decode`], [`sanitize()`]), and the pure
//! state of the pane ([`View`], and in [`Output`] what it waits for). Imports `domain` only; no file is read here, and no terminal type is known:
//! `tui::pager` reads, `ui::output` draws.

mod canvas;
pub mod decode;
mod find;
mod glyph;
mod keys;
mod line;
mod pane;
mod pattern;
mod sanitize;
mod style;
mod view;
mod window;
pub mod words;

pub use find::Find;
pub use keys::{Binding, KEYS, Verb};
pub use line::{Line, Span, char_width, text_width};
pub use pane::Output;
pub use pattern::{InvalidPattern, Pattern};
pub use sanitize::{Sanitizer, sanitize};
pub use style::{Attributes, Color, Kind, Style};
pub use view::{Effect, Msg, View};
pub use window::{
    Anchor, Direction, Entry, Extent, Marker, Order, Outcome, Progress, Request, Seek, Sought, Window, mark_offset,
};
