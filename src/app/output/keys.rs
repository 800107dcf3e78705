//! The keys of the pane, as a table from which the help screen is made too.

use crate::app::key::{Code, Key};

/// What the operator may want of the pane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    LineUp,
    LineDown,
    HalfUp,
    HalfDown,
    PageUp,
    PageDown,
    Top,
    Follow,
    Wrap,
    Left,
    Right,
    Find,
    Next,
    Previous,
    Filter,
    Times,
    /// Begin to select lines, or leave it.
    Select,
    /// Leave the search, then the filter.
    Back,
}

impl Verb {
    #[must_use]
    pub fn of(key: Key) -> Option<Self> {
        KEYS.iter().find(|binding| binding.keys.contains(&key)).map(|binding| binding.verb)
    }
}

/// One line of the help screen.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    pub keys: &'static [Key],
    pub verb: Verb,
    /// One or two words for the key-hint line; empty: only in the help.
    pub hint: &'static str,
    pub help: &'static str,
}

pub const KEYS: &[Binding] = &[
    bind(&[Key::char('j'), Key::of(Code::Down)], Verb::LineDown, "", "one row down"),
    bind(&[Key::char('k'), Key::of(Code::Up)], Verb::LineUp, "", "one row up; leaves following"),
    bind(&[Key::char('d')], Verb::HalfDown, "", "half a page down"),
    bind(&[Key::char('u')], Verb::HalfUp, "", "half a page up"),
    bind(&[Key::of(Code::PageDown), Key::ctrl('f')], Verb::PageDown, "", "one page down"),
    bind(&[Key::of(Code::PageUp), Key::ctrl('b')], Verb::PageUp, "page up", "one page up"),
    bind(&[Key::char('g'), Key::of(Code::Home)], Verb::Top, "top", "to the first line"),
    bind(
        &[Key::char('f'), Key::char('G'), Key::of(Code::End)],
        Verb::Follow,
        "follow",
        "to the end, and follow it as it grows",
    ),
    bind(&[Key::char('/')], Verb::Find, "search", "search; while following, from the end backwards"),
    bind(&[Key::char('n')], Verb::Next, "next", "next matching line"),
    bind(&[Key::char('N')], Verb::Previous, "", "previous matching line"),
    bind(&[Key::char('&')], Verb::Filter, "filter", "show only lines that match; an empty pattern shows all again"),
    bind(
        &[Key::char('t')],
        Verb::Times,
        "times",
        "when each line arrived, or not; marked where it may have been earlier",
    ),
    bind(
        &[Key::char('v')],
        Verb::Select,
        "select",
        "select lines with the keys that move, to copy them; v again leaves",
    ),
    bind(&[Key::char('w')], Verb::Wrap, "wrap", "break long lines, or not"),
    bind(&[Key::char('h'), Key::of(Code::Left)], Verb::Left, "", "to the left, when lines are not broken"),
    bind(&[Key::char('l'), Key::of(Code::Right)], Verb::Right, "", "to the right, when lines are not broken"),
    bind(&[Key::of(Code::Esc)], Verb::Back, "", "leave the selection, the search, then the filter"),
];

const fn bind(keys: &'static [Key], verb: Verb, hint: &'static str, help: &'static str) -> Binding {
    Binding { keys, verb, hint, help }
}
