//! A cause in the light of what the rungs said: what is wrong, and what it means.

use std::borrow::Cow;
use std::time::Duration;

use super::{Cause, Rung, RungAnswer, RungReport};

/// The verdict, the same for the screen, the command line and the log: the lowest broken rung, and what
/// those below it make of it. A ping that was not answered takes nothing away; one that was, shows that
/// the kernel is alive.
#[must_use]
pub fn verdict(cause: &Cause, evidence: &[RungReport]) -> String {
    let (of, cause) =
        if let Cause::JumpHost { host, cause } = cause { (Some(host.as_str()), &**cause) } else { (None, cause) };
    let said = Ladder(evidence.iter().filter(|report| report.jump_host() == of).collect()).verdict(cause);
    of.map(|host| format!("jump host {host}: {said}")).unwrap_or(said)
}

/// What the rungs said, in one line: `broken ssh banner (no answer); stands route, icmp, tcp`.
#[must_use]
pub fn rungs(evidence: &[RungReport]) -> String {
    let of = |wanted: RungAnswer| evidence.iter().filter(move |report| report.answer == wanted);
    // A ping that nobody answered breaks nothing.
    let (silent, broken): (Vec<_>, Vec<_>) = of(RungAnswer::Broken).partition(|report| report.rung == Rung::Icmp);
    let broken = broken.into_iter().map(|report| match report.detail.as_str() {
        "" => report.rung.word().to_owned(),
        detail => format!("{} ({})", report.rung.word(), shortened(detail)),
    });
    let stands = of(RungAnswer::Stands).map(|report| report.rung.word().to_owned());
    let silent = silent.into_iter().map(|report| report.rung.word().to_owned());
    let part = |word: &str, rungs: Vec<String>| (!rungs.is_empty()).then(|| format!("{word} {}", rungs.join(", ")));
    let parts =
        [part("broken", broken.collect()), part("stands", stands.collect()), part("no answer", silent.collect())];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The beginning is what tells.
fn shortened(detail: &str) -> Cow<'_, str> {
    let cut = detail.char_indices().nth(80).and_then(|(end, _)| detail.get(..end));
    cut.map_or(detail.into(), |kept| format!("{}…", kept.trim_end()).into())
}

/// The rungs of one machine.
struct Ladder<'a>(Vec<&'a RungReport>);

impl Ladder<'_> {
    fn verdict(&self, cause: &Cause) -> String {
        let alive = || self.alive().map(|how| format!("; kernel alive ({how})")).unwrap_or_default();
        match cause {
            Cause::BannerTimedOut => match self.alive() {
                Some(how) => format!("sshd does not answer; kernel alive ({how}): overloaded or hung"),
                None => cause.to_string(),
            },
            Cause::ConnectTimedOut if self.icmp().is_some() => {
                format!("{cause}{}: a firewall drops the port, or the host is too busy to accept", alive())
            }
            Cause::ConnectTimedOut if self.answer(Rung::Icmp) == Some(RungAnswer::Broken) => {
                format!("{cause}, nor to a ping: off, cut off, or behind a firewall that drops all")
            }
            Cause::Silent(_) if self.stands(Rung::Banner).is_some() => {
                format!("{cause}; yet sshd answers{}: this connection was cut on the way", brackets(self.alive()))
            }
            Cause::Silent(_) => format!("{cause}{}", alive()),
            Cause::OwnNetworkDown => match self.broken(Rung::OwnLink).filter(|why| !why.is_empty()) {
                Some(why) => format!("{cause}: {why}"),
                None => cause.to_string(),
            },
            Cause::NoRoute => match self.broken(Rung::Route).and_then(|why| why.strip_prefix("no route ")) {
                Some(whereto) => format!("no route {whereto}"),
                None => cause.to_string(),
            },
            Cause::ResetBeforeBanner | Cause::HandshakeTimedOut => format!("{cause}{}", alive()),
            Cause::Operator
            | Cause::PausedByOperator
            | Cause::MarkedDead
            | Cause::NameNotResolved(_)
            | Cause::ConnectTimedOut
            // The refusal is itself a sign of life.
            | Cause::PortRefused
            | Cause::NotSsh(_)
            | Cause::HostKeyUnknown { .. }
            | Cause::HostKeyChanged { .. }
            | Cause::HostKeyRevoked { .. }
            | Cause::NoCommonAlgorithm(_)
            | Cause::AuthRefused { .. }
            | Cause::KeyUnreadable(_)
            | Cause::PassphraseNeeded(_)
            | Cause::KeyUnusable(_)
            | Cause::ExecRefused(_)
            | Cause::ExecTimedOut(_)
            | Cause::ClosedByPeer(_)
            | Cause::JumpHost { .. }
            | Cause::ObserverStalled(_)
            | Cause::Other(_) => cause.to_string(),
        }
    }

    fn find(&self, rung: Rung, answer: RungAnswer) -> Option<&RungReport> {
        self.0.iter().copied().find(|report| report.rung == rung && report.answer == answer)
    }

    fn answer(&self, rung: Rung) -> Option<RungAnswer> {
        self.0.iter().find(|report| report.rung == rung).map(|report| report.answer)
    }

    fn stands(&self, rung: Rung) -> Option<&RungReport> {
        self.find(rung, RungAnswer::Stands)
    }

    fn broken(&self, rung: Rung) -> Option<&str> {
        self.find(rung, RungAnswer::Broken).map(|report| report.detail.as_str())
    }

    fn icmp(&self) -> Option<String> {
        self.stands(Rung::Icmp).map(|report| format!("ICMP {}", milliseconds(report.took)))
    }

    /// What shows that a kernel is there. That a port of a jump host's accepts is told without its number.
    fn alive(&self) -> Option<String> {
        let accepts = self.stands(Rung::Tcp).map(|report| match port(&report.detail) {
            Some(port) => format!("port {port} accepts"),
            None => "its port accepts".into(),
        });
        let signs: Vec<String> = self.icmp().into_iter().chain(accepts).collect();
        (!signs.is_empty()).then(|| signs.join(", "))
    }
}

fn brackets(what: Option<String>) -> String {
    what.map(|what| format!(" ({what})")).unwrap_or_default()
}

/// Of `192.0.2.7:22` and `jump host j: [2001:db8::1]:22`.
fn port(detail: &str) -> Option<u16> {
    detail.rsplit_once(':').and_then(|(_, port)| port.parse().ok())
}

/// `0.3 ms`, `40 ms`
fn milliseconds(took: Duration) -> String {
    let millis = took.as_secs_f64() * 1000.0;
    if millis < 10.0 { format!("{millis:.1} ms") } else { format!("{millis:.0} ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(rung: Rung, answer: RungAnswer, detail: &str) -> RungReport {
        RungReport { rung, answer, took: Duration::from_micros(312), detail: detail.into() }
    }

    #[test]
    fn an_answered_ping_speaks_for_the_kernel_and_none_against_it() {
        let icmp = report(Rung::Icmp, RungAnswer::Stands, "192.0.2.1 answers");
        let silent = report(Rung::Icmp, RungAnswer::Broken, "no answer");
        let unasked = report(Rung::Icmp, RungAnswer::NotAsked, "not permitted here");
        let tcp = report(Rung::Tcp, RungAnswer::Stands, "192.0.2.1:22");
        let banner = report(Rung::Banner, RungAnswer::Broken, "");
        let of = |cause: Cause, evidence: &[&RungReport]| {
            verdict(&cause, &evidence.iter().map(|report| (*report).clone()).collect::<Vec<_>>())
        };
        assert_eq!(
            of(Cause::BannerTimedOut, &[&icmp, &tcp, &banner]),
            "sshd does not answer; kernel alive (ICMP 0.3 ms, port 22 accepts): overloaded or hung"
        );
        for icmp in [&silent, &unasked] {
            assert_eq!(
                of(Cause::BannerTimedOut, &[icmp, &tcp, &banner]),
                "sshd does not answer; kernel alive (port 22 accepts): overloaded or hung"
            );
        }
        assert_eq!(of(Cause::ConnectTimedOut, &[&unasked]), Cause::ConnectTimedOut.to_string());
        assert!(of(Cause::ConnectTimedOut, &[&icmp]).contains("kernel alive (ICMP 0.3 ms)"));
        assert!(of(Cause::ConnectTimedOut, &[&silent]).contains("nor to a ping"));
        assert_eq!(of(Cause::PortRefused, &[&icmp]), Cause::PortRefused.to_string());
    }

    #[test]
    fn all_rungs_are_told_in_one_line() {
        let evidence = [
            report(Rung::Route, RungAnswer::Stands, "192.0.2.1 over eth0"),
            report(Rung::Icmp, RungAnswer::Broken, "no answer"),
            report(Rung::Tcp, RungAnswer::Broken, "timed out"),
            report(Rung::Auth, RungAnswer::NotAsked, ""),
        ];
        assert_eq!(rungs(&evidence), "broken tcp (timed out); stands route; no answer icmp");
        assert_eq!(rungs(&[]), "");
        let long = rungs(&[report(Rung::Tcp, RungAnswer::Broken, &"ä".repeat(4_000))]);
        assert!(long.chars().count() < 100 && long.ends_with("ä…)"), "{long}");
    }

    #[test]
    fn silence_with_an_sshd_that_answers_is_a_cut_connection() {
        let evidence = [
            report(Rung::Tcp, RungAnswer::Stands, "[2001:db8::1]:2222"),
            report(Rung::Banner, RungAnswer::Stands, "SSH-2.0-x"),
        ];
        assert_eq!(
            verdict(&Cause::Silent(Duration::from_secs(15)), &evidence),
            "nothing heard for 15 s; yet sshd answers (port 2222 accepts): this connection was cut on the way"
        );
    }

    #[test]
    fn a_jump_host_is_judged_by_its_own_rungs() {
        let own = report(Rung::Icmp, RungAnswer::Stands, "192.0.2.1 answers");
        let of_jump = report(Rung::Tcp, RungAnswer::Stands, &RungReport::detail_of_jump_host("j", "192.0.2.1:22"));
        let cause = Cause::JumpHost { host: "j".into(), cause: Box::new(Cause::BannerTimedOut) };
        assert_eq!(
            verdict(&cause, &[own, of_jump]),
            "jump host j: sshd does not answer; kernel alive (port 22 accepts): overloaded or hung"
        );
    }

    #[test]
    fn our_own_side_is_named() {
        let link = report(Rung::OwnLink, RungAnswer::Broken, "eth0 has no carrier");
        let route = report(Rung::Route, RungAnswer::Broken, "no route to 192.0.2.1");
        assert_eq!(verdict(&Cause::OwnNetworkDown, &[link]), "own network is down: eth0 has no carrier");
        assert_eq!(verdict(&Cause::NoRoute, &[route]), "no route to 192.0.2.1");
        assert_eq!(verdict(&Cause::NoRoute, &[]), "no route to the host");
    }
}
