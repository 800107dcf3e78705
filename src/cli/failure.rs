//! Why a command ends without having done its work. Expected failures are a line, a hint and a code;
//! what nobody expected is a report.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use crate::cli::args::Globals;
use crate::cli::exit;
use crate::config::{ConfigError, Invalid};

#[derive(Debug)]
pub enum Failure {
    /// One line `steadfast: MESSAGE`, a line `hint: HINT`, and the code.
    Expected { code: u8, message: String, hint: Option<String> },
    /// The problems of a configuration file, one block each.
    Configuration(Invalid),
    /// A bug, or the machine's fault.
    Unexpected(color_eyre::Report),
}

impl Failure {
    #[must_use]
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self::Expected { code, message: message.into(), hint: None }
    }

    /// `failed to …` with every cause: the text of errors below this floor is a fragment.
    #[must_use]
    pub fn to(code: u8, error: &dyn Error) -> Self {
        let mut message = format!("failed to {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        Self::new(code, message)
    }

    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(exit::USAGE, message)
    }

    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        match self {
            Self::Expected { code, message, hint: _ } => Self::Expected { code, message, hint: Some(hint.into()) },
            Self::Configuration(_) | Self::Unexpected(_) => self,
        }
    }

    /// With a hint if there is one.
    #[must_use]
    pub fn maybe_hint(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// This build has no such command.
    #[must_use]
    pub fn absent(what: &str) -> Self {
        Self::new(exit::FAILURE, format!("{what} is not in this build"))
    }

    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Expected { code, .. } => *code,
            Self::Configuration(_) => exit::CONFIGURATION,
            Self::Unexpected(_) => exit::FAILURE,
        }
    }

    /// Tells the operator on stderr.
    pub fn report(&self, globals: &Globals) -> ExitCode {
        let color = globals.color.stderr();
        let text = match self {
            Self::Expected { message, hint, .. } => {
                let hint = hint.as_ref().map(|hint| format!("hint: {hint}\n")).unwrap_or_default();
                format!("steadfast: {message}\n{hint}")
            }
            Self::Configuration(invalid) => problems(invalid, color),
            Self::Unexpected(report) => format!("steadfast: {report:?}\n"),
        };
        // Nobody is left to tell when stderr is closed.
        std::io::stderr().write_all(text.as_bytes()).ok();
        ExitCode::from(self.code())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Invalid(invalid) => Self::Configuration(invalid),
            ConfigError::Find(_) | ConfigError::Read { .. } | ConfigError::TooLarge { .. } => {
                Self::to(exit::CONFIGURATION, &error)
            }
        }
    }
}

impl From<color_eyre::Report> for Failure {
    fn from(report: color_eyre::Report) -> Self {
        Self::Unexpected(report)
    }
}

/// The blocks, then one line that counts them.
fn problems(invalid: &Invalid, color: bool) -> String {
    let mut text = String::new();
    for block in invalid.to_string().trim_end().split("\n\n") {
        text.push_str(&if color { colored(block) } else { block.to_owned() });
        text.push_str("\n\n");
    }
    let (count, more) = (invalid.problems.len(), if invalid.more { "more than " } else { "" });
    let plural = if count == 1 { "" } else { "s" };
    text.push_str(&format!("steadfast: {more}{count} problem{plural} in {}\n", invalid.name));
    text
}

/// Bold where and what; the carets red.
fn colored(block: &str) -> String {
    let (head, rest) = block.split_once('\n').unwrap_or((block, ""));
    let rest = rest.lines().map(|line| match line.trim_start().strip_prefix("| ") {
        Some(carets) if carets.trim_start().starts_with('^') => {
            let place = line.find('^').unwrap_or(0);
            format!("{}\u{1b}[1;31m{}\u{1b}[0m", &line[..place], &line[place..])
        }
        Some(_) | None => line.to_owned(),
    });
    std::iter::once(format!("\u{1b}[1m{head}\u{1b}[0m")).chain(rest).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("read the file")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn every_cause_is_told_in_one_line() {
        let Failure::Expected { message, .. } = Failure::to(1, &Outer(std::io::Error::other("disk on fire"))) else {
            panic!("not expected");
        };
        assert_eq!(message, "failed to read the file: disk on fire");
    }

    #[test]
    fn colour_changes_no_letter() {
        let block = "f:1:1: wrong\n  |\n1 | ab\n  |  ^\n  = help | ^";
        let plain: String =
            colored(block).replace("\u{1b}[1;31m", "").replace("\u{1b}[1m", "").replace("\u{1b}[0m", "");
        assert_eq!(plain, block);
        assert!(colored(block).contains("\u{1b}[1;31m^"));
    }
}
