//! The commands that concern runs and hosts, one module each.

pub(super) mod adopt;
pub(super) mod attach;
pub(super) mod cancel;
pub(super) mod check;
#[cfg(all(feature = "tui", feature = "demo"))]
pub(super) mod demo;
pub(super) mod gc;
pub(super) mod health;
pub(super) mod link;
pub(super) mod log;
pub(super) mod net;
pub(super) mod rerun;
pub(super) mod run;
pub(super) mod runs;
#[cfg(feature = "tui")]
pub(super) mod screen;

mod following;
mod names;
