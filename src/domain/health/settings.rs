//! What the operator wants to know of hosts, and when it is too much.

use super::{Rules, Sampling, Steadiness};

/// The configured health.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    pub rules: Rules,
    pub steadiness: Steadiness,
    pub watched: Watched,
    /// How a supervisor asks its hosts; `None`: not at all.
    pub sampling: Option<Sampling>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            steadiness: Steadiness::default(),
            watched: Watched::default(),
            sampling: Some(Sampling::default()),
        }
    }
}

/// The services to look for on hosts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Watched {
    /// systemd units; `None`: the running services.
    pub units: Option<Vec<String>>,
    /// Whether Docker is asked, where there is one.
    pub docker: bool,
    /// By the name of the program, as `ps` shows it.
    pub processes: Vec<String>,
}

impl Default for Watched {
    fn default() -> Self {
        Self { units: None, docker: true, processes: Vec::new() }
    }
}

/// Whether a unit or process may be asked for by this name: it becomes a word of a shell script.
#[must_use]
pub fn is_service_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"@._:+-".contains(&byte);
    (1..=128).contains(&name.len()) && !name.starts_with('-') && name.bytes().all(allowed)
}
