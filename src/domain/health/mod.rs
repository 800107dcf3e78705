//! How hosts and the services on them are: samples, the rule that judges them, and sums over servers.
//!
//! A [`Report`] is what one server answered, a [`Sample`] or the [`Trouble`] in its place. The rule
//! ([`Rules`]) makes [`Row`]s of them, one per server and service; [`summaries`] adds those up.
//! [`Level`] is for who looks again and again, and keeps a value at the threshold from flapping.

mod level;
mod percent;
mod row;
mod rules;
mod sample;
mod settings;

pub use level::{Change, Level, Steadiness};
pub use percent::{Percent, PercentError};
pub use row::{Row, Summary, rows, short_of, summaries};
pub use rules::{Limits, Reason, Rules, Status, Thresholds};
pub use sample::{Disk, Load, Pressure, Report, Running, Sample, Service, Traffic, Trouble, Vitals, plain};
pub use settings::{Settings, Watched, is_service_name};
