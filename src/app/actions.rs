//! What each action of the keymap does.

use super::dialog::{Confirm, Decision, Dialog, Palette, Sheet, SheetKind};
use super::hosts::Order;
use super::keymap::Action;
use super::line::{Entry, Line, Purpose};
use super::log::Program;
use super::output::Verb;
use super::toast::Tone;
use super::wall::Way;
use super::{App, Effect, Focus, output};
use crate::domain::run::RunIo;

impl App {
    /// Carries an action out.
    pub fn perform(&mut self, action: Action) -> Vec<Effect> {
        if action.acts_on_hosts() && self.refuse_read_only() {
            return Vec::new();
        }
        match action {
            Action::Up => self.step(-1),
            Action::Down => self.step(1),
            Action::PageUp => self.turn_page(-1),
            Action::PageDown => self.turn_page(1),
            Action::First => self.step(isize::MIN),
            Action::Last => self.step(isize::MAX),
            Action::Open => self.open(),
            Action::Mark => self.mark(),
            Action::MarkAll => self.hosts.toggle_all(&self.fleet),
            Action::Filter => {
                self.entry = Some(Entry { line: Line::with_text(&self.hosts.filter), purpose: Purpose::Filter });
            }
            Action::NextTrouble => self.go_to_trouble(true),
            Action::PreviousTrouble => self.go_to_trouble(false),
            Action::Reorder => self.reorder(),
            Action::Connect => return self.connect(),
            Action::Reconnect => return self.reconnect(),
            Action::Detach => return self.detach(),
            Action::PauseLink => return self.pause_link(),
            Action::MarkDead => return self.mark_dead(),
            Action::StartJob => self.choose_job(),
            Action::Rerun => return self.rerun(),
            Action::Cancel => self.cancel(),
            Action::OlderRun => self.step_run(false),
            Action::NewerRun => self.step_run(true),
            Action::Follow => self.output.update(output::Msg::Do(Verb::Follow)),
            Action::Wrap => self.output.update(output::Msg::Do(Verb::Wrap)),
            Action::NextAlarm => return self.seek_alarm(true),
            Action::PreviousAlarm => return self.seek_alarm(false),
            Action::OtherStream => self.switch_stream(),
            Action::CursorLeft => self.strips.step(-1, self.strip_columns(), self.now.wall),
            Action::CursorRight => self.strips.step(1, self.strip_columns(), self.now.wall),
            Action::Oldest => self.go_to_oldest(),
            Action::Newest => self.strips.newest(),
            Action::ZoomIn => self.zoom_time(true),
            Action::ZoomOut => self.zoom_time(false),
            Action::NextPane => self.focus = self.focus.next(),
            Action::PreviousPane => self.focus = self.focus.previous(),
            Action::Zoom => self.zoom = !self.zoom,
            Action::Wall => self.focus = if self.focus == Focus::Wall { Focus::Hosts } else { Focus::Wall },
            Action::Health => self.focus = if self.focus == Focus::Health { Focus::Hosts } else { Focus::Health },
            Action::OpenHealth => self.open_health(),
            Action::SortNext => self.sort_health(true),
            Action::SortPrevious => self.sort_health(false),
            Action::SortReverse => self.health.reversed = !self.health.reversed,
            Action::WallUp => self.step_on_wall(Way::Up),
            Action::WallDown => self.step_on_wall(Way::Down),
            Action::WallLeft => self.step_on_wall(Way::Left),
            Action::WallRight => self.step_on_wall(Way::Right),
            Action::GroupByTag => self.wall_by_tag = !self.wall_by_tag,
            Action::Palette => self.dialogs.push(Dialog::Palette(Palette::new())),
            Action::Note => self.entry = Some(Entry { line: Line::default(), purpose: Purpose::Note }),
            Action::Mouse => return self.switch_mouse(),
            Action::Theme => self.change_look(),
            Action::Screenshot => return vec![Effect::Screenshot],
            Action::Details => self.dialogs.push(Dialog::Sheet(Sheet::new(SheetKind::Details))),
            Action::Incidents => self.dialogs.push(Dialog::Sheet(Sheet::new(SheetKind::Incidents))),
            Action::Digest => {
                self.toasts.unpin();
                self.dialogs.push(Dialog::Sheet(Sheet::new(SheetKind::Digest)));
            }
            Action::Help => self.dialogs.push(Dialog::Sheet(Sheet::new(SheetKind::Help))),
            Action::Copy => return self.copy(),
            Action::Back => self.back(),
            Action::GoTo => self.ask_place(),
            Action::NextMark => self.go_to_mark(true),
            Action::PreviousMark => self.go_to_mark(false),
            Action::CopyLines => return self.copy_lines(),
            Action::OpenPager => return self.open_with(Program::Pager),
            Action::OpenEditor => return self.open_with(Program::Editor),
            Action::OpenLnav => return self.open_with(Program::Lnav),
            Action::Save => self.ask_save(),
            Action::Merge => self.merge(),
            Action::Terminal => self.look_at_terminal(),
            Action::Freeze => self.freeze(),
            Action::Redraw => return vec![Effect::Redraw],
            Action::Suspend => return vec![Effect::Suspend],
            Action::Quit => return self.quit(),
            Action::Interrupt => return self.interrupt(),
        }
        Vec::new()
    }

    /// ctrl-C: the first asks as quit does, the second leaves at once.
    pub(super) fn interrupt(&mut self) -> Vec<Effect> {
        let quits = |dialog: &Dialog| match dialog {
            Dialog::Confirm(confirm) => *confirm.decision() == Decision::Quit,
            Dialog::Sheet(_)
            | Dialog::Jobs(_)
            | Dialog::Palette(_)
            | Dialog::Ask(_)
            | Dialog::Terminal(_)
            | Dialog::Merged(_) => false,
        };
        if self.dialogs.last().is_some_and(quits) {
            return vec![Effect::Abort];
        }
        let effects = self.quit();
        if effects.is_empty() {
            return effects;
        }
        // With nothing going on a ctrl-C meant for another program must not close this one.
        let text = vec!["No run goes on. ctrl-C again quits.".into()];
        self.dialogs
            .push(Dialog::Confirm(Confirm::new("Quit?".into(), text, "Quit", "Stay", Decision::Quit).harmless()));
        Vec::new()
    }

    /// Moves the selection in the order of what is shown.
    fn step(&mut self, rows: isize) {
        match self.focus {
            Focus::Health => self.step_health(rows),
            Focus::Hosts | Focus::Output | Focus::Timeline | Focus::Wall => self.hosts.step(&self.fleet, rows),
        }
    }

    fn turn_page(&mut self, by: i16) {
        let rows = self.areas().and_then(|areas| areas.inside(self.focus)).map_or(1, |area| area.height.max(2) - 1);
        match self.focus {
            Focus::Timeline => {
                let columns = self.strip_columns();
                self.strips.step(i64::from(by) * i64::from(columns.max(2) - 1), columns, self.now.wall);
            }
            Focus::Hosts | Focus::Output | Focus::Wall | Focus::Health => {
                self.step(isize::from(by) * isize::from(rows.cast_signed()));
            }
        }
    }

    /// Enter: deeper into the host, or a job for a host on which nothing ran yet.
    fn open(&mut self) {
        if self.pick().is_some() {
            self.focus = Focus::Output;
        } else if self.host().is_some() {
            self.choose_job();
        }
    }

    fn mark(&mut self) {
        if let Some(host) = self.host().map(|host| host.id.clone()) {
            self.hosts.toggle_mark(&host);
            self.step(1);
        }
    }

    fn go_to_trouble(&mut self, forward: bool) {
        if !self.hosts.step_to_trouble(&self.fleet, forward) {
            self.tell(Tone::Good, "no host is in trouble");
        }
    }

    fn reorder(&mut self) {
        self.hosts.pin(&self.fleet);
        self.hosts.order = match self.hosts.order {
            Order::Name => Order::Trouble,
            Order::Trouble => Order::Name,
        };
    }

    fn step_run(&mut self, newer: bool) {
        let Some(host) = self.host().map(|host| host.id.clone()) else { return };
        if !self.picks.step(&self.fleet, &host, newer) {
            let words = if newer { "no newer run" } else { "no older run" };
            self.tell(Tone::Plain, format!("{words} on {host}"));
        }
    }

    /// Shows stderr instead of stdout, and back.
    fn switch_stream(&mut self) {
        match self.pick().map(|pick| pick.run.spec.io) {
            Some(RunIo::Split) => self.output.switch_stream(),
            Some(RunIo::Pty { .. }) => self.tell(Tone::Plain, "stdout and stderr of this run are one"),
            None => self.tell(Tone::Plain, "nothing ran here yet"),
        }
    }

    fn go_to_oldest(&mut self) {
        let known = self.host().and_then(|host| host.timeline.segments().front().map(|segment| segment.from));
        if let Some(at) = known {
            self.strips.show(at, self.strip_columns(), self.now.wall);
        }
    }

    fn zoom_time(&mut self, closer: bool) {
        if !self.strips.zoom(closer, self.strip_columns(), self.now.wall) {
            let words = if closer { "the shortest" } else { "the longest" };
            self.tell(Tone::Plain, format!("{} is {words} there is", self.strips.span_words()));
        }
    }

    fn copy(&mut self) -> Vec<Effect> {
        let Some(text) = self.host().map(|host| self.details_text(host)) else { return Vec::new() };
        self.tell(Tone::Plain, "copied what is known of this host");
        vec![Effect::Copy(text)]
    }

    fn change_look(&mut self) {
        self.look = self.look.next();
        let word = self.look.word();
        self.tell(Tone::Plain, format!("theme: {word}; --theme {word} keeps it"));
    }

    fn switch_mouse(&mut self) -> Vec<Effect> {
        self.mouse = !self.mouse;
        let words =
            if self.mouse { "the mouse is steadfast's" } else { "the mouse is the terminal's: it selects text" };
        self.tell(Tone::Plain, words);
        vec![Effect::Mouse(self.mouse)]
    }

    pub(super) fn copy_sheet(&mut self, kind: SheetKind) -> Vec<Effect> {
        let text = self.sheet_text(kind);
        self.tell(Tone::Plain, "copied what stands here");
        vec![Effect::Copy(text)]
    }

    /// Escape: takes back one thing at a time.
    fn back(&mut self) {
        if !self.toasts.is_empty() {
            self.toasts.clear();
        } else if self.zoom {
            self.zoom = false;
        } else if self.focus == Focus::Health && self.health.open {
            self.open_health();
        } else if self.focus == Focus::Timeline && self.strips.cursor().is_some() {
            self.strips.newest();
        } else if self.focus != Focus::Hosts {
            self.focus = Focus::Hosts;
        } else if !self.hosts.filter.is_empty() {
            self.hosts.filter.clear();
        } else {
            self.hosts.clear_marks();
        }
    }
}
