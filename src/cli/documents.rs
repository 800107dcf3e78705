//! What the program knows about itself: completions, manual page, schemas.

use std::io;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::args::{Cli, SchemaOf};
use crate::cli::failure::Failure;
use crate::cli::{exit, output};

/// A script for the shell.
pub(super) fn completions(shell: Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut script);
    output::print(script)
}

/// One page with every command on stdout, or a page each into a directory.
pub(super) fn man(directory: Option<&Path>) -> Result<u8, Failure> {
    match directory {
        Some(directory) => {
            let failed = |error: io::Error| {
                Failure::new(exit::FAILURE, format!("failed to write to {}: {error}", directory.display()))
            };
            std::fs::create_dir_all(directory).map_err(failed)?;
            clap_mangen::generate_to(Cli::command(), directory).map_err(failed)?;
            Ok(exit::SUCCESS)
        }
        None => {
            let page = page().map_err(|error| Failure::Unexpected(error.into()))?;
            output::print(page)
        }
    }
}

pub(super) fn schema(what: SchemaOf) -> Result<u8, Failure> {
    match what {
        SchemaOf::Config => config_schema(),
        SchemaOf::Events => output::print(format!("{:#}\n", crate::ledger::record::event_schema())),
    }
}

pub(super) fn config_schema() -> Result<u8, Failure> {
    output::print(format!("{:#}\n", crate::config::schema()))
}

/// The manual: the program, then each command with its options as a section.
fn page() -> io::Result<Vec<u8>> {
    let mut root = Cli::command();
    root.build();
    let man = Man::new(root.clone()).manual(NAME);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    notes(&root, &mut page);
    for command in root.get_subcommands().filter(|command| command.get_name() != "help") {
        section(command, command.get_name(), &mut page)?;
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            section(inner, &format!("{} {}", command.get_name(), inner.get_name()), &mut page)?;
        }
    }
    Ok(page)
}

/// A command as a section: what are sections of its own page are subsections here.
fn section(command: &clap::Command, name: &str, page: &mut Vec<u8>) -> io::Result<()> {
    // The global options are told once, on top.
    let man = Man::new(command.clone().mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg }));
    let mut text = Vec::new();
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    page.extend_from_slice(format!(".SH \"{NAME} {name}\"\n").as_bytes());
    for line in String::from_utf8_lossy(&text).lines() {
        let line = line.strip_prefix(".SH ").map_or_else(|| line.to_owned(), |title| format!(".SS {title}"));
        page.extend_from_slice(line.as_bytes());
        page.push(b'\n');
    }
    notes(command, page);
    Ok(())
}

/// Examples and tables, line by line as they are.
fn notes(command: &clap::Command, page: &mut Vec<u8>) {
    let Some(text) = command.get_after_long_help().or_else(|| command.get_after_help()) else { return };
    page.extend_from_slice(b".PP\n.nf\n");
    for line in text.to_string().lines() {
        // A dot or quote at the beginning would be a request to the formatter.
        let escaped = line.replace('\\', "\\\\").replace('-', "\\-");
        page.extend_from_slice(format!("\\&{escaped}\n").as_bytes());
    }
    page.extend_from_slice(b".fi\n");
}

const NAME: &str = "steadfast";
