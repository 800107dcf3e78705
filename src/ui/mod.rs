//! F5: drawing.

pub mod output;
