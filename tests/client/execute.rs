//! Programs that live no longer than their channel.

use std::cell::RefCell;
use std::time::Duration;

use steadfast::client::{Client, ClientError, Execute, LINE_LIMIT, Line};
use steadfast::domain::diagnosis::Cause;
use steadfast::domain::run::Stream;
use steadfast::port::ExitStatus;
use tokio_util::sync::CancellationToken;

use crate::bench::{Bench, ENDLESS, soon};
use crate::support::until;

/// All that a command said, stream by stream, byte for byte.
async fn run(client: &Client, command: &str) -> (ExitStatus, Vec<u8>, Vec<u8>) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let on_line = |line: Line<'_>| {
        assert!(line.bytes.len() <= LINE_LIMIT && !line.bytes.contains(&b'\n'));
        let into = match line.stream {
            Stream::Out => &mut out,
            Stream::Err => &mut err,
        };
        into.extend_from_slice(line.bytes);
        into.extend(line.complete.then_some(b'\n'));
    };
    let status = soon(client.execute(command, &Execute::default(), on_line)).await.expect("runs");
    (status, out, err)
}

/// What comes of an endless command of which `then` is called at its first line.
async fn broken(client: &Client, how: &Execute, then: impl Fn()) -> ClientError {
    let seen = RefCell::new(0);
    let on_line = |line: Line<'_>| {
        if seen.replace_with(|seen| *seen + 1) == 0 {
            assert_eq!(line.bytes, b"up");
            then();
        }
    };
    soon(client.execute(ENDLESS, how, on_line)).await.expect_err("it never ends")
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_and_signals_are_told_apart() {
    let Some(bench) = Bench::new() else { return };
    let client = bench.connect().await;
    for code in [0, 1, 137, 255] {
        assert_eq!(run(&client, &format!("exit {code}")).await.0, ExitStatus::Code(code));
    }
    for signal in ["KILL", "TERM", "SEGV"] {
        assert_eq!(run(&client, &format!("kill -{signal} $$")).await.0, ExitStatus::Signal(signal.into()));
    }
    assert_eq!(run(&client, "/nowhere/at-all").await.0, ExitStatus::Code(127));
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_kept_apart_and_nothing_is_read_from_stdin() {
    let Some(bench) = Bench::new() else { return };
    let client = bench.connect().await;
    let (status, out, err) = run(&client, "cat; echo 'it'\\''s out'; echo \"two\nlines\" >&2; printf rest").await;
    assert_eq!((status, &out[..], &err[..]), (ExitStatus::Code(0), &b"it's out\nrest"[..], &b"two\nlines\n"[..]));
    assert_eq!(run(&client, "").await, (ExitStatus::Code(0), Vec::new(), Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_bytes_and_lines_of_any_length_arrive_whole() {
    let Some(bench) = Bench::new() else { return };
    let client = bench.connect().await;
    let mut noise: Vec<u8> = (0..3_000_000).map(|_| rand::random()).collect();
    noise.extend(vec![b'x'; 5 * LINE_LIMIT + 1]);
    let path = bench.sshd.dir().join("noise");
    std::fs::write(&path, &noise).unwrap();
    let (status, out, err) = run(&client, &format!("cat '{0}'; cat '{0}' >&2", path.display())).await;
    assert_eq!(status, ExitStatus::Code(0));
    assert!(out == noise && err == noise, "{} and {} of {}", out.len(), err.len(), noise.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_given_up_when_its_time_is_over_or_the_caller_wants_it() {
    let Some(bench) = Bench::new() else { return };
    let client = bench.connect().await;
    let limit = Duration::from_millis(500);
    let mut lines = 0;
    let outcome = soon(client.execute(ENDLESS, &Execute::within(limit), |_| lines += 1)).await;
    assert!(matches!(outcome, Err(ClientError::TimedOut(after)) if after == limit), "{outcome:?}");

    let token = CancellationToken::new();
    let how = Execute { cancel: token.clone(), ..Execute::default() };
    let error = broken(&client, &how, || token.cancel()).await;
    assert!(matches!(error, ClientError::Cancelled), "{error:?}");
    let error = soon(client.execute("echo never", &how, |_| panic!("it was started"))).await;
    assert!(matches!(error, Err(ClientError::Cancelled)), "{error:?}");

    // More often than a connection has channels: each of them is given back. sshd counts a session for
    // as long as its program lives, which here is until it next writes to nobody.
    let quiet = |what: &str| until(what, || bench.programs() == 0);
    quiet("the programs before end");
    for _ in 0..25 {
        let how = Execute { cancel: CancellationToken::new(), ..Execute::default() };
        broken(&client, &how, || how.cancel.cancel()).await;
        quiet("the program ends with its channel");
        assert_eq!(run(&client, "echo fine").await, (ExitStatus::Code(0), b"fine\n".to_vec(), Vec::new()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_ends_is_not_the_end_of_the_program() {
    let Some(bench) = Bench::new() else { return };
    let mut client = bench.connect().await;
    let breaks: [&dyn Fn(); 2] = [&|| bench.sshd.kill_sessions(), &|| bench.proxy.cut()];
    for break_it in breaks {
        let error = broken(&client, &Execute::default(), break_it).await;
        assert!(matches!(error, ClientError::Lost(_)) && error.is_lost(), "{error:?}");
        let error = soon(client.execute("true", &Execute::default(), |_| {})).await;
        assert!(matches!(error, Err(ClientError::Lost(_))), "{error:?}");
        soon(client.reconnect(5)).await.expect("reconnects");
        assert_eq!(run(&client, "exit 7").await.0, ExitStatus::Code(7));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_silent_ends_a_wait_without_limit() {
    let Some(bench) = Bench::new() else { return };
    let client = bench.connect().await;
    let error = broken(&client, &Execute::default(), || bench.proxy.stall()).await;
    assert!(matches!(error, ClientError::Lost(Cause::Silent(_))), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_only_quiet_is_waited_for() {
    let Some(bench) = Bench::new() else { return };
    let client = bench.connect().await;
    // Longer than silence is put up with.
    assert_eq!(run(&client, "sleep 17; exit 9").await.0, ExitStatus::Code(9));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_said_or_started_is_told() {
    let Some(bench) = Bench::with(&["MaxSessions 1"]) else { return };
    let client = bench.connect().await;
    let error = soon(client.execute("echo a\0b", &Execute::default(), |_| {})).await;
    assert!(matches!(error, Err(ClientError::Unusable(_))), "{error:?}");
    let (up, ready) = tokio::sync::oneshot::channel();
    let mut up = Some(up);
    let cancel = CancellationToken::new();
    let how = Execute { cancel: cancel.clone(), ..Execute::default() };
    let first = client.execute(ENDLESS, &how, |_| {
        if let Some(up) = up.take() {
            up.send(()).ok();
        }
    });
    let second = async {
        ready.await.unwrap();
        let outcome = client.execute("true", &Execute::default(), |_| {}).await;
        cancel.cancel();
        outcome
    };
    let (_, outcome) = soon(async { tokio::join!(first, second) }).await;
    assert!(matches!(outcome, Err(ClientError::Refused(_))), "{outcome:?}");
}
