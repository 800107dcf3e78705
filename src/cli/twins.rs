//! Whatever the screen can have done can be done without it. The table knows every action, so that a new one
//! does not compile before somebody has said which command does the same.

use std::collections::BTreeSet;

use clap::CommandFactory;

use crate::app::keymap::{Action, BINDINGS};
use crate::cli::args::Cli;

/// What does the same without the screen.
enum Twin {
    /// A command, and options of it.
    Command(&'static str, &'static [&'static str]),
    /// It looks at something: commands tell the same.
    Told(&'static [&'static str]),
    /// It is about the screen itself, or goes from place to place on it.
    Screen,
}

fn twin(action: Action) -> Twin {
    match action {
        Action::Connect | Action::Reconnect => Twin::Command("reconnect", &["count"]),
        // One that ends closes its connections; one that must not come back is paused.
        Action::Detach | Action::PauseLink => Twin::Command("pause", &["count"]),
        Action::MarkDead => Twin::Command("mark-dead", &["count"]),
        Action::StartJob => Twin::Command("run", &["job", "hosts"]),
        Action::Rerun => Twin::Command("rerun", &[]),
        Action::Cancel => Twin::Command("cancel", &[]),
        Action::Note => Twin::Command("note", &["message"]),
        Action::Save | Action::OpenPager | Action::OpenEditor | Action::OpenLnav => {
            Twin::Command("log", &["output", "plain", "raw"])
        }
        Action::OlderRun | Action::NewerRun => Twin::Command("log", &["attempt"]),
        Action::OtherStream => Twin::Command("log", &["stderr"]),
        Action::Follow => Twin::Command("attach", &["from_start"]),
        Action::NextAlarm | Action::PreviousAlarm => Twin::Command("log", &["alarms"]),
        Action::NextMark | Action::PreviousMark => Twin::Command("log", &["marks"]),
        Action::Health | Action::OpenHealth | Action::SortNext | Action::SortPrevious | Action::SortReverse => {
            Twin::Told(&["health", "services", "status"])
        }
        Action::Details => Twin::Told(&["check", "runs", "health"]),
        Action::Incidents | Action::Digest => Twin::Told(&["runs", "net", "check", "unhealthy-services"]),
        Action::Up
        | Action::Down
        | Action::PageUp
        | Action::PageDown
        | Action::First
        | Action::Last
        | Action::Open
        | Action::Mark
        | Action::MarkAll
        | Action::Filter
        | Action::NextTrouble
        | Action::PreviousTrouble
        | Action::Reorder
        | Action::Wrap
        | Action::CursorLeft
        | Action::CursorRight
        | Action::Oldest
        | Action::Newest
        | Action::ZoomIn
        | Action::ZoomOut
        | Action::NextPane
        | Action::PreviousPane
        | Action::Zoom
        | Action::Wall
        | Action::WallUp
        | Action::WallDown
        | Action::WallLeft
        | Action::WallRight
        | Action::GroupByTag
        | Action::Palette
        | Action::Mouse
        | Action::Theme
        | Action::Screenshot
        | Action::Copy
        | Action::GoTo
        | Action::CopyLines
        | Action::Terminal
        | Action::Merge
        | Action::Freeze
        | Action::Help
        | Action::Back
        | Action::Redraw
        | Action::Suspend
        | Action::Quit
        | Action::Interrupt => Twin::Screen,
    }
}

#[test]
fn what_acts_on_hosts_has_a_command_and_every_command_named_is_one() {
    let cli = Cli::command();
    let find = |name: &str| cli.find_subcommand(name).unwrap_or_else(|| panic!("{name} is no command"));
    for binding in BINDINGS {
        match twin(binding.action) {
            Twin::Command(name, options) => {
                let command = find(name);
                for option in options {
                    let has = command.get_arguments().any(|argument| argument.get_id() == option);
                    assert!(has, "{name} has no {option}, which {:?} needs", binding.action);
                }
            }
            Twin::Told(names) => names.iter().for_each(|name| assert_eq!(find(name).get_name(), *name)),
            Twin::Screen => assert!(!binding.action.acts_on_hosts(), "{:?} has no command", binding.action),
        }
    }
}

#[test]
fn the_readme_names_every_command_that_does_what_a_key_does() {
    let readme = include_str!("../../README.md");
    let table = readme.split_once("| key | without the screen |").and_then(|(_, rest)| rest.split("\n\n").next());
    let table = table.unwrap_or_default();
    let names = BINDINGS.iter().filter_map(|binding| match twin(binding.action) {
        Twin::Command(name, _) => Some(name),
        Twin::Told(_) | Twin::Screen => None,
    });
    for name in names.collect::<BTreeSet<_>>() {
        assert!(table.contains(&format!("`{name}")) || table.contains(&format!("steadfast {name}")), "{name}");
    }
}
