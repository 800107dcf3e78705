//! F6: the front end without a screen: follows runs, and prints what they write and what happens to
//! them. Imports everything below but `ui`; knows no arguments and no exit codes, which are `cli`'s.
//!
//! ```text
//! log files ─ Reader ─┐
//! events ── Follower ─┴─ Print, 16 ─▶ Printer {Layout} ─▶ Console: a thread for stdout, one for stderr
//! signals ─ Interrupts ┘
//! ```
//!
//! Invariants: output is read from the log files, never kept; stdout is data, stderr is for people; a
//! terminal that was stopped holds up printing and nothing else; ctrl-C never loses a run.

mod console;
mod follow;
mod interrupt;
pub mod jsonl;
mod lines;
mod log;
mod note;
mod outcome;
mod printer;
mod reader;
mod seat;

pub use console::Console;
pub use follow::{FollowError, Following, Show, follow};
pub use log::{LogPrinter, tail};
pub use outcome::{How, Left, Outcome, RunOutcome, table};
pub use seat::{Until, Wanted};
