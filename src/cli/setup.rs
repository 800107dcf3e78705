//! What a command works with: flags over the configuration file over defaults.

use std::path::PathBuf;

use crate::cli::args::{ColorChoice, Globals};
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::logging;
use crate::config::{Config, Places, closest, default_state_dir};
use crate::domain::host::HostSettings;
use crate::domain::id::HostId;

/// Settled before anything is started.
#[derive(Clone, Debug)]
pub struct Setup {
    pub config: Config,
    /// Where the ledger and our own log are.
    pub state_dir: PathBuf,
    /// Instead of `~/.ssh/config`.
    pub ssh_config: Option<PathBuf>,
    pub color: ColorChoice,
}

impl Setup {
    /// Reads the configuration and begins to log.
    pub fn load(globals: &Globals) -> Result<Self, Failure> {
        let config = Config::load(&places(globals))?;
        let state_dir = globals
            .state_dir
            .clone()
            .or_else(|| config.settings.state_dir.clone())
            .or_else(default_state_dir)
            .ok_or_else(|| {
                let failure = Failure::new(exit::CONFIGURATION, "there is no home directory to keep the ledger in");
                failure.hint("say where with --state-dir DIR")
            })?;
        logging::start(&state_dir, globals.verbose).map_err(|error| {
            Failure::new(exit::FAILURE, format!("failed to write to {}: {error}", state_dir.display()))
                .hint("choose another place with --state-dir DIR")
        })?;
        let ssh_config = globals.ssh_config.clone().or_else(|| config.settings.ssh_config.clone());
        Ok(Self { config, state_dir, ssh_config, color: globals.color })
    }
}

/// Where the configuration may be. An empty `$STEADFAST_CONFIG` is none.
pub fn places(globals: &Globals) -> Places {
    Places::usual(globals.config.clone().filter(|path| !path.as_os_str().is_empty()))
}

/// The hosts meant by names and tags, each once, in the order asked for. A name that is no
/// configured host is one for `ssh` to know, with the configured defaults.
pub fn hosts(config: &Config, names: &[HostId], tags: &[String]) -> Result<Vec<HostSettings>, Failure> {
    let named = names.iter().map(|name| {
        let known = config.hosts.iter().find(|host| host.id == *name);
        known.cloned().unwrap_or_else(|| config.defaults.host(name.clone()))
    });
    let mut hosts: Vec<HostSettings> = named.collect();
    for tag in tags {
        let before = hosts.len();
        hosts.extend(config.hosts.iter().filter(|host| host.tags.contains(tag)).cloned());
        if hosts.len() == before {
            let known = config.hosts.iter().flat_map(|host| &host.tags).map(String::as_str);
            let meant = closest(tag, known).map(|meant| format!("did you mean {meant}?"));
            return Err(Failure::usage(format!("no host has the tag {tag:?}")).maybe_hint(meant));
        }
    }
    let mut seen = std::collections::HashSet::new();
    hosts.retain(|host| seen.insert(host.id.clone()));
    Ok(hosts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Base;

    fn config() -> Config {
        let text = "[defaults]\nuser='op'\n[[hosts]]\nname='n[1-3]'\ntags=['rack']\n[[hosts]]\nname='db'\nport=2222";
        Config::parse(text.as_bytes(), "f", &Base { directory: "/".into(), home: None }).unwrap()
    }

    fn ids(names: &[&str], tags: &[&str]) -> Result<Vec<String>, Failure> {
        let names: Vec<_> = names.iter().map(|name| HostId::parse(name).unwrap()).collect();
        let tags: Vec<_> = tags.iter().map(ToString::to_string).collect();
        hosts(&config(), &names, &tags).map(|hosts| hosts.iter().map(|host| host.id.to_string()).collect())
    }

    #[test]
    fn flags_go_before_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("steadfast.toml");
        std::fs::write(&file, "state_dir = 'of-the-file'\nssh_config = 'of-the-file'\n").unwrap();
        let mut globals = Globals { config: Some(file.clone()), ..Globals::default() };
        let setup = Setup::load(&globals).unwrap();
        assert_eq!(setup.state_dir, directory.path().join("of-the-file"));
        assert_eq!(setup.ssh_config, Some(directory.path().join("of-the-file")));
        assert!(setup.state_dir.join("steadfast.log").exists());
        globals.state_dir = Some(directory.path().join("of-the-flag"));
        globals.ssh_config = Some("flag".into());
        let setup = Setup::load(&globals).unwrap();
        assert_eq!(setup.state_dir, directory.path().join("of-the-flag"));
        assert_eq!(setup.ssh_config, Some("flag".into()));
        // A file where a directory should be.
        globals.state_dir = Some(file);
        let Err(Failure::Expected { code, hint, .. }) = Setup::load(&globals) else { panic!("no failure") };
        assert_eq!((code, hint.is_some()), (exit::FAILURE, true));
    }

    #[test]
    fn each_host_once_in_the_order_asked_for() {
        assert_eq!(ids(&["db", "n2", "db"], &["rack"]).unwrap(), ["db", "n2", "n1", "n3"]);
    }

    #[test]
    fn a_name_that_is_not_configured_gets_the_defaults() {
        let new = HostId::parse("new").unwrap();
        let hosts = hosts(&config(), &[new, HostId::parse("db").unwrap()], &[]).unwrap();
        assert_eq!((hosts[0].user.as_deref(), hosts[0].port), (Some("op"), None));
        assert_eq!(hosts[1].port, Some(2222));
    }

    #[test]
    fn an_unknown_tag_is_an_error_with_a_suggestion() {
        let Err(Failure::Expected { code, hint, .. }) = ids(&[], &["rak"]) else { panic!("no failure") };
        assert_eq!((code, hint.as_deref()), (exit::USAGE, Some("did you mean rack?")));
    }
}
