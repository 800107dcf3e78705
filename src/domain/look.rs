//! Which colours the operator wants.

/// For a dark ground, for a light one, or none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Look {
    #[default]
    Default,
    Light,
    Mono,
}

impl Look {
    pub const ALL: [Self; 3] = [Self::Default, Self::Light, Self::Mono];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Light => "light",
            Self::Mono => "mono",
        }
    }

    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Default => Self::Light,
            Self::Light => Self::Mono,
            Self::Mono => Self::Default,
        }
    }
}
