//! What the output of runs has told: how far they are, and what should wake somebody.

use super::say::{self, clean};
use super::{App, Effect, Pick, SheetLine, Weight};
use crate::domain::fleet::AlarmView;
use crate::domain::id::AttemptId;
use crate::domain::progress::Progress;
use crate::domain::run::Phase;

impl App {
    /// How far an attempt is that goes on: as it is now, or as it was last written down.
    #[must_use]
    pub fn progress(&self, pick: &Pick<'_>) -> Option<Progress> {
        match pick.attempt.phase {
            Phase::Running => {}
            Phase::Requested | Phase::Ending | Phase::Ended { .. } => return None,
        }
        self.live.progress(pick.id()).cloned().or_else(|| {
            let known = pick.attempt.progress.as_ref()?;
            Some(Progress { permille: known.permille, status: known.status.clone(), remaining: None })
        })
    }

    /// The attempts whose progress is worth asking for.
    #[must_use]
    pub fn watched(&self) -> Vec<AttemptId> {
        let picks = self.fleet.hosts.keys().filter_map(|host| self.picks.of(&self.fleet, host));
        picks.filter(|pick| pick.attempt.phase == Phase::Running).map(|pick| pick.id()).collect()
    }

    /// Goes to the next line of the output that is an alarm, or to the one before.
    pub(super) fn seek_alarm(&mut self, forward: bool) -> Vec<Effect> {
        let Some((id, stream)) = self.output.view().shown() else { return Vec::new() };
        self.focus = super::Focus::Output;
        vec![Effect::SeekAlarm { id, stream, forward, from: self.output.view().place() }]
    }

    /// Alarms on the sheet of incidents, the latest first.
    pub(super) fn alarm_lines(&self) -> Vec<SheetLine> {
        let runs = self.fleet.runs.values();
        let mut alarms: Vec<_> = runs
            .flat_map(|run| {
                run.attempts.iter().flat_map(move |attempt| attempt.alarms.iter().map(move |it| (run, attempt, it)))
            })
            .collect();
        if alarms.is_empty() {
            return Vec::new();
        }
        alarms.sort_by_key(|(.., alarm)| std::cmp::Reverse(alarm.last_at));
        let title = format!("Alarms: {}", say::count(alarms.len(), "pattern"));
        let mut lines = vec![SheetLine::Blank, SheetLine::Heading(title)];
        for (run, attempt, alarm) in alarms.iter().take(SHOWN) {
            let weight = if attempt.phase.is_over() { Weight::Plain } else { Weight::Bad };
            let text = format!(
                "{} on {}, attempt {}: {}",
                clean(run.spec.title()),
                run.host,
                attempt.attempt,
                self.alarm(alarm)
            );
            lines.push(SheetLine::Entry { label: self.when(alarm.first_at), text, weight });
        }
        if alarms.len() > SHOWN {
            let text = format!("and {} more: steadfast runs --json", alarms.len() - SHOWN);
            lines.push(SheetLine::Entry { label: String::new(), text, weight: Weight::Plain });
        }
        let text = "next: ) and ( go to such lines in the output".into();
        lines.push(SheetLine::Entry { label: String::new(), text, weight: Weight::Advice });
        lines
    }

    /// `i/o error ×12, last 14:03:22: blk_update_request: …`
    pub(super) fn alarm(&self, alarm: &AlarmView) -> String {
        let last = if alarm.hit.hits > 1 { format!(", last {}", self.when(alarm.last_at)) } else { String::new() };
        format!("{}{last}: {}", say::alarm(&alarm.hit), clean(&alarm.hit.line))
    }
}

/// Alarms on the sheet; the journal has all.
const SHOWN: usize = 50;
