//! The commands that concern runs and hosts, one module each.

pub(super) mod adopt;
pub(super) mod attach;
pub(super) mod cancel;
pub(super) mod check;
pub(super) mod gc;
pub(super) mod log;
pub(super) mod rerun;
pub(super) mod run;
pub(super) mod runs;

mod following;
mod names;
