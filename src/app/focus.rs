//! Which pane has the keys, and in which order they are gone through.

/// The pane that keys go to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Focus {
    #[default]
    Hosts,
    Output,
    Timeline,
    /// One cell per host, alone on the screen.
    Wall,
    /// Every host's numbers, alone on the screen.
    Health,
}

impl Focus {
    pub const ALL: [Self; 5] = [Self::Hosts, Self::Output, Self::Timeline, Self::Wall, Self::Health];

    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Hosts => Self::Output,
            Self::Output => Self::Timeline,
            Self::Timeline | Self::Wall | Self::Health => Self::Hosts,
        }
    }

    #[must_use]
    pub fn previous(self) -> Self {
        match self {
            Self::Hosts => Self::Timeline,
            Self::Output | Self::Wall | Self::Health => Self::Hosts,
            Self::Timeline => Self::Output,
        }
    }

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Hosts => "Hosts",
            Self::Output => "Output",
            Self::Timeline => "Timeline",
            Self::Wall => "Wall",
            Self::Health => "Health",
        }
    }
}
