//! What is read for the views beside the output pane: the terminal of a run, and the merged output.

use super::TuiOptions;
use super::emulator::Emulator;
use super::merger::{Merger, Part};
use crate::app::App;
use crate::app::log::News;
use crate::domain::event::Event;
use crate::supervisor::Handle;

pub(super) struct Side {
    emulator: Emulator,
    merger: Merger,
}

impl Side {
    pub(super) fn new(handle: &Handle, options: &TuiOptions) -> Self {
        let merger = Merger::new(handle.clone(), options.marks.clone(), options.times.clone(), options.clock.clone());
        Self { emulator: Emulator::new(handle.clone()), merger }
    }

    /// Begins or ends to read, as the screen wants it.
    pub(super) fn follow(&mut self, app: &mut App) {
        self.emulator.follow(app);
        self.merger.follow(app);
    }

    /// Keeps what an event says of what is shown.
    pub(super) fn note(&self, event: &Event) {
        self.merger.note(event);
    }

    /// The merged output from a byte on, if it is shown.
    pub(super) fn part(&self, from: u64) -> Option<Part> {
        self.merger.part(from)
    }

    /// What has come; waits for ever when nothing is read. Cancel-safe.
    pub(super) async fn next(&mut self) -> News {
        tokio::select! {
            picture = self.emulator.next() => News::Picture(Box::new(picture)),
            news = self.merger.next() => News::Merged(news),
        }
    }
}
