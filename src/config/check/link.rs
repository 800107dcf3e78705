//! Timing of a connection.

use std::num::NonZeroU32;
use std::ops::Range;
use std::time::Duration;

use super::Context;
use crate::config::file::Link;
use crate::config::value::{At, Time};
use crate::domain::link::{LinkSettings, Multiplier};

/// `base` with what is written in its place. Told of is only what is wrong because of a key that is
/// written here.
pub(super) fn link(written: &Link, base: LinkSettings, context: &mut Context<'_, '_>) -> LinkSettings {
    let mut link = base;
    let mut time = |field: &mut Duration, written: Option<&At<Time>>| {
        let Some(written) = written else { return };
        if written.value().0.is_zero() {
            context.findings.add(written.span(), "must be longer than nothing");
        } else {
            *field = written.value().0;
        }
    };
    time(&mut link.keepalive, written.keepalive.as_ref());
    time(&mut link.backoff_initial, written.backoff_initial.as_ref());
    time(&mut link.backoff_maximum, written.backoff_maximum.as_ref());
    time(&mut link.lost_after, written.lost_after.as_ref());
    time(&mut link.connect_timeout, written.connect_timeout.as_ref());
    time(&mut link.tcp_timeout, written.tcp_timeout.as_ref());
    if let Some(count) = &written.keepalive_count {
        if *count.value() == 0 {
            context.findings.add(count.span(), "must be at least 1");
        } else {
            link.keepalive_count = *count.value();
        }
    }
    if let Some(times) = &written.backoff_multiplier {
        match Multiplier::parse(*times.value()) {
            Some(multiplier) => link.backoff_multiplier = multiplier,
            None => {
                context.findings.add(times.span(), format!("must be from 1 to {}", Multiplier::MOST));
            }
        }
    }
    if let Some(limit) = &written.connect_limit {
        match NonZeroU32::new(*limit.value()).filter(|limit| limit.get() <= MOST_CONNECTS) {
            Some(limit) => link.connect_limit = limit,
            None => {
                context.findings.add(limit.span(), format!("must be from 1 to {MOST_CONNECTS}"));
            }
        }
    }
    if let Some(attempts) = &written.attempts {
        link.attempts = attempts.value().0;
    }
    order(written, &link, context);
    link
}

/// What must not be shorter than something else.
fn order(written: &Link, link: &LinkSettings, context: &mut Context<'_, '_>) {
    let spot = |a: Option<&At<Time>>, b: Option<&At<Time>>| -> Option<Range<usize>> { a.or(b).map(At::span) };
    let show = humantime::format_duration;
    if link.backoff_maximum < link.backoff_initial
        && let Some(span) = spot(written.backoff_maximum.as_ref(), written.backoff_initial.as_ref())
    {
        let (maximum, initial) = (show(link.backoff_maximum), show(link.backoff_initial));
        context
            .findings
            .add(span, format!("backoff_maximum ({maximum}) is shorter than backoff_initial ({initial})"))
            .help("the delay begins with backoff_initial and grows up to backoff_maximum");
    }
    if link.connect_timeout < link.tcp_timeout
        && let Some(span) = spot(written.tcp_timeout.as_ref(), written.connect_timeout.as_ref())
    {
        let (tcp, connect) = (show(link.tcp_timeout), show(link.connect_timeout));
        context
            .findings
            .add(span, format!("tcp_timeout ({tcp}) is longer than connect_timeout ({connect})"))
            .help("connect_timeout is for the whole way, TCP included");
    }
}

/// As many as there are in all.
const MOST_CONNECTS: u32 = 32;
