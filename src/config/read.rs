//! From text to [`File`]: the syntax and the types, with every error that can be told at once.
//!
//! serde stops at the first error. So what it stumbled over is taken out, and it is asked again.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check::secret_key;
use super::file::File;
use super::findings::Findings;
use super::similar::closest;

/// What of the file could be read.
pub(super) fn file(text: &str, findings: &mut Findings<'_>) -> File {
    let (mut root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        findings.incomplete = true;
        findings.add(error.span().unwrap_or(0..0), error.message());
    }
    if findings.incomplete {
        // After an error of syntax the rest is guesswork: the checks would only add noise.
        return File::default();
    }
    loop {
        let error = match File::deserialize(toml::Deserializer::from(root.clone())) {
            Ok(file) => return file,
            Err(error) => error,
        };
        findings.incomplete = true;
        if findings.is_full() {
            findings.more = true;
            break;
        }
        let span = error.span().unwrap_or(0..0);
        tell(&error, span.clone(), findings);
        if !remove(root.get_mut(), &span) {
            break;
        }
    }
    File::default()
}

/// Translates serde's words. Its lists of names are in backquotes: the first is what was written.
fn tell(error: &toml::de::Error, span: Range<usize>, findings: &mut Findings<'_>) {
    let message = error.message();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let written = quoted.next().unwrap_or_default();
    if message.starts_with("unknown field") {
        let allowed: Vec<_> = quoted.collect();
        let finding = findings.add(span, format!("unknown key `{written}`"));
        match secret_key(written) {
            Some(advice) => finding.help(advice),
            None => finding
                .maybe_help(closest(written, allowed.iter().copied()).map(|meant| format!("did you mean `{meant}`?")))
                .help(format!("allowed here: {}", allowed.join(", "))),
        };
    } else if message.starts_with("unknown variant") {
        let allowed: Vec<_> = quoted.collect();
        findings
            .add(span, format!("{written:?} is not allowed here"))
            .maybe_help(closest(written, allowed.iter().copied()).map(|meant| format!("did you mean {meant:?}?")))
            .help(format!(
                "allowed: {}",
                allowed.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
            ));
    } else {
        findings.add(span, plain(message));
    }
}

/// serde's names of types in the operator's words.
fn plain(message: &str) -> String {
    let mut plain = message.replace("invalid type: map", "invalid type: table");
    for (rust, words) in TYPES {
        if let Some(rest) = plain.strip_suffix(rust) {
            plain = format!("{rest}{words}");
        }
    }
    plain
}

const TYPES: [(&str, &str); 5] = [
    ("expected u16", "expected a number from 0 to 65535"),
    ("expected u32", "expected a number from 0 to 4294967295"),
    ("expected a boolean", "expected true or false"),
    ("expected a sequence", "expected a list: [\"…\", \"…\"]"),
    ("wanted string or table", "expected a string"),
];

/// Takes out the innermost entry that stands, or whose key stands, at `span`.
fn remove(table: &mut DeTable<'_>, span: &Range<usize>) -> bool {
    let mut found = None;
    for (key, value) in table.iter_mut() {
        if remove_within(value.get_mut(), span) {
            return true;
        }
        if key.span() == *span || value.span() == *span {
            found = Some(key.clone());
        }
    }
    found.is_some_and(|key| table.remove(&key).is_some())
}

fn remove_within(value: &mut DeValue<'_>, span: &Range<usize>) -> bool {
    match value {
        DeValue::Table(table) => remove(table, span),
        DeValue::Array(items) => {
            if items.iter_mut().any(|item| remove_within(item.get_mut(), span)) {
                return true;
            }
            let before = items.len();
            // A new array without that element: `DeArray` cannot lose one.
            let kept: Vec<Spanned<DeValue<'_>>> = items.iter().filter(|item| item.span() != *span).cloned().collect();
            let found = kept.len() < before;
            if found {
                *items = kept.into_iter().collect();
            }
            found
        }
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
            false
        }
    }
}
