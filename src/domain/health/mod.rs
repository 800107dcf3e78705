//! How hosts and the services on them are: samples, the rule that judges them, and sums over servers.
//!
//! A [`Report`] is what one server answered, a [`Sample`] or the [`Trouble`] in its place. The rule
//! ([`Rules`]) makes [`Row`]s of them, one per server and service; [`summaries`] adds those up.
//! [`Level`] is for who looks again and again, and keeps a value at the threshold from flapping. A
//! supervisor asks at a [`Pace`], has a [`Watch`] tell what changed, and keeps a [`HostHealth`] of each host.

mod history;
mod level;
mod pace;
mod percent;
mod plane;
mod row;
mod rules;
mod sample;
mod settings;
mod watch;

pub use history::{HostHealth, METRICS, Metric, POINTS, Point, Rates, Taken};
pub use level::{Change, Level, Steadiness};
pub use pace::{Pace, Sampling, Step};
pub use percent::{Percent, PercentError};
pub use plane::{PlaneHealth, PlaneWatch, SERVERS, server_key};
pub use row::{Row, Summary, rows, short_of, summaries};
pub use rules::{FULL, HOT, Limits, Reason, Rules, Status, Thresholds};
pub use sample::{
    Disk, Filesystem, Load, Pressure, Report, Running, Sample, Sensor, Service, Traffic, Trouble, Vitals, plain,
};
pub use settings::{Settings, Watched, is_service_name};
pub use watch::{Illness, LevelChange, Unwell, Watch, list};
