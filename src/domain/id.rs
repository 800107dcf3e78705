//! Names: hosts, runs, attempts, jobs, and the counters that order things. Each is parsed once, at
//! the edge, and is valid from then on.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

/// A host's alias, as the operator writes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(Arc<str>);

impl HostId {
    /// Accepts 1–255 bytes without whitespace or control characters, not starting with `-`
    /// (which a program given it as an argument would read as an option).
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let sound = !text.is_empty()
            && text.len() <= 255
            && !text.starts_with('-')
            && !text.chars().any(|c| c.is_whitespace() || c.is_control());
        if sound { Ok(Self(text.into())) } else { Err(InvalidId { kind: "host name", text: text.into() }) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One execution of a command on one host: ten characters of Crockford's base 32, lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId([u8; RunId::LEN]);

impl RunId {
    pub const LEN: usize = 10;
    /// Crockford's base 32 (<https://www.crockford.com/base32.html>): no i, l, o, u.
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

    /// The identifier made of the low 50 bits of `random`.
    #[must_use]
    pub fn from_random(random: u64) -> Self {
        let mut id = [0; Self::LEN];
        for (place, byte) in id.iter_mut().enumerate() {
            let index = (random >> (5 * place)) & 31;
            *byte = Self::ALPHABET[usize::try_from(index).unwrap_or(0)];
        }
        Self(id)
    }

    /// Accepts exactly what [`RunId::from_random`] makes.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId { kind: "run id", text: text.into() };
        let id: [u8; Self::LEN] = text.as_bytes().try_into().map_err(|_| invalid())?;
        if id.iter().all(|b| Self::ALPHABET.contains(b)) { Ok(Self(id)) } else { Err(invalid()) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }
}

/// Which try of a run: 1, 2, …
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Attempt(NonZeroU32);

impl Attempt {
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    #[must_use]
    pub fn number(self) -> u32 {
        self.0.get()
    }

    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// One attempt of one run: what a run directory on the host and a log here are named by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    pub run: RunId,
    pub attempt: Attempt,
}

impl AttemptId {
    /// Parses `<run-id>.<attempt>`.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId { kind: "attempt id", text: text.into() };
        let (run, attempt) = text.split_once('.').ok_or_else(invalid)?;
        let canonical = attempt.bytes().all(|b| b.is_ascii_digit()) && !attempt.starts_with('0');
        let number = attempt.parse().ok().filter(|_| canonical).and_then(Attempt::new).ok_or_else(invalid)?;
        Ok(Self { run: RunId::parse(run).map_err(|_| invalid())?, attempt: number })
    }
}

/// The name of a job: a template of runs in the configuration.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobName(Arc<str>);

impl JobName {
    /// Accepts 1–64 characters out of letters, digits, `.`, `_` and `-`.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let sound = !text.is_empty()
            && text.chars().count() <= 64
            && text.chars().all(|c| c.is_alphanumeric() || "._-".contains(c));
        if sound { Ok(Self(text.into())) } else { Err(InvalidId { kind: "job name", text: text.into() }) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Numbers the dials of one host. What an earlier dial still reports is stale and is dropped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Epoch(pub u64);

/// A place in the journal; starts at 1, has no holes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Seq(pub u64);

/// Text that is no name of the kind wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {kind}")]
pub struct InvalidId {
    pub kind: &'static str,
    pub text: String,
}

macro_rules! text_form {
    ($($name:ident),+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.as_str())
            }
        }
    )+};
}

text_form!(HostId, RunId, JobName);

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.run, self.attempt)
    }
}

impl fmt::Debug for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AttemptId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_reads_back_what_it_prints() {
        for random in [0, 1, 31, u64::MAX, 0x1234_5678_9abc] {
            let id = RunId::from_random(random);
            assert_eq!(RunId::parse(id.as_str()), Ok(id));
        }
    }

    #[test]
    fn names_that_could_be_taken_for_something_else_are_refused() {
        for bad in ["", "-oProxyCommand=x", "a b", "a\nb", "\u{7}"] {
            assert!(HostId::parse(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "0123456789a", "012345678i", "../../../.."] {
            assert!(RunId::parse(bad).is_err(), "{bad:?}");
        }
        for bad in ["0123456789", "0123456789.0", "0123456789.01", "0123456789.+1", "0123456789.x"] {
            assert!(AttemptId::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(AttemptId::parse("0123456789.12").map(|id| id.to_string()), Ok("0123456789.12".into()));
    }
}
