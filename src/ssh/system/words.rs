//! What `ssh` says on stderr, as causes.

use crate::domain::diagnosis::{Cause, Rung};
use crate::ssh::text::{LINE, clean};

/// The cause in `said`, when there is one that we know; else its last line.
pub(super) fn cause(said: &str) -> Cause {
    if let Some(cause) = host_key(said) {
        return cause;
    }
    for line in said.lines().rev().filter(|line| !line.trim().is_empty()) {
        if let Some(cause) = line_cause(line) {
            return with_keys(cause, said);
        }
    }
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    last.map_or_else(|| Cause::ClosedByPeer(String::new()), |line| Cause::Other(clean(line, LINE)))
}

/// A login that was refused, with the keys that `ssh` could not use (`Load key "…": …`).
fn with_keys(cause: Cause, said: &str) -> Cause {
    let Cause::AuthRefused { mut tried, offered } = cause else { return cause };
    let unusable = said.lines().filter(|line| line.starts_with("Load key ")).take(8);
    tried.extend(unusable.map(|line| clean(line, LINE)));
    Cause::AuthRefused { tried, offered }
}

/// The cause when `ssh` was not ready in time.
pub(super) fn late(said: &str) -> Cause {
    let cause = cause(said);
    if matches!(cause, Cause::ClosedByPeer(_) | Cause::Other(_)) { Cause::HandshakeTimedOut } else { cause }
}

/// The rung that is broken when this is the cause.
pub(super) fn rung(cause: &Cause) -> Rung {
    match cause {
        Cause::OwnNetworkDown => Rung::OwnLink,
        Cause::NoRoute => Rung::Route,
        Cause::NameNotResolved(_) | Cause::ConnectTimedOut | Cause::PortRefused => Rung::Tcp,
        Cause::ResetBeforeBanner | Cause::BannerTimedOut | Cause::NotSsh(_) => Rung::Banner,
        Cause::HostKeyUnknown { .. }
        | Cause::HostKeyChanged { .. }
        | Cause::HostKeyRevoked { .. }
        | Cause::NoCommonAlgorithm(_)
        | Cause::HandshakeTimedOut
        | Cause::ClosedByPeer(_)
        | Cause::JumpHost { .. }
        | Cause::Other(_) => Rung::KeyExchange,
        Cause::AuthRefused { .. } | Cause::KeyUnreadable(_) | Cause::PassphraseNeeded(_) | Cause::KeyUnusable(_) => {
            Rung::Auth
        }
        Cause::Operator
        | Cause::PausedByOperator
        | Cause::MarkedDead
        | Cause::ExecRefused(_)
        | Cause::ExecTimedOut(_)
        | Cause::Silent(_)
        | Cause::ObserverStalled(_) => Rung::Exec,
    }
}

/// These span several lines (sshconnect.c).
fn host_key(said: &str) -> Option<Cause> {
    let presented =
        || said.lines().find(|line| line.starts_with("SHA256:")).map_or("", |line| line.trim_end_matches('.'));
    if said.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
        let written_in = said.lines().find_map(|line| line.strip_prefix("Offending ")?.split_once(" key in "));
        return Some(Cause::HostKeyChanged {
            known: "another".into(),
            presented: clean(presented(), LINE),
            written_in: written_in.map_or_else(|| "known_hosts".into(), |(_, place)| clean(place, LINE)),
        });
    }
    if said.contains("REVOKED HOST KEY DETECTED") || said.contains("is marked as revoked") {
        return Some(Cause::HostKeyRevoked { presented: clean(presented(), LINE) });
    }
    let unknown = said.lines().find(|line| line.contains("host key is known for"))?;
    let kind = unknown.split_whitespace().nth(1).unwrap_or("key");
    Some(Cause::HostKeyUnknown { presented: clean(kind, LINE) })
}

fn line_cause(line: &str) -> Option<Cause> {
    let says = |part: &str| line.contains(part);
    Some(if says("Could not resolve hostname") {
        let name = line.split("hostname ").nth(1).and_then(|rest| rest.split(':').next()).unwrap_or("");
        Cause::NameNotResolved(clean(name, LINE))
    } else if says("Connection refused") {
        Cause::PortRefused
    } else if says("Connection timed out during banner exchange") {
        Cause::BannerTimedOut
    } else if says("Connection timed out") || says("Operation timed out") {
        Cause::ConnectTimedOut
    } else if says("No route to host") || says("Network is unreachable") {
        Cause::NoRoute
    } else if says("kex_exchange_identification: ") && (says("closed by remote host") || says("reset by peer")) {
        Cause::ResetBeforeBanner
    } else if says("kex_exchange_identification: ") {
        Cause::NotSsh(clean(line.split(": ").last().unwrap_or(line), LINE))
    } else if says("Unable to negotiate") {
        Cause::NoCommonAlgorithm(clean(line.split(": ").skip(1).collect::<Vec<_>>().join(": ").as_str(), LINE))
    } else if says("Permission denied (") || says("Too many authentication failures") {
        let methods = line.rsplit_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(list, _)| list);
        let offered = methods.split(',').filter(|m| !m.is_empty()).map(|m| clean(m, 40)).collect();
        Cause::AuthRefused { tried: vec!["by the system's ssh".into()], offered }
    } else if ["closed by remote host", "Broken pipe", "Connection reset", "not responding"]
        .iter()
        .any(|part| says(part))
    {
        Cause::ClosedByPeer(clean(line, LINE))
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ssh_says_is_understood() {
        for (said, word) in [
            ("ssh: Could not resolve hostname nowhere: Name or service not known\r\n", "name_not_resolved"),
            ("ssh: connect to host 127.0.0.1 port 1: Connection refused\r\n", "port_refused"),
            ("ssh: connect to host 10.0.0.1 port 22: Connection timed out\r\n", "connect_timed_out"),
            (
                "Connection timed out during banner exchange\r\nConnection to 127.0.0.1 port 9 timed out\r\n",
                "banner_timed_out",
            ),
            ("ssh: connect to host 10.0.0.1 port 22: No route to host\r\n", "no_route"),
            (
                "kex_exchange_identification: Connection closed by remote host\r\nConnection closed by 127.0.0.1 port 9\r\n",
                "reset_before_banner",
            ),
            (
                "Unable to negotiate with 127.0.0.1 port 9: no matching host key type found. Their offer: ssh-rsa\r\n",
                "no_common_algorithm",
            ),
            ("root@127.0.0.1: Permission denied (publickey,password).\r\n", "auth_refused"),
            (
                "No ED25519 host key is known for [127.0.0.1]:9 and you have requested strict checking.\r\nHost key verification failed.\r\n",
                "host_key_unknown",
            ),
            ("client_loop: send disconnect: Broken pipe\r\n", "closed_by_peer"),
            ("", "closed_by_peer"),
            ("something new\r\n", "other"),
        ] {
            assert_eq!(cause(said).word(), word, "{said}");
        }
    }

    #[test]
    fn a_changed_key_is_told_with_its_place() {
        let said = "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\nThe fingerprint for the ED25519 key sent by the remote host is\r\nSHA256:abc.\r\nOffending ED25519 key in /h/known_hosts:3\r\nHost key verification failed.\r\n";
        let expected = Cause::HostKeyChanged {
            known: "another".into(),
            presented: "SHA256:abc".into(),
            written_in: "/h/known_hosts:3".into(),
        };
        assert_eq!(cause(said), expected);
        assert_eq!(late("debug only"), Cause::HandshakeTimedOut);
    }

    #[test]
    fn offered_methods_are_taken_over() {
        let Cause::AuthRefused { offered, .. } = cause("a@b: Permission denied (publickey,keyboard-interactive).")
        else {
            panic!("not understood");
        };
        assert_eq!(offered, ["publickey", "keyboard-interactive"]);
        let said = "Load key \"/k\": bad permissions\r\na@b: Permission denied (publickey).\r\n";
        let Cause::AuthRefused { tried, .. } = cause(said) else { panic!("not understood") };
        assert!(tried.len() == 2 && tried[1].contains("bad permissions"), "{tried:?}");
    }
}
