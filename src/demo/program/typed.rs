//! Which program a command line is, and the few words that an operator may type by hand.

use std::fmt::Write;

use super::{End, Part, Scene, burnin, disk, fio, flood, kernel, memory, net, stress, to_f64};

/// Parts and end of `command`: its simple commands one after the other. Loops and conditions are gone
/// through once: this is no shell, and must not become one.
pub(super) fn program(command: &str) -> (Vec<Part>, End) {
    if command.contains("make -j") {
        return kernel::program(&[]);
    }
    let (mut parts, mut end, mut known) = (Vec::new(), End::Code(0), true);
    for simple in simple_commands(command).into_iter().take(MOST_COMMANDS) {
        let words = shlex::split(&simple).unwrap_or_else(|| vec![simple]);
        let words = without_prefixes(&words);
        let Some(first) = words.first() else { continue };
        let name = first.rsplit('/').next().unwrap_or(first);
        match simple_command(name, words) {
            Some((more, then)) => {
                parts.extend(more);
                end = then;
            }
            // One log for all that is not known: a pipeline of three is one piece of work.
            None if known => {
                known = false;
                parts.extend(unknown(name));
                end = End::Code(0);
            }
            None => {}
        }
        if name == "exit" || end == End::OutOfMemory {
            break;
        }
    }
    (parts, end)
}

/// Cut at `;`, `|`, `&` and line ends that are not quoted; redirections of descriptors are dropped.
fn simple_commands(command: &str) -> Vec<String> {
    let command = command.replace("2>&1", "").replace(">&2", "");
    let mut all = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (None, ';' | '|' | '&' | '\n') => all.push(String::new()),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None | Some(_), _) => {}
        }
        if quote.is_some() || !";|&\n".contains(c) {
            all.last_mut().into_iter().for_each(|last| last.push(c));
        }
    }
    all.retain(|simple| !simple.trim().is_empty());
    all
}

/// From the name of the program on: without `sudo -E`, `nice -n 5`, `A=b`, `while`.
fn without_prefixes(mut words: &[String]) -> &[String] {
    let mut options = false;
    while let Some((first, rest)) = words.split_first() {
        let assigns = first.split_once('=').is_some_and(|(name, _)| !name.is_empty() && !name.starts_with('-'));
        let prefix = PREFIXES.contains(&first.as_str());
        let option = options && (first.starts_with('-') || first.parse::<f64>().is_ok());
        if !(assigns || prefix || option) {
            break;
        }
        options |= prefix;
        words = rest;
    }
    words
}

/// What a program prints, and how it ends; `None` for one that is not known.
fn simple_command(name: &str, words: &[String]) -> Option<(Vec<Part>, End)> {
    Some(match name {
        "stress-ng" => stress::program(words),
        "fio" => fio::program(words),
        "memtester" => memory::program(words),
        "fwupdate" => disk::firmware(words),
        "badblocks" => disk::badblocks(words),
        "iperf3" => net::program(words),
        "burnin" => burnin::program(words),
        "blktrace" => flood::program(words),
        "false" => (Vec::new(), End::Code(1)),
        "exit" => {
            let code = argument(words, 1).and_then(|code| i32::try_from(code & 255).ok());
            (Vec::new(), End::Code(code.unwrap_or(0)))
        }
        _ => (word(name, words)?, End::Code(0)),
    })
}

/// What a word of the shell prints before it succeeds.
fn word(name: &str, words: &[String]) -> Option<Vec<Part>> {
    Some(match name {
        "echo" | "printf" => vec![Part::text(format!("{}\n", words[1..].join(" ")))],
        "sleep" => vec![Part::pause(words.get(1).and_then(|text| seconds(text)).unwrap_or(0.0))],
        "seq" => sequence(words),
        "uname" => vec![Part::text("Linux 6.12.9-demo x86_64 GNU/Linux\n")],
        _ if SILENT.contains(&name) => Vec::new(),
        _ => return None,
    })
}

/// A minute of plausible work.
fn unknown(name: &str) -> [Part; 3] {
    [
        Part::text(format!("{name}: starting, {STEPS} steps\n")),
        Part::lines(generic, STEPS, 60.0 / to_f64(STEPS)),
        Part::text(format!("{name}: all {STEPS} steps passed\n")),
    ]
}

fn sequence(words: &[String]) -> Vec<Part> {
    let (first, last) = match (argument(words, 1), argument(words, 2)) {
        (Some(first), Some(last)) => (first, last),
        (Some(last), None) => (1, last),
        (None, _) => return Vec::new(),
    };
    let count = u64::try_from(last.saturating_sub(first).saturating_add(1)).unwrap_or(0);
    let frames = count.div_ceil(PER_FRAME);
    // Fast, but not faster than a shell: a million lines in half a minute.
    vec![Part { act: super::Act::Numbers { first, per_frame: PER_FRAME, count }, frames, interval: 0.03, fixed: None }]
}

/// The numbers of frame `number` of a sequence.
pub(super) fn numbers(first: i64, per_frame: u64, count: u64, number: u64, out: &mut String) {
    let from = number.saturating_mul(per_frame);
    for index in from..from.saturating_add(per_frame).min(count) {
        let _ = writeln!(out, "{}", first.saturating_add(i64::try_from(index).unwrap_or(i64::MAX)));
    }
}

fn generic(scene: &Scene, number: u64, out: &mut String) {
    let mut dice = scene.dice(number);
    let word = *dice.pick(&["checked", "loaded", "compared", "wrote", "verified", "flushed"]);
    let what = *dice.pick(&["block", "record", "page", "segment", "shard"]);
    let _ = writeln!(
        out,
        "[{:>3}/{}] {word} {what} {:06x} in {}.{} ms",
        number + 1,
        scene.frames,
        dice.below(1 << 24),
        dice.between(1, 90),
        dice.below(10)
    );
}

/// A line on stderr now and then.
pub(super) fn complaint(scene: &Scene, number: u64, out: &mut String) {
    let mut dice = scene.dice(number);
    let _ = writeln!(
        out,
        "warning: {} took {} ms",
        dice.pick(&["fsync", "allocation", "lock", "timer"]),
        dice.between(120, 900)
    );
}

/// The value of the first of `names` among the options, as a number.
pub(super) fn number_option(words: &[String], names: &[&str]) -> Option<u64> {
    option(words, names)?.parse().ok()
}

/// The same as a time: `90`, `90s`, `30m`, `6h`, `2d`.
pub(super) fn duration_option(words: &[String], names: &[&str]) -> Option<f64> {
    seconds(option(words, names)?)
}

/// The value of the first of `names` among the options.
pub(super) fn option<'a>(words: &'a [String], names: &[&str]) -> Option<&'a str> {
    words.iter().enumerate().find_map(|(place, word)| {
        let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        if !names.contains(&name) {
            return None;
        }
        value.or_else(|| words.get(place + 1).map(String::as_str))
    })
}

/// At most thirty years, so that sums stay small.
fn seconds(text: &str) -> Option<f64> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(number) => (number, &text[number.len()..]),
        None => (text, "s"),
    };
    let factor = match unit {
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => 1,
    };
    let number: f64 = number.parse().ok()?;
    (number.is_finite() && number >= 0.0).then(|| (number * to_f64(factor)).min(1e9))
}

fn argument(words: &[String], place: usize) -> Option<i64> {
    words.get(place)?.parse().ok()
}

/// What may stand before the name of a program.
const PREFIXES: &[&str] =
    &["exec", "sudo", "nice", "time", "nohup", "env", "while", "until", "do", "if", "then", "else", "{", "("];
/// What succeeds and says nothing.
const SILENT: &[&str] =
    &["true", ":", "cd", "set", "export", "blkparse", "for", "case", "esac", "done", "fi", "}", ")"];
const STEPS: u64 = 240;
/// Simple commands of one command line that are looked at.
const MOST_COMMANDS: usize = 64;
/// Lines of a sequence written at once.
const PER_FRAME: u64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::program::Program;

    fn seconds_and_end(command: &str) -> (u64, End) {
        let (at, end) = Program::of(command, 1, true).ends().unwrap();
        (at.as_secs_f64().round() as u64, end)
    }

    #[test]
    fn what_an_operator_types_lasts_and_ends_as_one_would_expect() {
        for (command, seconds, end) in [
            ("", 0, End::Code(0)),
            ("echo 'a; exit 9'; sleep 5 && exit 3; sleep 90", 5, End::Code(3)),
            ("own-test --all 2>&1 | tee log | grep -v x", 60, End::Code(0)),
            ("sudo -E nice -n 5 A=b /usr/bin/stress-ng --cpu 2 -t 1m", 60, End::Code(0)),
            ("for i in 1 2; do sleep 2; done; false", 2, End::Code(1)),
            ("sleep 1e300; exit 256", 1_000_000_000, End::Code(0)),
            ("stress-ng --vm 2 --vm-bytes=150% --timeout 1h; echo never", 76, End::OutOfMemory),
        ] {
            assert_eq!(seconds_and_end(command), (seconds, end), "{command}");
        }
        assert!(Program::of("iperf3 -c x -t 0", 1, true).ends().is_none());
    }

    #[test]
    fn hostile_command_lines_are_only_odd() {
        for command in [
            "'",
            "\"",
            "exit x",
            "seq 9223372036854775807 -9",
            "seq -9223372036854775808 9223372036854775807",
            "\0;;;|||&&&",
            "fio --runtime=-1",
            "stress-ng -t NaN",
        ] {
            let program = Program::of(command, 1, true);
            let mut out = Vec::new();
            (0..50).for_each(|number| program.frame(number, &mut out));
            program.count(std::time::Duration::from_secs(1 << 40));
        }
        assert!(Program::of(&"sleep 1;".repeat(100_000), 1, true).parts.len() <= MOST_COMMANDS * 5);
    }
}
