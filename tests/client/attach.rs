//! The output of a run: all of it, once, in order.

use steadfast::client::{Attached, Client, ClientError};
use steadfast::domain::event::Lengths;
use steadfast::domain::id::AttemptId;
use steadfast::domain::run::{RunSpec, Stream, Verdict};

use crate::bench::{Bench, soon};
use crate::durable::{new_id, split};

async fn attach(client: &Client, id: AttemptId, offset: u64) -> Result<Attached, ClientError> {
    soon(client.attach(id, Stream::Out, offset)).await
}

async fn rest(output: &mut Attached) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(bytes) = soon(output.next()).await.expect("it can be read") {
        all.extend_from_slice(&bytes);
    }
    all
}

fn numbers(last: u32) -> Vec<u8> {
    (1..=last).flat_map(|number| format!("{number}\n").into_bytes()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn output_goes_on_at_the_very_byte_where_a_connection_died() {
    let Some(bench) = Bench::new() else { return };
    let mut client = bench.connect().await;
    let id = soon(client.start(&split("seq 1 1000000; exit 3"))).await.unwrap();
    let expected = numbers(1_000_000);
    let (mut log, mut deaths) = (Vec::new(), 0);
    let mut output = attach(&client, id, 0).await.unwrap();
    let verdict = loop {
        match soon(output.next()).await {
            Ok(Some(bytes)) => {
                log.extend_from_slice(&bytes);
                assert_eq!(output.offset(), log.len() as u64);
                if log.len() > (deaths + 1) * expected.len() / 7 {
                    deaths += 1;
                    if deaths % 2 == 0 { bench.sshd.kill_sessions() } else { bench.proxy.cut() }
                }
            }
            Ok(None) => break output.verdict().cloned(),
            Err(error) => {
                assert!(matches!(error, ClientError::Lost(_)), "{error:?}");
                assert!(soon(output.next()).await.is_err(), "an end after an error");
                soon(client.reconnect(5)).await.unwrap();
                output = attach(&client, id, log.len() as u64).await.unwrap();
            }
        }
    };
    assert!(log == expected, "{} bytes of {}", log.len(), expected.len());
    assert_eq!(verdict, Some(Verdict::Finished { code: 3 }));
    assert!(deaths >= 6, "killed {deaths} times only");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_slowly_loses_nothing_and_keeps_the_connection() {
    let Some(bench) = Bench::new() else { return };
    let client = bench.connect().await;
    let id = soon(client.start(&split("seq 1 3000000"))).await.unwrap();
    let mut output = attach(&client, id, 0).await.unwrap();
    let mut log = soon(output.next()).await.unwrap().unwrap().to_vec();
    // Until all of it was printed, which is ten times what waits for the reader.
    while soon(client.verdict(id)).await.unwrap().is_none() {}
    assert!(soon(client.is_alive()).await);
    log.extend(rest(&mut output).await);
    assert!(log == numbers(3_000_000), "{} bytes", log.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn why_there_is_nothing_to_attach_to_is_told() {
    let Some(bench) = Bench::new() else { return };
    let client = bench.connect().await;
    let id = soon(client.start(&RunSpec::new("echo 12345678; exit 1"))).await.unwrap();
    assert_eq!(rest(&mut attach(&client, id, 0).await.unwrap()).await, b"12345678\r\n");
    let mut output = attach(&client, id, 3).await.unwrap();
    assert_eq!(rest(&mut output).await, b"45678\r\n");
    assert_eq!(output.verdict(), Some(&Verdict::Finished { code: 1 }));
    assert_eq!(soon(output.next()).await.unwrap(), None, "the end is the end");

    let mut output = attach(&client, id, 10).await.unwrap();
    assert_eq!((rest(&mut output).await.len(), output.offset()), (0, 10));
    assert_eq!(output.verdict(), Some(&Verdict::Finished { code: 1 }));

    let short = attach(&client, id, 11).await.err();
    assert!(matches!(short, Some(ClientError::OutputShort { offset: 11, size: 10 })), "{short:?}");
    let other = new_id();
    let missing = attach(&client, other, 0).await.err();
    assert!(matches!(missing, Some(ClientError::NoSuchRun(id)) if id == other), "{missing:?}");
    let no_stream = soon(client.attach(id, Stream::Err, 0)).await.err();
    assert!(matches!(no_stream, Some(ClientError::NoSuchRun(_))), "{no_stream:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn output_that_was_given_up_is_told_with_what_is_left() {
    let Some(bench) = Bench::new() else { return };
    let client = bench.connect().await;
    let id = soon(client.start(&split("seq 1 200000"))).await.unwrap();
    let all = rest(&mut attach(&client, id, 0).await.unwrap()).await;
    let half = all.len() as u64 / 2;
    let bases = soon(client.acknowledge(id, Lengths { out: half, err: 0 })).await.unwrap();
    let gone = attach(&client, id, 0).await.err();
    let Some(ClientError::OutputGone { offset: 0, base }) = gone else { panic!("{gone:?}, {bases:?}") };
    assert!(base == bases.out && base <= half, "{bases:?}");
    let left = rest(&mut attach(&client, id, base).await.unwrap()).await;
    assert!(left == all[usize::try_from(base).unwrap()..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_keeps_the_connection_that_its_client_dropped() {
    let Some(bench) = Bench::new() else { return };
    let client = bench.connect().await;
    let gate = bench.sshd.dir().join("gate");
    let command = format!("echo up; while [ ! -e '{}' ]; do sleep 0.1; done; echo down", gate.display());
    let id = soon(client.start(&split(command))).await.unwrap();
    let mut output = attach(&client, id, 0).await.unwrap();
    drop(client);
    assert_eq!(soon(output.next()).await.unwrap().as_deref(), Some(&b"up\n"[..]));
    std::fs::write(&gate, "").unwrap();
    assert_eq!(rest(&mut output).await, b"down\n");
}
