//! A command that is no run: it lives no longer than its channel, and nothing of it is kept.

use std::time::Duration;

use super::exec::{CHUNK, LONGEST_PAUSE, Output, SHORTEST_PAUSE};
use super::host::SimHost;
use super::program::End;

/// Prints what `command` does, at its pace, and gives the status it ends with; `None` when the channel
/// has gone. All of it goes to stdout.
pub(super) async fn run(host: &SimHost, command: &str, output: &Output) -> Option<u32> {
    output.say(host.noise().as_bytes().to_vec()).await?;
    let (program, start) = (host.machine().program(command), host.now().sim);
    let (mut next, mut pause): (u64, Duration) = (0, SHORTEST_PAUSE);
    loop {
        let elapsed = host.now().sim.saturating_sub(start);
        let end = program.ends().filter(|(at, _)| *at <= elapsed);
        let due = program.count(end.map_or(elapsed, |(at, _)| at));
        if next < due {
            let mut bytes = Vec::new();
            while next < due && bytes.len() < CHUNK {
                program.frame(next, &mut bytes);
                next += 1;
            }
            output.say(bytes).await?;
            pause = SHORTEST_PAUSE;
            continue;
        }
        match end {
            Some((_, End::Code(code))) => return u32::try_from(code & 255).ok(),
            // As a shell tells it whose child was killed.
            Some((_, End::OutOfMemory)) => return Some(137),
            None => host.time().sleep(pause).await,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
