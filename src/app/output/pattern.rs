//! What is searched for.

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

/// A regular expression, or the literal text when it is none. Case counts only when the pattern has an
/// upper-case letter.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
    literal: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    #[error("search for nothing")]
    Empty,
    #[error("search for a pattern of more than {MAX_LENGTH} bytes")]
    TooLong,
    /// Also as literal text, which cannot be, but is not worth a panic.
    #[error("search for a pattern that is too large")]
    TooLarge,
}

impl Pattern {
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        if text.is_empty() {
            return Err(InvalidPattern::Empty);
        }
        if text.len() > MAX_LENGTH {
            return Err(InvalidPattern::TooLong);
        }
        let insensitive = !has_upper_case(text);
        let (regex, literal) = match build(text, insensitive) {
            Ok(regex) => (regex, false),
            Err(_) => (build(&regex::escape(text), insensitive).map_err(|_| InvalidPattern::TooLarge)?, true),
        };
        Ok(Self { text: text.to_owned(), regex, literal })
    }

    /// As the operator wrote it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is no regular expression and is searched for as it stands.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.literal
    }

    #[must_use]
    pub fn regex(&self) -> &Regex {
        &self.regex
    }

    /// Where it matches in a decoded line; matches of no length are none.
    pub fn matches<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
        self.regex.find_iter(text.as_bytes()).map(|found| found.range()).filter(|range| !range.is_empty())
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// `^` and `$` are those of lines, and lines may end in CR LF, as those of a terminal do.
fn build(text: &str, insensitive: bool) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).case_insensitive(insensitive).multi_line(true).crlf(true).size_limit(SIZE_LIMIT).build()
}

/// Upper-case letters of the text itself; those of classes such as `\S` do not count.
fn has_upper_case(text: &str) -> bool {
    let mut escaped = false;
    text.chars().any(|c| {
        let counts = !escaped && c.is_uppercase();
        escaped = !escaped && c == '\\';
        counts
    })
}

/// Bytes of a pattern: more than a line of a prompt holds.
const MAX_LENGTH: usize = 1024;

/// Bytes of a compiled pattern: `.{1000}` and the like are refused as expressions, and taken literally.
const SIZE_LIMIT: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> Vec<Range<usize>> {
        Pattern::parse(pattern).expect("a pattern").matches(text).collect()
    }

    #[test]
    fn case_counts_only_when_it_was_typed() {
        assert_eq!(matches("error", "Error ERROR error").len(), 3);
        assert_eq!(matches("Error", "Error ERROR error").len(), 1);
        assert_eq!(matches(r"\Serror", "xError").len(), 1, "the S of a class is no upper-case letter");
    }

    #[test]
    fn what_is_no_expression_is_taken_as_it_stands() {
        let pattern = Pattern::parse("failed (").expect("a pattern");
        assert!(pattern.is_literal());
        assert_eq!(pattern.matches("it failed (2)").next(), Some(3..11));
        assert_eq!(Pattern::parse(""), Err(InvalidPattern::Empty));
        assert_eq!(Pattern::parse(&"x".repeat(2000)), Err(InvalidPattern::TooLong));
    }

    #[test]
    fn an_empty_match_is_none() {
        assert_eq!(matches("x*", "axxb").first(), Some(&(1..3)));
        assert_eq!(matches("x*", "axxb").len(), 1);
        assert_eq!(matches("b$", "ab\r\n").first(), Some(&(1..2)));
    }
}
