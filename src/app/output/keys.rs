//! The keys of the pane, as a table from which the help screen is made too.

/// A key, whatever the terminal library calls it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key {
    Char(char),
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Backspace,
    Escape,
}

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
    /// Leave the search.
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
    pub names: &'static str,
    pub words: &'static str,
}

pub const KEYS: &[Binding] = &[
    binding(&[Key::Char('j'), Key::Down], Verb::LineDown, "j ↓", "one row down"),
    binding(&[Key::Char('k'), Key::Up], Verb::LineUp, "k ↑", "one row up; leaves following"),
    binding(&[Key::Char('d')], Verb::HalfDown, "d", "half a page down"),
    binding(&[Key::Char('u')], Verb::HalfUp, "u", "half a page up"),
    binding(&[Key::PageDown], Verb::PageDown, "PgDn", "one page down"),
    binding(&[Key::PageUp], Verb::PageUp, "PgUp", "one page up"),
    binding(&[Key::Char('g'), Key::Home], Verb::Top, "g", "to the first line"),
    binding(&[Key::Char('G'), Key::Char('f'), Key::End], Verb::Follow, "G f", "to the end, and follow it"),
    binding(&[Key::Char('w')], Verb::Wrap, "w", "break long lines, or not"),
    binding(&[Key::Char('h'), Key::Left], Verb::Left, "h ←", "to the left, when lines are not broken"),
    binding(&[Key::Char('l'), Key::Right], Verb::Right, "l →", "to the right, when lines are not broken"),
    binding(&[Key::Char('/')], Verb::Find, "/", "search; while following, from the end backwards"),
    binding(&[Key::Char('n')], Verb::Next, "n", "next matching line"),
    binding(&[Key::Char('N')], Verb::Previous, "N", "previous matching line"),
    binding(&[Key::Escape], Verb::Back, "esc", "leave the search"),
];

const fn binding(keys: &'static [Key], verb: Verb, names: &'static str, words: &'static str) -> Binding {
    Binding { keys, verb, names, words }
}
