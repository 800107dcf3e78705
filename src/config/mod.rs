//! F2: the configuration file, `steadfast.toml`, made into domain values. Imports `domain` only.
//!
//! ```text
//! bytes ──read──▶ file::File (what is written, where) ──check──▶ Config (domain values)
//!          └────────────── findings, all of them ──────────────┘──▶ Invalid (blocks of text)
//! ```
//!
//! The serde types of `file` are the one list of keys: the parser, the JSON Schema and the check of
//! the example are made from them. Deliberately absent: passwords (a key that looks like one is
//! refused), reading again while running, and `~/.ssh/config`, which is `ssh`'s.

mod check;
mod file;
mod find;
mod findings;
mod paths;
mod problem;
mod range;
mod read;
mod schema;
mod similar;
mod units;
mod value;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::domain::alert::{AlertKind, AlertSettings};
use crate::domain::host::{HostKeyPolicy, HostSettings, TransportChoice};
use crate::domain::id::HostId;
use crate::domain::link::LinkSettings;
use crate::domain::look::Look;
use crate::domain::network::NetworkSettings;
use crate::domain::run::Job;
use crate::domain::watch::Watch;

pub use check::{is_variable_name, secret_variable};
pub use find::{FILE_NAME, FindError, Places, default_state_dir};
pub use paths::Base;
pub use problem::{Invalid, Problem};
pub use range::{RangeError, expand};
pub use schema::schema;
pub use similar::closest;
pub use units::{parse_duration, parse_screen, parse_size};

/// Everything the operator wrote down. Without a file: nothing, with every default.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Config {
    /// The file it was read from.
    pub path: Option<PathBuf>,
    /// In the order of the file, which is the order on the screen.
    pub hosts: Vec<HostSettings>,
    /// In the order of the file.
    pub jobs: Vec<Job>,
    pub settings: Settings,
    /// For hosts that are named on the command line only.
    pub defaults: HostDefaults,
    /// What is looked for, and when it is unhealthy.
    pub health: crate::domain::health::Settings,
}

/// What concerns the supervisor itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// Where the ledger is; `None`: the platform's place.
    pub state_dir: Option<PathBuf>,
    /// Instead of `~/.ssh/config`.
    pub ssh_config: Option<PathBuf>,
    /// `gc` removes what ended longer ago than this; `None`: only what is named.
    pub keep: Option<Duration>,
    /// What the output of every run is looked at for.
    pub watch: Watch,
    /// What the screen calls the operator for.
    pub alerts: AlertSettings,
    /// Which colours the screen is drawn in.
    pub look: Look,
    /// Who else is called.
    pub webhook: Option<WebhookSettings>,
    /// How the operator's own network is watched.
    pub network: NetworkSettings,
}

/// A program elsewhere that is told by HTTP POST.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebhookSettings {
    /// May be a secret itself.
    pub url: String,
    /// The environment variable that has the bearer token, or the file.
    pub token_env: Option<String>,
    pub token_file: Option<PathBuf>,
    pub on: Vec<AlertKind>,
}

/// What a host has that says nothing itself: `[defaults]`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HostDefaults {
    pub user: Option<String>,
    pub port: Option<u16>,
    pub identity_files: Vec<String>,
    pub jump: Option<String>,
    pub transport: TransportChoice,
    pub host_keys: Option<HostKeyPolicy>,
    pub link: LinkSettings,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(transparent)]
    Find(#[from] FindError),
    #[error("read {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("read {}: it has more than {MAX_BYTES} bytes", path.display())]
    TooLarge { path: PathBuf },
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

impl Config {
    /// Finds, reads and checks the file; without one, the empty configuration.
    pub fn load(places: &Places) -> Result<Self, ConfigError> {
        match places.find()? {
            Some(path) => Self::read(&path, &Base::of(&path)),
            None => Ok(Self::default()),
        }
    }

    /// Reads and checks one file.
    pub fn read(path: &Path, base: &Base) -> Result<Self, ConfigError> {
        let failed = |source| ConfigError::Read { path: path.to_owned(), source };
        let size = std::fs::metadata(path).map_err(failed)?.len();
        if size > MAX_BYTES {
            return Err(ConfigError::TooLarge { path: path.to_owned() });
        }
        let bytes = std::fs::read(path).map_err(failed)?;
        let config = Self::parse(&bytes, &path.display().to_string(), base)?;
        Ok(Self { path: Some(path.to_owned()), ..config })
    }

    /// Checks the text of a file; `name` is what problems call it. All problems are told at once,
    /// up to [`MAX_PROBLEMS`].
    pub fn parse(bytes: &[u8], name: &str, base: &Base) -> Result<Self, Invalid> {
        let text = std::str::from_utf8(bytes).map_err(|error| Invalid::not_utf8(name, bytes, error.valid_up_to()))?;
        let mut findings = findings::Findings::new(text);
        let file = read::file(text, &mut findings);
        let config = check::config(&file, base, &mut findings);
        match findings.into_invalid(name) {
            Some(invalid) => Err(invalid),
            None => Ok(config),
        }
    }
}

impl HostDefaults {
    /// The settings of a host of which only the alias is known.
    #[must_use]
    pub fn host(&self, id: HostId) -> HostSettings {
        let Self { user, port, identity_files, jump, transport, host_keys, link } = self.clone();
        let jump = jump.and_then(|jump| way_to(id.as_str(), &jump));
        HostSettings {
            id,
            address: None,
            tags: Vec::new(),
            user,
            port,
            identity_files,
            jump,
            transport,
            host_keys,
            link,
        }
    }
}

/// What is left of a way that holds for many for one that may be a jump host on it.
fn way_to(host: &str, jump: &str) -> Option<String> {
    let name = |hop: &str| {
        let place = hop.rsplit_once('@').map_or(hop, |(_, place)| place);
        place.split_once(':').map_or(place, |(name, _)| name).to_owned()
    };
    let hops: Vec<&str> = jump.split(',').take_while(|hop| name(hop) != host).collect();
    (!hops.is_empty()).then(|| hops.join(","))
}

/// The commented example: what `config init` writes.
pub const EXAMPLE: &str = include_str!("../../assets/steadfast.example.toml");

/// A configuration of 10,000 hosts has less; whoever points us at a log by mistake gets an answer.
pub const MAX_BYTES: u64 = 4 << 20;

/// More problems than this in one file are not told: the first ones are what to mend.
pub const MAX_PROBLEMS: usize = 50;

#[cfg(test)]
mod tests;
