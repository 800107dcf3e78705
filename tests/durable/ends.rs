//! How runs end, each as the host's own record says.

use steadfast::domain::run::{Killer, RunSpec, Stream, Verdict};

use crate::rig::{Rig, split};

#[test]
fn a_run_is_started_its_output_comes_and_its_code_is_known() {
    let Some(rig) = Rig::new(&[]) else { return };
    let mut running = rig.start();
    let id = running.run(RunSpec::new("echo one; echo two >&2; exit 3"));
    assert_eq!(running.verdict(id), Verdict::Finished { code: 3 });
    assert_eq!(running.log(id, Stream::Out), b"one\r\ntwo\r\n");
    let id = running.run(split("echo one; echo two >&2"));
    assert_eq!(running.verdict(id), Verdict::Finished { code: 0 });
    assert_eq!(running.log(id, Stream::Out), b"one\n");
    assert_eq!(running.log(id, Stream::Err), b"two\n");
    running.stop();
}

#[test]
fn codes_and_signals_are_told_apart() {
    let Some(rig) = Rig::new(&[]) else { return };
    let mut running = rig.start();
    let killed = |signal| Verdict::Killed { signal, by: Killer::Unknown };
    let cases = [
        ("exit 0", Verdict::Finished { code: 0 }),
        ("exit 1", Verdict::Finished { code: 1 }),
        ("exit 137", Verdict::Finished { code: 137 }),
        ("exit 255", Verdict::Finished { code: 255 }),
        ("kill -9 $$", killed(9)),
        ("kill -TERM $$", killed(15)),
        ("kill -SEGV $$", killed(11)),
    ];
    let ids: Vec<_> = cases
        .iter()
        .flat_map(|(command, _)| [running.run(RunSpec::new(*command)), running.run(split(command))])
        .collect();
    for (id, (command, verdict)) in ids.iter().zip(cases.iter().flat_map(|case| [case, case])) {
        assert_eq!(running.verdict(*id), *verdict, "{command}");
    }
    running.stop();
}
