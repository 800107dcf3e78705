//! Running programs.

use steadfast::port::{Exec, ExecError, ExecEvent, ExitStatus, Session};
use tokio::io::AsyncWriteExt;

use crate::bench::{Said, good_target, listen, run, session, soon};
use crate::support::sshd::Sshd;
use crate::support::{LIMIT, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_program_gives_its_output_apart_and_its_exit_status() {
    let Some(sshd) = Sshd::start() else { return };
    let session = session(good_target(&sshd)).await;
    let said = run(&*session, "echo out; echo err >&2; exit 3", b"").await;
    assert_eq!((&said.stdout[..], &said.stderr[..]), (&b"out\n"[..], &b"err\n"[..]));
    assert_eq!(said.exit, Some(ExitStatus::Code(3)));
    for code in [0, 1, 137, 255] {
        let said = run(&*session, &format!("exit {code}"), b"").await;
        assert_eq!(said.exit, Some(ExitStatus::Code(code)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn death_by_signal_is_told_apart_from_an_exit_code() {
    let Some(sshd) = Sshd::start() else { return };
    let session = session(good_target(&sshd)).await;
    let said = run(&*session, "kill -KILL $$", b"").await;
    assert_eq!(said.exit, Some(ExitStatus::Signal("KILL".into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_goes_over_stdin_and_any_bytes_come_back() {
    let Some(sshd) = Sshd::start() else { return };
    let session = session(good_target(&sshd)).await;
    let said = run(&*session, "exec /bin/sh -s", b"printf 'a\\000\\377b'; exit 7\n").await;
    assert_eq!(said.stdout, b"a\0\xffb");
    assert_eq!(said.exit, Some(ExitStatus::Code(7)));
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    let mut exec = soon(session.exec("exec cat")).await.unwrap();
    let (said, ()) = soon(async {
        tokio::join!(listen(&mut *exec.output), async {
            exec.stdin.write_all(&bytes).await.unwrap();
            exec.stdin.shutdown().await.unwrap();
        })
    })
    .await;
    assert_eq!(said.stdout, bytes);
    assert_eq!(said.exit, Some(ExitStatus::Code(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_stdin_is_the_end_of_input() {
    let Some(sshd) = Sshd::start() else { return };
    let session = session(good_target(&sshd)).await;
    let Exec { stdin, mut output } = soon(session.exec("cat; echo end")).await.unwrap();
    drop(stdin);
    assert_eq!(soon(listen(&mut *output)).await.stdout, b"end\n");
    assert_eq!(soon(output.next()).await, ExecEvent::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_megabytes_come_through_while_pings_are_answered() {
    let Some(sshd) = Sshd::start() else { return };
    let session = session(good_target(&sshd)).await;
    let mut exec = soon(session.exec("head -c 200000000 /dev/zero")).await.unwrap();
    let flood = async {
        let (mut count, mut exit) = (0, None);
        loop {
            match exec.output.next().await {
                ExecEvent::Stdout(bytes) => count += bytes.len(),
                ExecEvent::Stderr(bytes) => panic!("{bytes:?}"),
                ExecEvent::Exit(status) => exit = Some(status),
                ExecEvent::Closed => return (count, exit),
            }
        }
    };
    let mut flood = std::pin::pin!(tokio::time::timeout(LIMIT * 5, flood));
    let mut pings = 0;
    let result = loop {
        tokio::select! {
            done = &mut flood => break done.expect("takes for ever"),
            answer = session.ping() => { answer.unwrap(); pings += 1; }
        }
    };
    assert_eq!(result, (200_000_000, Some(ExitStatus::Code(0))));
    assert!(pings > 0);
    assert!(session.heard() > 200_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eleventh_channel_is_refused_in_words_and_the_others_work_on() {
    let Some(sshd) = Sshd::start() else { return };
    let session = session(good_target(&sshd)).await;
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(soon(session.exec("exec cat")).await.unwrap());
    }
    let refused = soon(session.exec("true")).await.map(|_| ()).unwrap_err();
    assert!(matches!(&refused, ExecError::Refused(why) if why.contains("MaxSessions")), "{refused}");
    let first = &mut open[0];
    first.stdin.write_all(b"still here").await.unwrap();
    assert_eq!(soon(first.output.next()).await, ExecEvent::Stdout(b"still here"[..].into()));
    open.clear();
    assert_eq!(when_there_is_room(&*session, "exit 4").await.exit, Some(ExitStatus::Code(4)));
}

#[tokio::test(flavor = "multi_thread")]
async fn sshd_refuses_what_is_beyond_its_own_limit_and_takes_it_when_there_is_room() {
    let Some(sshd) = Sshd::with(&["MaxSessions 2"]) else { return };
    let session = session(good_target(&sshd)).await;
    let first = soon(session.exec("exec cat")).await.unwrap();
    let _second = soon(session.exec("exec cat")).await.unwrap();
    let refused = soon(session.exec("true")).await.map(|_| ()).unwrap_err();
    assert!(matches!(&refused, ExecError::Refused(why) if why.contains("MaxSessions")), "{refused}");
    drop(first);
    assert!(when_there_is_room(&*session, "true").await.exit.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forced_command_and_a_dropped_exec_do_not_harm_the_connection() {
    let Some(sshd) = Sshd::with(&["ForceCommand echo forced"]) else { return };
    let session = session(good_target(&sshd)).await;
    assert_eq!(run(&*session, "echo mine", b"").await.stdout, b"forced\n");
    for _ in 0..30 {
        // Given up before the answer: the channel must not stay behind.
        let _ = tokio::time::timeout(std::time::Duration::ZERO, session.exec("echo mine")).await;
    }
    assert!(when_there_is_room(&*session, "true").await.exit.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn sftp_speaks() {
    let Some(sshd) = Sshd::start() else { return };
    let session = session(good_target(&sshd)).await;
    let sftp = russh_sftp::client::SftpSession::new(soon(session.sftp()).await.unwrap()).await.unwrap();
    let file = sshd.dir().join("sent").to_str().unwrap().to_owned();
    let mut handle = soon(sftp.create(file.clone())).await.unwrap();
    soon(handle.write_all(b"over sftp")).await.unwrap();
    soon(handle.shutdown()).await.unwrap();
    until("file is there", || std::fs::read(&file).is_ok_and(|bytes| bytes == b"over sftp"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sshd_does_not_start_is_refused_and_not_a_lost_connection() {
    let Some(sshd) = Sshd::with(&["Subsystem other internal-sftp"]) else { return };
    let session = session(good_target(&sshd)).await;
    let refused = soon(session.sftp()).await.map(|_| ()).unwrap_err();
    assert!(matches!(&refused, ExecError::Refused(why) if why.contains("sftp")), "{refused}");
    soon(session.ping()).await.unwrap();
}

/// Runs `command` as soon as sshd takes one more: it does when it has seen the end of one before.
async fn when_there_is_room(session: &dyn Session, command: &str) -> Said {
    soon(async {
        loop {
            if let Ok(mut exec) = session.exec(command).await {
                return listen(&mut *exec.output).await;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}
