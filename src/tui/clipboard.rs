//! The clipboard of the operator's terminal, by OSC 52: works through SSH, and through tmux where
//! `set-clipboard` is on. And that of the system, by its own tool where there is one.

use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::program;

/// The sequence that copies `text`, cut to [`LIMIT`]; `in_tmux` wraps it so that tmux hands it on.
pub fn sequence(text: &str, in_tmux: bool) -> String {
    let cut = (0..=LIMIT.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    wrapped(&format!("\x1b]52;c;{}\x07", STANDARD.encode(&text[..cut])), in_tmux)
}

/// A sequence as it is, or so that tmux hands it on.
pub fn wrapped(osc: &str, in_tmux: bool) -> String {
    if in_tmux { format!("\x1bPtmux;{}\x1b\\", osc.replace('\x1b', "\x1b\x1b")) } else { osc.to_owned() }
}

/// Hands the text to the system's clipboard; whether there was a tool that took it.
pub async fn give(text: &str, variable: &(dyn Fn(&str) -> Option<String> + Sync)) -> bool {
    for words in tools(variable) {
        let Some((name, arguments)) = words.split_first() else { continue };
        let path = variable("PATH").map(std::ffi::OsString::from);
        let Some(found) = program::find(name, path.as_deref()) else { continue };
        let mut command = Command::new(found);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        // A display that does not answer must not keep anybody waiting.
        let given = tokio::time::timeout(PATIENCE, fill(command, text)).await;
        if matches!(given, Ok(Ok(true))) {
            return true;
        }
        tracing::debug!(tool = name, "the clipboard tool did not take the text");
    }
    false
}

async fn fill(mut command: Command, text: &str) -> std::io::Result<bool> {
    let mut child = command.spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).await?;
        input.shutdown().await?;
    }
    child.wait().await.map(|status| status.success())
}

/// The tools of the display that there is, the best first.
fn tools(variable: &dyn Fn(&str) -> Option<String>) -> Vec<&'static [&'static str]> {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let mut tools: Vec<&[&str]> = Vec::new();
    if set("WAYLAND_DISPLAY") {
        tools.push(&["wl-copy"]);
    }
    if set("DISPLAY") {
        tools.push(&["xclip", "-selection", "clipboard", "-in"]);
        tools.push(&["xsel", "--clipboard", "--input"]);
    }
    if set("WSL_DISTRO_NAME") {
        tools.push(&["clip.exe"]);
    }
    if cfg!(target_os = "macos") {
        tools.push(&["pbcopy"]);
    }
    tools
}

/// How long a tool may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Terminals drop longer sequences: xterm's limit is 100,000 bytes of base64.
pub const LIMIT: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_encoded_and_wrapped_for_tmux() {
        assert_eq!(sequence("hé", false), "\x1b]52;c;aMOp\x07");
        assert_eq!(sequence("hé", true), "\x1bPtmux;\x1b\x1b]52;c;aMOp\x07\x1b\\");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let text = "é".repeat(LIMIT);
        let long = sequence(&text[..], false);
        assert_eq!(long.len(), "\x1b]52;c;\x07".len() + LIMIT.div_ceil(3) * 4);
        let odd = format!("a{text}");
        assert!(sequence(&odd, false).len() <= long.len());
    }

    #[test]
    fn the_tool_is_that_of_the_display() {
        let of = |set: &'static [&'static str]| {
            let tools = tools(&move |name| set.contains(&name).then(|| "x".to_owned()));
            tools.into_iter().map(|words| words[0]).collect::<Vec<_>>()
        };
        assert_eq!(of(&["WAYLAND_DISPLAY", "DISPLAY"])[..3], ["wl-copy", "xclip", "xsel"]);
        assert!(cfg!(target_os = "macos") || of(&[]).is_empty());
    }
}
