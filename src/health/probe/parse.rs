//! The answer of `assets/health.sh`, of whatever system, as a sample. Nothing in it is trusted: what
//! cannot be understood is left out, and said where the operator would miss it.

use std::collections::BTreeMap;

use crate::domain::health::{
    Disk, Filesystem, Load, Percent, Pressure, Running, Sample, Sensor, Service, Traffic, Vitals, Watched, plain,
};

/// What the processors have done since boot, in ticks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CpuTimes {
    busy: u64,
    total: u64,
}

/// Reads an answer; the times at its end are for the next one.
///
/// `before` are the times of the probe before; without them the answer has two of its own.
pub(super) fn answer(
    bytes: &[u8],
    watched: &Watched,
    before: Option<CpuTimes>,
) -> Result<(Sample, Option<CpuTimes>), String> {
    let text = String::from_utf8_lossy(bytes);
    let sections = Sections::of(&text)?;
    let mut times = sections.all("cpu").filter_map(cpu_times);
    let first = times.next();
    let last = times.last().or(first);
    let since = before.or(first).filter(|_| before.is_some() || last != first);
    let cpu = since.zip(last).and_then(|(since, last)| last.since(since));
    let mut sample = Sample {
        cpu,
        memory: memory(&sections),
        vitals: Vitals {
            load: load(&sections),
            pressure: Pressure {
                cpu: sections.first("pcpu").and_then(pressure),
                memory: sections.first("pmemory").and_then(pressure),
                io: sections.first("pio").and_then(pressure),
            },
            disk: sections.first("df").and_then(disk),
            temperature: temperature(&sections),
            traffic: sections.first("net").and_then(traffic),
        },
        services: services(&sections, watched),
        filesystems: filesystems(sections.first("df").unwrap_or_default()),
        sensors: sensors(&sections),
        remarks: Vec::new(),
    };
    for (name, missing) in [("CPU", sample.cpu.is_none()), ("memory", sample.memory.is_none())] {
        if missing {
            sample.remarks.push(format!("the host does not tell its {name}"));
        }
    }
    Ok((sample, last))
}

/// The lines after each marker.
struct Sections<'a>(Vec<(&'a str, Vec<&'a str>)>);

impl<'a> Sections<'a> {
    fn of(text: &'a str) -> Result<Self, String> {
        let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
        for line in text.lines() {
            // What the login shell says before may have no newline at its end.
            if let Some((_, name)) = line.split_once(MARK) {
                if name.trim_end() == "end" {
                    return Ok(Self(sections));
                }
                sections.push((name.trim_end(), Vec::new()));
            } else if let Some((_, lines)) = sections.last_mut() {
                lines.push(line);
            }
        }
        Err(match text.trim() {
            "" => "the host's shell said nothing".into(),
            said => format!("the probe broke off: {}", plain(said.lines().last().unwrap_or_default(), 80)),
        })
    }

    fn all<'s>(&'s self, wanted: &'s str) -> impl Iterator<Item = &'s [&'a str]> {
        self.0.iter().filter(move |(name, _)| *name == wanted).map(|(_, lines)| lines.as_slice())
    }

    fn first(&self, wanted: &str) -> Option<&[&'a str]> {
        self.0.iter().find(|(name, _)| *name == wanted).map(|(_, lines)| lines.as_slice())
    }

    /// The value of `NAME: VALUE` in the last section of sysctl(8).
    fn sysctl(&self, wanted: &str) -> Option<&'a str> {
        sysctl(self.0.iter().rev().find(|(name, _)| *name == "cpu")?.1.as_slice(), wanted)
    }
}

fn sysctl<'a>(lines: &[&'a str], wanted: &str) -> Option<&'a str> {
    lines.iter().find_map(|line| line.strip_prefix(wanted)?.strip_prefix(':').map(str::trim))
}

impl CpuTimes {
    /// The busy share of the time since `before`; a counter that went back says nothing.
    fn since(self, before: Self) -> Option<Percent> {
        let total = self.total.checked_sub(before.total)?;
        Percent::share(self.busy.checked_sub(before.busy)?, total)
    }
}

/// proc_stat(5): user nice system idle iowait irq softirq steal; guests are in user already.
/// FreeBSD's kern.cp_time: user nice system interrupt idle.
fn cpu_times(lines: &[&str]) -> Option<CpuTimes> {
    let numbers = |text: &str| -> Option<Vec<u64>> {
        text.split_ascii_whitespace().take(8).map(|word| word.parse().ok().filter(|ticks| *ticks < 1 << 60)).collect()
    };
    let (ticks, idle) = match sysctl(lines, "kern.cp_time") {
        Some(times) => (numbers(times)?, 4..5),
        None => (numbers(lines.first()?.strip_prefix("cpu ")?)?, 3..5),
    };
    let idle: u64 = ticks.get(idle.start..idle.end.min(ticks.len()))?.iter().sum();
    let total: u64 = ticks.iter().sum();
    (ticks.len() >= 4).then(|| CpuTimes { busy: total - idle, total })
}

fn memory(sections: &Sections<'_>) -> Option<Percent> {
    let Some(lines) = sections.first("meminfo") else {
        let pages = |name: &str| sections.sysctl(name)?.parse::<u64>().ok();
        let total = pages("vm.stats.vm.v_page_count")?;
        let free = pages("vm.stats.vm.v_free_count")?.checked_add(pages("vm.stats.vm.v_inactive_count")?)?;
        return Percent::share(total.checked_sub(free)?, total);
    };
    let kib = |name: &str| -> Option<u64> {
        let value = lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        value.trim().strip_suffix("kB")?.trim_end().parse().ok()
    };
    let total = kib("MemTotal")?;
    // Kernels before 3.14 do not tell what is available.
    let available =
        kib("MemAvailable").or_else(|| kib("MemFree")?.checked_add(kib("Buffers")?)?.checked_add(kib("Cached")?))?;
    Percent::share(total.checked_sub(available)?, total)
}

fn load(sections: &Sections<'_>) -> Option<Load> {
    let text = match sections.first("loadavg") {
        Some(lines) => *lines.first()?,
        None => sections.sysctl("vm.loadavg")?.trim_start_matches('{'),
    };
    let mut words = text.split_ascii_whitespace().map(|word| decimal(word, 1e6));
    Some(Load([words.next()??, words.next()??, words.next()??]))
}

/// Digits and one dot, up to `most`.
fn decimal(word: &str, most: f64) -> Option<f64> {
    let sound = word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    word.parse().ok().filter(|value: &f64| sound && *value <= most)
}

/// `some avg10=0.12 …`: the share of the last ten seconds.
fn pressure(lines: &[&str]) -> Option<Percent> {
    let words = lines.first()?.strip_prefix("some ")?;
    let value = words.split_ascii_whitespace().find_map(|word| word.strip_prefix("avg10="))?;
    Percent::parse_number(value).ok()
}

/// The first of them is that of the spool.
fn disk(lines: &[&str]) -> Option<Disk> {
    mounted(lines.get(1)?).map(|filesystem| filesystem.disk)
}

/// Each place once.
fn filesystems(lines: &[&str]) -> Vec<Filesystem> {
    let mut all: Vec<Filesystem> = Vec::new();
    for filesystem in lines.iter().skip(1).filter_map(|line| mounted(line)) {
        if all.len() < FILESYSTEMS && all.iter().all(|known| known.place != filesystem.place) {
            all.push(filesystem);
        }
    }
    all
}

/// POSIX df -P -k: `NAME BLOCKS USED FREE CAPACITY PLACE`; names and places may have blanks.
fn mounted(line: &str) -> Option<Filesystem> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let capacity = words.iter().position(|word| Percent::parse(word).is_ok()).filter(|at| *at >= 4)?;
    let free_kib = words.get(capacity - 1)?.parse().ok()?;
    let disk = Disk { used: Percent::parse(words.get(capacity)?).ok()?, free_kib };
    Some(Filesystem { place: plain(&words.get(capacity + 1..)?.join(" "), NAME), disk })
}

fn temperature(sections: &Sections<'_>) -> Option<f64> {
    sensors(sections).iter().map(|sensor| sensor.degrees).max_by(f64::total_cmp)
}

/// `MILLIDEGREES NAME`, or without a name. Names that several have are numbered; what nothing is connected
/// to, and what is no temperature of a machine, is left out.
fn sensors(sections: &Sections<'_>) -> Vec<Sensor> {
    let zones = sections.first("temp").unwrap_or_default().iter().filter_map(|line| zone(line));
    // FreeBSD: of the processor where coretemp(4) is loaded, else of ACPI.
    let freebsd = [("cpu", "dev.cpu.0.temperature"), ("acpi", "hw.acpi.thermal.tz0.temperature")].into_iter();
    let freebsd =
        freebsd.filter_map(|(name, key)| Some((name, decimal(sections.sysctl(key)?.strip_suffix('C')?, 200.0)?)));
    let sane = |(_, degrees): &(&str, f64)| (-50.0..UNCONNECTED).contains(degrees);
    let mut sensors: Vec<Sensor> = Vec::new();
    for (name, degrees) in zones.chain(freebsd).filter(sane).take(SENSORS) {
        let name = plain(name, NAME);
        let same = |known: &&Sensor| known.name == name || known.name.strip_prefix(&name).is_some_and(is_number);
        let name = match sensors.iter().filter(same).count() {
            0 => name,
            others => format!("{name} {}", others + 1),
        };
        sensors.push(Sensor { name, degrees });
    }
    sensors
}

fn zone(line: &str) -> Option<(&str, f64)> {
    let (milli, name) = line.trim().split_once(' ').unwrap_or((line.trim(), "zone"));
    Some((name.trim(), f64::from(milli.parse::<i32>().ok()?) / 1000.0))
}

/// ` 2`
fn is_number(rest: &str) -> bool {
    rest.strip_prefix(' ').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// proc_pid_net(5), `dev`: eight numbers received, eight sent.
fn traffic(lines: &[&str]) -> Option<Traffic> {
    let mut sum = None;
    for line in lines {
        let Some((name, numbers)) = line.split_once(':') else { continue };
        if name.trim() == "lo" {
            continue;
        }
        let mut numbers = numbers.split_ascii_whitespace().map(str::parse::<u64>);
        let (Some(Ok(received)), Some(Ok(sent))) = (numbers.next(), numbers.nth(7)) else { continue };
        let so_far: Traffic = sum.unwrap_or_default();
        sum = Some(Traffic {
            received: so_far.received.saturating_add(received),
            sent: so_far.sent.saturating_add(sent),
        });
    }
    sum
}

/// Each name once, in the order units, processes, containers.
fn services(sections: &Sections<'_>, watched: &Watched) -> Vec<Service> {
    let mut services = Vec::new();
    units(sections, watched, &mut services);
    if !watched.processes.is_empty() {
        let running = sections.first("procs").unwrap_or_default();
        for name in &watched.processes {
            let there = running.iter().any(|line| {
                let line = line.trim();
                line == name || Some(line) == name.get(..COMM)
            });
            let running = if there { Running::Yes } else { Running::No("no such process".into()) };
            services.push(Service { name: name.clone(), running });
        }
    }
    for line in sections.first("docker").unwrap_or_default() {
        let mut words = line.split_ascii_whitespace();
        let (Some(name), Some(state), None) = (words.next(), words.next(), words.next()) else { continue };
        services.push(Service { name: plain(name, NAME), running: running(state == "running", state) });
    }
    let mut seen = std::collections::BTreeSet::new();
    services.retain(|service| seen.insert(service.name.clone()));
    services.truncate(SERVICES);
    services
}

/// `systemctl show`: blocks of `KEY=VALUE` with an empty line between them, keys in any order.
fn units(sections: &Sections<'_>, watched: &Watched, services: &mut Vec<Service>) {
    let mut found: BTreeMap<&str, Running> = BTreeMap::new();
    let lines = sections.first("units").unwrap_or_default();
    for block in lines.split(|line| line.trim().is_empty()) {
        let value = |key: &str| block.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        let (Some(id), Some(active), Some(sub)) = (value("Id"), value("ActiveState"), value("SubState")) else {
            continue;
        };
        found.insert(id, running(active == "active", &format!("{active} ({sub})")));
    }
    match &watched.units {
        None => {
            let short = |id: &str| plain(id.strip_suffix(".service").unwrap_or(id), NAME);
            services.extend(found.into_iter().map(|(id, running)| Service { name: short(id), running }));
        }
        Some(wanted) => services.extend(wanted.iter().map(|name| {
            let running = found.remove(name.as_str()).or_else(|| found.remove(format!("{name}.service").as_str()));
            let running = running.unwrap_or_else(|| Running::No("not known to systemd".into()));
            Service { name: name.strip_suffix(".service").unwrap_or(name).to_owned(), running }
        })),
    }
}

fn running(yes: bool, state: &str) -> Running {
    if yes { Running::Yes } else { Running::No(plain(state, 40)) }
}

/// Before the name of each section.
const MARK: &str = "\u{1e}SFH1 ";

/// What Linux keeps of a program's name.
pub(super) const COMM: usize = 15;

/// Characters of a service's name.
const NAME: usize = 80;

/// Of one host.
const SERVICES: usize = 500;
const FILESYSTEMS: usize = 32;
const SENSORS: usize = 64;

/// What chips say where there is no sensor: 127 or 127.5 °C. Below it every processor has switched itself off.
const UNCONNECTED: f64 = 125.0;

#[cfg(test)]
mod tests;
