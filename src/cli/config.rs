//! `steadfast config …`: look at the configuration without connecting to anything.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cli::args::{ConfigArgs, ConfigCommand, Globals};
use crate::cli::failure::Failure;
use crate::cli::{documents, exit, output, setup};
use crate::config::{Config, EXAMPLE, FILE_NAME, Places};

pub(super) fn run(args: &ConfigArgs, globals: &Globals) -> Result<u8, Failure> {
    match &args.command {
        ConfigCommand::Check { file } => {
            let mut places = setup::places(globals);
            places.named = file.clone().or(places.named);
            check(&places)
        }
        ConfigCommand::Init { file } => {
            let named = file.clone().or_else(|| setup::places(globals).named);
            init(&named.unwrap_or_else(|| FILE_NAME.into()), file.is_none())
        }
        ConfigCommand::Schema => documents::config_schema(),
    }
}

fn check(places: &Places) -> Result<u8, Failure> {
    let config = Config::load(places)?;
    let Some(path) = &config.path else {
        let looked: Vec<_> = [&places.here, &places.platform].into_iter().flatten().collect();
        let looked: Vec<_> = looked.iter().map(|path| path.display().to_string()).collect();
        return output::print(format!(
            "no configuration file (looked for {}); every default holds\nhint: `steadfast config init` writes one\n",
            looked.join(", ")
        ));
    };
    let (hosts, jobs) = (config.hosts.len(), config.jobs.len());
    for note in notes(&config) {
        writeln!(std::io::stderr(), "note: {note}").ok();
    }
    output::print(format!("{}: fine; {}, {}\n", path.display(), count(hosts, "host"), count(jobs, "job")))
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// What is no error in the file, but will be one when it is used.
fn notes(config: &Config) -> Vec<String> {
    let mut files: Vec<(String, &str)> = Vec::new();
    for job in &config.jobs {
        files.extend(job.upload.as_deref().map(|path| (format!("jobs.{}: upload", job.name), path)));
        files.extend(job.spec.env_file.as_deref().map(|path| (format!("jobs.{}: env_file", job.name), path)));
    }
    for host in &config.hosts {
        files.extend(
            host.identity_files.iter().map(|path| (format!("host {}: identity_files", host.id), path.as_str())),
        );
    }
    let ssh_config = config.settings.ssh_config.as_ref().and_then(|path| path.to_str());
    files.extend(ssh_config.map(|path| ("ssh_config".to_owned(), path)));
    // A key that is missing is missing for the whole fleet: once is enough.
    let mut told = std::collections::HashSet::new();
    files
        .into_iter()
        // ssh's own tokens (%h, %d) are for ssh to fill in.
        .filter(|(_, path)| !path.contains('%') && !Path::new(path).exists() && told.insert(*path))
        .map(|(whose, path)| format!("{whose}: there is no file {path}"))
        .collect()
}

/// Writes the example. Never over something that is there.
fn init(path: &Path, usual: bool) -> Result<u8, Failure> {
    let failed = |error: &std::io::Error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            Failure::new(exit::FAILURE, format!("{} is there already; nothing was changed", path.display()))
                .hint("write it somewhere else with `steadfast config init FILE`")
        } else {
            Failure::new(exit::FAILURE, format!("failed to write {}: {error}", path.display()))
        }
    };
    let mut file = std::fs::File::create_new(path).map_err(|error| failed(&error))?;
    if let Err(error) = file.write_all(EXAMPLE.as_bytes()).and_then(|()| file.sync_all()) {
        // Half an example would be found by the next start.
        std::fs::remove_file(path).ok();
        return Err(failed(&error));
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
    let everywhere = Places::usual(None).platform.filter(|_| usual).map_or_else(String::new, |platform| {
        format!("It is found when steadfast is started in this directory; for everywhere: {}\n", platform.display())
    });
    output::print(format!("wrote {}\n{everywhere}", absolute.display()))
}
