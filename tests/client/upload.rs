//! Files sent to the host: once, whole, and on from where a cut left them.

use std::path::PathBuf;

use steadfast::client::{Client, ClientError, Execute};
use steadfast::domain::run::{RunSpec, Stream, UPLOADED, Verdict};
use steadfast::port::ExitStatus;

use crate::bench::{Bench, soon};

const SIZE: u64 = 5 << 20;

/// A file of random bytes.
fn file(bench: &Bench) -> PathBuf {
    let path = bench.sshd.dir().join("file");
    let bytes: Vec<u8> = (0..SIZE).map(|_| rand::random()).collect();
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Whether the host has, at `there`, what is in the file.
async fn arrived(client: &Client, file: &std::path::Path, there: &str) -> bool {
    let compare = format!("cmp '{}' '{there}'", file.display());
    soon(client.execute(&compare, &Execute::default(), |_| {})).await.unwrap() == ExitStatus::Code(0)
}

async fn sent_once(bench: &Bench) {
    let (client, file) = (bench.connect().await, file(bench));
    let mut seen = Vec::new();
    let sent = soon(client.upload(&file, |there| seen.push(there))).await.unwrap();
    assert_eq!((sent.bytes, sent.upload.size), (SIZE, SIZE));
    assert!(seen.is_sorted() && seen.first() == Some(&0) && seen.last() == Some(&SIZE) && seen.len() > 10);
    assert!(arrived(&client, &file, &sent.path).await);
    let before = bench.proxy.passed();
    let again = soon(client.upload(&file, |_| {})).await.unwrap();
    assert_eq!((again.bytes, &again.path), (0, &sent.path));
    assert!(bench.proxy.passed() - before < SIZE / 10, "it was sent again");
}

async fn resumed(bench: &Bench) {
    let (mut client, file) = (bench.connect().await, file(bench));
    bench.proxy.cut_after(SIZE / 2);
    let error = soon(client.upload(&file, |_| {})).await.expect_err("it was cut");
    assert!(matches!(error, ClientError::Lost(_)), "{error:?}");
    bench.proxy.mend();
    soon(client.reconnect(5)).await.unwrap();
    let sent = soon(client.upload(&file, |_| {})).await.unwrap();
    assert!(sent.bytes > 0 && sent.bytes < SIZE, "{} bytes of {SIZE} the second time", sent.bytes);
    assert!(arrived(&client, &file, &sent.path).await);
}

/// Without a line for it, there is no sftp.
const NO_SFTP: &[&str] = &["Subsystem other internal-sftp"];

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_over_sftp_once() {
    let Some(bench) = Bench::new() else { return };
    sent_once(&bench).await;
    assert!(bench.sshd.log().contains("subsystem 'sftp'"), "it did not go over sftp");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_over_the_shell_where_there_is_no_sftp() {
    let Some(bench) = Bench::with(NO_SFTP) else { return };
    sent_once(&bench).await;
    assert!(!bench.sshd.log().contains("subsystem 'sftp'"), "there is sftp");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_upload_goes_on_where_it_was_over_sftp() {
    let Some(bench) = Bench::new() else { return };
    resumed(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_upload_goes_on_where_it_was_over_the_shell() {
    let Some(bench) = Bench::with(NO_SFTP) else { return };
    resumed(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_script_is_what_runs() {
    let Some(bench) = Bench::new() else { return };
    let client = bench.connect().await;
    let script = bench.sshd.dir().join("own-test.sh");
    std::fs::write(&script, "#!/bin/sh\necho \"ran with $1\"\nexit 5\n").unwrap();
    let sent = soon(client.upload(&script, |_| {})).await.unwrap();
    let spec = RunSpec { upload: Some(sent.upload), ..RunSpec::new(format!("{UPLOADED} care")) };
    let id = soon(client.start(&spec)).await.unwrap();
    let mut output = soon(client.attach(id, Stream::Out, 0)).await.unwrap();
    let mut log = Vec::new();
    while let Some(bytes) = soon(output.next()).await.unwrap() {
        log.extend_from_slice(&bytes);
    }
    assert_eq!((&log[..], output.verdict()), (&b"ran with care\r\n"[..], Some(&Verdict::Finished { code: 5 })));
    let error = soon(client.upload(&bench.sshd.dir().join("nowhere"), |_| {})).await;
    assert!(matches!(error, Err(ClientError::File { .. })), "{error:?}");
}
