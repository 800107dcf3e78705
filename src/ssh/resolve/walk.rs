//! Goes through the configuration files in OpenSSH's order, following `Host`, `Match` and
//! `Include`, and offers each value that applies to [`Options`].

use std::path::{Path, PathBuf};

use super::error::{Problem, ResolveError};
use super::files::SshConfigFiles;
use super::glob;
use super::keyword::{self, Keyword, Meaning, Takes};
use super::lex::Line;
use super::options::{Options, checked_words};
use super::pattern;
use super::source::{self, Trust};

/// One pass over all files.
pub(super) struct Walk<'a> {
    pub files: &'a SshConfigFiles,
    /// The name as the operator gave it.
    pub original: &'a str,
    /// What the patterns of `Host` are held against: the name as given, in the last pass the name
    /// it turned out to be.
    pub subject: &'a str,
    pub last_pass: bool,
    pub options: &'a mut Options,
    /// A `Match final` was met.
    pub last_pass_wanted: bool,
    /// Called for each literal name of a `Host` line, whether it applies or not.
    pub named: &'a mut dyn FnMut(&str),
    pub files_read: usize,
}

/// The file being read, and how it was come by.
struct Scope<'a> {
    path: &'a Path,
    own: bool,
    depth: usize,
    /// Included where nothing applies: only checked.
    dead: bool,
}

impl Walk<'_> {
    pub(super) fn all(&mut self) -> Result<(), ResolveError> {
        let files = self.files;
        if let Some(path) = &files.user {
            let trust = Trust { check_owner: !files.given, must_exist: files.given };
            self.file(&Scope { path, own: true, depth: 0, dead: false }, trust, true)?;
        }
        if let Some(path) = &files.system {
            let trust = Trust { check_owner: false, must_exist: false };
            self.file(&Scope { path, own: false, depth: 0, dead: false }, trust, true)?;
        }
        Ok(())
    }

    /// `active`: whether lines before the first `Host` or `Match` apply.
    fn file(&mut self, scope: &Scope<'_>, trust: Trust, mut active: bool) -> Result<(), ResolveError> {
        let text = source::text(scope.path, trust, self.files.user_id)?;
        for (index, text) in text.lines().enumerate() {
            let wrong = |problem| ResolveError::Line {
                path: scope.path.to_path_buf(),
                line: index + 1,
                text: shown(text),
                problem,
            };
            let Some(line) = Line::parse(text).map_err(|malformed| wrong(malformed.into()))? else { continue };
            let meaning = keyword::meaning(&line.keyword);
            if meaning == Meaning::Include {
                self.include(scope, &line, active, wrong)?;
            } else {
                self.line(scope, &line, meaning, &mut active).map_err(wrong)?;
            }
        }
        Ok(())
    }

    fn line(&mut self, scope: &Scope<'_>, line: &Line, meaning: Meaning, active: &mut bool) -> Result<(), Problem> {
        match meaning {
            Meaning::Host => *active = self.host_line(&line.arguments()?)? && !scope.dead,
            Meaning::Match => *active = self.match_line(&line.words()?)? && !scope.dead,
            Meaning::Value(keyword, takes) => {
                let words = checked_words(takes, line)?;
                // To OpenSSH a time of "none" is the same as none given: a later line still counts.
                let unset = takes == Takes::Time && words.first().is_some_and(|word| word == "none");
                if *active && !unset {
                    self.options.offer(keyword, words, scope.own, scope.path)?;
                }
            }
            Meaning::Unknown => {
                line.arguments()?;
                if *active && !self.may_be_unknown(&line.keyword) {
                    self.need(unknown_keyword(&line.keyword));
                }
            }
            Meaning::Ignored | Meaning::Include => {
                line.arguments()?;
            }
        }
        Ok(())
    }

    fn host_line(&mut self, patterns: &[String]) -> Result<bool, Problem> {
        if patterns.iter().any(String::is_empty) || patterns.is_empty() {
            return Err(Problem::NoArgument);
        }
        for literal in patterns.iter().filter(|pattern| !pattern.contains(['*', '?', '!'])) {
            (self.named)(literal);
        }
        let mut applies = false;
        for pattern in patterns {
            let (negated, pattern) = match pattern.strip_prefix('!') {
                Some(pattern) => (true, pattern),
                None => (false, pattern.as_str()),
            };
            if pattern::matches(self.subject.as_bytes(), pattern.as_bytes()) {
                if negated {
                    return Ok(false);
                }
                applies = true;
            }
        }
        Ok(applies)
    }

    fn match_line(&mut self, words: &[String]) -> Result<bool, Problem> {
        let mut result = true;
        let mut criteria = 0;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (negated, name) = match word.strip_prefix('!') {
                Some(name) => (true, name.to_lowercase()),
                None => (false, word.to_lowercase()),
            };
            if name == "all" {
                let alone = criteria <= 1 && words.next().is_none();
                return if alone { Ok(result && !negated) } else { Err(Problem::AllWithOthers) };
            }
            criteria += 1;
            let fits = if name == "final" || name == "canonical" {
                self.last_pass_wanted |= name == "final";
                self.last_pass
            } else {
                let argument = words.next().filter(|word| !word.is_empty());
                let argument = argument.ok_or(Problem::NoCriterion(CRITERIA))?;
                match self.criterion(&name, argument) {
                    Some(fits) => fits,
                    None => {
                        // Asked last of all by OpenSSH too: only if the rest of the line so far fits.
                        if result {
                            self.need(format!("Match {name}"));
                        }
                        negated
                    }
                }
            };
            result &= fits != negated;
        }
        if criteria == 0 { Err(Problem::NoCriterion(CRITERIA)) } else { Ok(result) }
    }

    /// `None`: only `ssh` itself can tell.
    fn criterion(&self, name: &str, argument: &str) -> Option<bool> {
        let local_user = &self.files.local_user;
        let list = argument.as_bytes();
        match name {
            "host" => Some(pattern::host_list_matches(self.current_host().as_bytes(), list)),
            "originalhost" => Some(pattern::host_list_matches(self.original.as_bytes(), list)),
            "user" => {
                let user = self.options.word(Keyword::User).unwrap_or(local_user);
                Some(pattern::list_matches(user.as_bytes(), list))
            }
            "localuser" => Some(pattern::list_matches(local_user.as_bytes(), list)),
            "tagged" => {
                let tag = self.options.word(Keyword::Tag).unwrap_or("");
                Some(pattern::list_matches(tag.as_bytes(), list))
            }
            _ => None,
        }
    }

    /// The host name as far as it is known at this line.
    fn current_host(&self) -> String {
        if let Some(name) = &self.options.resolved_name {
            return name.clone();
        }
        let configured = self.options.word(Keyword::HostName);
        configured
            .and_then(|name| super::token::host_name(name, self.original).ok())
            .unwrap_or_else(|| self.original.to_owned())
    }

    fn include(
        &mut self,
        scope: &Scope<'_>,
        line: &Line,
        active: bool,
        wrong: impl Fn(Problem) -> ResolveError,
    ) -> Result<(), ResolveError> {
        let patterns = line.arguments().map_err(|malformed| wrong(malformed.into()))?;
        if patterns.is_empty() || patterns.iter().any(String::is_empty) {
            return Err(wrong(Problem::NoArgument));
        }
        for pattern in patterns {
            if !scope.own && pattern.starts_with('~') {
                return Err(wrong(Problem::TildeInSystemFile));
            }
            let Some(anchored) = self.anchored(&pattern, scope.own) else { continue };
            for path in glob::expand(&anchored) {
                self.files_read += 1;
                if scope.depth >= DEEPEST {
                    return Err(wrong(Problem::TooDeep(DEEPEST)));
                }
                if self.files_read > MOST_FILES {
                    return Err(wrong(Problem::TooMany(MOST_FILES)));
                }
                let inner = Scope { path: &path, own: scope.own, depth: scope.depth + 1, dead: !active };
                self.file(&inner, Trust { check_owner: true, must_exist: false }, active)?;
            }
        }
        Ok(())
    }

    /// Where a relative `Include` begins: `~/.ssh`, or the directory of the system-wide file.
    fn anchored(&self, pattern: &str, own: bool) -> Option<PathBuf> {
        if pattern.starts_with('~') {
            return self.files.expand_tilde(pattern);
        }
        let base = if own {
            self.files.home.join(".ssh")
        } else {
            self.files.system.as_deref().and_then(Path::parent).map(Path::to_path_buf).unwrap_or_default()
        };
        Some(base.join(pattern))
    }

    fn may_be_unknown(&self, keyword: &str) -> bool {
        let list = self.options.word(Keyword::IgnoreUnknown);
        list.is_some_and(|list| pattern::host_list_matches(keyword.as_bytes(), list.as_bytes()))
    }

    fn need(&mut self, what: String) {
        if !self.options.needs.contains(&what) {
            self.options.needs.push(what);
        }
    }
}

fn unknown_keyword(keyword: &str) -> String {
    match keyword::nearest(keyword) {
        Some(near) => format!("unknown keyword {} (did you mean {near}?)", shown(keyword)),
        None => format!("unknown keyword {}", shown(keyword)),
    }
}

/// A line as it may be shown: short, without control characters.
fn shown(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}

/// Those of `Match` we judge; others are left to the system's `ssh`.
const CRITERIA: &[&str] = &["all", "canonical", "final", "exec", "host", "originalhost", "user", "localuser", "tagged"];
/// `Include` within `Include`, as OpenSSH; deeper is an error, so a file that includes itself ends.
const DEEPEST: usize = 16;
/// Files of one pass; more is an error, so that a tree of includes cannot keep us for ever.
const MOST_FILES: usize = 4096;
/// Characters of a line in an error.
const SHOWN: usize = 120;
