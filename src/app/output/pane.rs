//! The pane of the selected run's output: its view, and what the view wants of the reader and has not
//! been given yet.

use super::jump::{Jump, Landmark};
use super::keys::Verb;
use super::pattern::Pattern;
use super::view::{Effect, Msg, View};
use super::window::{Order, Request, Seek};
use crate::app::key::Key;
use crate::domain::id::AttemptId;
use crate::domain::run::{RunIo, Stream};

/// What is wanted waits here until it is taken: the log may still be on its way to being opened. One
/// place for each kind, as only the last counts.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Output {
    view: View,
    /// The operator wants to see stderr where it is apart.
    errors: bool,
    read: Option<Request>,
    filter: Option<Option<Pattern>>,
    search: Option<Order>,
    seek: Option<Seek>,
    jump: Option<Jump>,
}

impl Output {
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Takes in what happened to the log.
    pub fn update(&mut self, msg: Msg) {
        for effect in self.view.update(msg) {
            match effect {
                Effect::Read(request) => self.read = Some(request),
                Effect::Filter(pattern) => self.filter = Some(pattern),
                Effect::Search(Order::Seek(seek)) => self.seek = Some(seek),
                Effect::Search(order @ (Order::Start { .. } | Order::Stop)) => {
                    self.search = Some(order);
                    self.seek = None;
                }
            }
        }
    }

    /// What the reader of the log is to do, in this order.
    pub fn take_effects(&mut self) -> impl Iterator<Item = Effect> + use<> {
        let search = self.search.take().into_iter().chain(self.seek.take().map(Order::Seek));
        // Both are asked of the lines that the filter leaves.
        let filter = self.filter.take().map(Effect::Filter).into_iter();
        filter.chain(self.read.take().map(Effect::Read)).chain(search.map(Effect::Search))
    }

    /// Goes to the next mark, or the one before: of the log, or one of these.
    pub fn jump(&mut self, forward: bool, landmarks: Vec<Landmark>) {
        self.view.hush();
        self.jump = Some(Jump { forward, from: self.view.jumps_from(forward), landmarks });
    }

    /// The lines that are selected, which they are no longer, or the one that is looked at.
    pub fn take_selected(&mut self) -> Option<(u64, u64)> {
        let selected = self.view.selected();
        self.update(Msg::Copied);
        selected
    }

    /// The mark that is to be looked for.
    pub fn take_jump(&mut self) -> Option<Jump> {
        self.jump.take()
    }

    /// Shows another attempt, or nothing.
    pub fn show(&mut self, attempt: Option<(AttemptId, RunIo)>) {
        let errors = self.errors;
        let wanted = attempt.map(|(id, io)| {
            let stream = if errors { io.streams().last() } else { io.streams().first() };
            (id, stream.copied().unwrap_or(Stream::Out))
        });
        if wanted == self.view.shown() {
            return;
        }
        (self.read, self.filter, self.search, self.seek) = (None, None, None, None);
        self.update(match wanted {
            Some((id, stream)) => Msg::Show(id, stream),
            None => Msg::Clear,
        });
    }

    /// Shows the other stream, where there are two; what is shown changes with the next [`Output::show`].
    pub fn switch_stream(&mut self) {
        self.errors = !self.errors;
    }

    /// The room for text has changed.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.update(Msg::Resized { columns, rows });
    }

    /// Whether a pattern is being typed in it: then every key is its own.
    #[must_use]
    pub fn is_typing(&self) -> bool {
        self.view.takes_all_keys()
    }

    /// Whether the key meant something here; then it has been carried out.
    pub fn handle_key(&mut self, key: Key) -> bool {
        let meant = self.is_typing()
            || Verb::of(key).is_some_and(|verb| match verb {
                Verb::Back => self.view.takes_escape(),
                Verb::LineUp
                | Verb::LineDown
                | Verb::HalfUp
                | Verb::HalfDown
                | Verb::PageUp
                | Verb::PageDown
                | Verb::Top
                | Verb::Follow
                | Verb::Wrap
                | Verb::Left
                | Verb::Right
                | Verb::Find
                | Verb::Filter
                | Verb::Times
                | Verb::Select
                | Verb::Next
                | Verb::Previous => true,
            });
        if meant {
            self.update(Msg::Key(key));
        }
        meant
    }
}
