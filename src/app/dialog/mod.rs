//! What lies over the panes and takes the keys: one at a time on a stack, the last one on top.

mod ask;
mod confirm;
mod jobs;
mod merged;
mod palette;
mod sheet;
mod terminal;

pub use ask::{Ask, AskFor};
pub use confirm::{Confirm, Decision};
pub use jobs::JobList;
pub use palette::{Deed, Entry, Palette};
pub use sheet::{Sheet, SheetKind};
pub use terminal::TerminalSheet;

use super::key::Key;
use super::merged::MergedSheet;
use crate::domain::run::Job;

/// One dialog.
#[derive(Clone, Debug)]
pub enum Dialog {
    /// Text to read: help, details.
    Sheet(Sheet),
    Confirm(Confirm),
    Jobs(JobList),
    Palette(Palette),
    Ask(Ask),
    /// The run's screen, as a terminal shows it.
    Terminal(TerminalSheet),
    Merged(Box<MergedSheet>),
}

/// What a key did to a dialog.
#[derive(Debug)]
pub enum Step {
    Stay,
    Close,
    /// All that stands on the sheet, to the clipboard.
    Copy(SheetKind),
    /// The selected lines of the merged output, to the clipboard.
    CopyMerged,
    /// Take what was typed, or say what is wrong with it.
    Answer,
    /// Close, and do it.
    Decide(Decision),
    /// Close, and ask whether this job is to be started.
    Choose(Box<Job>),
    /// Close, and do this.
    Perform(Deed),
}

impl Dialog {
    pub fn handle_key(&mut self, key: Key) -> Step {
        match self {
            Self::Sheet(sheet) => sheet.handle_key(key),
            Self::Confirm(confirm) => confirm.handle_key(key),
            Self::Jobs(jobs) => jobs.handle_key(key),
            Self::Palette(palette) => palette.handle_key(key),
            Self::Ask(ask) => ask.handle_key(key),
            Self::Terminal(terminal) => terminal.handle_key(key),
            Self::Merged(merged) => merged.handle_key(key),
        }
    }

    /// Pasted text, where something can be typed.
    pub fn paste(&mut self, text: &str) {
        match self {
            Self::Sheet(_) | Self::Terminal(_) => {}
            Self::Merged(merged) => merged.paste(text),
            Self::Confirm(confirm) => confirm.paste(text),
            Self::Jobs(jobs) => jobs.paste(text),
            Self::Palette(palette) => palette.paste(text),
            Self::Ask(ask) => ask.paste(text),
        }
    }
}
