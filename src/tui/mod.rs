//! F6: the terminal: events in, frames out.

pub mod pager;
