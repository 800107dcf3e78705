//! Which program a command line is, and the few words that an operator may type by hand.

use std::fmt::Write;

use super::{End, Part, Scene, burnin, disk, fio, flood, kernel, memory, net, stress, to_f64};

/// Parts and end of `command`: its simple commands one after the other. Loops and conditions are gone
/// through once: this is no shell, and must not become one.
pub(super) fn program(command: &str) -> (Vec<Part>, End) {
    if command.contains("make -j") {
        return kernel::program(&[]);
    }
    let (mut parts, mut end) = (Vec::new(), End::Code(0));
    for simple in simple_commands(command).into_iter().take(MOST_COMMANDS) {
        let words = shlex::split(&simple).unwrap_or_else(|| vec![simple]);
        let words: Vec<String> = words.into_iter().skip_while(|word| is_prefix(word)).collect();
        let Some(first) = words.first() else { continue };
        let name = first.rsplit('/').next().unwrap_or(first);
        let (more, then) = simple_command(name, &words);
        parts.extend(more);
        end = then;
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

fn is_prefix(word: &str) -> bool {
    PREFIXES.contains(&word) || word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && !name.starts_with('-'))
}

/// What a program prints, and how it ends.
fn simple_command(name: &str, words: &[String]) -> (Vec<Part>, End) {
    match name {
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
        _ => (word(name, words), End::Code(0)),
    }
}

fn word(name: &str, words: &[String]) -> Vec<Part> {
    match name {
        "echo" | "printf" => vec![Part::text(format!("{}\n", words[1..].join(" ")))],
        "sleep" => vec![Part::pause(words.get(1).and_then(|text| seconds(text)).unwrap_or(0.0))],
        "seq" => sequence(words),
        "uname" => vec![Part::text("Linux 6.12.9-demo x86_64 GNU/Linux\n")],
        "true" | ":" | "cd" | "set" | "export" | "blkparse" | "done" | "fi" | "}" | ")" => Vec::new(),
        _ => vec![
            Part::text(format!("{name}: starting, 240 steps\n")),
            Part::lines(generic, 240, 0.25),
            Part::text(format!("{name}: all 240 steps passed\n")),
        ],
    }
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

fn option<'a>(words: &'a [String], names: &[&str]) -> Option<&'a str> {
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
/// Simple commands of one command line that are looked at.
const MOST_COMMANDS: usize = 64;
/// Lines of a sequence written at once.
const PER_FRAME: u64 = 1_000;
