//! How a piece of output is to look: our own colours and attributes, and the SGR sequences that set them.

use vte::Params;

/// The look of a run of characters. `Default` is what a terminal shows after a reset.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Style {
    pub fg: Color,
    pub bg: Color,
    pub attributes: Attributes,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Color {
    #[default]
    Default,
    /// One of the 16 named colours, 0–15.
    Ansi(u8),
    Indexed(u8),
    Rgb(u8, u8, u8),
}

/// Where the characters come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Kind {
    /// The host's own text.
    #[default]
    Text,
    /// Our writing of what cannot be shown: `\xff`, `<U+202E>`.
    Escaped,
    /// Our words about the line: how much of it was cut.
    Note,
}

/// A set of attributes. Blinking and concealed are not among them: nothing of a log may hide.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attributes(u8);

impl Attributes {
    pub const NONE: Self = Self(0);
    pub const BOLD: Self = Self(1);
    pub const DIM: Self = Self(2);
    pub const ITALIC: Self = Self(4);
    pub const UNDERLINE: Self = Self(8);
    pub const REVERSE: Self = Self(16);
    pub const STRIKE: Self = Self(32);

    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    fn remove(&mut self, other: Self) {
        self.0 &= !other.0;
    }
}

impl Style {
    /// Applies one SGR sequence (`CSI … m`), with colours in semicolon and colon form.
    pub fn apply_sgr(&mut self, params: &Params) {
        let mut params = params.iter();
        while let Some(param) = params.next() {
            let code = param.first().copied().unwrap_or(0);
            match (code, param.get(1..).unwrap_or_default()) {
                (38, []) => self.fg = color_of(&mut params).unwrap_or(self.fg),
                (48, []) => self.bg = color_of(&mut params).unwrap_or(self.bg),
                (38, sub) => self.fg = color_of_sub(sub).unwrap_or(self.fg),
                (48, sub) => self.bg = color_of_sub(sub).unwrap_or(self.bg),
                // The underline's own colour: read past it, or its numbers would be taken for codes.
                (58, []) => drop(color_of(&mut params)),
                (4, [0, ..]) => self.attributes.remove(Attributes::UNDERLINE),
                (code, _) => self.apply_code(code),
            }
        }
    }

    fn apply_code(&mut self, code: u16) {
        let set = &mut self.attributes;
        match code {
            0 => *self = Self::default(),
            1 => set.insert(Attributes::BOLD),
            2 => set.insert(Attributes::DIM),
            3 => set.insert(Attributes::ITALIC),
            4 | 21 => set.insert(Attributes::UNDERLINE),
            7 => set.insert(Attributes::REVERSE),
            9 => set.insert(Attributes::STRIKE),
            22 => set.remove(Attributes(Attributes::BOLD.0 | Attributes::DIM.0)),
            23 => set.remove(Attributes::ITALIC),
            24 => set.remove(Attributes::UNDERLINE),
            27 => set.remove(Attributes::REVERSE),
            29 => set.remove(Attributes::STRIKE),
            30..=37 => self.fg = Color::Ansi(low(code - 30)),
            39 => self.fg = Color::Default,
            40..=47 => self.bg = Color::Ansi(low(code - 40)),
            49 => self.bg = Color::Default,
            90..=97 => self.fg = Color::Ansi(low(code - 90 + 8)),
            100..=107 => self.bg = Color::Ansi(low(code - 100 + 8)),
            _ => {}
        }
    }
}

/// The colour after a `38` or `48` of its own: `5;n` or `2;r;g;b`.
fn color_of<'a>(params: &mut impl Iterator<Item = &'a [u16]>) -> Option<Color> {
    let mut next = || params.next().and_then(|p| p.first().copied());
    match next()? {
        5 => indexed(next()?),
        2 => rgb(next()?, next()?, next()?),
        _ => None,
    }
}

/// The colour within one parameter: `:5:n`, `:2:r:g:b`, or `:2:<colour space>:r:g:b`.
fn color_of_sub(sub: &[u16]) -> Option<Color> {
    match *sub {
        [5, n, ..] => indexed(n),
        [2, r, g, b] | [2, _, r, g, b, ..] => rgb(r, g, b),
        _ => None,
    }
}

fn indexed(n: u16) -> Option<Color> {
    let n = u8::try_from(n).ok()?;
    Some(if n < 16 { Color::Ansi(n) } else { Color::Indexed(n) })
}

fn rgb(r: u16, g: u16, b: u16) -> Option<Color> {
    Some(Color::Rgb(u8::try_from(r).ok()?, u8::try_from(g).ok()?, u8::try_from(b).ok()?))
}

fn low(n: u16) -> u8 {
    u8::try_from(n).unwrap_or(0)
}
