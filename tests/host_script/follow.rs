//! Following a spool, from any byte on.

use std::fs::{self, OpenOptions};

use rand::{RngExt, SeedableRng};
use steadfast::domain::run::{Observed, RunSpec, Stream};
use steadfast::remote::{Follow, FollowEvent};

use crate::bench::{Bench, code, in_every_shell, new_id, read, soon, split};

in_every_shell!(
    from_any_offset_it_is_the_spool,
    what_is_written_comes_and_the_end_is_told,
    beyond_two_gigabytes_too,
    what_is_not_there_is_said,
);

async fn from_any_offset_it_is_the_spool(bench: Bench) {
    let (id, record) = bench.run(&split("seq 1 40000; seq 1 9000 >&2")).await;
    let (out, err) = (bench.spool(id, Stream::Out), bench.spool(id, Stream::Err));
    assert_eq!(record.sizes.out, out.len() as u64);
    let mut random = rand::rngs::StdRng::seed_from_u64(3);
    let offsets = [0, 1, 4095, 4096, 4097, out.len() - 1].into_iter();
    for offset in offsets.chain((0..6).map(|_| random.random_range(0..out.len()))) {
        let read = bench.fetch(id, Stream::Out, offset as u64, out.len() - offset).await;
        assert!(read == out[offset..], "from byte {offset} on");
    }
    assert!(bench.fetch(id, Stream::Err, 5000, err.len() - 5000).await == err[5000..]);
    // A piece and the rest behind it, as after a cut.
    let mut whole = Vec::new();
    while whole.len() < out.len() {
        let mut follower = bench.follower(id, Stream::Out, whole.len() as u64).await;
        while let FollowEvent::Bytes(bytes) = soon(follower.next()).await {
            let cut = bytes.len().min(random.random_range(1..100_000));
            whole.extend_from_slice(&bytes[..cut]);
            if cut < bytes.len() {
                break;
            }
        }
    }
    assert!(whole == out);
}

async fn what_is_written_comes_and_the_end_is_told(bench: Bench) {
    let id = new_id();
    let command =
        "echo one; until [ -e two ]; do sleep 0.05; done; echo two; until [ -e end ]; do sleep 0.05; done; exit 4";
    bench.start(id, &split(command)).await;
    let mut follower = bench.follower(id, Stream::Out, 0).await;
    assert_eq!(read(&mut follower, 4).await, b"one\n");
    fs::write(bench.home().join("two"), "").unwrap();
    assert_eq!(read(&mut follower, 4).await, b"two\n");
    fs::write(bench.home().join("end"), "").unwrap();
    let record = loop {
        let event = soon(follower.next()).await;
        let FollowEvent::State(evidence) = event else { panic!("{event:?}") };
        if let Observed::Exited(record) = evidence.observed {
            break record;
        }
        assert_eq!(evidence.observed, Observed::Running);
    };
    assert_eq!((record.end, record.sizes.out), (code(4), 8));
}

const FAR: u64 = 3 << 30;

async fn beyond_two_gigabytes_too(bench: Bench) {
    let id = new_id();
    let spec = RunSpec { spool_limit: 1 << 40, ..split("until [ -e go ]; do sleep 0.05; done; echo far away") };
    bench.start(id, &spec).await;
    // Sparse; what is appended comes behind it.
    OpenOptions::new().write(true).open(bench.file(id, "out")).unwrap().set_len(FAR).unwrap();
    let mut follower = bench.follower(id, Stream::Out, FAR - 5).await;
    fs::write(bench.home().join("go"), "").unwrap();
    assert_eq!(read(&mut follower, 14).await, b"\0\0\0\0\0far away\n");
    assert_eq!(bench.exited(id).await.sizes.out, FAR + 9);
    assert_eq!(bench.fetch(id, Stream::Out, FAR + 4, 5).await, b"away\n");
}

async fn what_is_not_there_is_said(bench: Bench) {
    assert!(matches!(bench.follow(new_id(), Stream::Out, 0).await, Follow::Missing));
    let (id, _) = bench.run(&split("echo abc")).await;
    assert!(matches!(bench.follow(id, Stream::Out, 5).await, Follow::Short { size: 4 }));
    let mut at_its_end = bench.follower(id, Stream::Out, 4).await;
    assert!(matches!(soon(at_its_end.next()).await, FollowEvent::State(_)));
    let (pty, _) = bench.run(&RunSpec::new("echo abc")).await;
    assert!(matches!(bench.follow(pty, Stream::Err, 0).await, Follow::Missing));
}
