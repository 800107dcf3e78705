//! What goes to the stdin of `/bin/sh -s`: functions, assignments, and one line that does something.
//! Only the last two are read; nothing is ever executed.

use std::collections::BTreeMap;

/// The call at the end of a script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Script {
    pub(super) verb: String,
    pub(super) arguments: Vec<String>,
    /// `SF_COMMAND` and its like.
    pub(super) assignments: BTreeMap<String, String>,
}

/// What has come of a script so far.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Reading {
    /// Goes on; at the end of the input this is a syntax error, which does nothing.
    Incomplete,
    Complete(Script),
    /// A command that lives no longer than its channel.
    Command(String),
    /// A sample of health; whether with a gap between two readings.
    Health {
        gap: bool,
    },
    /// The line is there, but is not one of ours.
    Invalid,
}

/// Finds the call in `text`. The assignments are whatever unbroken row of them leads up to it: so the
/// functions before need not be understood.
pub(super) fn read(text: &str) -> Reading {
    let mut place = 0;
    for line in text.split_inclusive('\n') {
        let start = place;
        place += line.len();
        if !line.ends_with('\n') {
            break;
        }
        let line = line.trim_end();
        if line == HEALTH
            && let Some(row) = text[..start].lines().last().filter(|row| row.starts_with("SFH_UNITS='"))
        {
            return Reading::Health { gap: row.ends_with("SFH_GAP=1") };
        }
        let call = line.strip_prefix("{ sf_main ").and_then(|rest| rest.strip_suffix("; exit; }"));
        if call.is_none() && line != PLAIN {
            continue;
        }
        let Some(mut assignments) = assignments_before(&text[..start]) else {
            continue; // quoted: part of a value
        };
        return match call {
            Some(call) => script(call, assignments),
            None => assignments.remove("SF_COMMAND").map_or(Reading::Invalid, Reading::Command),
        };
    }
    Reading::Incomplete
}

fn script(call: &str, assignments: BTreeMap<String, String>) -> Reading {
    let mut words = call.split_whitespace().map(str::to_owned);
    let Some(verb) = words.next() else { return Reading::Invalid };
    let arguments: Vec<String> = words.collect();
    let plain = |word: &String| word.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if plain(&verb) && arguments.iter().all(plain) {
        Reading::Complete(Script { verb, arguments, assignments })
    } else {
        Reading::Invalid
    }
}

/// The row of assignments that ends at the end of `text`; `None` if a quote is open there.
fn assignments_before(text: &str) -> Option<BTreeMap<String, String>> {
    let mut place = 0;
    for line in text.split_inclusive('\n') {
        if assigned_name(line).is_some() {
            match row(&text[place..]) {
                Row::Whole(assignments) => return Some(assignments),
                Row::Open => return None,
                Row::Broken => {}
            }
        }
        place += line.len();
    }
    Some(BTreeMap::new())
}

enum Row {
    Whole(BTreeMap<String, String>),
    /// A quote is not closed.
    Open,
    /// Something else than an assignment follows.
    Broken,
}

fn row(mut text: &str) -> Row {
    let mut assignments = BTreeMap::new();
    while !text.is_empty() {
        let Some(name) = assigned_name(text) else { return Row::Broken };
        match word(&text[name.len() + 1..]) {
            Word::Whole(value, rest) => {
                assignments.insert(name.to_owned(), value);
                text = rest;
            }
            Word::Open => return Row::Open,
            Word::Broken => return Row::Broken,
        }
    }
    Row::Whole(assignments)
}

/// `SF_NAME` if `text` begins with `SF_NAME=`.
fn assigned_name(text: &str) -> Option<&str> {
    let (name, _) = text.split_once('=')?;
    let ours = name.strip_prefix("SF_")?;
    ours.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_').then_some(name)
}

enum Word<'a> {
    /// The value, and what comes after its line.
    Whole(String, &'a str),
    Open,
    Broken,
}

/// A word of the shell without expansions, up to the end of its line.
fn word(text: &str) -> Word<'_> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((place, c)) = chars.next() {
        match c {
            '\n' => return Word::Whole(value, &text[place + 1..]),
            '\'' => loop {
                match chars.next() {
                    Some((_, '\'')) => break,
                    Some((_, c)) => value.push(c),
                    None => return Word::Open,
                }
            },
            '"' => loop {
                match chars.next() {
                    Some((_, '"')) => break,
                    Some((_, '$' | '`')) => return Word::Broken,
                    Some((_, '\\')) => match chars.next() {
                        Some((_, c @ ('$' | '`' | '"' | '\\'))) => value.push(c),
                        Some((_, '\n')) => {}
                        Some((_, c)) => value.extend(['\\', c]),
                        None => return Word::Open,
                    },
                    Some((_, c)) => value.push(c),
                    None => return Word::Open,
                }
            },
            '\\' => match chars.next() {
                Some((_, '\n')) => {}
                Some((_, c)) => value.push(c),
                None => return Word::Open,
            },
            c if c.is_ascii_alphanumeric() || "._-/:@%+=,".contains(c) => value.push(c),
            _ => return Word::Broken,
        }
    }
    Word::Broken
}

/// The last line of a question about health.
const HEALTH: &str = "{ sfh_main </dev/null; exit; }";

/// The last line of a command that is no run.
const PLAIN: &str = "{ exec /bin/sh -c \"$SF_COMMAND\" </dev/null; }";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::plain_script;

    const FUNCTIONS: &str = r#"# quotes ' and " in a comment
SF_RUNNER='
d=$1; printf "a\n" }; { sf_main start x.1; exit; }
'
sf_main() { case $1 in "it's") echo '{ sf_main'; esac; }
SF_NOW=$(date +%s)
sf_awk() { awk '{ print "}" }' "$1" | sed "s/'/\"/"; }
"#;

    fn complete(text: &str) -> Script {
        match read(text) {
            Reading::Complete(script) => script,
            other @ (Reading::Incomplete | Reading::Command(_) | Reading::Health { .. } | Reading::Invalid) => {
                panic!("{other:?}")
            }
        }
    }

    #[test]
    fn the_call_is_found_behind_functions_full_of_quotes_and_braces() {
        let script = complete(&format!("{FUNCTIONS}{{ sf_main state a.1 b.2 ; exit; }}\n"));
        assert_eq!((script.verb.as_str(), script.arguments.len()), ("state", 2));
        assert_eq!(script.assignments, BTreeMap::new());
    }

    #[test]
    fn every_way_to_quote_a_value_reads_back() {
        let command = "echo 'it'\\''s' \"$HOME\"\n{ sf_main remove x.1 ; exit; }\nSF_X='y'\n";
        let quoted = format!("'{}'", command.replace('\'', "'\\''"));
        let shlexed = shlex::try_quote(command).unwrap().into_owned();
        for value in [quoted, shlexed] {
            let text =
                format!("{FUNCTIONS}SF_PTY='80x24'\nSF_COMMAND={value}\nSF_ENV=\n{{ sf_main start a.1 ; exit; }}\n");
            let script = complete(&text);
            assert_eq!(script.verb, "start");
            assert_eq!(script.assignments["SF_COMMAND"], command);
            assert_eq!(script.assignments["SF_PTY"], "80x24");
            assert_eq!(script.assignments["SF_ENV"], "");
        }
    }

    #[test]
    fn a_script_cut_short_anywhere_does_nothing() {
        let text =
            format!("{FUNCTIONS}SF_COMMAND='a\n{{ sf_main start b.1 ; exit; }}\nb'\n{{ sf_main start a.1 ; exit; }}\n");
        for cut in 0..text.len() {
            assert_eq!(read(&text[..cut]), Reading::Incomplete, "cut at {cut}");
        }
        assert_eq!(complete(&text).arguments, ["a.1"]);
    }

    #[test]
    fn a_plain_command_is_read_whole_or_does_nothing() {
        let command = "echo 'it'\\''s'\n{ exec /bin/sh -c \"$SF_COMMAND\" </dev/null; }\nexit 3";
        let text = plain_script(command);
        for cut in 0..text.len() {
            assert_eq!(read(&text[..cut]), Reading::Incomplete, "cut at {cut}");
        }
        assert_eq!(read(&text), Reading::Command(command.to_owned()));
        assert_eq!(read(&format!("{PLAIN}\n")), Reading::Invalid);
    }

    #[test]
    fn a_question_about_health_is_read_whole_or_does_nothing() {
        let text =
            "sfh_main() { :; }\nSFH_UNITS='*' SFH_DOCKER=1 SFH_PROCS='' SFH_GAP=1\n{ sfh_main </dev/null; exit; }\n";
        for cut in 0..text.len() {
            assert_eq!(read(&text[..cut]), Reading::Incomplete, "cut at {cut}");
        }
        assert_eq!(read(text), Reading::Health { gap: true });
        assert_eq!(read(&text.replace("GAP=1", "GAP=0")), Reading::Health { gap: false });
    }

    #[test]
    fn arguments_with_other_characters_are_refused() {
        assert_eq!(read("{ sf_main state $(reboot) ; exit; }\n"), Reading::Invalid);
        assert_eq!(read("{ sf_main  ; exit; }\n"), Reading::Invalid);
    }
}
