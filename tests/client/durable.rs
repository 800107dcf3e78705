//! Runs that outlive their client.

use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;
use steadfast::client::ClientError;
use steadfast::domain::id::{Attempt, AttemptId, RunId};
use steadfast::domain::run::{Killer, Observed, RunIo, RunSpec, Stream, Verdict};

use crate::bench::{Bench, soon};

pub fn split(command: impl Into<String>) -> RunSpec {
    RunSpec { io: RunIo::Split, ..RunSpec::new(command) }
}

pub fn new_id() -> AttemptId {
    AttemptId { run: RunId::from_random(rand::random()), attempt: Attempt::FIRST }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_started_once_and_goes_on_without_its_client() {
    let Some(bench) = Bench::new() else { return };
    let id = new_id();
    let (file, gate) = (bench.sshd.dir().join("ran"), bench.sshd.dir().join("gate"));
    let command = format!(
        "echo once >>'{}'; while [ ! -e '{}' ]; do sleep 0.1; done; [ \"$A:$TOKEN\" = '1 '\\''2:s3cret' ]",
        file.display(),
        gate.display()
    );
    let spec = RunSpec { env: vec![("A".into(), "1 '2".into())], ..split(command) };
    let secrets = [("TOKEN".to_owned(), SecretString::from("s3cret"))];
    for _ in 0..3 {
        let client = bench.connect().await;
        let evidence = soon(client.start_as(id, &spec, &secrets)).await.unwrap();
        assert_eq!(evidence.observed, Observed::Running);
        assert_eq!(soon(client.verdict(id)).await.unwrap(), None);
        bench.sshd.kill_sessions();
    }
    std::fs::write(&gate, "").unwrap();
    let client = bench.connect().await;
    let mut output = soon(client.attach(id, Stream::Out, 0)).await.unwrap();
    assert_eq!(soon(output.next()).await.unwrap(), None);
    assert_eq!(output.verdict(), Some(&Verdict::Finished { code: 0 }), "it did not see its environment");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "once\n");
    assert!(!holds(&bench.sshd.home(), b"'s3cret'"), "a secret was written down");
}

/// Whether any file under `dir` holds these bytes.
fn holds(dir: &Path, bytes: &[u8]) -> bool {
    let entries: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!entries.is_empty() || dir.ends_with("sessions"), "{} is empty", dir.display());
    entries.iter().filter(|path| !path.is_symlink()).any(|path| {
        if path.is_dir() {
            holds(path, bytes)
        } else {
            path.is_file() && std::fs::read(path).unwrap().windows(bytes.len()).any(|window| window == bytes)
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_ends_everything_and_says_so() {
    let Some(bench) = Bench::new() else { return };
    let client = bench.connect().await;
    // It does not end by itself when its child is killed before it.
    let stubborn = "trap '' TERM; echo up; sleep 1000 & while :; do sleep 1000; done";
    let id = soon(client.start(&split(stubborn))).await.unwrap();
    let mut output = soon(client.attach(id, Stream::Out, 0)).await.unwrap();
    assert_eq!(soon(output.next()).await.unwrap().as_deref(), Some(&b"up\n"[..]));
    let error = soon(client.remove(id)).await.expect_err("it runs");
    assert!(matches!(error, ClientError::Remote(_)), "{error:?}");
    let cancelled = soon(client.cancel(id, Duration::from_secs(1))).await.unwrap();
    assert_eq!(cancelled.left_over, [""; 0]);
    assert_eq!(soon(output.next()).await.unwrap(), None);
    let killed = Verdict::Killed { signal: 9, by: Killer::Operator };
    assert_eq!(output.verdict(), Some(&killed));
    assert_eq!(soon(client.verdict(id)).await.unwrap(), Some(killed));
    let runs = soon(client.runs()).await.unwrap();
    assert_eq!(runs.iter().map(|found| found.id).collect::<Vec<_>>(), [id]);
    soon(client.remove(id)).await.unwrap();
    assert!(soon(client.runs()).await.unwrap().is_empty());
    assert_eq!(soon(client.look(id)).await.unwrap().observed, Observed::Missing);
    assert!(matches!(soon(client.verdict(id)).await, Err(ClientError::NoSuchRun(missing)) if missing == id));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cancelled_before_it_came_is_never_started() {
    let Some(bench) = Bench::new() else { return };
    let client = bench.connect().await;
    let (id, file) = (new_id(), bench.sshd.dir().join("ran"));
    soon(client.cancel(id, Duration::ZERO)).await.unwrap();
    let error = soon(client.start_as(id, &split(format!("touch '{}'", file.display())), &[])).await;
    assert!(matches!(error, Err(ClientError::NotStarted)), "{error:?}");
    assert!(!file.exists());
}
