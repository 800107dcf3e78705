//! What the system's `ssh` has to be told, since it does not read the operator's settings: words for `ssh -o`.

use crate::domain::host::HostKeyPolicy;

use super::Target;
use super::keyword::Keyword;
use super::options::Options;

/// What was set before any file was read; the host key policy is said where each command is made.
pub(super) fn of(options: &Options) -> Vec<String> {
    let mut words = Vec::new();
    for keyword in [Keyword::HostName, Keyword::User, Keyword::Port] {
        words.extend(options.preset_word(keyword).map(|word| format!("{}={}", keyword.name(), quoted(word))));
    }
    let files = options.preset_files();
    words.extend(files.map(|file| format!("{}={}", Keyword::IdentityFile.name(), quoted(file))));
    // The way through other hosts is a command, below.
    if options.preset_word(Keyword::ProxyJump).is_some_and(|jump| jump.eq_ignore_ascii_case("none")) {
        // Their values are taken as they stand, with quotes.
        words.extend([Keyword::ProxyJump, Keyword::ProxyCommand].map(|keyword| format!("{}=none", keyword.name())));
    }
    words
}

/// What `ProxyJump` stands for (ssh.c builds the same), with what the hop has to be told.
pub(super) fn command(hop: &Target) -> String {
    let mut words = vec!["ssh".to_owned()];
    if let Some(file) = &hop.config_file {
        words.extend(["-F".to_owned(), for_command(&file.to_string_lossy())]);
    }
    // Also where its files say `no`, which does not switch off verification with us.
    let policy = format!("StrictHostKeyChecking={}", policy_word(hop.host_keys));
    for word in hop.overrides.iter().chain([&policy]) {
        words.extend(["-o".to_owned(), for_command(word)]);
    }
    words.extend(["-W".to_owned(), "'[%h]:%p'".to_owned(), "--".to_owned(), for_command(hop.alias.as_str())]);
    words.join(" ")
}

/// Whether a word tells how the host is reached.
pub(super) fn is_way(word: &str) -> bool {
    word.starts_with("ProxyCommand=")
}

pub(in crate::ssh) fn policy_word(policy: HostKeyPolicy) -> &'static str {
    match policy {
        HostKeyPolicy::Strict => "yes",
        HostKeyPolicy::AcceptNew => "accept-new",
    }
}

/// As one argument of a line of `ssh_config`.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// As one word of the shell that runs a `ProxyCommand`, whose `%` is a token's.
fn for_command(word: &str) -> String {
    format!("'{}'", word.replace('%', "%%").replace('\'', "'\\''"))
}
