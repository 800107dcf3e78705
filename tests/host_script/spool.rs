//! What a command writes, and what the host keeps of it.

use std::fs;
use std::os::unix::fs::MetadataExt;

use steadfast::domain::event::Lengths;
use steadfast::domain::run::{Observed, RunIo, RunSpec, Stream};
use steadfast::remote::{self, Follow};

use crate::bench::{Bench, LIMIT, code, in_every_shell, new_id, split, until};
use crate::local_session::Shell;

in_every_shell!(
    streams_are_kept_apart,
    a_terminal_has_the_size_asked_for,
    any_bytes_are_kept_as_they_are,
    what_is_acknowledged_is_given_back,
    a_flood_is_cut_at_its_limit,
);

async fn streams_are_kept_apart(bench: Bench) {
    let (id, record) = bench.run(&split("echo out; echo err >&2; printf more; test -t 0 || echo no >&2")).await;
    assert_eq!(bench.spool(id, Stream::Out), b"out\nmore");
    assert_eq!(bench.spool(id, Stream::Err), b"err\nno\n");
    assert_eq!(record.sizes, Lengths { out: 8, err: 7 });
    let started = bench.state(id).await.started.unwrap();
    assert_eq!(started.terminal, "split");
}

async fn a_terminal_has_the_size_asked_for(bench: Bench) {
    let command = "stty size <&1; for fd in 1 2; do test -t $fd && echo terminal; done; echo $TERM";
    let io = RunIo::Pty { columns: 133, rows: 47 };
    let (id, _) = bench.run(&RunSpec { io, ..RunSpec::new(command) }).await;
    let terminal = bench.state(id).await.started.unwrap().terminal;
    let said = String::from_utf8(bench.spool(id, Stream::Out)).unwrap();
    if bench.has_terminal() {
        assert_eq!(
            (terminal.as_str(), said.as_str()),
            ("script", "47 133\r\nterminal\r\nterminal\r\nxterm-256color\r\n")
        );
    } else {
        assert_eq!(terminal, "plain");
        assert!(!said.contains("terminal\n"), "{said}");
    }
    assert!(!bench.file(id, "err").exists());
}

#[tokio::test]
async fn without_script_it_is_said_what_stands_in() {
    for (without, terminal) in [(&["script"][..], "python3"), (&["script", "python3"], "stdbuf")] {
        let Some(bench) = Bench::without(Shell::Dash, without) else { return };
        let (id, _) = bench.run(&RunSpec::new("stty size <&1; printf end")).await;
        assert_eq!(bench.state(id).await.started.unwrap().terminal, terminal);
        let said = bench.spool(id, Stream::Out);
        assert!(said.ends_with(b"end"));
        assert_eq!(said.starts_with(b"24 80\r\n"), terminal == "python3");
    }
    let Some(bench) = Bench::without(Shell::Dash, &["script", "python3", "stdbuf"]) else { return };
    let (id, _) = bench.run(&RunSpec::new("echo end")).await;
    assert_eq!(bench.state(id).await.started.unwrap().terminal, "plain");
    assert_eq!(remote::identify(&bench.session, LIMIT).await.unwrap().terminal, "plain");
}

async fn any_bytes_are_kept_as_they_are(bench: Bench) {
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n ^ (n >> 8) ^ (n >> 13)) as u8).collect();
    fs::write(bench.home().join("bytes"), &bytes).unwrap();
    let (id, record) = bench.run(&split("cat bytes; cat bytes >&2")).await;
    assert_eq!(record.sizes, Lengths { out: 300_000, err: 300_000 });
    assert!(bench.spool(id, Stream::Out) == bytes && bench.spool(id, Stream::Err) == bytes);
    // A terminal adds carriage returns and nothing else.
    let (id, record) = bench.run(&RunSpec::new("stty raw <&1 2>/dev/null; cat bytes")).await;
    assert_eq!(record.sizes, Lengths { out: 300_000, err: 0 });
    assert!(bench.spool(id, Stream::Out) == bytes);
    let (id, record) = bench.run(&split(":")).await;
    assert_eq!((record.sizes, record.end), (Lengths::default(), code(0)));
    assert!(bench.spool(id, Stream::Out).is_empty());
}

const MIB: u64 = 1 << 20;

async fn what_is_acknowledged_is_given_back(bench: Bench) {
    if !bench.can_punch() {
        return nothing_can_be_given_back(bench).await;
    }
    let id = new_id();
    bench
        .start(id, &split("head -c 4194304 /dev/zero | tr '\\000' x; until [ -e go ]; do sleep 0.1; done; echo end"))
        .await;
    let out = bench.file(id, "out");
    until("4 MiB are there", || out.metadata().is_ok_and(|out| out.len() == 4 * MIB)).await;
    let at = Lengths { out: 2 * MIB + 100, err: 0 };
    remote::acknowledge(&bench.session, id, at, LIMIT).await.unwrap();
    // By the runner, in whole blocks.
    until("the base moves", || base(&bench, id) == 2 * MIB).await;
    until("the blocks are free", || out.metadata().unwrap().blocks() * 512 <= 2 * MIB + 64 * 1024).await;
    assert_eq!(out.metadata().unwrap().len(), 4 * MIB);
    assert_eq!(bench.state(id).await.bases, Lengths { out: 2 * MIB, err: 0 });
    match bench.follow(id, Stream::Out, 2 * MIB - 1).await {
        Follow::Gap { base } => assert_eq!(base, 2 * MIB),
        Follow::Opened(_) | Follow::Short { .. } | Follow::Missing => panic!("these bytes are gone"),
    }
    let rest = bench.fetch(id, Stream::Out, 2 * MIB, usize::try_from(2 * MIB).unwrap()).await;
    assert!(rest.iter().all(|byte| *byte == b'x'));
    // More than there is, and less than before: nothing moves.
    for out in [100 * MIB, MIB] {
        remote::acknowledge(&bench.session, id, Lengths { out, err: 0 }, LIMIT).await.unwrap();
    }
    fs::write(bench.home().join("go"), "").unwrap();
    bench.exited(id).await;
    assert_eq!(bench.state(id).await.bases.out, 2 * MIB);
    // Without a runner the caller does it.
    let bases = remote::acknowledge(&bench.session, id, Lengths { out: 4 * MIB, err: 0 }, LIMIT).await.unwrap();
    assert_eq!(bases.out, 4 * MIB);
    assert_eq!(bench.fetch(id, Stream::Out, 4 * MIB, 4).await, b"end\n");
}

fn base(bench: &Bench, id: steadfast::domain::id::AttemptId) -> u64 {
    let text = fs::read_to_string(bench.file(id, "base_out")).unwrap_or_default();
    text.trim().parse().unwrap_or(0)
}

async fn a_flood_is_cut_at_its_limit(bench: Bench) {
    if !bench.can_punch() {
        return nothing_can_be_given_back(bench).await;
    }
    let id = new_id();
    let command = "n=0; while [ $n -lt 200 ]; do head -c 262144 /dev/zero; n=$((n + 1)); done; \
                   until [ -e go ]; do sleep 0.1; done; echo end";
    bench.start(id, &RunSpec { spool_limit: 8 * MIB, ..split(command) }).await;
    let out = bench.file(id, "out");
    until("the flood is over", || out.metadata().is_ok_and(|out| out.len() == 50 * MIB)).await;
    until("it was cut", || out.metadata().unwrap().blocks() * 512 <= 9 * MIB).await;
    let evidence = bench.state(id).await;
    assert_eq!(evidence.observed, Observed::Running);
    assert_eq!(evidence.sizes.out, 50 * MIB);
    assert!(evidence.bases.out >= 42 * MIB, "{:?}", evidence.bases);
    fs::write(bench.home().join("go"), "").unwrap();
    let record = bench.exited(id).await;
    assert_eq!((record.end, record.sizes.out), (code(0), 50 * MIB + 4));
    assert_eq!(bench.fetch(id, Stream::Out, 50 * MIB, 4).await, b"end\n");
}

#[tokio::test]
async fn where_no_holes_can_be_punched_it_is_said() {
    if let Some(bench) = Bench::without(Shell::Dash, &["fallocate", "python3", "perl"]) {
        nothing_can_be_given_back(bench).await;
    }
}

#[tokio::test]
async fn without_a_fallocate_of_that_kind_others_punch_holes() {
    for tools in [&["fallocate"][..], &["fallocate", "python3"]] {
        let Some(bench) = Bench::without(Shell::Dash, tools) else { return };
        what_is_acknowledged_is_given_back(bench).await;
    }
}

/// BusyBox's `fallocate` has no `-p`.
async fn nothing_can_be_given_back(bench: Bench) {
    let spec = RunSpec { spool_limit: 1000, ..split("head -c 5000 /dev/zero") };
    let (id, record) = bench.run(&spec).await;
    assert_eq!(record.sizes.out, 5000);
    let notice = bench.state(id).await.notice.unwrap();
    assert!(notice.contains("fallocate"), "{notice}");
    let bases = remote::acknowledge(&bench.session, id, Lengths { out: 5000, err: 0 }, LIMIT).await.unwrap();
    assert_eq!(bases, Lengths::default());
    assert_eq!(bench.fetch(id, Stream::Out, 0, 5000).await, vec![0; 5000]);
}
