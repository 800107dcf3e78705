//! What is watched for in a run's output: lines that should wake somebody, and how far it has come.
//! Patterns are words here; whoever reads the output compiles them.

use regex::bytes::{RegexSet, RegexSetBuilder};

use crate::domain::run::Stream;

/// What is watched for in one run, decided before its first attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Watch {
    /// Whether [`DEFAULT_ALARMS`] count too.
    pub defaults: bool,
    pub alarms: Vec<AlarmPattern>,
    /// Regular expressions: a line that matches one of them is no alarm.
    pub ignore: Vec<String>,
    /// Regular expressions with one group (percent) or two (n of m).
    pub progress: Vec<String>,
}

/// A line that matches is an alarm of this name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct AlarmPattern {
    pub name: String,
    pub regex: String,
}

/// Lines that matched a pattern, up to one of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlarmHit {
    /// The name of the pattern.
    pub pattern: String,
    pub stream: Stream,
    /// All lines of this attempt and stream that matched so far, this one included.
    pub hits: u64,
    /// Where the line is in the log.
    pub offset: u64,
    /// The line, without what would move a terminal, at most [`LINE_SHOWN`] characters of it.
    pub line: String,
}

impl Default for Watch {
    fn default() -> Self {
        Self { defaults: true, alarms: Vec::new(), ignore: Vec::new(), progress: Vec::new() }
    }
}

impl Watch {
    /// All patterns, the operator's first: of two with one name both count as that name.
    #[must_use]
    pub fn patterns(&self) -> Vec<AlarmPattern> {
        let pattern = |(name, regex): &(&str, &str)| AlarmPattern { name: (*name).into(), regex: (*regex).into() };
        let defaults = DEFAULT_ALARMS.iter().filter(|_| self.defaults).map(pattern);
        self.alarms.iter().cloned().chain(defaults).take(PATTERNS).collect()
    }

    #[must_use]
    pub fn ignored(&self) -> Vec<String> {
        let defaults = DEFAULT_IGNORE.iter().filter(|_| self.defaults).map(|regex| (*regex).to_owned());
        self.ignore.iter().cloned().chain(defaults).take(PATTERNS).collect()
    }

    /// This and what holds for every run.
    #[must_use]
    pub fn with(mut self, all: &Self) -> Self {
        self.defaults &= all.defaults;
        self.alarms.extend(all.alarms.iter().filter(|alarm| !self.alarms.contains(alarm)).cloned().collect::<Vec<_>>());
        self.ignore.extend(all.ignore.iter().cloned());
        self.progress.extend(all.progress.iter().cloned());
        self
    }
}

/// Patterns as they are looked for: over raw bytes, `^` and `$` at lines, which also end in a carriage
/// return. The error says which one is wrong and why.
pub fn compile<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<RegexSet, String> {
    let patterns: Vec<&str> = patterns.into_iter().collect();
    // Pieces of many lines are looked at first: there these would mean something else.
    if let Some(odd) = patterns.iter().find(|pattern| [r"\A", r"\z"].iter().any(|anchor| pattern.contains(anchor))) {
        return Err(format!("{odd:?}: use ^ and $ for the ends of a line"));
    }
    RegexSetBuilder::new(patterns)
        .unicode(false)
        .multi_line(true)
        .crlf(true)
        .size_limit(COMPILED)
        .dfa_size_limit(COMPILED)
        .build()
        .map_err(|error| error.to_string())
}

/// Bytes of memory for the patterns of a run.
const COMPILED: usize = 8 << 20;

/// Patterns of one run. More are not looked for; the configuration refuses them.
pub const PATTERNS: usize = 64;

/// Characters of a line that are kept of an alarm.
pub const LINE_SHOWN: usize = 200;

/// What a machine under test should never print. Written for lines of the kernel's log with or without
/// their time, and for the tools' own words; in all cases as those programs spell them.
pub const DEFAULT_ALARMS: &[(&str, &str)] = &[
    ("kernel panic", r"Kernel panic - not syncing"),
    (
        "kernel oops",
        r"\bOops: |\bBUG: (?:unable to handle|kernel NULL pointer|Bad page|KASAN)|general protection fault[,:]|kernel BUG at |invalid opcode: ",
    ),
    (
        "hardware error",
        r"\[Hardware Error\]|Machine [Cc]heck [Ee]xception|mce: .*Uncorrected|EDAC \S+: \d+ [CU]E |AER: .*(?:Uncorrect|Fatal)",
    ),
    (
        "i/o error",
        r"I/O error|blk_update_request: |critical (?:medium|target) error|Input/output error|nvme\S*: I/O .*timeout",
    ),
    (
        "file system error",
        r"EXT4-fs error|XFS \(\S+\): .*(?:[Cc]orruption|metadata I/O error|[Ss]hutting down)|BTRFS (?:error|critical)|Remounting filesystem read-only",
    ),
    ("out of memory", r"Out of memory: Kill|invoked oom-killer|Memory cgroup out of memory|\boom-kill:"),
    (
        "hung task",
        r"blocked for more than \d+ seconds|soft lockup - CPU|hard LOCKUP|rcu\S*: .*detected stall|self-detected stall",
    ),
    ("stress-ng failure", r"stress-ng: (?:fail|error):|stress-ng: .*(?:miscompare|unsuccessful run completed)"),
    (
        "fio verify error",
        r"verify: bad (?:magic )?header|verify type mismatch|(?:crc\S*|md5|sha\S+|xxhash|meta|pattern): verify failed|fio: pid=\d+, err=\d+",
    ),
    ("memory test failure", r"FAILURE: 0x[0-9a-f]+ != 0x|FAILURE: possible bad address line"),
    ("segfault", r"segfault at [0-9a-f]+ ip |Segmentation fault"),
    ("overheating", r"temperature above threshold|critical temperature reached"),
];

/// What looks like one of them and is none.
pub const DEFAULT_IGNORE: &[&str] = &[
    r"I/O errors?: 0\b",
    r"\b(?:0|no) (?:\S+ )?I/O errors?\b",
    r"mce: CPU supports",
    r"stress-ng: .*\b0 miscompares?\b",
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn defaults_can_be_left_out_and_names_are_their_own() {
        let own = AlarmPattern { name: "leak".into(), regex: "LEAK".into() };
        let watch = Watch { alarms: vec![own.clone()], ..Watch::default() };
        assert_eq!(watch.patterns().first(), Some(&own));
        assert_eq!(watch.patterns().len(), 1 + DEFAULT_ALARMS.len());
        let bare = Watch { defaults: false, ..watch }.with(&Watch::default());
        assert_eq!(bare.patterns(), [own]);
        assert!(bare.ignored().is_empty());
        assert_eq!(DEFAULT_ALARMS.iter().map(|(name, _)| name).collect::<BTreeSet<_>>().len(), DEFAULT_ALARMS.len());
    }
}
