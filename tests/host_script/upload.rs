//! A file sent over the shell, and run.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use sha2::{Digest, Sha256};
use steadfast::domain::run::{ExitKind, RunSpec, Stream, UPLOADED, Upload};
use steadfast::remote::{self, RemoteError};

use crate::bench::{Bench, code, in_every_shell, split};

in_every_shell!(
    a_file_is_sent_once_and_run,
    what_a_cut_left_is_gone_on_with,
    what_is_wrong_is_sent_anew,
    it_runs_where_nothing_may_be_executed,
);

async fn given(bench: &Bench, content: &[u8]) -> Upload {
    let path = bench.dir().join("tool");
    fs::write(&path, content).unwrap();
    let upload = remote::describe(&path).await.unwrap();
    let sum: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((upload.size, upload.sha256.as_str()), (content.len() as u64, sum.as_str()));
    upload
}

fn place(bench: &Bench, upload: &Upload) -> PathBuf {
    bench.home().join(".local/state/steadfast/uploads").join(&upload.sha256)
}

fn runs(upload: Upload, command: &str) -> RunSpec {
    RunSpec { upload: Some(upload), ..split(command) }
}

/// Any bytes, longer than what pipes and shells hold.
fn bytes() -> Vec<u8> {
    (0..700_001_u32).map(|n| (n ^ (n >> 7) ^ (n >> 12)) as u8).collect()
}

async fn a_file_is_sent_once_and_run(bench: Bench) {
    let script = b"#!/bin/sh\necho \"got $# $1\"\nexit 9\n";
    let upload = given(&bench, script).await;
    let mut told = Vec::new();
    let sent = remote::upload(&bench.session, &upload, |there| told.push(there)).await.unwrap();
    assert_eq!((sent.sent, sent.notice), (script.len() as u64, None));
    assert_eq!((told.first(), told.last()), (Some(&0), Some(&upload.size)));
    assert_eq!(sent.path, place(&bench, &upload).display().to_string());
    assert_eq!(remote::upload(&bench.session, &upload, |_| {}).await.unwrap().sent, 0);
    let (id, record) = bench.run(&runs(upload.clone(), &format!("{UPLOADED} 'a b'"))).await;
    assert_eq!((record.end, bench.spool(id, Stream::Out)), (code(9), b"got 1 a b\n".to_vec()));
    let missing = Upload { sha256: "0".repeat(64), ..upload };
    let refused = bench.try_start(crate::bench::new_id(), &runs(missing, UPLOADED)).await.unwrap_err();
    assert!(matches!(&refused, RemoteError::Host(why) if why.contains("uploaded file")), "{refused}");
}

async fn what_a_cut_left_is_gone_on_with(bench: Bench) {
    let content = bytes();
    let upload = given(&bench, &content).await;
    let part = place(&bench, &upload).with_extension("part");
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    fs::write(&part, &content[..300_007]).unwrap();
    let sent = remote::upload(&bench.session, &upload, |_| {}).await.unwrap();
    assert_eq!(sent.sent, 400_000 - 6);
    assert!(fs::read(place(&bench, &upload)).unwrap() == content);
    assert!(!part.exists());
}

async fn what_is_wrong_is_sent_anew(bench: Bench) {
    let content = bytes();
    let upload = given(&bench, &content).await;
    let part = place(&bench, &upload).with_extension("part");
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    // The right length, longer, and a wrong beginning.
    for (wrong, at_least) in [(700_001, 700_001), (700_002, 700_001), (300_000, 700_001)] {
        fs::write(&part, vec![b'?'; wrong]).unwrap();
        let sent = remote::upload(&bench.session, &upload, |_| {}).await.unwrap();
        assert!(sent.sent >= at_least, "{} sent", sent.sent);
        assert!(fs::read(place(&bench, &upload)).unwrap() == content);
        fs::remove_file(place(&bench, &upload)).unwrap();
    }
    // A file that changed under us.
    fs::write(&upload.path, vec![b'!'; content.len()]).unwrap();
    let refused = remote::upload(&bench.session, &upload, |_| {}).await.unwrap_err();
    assert!(matches!(&refused, RemoteError::File { .. }), "{refused}");
    assert!(!place(&bench, &upload).exists());
}

async fn it_runs_where_nothing_may_be_executed(mut bench: Bench) {
    let home = bench.home();
    if !bench.mount(&home, &["-t", "tmpfs", "-o", "noexec,size=8m", "tmpfs"]) {
        return;
    }
    let scripts: [(&str, &str, ExitKind); 4] = [
        ("#!/bin/sh\necho \"sh $1\"; exit 3\n", "sh a b\n", code(3)),
        ("echo \"none $1\"; exit 4\n", "none a b\n", code(4)),
        ("#!/bin/sh\necho dies; kill -9 $$\n", "dies\n", ExitKind::Signal(9)),
        ("#!/usr/bin/env -S awk -f\nBEGIN { print \"awk \" ARGV[1]; exit 5 }\n", "awk a b\n", code(5)),
    ];
    for (script, said, end) in scripts {
        if script.contains("env -S") && !bench.has_terminal() {
            continue; // /usr/bin/env is not BusyBox's
        }
        let upload = given(&bench, script.as_bytes()).await;
        remote::upload(&bench.session, &upload, |_| {}).await.unwrap();
        let (id, record) = bench.run(&runs(upload, &format!("{UPLOADED} 'a b'"))).await;
        let heard = String::from_utf8(bench.spool(id, Stream::Out)).unwrap();
        let complaint = String::from_utf8_lossy(&bench.spool(id, Stream::Err)).into_owned();
        assert_eq!((heard.as_str(), record.end), (said, end), "{complaint}");
    }
    // Nor does a program that is no script claim to have worked.
    let upload = given(&bench, &fs::read("/bin/true").unwrap()).await;
    remote::upload(&bench.session, &upload, |_| {}).await.unwrap();
    let (id, record) = bench.run(&runs(upload, UPLOADED)).await;
    assert_eq!(record.end, code(126));
    let complaint = String::from_utf8_lossy(&bench.spool(id, Stream::Err)).into_owned();
    assert!(complaint.to_lowercase().contains("ermission denied"), "{complaint}");
}

/// An upload whose connection ends between two bytes goes on where it was.
#[tokio::test]
async fn a_cut_upload_leaves_a_beginning() {
    let Some(bench) = Bench::new(crate::local_session::Shell::Dash) else { return };
    let content = bytes();
    let upload = given(&bench, &content).await;
    let part = place(&bench, &upload).with_extension("part");
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    let functions = include_str!("../../assets/host.sh");
    let mut shell = bench.session.surroundings().command();
    let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = shell.stdin.take().unwrap();
    write!(stdin, "{functions}\n{{ sf_main put {} 0 ; exit; }}\n", upload.sha256).unwrap();
    let mut stdout = std::io::BufReader::new(shell.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("ready") {
        line.clear();
        std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    }
    stdin.write_all(&content[..123_456]).unwrap();
    drop(stdin);
    shell.wait().unwrap();
    assert_eq!(fs::metadata(&part).unwrap().len(), 123_456);
    let sent = remote::upload(&bench.session, &upload, |_| {}).await.unwrap();
    assert_eq!(sent.sent, content.len() as u64 - 123_456);
    assert!(fs::read(place(&bench, &upload)).unwrap() == content);
}
