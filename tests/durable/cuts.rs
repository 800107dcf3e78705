//! Cuts at any moment: nothing is lost, nothing comes twice.

use steadfast::domain::run::{RunSpec, Stream, Verdict};

use crate::rig::Rig;

#[test]
fn a_session_that_is_killed_is_taken_up_at_the_next_byte() {
    let Some(rig) = Rig::new(&[]) else { return };
    let mut running = rig.start();
    let id = running.run(RunSpec::new("i=0; while [ $i -lt 40 ]; do seq $((i*100)) $((i*100+99)); i=$((i+1)); sleep 0.05; done; exit 7"));
    running.wait_started(id);
    rig.sshd.kill_sessions();
    assert_eq!(running.verdict(id), Verdict::Finished { code: 7 });
    let expected: String = (0..4000).map(|n| format!("{n}\r\n")).collect();
    assert_eq!(running.log(id, Stream::Out), expected.as_bytes());
    eprintln!("{:?}", running.links);
    running.stop();
}
