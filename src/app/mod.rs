//! F4: the pure state of the screen. Imports `domain` only.

pub mod output;
pub mod say;
