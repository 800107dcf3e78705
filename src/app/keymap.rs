//! Which key does what where: one table, from which the help and the key-hint line are made, so that
//! neither can say what is not so.

use super::key::{Code, Key};
use super::{Focus, output};

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    pub keys: &'static [Key],
    pub when: When,
    pub action: Action,
    /// One or two words for the key-hint line; empty: only in the help.
    pub hint: &'static str,
    /// What it does, for the help.
    pub help: &'static str,
}

/// Where a binding holds. A binding of the focused pane goes before one that always holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    Always,
    /// In the pane that has the focus.
    In(Focus),
}

/// What a key can mean on the screen itself; dialogs and lines being typed read keys themselves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Open,
    Mark,
    MarkAll,
    Filter,
    NextTrouble,
    PreviousTrouble,
    Reorder,
    Connect,
    Reconnect,
    Detach,
    PauseLink,
    MarkDead,
    StartJob,
    Rerun,
    Cancel,
    OlderRun,
    NewerRun,
    Follow,
    Wrap,
    NextAlarm,
    PreviousAlarm,
    OtherStream,
    CursorLeft,
    CursorRight,
    Oldest,
    Newest,
    ZoomIn,
    ZoomOut,
    NextPane,
    PreviousPane,
    Zoom,
    Wall,
    Health,
    OpenHealth,
    SortNext,
    SortPrevious,
    SortReverse,
    WallUp,
    WallDown,
    WallLeft,
    WallRight,
    GroupByTag,
    Palette,
    Note,
    Mouse,
    Theme,
    Screenshot,
    Details,
    Incidents,
    Digest,
    Copy,
    GoTo,
    NextMark,
    PreviousMark,
    CopyLines,
    OpenPager,
    OpenEditor,
    OpenLnav,
    Save,
    Terminal,
    Merge,
    Freeze,
    Help,
    Back,
    Redraw,
    Suspend,
    Quit,
    Interrupt,
}

impl Action {
    /// Whether it has something done on hosts, or to the connections with them: refused when only looking.
    #[must_use]
    pub fn acts_on_hosts(self) -> bool {
        match self {
            Self::Connect
            | Self::Reconnect
            | Self::Detach
            | Self::PauseLink
            | Self::MarkDead
            | Self::StartJob
            | Self::Rerun
            | Self::Cancel => true,
            Self::Up
            | Self::Down
            | Self::PageUp
            | Self::PageDown
            | Self::First
            | Self::Last
            | Self::Open
            | Self::Mark
            | Self::MarkAll
            | Self::Filter
            | Self::NextTrouble
            | Self::PreviousTrouble
            | Self::Reorder
            | Self::OlderRun
            | Self::NewerRun
            | Self::Follow
            | Self::Wrap
            | Self::NextAlarm
            | Self::PreviousAlarm
            | Self::OtherStream
            | Self::CursorLeft
            | Self::CursorRight
            | Self::Oldest
            | Self::Newest
            | Self::ZoomIn
            | Self::ZoomOut
            | Self::NextPane
            | Self::PreviousPane
            | Self::Zoom
            | Self::Wall
            | Self::WallUp
            | Self::WallDown
            | Self::WallLeft
            | Self::WallRight
            | Self::GroupByTag
            | Self::Palette
            | Self::Note
            | Self::Mouse
            | Self::Theme
            | Self::Screenshot
            | Self::Details
            | Self::Incidents
            | Self::Digest
            | Self::Copy
            | Self::Health
            | Self::OpenHealth
            | Self::SortNext
            | Self::SortPrevious
            | Self::SortReverse
            | Self::GoTo
            | Self::NextMark
            | Self::PreviousMark
            | Self::CopyLines
            | Self::OpenPager
            | Self::OpenEditor
            | Self::OpenLnav
            | Self::Save
            | Self::Terminal
            | Self::Merge
            | Self::Freeze
            | Self::Help
            | Self::Back
            | Self::Redraw
            | Self::Suspend
            | Self::Quit
            | Self::Interrupt => false,
        }
    }
}

/// What `key` means when `focus` has the focus.
#[must_use]
pub fn lookup(focus: Focus, key: Key) -> Option<Action> {
    let find = |when| BINDINGS.iter().find(|b| b.when == when && b.keys.contains(&key));
    find(When::In(focus)).or_else(|| find(When::Always)).map(|b| b.action)
}

/// What is worth a hint: a key, what it does in a word or two, and whether there is always room for it.
#[derive(Clone, Copy, Debug)]
pub struct Hint {
    pub key: Key,
    pub words: &'static str,
    pub always: bool,
    /// It acts on hosts: no hint where that is refused.
    pub acts: bool,
}

/// The hints when `focus` has the focus, those of the pane first. None for a key that another covers.
pub fn hints(focus: Focus) -> impl Iterator<Item = Hint> {
    let own = if focus == Focus::Output { output::KEYS } else { &[] };
    let own = own.iter().filter_map(|b| hint(b.keys, b.hint, false, false));
    let of = move |when| BINDINGS.iter().filter(move |b| b.when == when);
    let rest = of(When::In(focus)).chain(of(When::Always)).filter_map(move |b| {
        let covered = focus == Focus::Output && b.keys.iter().any(|key| output::Verb::of(*key).is_some());
        let always = matches!(b.action, Action::Help | Action::Quit);
        hint(b.keys, b.hint, always, b.action.acts_on_hosts()).filter(|_| !covered)
    });
    own.chain(rest)
}

fn hint(keys: &[Key], words: &'static str, always: bool, acts: bool) -> Option<Hint> {
    keys.first().filter(|_| !words.is_empty()).map(|key| Hint { key: *key, words, always, acts })
}

const fn bind(keys: &'static [Key], when: When, action: Action, hint: &'static str, help: &'static str) -> Binding {
    Binding { keys, when, action, hint, help }
}

const UP: &[Key] = &[Key::of(Code::Up), Key::char('k')];
const DOWN: &[Key] = &[Key::of(Code::Down), Key::char('j')];
const LEFT: &[Key] = &[Key::of(Code::Left), Key::char('h')];
const RIGHT: &[Key] = &[Key::of(Code::Right), Key::char('l')];
const PAGE_UP: &[Key] = &[Key::of(Code::PageUp), Key::ctrl('b')];
const PAGE_DOWN: &[Key] = &[Key::of(Code::PageDown), Key::ctrl('f')];
const FIRST: &[Key] = &[Key::char('g'), Key::of(Code::Home)];
const LAST: &[Key] = &[Key::char('G'), Key::of(Code::End)];
const HOSTS: When = When::In(Focus::Hosts);
const TIMELINE: When = When::In(Focus::Timeline);
const WALL: When = When::In(Focus::Wall);
const HEALTH: When = When::In(Focus::Health);
const OUTPUT: When = When::In(Focus::Output);
const ALWAYS: When = When::Always;

/// The table. What the output pane reads itself is listed by it: [`super::output::KEYS`].
pub const BINDINGS: &[Binding] = &[
    bind(UP, HOSTS, Action::Up, "", "host above"),
    bind(DOWN, HOSTS, Action::Down, "", "host below"),
    bind(PAGE_UP, HOSTS, Action::PageUp, "", "a page up"),
    bind(PAGE_DOWN, HOSTS, Action::PageDown, "", "a page down"),
    bind(FIRST, HOSTS, Action::First, "", "first host"),
    bind(LAST, HOSTS, Action::Last, "", "last host"),
    bind(
        &[Key::of(Code::Enter)],
        HOSTS,
        Action::Open,
        "open",
        "go to the output, or start a job where nothing ran yet",
    ),
    bind(RIGHT, HOSTS, Action::NextPane, "", "go to the output"),
    bind(&[Key::char(' ')], HOSTS, Action::Mark, "mark", "mark the host: verbs act on all that are marked"),
    bind(&[Key::char('a')], HOSTS, Action::MarkAll, "", "mark all hosts shown, or none"),
    bind(&[Key::char('/')], HOSTS, Action::Filter, "filter", "show only hosts that match: name, tag, state, run"),
    bind(&[Key::char('n')], HOSTS, Action::NextTrouble, "", "next host in trouble"),
    bind(&[Key::char('N')], HOSTS, Action::PreviousTrouble, "", "previous host in trouble"),
    bind(&[Key::char('o')], HOSTS, Action::Reorder, "", "order by name, or trouble first"),
    bind(&[Key::of(Code::Enter)], OUTPUT, Action::Zoom, "zoom", "the output alone, for reading and copying"),
    bind(&[Key::char('e')], OUTPUT, Action::OtherStream, "", "stderr instead of stdout and back, where they are apart"),
    bind(
        &[Key::char('@')],
        OUTPUT,
        Action::GoTo,
        "go to",
        "go to a time, a place or a line: 14:05, -10m, 50%, 1.5GB, 1204",
    ),
    bind(&[Key::char('}')], OUTPUT, Action::NextMark, "", "next mark: gap, blind time, reboot, note"),
    bind(&[Key::char('{')], OUTPUT, Action::PreviousMark, "", "the mark before"),
    bind(&[Key::char('y')], OUTPUT, Action::CopyLines, "copy", "copy the selected lines, or the one looked at"),
    bind(&[Key::char('o')], OUTPUT, Action::OpenPager, "", "open the log in $PAGER at this line"),
    bind(
        &[Key::char('E')],
        OUTPUT,
        Action::OpenEditor,
        "",
        "open the log in $VISUAL or $EDITOR at this line, read-only",
    ),
    bind(&[Key::char('L')], OUTPUT, Action::OpenLnav, "", "open the log in lnav at this line"),
    bind(UP, TIMELINE, Action::Up, "", "host above"),
    bind(DOWN, TIMELINE, Action::Down, "", "host below"),
    bind(LEFT, TIMELINE, Action::CursorLeft, "earlier", "earlier: what happened is told below the strips"),
    bind(RIGHT, TIMELINE, Action::CursorRight, "later", "later"),
    bind(PAGE_UP, TIMELINE, Action::PageUp, "", "a screen earlier"),
    bind(PAGE_DOWN, TIMELINE, Action::PageDown, "", "a screen later"),
    bind(FIRST, TIMELINE, Action::Oldest, "", "the oldest there is"),
    bind(LAST, TIMELINE, Action::Newest, "now", "back to now"),
    bind(&[Key::of(Code::Enter)], TIMELINE, Action::Open, "", "go to the output of the host"),
    bind(UP, WALL, Action::WallUp, "", "wall: the row above"),
    bind(DOWN, WALL, Action::WallDown, "", "wall: the row below"),
    bind(LEFT, WALL, Action::WallLeft, "", "wall: the host before"),
    bind(RIGHT, WALL, Action::WallRight, "", "wall: the host after"),
    bind(&[Key::of(Code::Enter)], WALL, Action::Open, "open", "go to the output of the host"),
    bind(&[Key::char(' ')], WALL, Action::Mark, "mark", "mark the host: verbs act on all that are marked"),
    bind(&[Key::char('o')], WALL, Action::GroupByTag, "group", "group the wall by tag, or not"),
    bind(&[Key::char('/')], WALL, Action::Filter, "filter", "show only hosts that match: name, tag, state, run"),
    bind(&[Key::char('n')], WALL, Action::NextTrouble, "", "next host in trouble"),
    bind(&[Key::char('N')], WALL, Action::PreviousTrouble, "", "previous host in trouble"),
    bind(UP, HEALTH, Action::Up, "", "host above; of one host: lines above"),
    bind(DOWN, HEALTH, Action::Down, "", "host below; of one host: lines below"),
    bind(PAGE_UP, HEALTH, Action::PageUp, "", "a page up"),
    bind(PAGE_DOWN, HEALTH, Action::PageDown, "", "a page down"),
    bind(FIRST, HEALTH, Action::First, "", "the first"),
    bind(LAST, HEALTH, Action::Last, "", "the last"),
    bind(
        &[Key::of(Code::Enter)],
        HEALTH,
        Action::OpenHealth,
        "open",
        "numbers: everything of this host, or all hosts again",
    ),
    bind(&[Key::char('o'), Key::char('>')], HEALTH, Action::SortNext, "sort", "numbers: sort by the next column"),
    bind(&[Key::char('<')], HEALTH, Action::SortPrevious, "", "numbers: sort by the column before"),
    bind(&[Key::char('~')], HEALTH, Action::SortReverse, "reverse", "numbers: sort the other way round"),
    bind(&[Key::char(' ')], HEALTH, Action::Mark, "", "mark the host: verbs act on all that are marked"),
    bind(&[Key::char('/')], HEALTH, Action::Filter, "filter", "show only hosts that match: name, tag, state, run"),
    bind(
        &[Key::char('r')],
        ALWAYS,
        Action::Reconnect,
        "reconnect",
        "reconnect now, also what was refused, lost, paused or marked dead",
    ),
    bind(&[Key::char('J')], ALWAYS, Action::StartJob, "job", "start a configured job"),
    bind(&[Key::char('R')], ALWAYS, Action::Rerun, "rerun", "run it again; asks if it is still going on"),
    bind(&[Key::char('x')], ALWAYS, Action::Cancel, "cancel", "cancel the run: asks first"),
    bind(&[Key::char('c')], ALWAYS, Action::Connect, "", "connect"),
    bind(&[Key::char('d')], ALWAYS, Action::Detach, "", "detach: close the connection, runs go on"),
    bind(
        &[Key::char('p')],
        ALWAYS,
        Action::PauseLink,
        "",
        "pause the link until r resumes it: not dialed, not followed",
    ),
    bind(&[Key::char('X')], ALWAYS, Action::MarkDead, "", "mark the host dead: asks; r takes it back"),
    bind(&[Key::char('[')], ALWAYS, Action::OlderRun, "", "the run of this host before this one"),
    bind(&[Key::char(']')], ALWAYS, Action::NewerRun, "", "the run of this host after this one"),
    bind(&[Key::char('f')], ALWAYS, Action::Follow, "follow", "to the end of the output, and follow it"),
    bind(&[Key::char(')')], ALWAYS, Action::NextAlarm, "", "the next line of the output that is an alarm"),
    bind(&[Key::char('(')], ALWAYS, Action::PreviousAlarm, "", "the alarm before; while following: the last"),
    bind(&[Key::char('w')], ALWAYS, Action::Wrap, "", "break long lines of the output, or not"),
    bind(&[Key::char('+'), Key::char('=')], ALWAYS, Action::ZoomIn, "", "timeline: less time, more detail"),
    bind(&[Key::char('-')], ALWAYS, Action::ZoomOut, "", "timeline: more time"),
    bind(&[Key::of(Code::Tab)], ALWAYS, Action::NextPane, "pane", "next pane"),
    bind(&[Key::of(Code::BackTab)], ALWAYS, Action::PreviousPane, "", "previous pane"),
    bind(&[Key::char('z')], ALWAYS, Action::Zoom, "zoom", "this pane alone, without borders"),
    bind(&[Key::char('W')], ALWAYS, Action::Wall, "wall", "the wall: every host in one cell, trouble first; and back"),
    bind(&[Key::char('H')], ALWAYS, Action::Health, "health", "health: the numbers of every host, over time; and back"),
    bind(&[Key::char(':')], ALWAYS, Action::Palette, "commands", "every command by its words"),
    bind(&[Key::char('m')], ALWAYS, Action::Note, "", "make a note on the timeline of the host"),
    bind(&[Key::char('M')], ALWAYS, Action::Mouse, "", "leave the mouse to the terminal, or take it again"),
    bind(&[Key::ctrl('t')], ALWAYS, Action::Theme, "", "theme: colours for a dark ground, for a light one, none"),
    bind(
        &[Key::char('s')],
        ALWAYS,
        Action::Screenshot,
        "",
        "a picture of the screen (SVG), into the current directory",
    ),
    bind(&[Key::char('i')], ALWAYS, Action::Details, "details", "everything known of this host and its run"),
    bind(&[Key::char('I')], ALWAYS, Action::Incidents, "incidents", "what went wrong, newest first, and what to do"),
    bind(&[Key::char('D')], ALWAYS, Action::Digest, "", "what happened while nobody looked"),
    bind(&[Key::char('y')], ALWAYS, Action::Copy, "", "copy what is known of this host to the clipboard"),
    bind(&[Key::char('S')], ALWAYS, Action::Save, "", "save the log under another name: raw, or as plain text"),
    bind(
        &[Key::char('O')],
        ALWAYS,
        Action::Merge,
        "",
        "the output of all marked hosts as one, in the order in which it arrived",
    ),
    bind(
        &[Key::char('T')],
        ALWAYS,
        Action::Terminal,
        "",
        "the run's screen as a terminal shows it: htop, dialog, installers",
    ),
    bind(
        &[Key::char('F'), Key::ctrl('s')],
        ALWAYS,
        Action::Freeze,
        "",
        "freeze the screen; the same key goes on; nothing is missed",
    ),
    bind(&[Key::char('?')], ALWAYS, Action::Help, "help", "this help"),
    bind(&[Key::of(Code::Esc)], ALWAYS, Action::Back, "", "back: zoom, then filter, then marks, then hosts"),
    bind(&[Key::ctrl('l')], ALWAYS, Action::Redraw, "", "draw the screen anew"),
    bind(&[Key::ctrl('z')], ALWAYS, Action::Suspend, "", "to the shell; fg comes back"),
    bind(&[Key::char('q')], ALWAYS, Action::Quit, "quit", "quit: runs go on on their hosts"),
    bind(&[Key::ctrl('c')], ALWAYS, Action::Interrupt, "", "quit; a second time: at once"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_has_two_meanings_in_one_place() {
        for (n, one) in BINDINGS.iter().enumerate() {
            for other in &BINDINGS[n + 1..] {
                for key in one.keys {
                    assert!(one.when != other.when || !other.keys.contains(key), "{key}: {one:?} {other:?}");
                }
            }
        }
    }

    #[test]
    fn every_binding_is_found_where_it_holds() {
        for binding in BINDINGS {
            let places: &[Focus] = match &binding.when {
                When::Always => &Focus::ALL,
                When::In(focus) => std::slice::from_ref(focus),
            };
            assert!(!binding.help.is_empty() && !binding.keys.is_empty());
            for key in binding.keys {
                let found = places.iter().any(|focus| lookup(*focus, *key) == Some(binding.action));
                assert!(found, "{key} of {binding:?} is covered everywhere");
            }
        }
    }

    #[test]
    fn hints_tell_first_what_is_special_here() {
        assert_eq!(hints(Focus::Timeline).next().map(|hint| hint.words), Some("earlier"));
        assert!(hints(Focus::Hosts).any(|hint| hint.words == "help" && hint.always));
        let output: Vec<_> = hints(Focus::Output).map(|hint| hint.key).collect();
        assert!(output.contains(&Key::char('/')));
        let once: std::collections::HashSet<_> = output.iter().collect();
        assert_eq!(once.len(), output.len(), "{output:?}");
    }
}
