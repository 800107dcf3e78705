//! A fleet at a fixed moment, told by events: every state of a link, runs in every phase, a reboot, a
//! common outage, a gap.

use std::sync::Arc;
use std::time::Duration;

use steadfast::app::live::Numbers;
use steadfast::app::output;
use steadfast::app::{App, Msg, Setup};
use steadfast::domain::boot::BootIdentity;
use steadfast::domain::diagnosis::{Cause, Rung, RungAnswer, RungReport};
use steadfast::domain::event::{
    BootFact, CancelReason, Event, Fact, Lengths, LinkChange, OutputMark, RunFact, Started,
};
use steadfast::domain::fleet::Fleet;
use steadfast::domain::id::{Attempt, AttemptId, HostId, JobName, RunId, Seq};
use steadfast::domain::link::LinkState;
use steadfast::domain::moment::{Moment, Mono, Wall};
use steadfast::domain::network::NetworkState;
use steadfast::domain::run::{Fault, Faults, Growth, Job, Killer, RunSpec, Stream, Verdict};
use steadfast::domain::system::{Interface, System};

/// 2026-11-17 14:03:22 UTC, a Tuesday.
pub const NOW: Moment = Moment { mono: Mono(Duration::from_secs(100_000)), wall: Wall(1_794_924_202_000) };

/// Builds a fleet from events in the order they are told.
pub struct Story {
    pub fleet: Fleet,
}

pub fn host(name: &str) -> HostId {
    HostId::parse(name).expect("a host name")
}

pub fn run(number: u64) -> RunId {
    RunId::from_random(number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// So many seconds before [`NOW`].
pub fn ago(seconds: i64) -> Wall {
    Wall(NOW.wall.0 - seconds * 1000)
}

impl Story {
    pub fn new() -> Self {
        Self { fleet: Fleet::default() }
    }

    pub fn host(&mut self, name: &str, address: &str, tags: &[&str]) {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        self.fleet.add_host(host(name), address.into(), tags, ago(7200));
    }

    pub fn event(&self, at: Wall, about: Option<&str>, fact: Fact) -> Event {
        Event { seq: Seq(self.fleet.seq.0 + 1), at, host: about.map(host), fact }
    }

    fn tell(&mut self, at: Wall, about: &str, fact: Fact) {
        let event = self.event(at, Some(about), fact);
        self.fleet.apply(&event);
    }

    pub fn link(&mut self, at: Wall, name: &str, to: LinkState, cause: Option<Cause>) {
        self.attempt(at, name, to, cause, 0, None, Vec::new());
    }

    pub fn attempt(
        &mut self,
        at: Wall,
        name: &str,
        to: LinkState,
        cause: Option<Cause>,
        attempt: u32,
        retry_at: Option<Wall>,
        evidence: Vec<RungReport>,
    ) {
        let from = self.fleet.hosts[&host(name)].link.state;
        self.tell(
            at,
            name,
            Fact::Link(LinkChange { from, to, cause, evidence, attempt, retry_at, waits_behind: None }),
        );
    }

    pub fn run(&mut self, at: Wall, name: &str, number: u64, attempt: u32, job: &str, command: &str, fact: RunFact) {
        let mut spec = RunSpec::new(command);
        spec.job = JobName::parse(job).ok();
        let id = AttemptId { run: run(number), attempt: Attempt::new(attempt).expect("from 1") };
        if self.fleet.attempt(id).is_none() {
            self.tell(at, name, Fact::Run { id, fact: RunFact::Requested { spec: Box::new(spec) } });
        }
        self.tell(at, name, Fact::Run { id, fact });
    }

    pub fn boot(&mut self, at: Wall, name: &str, fact: BootFact) {
        self.tell(at, name, Fact::Boot(fact));
    }
}

pub fn started() -> RunFact {
    RunFact::Started(Started {
        at_host: None,
        pid: 4242,
        attached: false,
        launcher: "setsid".into(),
        terminal: "script".into(),
        directory: "/root/.local/state/steadfast/runs".into(),
        boot: identity("5f3c12ab", 266_400),
    })
}

pub fn ended(verdict: Verdict) -> RunFact {
    RunFact::Ended { verdict, lengths: Lengths::default() }
}

fn identity(id: &str, seconds_ago: i64) -> BootIdentity {
    let boot_time = Some(ago(seconds_ago).0 / 1000);
    BootIdentity { boot_id: Some(format!("{id}-77aa-4c1e-9d0b-2f6a1c0e9b11")), boot_time, init_start: Some(12) }
}

fn report(rung: Rung, answer: RungAnswer, millis: u64, detail: &str) -> RungReport {
    RungReport { rung, answer, took: Duration::from_millis(millis), detail: detail.into() }
}

fn ladder(broken: Rung, detail: &str) -> Vec<RungReport> {
    let answer = |rung: Rung| match rung.cmp(&broken) {
        std::cmp::Ordering::Less => RungAnswer::Stands,
        std::cmp::Ordering::Equal => RungAnswer::Broken,
        std::cmp::Ordering::Greater => RungAnswer::NotAsked,
    };
    Rung::LADDER.map(|rung| report(rung, answer(rung), 1, if rung == broken { detail } else { "" })).to_vec()
}

/// Ten hosts, every state.
pub fn fleet() -> Fleet {
    let mut story = Story::new();
    story.fleet.network = NetworkState::Up;
    let hosts = ["amber", "birch", "cedar", "dogwood", "elm", "fir", "ginkgo", "hazel", "ivy", "juniper"];
    for (n, name) in hosts.into_iter().enumerate() {
        let tags: &[&str] = if n < 5 { &["rack-1", "x86"] } else { &["rack-2", "arm"] };
        story.host(name, &format!("root@10.0.0.{}:22", n + 11), tags);
        if name != "ivy" && name != "juniper" {
            let since = 3_000 - i64::try_from(n).expect("small") * 7;
            story.link(ago(since + 2), name, LinkState::Connecting, None);
            story.link(ago(since), name, LinkState::Alive, None);
            story.boot(ago(since), name, BootFact::Identified(identity("5f3c12ab", 266_400)));
        }
    }
    common_outage(&mut story, &hosts[..8]);
    runs(&mut story);
    states_now(&mut story);
    story.fleet
}

/// Forty seconds in which nobody could be seen.
fn common_outage(story: &mut Story, hosts: &[&str]) {
    let steps = [
        (512, LinkState::Pinging, Some(Cause::Silent(Duration::from_secs(15)))),
        (505, LinkState::Paused, Some(Cause::OwnNetworkDown)),
        (470, LinkState::Reconnecting, Some(Cause::OwnNetworkDown)),
        (468, LinkState::Alive, None),
    ];
    for (seconds, to, cause) in steps {
        for name in hosts {
            story.link(ago(seconds), name, to, cause.clone());
        }
    }
}

fn system(kernel: &str, memory: u64) -> System {
    let interface = Interface {
        name: "eno1".into(),
        mac: Some("3c:ec:ef:00:00:01".into()),
        state: Some("up".into()),
        speed: Some(10_000),
    };
    System {
        distribution: Some("Debian GNU/Linux 12 (bookworm)".into()),
        kernel: Some(kernel.into()),
        processor: Some("AMD EPYC 7313P 16-Core Processor".into()),
        processors: Some(32),
        memory: Some(memory << 30),
        interfaces: vec![interface],
    }
}

fn runs(story: &mut Story) {
    let memtest = ("memtest", "stress-ng --vm 8 --vm-bytes 90% --verify -t 7d");
    let disk = ("disk-burn", "fio /etc/fio/burn.fio --output-format=terse");
    let go = |story: &mut Story, at, name, n, job: (&str, &str), fact| story.run(at, name, n, 1, job.0, job.1, fact);
    go(story, ago(273_000), "amber", 1, memtest, started());
    go(story, ago(2_800), "birch", 2, disk, started());
    go(story, ago(120), "birch", 2, disk, RunFact::EndSeen { out: 1, err: 0, took: None });
    go(story, ago(7_000), "cedar", 3, memtest, started());
    go(story, ago(700), "cedar", 3, memtest, ended(Verdict::Finished { code: 2 }));
    go(story, ago(273_100), "dogwood", 4, memtest, started());
    go(story, ago(272_900), "elm", 5, disk, started());
    go(story, ago(200), "elm", 5, disk, ended(Verdict::InterruptedByReboot));
    story.run(ago(195), "elm", 5, 2, disk.0, disk.1, started());
    go(story, ago(1_500), "fir", 6, memtest, started());
    let mut faults = Faults::default();
    faults.add(Fault::MemoryCorrected, Growth::By(3));
    faults.add(Fault::ThermalCore, Growth::By(12));
    go(story, ago(901), "fir", 6, memtest, RunFact::Counted(faults));
    story.boot(ago(2_900), "fir", BootFact::System { now: Box::new(system("6.8.0-31", 64)), before: None });
    go(story, ago(900), "fir", 6, memtest, ended(Verdict::Finished { code: 0 }));
    go(story, ago(272_000), "ginkgo", 7, ("net-flood", "iperf3 -c 10.0.0.1 -t 0 --bidir"), started());
    go(story, ago(270_000), "hazel", 8, memtest, started());
    go(story, ago(500), "hazel", 8, memtest, RunFact::CancelRequested { reason: CancelReason::Operator });
    let killed = Verdict::Killed { signal: 15, by: Killer::Operator };
    go(story, ago(400), "hazel", 8, memtest, ended(killed));
    let gap = OutputMark::Gap { log_offset: 9, spool_offset: 4_000_009, lost: 4_000_000 };
    let id = AttemptId { run: run(1), attempt: Attempt::FIRST };
    story.tell(ago(330), "amber", Fact::Output { id, stream: Stream::Out, mark: gap });
}

fn states_now(story: &mut Story) {
    let refused = Cause::PortRefused;
    story.link(ago(230), "elm", LinkState::Pinging, Some(Cause::ClosedByPeer(String::new())));
    story.link(ago(228), "elm", LinkState::Reconnecting, Some(refused.clone()));
    story.link(ago(200), "elm", LinkState::Rebooted, None);
    let (before, after) = (identity("5f3c12ab", 266_400), identity("91d07e3f", 222));
    let fact = BootFact::Rebooted { before, after, not_before: ago(230), evidence: Vec::new() };
    story.boot(ago(200), "elm", fact);
    let (now, before) = (Box::new(system("6.9.1", 32)), Some(Box::new(system("6.8.0-31", 64))));
    story.boot(ago(198), "elm", BootFact::System { now, before });
    story.link(ago(195), "elm", LinkState::Alive, None);
    story.link(ago(3), "cedar", LinkState::Rebooted, None);
    let silent = Some(Cause::Silent(Duration::from_secs(15)));
    story.attempt(ago(7), "dogwood", LinkState::Pinging, silent, 0, None, ladder(Rung::Heartbeat, "no answer yet"));
    story.link(ago(70), "fir", LinkState::Pinging, Some(Cause::ClosedByPeer(String::new())));
    let evidence = ladder(Rung::Tcp, "10.0.0.16:22: connection refused");
    story.attempt(ago(64), "fir", LinkState::Reconnecting, Some(refused), 2, Some(ago(-4)), evidence);
    story.link(ago(1_100), "ginkgo", LinkState::Reconnecting, Some(Cause::ConnectTimedOut));
    let lost = ladder(Rung::Icmp, "no answer in 2 s");
    story.attempt(ago(440), "ginkgo", LinkState::Lost, Some(Cause::ConnectTimedOut), 31, Some(ago(-22)), lost);
    story.attempt(
        ago(41),
        "hazel",
        LinkState::Paused,
        Some(Cause::NoRoute),
        0,
        None,
        ladder(Rung::Route, "unreachable"),
    );
    let auth = Cause::AuthRefused {
        tried: vec!["publickey id_ed25519".into()],
        offered: vec!["publickey".into(), "keyboard-interactive".into()],
    };
    story.link(ago(902), "ivy", LinkState::Connecting, None);
    story.attempt(ago(900), "ivy", LinkState::Refused, Some(auth), 1, None, ladder(Rung::Auth, "refused"));
    story.link(ago(2), "juniper", LinkState::Connecting, None);
}

pub fn jobs() -> Vec<Job> {
    let job = |name: &str, about: &str, command: &str, tag: &str| Job {
        name: JobName::parse(name).expect("a job name"),
        about: about.into(),
        spec: RunSpec::new(command),
        hosts: Vec::new(),
        tags: vec![tag.into()],
        upload: None,
    };
    vec![
        job("memtest", "all memory, verified, a week", "stress-ng --vm 8 --vm-bytes 90% --verify -t 7d", "x86"),
        job("disk-burn", "every block, four patterns", "fio /etc/fio/burn.fio --output-format=terse", "rack-1"),
        job("net-flood", "both ways, until stopped", "iperf3 -c 10.0.0.1 -t 0 --bidir", "arm"),
    ]
}

/// The screen of that fleet, at that moment, in a terminal of that size.
pub fn app(columns: u16, rows: u16) -> App {
    let setup = Setup { fleet: fleet(), name: "lab".into(), jobs: jobs(), now: NOW, seed: 7, ..Setup::default() };
    let mut app = App::new(setup);
    app.update(NOW, Msg::Resize { columns, rows });
    for (name, micros, rate) in
        [("amber", 412, 12_400), ("birch", 1_240, 1_830_000), ("elm", 380, 96), ("cedar", 900, 0)]
    {
        for second in 0..9 {
            let numbers = Numbers { rtt: Some(Duration::from_micros(micros)), received: rate * second };
            let at = Moment { mono: Mono(NOW.mono.0 - Duration::from_secs(8 - second)), ..NOW };
            app.update(at, Msg::Live(vec![(host(name), numbers)]));
        }
    }
    app.update(NOW, Msg::Tick { utc_offset: 3600 });
    answer(&mut app);
    app
}

/// Reads for the output pane what it wants read: a made-up log.
pub fn answer(app: &mut App) {
    while let Some(effect) = app.output.take_effects().next() {
        let output::Effect::Read(request) = effect else { continue };
        let window = log(request);
        let extent = output::Extent { end: window.end, indexed: window.end, lines: LINES };
        app.update(NOW, Msg::Output(output::Msg::Window(window)));
        app.update(NOW, Msg::Output(output::Msg::Extent(extent)));
    }
}

pub fn log(request: output::Request) -> output::Window {
    let mut window = output::Window { serial: request.serial, ..output::Window::default() };
    let mut pen = output::Style::default();
    for number in 0..LINES {
        let pass = number / 16 + 1;
        let text = match number % 16 {
            15 => format!(
                "\x1b[32mpass {pass} verified\x1b[0m, no bit errors, 124416 MiB in 8 workers, hottest module 71 C\n"
            ),
            at => format!("stress-ng: info: [4242] vm: pass {pass}: page {:04x}0000\n", at * 4096),
        };
        let line = output::decode::line(text.as_bytes(), &mut pen);
        let (offset, next) = (window.end, window.end + u64::try_from(text.len()).expect("short"));
        let entry = output::Entry { offset, next, number: Some(number), line, ..output::Entry::default() };
        window.entries.push(entry);
        window.end = next;
    }
    window.entries[37].before.push(output::Marker::Gap { lost: 4_000_000 });
    window.anchor = match request.anchor {
        output::Anchor::End | output::Anchor::Line(_) | output::Anchor::Time(_) | output::Anchor::Part(_) => {
            window.entries.len() - 1
        }
        output::Anchor::Offset(at) => window.entry_at(at).unwrap_or(0),
    };
    window
}

const LINES: u64 = 43;

pub fn event(app: &App, about: &str, fact: Fact) -> Msg {
    let seq = Seq(app.fleet.seq.0 + 1);
    Msg::Event(Arc::new(Event { seq, at: NOW.wall, host: Some(host(about)), fact }))
}
