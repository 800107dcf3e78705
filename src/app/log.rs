//! What can be done with the log that is shown: go somewhere in it, copy from it, open it elsewhere, save
//! it. Nothing is read or written here.

use super::dialog::{Ask, AskFor, Confirm, Decision, Dialog, TerminalSheet};
use super::merged::MergedNews;
use super::output::{self, Landmark, Pattern, Spot};
use super::terminal::{MOST_COLUMNS, MOST_ROWS, Picture};
use super::toast::Tone;
use super::{App, Effect, Focus, say};
use crate::domain::id::AttemptId;
use crate::domain::run::{RunIo, Stream};
use crate::domain::timeline::Mark;

/// The log of one stream of an attempt.
pub type LogId = (AttemptId, Stream);

/// To be done with the file of a log.
#[derive(Clone, PartialEq, Debug)]
pub enum Work {
    /// The lines that begin in this part, as text, to the clipboard; with a filter those that pass.
    Copy {
        of: LogId,
        from: u64,
        to: u64,
        filter: Option<Pattern>,
    },
    /// The same of the merged output that is shown.
    CopyMerged {
        from: u64,
        to: u64,
        filter: Option<Pattern>,
    },
    /// At this byte, in that line if its number is known (from 1).
    Open {
        of: LogId,
        with: Program,
        offset: u64,
        line: Option<u64>,
    },
    Save(Save),
}

/// Another program for reading the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Program {
    /// `$PAGER`, or less.
    Pager,
    /// `$VISUAL`, `$EDITOR`, or vi.
    Editor,
    Lnav,
}

/// A copy of a log for the operator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Save {
    pub of: LogId,
    /// As it was typed.
    pub name: String,
    /// Text without escape sequences; else byte for byte.
    pub plain: bool,
    /// What is there already may go.
    pub overwrite: bool,
}

/// What came of it, besides words.
#[derive(Clone, PartialEq, Debug)]
pub enum News {
    /// The file is there already.
    Exists(Save),
    /// How far a save has come.
    Saving(String),
    /// What the terminal of the run that is looked at shows.
    Picture(Box<Picture>),
    /// Of the output of several hosts as one.
    Merged(MergedNews),
}

impl App {
    pub(super) fn handle_news(&mut self, news: News) {
        match news {
            News::Exists(save) => {
                let title = format!("Overwrite {}?", say::clean(&save.name));
                let text = vec!["A file of that name is there already.".into()];
                let decision = Decision::Save(Save { overwrite: true, ..save });
                self.dialogs.push(Dialog::Confirm(Confirm::new(title, text, "Overwrite", "Keep it", decision)));
            }
            News::Saving(words) => self.toasts.renew(self.now.mono, Tone::Plain, SAVING, &words),
            News::Picture(picture) => {
                let rows = self.terminal_room().1;
                for dialog in &mut self.dialogs {
                    if let Dialog::Terminal(terminal) = dialog {
                        terminal.follow(picture.cursor, rows);
                    }
                }
                self.picture = Some(*picture);
            }
            News::Merged(news) => self.extend_merged(news),
        }
    }

    pub(super) fn ask_place(&mut self) {
        if self.log_shown().is_some() {
            self.dialogs.push(Dialog::Ask(Ask::new(AskFor::Place, "")));
        }
    }

    pub(super) fn ask_save(&mut self) {
        let Some(of) = self.log_shown() else { return };
        let Some(pick) = self.pick() else { return };
        let stream = if of.1 == Stream::Err { "-stderr" } else { "" };
        let title: String =
            pick.run.spec.title().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let title: String = title.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
        let title: String = title.chars().take(24).collect();
        let name = format!("{}-{title}.{}{stream}.log", pick.run.host, pick.attempt.attempt);
        let save = Save { of, name: String::new(), plain: false, overwrite: false };
        self.dialogs.push(Dialog::Ask(Ask::new(AskFor::File(save), &name)));
    }

    /// What was typed into the dialog on top: done, or told what is wrong with it.
    pub(super) fn answer(&mut self) -> Vec<Effect> {
        let Some(Dialog::Ask(ask)) = self.dialogs.last() else { return Vec::new() };
        let text = ask.line.text().trim().to_owned();
        let (done, effects) = match ask.purpose.clone() {
            AskFor::Place => (self.go_to(&text), Vec::new()),
            AskFor::File(_) if text.is_empty() => (Err("type a name for the file".to_owned()), Vec::new()),
            AskFor::File(save) => (Ok(()), vec![Effect::Log(Work::Save(Save { name: text, ..save }))]),
        };
        match (done, self.dialogs.last_mut()) {
            (Err(why), Some(Dialog::Ask(ask))) => ask.trouble = Some(why),
            (Ok(()) | Err(_), _) => drop(self.dialogs.pop()),
        }
        effects
    }

    fn go_to(&mut self, text: &str) -> Result<(), String> {
        let anchor = output::jump::parse(text, self.now.wall, self.utc_offset).map_err(|error| error.to_string())?;
        let asked = self.pick().map(|pick| pick.attempt.requested_at);
        if let (output::Anchor::Time(at), Some(asked)) = (anchor, asked)
            && at < asked
        {
            return Err(format!("this attempt began later, {}", say::date_time(asked, self.utc_offset)));
        }
        self.focus = Focus::Output;
        self.output.update(output::Msg::GoTo(anchor));
        Ok(())
    }

    /// Goes to the next mark of the log, or to what happened to the host meanwhile. Whoever has more to
    /// jump to adds it here.
    pub(super) fn go_to_mark(&mut self, forward: bool) {
        if self.log_shown().is_none() {
            return;
        }
        let landmarks = self.landmarks();
        self.output.jump(forward, landmarks);
    }

    fn landmarks(&self) -> Vec<Landmark> {
        let (Some(host), Some(pick)) = (self.host(), self.pick()) else { return Vec::new() };
        let since = pick.attempt.requested_at;
        let of = |(at, mark): &(_, Mark)| {
            let words = match mark {
                Mark::Reboot => "reboot".to_owned(),
                Mark::Note(text) => format!("note: {}", say::clean(text)),
                Mark::Health(ailment) => say::clean(&ailment.words).into_owned(),
                // Where the run begins and ends is known; gaps are marks of the log itself, alarms have keys of their own.
                Mark::RunStarted | Mark::RunEnded { .. } | Mark::Gap | Mark::Alarm(_) => return None,
            };
            Some(Landmark { spot: Spot::Moment(*at), words: format!("{words}, {}", say::time(*at, self.utc_offset)) })
        };
        let recent = host.timeline.marks().iter().rev().filter(|(at, _)| *at >= since);
        recent.filter_map(of).take(LANDMARKS).collect()
    }

    pub(super) fn open_with(&mut self, with: Program) -> Vec<Effect> {
        let Some(of) = self.log_shown() else { return Vec::new() };
        let view = self.output.view();
        let shown = view.current();
        let (offset, line) = shown.map_or((0, None), |entry| (entry.offset, entry.number.map(|number| number + 1)));
        vec![Effect::Log(Work::Open { of, with, offset, line })]
    }

    /// The selected lines, or the one that is looked at.
    pub(super) fn copy_lines(&mut self) -> Vec<Effect> {
        let Some(of) = self.log_shown() else { return Vec::new() };
        let Some((from, to)) = self.output.take_selected() else {
            self.tell(Tone::Plain, "no line to copy");
            return Vec::new();
        };
        let filter = self.output.view().filter().pattern().cloned();
        vec![Effect::Log(Work::Copy { of, from, to, filter })]
    }

    pub(super) fn look_at_terminal(&mut self) {
        let Some((id, _)) = self.log_shown() else { return };
        match self.pick().map(|pick| pick.run.spec.io) {
            Some(RunIo::Pty { columns, rows }) => {
                // The emulator fails with less than two of either (doy/vt100-rust#37).
                let size = (columns.clamp(2, MOST_COLUMNS), rows.clamp(2, MOST_ROWS));
                self.picture = None;
                self.dialogs.push(Dialog::Terminal(TerminalSheet::new(id, size)));
            }
            Some(RunIo::Split) => self.tell(Tone::Plain, "this run has no terminal: nothing draws on a screen there"),
            None => {}
        }
    }

    /// The terminal that is looked at, if one is.
    #[must_use]
    pub fn terminal(&self) -> Option<&TerminalSheet> {
        self.dialogs.iter().find_map(|it| if let Dialog::Terminal(terminal) = it { Some(terminal) } else { None })
    }

    /// Columns and rows in which the terminal of a run is shown.
    #[must_use]
    pub fn terminal_room(&self) -> (u16, u16) {
        (self.size.0, self.size.1.saturating_sub(2))
    }

    /// The log that is shown; says so when there is none.
    fn log_shown(&mut self) -> Option<LogId> {
        let shown = self.output.view().shown();
        if shown.is_none() {
            self.tell(Tone::Plain, "nothing ran here yet");
        }
        shown
    }
}

/// What the words of a save that goes on begin with: later ones take the place of earlier ones.
pub const SAVING: &str = "saving ";

/// What is jumped to besides the marks of the log: the latest of more.
const LANDMARKS: usize = 500;
