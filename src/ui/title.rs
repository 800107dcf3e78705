//! The title line: whose fleet, how many hosts in which state, our own network, who holds the
//! ledger, the time.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::Label;
use super::pen::{Pen, columns};
use super::theme::{Role, Theme};
use crate::app::{App, say};
use crate::domain::fleet::HostView;
use crate::domain::link::{Hold, LinkState};
use crate::domain::network::NetworkState;

pub fn render(frame: &mut Frame<'_>, area: Rect, app: &App, theme: &Theme) {
    let width = |label: &Label| label.iter().map(|(text, _)| columns(text)).sum::<u16>();
    // Who holds the ledger is named where the counts still fit beside it.
    let counts = width(&left(app, theme, false, Form::Counts));
    let named = right(app, theme, true);
    let right = if width(&named) + counts < area.width { named } else { right(app, theme, false) };
    let room = area.width.saturating_sub(width(&right) + 1);
    // The longest form that fits; the shortest is cut.
    let forms = [(true, Form::Words), (false, Form::Words), (true, Form::Counts), (false, Form::Counts)];
    let fitting = forms.into_iter().map(|(name, form)| left(app, theme, name, form)).find(|l| width(l) <= room);
    let left = fitting.unwrap_or_else(|| left(app, theme, false, Form::Tight));
    if let Some(mut pen) = Pen::at(frame.buffer_mut(), Rect { width: room, ..area }, 0, theme.ellipsis()) {
        for (text, role) in &left {
            pen.text(text, theme.style(*role));
        }
    }
    let place = Rect { x: area.x + area.width.saturating_sub(width(&right)), ..area };
    if let Some(mut pen) = Pen::at(frame.buffer_mut(), place.intersection(area), 0, theme.ellipsis()) {
        for (text, role) in &right {
            pen.text(text, theme.style(*role));
        }
    }
}

/// How the counts are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Words,
    Counts,
    Tight,
}

fn left(app: &App, theme: &Theme, name: bool, form: Form) -> Label {
    let mut label: Label = vec![(" steadfast".into(), Role::Heading)];
    if name && !app.name.is_empty() {
        label.push((format!(" {} {}", theme.dot(), say::clean(&app.name)), Role::Quiet));
    }
    label.push((" ".into(), Role::Text));
    for state in BY_INTEREST {
        for (hold, word) in
            [(None, state.word()), (Some(Hold::Paused), Hold::Paused.word()), (Some(Hold::Dead), Hold::Dead.word())]
        {
            let of = |host: &&HostView| host.link.state == state && host.link.hold() == hold;
            let count = app.fleet.hosts.values().filter(of).count();
            if count == 0 {
                continue;
            }
            let (space, text) = match form {
                Form::Words => (" ", format!("{count} {word} ")),
                Form::Counts => (" ", format!("{count} ")),
                Form::Tight => ("", count.to_string()),
            };
            label.push((format!(" {}{space}", theme.state(state)), Role::State(state)));
            label.push((text, Role::Text));
        }
    }
    label
}

fn right(app: &App, theme: &Theme, named: bool) -> Label {
    let mut label = Label::new();
    if app.stopped {
        let words = if named { " supervisor has stopped " } else { " stopped " };
        label.push((words.into(), Role::Bad));
    } else if let Some(holder) = app.holder.as_ref().filter(|_| named) {
        label.push((format!(" viewer: {} holds the ledger ", say::clean(holder)), Role::Warning));
    } else if app.holder.is_some() {
        label.push((" viewer ".into(), Role::Warning));
    }
    if app.read_only {
        label.push((" read-only ".into(), Role::Warning));
    }
    let (sign, role) = theme.network(app.fleet.network);
    let word = match app.fleet.network {
        NetworkState::Down => "DOWN",
        NetworkState::Unknown | NetworkState::Up | NetworkState::Degraded => app.fleet.network.word(),
    };
    let strong = if app.fleet.network == NetworkState::Up { Role::Text } else { role };
    label.push((" net ".into(), Role::Quiet));
    label.push((format!("{sign} "), role));
    label.push((word.into(), strong));
    label.push((format!("  {} ", say::time(app.now.wall, app.utc_offset)), Role::Quiet));
    label
}

/// The good first, then what is worst.
const BY_INTEREST: [LinkState; 9] = [
    LinkState::Alive,
    LinkState::Refused,
    LinkState::Lost,
    LinkState::Rebooted,
    LinkState::Reconnecting,
    LinkState::Pinging,
    LinkState::Paused,
    LinkState::Connecting,
    LinkState::Idle,
];
