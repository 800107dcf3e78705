//! What the files (and before them the operator's own settings) said of one host: for each keyword
//! the value met first. Checks values as they come; turns none into what it means.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::Problem;
use super::jump;
use super::keyword::{Keyword, Takes};
use super::lex::{Line, Malformed};

/// Where a value was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Value {
    /// Never empty.
    pub words: Vec<String>,
    /// From the operator's own settings or file, not from a system-wide one.
    pub own: bool,
    pub file: Option<PathBuf>,
}

#[derive(Default, Debug)]
pub(super) struct Options {
    values: BTreeMap<Keyword, Value>,
    identity_files: Vec<(String, bool)>,
    certificate_files: Vec<(String, bool)>,
    /// The operator named the identity files: those of the configuration files are left out.
    identity_files_fixed: bool,
    /// The host name as it was found to be before the last pass; nothing replaces it.
    pub resolved_name: Option<String>,
    /// Asked for by the files, not ours to do.
    pub needs: Vec<String>,
}

impl Options {
    /// Sets what no file shall change.
    pub(super) fn preset(&mut self, keyword: Keyword, word: String) {
        self.values.insert(keyword, Value { words: vec![word], own: true, file: None });
    }

    pub(super) fn preset_identity_files(&mut self, files: &[String]) {
        self.identity_files_fixed = !files.is_empty();
        self.identity_files = files.iter().map(|file| (file.clone(), true)).collect();
    }

    /// What [`Options::preset`] set.
    pub(super) fn preset_word(&self, keyword: Keyword) -> Option<&str> {
        self.value(keyword).filter(|value| value.file.is_none())?.words.first().map(String::as_str)
    }

    /// What [`Options::preset_identity_files`] set.
    pub(super) fn preset_files(&self) -> impl Iterator<Item = &str> {
        self.identity_files().filter(|_| self.identity_files_fixed)
    }

    pub(super) fn value(&self, keyword: Keyword) -> Option<&Value> {
        self.values.get(&keyword)
    }

    /// The first word of the value.
    pub(super) fn word(&self, keyword: Keyword) -> Option<&str> {
        self.value(keyword)?.words.first().map(String::as_str)
    }

    pub(super) fn is_set(&self, keyword: Keyword) -> bool {
        self.word(keyword).is_some_and(is_yes)
    }

    pub(super) fn identity_files(&self) -> impl Iterator<Item = &str> {
        self.identity_files.iter().map(|(file, _)| file.as_str())
    }

    pub(super) fn certificate_files(&self) -> impl Iterator<Item = &str> {
        self.certificate_files.iter().map(|(file, _)| file.as_str())
    }

    /// Takes a checked value, unless an earlier one stands.
    pub(super) fn offer(
        &mut self,
        keyword: Keyword,
        words: Vec<String>,
        own: bool,
        file: &Path,
    ) -> Result<(), Problem> {
        let list = if keyword == Keyword::IdentityFile {
            if self.identity_files_fixed {
                return Ok(());
            }
            &mut self.identity_files
        } else if keyword == Keyword::CertificateFile {
            &mut self.certificate_files
        } else {
            if !self.another_way_stands(keyword) {
                self.values.entry(keyword).or_insert(Value { words, own, file: Some(file.to_path_buf()) });
            }
            return Ok(());
        };
        for word in words {
            let entry = (word, own);
            if list.len() >= MAX_FILES {
                return Err(Problem::TooMany(MAX_FILES));
            }
            if !list.contains(&entry) {
                list.push(entry);
            }
        }
        Ok(())
    }

    /// Whichever of the two comes first decides how the host is reached; only `ProxyJump none`
    /// leaves a later `ProxyCommand` its effect, as seen in OpenSSH 9.2.
    fn another_way_stands(&self, keyword: Keyword) -> bool {
        match self.word(Keyword::ProxyJump) {
            Some(jump) if keyword == Keyword::ProxyCommand => !jump.eq_ignore_ascii_case("none"),
            _ => keyword == Keyword::ProxyJump && self.values.contains_key(&Keyword::ProxyCommand),
        }
    }
}

/// The words of a line, if they are what the keyword takes.
pub(super) fn checked_words(takes: Takes, line: &Line) -> Result<Vec<String>, Problem> {
    let words = line.arguments()?;
    match takes {
        Takes::Line => Ok(vec![line.rest.clone()]),
        Takes::Jump => {
            let spec = line.rest.split('#').next().unwrap_or("").trim_end();
            jump::parse(spec).map(|_| vec![spec.to_owned()])
        }
        Takes::Words => several(words),
        Takes::Word | Takes::Each => single(words, &line.keyword),
        Takes::Port | Takes::Time | Takes::Count | Takes::Choice(_) => {
            let words = single(words, &line.keyword)?;
            check_word(takes, words.first().map_or("", String::as_str))?;
            Ok(words)
        }
    }
}

fn single(mut words: Vec<String>, keyword: &str) -> Result<Vec<String>, Problem> {
    if words.first().is_none_or(String::is_empty) {
        return Err(Problem::NoArgument);
    }
    if words.len() > 1 {
        return Err(Problem::TooMuch(keyword.to_owned()));
    }
    words.truncate(1);
    Ok(words)
}

fn several(words: Vec<String>) -> Result<Vec<String>, Problem> {
    if words.is_empty() || words.iter().any(String::is_empty) {
        return Err(Problem::NoArgument);
    }
    if words.len() > 1 && words.iter().any(|word| word.eq_ignore_ascii_case("none")) {
        return Err(Problem::NoneWithOthers);
    }
    if words.len() > MAX_HOSTS_FILES { Err(Problem::TooMany(MAX_HOSTS_FILES)) } else { Ok(words) }
}

fn check_word(takes: Takes, word: &str) -> Result<(), Problem> {
    match takes {
        Takes::Port => port(word).map(drop).ok_or(Problem::NoPort),
        Takes::Time => (word == "none" || seconds(word).is_some()).then_some(()).ok_or(Problem::NoTime),
        Takes::Count => count(word).map(drop).ok_or(Problem::NoCount),
        Takes::Choice(choices) => {
            choices.iter().any(|choice| choice.eq_ignore_ascii_case(word)).then_some(()).ok_or(Problem::NoneOf(choices))
        }
        Takes::Word | Takes::Each | Takes::Words | Takes::Line | Takes::Jump => Ok(()),
    }
}

pub(super) fn is_yes(word: &str) -> bool {
    word.eq_ignore_ascii_case("yes") || word.eq_ignore_ascii_case("true")
}

pub(super) fn port(word: &str) -> Option<u16> {
    let digits = !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    word.parse().ok().filter(|port| digits && *port != 0)
}

pub(super) fn count(word: &str) -> Option<u32> {
    let digits = !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    word.parse().ok().filter(|count| digits && *count <= LARGEST)
}

/// sshd_config(5), TIME FORMATS.
pub(super) fn seconds(word: &str) -> Option<u32> {
    let mut rest = word;
    let mut total: u32 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let (unit, after) = match after.chars().next() {
            None | Some('s' | 'S') => (1, after.get(1..).unwrap_or("")),
            Some('m' | 'M') => (60, &after[1..]),
            Some('h' | 'H') => (3600, &after[1..]),
            Some('d' | 'D') => (86_400, &after[1..]),
            Some('w' | 'W') => (604_800, &after[1..]),
            Some(_) => return None,
        };
        total = number.parse::<u32>().ok()?.checked_mul(unit)?.checked_add(total)?;
        rest = after;
    }
    (total <= LARGEST).then_some(total)
}

impl From<Malformed> for Problem {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::NoArgument => Self::NoArgument,
            Malformed::OpenQuote => Self::OpenQuote,
        }
    }
}

/// OpenSSH's own limits: identity and certificate files of one host, files named on one line.
const MAX_FILES: usize = 100;
const MAX_HOSTS_FILES: usize = 32;
/// OpenSSH reads numbers as C's `int`.
const LARGEST: u32 = 0x7fff_ffff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_numbers() {
        for (word, seconds_meant) in
            [("0", Some(0)), ("90", Some(90)), ("1h30m", Some(5400)), ("1W", Some(604_800)), ("2m5", Some(125))]
        {
            assert_eq!(seconds(word), seconds_meant, "{word}");
        }
        for bad in ["", "x", "1x", "-1", "h", "99999999999", "4000w", "1é"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
        assert_eq!(
            (port("65535"), port("0"), port("65536"), port("+1"), port("")),
            (Some(65535), None, None, None, None)
        );
        assert_eq!((count("3"), count("2147483648"), count("-1")), (Some(3), None, None));
    }

    proptest::proptest! {
        #[test]
        fn no_word_crashes_it(word in ".*") {
            let _ = (seconds(&word), port(&word), count(&word));
        }
    }
}
