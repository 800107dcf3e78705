//! The output of several hosts as one stream, in the order in which it arrived. `tui::merger` puts the lines
//! together, each with its host before it; here they are shown as every log is, by an [`Output`] of their own:
//! searched, filtered, selected, copied, with times.

use super::dialog::Dialog;
use super::log::{LogId, Work};
use super::output::{self, Output};
use super::toast::Tone;
use super::{App, Effect, Pick, say};
use crate::domain::fleet::HostView;
use crate::domain::id::HostId;
use crate::domain::moment::Wall;
use crate::domain::run::Stream;
use crate::domain::timeline::Mark;

/// One of the hosts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    pub host: HostId,
    pub log: LogId,
    /// What happened to it since its run was asked for, in order: it is put between the lines.
    pub landmarks: Vec<(Wall, String)>,
}

/// The view itself.
#[derive(Clone, PartialEq, Debug)]
pub struct MergedSheet {
    pub sources: Vec<Source>,
    /// Hosts that there was no room for.
    pub beyond: usize,
    pub output: Output,
    pub merging: Merging,
}

/// How far the lines have been put together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Merging {
    /// Of what was there when it began; nothing when that is done.
    pub percent: Option<u64>,
    /// Bytes of older output that are not in it.
    pub left_out: u64,
    /// Why it does not go on.
    pub trouble: Option<String>,
}

/// What has come of it.
#[derive(Clone, PartialEq, Debug)]
pub struct MergedNews {
    pub of: Vec<LogId>,
    pub merging: Merging,
    pub msgs: Vec<output::Msg>,
}

impl MergedSheet {
    /// The letter of a source: told apart without colour, and when names are cut.
    #[must_use]
    pub fn letter(source: usize) -> char {
        u8::try_from(source).ok().and_then(|n| b'A'.checked_add(n)).map_or('?', char::from)
    }

    /// The logs, in the order of their letters.
    #[must_use]
    pub fn logs(&self) -> Vec<LogId> {
        self.sources.iter().map(|source| source.log).collect()
    }
}

impl App {
    /// Shows what the marked hosts put out as one stream.
    pub(super) fn merge(&mut self) {
        let targets = self.hosts.targets(&self.fleet);
        let picks: Vec<_> = targets.iter().filter_map(|host| self.picks.of(&self.fleet, host)).collect();
        let Some(first) = picks.first().filter(|_| picks.len() > 1).map(|pick| (pick.id(), pick.run.spec.io)) else {
            return self.tell(Tone::Plain, "mark two hosts or more on which something ran (space), then O merges them");
        };
        let sources: Vec<_> = picks.iter().take(MOST_SOURCES).map(|pick| self.source(pick)).collect();
        let beyond = picks.len() - sources.len();
        if beyond > 0 {
            let words = format!("the first {MOST_SOURCES} of them: {} left out", say::count(beyond, "host"));
            self.tell(Tone::Warning, words);
        }
        let mut output = Output::default();
        output.show(Some(first));
        let sheet = MergedSheet { sources, beyond, output, merging: Merging::default() };
        self.dialogs.push(Dialog::Merged(Box::new(sheet)));
    }

    fn source(&self, pick: &Pick<'_>) -> Source {
        let host = self.fleet.hosts.get(&pick.run.host);
        let since = pick.attempt.requested_at;
        let landmarks = host.map(|host| landmarks(host, since)).unwrap_or_default();
        Source { host: pick.run.host.clone(), log: (pick.id(), Stream::Out), landmarks }
    }

    /// The merged output that is shown, if it is.
    #[must_use]
    pub fn merged(&self) -> Option<&MergedSheet> {
        self.dialogs.iter().find_map(|dialog| if let Dialog::Merged(merged) = dialog { Some(&**merged) } else { None })
    }

    /// The same, to take what it wants done.
    pub fn merged_mut(&mut self) -> Option<&mut MergedSheet> {
        self.dialogs
            .iter_mut()
            .find_map(|dialog| if let Dialog::Merged(merged) = dialog { Some(&mut **merged) } else { None })
    }

    /// News of other logs than those that are shown is old.
    pub(super) fn extend_merged(&mut self, news: MergedNews) {
        if let Some(merged) = self.merged_mut().filter(|merged| merged.logs() == news.of) {
            merged.merging = news.merging;
            news.msgs.into_iter().for_each(|msg| merged.output.update(msg));
        }
    }

    /// The selected lines of the merged output, or the one that is looked at.
    pub(super) fn copy_merged(&mut self) -> Vec<Effect> {
        let Some(merged) = self.merged_mut() else { return Vec::new() };
        let filter = merged.output.view().filter().pattern().cloned();
        match merged.output.take_selected() {
            Some((from, to)) => vec![Effect::Log(Work::CopyMerged { from, to, filter })],
            None => {
                self.tell(Tone::Plain, "no line to copy");
                Vec::new()
            }
        }
    }
}

/// What is worth a line of its own.
fn landmarks(host: &HostView, since: Wall) -> Vec<(Wall, String)> {
    let words = |mark: &Mark| match mark {
        Mark::Reboot => Some("rebooted".to_owned()),
        Mark::RunEnded { success: true } => Some("run succeeded".to_owned()),
        Mark::RunEnded { success: false } => Some("run unsuccessful".to_owned()),
        Mark::Note(text) => Some(format!("note: {}", say::clean(text))),
        // The rest stands in the output itself, or says nothing of it.
        Mark::RunStarted | Mark::Alarm(_) | Mark::Gap | Mark::Health(_) => None,
    };
    let marks = host.timeline.marks().iter().filter(|(at, _)| *at >= since);
    marks.filter_map(|(at, mark)| Some((*at, words(mark)?))).collect()
}

/// Hosts at once: more letters, and nobody can read it.
pub const MOST_SOURCES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_has_a_letter() {
        assert_eq!([0, 15].map(MergedSheet::letter), ['A', 'P']);
    }
}
