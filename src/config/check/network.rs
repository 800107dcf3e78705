//! The own network.

use std::time::Duration;

use super::Context;
use crate::config::file;
use crate::config::value::{At, Time};
use crate::domain::network::{CheckHost, CheckHostError, NetworkPreset, NetworkSettings};

pub(super) fn network(written: &file::Network, context: &mut Context<'_, '_>) -> NetworkSettings {
    let preset = written.preset.as_ref().map_or_else(NetworkPreset::default, |preset| match preset.value() {
        file::NetworkPreset::Conservative => NetworkPreset::Conservative,
        file::NetworkPreset::Balanced => NetworkPreset::Balanced,
        file::NetworkPreset::Patient => NetworkPreset::Patient,
    });
    let mut network = preset.settings();
    network.check = written.check.as_ref().map(|written| check(written, context));
    network.interfaces = interfaces(&written.interfaces, context);
    time(&mut network.check_interval, SHORTEST_INTERVAL, written.check_interval.as_ref(), context);
    time(&mut network.check_timeout, SHORTEST_TIMEOUT, written.check_timeout.as_ref(), context);
    let spot = written.check_timeout.as_ref().or(written.check_interval.as_ref());
    if network.check_timeout > network.check_interval
        && let Some(spot) = spot
    {
        let show = humantime::format_duration;
        let (timeout, interval) = (show(network.check_timeout), show(network.check_interval));
        context
            .findings
            .add(spot.span(), format!("check_timeout ({timeout}) is longer than check_interval ({interval})"))
            .help("a round of questions has to end before the next begins");
    }
    network
}

fn time(field: &mut Duration, shortest: Duration, written: Option<&At<Time>>, context: &mut Context<'_, '_>) {
    let Some(written) = written else { return };
    if written.value().0 < shortest {
        context.findings.add(written.span(), format!("must be at least {}", humantime::format_duration(shortest)));
    } else {
        *field = written.value().0;
    }
}

fn check(written: &At<Vec<At<String>>>, context: &mut Context<'_, '_>) -> Vec<CheckHost> {
    let mut hosts = Vec::new();
    for one in written.value() {
        let text = one.value();
        match CheckHost::parse(text) {
            Ok(host) => hosts.push(host),
            Err(CheckHostError::NoPort) => {
                context
                    .findings
                    .add(one.span(), format!("{text:?} has no port"))
                    .help("a name needs one: \"gate.example.com:22\"; an address alone is asked at 53 and 443");
            }
            Err(CheckHostError::BadPort) => {
                context.findings.add(one.span(), format!("{text:?} has no port from 1 to 65535 behind its colon"));
            }
            Err(CheckHostError::BadName) => {
                context.wrong_word(one.span(), text, "check host", "\"host:port\", \"[IPv6]:port\", or an address");
            }
        }
    }
    if hosts.len() > MOST {
        context.findings.add(written.span(), format!("these are more than {MOST} check hosts"));
        hosts.truncate(MOST);
    }
    hosts
}

fn interfaces(written: &[At<String>], context: &mut Context<'_, '_>) -> Vec<String> {
    let mut names = Vec::new();
    for name in written {
        if is_interface(name.value()) {
            names.push(name.value().clone());
        } else {
            let allowed = "1 to 15 characters, without `/`, `:` and spaces, as `ip link` shows them";
            context.wrong_word(name.span(), name.value(), "name of an interface", allowed);
        }
    }
    names
}

/// `dev_valid_name` of the kernel; `:` stands in the names of aliases, which are no interfaces.
fn is_interface(name: &str) -> bool {
    let sound = |c: char| !c.is_whitespace() && !c.is_control() && c != '/' && c != ':';
    (1..16).contains(&name.len()) && name != "." && name != ".." && name.chars().all(sound)
}

/// They are all asked at once.
const MOST: usize = 32;

/// More often would be a load on those who are asked.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

const SHORTEST_TIMEOUT: Duration = Duration::from_millis(100);
