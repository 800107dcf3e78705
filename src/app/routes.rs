//! Where keys go: from the top layer down, the first that wants one has it.

use super::dialog::{Deed, Dialog, Step};
use super::key::{Code, Key};
use super::line::Purpose;
use super::question::Answered;
use super::{App, Effect, Focus, keymap, output};

impl App {
    pub(super) fn handle_key(&mut self, key: Key) -> Vec<Effect> {
        if key == Key::ctrl('c') {
            self.frozen = None;
            return self.interrupt();
        }
        if self.frozen.is_some() {
            return self.handle_frozen_key(key);
        }
        if self.is_asking() {
            return match self.questions.handle_key(key, self.now.mono) {
                Answered::NotYet => Vec::new(),
                Answered::With(id, secret) => vec![Effect::Answer { id, secret }],
            };
        }
        if !self.dialogs.is_empty() {
            return self.handle_dialog_key(key);
        }
        if self.entry.is_some() {
            return self.handle_entry_key(key);
        }
        if self.focus == Focus::Output && self.output.handle_key(key) {
            return Vec::new();
        }
        keymap::lookup(self.focus, key).map(|action| self.perform(action)).unwrap_or_default()
    }

    fn handle_dialog_key(&mut self, key: Key) -> Vec<Effect> {
        let most = match self.dialogs.last() {
            Some(Dialog::Sheet(sheet)) => self.sheet_overflow(sheet.kind),
            Some(
                Dialog::Confirm(_)
                | Dialog::Jobs(_)
                | Dialog::Palette(_)
                | Dialog::Ask(_)
                | Dialog::Terminal(_)
                | Dialog::Merged(_),
            )
            | None => 0,
        };
        let room = self.terminal_room();
        let Some(dialog) = self.dialogs.last_mut() else { return Vec::new() };
        let hosts = if let Dialog::Jobs(jobs) = dialog { jobs.hosts.clone() } else { Vec::new() };
        let step = dialog.handle_key(key);
        if let Dialog::Sheet(sheet) = dialog {
            sheet.limit(most);
        } else if let Dialog::Terminal(terminal) = dialog {
            terminal.limit(room);
        }
        match step {
            Step::Stay => {}
            Step::Close => {
                self.dialogs.pop();
            }
            Step::Copy(kind) => return self.copy_sheet(kind),
            Step::CopyMerged => return self.copy_merged(),
            Step::Answer => return self.answer(),
            Step::Decide(decision) => {
                // A decision ends what led to it, the list of jobs under it too.
                self.dialogs.clear();
                return self.decide(decision);
            }
            Step::Choose(job) => self.confirm_job(*job, &hosts),
            Step::Perform(deed) => {
                self.dialogs.pop();
                return self.do_deed(deed);
            }
        }
        Vec::new()
    }

    fn do_deed(&mut self, deed: Deed) -> Vec<Effect> {
        match deed {
            Deed::Screen(action, focus) => {
                self.focus = focus.unwrap_or(self.focus);
                self.perform(action)
            }
            Deed::Output(verb) => {
                self.focus = Focus::Output;
                self.output.update(output::Msg::Do(verb));
                Vec::new()
            }
        }
    }

    /// Filters while it is typed; enter keeps the filter, escape takes it away. A note is sent by enter.
    fn handle_entry_key(&mut self, key: Key) -> Vec<Effect> {
        let Some(entry) = &mut self.entry else { return Vec::new() };
        match (key.code, entry.purpose) {
            (Code::Enter, Purpose::Filter) => {
                self.entry = None;
                self.hosts.pin(&self.fleet);
            }
            (Code::Enter, Purpose::Note) => {
                let text = entry.line.text().trim().to_owned();
                self.entry = None;
                return self.note(&text);
            }
            (Code::Esc, purpose) => {
                self.entry = None;
                if purpose == Purpose::Filter {
                    self.hosts.filter.clear();
                }
            }
            (Code::Up, Purpose::Filter) => self.hosts.step(&self.fleet, -1),
            (Code::Down, Purpose::Filter) => self.hosts.step(&self.fleet, 1),
            (_, purpose) => {
                entry.line.handle_key(key);
                if purpose == Purpose::Filter {
                    self.hosts.filter = entry.line.text().to_owned();
                }
            }
        }
        Vec::new()
    }

    pub(super) fn handle_paste(&mut self, text: &str) {
        if self.frozen.is_some() {
            return;
        }
        if self.is_asking() {
            self.questions.line.insert(text);
        } else if let Some(dialog) = self.dialogs.last_mut() {
            dialog.paste(text);
        } else if let Some(entry) = &mut self.entry {
            entry.line.insert(text);
            if entry.purpose == Purpose::Filter {
                self.hosts.filter = entry.line.text().to_owned();
            }
        } else if self.focus == Focus::Output {
            self.output.update(output::Msg::Paste(text.to_owned()));
        }
    }
}
