//! steadfast: runs on remote machines that survive reboots, cut networks and closed laptops.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod domain;
pub mod headless;
pub mod ledger;
pub mod net;
pub mod port;
pub mod remote;
pub mod ssh;
pub mod supervisor;
#[cfg(feature = "tui")]
pub mod tui;
#[cfg(feature = "tui")]
pub mod ui;
