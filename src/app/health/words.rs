//! How fresh numbers are and what is wrong with them, in words.

use std::time::Duration;

use crate::app::{App, say};
use crate::domain::fleet::HostView;
use crate::domain::health::{FULL, HOT, HostHealth, Metric, Reason, Taken};
use crate::domain::moment::Wall;

/// How old what is shown is, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Age {
    /// Nobody samples, and nobody has.
    Off,
    /// Connected, and not sampled yet.
    NotYet,
    /// Nothing is known, and the host cannot be asked.
    Never,
    Fresh(Duration),
    /// The next one is waited for; since the last so long.
    Late(Option<Duration>),
    /// The last question came to nothing.
    Failed(String),
    /// The host cannot be asked now.
    Away(Duration),
}

/// What is wrong, and how much of that is over a threshold of the rules.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Findings {
    /// Over a threshold, or not running.
    pub bad: Vec<String>,
    /// Worth a look.
    pub warnings: Vec<String>,
}

impl Findings {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bad.is_empty() && self.warnings.is_empty()
    }

    /// The worst first.
    #[must_use]
    pub fn text(&self) -> String {
        self.bad.iter().chain(&self.warnings).cloned().collect::<Vec<_>>().join(", ")
    }
}

/// How a number is to be seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Grade {
    Calm,
    Warning,
    Bad,
}

impl App {
    #[must_use]
    pub fn age(&self, host: &HostView, health: Option<&HostHealth>) -> Age {
        let now = self.now.wall;
        let latest = health.and_then(|health| health.latest.as_ref()).map(|taken| now.since(taken.at));
        let connected = host.link.state.is_connected();
        let Some(sampling) = self.health.settings.sampling else {
            return latest.map_or(Age::Off, Age::Away);
        };
        if !connected {
            return latest.map_or(Age::Never, Age::Away);
        }
        if let Some((_, why)) = health.and_then(|health| health.failed.as_ref()) {
            return Age::Failed(say::clean(why).into_owned());
        }
        let late = health.is_some_and(|health| health.late.is_some());
        match latest {
            // A host that is just connected again has its turn soon.
            Some(age) if !late && age > sampling.patience() => {
                let back = now.since(host.link.since);
                if back < sampling.interval { Age::Away(age) } else { Age::Late(Some(age)) }
            }
            Some(age) if !late => Age::Fresh(age),
            None if !late => Age::NotYet,
            age => Age::Late(age),
        }
    }

    /// The age in words that fit behind the host's name.
    #[must_use]
    pub fn age_words(&self, host: &HostView, age: &Age) -> String {
        let ago = |age: &Duration| format!("{} ago", say::duration(*age));
        match age {
            Age::Off => "health is off: `sampling = true` in [health] of the configuration".into(),
            Age::NotYet => "no sample yet".into(),
            Age::Never => format!("{}: never sampled", host.link.state.word()),
            Age::Fresh(age) => format!("sampled {}", ago(age)),
            Age::Late(None) => "late: no answer yet".into(),
            Age::Late(Some(age)) => format!("late: last sampled {}", ago(age)),
            Age::Failed(why) => format!("no sample: {why}"),
            Age::Away(age) if host.link.state.is_connected() => format!("last sampled {}", ago(age)),
            Age::Away(age) => format!("not alive ({}): last sampled {}", host.link.state.word(), ago(age)),
        }
    }

    /// The same in as few columns as a narrow table has.
    #[must_use]
    pub fn age_word(&self, host: &HostView, age: &Age) -> String {
        match age {
            Age::Off => "off".into(),
            Age::NotYet => "no sample yet".into(),
            Age::Never => host.link.state.word().into(),
            Age::Fresh(_) => String::new(),
            Age::Late(_) => "late".into(),
            Age::Failed(_) => "no sample".into(),
            Age::Away(age) if host.link.state.is_connected() => format!("{} ago", say::duration(*age)),
            Age::Away(age) => format!("{} {} ago", host.link.state.word(), say::duration(*age)),
        }
    }

    /// What is wrong on a host with its last sample; on a server, by the thresholds of its service.
    #[must_use]
    pub fn findings(&self, host: &HostView, taken: Option<&Taken>, service: Option<&str>) -> Findings {
        let mut found = Findings::default();
        let Some(taken) = taken else { return found };
        let thresholds = self.health.settings.rules.thresholds(service);
        let (_, reasons) = thresholds.judge(taken.sample.cpu, taken.sample.memory, None);
        found.bad.extend(reasons.iter().map(reason));
        for (name, illness) in host.unwell.services() {
            let why = illness.reasons.first().map_or_else(|| "unhealthy".to_owned(), reason);
            found.bad.push(say::clean(&format!("{name} {why}")).into_owned());
        }
        let fullest = taken.sample.filesystems.iter().filter(|one| one.disk.used > FULL);
        found.warnings.extend(
            fullest.map(|one| format!("{} {}", say::clean(&one.place), over(one.disk.used.value(), FULL.value()))),
        );
        if let Some(degrees) = taken.sample.vitals.temperature.filter(|degrees| *degrees > HOT) {
            found.warnings.push(format!("{degrees:.0} C over {HOT:.0} C"));
        }
        found
    }

    /// How a number of a host is to be seen.
    #[must_use]
    pub fn grade(&self, metric: Metric, value: f32) -> Grade {
        let thresholds = self.health.settings.rules.thresholds(None);
        let value = f64::from(value);
        match metric {
            Metric::Cpu if value > thresholds.cpu.value() => Grade::Bad,
            Metric::Memory if value > thresholds.memory.value() => Grade::Bad,
            Metric::Disk if value > FULL.value() => Grade::Warning,
            Metric::Temperature if value > HOT => Grade::Warning,
            Metric::Cpu
            | Metric::Memory
            | Metric::Load
            | Metric::PressureCpu
            | Metric::PressureMemory
            | Metric::PressureIo
            | Metric::Disk
            | Metric::Temperature
            | Metric::Received
            | Metric::Sent => Grade::Calm,
        }
    }

    /// Up to when the pictures of a host go: its last sample as long as that is fresh, so that there is no
    /// empty end before the next one comes.
    #[must_use]
    pub fn picture_end(&self, age: &Age, health: &HostHealth) -> Wall {
        match (age, &health.latest) {
            (Age::Fresh(_), Some(latest)) => latest.at,
            _ => self.now.wall,
        }
    }

    /// One column of a picture: a little more than an interval, so that none stays empty by chance.
    #[must_use]
    pub fn picture_slice(&self) -> Duration {
        self.health.settings.sampling.unwrap_or_default().interval.mul_f64(1.25)
    }
}

fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Cpu { value, threshold } => format!("CPU {}", over(value.value(), threshold.value())),
        Reason::Memory { value, threshold } => format!("memory {}", over(value.value(), threshold.value())),
        Reason::NotRunning(state) => format!("not running: {}", say::clean(state)),
    }
}

/// `97 % over 90 %`; with as many decimals as it takes to see that it is.
fn over(value: f64, threshold: f64) -> String {
    let (whole, most) = (percent(value), percent(threshold));
    if whole == most { format!("{value:.2} % over {threshold:.2} %") } else { format!("{whole} over {most}") }
}

/// `97 %`
#[must_use]
pub fn percent(value: f64) -> String {
    format!("{value:.0} %")
}

/// A number as short as it can be.
#[must_use]
pub fn number(metric: Metric, value: f32) -> String {
    match metric {
        Metric::Cpu
        | Metric::Memory
        | Metric::PressureCpu
        | Metric::PressureMemory
        | Metric::PressureIo
        | Metric::Disk => format!("{value:.0}%"),
        Metric::Load if value < 10.0 => format!("{value:.2}"),
        Metric::Load if value < 100.0 => format!("{value:.1}"),
        Metric::Load => format!("{value:.0}"),
        Metric::Temperature => format!("{value:.0}C"),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate that is shown")]
        Metric::Received | Metric::Sent => format!("{}/s", say::bytes(value.max(0.0) as u64)),
    }
}
