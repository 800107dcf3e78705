//! What goes to the host's shell: the functions of `assets/host.sh`, assignments, one call.

use std::fmt::Write as _;

use secrecy::{ExposeSecret, SecretString};

use crate::domain::id::AttemptId;
use crate::domain::run::{RunIo, RunSpec};

/// The command that every login shell reads alike; scripts go to its stdin.
pub const SHELL: &str = "exec /bin/sh -s";

/// The functions, without their comments: they go over the line with every call.
static FUNCTIONS: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
    let text = include_str!("../../assets/host.sh");
    let mut functions = String::with_capacity(text.len());
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        functions.push_str(line);
        functions.push('\n');
    }
    functions
});

/// One call, as text for the shell's stdin.
pub(super) struct Script {
    assignments: String,
    call: String,
}

impl Script {
    /// Words are of `[A-Za-z0-9._-]` by construction: ids, numbers, checksums, fixed words.
    pub(super) fn new(verb: &str, words: impl IntoIterator<Item = String>) -> Self {
        let mut call = verb.to_owned();
        for word in words {
            debug_assert!(word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)), "{word:?}");
            call.push(' ');
            call.push_str(&word);
        }
        Self { assignments: String::new(), call }
    }

    /// Sets a variable for the call.
    pub(super) fn set(mut self, name: &str, value: &str) -> Self {
        self.assignments.push_str(name);
        self.assignments.push('=');
        quote(value, &mut self.assignments);
        self.assignments.push('\n');
        self
    }

    /// The text. Cut short anywhere it does nothing: an open quote or brace is a syntax error.
    pub(super) fn text(&self) -> String {
        let Self { assignments, call } = self;
        format!("{}{assignments}{{ sf_main {call} ; exit; }}\n", *FUNCTIONS)
    }
}

/// The start of an attempt.
pub(super) fn start(id: AttemptId, spec: &RunSpec, reboots: u32, secret_env: &[(String, SecretString)]) -> Script {
    let pty = match spec.io {
        RunIo::Pty { columns, rows } => format!("{columns}x{rows}"),
        RunIo::Split => String::new(),
    };
    let env = exports(spec.env.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let secret = exports(secret_env.iter().map(|(name, value)| (name.as_str(), value.expose_secret())));
    Script::new("start", [id.to_string()])
        .set("SF_COMMAND", &spec.command)
        .set("SF_DIRECTORY", spec.directory.as_deref().unwrap_or_default())
        .set("SF_ENV", &env)
        .set("SF_SECRET_ENV", &secret)
        .set("SF_PTY", &pty)
        .set("SF_LIMIT", &spec.spool_limit.to_string())
        .set("SF_GRACE", &spec.grace.as_secs().to_string())
        .set("SF_UPLOAD", spec.upload.as_ref().map_or("", |upload| upload.sha256.as_str()))
        .set("SF_TITLE", spec.title())
        .set("SF_REBOOTS", &reboots.to_string())
        .set("SF_SELF", &FUNCTIONS)
}

/// A script that runs with the connection and ends with it, its stdin empty.
#[must_use]
pub fn plain_script(command: &str) -> String {
    let mut text = String::from("SF_COMMAND=");
    quote(command, &mut text);
    text.push_str("\n{ exec /bin/sh -c \"$SF_COMMAND\" </dev/null; }\n");
    text
}

fn exports<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        // Writing to a string cannot fail.
        let _ = write!(text, "export {name}=");
        quote(value, &mut text);
        text.push('\n');
    }
    text
}

/// Single quotes, in which a POSIX shell takes everything as it stands. What no shell can hold (NUL)
/// is refused where commands are parsed; here it would be dropped by the shell, so it goes.
fn quote(value: &str, into: &mut String) {
    into.push('\'');
    for (index, part) in value.split('\'').enumerate() {
        if index > 0 {
            into.push_str("'\\''");
        }
        into.extend(part.chars().filter(|c| *c != '\0'));
    }
    into.push('\'');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_comment_goes_over_the_line() {
        assert!(FUNCTIONS.contains("sf_main()"));
        assert!(!FUNCTIONS.lines().any(|line| line.trim_start().starts_with('#')));
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back_as_one_word(value in "[^\0]{0,200}") {
            let mut quoted = String::new();
            quote(&value, &mut quoted);
            prop_assert_eq!(shlex::split(&quoted), Some(vec![value]));
        }
    }
}
