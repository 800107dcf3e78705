//! The mouse: a click selects, the wheel scrolls what is under it, a drag on the timeline pans.

use super::key::{Code, Key};
use super::output::{self, Verb};
use super::places::Place;
use super::{App, Effect, Focus};

/// What the mouse did, at which cell of the terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mouse {
    pub what: Deed,
    pub x: u16,
    pub y: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    Press,
    /// Moved with the button held.
    Drag,
    Release,
    WheelUp,
    WheelDown,
}

impl App {
    pub(super) fn handle_mouse(&mut self, mouse: Mouse) -> Vec<Effect> {
        if self.frozen.is_some() {
            return Vec::new();
        }
        let up = match mouse.what {
            Deed::Press | Deed::Drag | Deed::Release => None,
            Deed::WheelUp => Some(true),
            Deed::WheelDown => Some(false),
        };
        if self.is_asking() || !self.dialogs.is_empty() {
            // What lies on top is scrolled; a click beside it means nothing.
            let key = up.map(|up| Key::of(if up { Code::Up } else { Code::Down }));
            return key.filter(|_| !self.is_asking()).map(|key| self.handle_key(key)).unwrap_or_default();
        }
        match (up, mouse.what) {
            (Some(up), _) => self.wheel(self.place(mouse.x, mouse.y), up),
            (None, Deed::Press) => self.press(mouse),
            (None, Deed::Drag) => self.drag(mouse.x),
            (None, _) => self.drag = None,
        }
        Vec::new()
    }

    fn press(&mut self, mouse: Mouse) {
        match self.place(mouse.x, mouse.y) {
            None => {}
            Some(Place::Pane(focus)) => self.focus = focus,
            Some(Place::Host(host)) => {
                self.focus = Focus::Hosts;
                self.hosts.select(host);
            }
            Some(Place::Cell(host)) => self.hosts.select(host),
            Some(Place::Sample(host)) => self.select_health(host, false),
            Some(Place::Server(server)) => self.select_health(server, true),
            Some(Place::Column(column)) => self.sort_health_by(column),
            Some(Place::Strip(host, at)) => {
                self.focus = Focus::Timeline;
                self.hosts.select(host);
                if let Some(at) = at {
                    self.strips.show(at, self.strip_columns(), self.now.wall);
                    self.drag = Some(mouse.x);
                }
            }
        }
    }

    /// What is under the mouse goes with it.
    fn drag(&mut self, x: u16) {
        if let Some(from) = self.drag.replace(x) {
            self.strips.pan(i64::from(from) - i64::from(x), self.strip_columns(), self.now.wall);
        } else {
            self.drag = None;
        }
    }

    fn wheel(&mut self, place: Option<Place>, up: bool) {
        match place {
            None | Some(Place::Cell(_) | Place::Pane(Focus::Wall)) => {}
            Some(Place::Sample(_) | Place::Server(_) | Place::Column(_) | Place::Pane(Focus::Health)) => {
                self.step_health(if up { -1 } else { 1 });
            }
            Some(Place::Host(_) | Place::Pane(Focus::Hosts)) => self.hosts.step(&self.fleet, if up { -1 } else { 1 }),
            Some(Place::Strip(..) | Place::Pane(Focus::Timeline)) => {
                let columns = self.strip_columns();
                let step = i64::from(columns / 8).max(1);
                self.strips.pan(if up { -step } else { step }, columns, self.now.wall);
            }
            Some(Place::Pane(Focus::Output)) => {
                let verb = if up { Verb::LineUp } else { Verb::LineDown };
                for _ in 0..LINES {
                    self.output.update(output::Msg::Do(verb));
                }
            }
        }
    }
}

/// Lines that one notch of the wheel scrolls.
const LINES: usize = 3;
