//! F4: the output of a run as it is shown: bytes to safe lines ([`decode`], [`sanitize()`]), and the pure
//! state of the pane ([`View`], and in [`Output`] what it waits for). Imports `domain` only; no file is read here, and no terminal type is known:
//! `tui::pager` reads, `ui::output` draws.

mod canvas;
pub mod decode;
mod filter;
mod find;
mod glyph;
pub mod jump;
mod keys;
mod line;
mod pane;
mod pattern;
mod plain;
mod sanitize;
mod style;
mod view;
mod window;
pub mod words;

pub use filter::Filter;
pub use find::Find;
pub use jump::{InvalidPlace, Jump, Landed, Landmark, Spot};
pub use keys::{Binding, KEYS, Verb};
pub use line::{Line, Span, char_width, text_width};
pub use pane::Output;
pub use pattern::{InvalidPattern, Pattern};
pub use plain::PlainText;
pub use sanitize::{Sanitizer, sanitize};
pub use style::{Attributes, Color, Kind, Style};
pub use view::{Effect, Msg, View};
pub use window::{
    Anchor, Direction, Entry, Extent, Marker, Order, Outcome, Progress, Request, Seek, Sifted, Sought, Stamp, Window,
    mark_offset,
};
