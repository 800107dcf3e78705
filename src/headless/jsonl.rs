//! What programs read: one JSON object per line.

use serde::Serialize;

use crate::domain::event::Event;
use crate::ledger::record::EventRecord;

/// An event, as in the journal; with its newline.
#[must_use]
pub fn event(event: &Event) -> String {
    line(&EventRecord::from(event))
}

/// Any record; with its newline.
#[must_use]
pub fn line(record: &impl Serialize) -> String {
    // Records are made of strings and numbers: they can always be written.
    let mut text = serde_json::to_string(record).unwrap_or_default();
    text.push('\n');
    text
}
