//! Who is in the fleet, and what there is to do: names, tags and jobs. Pure data.

use crate::domain::id::{HostId, JobName};
use crate::domain::run::{Job, OnReboot, RunSpec};

/// One simulated host as it is before anything happens to it.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    pub(super) id: HostId,
    pub(super) tags: Vec<String>,
    pub(super) kernel: &'static str,
    pub(super) uptime_days: i64,
    pub(super) launcher: &'static str,
    /// What the login shell says before anything else, as badly configured ones do.
    pub(super) noise: &'static str,
    pub(super) standing: Standing,
}

/// What is wrong with a host from the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    Sound,
    /// The operator's key was replaced.
    KeyRefused,
    /// It shows another host key than the one that is known.
    HostKeyChanged,
}

/// `count` hosts: the named ones first, then plain nodes.
pub(super) fn hosts(count: usize) -> Vec<Profile> {
    (0..count).filter_map(|place| NAMED.get(place).map_or_else(|| node(place), named)).collect()
}

/// Places of those that refuse us from the start.
pub(super) fn refusing(hosts: &[Profile]) -> Vec<usize> {
    hosts.iter().enumerate().filter(|(_, host)| host.standing != Standing::Sound).map(|(place, _)| place).collect()
}

fn named(row: &Row) -> Option<Profile> {
    let &(name, tags, kernel, uptime_days, launcher, noise, standing) = row;
    let tags = tags.split(' ').map(String::from).collect();
    Some(Profile { id: HostId::parse(name).ok()?, tags, kernel, uptime_days, launcher, noise, standing })
}

fn node(place: usize) -> Option<Profile> {
    let id = HostId::parse(&format!("node-{:02}", place + 1)).ok()?;
    let tags = vec![format!("rack-{}", (b'a' + u8::try_from(place / 8 % 20).unwrap_or(0)) as char), "compute".into()];
    let uptime_days = i64::try_from(place).unwrap_or(0) + 3;
    let (kernel, launcher, noise) = ("Linux 6.12.9-amd64", "setsid", "");
    Some(Profile { id, tags, kernel, uptime_days, launcher, noise, standing: Standing::Sound })
}

/// The jobs of the fleet, by the host that each is for.
pub(super) fn jobs(hosts: &[Profile]) -> Vec<Job> {
    let there = |name: &str| hosts.iter().any(|host| host.id.as_str() == name);
    JOBS.iter().filter(|job| there(job.2)).filter_map(job).collect()
}

fn job(row: &(&str, &str, &str, &str, OnReboot)) -> Option<Job> {
    let &(name, about, host, command, on_reboot) = row;
    let name = JobName::parse(name).ok()?;
    let spec = RunSpec { job: Some(name.clone()), on_reboot, ..RunSpec::new(command) };
    Some(Job {
        name,
        about: about.into(),
        spec,
        hosts: vec![HostId::parse(host).ok()?],
        tags: Vec::new(),
        upload: None,
    })
}

type Row = (&'static str, &'static str, &'static str, i64, &'static str, &'static str, Standing);

const NAMED: &[Row] = &[
    ("atlas-01", "rack-a compute", "Linux 6.12.9-amd64", 41, "systemd-run", "", Standing::Sound),
    ("atlas-02", "rack-a compute", "Linux 6.12.9-amd64", 41, "systemd-run", "", Standing::Sound),
    ("borealis", "rack-b storage", "Linux 6.8.0-49-generic", 12, "setsid", MOTD, Standing::Sound),
    ("cinder", "rack-b thermal", "Linux 6.8.0-49-generic", 3, "setsid", "", Standing::Sound),
    ("dune-gw", "rack-a gateway", "Linux 5.15.0-126-generic", 214, "setsid", "", Standing::Sound),
    ("ember", "rack-c storage", "Linux 6.12.9-amd64", 9, "systemd-run", "", Standing::Sound),
    ("fjord", "rack-c compute", "Linux 5.10.0-33-amd64", 388, "setsid", "", Standing::KeyRefused),
    ("granite", "rack-c storage", "Linux 6.12.9-amd64", 1, "setsid", "", Standing::HostKeyChanged),
    ("harbor", "rack-b edge", "Linux 6.1.0-27-arm64", 77, "setsid", "", Standing::Sound),
];

const MOTD: &str =
    "stty: 'standard input': Inappropriate ioctl for device\n*** scheduled maintenance: Sunday 03:00 ***\n";

/// Name, what it is for, host, command, policy. A host's main job comes last, so that it is the latest
/// of its runs.
const JOBS: &[(&str, &str, &str, &str, OnReboot)] = &[
    (
        "smoke",
        "a minute and a half of everything",
        "dune-gw",
        "stress-ng --cpu 4 --vm 2 --timeout 90s --metrics",
        OnReboot::Report,
    ),
    ("dimm-check", "three passes over 8 GB", "borealis", "memtester 8G 3", OnReboot::Report),
    (
        "vm-overcommit",
        "more memory than there is",
        "cinder",
        "stress-ng --vm 8 --vm-bytes 120% --timeout 30m --verbose",
        OnReboot::Report,
    ),
    (
        "cpu-soak",
        "all cores and memory for six hours",
        "atlas-01",
        "stress-ng --cpu 16 --vm 4 --hdd 2 --timeout 6h --metrics",
        OnReboot::Rerun,
    ),
    (
        "kernel-loop",
        "build the kernel until a build differs",
        "atlas-02",
        "cd /usr/src/linux && while make -j16 clean all; do :; done",
        OnReboot::Report,
    ),
    (
        "nvme-verify",
        "random I/O with checksums on nvme1n1",
        "borealis",
        "fio --name=verify --filename=/dev/nvme1n1 --rw=randrw --bs=128k --verify=crc32c --time_based --runtime=2h --eta=always",
        OnReboot::Report,
    ),
    (
        "burn-in",
        "temperatures under load",
        "cinder",
        "burnin --sensors all --interval 500ms --limit 92C",
        OnReboot::Rerun,
    ),
    ("link-soak", "10 Gbit/s through the gateway", "dune-gw", "iperf3 -c 10.20.0.1 -i 1 -t 0", OnReboot::Report),
    (
        "io-trace",
        "every block I/O of nvme0n1, two thousand a second",
        "ember",
        "blktrace -d /dev/nvme0n1 -o - | blkparse -i -",
        OnReboot::Report,
    ),
    ("memtest", "three passes over 8 GB", "fjord", "memtester 8G 3", OnReboot::Report),
    ("disk-wipe", "badblocks, four patterns", "granite", "badblocks -b 4096 -c 4096 -s -w /dev/sdb", OnReboot::Report),
    ("firmware", "flash the BMC's second slot", "harbor", "fwupdate --slot b bmc-2.19.4.bin", OnReboot::Report),
];
