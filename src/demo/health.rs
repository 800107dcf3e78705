//! How a simulated machine is: what `assets/health.sh` would find there. Its load follows from what runs
//! on it, its temperature from its load, with some weather of its own; nothing is measured.

use std::fmt::Write as _;
use std::time::Duration;

use super::dice::Dice;
use super::roster::Profile;

/// What goes on counting between two samples.
#[derive(Debug, Default)]
pub(super) struct Body {
    at: Option<Duration>,
    /// Ticks of all cores since boot.
    busy: f64,
    idle: f64,
    load: f64,
    degrees: Option<f64>,
    received: f64,
    sent: f64,
}

/// What a machine has to do just now; shares from 0 to 1.
struct Effort {
    cpu: f64,
    memory: f64,
    io: f64,
    /// Degrees above what its load explains.
    heat: f64,
    /// Bytes per second.
    network: f64,
}

impl Body {
    /// The answer at `now`, with the processors' times of a second ago when they are asked for.
    pub(super) fn answer(
        &mut self,
        profile: &Profile,
        seed: u64,
        commands: &[&str],
        now: Duration,
        gap: bool,
    ) -> String {
        let effort = effort(profile, seed, commands, now);
        let passed = self.at.replace(now).map_or(1.0, |before| now.saturating_sub(before).as_secs_f64());
        self.live(&effort, passed);
        let mut text = String::with_capacity(2_000);
        // Writing to a string cannot fail.
        let _ = self.write(&mut text, profile, &effort, now, gap);
        text
    }

    fn live(&mut self, effort: &Effort, seconds: f64) {
        self.busy += effort.cpu * seconds * 100.0 * CORES;
        self.idle += (1.0 - effort.cpu) * seconds * 100.0 * CORES;
        let near = |value: f64, goal: f64, pace: f64| goal + (value - goal) * (-seconds / pace).exp();
        self.load = near(self.load, effort.cpu * CORES * 1.1, 40.0);
        let warm = 36.0 + 34.0 * effort.cpu + effort.heat;
        self.degrees = Some(near(self.degrees.unwrap_or(warm - 6.0), warm, 25.0));
        self.received += effort.network * seconds;
        self.sent += effort.network * 0.12 * seconds;
    }

    fn write(
        &self,
        text: &mut String,
        profile: &Profile,
        effort: &Effort,
        now: Duration,
        gap: bool,
    ) -> std::fmt::Result {
        let mut section = |name: &str, lines: &str| write!(text, "\x1eSFH1 {name}\n{lines}");
        let (busy, idle) = (self.busy, self.idle);
        let cpu = |busy: f64, idle: f64| format!("cpu  {busy:.0} 0 0 {idle:.0} 0 0 0 0 0 0\n");
        let ago = if gap { 100.0 * CORES } else { 0.0 };
        section("cpu", &cpu((busy - effort.cpu * ago).max(0.0), (idle - (1.0 - effort.cpu) * ago).max(0.0)))?;
        let available = MEMORY * (1.0 - effort.memory);
        section(
            "meminfo",
            &format!("MemTotal: {MEMORY:.0} kB\nMemFree: {available:.0} kB\nMemAvailable: {available:.0} kB\n"),
        )?;
        section("loadavg", &format!("{:.2} {:.2} {:.2} 3/612 9120\n", self.load, self.load * 0.9, self.load * 0.7))?;
        let waits =
            |share: f64| format!("some avg10={:.2} avg60=0.00 avg300=0.00 total=0\n", (share * 100.0).clamp(0.0, 99.0));
        section("pcpu", &waits((effort.cpu - 0.75).max(0.0) * 1.6))?;
        section("pmemory", &waits((effort.memory - 0.8).max(0.0)))?;
        section("pio", &waits(effort.io))?;
        let network = format!("eth0: {:.0} 0 0 0 0 0 0 0 {:.0} 0 0 0 0 0 0 0\n", self.received, self.sent);
        section("net", &network)?;
        let degrees = self.degrees.unwrap_or(40.0) * 1000.0;
        section("temp", &format!("{degrees:.0} x86_pkg_temp\n{:.0} acpitz\n", degrees * 0.72))?;
        section("df", &disks(profile, now))?;
        section("units", &units(profile))?;
        section("docker", &containers(profile, now))?;
        if gap {
            section("cpu", &cpu(busy, idle))?;
        }
        section("end", "")
    }
}

/// Two waves of its own on top of what its runs need.
fn effort(profile: &Profile, seed: u64, commands: &[&str], now: Duration) -> Effort {
    let mut dice = Dice::new(seed, 0x4ea1);
    let (phase, period) = (dice.fraction() * std::f64::consts::TAU, 50.0 + 60.0 * dice.fraction());
    let seconds = now.as_secs_f64();
    let wave = |period: f64| (phase + seconds * std::f64::consts::TAU / period).sin();
    let sway = 0.6 * wave(period) + 0.4 * wave(period / 3.7);
    let mut effort = Effort {
        cpu: 0.06 + 0.04 * sway.abs(),
        memory: 0.18 + 0.2 * dice.fraction() + 0.01 * sway,
        io: 0.01 * sway.abs(),
        heat: 0.0,
        network: 40_000.0 * (1.0 + sway),
    };
    for command in commands {
        let word = command.split_whitespace().next().unwrap_or_default();
        match word {
            // Sometimes over the threshold, and sometimes not.
            "stress-ng" => (effort.cpu, effort.memory) = (0.91 + 0.07 * sway, 0.62 + 0.03 * sway),
            "cd" => (effort.cpu, effort.io) = (0.74 + 0.13 * sway, 0.06 + 0.05 * sway.abs()),
            "memtester" => (effort.cpu, effort.memory) = (0.27 + 0.04 * sway, 0.86 + 0.01 * sway),
            "fio" => (effort.cpu, effort.io) = (0.33 + 0.07 * sway, 0.44 + 0.22 * sway),
            "burnin" => (effort.cpu, effort.heat) = (0.81 + 0.05 * sway, 24.0 + 5.0 * sway),
            "iperf3" => (effort.cpu, effort.network) = (0.38 + 0.08 * sway, 1.17e9 + 4.0e7 * sway),
            "blktrace" => (effort.cpu, effort.io) = (0.21 + 0.06 * sway, 0.12 + 0.08 * sway.abs()),
            _ => effort.cpu += 0.2,
        }
    }
    if profile.tags.iter().any(|tag| tag == "gateway") {
        effort.network += 2.0e6 * (1.2 + sway);
    }
    effort
}

/// The traces of ember fill its disk slowly.
fn disks(profile: &Profile, now: Duration) -> String {
    let storage = profile.tags.iter().any(|tag| tag == "storage");
    let filling = if profile.id.as_str() == "ember" { 83 + (now.as_secs() / 40).min(14) } else { 61 };
    let line = |name: &str, size: u64, used: u64, place: &str| {
        format!("{name} {size} {} {} {used}% {place}\n", size / 100 * used, size / 100 * (100 - used))
    };
    let mut text = "Filesystem 1024-blocks Used Available Capacity Mounted on\n".to_owned();
    text += &line("/dev/nvme0n1p2", 243_000_000, 34 + profile.uptime_days.unsigned_abs() % 23, "/");
    text += &line("/dev/nvme0n1p1", 523_248, 7, "/boot/efi");
    if storage {
        text += &line("/dev/nvme1n1", 3_750_000_000, filling, "/srv/data");
    }
    text
}

fn units(profile: &Profile) -> String {
    let of = |tag: &str| match tag {
        "compute" => &["slurmd", "munge"][..],
        "storage" => &["smartd", "nfs-server"],
        "gateway" => &["nftables", "frr"],
        "thermal" => &["thermald"],
        _ => &[],
    };
    let own = profile.tags.iter().flat_map(|tag| of(tag));
    let names = ["ssh", "chrony", "node_exporter"].iter().chain(own);
    names.map(|name| format!("Id={name}.service\nActiveState=active\nSubState=running\n\n")).collect()
}

/// That of the gateway comes and goes.
fn containers(profile: &Profile, now: Duration) -> String {
    match profile.id.as_str() {
        "dune-gw" => {
            let state = if now.as_secs() % 240 < 150 { "running" } else { "exited" };
            format!("wireguard {state}\n")
        }
        "ember" | "borealis" => "minio running\n".into(),
        _ => String::new(),
    }
}

const CORES: f64 = 16.0;

/// KiB.
const MEMORY: f64 = 65_500_000.0;
