//! What lies over the panes and takes the keys: one at a time on a stack, the last one on top.

mod confirm;
mod jobs;
mod palette;
mod sheet;

pub use confirm::{Confirm, Decision};
pub use jobs::JobList;
pub use palette::{Deed, Entry, Palette};
pub use sheet::{Sheet, SheetKind};

use super::key::Key;
use crate::domain::run::Job;

/// One dialog.
#[derive(Clone, Debug)]
pub enum Dialog {
    /// Text to read: help, details.
    Sheet(Sheet),
    Confirm(Confirm),
    Jobs(JobList),
    Palette(Palette),
}

/// What a key did to a dialog.
#[derive(Debug)]
pub enum Step {
    Stay,
    Close,
    /// All that stands on the sheet, to the clipboard.
    Copy(SheetKind),
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
        }
    }

    /// Pasted text, where something can be typed.
    pub fn paste(&mut self, text: &str) {
        match self {
            Self::Sheet(_) => {}
            Self::Confirm(confirm) => confirm.paste(text),
            Self::Jobs(jobs) => jobs.paste(text),
            Self::Palette(palette) => palette.paste(text),
        }
    }
}
