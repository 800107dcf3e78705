//! F4: the output of a run as it is shown: bytes to safe lines ([`decode`], [`sanitize()`]), and the pure
//! state of the pane ([`View`]). Imports `domain` only; no file is read here, and no terminal type is known:
//! `tui::pager` reads, `ui::output` draws.

mod canvas;
pub mod decode;
mod glyph;
mod line;
mod sanitize;
mod style;
pub mod words;

pub use line::{Line, Span, char_width, text_width};
pub use sanitize::{Sanitizer, sanitize};
pub use style::{Attributes, Color, Kind, Style};
