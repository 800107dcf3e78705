//! The ladder of liveness, and what its lowest broken rung means: a [`Cause`].

mod outlook;
mod sentence;

use std::fmt;
use std::time::Duration;

pub use outlook::Outlook;
pub use sentence::{rungs, verdict};

/// One step from us to the run; each can only stand when those before it do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rung {
    OwnLink,
    Route,
    Icmp,
    Tcp,
    Banner,
    KeyExchange,
    Auth,
    Exec,
    Heartbeat,
}

impl Rung {
    /// All of them, lowest first.
    pub const LADDER: [Self; 9] = [
        Self::OwnLink,
        Self::Route,
        Self::Icmp,
        Self::Tcp,
        Self::Banner,
        Self::KeyExchange,
        Self::Auth,
        Self::Exec,
        Self::Heartbeat,
    ];

    /// The word for people and for the journal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OwnLink => "own link",
            Self::Route => "route",
            Self::Icmp => "icmp",
            Self::Tcp => "tcp",
            Self::Banner => "ssh banner",
            Self::KeyExchange => "key exchange",
            Self::Auth => "auth",
            Self::Exec => "exec",
            Self::Heartbeat => "run heartbeat",
        }
    }
}

/// What one rung said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RungReport {
    pub rung: Rung,
    pub answer: RungAnswer,
    /// How long the answer took.
    pub took: Duration,
    /// Details for people: an address, a banner, an error. Bounded and free of control characters.
    pub detail: String,
}

impl RungReport {
    /// The jump host that it is about; `None`: it is about the host itself.
    #[must_use]
    pub fn jump_host(&self) -> Option<&str> {
        self.detail.strip_prefix(OF_JUMP_HOST)?.split_once(": ").map(|(host, _)| host)
    }

    /// The detail of a rung of a jump host's.
    #[must_use]
    pub fn detail_of_jump_host(host: &str, detail: &str) -> String {
        format!("{OF_JUMP_HOST}{host}: {detail}")
    }
}

/// A rung of another machine on the way says so first.
const OF_JUMP_HOST: &str = "jump host ";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RungAnswer {
    Stands,
    Broken,
    /// Could not be asked (not permitted, not applicable, a lower rung is broken): counts for nothing.
    NotAsked,
}

/// Why a link is not alive: one variant per thing that an operator would do something else about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The operator asked for it.
    Operator,
    /// The operator wants it left alone until resumed.
    PausedByOperator,
    /// The operator says that it is gone.
    MarkedDead,
    NameNotResolved(String),
    NoRoute,
    ConnectTimedOut,
    /// Nothing listens on the port: sshd is stopped, or the host is starting up.
    PortRefused,
    /// The connection ended before sshd's banner: `MaxStartups`, or sshd is starting up.
    ResetBeforeBanner,
    /// TCP connects, but the banner never came: sshd or the whole host hangs.
    BannerTimedOut,
    NotSsh(String),
    HandshakeTimedOut,
    HostKeyUnknown {
        presented: String,
    },
    HostKeyChanged {
        known: String,
        presented: String,
        written_in: String,
    },
    HostKeyRevoked {
        presented: String,
    },
    NoCommonAlgorithm(String),
    AuthRefused {
        tried: Vec<String>,
        offered: Vec<String>,
    },
    /// The file of a key cannot be read, or not trusted.
    KeyUnreadable(String),
    /// A key that the server would take is encrypted, and nobody told its passphrase.
    PassphraseNeeded(String),
    /// A key that the server would take does not sign: its agent refuses.
    KeyUnusable(String),
    /// The login stands, but no command runs: no channel, no shell, or an answer that is none.
    ExecRefused(String),
    /// The login stands and a command was taken, but in this time nothing answered.
    ExecTimedOut(Duration),
    /// Nothing was heard for this long, although it was asked.
    Silent(Duration),
    ClosedByPeer(String),
    OwnNetworkDown,
    /// The jump host is to blame, for this reason.
    JumpHost {
        host: String,
        cause: Box<Self>,
    },
    /// We slept, not the host: the link is asked again.
    ObserverStalled(Duration),
    /// Anything else, in the library's words.
    Other(String),
}

impl Cause {
    /// Whether trying again by ourselves could do harm (lock an account, trust a stranger): such a
    /// link is refused, and only the operator connects it again.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::HostKeyUnknown { .. }
            | Self::HostKeyChanged { .. }
            | Self::HostKeyRevoked { .. }
            | Self::AuthRefused { .. }
            | Self::KeyUnreadable(_)
            | Self::PassphraseNeeded(_)
            | Self::KeyUnusable(_) => true,
            Self::JumpHost { cause, .. } => cause.is_refusal(),
            Self::Operator
            | Self::PausedByOperator
            | Self::MarkedDead
            | Self::NameNotResolved(_)
            | Self::NoRoute
            | Self::ConnectTimedOut
            | Self::PortRefused
            | Self::ResetBeforeBanner
            | Self::BannerTimedOut
            | Self::NotSsh(_)
            | Self::HandshakeTimedOut
            | Self::NoCommonAlgorithm(_)
            | Self::ExecRefused(_)
            | Self::ExecTimedOut(_)
            | Self::Silent(_)
            | Self::ClosedByPeer(_)
            | Self::OwnNetworkDown
            | Self::ObserverStalled(_)
            | Self::Other(_) => false,
        }
    }

    /// Whether nothing but a change of the configuration, here or there, mends it: asked again, but
    /// at the slowest pace.
    #[must_use]
    pub fn needs_a_change(&self) -> bool {
        match self {
            Self::NoCommonAlgorithm(_) | Self::NotSsh(_) => true,
            Self::JumpHost { cause, .. } => cause.needs_a_change(),
            Self::Operator
            | Self::PausedByOperator
            | Self::MarkedDead
            | Self::NameNotResolved(_)
            | Self::NoRoute
            | Self::ConnectTimedOut
            | Self::PortRefused
            | Self::ResetBeforeBanner
            | Self::BannerTimedOut
            | Self::HandshakeTimedOut
            | Self::HostKeyUnknown { .. }
            | Self::HostKeyChanged { .. }
            | Self::HostKeyRevoked { .. }
            | Self::AuthRefused { .. }
            | Self::KeyUnreadable(_)
            | Self::PassphraseNeeded(_)
            | Self::KeyUnusable(_)
            | Self::ExecRefused(_)
            | Self::ExecTimedOut(_)
            | Self::Silent(_)
            | Self::ClosedByPeer(_)
            | Self::OwnNetworkDown
            | Self::ObserverStalled(_)
            | Self::Other(_) => false,
        }
    }

    /// A short stable word for programs (`snake_case`).
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::PausedByOperator => "paused_by_operator",
            Self::MarkedDead => "marked_dead",
            Self::NameNotResolved(_) => "name_not_resolved",
            Self::NoRoute => "no_route",
            Self::ConnectTimedOut => "connect_timed_out",
            Self::PortRefused => "port_refused",
            Self::ResetBeforeBanner => "reset_before_banner",
            Self::BannerTimedOut => "banner_timed_out",
            Self::NotSsh(_) => "not_ssh",
            Self::HandshakeTimedOut => "handshake_timed_out",
            Self::HostKeyUnknown { .. } => "host_key_unknown",
            Self::HostKeyChanged { .. } => "host_key_changed",
            Self::HostKeyRevoked { .. } => "host_key_revoked",
            Self::NoCommonAlgorithm(_) => "no_common_algorithm",
            Self::AuthRefused { .. } => "auth_refused",
            Self::KeyUnreadable(_) => "key_unreadable",
            Self::PassphraseNeeded(_) => "passphrase_needed",
            Self::KeyUnusable(_) => "key_unusable",
            Self::ExecRefused(_) => "exec_refused",
            Self::ExecTimedOut(_) => "exec_timed_out",
            Self::Silent(_) => "silent",
            Self::ClosedByPeer(_) => "closed_by_peer",
            Self::OwnNetworkDown => "own_network_down",
            Self::JumpHost { .. } => "jump_host",
            Self::ObserverStalled(_) => "observer_stalled",
            Self::Other(_) => "other",
        }
    }

    /// What the operator can do about it, when there is something.
    #[must_use]
    pub fn next_step(&self) -> Option<String> {
        Some(match self {
            Self::NameNotResolved(name) => format!("check the spelling of {name}, or the resolver"),
            Self::HostKeyUnknown { .. } => {
                "compare the fingerprint with the host's own, then connect once with ssh, or set host_keys = \"accept-new\"".into()
            }
            Self::HostKeyChanged { written_in, .. } => {
                format!("if the host was reinstalled, remove the old key at {written_in}; if not, somebody is in between")
            }
            Self::HostKeyRevoked { .. } => "the key was revoked: do not connect before the host has a new one".into(),
            Self::AuthRefused { offered, .. } => {
                format!("the server accepts: {}; check user, key and agent", offered.join(", "))
            }
            Self::KeyUnreadable(_) => {
                "mend the file or its permissions (chmod 600), or name another key (IdentityFile)".into()
            }
            Self::PassphraseNeeded(_) => {
                "load the key into the agent (ssh-add), or connect again and give its passphrase".into()
            }
            Self::KeyUnusable(_) => "look at the agent: it may be locked, or wait for a confirmation or a touch".into(),
            Self::NoCommonAlgorithm(_) => "the server's sshd is too old or too strict: set transport = \"system\" for this host".into(),
            Self::PortRefused => "sshd is stopped or starting, or a firewall resets: look at the host's console".into(),
            Self::JumpHost { cause, .. } => return cause.next_step(),
            Self::NotSsh(_) => "check the port: something else listens there".into(),
            Self::NoRoute => "check VPN and routes (ip route get)".into(),
            Self::ConnectTimedOut => "check that the host is on, and what a firewall on the way drops".into(),
            Self::ResetBeforeBanner => "if it stays, raise MaxStartups in the host's sshd_config".into(),
            Self::BannerTimedOut => "look at the host's console: load, memory, disk".into(),
            Self::HandshakeTimedOut => {
                "look at the host's load and name service; a tunnel's MTU stops large packets only".into()
            }
            Self::ExecRefused(_) => "check MaxSessions, the account's shell and its limits on the host".into(),
            Self::ExecTimedOut(_) => {
                "look at the host's load, memory and disks (a home on a file server that is gone), and at what its login runs".into()
            }
            Self::Silent(_) => "if it stays, look at the host's console".into(),
            Self::ClosedByPeer(_) => "if it stays, read sshd's log on the host".into(),
            Self::OwnNetworkDown => "check this machine's own network".into(),
            Self::PausedByOperator => "reconnect resumes it (r, or steadfast reconnect)".into(),
            Self::MarkedDead => "reconnect takes it back (r, or steadfast reconnect)".into(),
            Self::Operator | Self::ObserverStalled(_) | Self::Other(_) => return None,
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("by the operator"),
            Self::PausedByOperator => f.write_str("paused by you"),
            Self::MarkedDead => f.write_str("marked dead by you"),
            Self::NameNotResolved(name) => write!(f, "name {name} not resolved"),
            Self::NoRoute => f.write_str("no route to the host"),
            Self::ConnectTimedOut => f.write_str("no answer: connecting timed out"),
            Self::PortRefused => f.write_str("port refused: no sshd answers"),
            Self::ResetBeforeBanner => {
                f.write_str("connection ended before sshd's banner (MaxStartups, or sshd starting)")
            }
            Self::BannerTimedOut => f.write_str("port accepts, sshd is silent: host overloaded or hung"),
            Self::NotSsh(what) => write!(f, "{NOT_SSH}{what}"),
            Self::HandshakeTimedOut => f.write_str("SSH handshake timed out"),
            Self::HostKeyUnknown { presented } => write!(f, "host key unknown: {presented}"),
            Self::HostKeyChanged { known, presented, written_in } => {
                write!(f, "HOST KEY CHANGED: presented {presented}, known {known} ({written_in})")
            }
            Self::HostKeyRevoked { presented } => write!(f, "host key is revoked: {presented}"),
            Self::NoCommonAlgorithm(what) => write!(f, "no common algorithm: {what}"),
            Self::AuthRefused { tried, offered } => {
                write!(f, "authentication refused (tried {}; server offers {})", list(tried), list(offered))
            }
            Self::KeyUnreadable(why) => write!(f, "key file not readable: {why}"),
            Self::PassphraseNeeded(why) => write!(f, "passphrase needed: {why}"),
            Self::KeyUnusable(why) => write!(f, "key not usable: {why}"),
            Self::ExecRefused(why) => write!(f, "logged in, but no command runs there: {why}"),
            Self::ExecTimedOut(after) => {
                write!(f, "logged in, but commands get no answer (exec hangs; {} s)", after.as_secs())
            }
            Self::Silent(for_) => write!(f, "nothing heard for {} s", for_.as_secs()),
            Self::ClosedByPeer(why) if why.is_empty() => f.write_str("connection closed by the host"),
            Self::ClosedByPeer(why) => write!(f, "connection closed: {why}"),
            Self::OwnNetworkDown => f.write_str("own network is down"),
            Self::JumpHost { host, cause } => write!(f, "jump host {host}: {cause}"),
            Self::ObserverStalled(for_) => write!(f, "we were asleep for {} s", for_.as_secs()),
            Self::Other(what) => f.write_str(what),
        }
    }
}

fn list(words: &[String]) -> String {
    if words.is_empty() { "none".into() } else { words.join(", ") }
}

/// What the lowest broken rung means. A failed ICMP ping proves nothing: it is often dropped. A rung of a
/// jump host's speaks of that one alone.
#[must_use]
pub fn lowest_broken(evidence: &[RungReport]) -> Option<Cause> {
    let broken = evidence.iter().filter(|report| report.answer == RungAnswer::Broken && report.rung != Rung::Icmp);
    let lowest = broken.min_by_key(|report| report.rung)?;
    let cause = broken_at(lowest)?;
    Some(match lowest.jump_host() {
        Some(host) => Cause::JumpHost { host: host.to_owned(), cause: Box::new(cause) },
        None => cause,
    })
}

fn broken_at(lowest: &RungReport) -> Option<Cause> {
    let says = |word: &str| lowest.detail.to_ascii_lowercase().contains(word);
    match lowest.rung {
        Rung::Route => Some(Cause::NoRoute),
        Rung::Tcp if says("no route") || says("unreachable") => Some(Cause::NoRoute),
        Rung::Tcp if says("port refused") || says("connection refused") => Some(Cause::PortRefused),
        Rung::Tcp if says("timed out") => Some(Cause::ConnectTimedOut),
        Rung::Banner if lowest.detail.contains(NOT_SSH) => quoted(&lowest.detail).map(Cause::NotSsh),
        Rung::Banner if says("silent") => Some(Cause::BannerTimedOut),
        Rung::Banner if says("ended before") => Some(Cause::ResetBeforeBanner),
        // Own link is for the network watch to say; the dial that follows speaks for the rest.
        Rung::OwnLink
        | Rung::Icmp
        | Rung::Tcp
        | Rung::Banner
        | Rung::KeyExchange
        | Rung::Auth
        | Rung::Exec
        | Rung::Heartbeat => None,
    }
}

/// What was said instead of a banner; see the text of [`Cause::NotSsh`].
fn quoted(detail: &str) -> Option<String> {
    detail.split_once(NOT_SSH).map(|(_, what)| what.to_owned())
}

const NOT_SSH: &str = "not an SSH server: ";

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(rung: Rung, detail: &str) -> RungReport {
        RungReport { rung, answer: RungAnswer::Broken, took: Duration::ZERO, detail: detail.into() }
    }

    #[test]
    fn the_lowest_broken_rung_is_the_cause_and_a_ping_never_is() {
        let refused = broken(Rung::Tcp, "192.0.2.1:22: Connection refused (os error 111)");
        let icmp = broken(Rung::Icmp, "no answer");
        assert_eq!(lowest_broken(&[icmp.clone(), refused.clone()]), Some(Cause::PortRefused));
        assert_eq!(lowest_broken(&[refused, broken(Rung::Route, "no route to x")]), Some(Cause::NoRoute));
        assert_eq!(lowest_broken(&[icmp]), None);
    }

    #[test]
    fn every_banner_that_does_not_come_has_its_cause() {
        for cause in
            [Cause::BannerTimedOut, Cause::ResetBeforeBanner, Cause::NotSsh("silent HTTP/1.1 that timed out".into())]
        {
            assert_eq!(lowest_broken(&[broken(Rung::Banner, &cause.to_string())]), Some(cause));
        }
    }

    #[test]
    fn a_broken_rung_of_a_jump_host_is_blamed_on_it() {
        let detail = RungReport::detail_of_jump_host("bastion", "192.0.2.1:22: Connection refused");
        let cause = Cause::JumpHost { host: "bastion".into(), cause: Box::new(Cause::PortRefused) };
        assert_eq!(lowest_broken(&[broken(Rung::Tcp, &detail)]), Some(cause));
    }

    #[test]
    fn what_is_wrong_with_a_key_has_a_word_a_text_and_a_next_step_of_its_own() {
        let text = || "/k: x".to_owned();
        let causes = [Cause::KeyUnreadable(text()), Cause::PassphraseNeeded(text()), Cause::KeyUnusable(text())];
        for (cause, word, text, step) in [
            (&causes[0], "key_unreadable", "key file not readable: /k: x", "chmod"),
            (&causes[1], "passphrase_needed", "passphrase needed: /k: x", "ssh-add"),
            (&causes[2], "key_unusable", "key not usable: /k: x", "agent"),
        ] {
            assert!(cause.is_refusal());
            assert_eq!((cause.word(), cause.to_string().as_str()), (word, text));
            assert!(cause.next_step().is_some_and(|told| told.contains(step)));
        }
    }
}
