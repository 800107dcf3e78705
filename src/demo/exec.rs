//! One exec channel: reads the script, answers, ends as a shell under OpenSSH would. One task per
//! channel, so that one that waits for its window holds nobody else up.

use std::pin::pin;
use std::time::Duration;

use russh::server::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio_util::sync::CancellationToken;

use super::answer::{Call, answer, state};
use super::host::SimHost;
use super::plain;
use super::script::{Reading, Script, read};
use crate::domain::id::AttemptId;
use crate::domain::run::Stream;

/// Runs `command` on the channel until it ends or the channel does.
pub(super) async fn run(host: SimHost, channel: Channel<Msg>, command: Vec<u8>) {
    let (mut input, output) = channel.split();
    let output = Output(output);
    let status = match command.as_slice() {
        b"exec /bin/sh -s" => shell(&host, &mut input, &output).await,
        b"true" | b":" => Some(0),
        other => {
            let name = String::from_utf8_lossy(other).chars().filter(|c| !c.is_control()).take(200).collect::<String>();
            output
                .complain(&format!("{name}: this is a simulated host, which runs nothing but steadfast's script\n"))
                .await
                .map(|()| 127)
        }
    };
    if let Some(status) = status {
        // As OpenSSH does; an error means that nobody is there any more to tell.
        let _ = output.0.exit_status(status).await;
        let _ = output.0.eof().await;
        let _ = output.0.close().await;
    }
}

/// The status to report; `None` when the channel has gone.
async fn shell(host: &SimHost, input: &mut ChannelReadHalf, output: &Output) -> Option<u32> {
    let lease = CancellationToken::new();
    let reading = receive(input, &lease).await?;
    match &reading {
        Reading::Complete(_) | Reading::Command(_) | Reading::Health { .. } => {}
        Reading::Incomplete => return output.complain("sh: syntax error: unexpected end of file\n").await.map(|()| 2),
        Reading::Invalid => return output.complain("sh: syntax error: unexpected word\n").await.map(|()| 2),
    }
    let mut work = pin!(async {
        match &reading {
            Reading::Complete(script) => perform(host, script, output, &lease).await,
            Reading::Command(command) => plain::run(host, command, output).await,
            Reading::Health { gap } => {
                let answer = host.machine().health(host.now(), *gap);
                output.say([host.noise(), &answer].concat().into_bytes()).await.map(|()| 0)
            }
            Reading::Incomplete | Reading::Invalid => None,
        }
    });
    loop {
        tokio::select! {
            status = &mut work => return status,
            message = input.wait() => match message {
                None | Some(ChannelMsg::Close) => return None,
                Some(message) => if matches!(message, ChannelMsg::Eof) { lease.cancel() },
            },
        }
    }
}

/// Reads stdin up to the end of the script. EOF, then or later, ends the lease.
async fn receive(input: &mut ChannelReadHalf, lease: &CancellationToken) -> Option<Reading> {
    let mut text = Vec::new();
    loop {
        let message = input.wait().await?;
        if matches!(message, ChannelMsg::Close) {
            return None;
        }
        if matches!(message, ChannelMsg::Eof) {
            lease.cancel();
            return Some(Reading::Incomplete);
        }
        if let ChannelMsg::Data { data } = message {
            text.extend_from_slice(&data);
        }
        if text.len() > LONGEST_SCRIPT {
            return Some(Reading::Invalid);
        }
        // Only a line's end can complete it, and reading begins anew each time.
        if text.ends_with(b"\n") {
            match read(&String::from_utf8_lossy(&text)) {
                Reading::Incomplete => {}
                found @ (Reading::Complete(_) | Reading::Command(_) | Reading::Health { .. } | Reading::Invalid) => {
                    return Some(found);
                }
            }
        }
    }
}

async fn perform(host: &SimHost, script: &Script, output: &Output, lease: &CancellationToken) -> Option<u32> {
    output.say(host.noise().as_bytes().to_vec()).await?;
    let outcome = match Call::parse(script) {
        Ok(Call::Follow { id, stream, offset }) => return follow(host, id, stream, offset, output, lease).await,
        Ok(Call::Plain(call)) => answer(host, call).await,
        Err(error) => Err(error),
    };
    let mut text = format!("\x1eSF1 {}\n", script.verb);
    let (keys, status) = match outcome {
        Ok(keys) => (keys, 0),
        Err(error) => (vec![("error", error)], 1),
    };
    for (key, value) in keys {
        let value: String = value.chars().filter(|c| !c.is_control()).take(LONGEST_VALUE).collect();
        text.push_str(&format!("{key}={value}\n"));
    }
    text.push_str(&format!("\x1eSF1 end {status}\n"));
    output.say(text.into_bytes()).await.map(|()| 0)
}

/// The spool's bytes from `offset` on stdout, states on stderr, until the lease ends.
async fn follow(
    host: &SimHost,
    id: AttemptId,
    stream: Stream,
    offset: u64,
    output: &Output,
    lease: &CancellationToken,
) -> Option<u32> {
    let marker = |text: String| output.say(format!("\x1eSF1 {text}\n").into_bytes());
    let look = host.look(id, stream);
    let Some(look) = look else { return marker("missing".into()).await.map(|()| 0) };
    if offset < look.base {
        return marker(format!("gap {offset} {}", look.base)).await.map(|()| 0);
    }
    if offset > look.size {
        return marker(format!("short {}", look.size)).await.map(|()| 0);
    }
    marker(format!("follow {offset}")).await?;
    tokio::select! {
        () = lease.cancelled() => Some(0),
        status = stream_spool(host, id, stream, offset, output) => status,
    }
}

async fn stream_spool(host: &SimHost, id: AttemptId, stream: Stream, mut offset: u64, output: &Output) -> Option<u32> {
    let mut reader = None;
    let mut state_due = Duration::ZERO;
    let mut told_end = false;
    let mut pause = SHORTEST_PAUSE;
    loop {
        let Some(look) = host.look(id, stream) else { return Some(1) };
        if offset < look.base {
            return Some(1); // stands in a hole: what tail would read there are zeros
        }
        let now = host.now().sim;
        let ended = look.over && offset >= look.size && !told_end;
        if now >= state_due || ended {
            told_end |= ended;
            state_due = now + STATE_EVERY;
            output.complain(&state_line(host, id)).await?;
        }
        if offset < look.size {
            let reader = match &mut reader {
                Some(reader) => reader,
                None => reader.insert(host.machine().reader(id, stream, offset)?),
            };
            let bytes = reader.read(offset, look.size, CHUNK);
            offset += bytes.len() as u64;
            pause = SHORTEST_PAUSE;
            output.say(bytes).await?;
        } else {
            host.time().sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

fn state_line(host: &SimHost, id: AttemptId) -> String {
    let keys = state(host, id)
        .into_iter()
        .map(|(key, value)| format!(" {key}={}", value.replace('%', "%25").replace(' ', "%20")));
    format!("SF state{}\n", keys.collect::<String>())
}

/// The channel's outgoing side. Writing waits for the peer's window; `None` when the channel is gone.
pub(super) struct Output(ChannelWriteHalf<Msg>);

impl Output {
    pub(super) async fn say(&self, bytes: Vec<u8>) -> Option<()> {
        if bytes.is_empty() {
            return Some(());
        }
        self.0.data_bytes(bytes).await.ok()
    }

    /// On stderr.
    async fn complain(&self, text: &str) -> Option<()> {
        self.0.extended_data_bytes(1, text.as_bytes().to_vec()).await.ok()
    }
}

/// The real one has some tens of kilobytes; more is no script.
const LONGEST_SCRIPT: usize = 1 << 20;
const LONGEST_VALUE: usize = 4000;
const STATE_EVERY: Duration = Duration::from_secs(5);
/// Between looks at a spool that has nothing new: longer and longer, and never so long that a line
/// would be seen late.
pub(super) const SHORTEST_PAUSE: Duration = Duration::from_millis(40);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_millis(240);
pub(super) const CHUNK: usize = 32 * 1024;
