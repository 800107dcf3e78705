//! A minute in which nothing happens, with a hundred hosts: what the program uses of a CPU, beside a
//! hundred of OpenSSH's clients that ask their servers for a sign of life as often.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::fleet::Fleet;
use crate::{cpu, resident};

pub fn measure() {
    let Some(fleet) = Fleet::new(HOSTS, "") else { return };
    let screen = fleet.desk.screen(200, 60);
    screen.wait_for(&format!("● {HOSTS}"));
    let ours = used_in_a_minute(&[screen.pid()]);
    let memory = resident(screen.pid()) as f64 / 1e6;
    drop(screen);
    let clients: Vec<Child> = (1..=HOSTS).map(|n| client(&fleet, &format!("h{n:03}"))).collect();
    std::thread::sleep(Duration::from_secs(20));
    let pids: Vec<u32> = clients.iter().map(Child::id).collect();
    let theirs = used_in_a_minute(&pids);
    let their_memory = pids.iter().map(|pid| resident(*pid)).sum::<u64>() as f64 / 1e6;
    for mut client in clients {
        client.kill().unwrap();
        client.wait().unwrap();
    }
    let percent = |used: Duration| used.as_secs_f64() / MINUTE.as_secs_f64() * 100.0;
    println!(
        "{HOSTS} quiet hosts for a minute: {:.2} s of CPU ({:.2} %), {memory:.0} MB; {HOSTS} × ssh: {:.2} s ({:.2} %), {their_memory:.0} MB",
        ours.as_secs_f64(),
        percent(ours),
        theirs.as_secs_f64(),
        percent(theirs),
    );
}

fn client(fleet: &Fleet, host: &str) -> Child {
    let mut ssh = fleet.ssh(host);
    ssh.args(["-N", "-o", "ServerAliveInterval=5", "-o", "BatchMode=yes"]);
    ssh.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn used_in_a_minute(pids: &[u32]) -> Duration {
    let all = || pids.iter().map(|pid| cpu(*pid)).sum::<Duration>();
    let (before, began) = (all(), Instant::now());
    std::thread::sleep(MINUTE);
    (all() - before).mul_f64(MINUTE.as_secs_f64() / began.elapsed().as_secs_f64())
}

const HOSTS: usize = 100;
const MINUTE: Duration = Duration::from_secs(60);
