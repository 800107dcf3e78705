//! From what is written to what is meant: the rules that no type can tell.

mod health;
mod hosts;
mod jobs;
mod link;
mod network;
mod notify;
mod secret;
mod watch;

use std::ops::Range;
use std::path::PathBuf;

use super::file::{File, Theme};
use super::findings::Findings;
use super::paths::Base;
use super::value::At;
use super::{Config, Settings};
use crate::domain::look::Look;

pub use jobs::is_variable_name;
pub(super) use secret::secret_key;
pub use secret::secret_variable;

/// The configuration, with whatever is wrong left out and told.
pub(super) fn config(file: &File, base: &Base, findings: &mut Findings<'_>) -> Config {
    let mut context = Context { base, findings };
    let defaults = hosts::defaults(&file.defaults, &mut context);
    let hosts = hosts::hosts(file, &defaults, &mut context);
    let watch = watch::everywhere(&file.alarms, &mut context);
    let jobs = jobs::jobs(file, &hosts, &watch, &mut context);
    let settings = Settings {
        state_dir: context.path(file.state_dir.as_ref()),
        ssh_config: context.path(file.ssh_config.as_ref()),
        keep: file.gc.keep.as_ref().map(|keep| keep.value().0),
        watch,
        alerts: notify::notify(&file.notify),
        look: file.theme.as_ref().map_or(Look::Default, |theme| match theme.value() {
            Theme::Default => Look::Default,
            Theme::Light => Look::Light,
            Theme::Mono => Look::Mono,
        }),
        webhook: notify::webhook(&file.notify, &mut context),
        network: network::network(&file.network, &mut context),
    };
    let health = health::health(&file.health, &mut context);
    Config { path: None, hosts, jobs, settings, defaults, health }
}

/// What every check needs at hand.
struct Context<'a, 't> {
    base: &'a Base,
    findings: &'a mut Findings<'t>,
}

impl Context<'_, '_> {
    /// A local path, made absolute.
    fn path(&mut self, written: Option<&At<String>>) -> Option<PathBuf> {
        let written = written?;
        let path = self.base.resolve(written.value());
        if path.is_none() {
            let why = if written.value().starts_with('~') { "there is no home directory" } else { "this is no path" };
            self.findings.add(written.span(), why);
        }
        path
    }

    /// The same as text, for domain values; a path that is not UTF-8 cannot stand in the file.
    fn path_text(&mut self, written: Option<&At<String>>) -> Option<String> {
        self.path(written).map(|path| path.to_string_lossy().into_owned())
    }

    /// Text that goes to a host or a program: not empty, nothing in it that would end it early.
    fn text(&mut self, written: Option<&At<String>>) -> Option<String> {
        let written = written?;
        let (text, span) = (written.value(), written.span());
        if text.trim().is_empty() {
            self.findings.add(span, "must not be empty");
            None
        } else if text.contains('\0') {
            self.findings.add(span, "must not contain a NUL character");
            None
        } else {
            Some(text.clone())
        }
    }

    fn tags(&mut self, written: &[At<String>]) -> Vec<String> {
        let mut tags = Vec::new();
        for tag in written {
            if is_tag(tag.value()) {
                tags.push(tag.value().clone());
            } else {
                self.wrong_word(tag.span(), tag.value(), "tag", "letters, digits, `.`, `_` and `-`, at most 64");
            }
        }
        tags
    }

    fn wrong_word(&mut self, span: Range<usize>, word: &str, kind: &str, allowed: &str) {
        self.findings.add(span, format!("{word:?} is no {kind}")).help(format!("allowed: {allowed}"));
    }
}

fn is_tag(text: &str) -> bool {
    (1..=64).contains(&text.chars().count()) && text.chars().all(|c| c.is_alphanumeric() || "._-".contains(c))
}
