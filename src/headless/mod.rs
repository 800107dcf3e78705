//! F6: the front end without a screen.
mod lines;
