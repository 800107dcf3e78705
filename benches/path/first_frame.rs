//! From the start of the program to its first screen.

use std::io::Read;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::median;
use crate::rig::Rig;

pub(crate) fn measure(rig: &Rig) {
    let config = rig.state.path().join("steadfast.toml");
    std::fs::write(&config, "[[hosts]]\nname = \"h1\"\n").unwrap();
    let text = rig.state.path().join("text");
    std::fs::write(&text, "first line\n").unwrap();
    let state = tempfile::tempdir().unwrap();
    let ours = || {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_steadfast"));
        command.arg("--config");
        command.arg(&config);
        command.arg("--ssh-config");
        command.arg(rig.ssh_config());
        command.arg("--state-dir");
        command.arg(state.path());
        command
    };
    let theirs = || {
        let mut command = CommandBuilder::new("less");
        command.arg(&text);
        command
    };
    let ours = median((0..ROUNDS).map(|_| until_shown(ours(), "Timeline")).collect());
    let theirs = median((0..ROUNDS).map(|_| until_shown(theirs(), "first line")).collect());
    println!("start to first screen: {:.1} ms; less: {:.1} ms", ours.as_secs_f64() * 1e3, theirs.as_secs_f64() * 1e3);
}

fn until_shown(mut command: CommandBuilder, text: &str) -> Duration {
    command.env("TERM", "xterm-256color");
    let size = PtySize { rows: 45, cols: 160, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut output = pair.master.try_clone_reader().unwrap();
    let start = Instant::now();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let (mut heard, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    while !String::from_utf8_lossy(&heard).contains(text) {
        let count = output.read(&mut buffer).expect("it shows its screen before it ends");
        heard.extend_from_slice(&buffer[..count]);
    }
    let took = start.elapsed();
    child.kill().unwrap();
    child.wait().unwrap();
    took
}

const ROUNDS: usize = 11;
