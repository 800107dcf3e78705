//! The states of a link, their words, letters and glyphs.

/// Whether we can reach a host, and what is being done about it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum LinkState {
    /// Not asked to connect, or detached by the operator.
    #[default]
    Idle,
    /// First connection under way.
    Connecting,
    /// Heard from within the silence budget.
    Alive,
    /// Was alive, is silent or cut; being asked why.
    Pinging,
    /// An attempt is under way or due.
    Reconnecting,
    /// The operator's own network is down, or there is no route: no attempt is spent.
    Paused,
    /// Connected again, and the boot identity differs.
    Rebooted,
    /// Authentication or host key refused: never tried again without the operator.
    Refused,
    /// No contact for `lost_after`; attempts go on quietly.
    Lost,
}

impl LinkState {
    pub const ALL: [Self; 9] = [
        Self::Idle,
        Self::Connecting,
        Self::Alive,
        Self::Pinging,
        Self::Reconnecting,
        Self::Paused,
        Self::Rebooted,
        Self::Refused,
        Self::Lost,
    ];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Alive => "alive",
            Self::Pinging => "pinging",
            Self::Reconnecting => "reconnecting",
            Self::Paused => "paused",
            Self::Rebooted => "rebooted",
            Self::Refused => "refused",
            Self::Lost => "lost",
        }
    }

    /// One ASCII character.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Idle => '-',
            Self::Connecting => 'c',
            Self::Alive => 'A',
            Self::Pinging => 'P',
            Self::Reconnecting => 'R',
            Self::Paused => 'Z',
            Self::Rebooted => 'B',
            Self::Refused => 'X',
            Self::Lost => 'L',
        }
    }

    /// One column wide.
    #[must_use]
    pub fn glyph(self) -> char {
        match self {
            Self::Idle => '·',
            Self::Connecting => '◌',
            Self::Alive => '●',
            Self::Pinging => '◐',
            Self::Reconnecting => '◑',
            Self::Paused => '‖',
            Self::Rebooted => '↻',
            Self::Refused => '⊘',
            Self::Lost => '○',
        }
    }

    /// How much an operator must see it: where one cell stands for many moments or hosts, the
    /// highest wins.
    #[must_use]
    pub fn severity(self) -> u8 {
        match self {
            Self::Idle => 0,
            Self::Alive => 1,
            Self::Connecting => 2,
            Self::Paused => 3,
            Self::Pinging => 4,
            Self::Reconnecting => 5,
            Self::Rebooted => 6,
            Self::Lost => 7,
            Self::Refused => 8,
        }
    }

    /// Whether an operator who looks elsewhere is told that it has come to this.
    #[must_use]
    pub fn is_alarming(self) -> bool {
        match self {
            Self::Refused | Self::Lost => true,
            Self::Idle
            | Self::Connecting
            | Self::Alive
            | Self::Pinging
            | Self::Reconnecting
            | Self::Paused
            | Self::Rebooted => false,
        }
    }

    /// Whether the host can be worked with right now.
    #[must_use]
    pub fn is_connected(self) -> bool {
        match self {
            Self::Alive | Self::Rebooted => true,
            Self::Idle
            | Self::Connecting
            | Self::Pinging
            | Self::Reconnecting
            | Self::Paused
            | Self::Refused
            | Self::Lost => false,
        }
    }
}
