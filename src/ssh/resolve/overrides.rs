//! What the system's `ssh` has to be told, since it does not read the operator's settings: words for `ssh -o`.

use crate::domain::host::{HostKeyPolicy, HostSettings};

use super::Target;

/// What the settings say of the host itself; its host key policy is said where each command is made.
pub(super) fn of(settings: &HostSettings) -> Vec<String> {
    let mut words = Vec::new();
    let mut say = |keyword: &str, value: &str| words.push(format!("{keyword}={}", quoted(value)));
    if let Some(address) = &settings.address {
        say("HostName", &address.replace('%', "%%"));
    }
    if let Some(user) = &settings.user {
        say("User", user);
    }
    if let Some(port) = settings.port {
        say("Port", &port.to_string());
    }
    for file in &settings.identity_files {
        say("IdentityFile", file);
    }
    // The way through other hosts is a command, below.
    if settings.jump.as_deref().is_some_and(|jump| jump.eq_ignore_ascii_case("none")) {
        // Their values are taken as they stand, with quotes.
        words.extend(["ProxyJump=none".to_owned(), "ProxyCommand=none".to_owned()]);
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
