//! What stands on the sheets, line by line, cut to the room they have.

use super::dialog::SheetKind;
use super::key::Key;
use super::keymap::{BINDINGS, When};
use super::layout::Area;
use super::{App, Focus, Standing, Weight, output, say};
use crate::domain::link::LinkState;

/// One line of a sheet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SheetLine {
    Blank,
    Heading(String),
    /// A state with its glyph and its meaning.
    State(LinkState, String),
    /// How a run stands, with its sign and its meaning.
    Run(Standing, String),
    Entry {
        label: String,
        text: String,
        weight: Weight,
    },
}

impl App {
    /// Where a sheet lies, edge included.
    #[must_use]
    pub fn sheet_area(&self) -> Area {
        let (columns, rows) = self.size;
        let (width, height) = (columns.saturating_sub(4).min(96), rows.saturating_sub(2));
        Area { x: (columns - width) / 2, y: (rows - height) / 2, width, height }
    }

    /// All lines of a sheet; long texts go on in the next line.
    #[must_use]
    pub fn sheet_lines(&self, kind: SheetKind) -> Vec<SheetLine> {
        let room = usize::from(self.sheet_area().width).saturating_sub(4 + LABEL);
        let lines = match kind {
            SheetKind::Help => help(),
            SheetKind::Details => self.known(),
            SheetKind::Incidents => self.incidents(),
            SheetKind::Digest => self.digest(),
        };
        lines.into_iter().flat_map(|line| fold(line, room)).collect()
    }

    /// What stands on a sheet as text.
    #[must_use]
    pub fn sheet_text(&self, kind: SheetKind) -> String {
        let line = |line: SheetLine| match line {
            SheetLine::Blank => "\n".to_owned(),
            SheetLine::Heading(text) => format!("{text}\n"),
            SheetLine::State(state, meaning) => format!("{:<LABEL$}{meaning}\n", state.word()),
            SheetLine::Run(standing, meaning) => format!("{:<LABEL$}{meaning}\n", standing.word()),
            SheetLine::Entry { label, text, weight: _ } => format!("{label:<LABEL$}{text}\n"),
        };
        self.sheet_lines(kind).into_iter().map(line).collect()
    }

    /// How far a sheet can be scrolled.
    pub(super) fn sheet_overflow(&self, kind: SheetKind) -> usize {
        self.sheet_lines(kind).len().saturating_sub(usize::from(self.sheet_area().height.saturating_sub(2)))
    }

    fn known(&self) -> Vec<SheetLine> {
        let Some(host) = self.host() else { return vec![SheetLine::Heading("no host".into())] };
        let entries = self.details(host).into_iter().map(|detail| SheetLine::Entry {
            label: detail.label.into(),
            text: detail.text,
            weight: detail.weight,
        });
        let mut lines: Vec<_> = entries.collect();
        let recent = host.timeline.segments().iter().rev().take(RECENT);
        if recent.len() > 0 {
            lines.extend([SheetLine::Blank, SheetLine::Heading("Latest states".into())]);
        }
        for segment in recent {
            let at = say::date_time(segment.from, self.utc_offset);
            let text = format!("{}{}", segment.state.word(), self.why(host, segment));
            lines.push(SheetLine::Entry { label: at, text, weight: Weight::Plain });
        }
        lines
    }
}

/// Every binding, then the states. Complete by construction: it is the table.
fn help() -> Vec<SheetLine> {
    let mut lines = Vec::new();
    let sections = [
        (Focus::Hosts.word(), When::In(Focus::Hosts)),
        (Focus::Output.word(), When::In(Focus::Output)),
        (Focus::Timeline.word(), When::In(Focus::Timeline)),
        (Focus::Wall.word(), When::In(Focus::Wall)),
        (Focus::Health.word(), When::In(Focus::Health)),
        ("Everywhere", When::Always),
    ];
    for (title, when) in sections {
        lines.push(SheetLine::Heading(title.into()));
        if when == When::In(Focus::Output) {
            lines.extend(output::KEYS.iter().map(|binding| keys(binding.keys, binding.help)));
        }
        lines.extend(BINDINGS.iter().filter(|b| b.when == when).map(|b| keys(b.keys, b.help)));
        lines.push(SheetLine::Blank);
    }
    lines.push(SheetLine::Heading("States".into()));
    lines.extend(LinkState::ALL.map(|state| SheetLine::State(state, meaning(state).into())));
    lines.extend([SheetLine::Blank, SheetLine::Heading("Runs".into())]);
    lines.extend(Standing::ALL.map(|standing| SheetLine::Run(standing, meaning_of_run(standing).into())));
    lines
}

fn keys(keys: &[Key], help: &str) -> SheetLine {
    let names: Vec<_> = keys.iter().map(ToString::to_string).collect();
    entry(names.join("  "), help)
}

fn entry(label: String, text: &str) -> SheetLine {
    SheetLine::Entry { label, text: text.into(), weight: Weight::Plain }
}

fn meaning(state: LinkState) -> &'static str {
    match state {
        LinkState::Idle => "not asked to connect, or detached",
        LinkState::Connecting => "first connection under way",
        LinkState::Alive => "heard from just now",
        LinkState::Pinging => "silent or cut: being asked why",
        LinkState::Reconnecting => "an attempt is under way or due",
        LinkState::Paused => "our network is down, or no route: no attempt is spent",
        LinkState::Rebooted => "connected again, and it is another boot",
        LinkState::Refused => "key or login refused: r tries again",
        LinkState::Lost => "no contact for long; quietly tried on",
    }
}

fn meaning_of_run(standing: Standing) -> &'static str {
    match standing {
        Standing::Waiting => "asked for, not yet on the host",
        Standing::Running => "going on",
        Standing::Ending => "over; the rest of its output is being read",
        Standing::Unknown => "went on when its host was last seen",
        Standing::Succeeded => "exit 0",
        Standing::Stopped => "cancelled by the operator",
        Standing::Failed => "any other end: the verdict says which",
    }
}

fn fold(line: SheetLine, room: usize) -> Vec<SheetLine> {
    match line {
        SheetLine::Entry { label, text, weight } => {
            // A label that is too long for its column takes a line for itself.
            let own = (label.chars().count() > LABEL).then(|| entry(label.clone(), ""));
            let mut first = if own.is_some() { String::new() } else { label };
            let rows = say::wrap(&text, room).into_iter().map(move |text| SheetLine::Entry {
                label: std::mem::take(&mut first),
                text,
                weight,
            });
            own.into_iter().chain(rows).collect()
        }
        SheetLine::Heading(text) => say::wrap(&text, LABEL + room).into_iter().map(SheetLine::Heading).collect(),
        other @ (SheetLine::Blank | SheetLine::State(..) | SheetLine::Run(..)) => vec![other],
    }
}

/// Columns of the label.
pub const LABEL: usize = 20;

/// States of the past that the details list.
const RECENT: usize = 30;
