//! Whose output it is, in as many words as there is room for.

use crate::app::{App, say};
use crate::domain::id::Attempt;
use crate::domain::run::Stream;
use crate::ui::Label;
use crate::ui::pen::columns;
use crate::ui::theme::{Role, Theme};

/// Whose output it is, and how that run stands: as much as `room` has columns for, the least important
/// first to go.
pub(super) fn whose(app: &App, theme: &Theme, room: u16) -> Label {
    let mut parts = parts(app, theme);
    let width = |parts: &[Part]| parts.iter().map(|part| columns(&part.text)).fold(0, u16::saturating_add);
    while width(&parts) > room
        && let Some(least) = (0..parts.len()).max_by_key(|&at| parts.get(at).map(|part| part.rank))
        && parts.len() > 1
    {
        parts.remove(least);
    }
    parts.into_iter().map(|part| (part.text, part.role)).collect()
}

/// A part of the title.
struct Part {
    text: String,
    role: Role,
    /// The highest goes first when there is no room.
    rank: u8,
}

fn parts(app: &App, theme: &Theme) -> Vec<Part> {
    let (Some(pick), Some(host)) = (app.pick(), app.host()) else { return Vec::new() };
    let part = |rank, role, text| Part { text, role, rank };
    let standing = pick.standing(host.link.state);
    let (sign, role) = theme.standing(standing);
    let first = pick.attempt.attempt == Attempt::FIRST;
    let mut parts = vec![
        part(0, Role::Heading, say::clean(pick.run.spec.title()).into_owned()),
        part(4, Role::Quiet, format!(" {}", pick.run.host)),
        part(if first { 9 } else { 5 }, Role::Quiet, format!(" attempt {}", pick.attempt.attempt)),
    ];
    match app.output.view().shown() {
        Some((_, Stream::Err)) => parts.push(part(1, Role::Quiet, " stderr".into())),
        Some((_, Stream::Out)) | None => {}
    }
    parts.push(part(3, role, format!(" {sign} {}", standing.word())));
    let hits = pick.attempt.alarm_hits();
    if hits > 0 {
        let words = if hits == 1 { "alarm" } else { "alarms" };
        parts.push(part(2, Role::Bad, format!(" {} {hits} {words}", theme.alarm())));
    }
    if let Some(progress) = app.progress(&pick) {
        parts.push(part(7, Role::Accent, format!(" {}", theme.gauge(progress.permille, 8))));
        let words = say::progress(progress.permille, progress.remaining);
        parts.push(part(6, Role::Text, format!(" {words}")));
        if let Some(status) = progress.status {
            parts.push(part(8, Role::Quiet, format!(" {}", say::clean(&status))));
        }
    }
    parts
}
