//! The picture of a run's terminal, as the emulator has drawn it.

use super::output::Line;
use crate::domain::id::AttemptId;

/// What a terminal of the run's size would show now.
#[derive(Clone, PartialEq, Debug)]
pub struct Picture {
    pub id: AttemptId,
    /// From the top; each as wide as what is written in it.
    pub rows: Vec<Line>,
    /// Column and row, unless it is hidden.
    pub cursor: Option<(u16, u16)>,
    /// A full-screen program has the terminal now.
    pub alternate: bool,
    /// Bytes at the beginning of the log that were not looked at.
    pub skipped: u64,
    /// Why there is no picture.
    pub trouble: Option<String>,
}

/// Rows and columns that a run's terminal is looked at with: more than any screen, and memory for it.
pub const MOST_COLUMNS: u16 = 500;
pub const MOST_ROWS: u16 = 250;
