//! What a server says of itself at one moment. Everything may be missing: what is not known is `None`,
//! never a number made up.

use std::fmt;
use std::time::Duration;

use super::Percent;
use crate::domain::moment::Wall;

/// What came of asking one server.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// Its address or alias, printable.
    pub server: String,
    pub outcome: Result<Sample, Trouble>,
    /// When a supervisor took the sample; `None`: it was asked for just now.
    pub sampled: Option<Wall>,
}

/// Numbers of one server, and what runs there.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Sample {
    pub cpu: Option<Percent>,
    pub memory: Option<Percent>,
    pub vitals: Vitals,
    pub services: Vec<Service>,
    /// Those on disks, as far as it tells.
    pub filesystems: Vec<Filesystem>,
    pub sensors: Vec<Sensor>,
    /// What could not be understood, a line each.
    pub remarks: Vec<String>,
}

/// What else a host tells; shown, and judged by nobody yet.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Vitals {
    pub load: Option<Load>,
    pub pressure: Pressure,
    /// Of the filesystem that holds the spool.
    pub disk: Option<Disk>,
    /// Of the hottest zone, in degrees Celsius.
    pub temperature: Option<f64>,
    /// Of all interfaces but loopback.
    pub traffic: Option<Traffic>,
}

/// Averages over 1, 5 and 15 minutes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Load(pub [f64; 3]);

/// The share of the last 10 seconds in which some task waited for it.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Pressure {
    pub cpu: Option<Percent>,
    pub memory: Option<Percent>,
    pub io: Option<Percent>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Disk {
    pub used: Percent,
    pub free_kib: u64,
}

/// One that is mounted.
#[derive(Clone, PartialEq, Debug)]
pub struct Filesystem {
    /// Where; printable.
    pub place: String,
    pub disk: Disk,
}

/// What measures a temperature.
#[derive(Clone, PartialEq, Debug)]
pub struct Sensor {
    /// Printable.
    pub name: String,
    /// Celsius.
    pub degrees: f64,
}

/// Bytes since boot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Traffic {
    pub received: u64,
    pub sent: u64,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    /// Printable.
    pub name: String,
    pub running: Running,
}

/// Whether a service is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Running {
    Yes,
    /// With the state in the host's words: `failed`, `exited`, `no such process`.
    No(String),
}

/// Why there is no sample of a server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// It took longer than its budget.
    Late(Duration),
    /// It could not be reached, or its answer not understood; for people.
    Failed(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late(budget) => write!(f, "late: no answer within {} s", budget.as_secs_f64()),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// Foreign text made fit for a terminal: no control or direction characters, at most `limit` characters.
#[must_use]
pub fn plain(text: &str, limit: usize) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut plain: String = text.chars().take(limit + 1).map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect();
    if plain.chars().count() > limit {
        plain.pop();
        plain.pop();
        plain.push('…');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_moves_no_cursor() {
        assert_eq!(plain("a\u{1b}[31mb\n\u{202e}c", 99), "a\u{fffd}[31mb\u{fffd}\u{fffd}c");
        assert_eq!(plain("abcdef", 4), "abc…");
        assert_eq!(plain("abcd", 4), "abcd");
    }
}
