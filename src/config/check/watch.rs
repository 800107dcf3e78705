//! What output is looked at for: patterns that can be used, and names that can be shown.

use std::collections::BTreeMap;

use super::Context;
use crate::config::file::{Alarms, Job};
use crate::config::value::At;
use crate::domain::watch::{AlarmPattern, PATTERNS, Watch, compile};

/// What holds for every run.
pub(super) fn everywhere(written: &Alarms, context: &mut Context<'_, '_>) -> Watch {
    Watch {
        defaults: written.defaults.as_ref().is_none_or(|defaults| *defaults.value()),
        alarms: alarms(&written.patterns, context),
        ignore: patterns(&written.ignore, context),
        progress: progress(&written.progress, context),
    }
}

/// What holds for the runs of a job, and for every run.
pub(super) fn of_job(written: &Job, all: &Watch, context: &mut Context<'_, '_>) -> Watch {
    let own = Watch {
        defaults: true,
        alarms: alarms(&written.alarms, context),
        ignore: patterns(&written.ignore, context),
        progress: progress(&written.progress, context),
    };
    own.with(all)
}

fn alarms(written: &BTreeMap<At<String>, At<String>>, context: &mut Context<'_, '_>) -> Vec<AlarmPattern> {
    let mut alarms = Vec::new();
    for (name, regex) in written {
        let fits = (1..=NAME).contains(&name.value().chars().count()) && !name.value().chars().any(char::is_control);
        if !fits {
            context.wrong_word(name.span(), name.value(), "name of an alarm", "any characters, at most 40");
        } else if is_sound(regex, context) {
            alarms.push(AlarmPattern { name: name.value().clone(), regex: regex.value().clone() });
        }
        if alarms.len() > MOST {
            context
                .findings
                .add(name.span(), format!("more than {MOST} alarms"))
                .help("one pattern may have alternatives: a|b");
            break;
        }
    }
    alarms
}

fn patterns(written: &[At<String>], context: &mut Context<'_, '_>) -> Vec<String> {
    let sound = written.iter().filter(|regex| is_sound(regex, context));
    sound.map(|regex| regex.value().clone()).take(MOST).collect()
}

fn progress(written: &[At<String>], context: &mut Context<'_, '_>) -> Vec<String> {
    let mut sound = Vec::new();
    for regex in written.iter().take(MOST) {
        match regex::Regex::new(regex.value()) {
            Ok(compiled) if (2..=3).contains(&compiled.captures_len()) => sound.push(regex.value().clone()),
            Ok(_) => {
                let help = r"one group for percent, `(\d+)%`, or two for n of m, `(\d+) of (\d+)`";
                context.findings.add(regex.span(), "no group to read progress from").help(help);
            }
            Err(error) => wrong(regex, &error.to_string(), context),
        }
    }
    sound
}

fn is_sound(regex: &At<String>, context: &mut Context<'_, '_>) -> bool {
    match compile([regex.value().as_str()]) {
        Ok(set) if set.is_match(b"") => {
            context.findings.add(regex.span(), "matches every line").help("say what must be in the line");
            false
        }
        Ok(_) => true,
        Err(error) => {
            wrong(regex, &error, context);
            false
        }
    }
}

fn wrong(regex: &At<String>, error: &str, context: &mut Context<'_, '_>) {
    // The last line says why; those before it draw the pattern.
    let why = error.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
    context.findings.add(regex.span(), format!("no regular expression: {why}"));
}

/// Characters of a name: it stands in titles.
const NAME: usize = 40;

/// Patterns of one kind; with those of a job and those that come with steadfast they are fewer than are looked for.
const MOST: usize = PATTERNS / 3;
