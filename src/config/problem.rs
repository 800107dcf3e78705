//! What is wrong with a file, as the operator reads it: one block per problem.
//!
//! ```text
//! steadfast.toml:12:1: unknown key `hsots`
//!    |
//! 12 | hsots = ["db1"]
//!    | ^^^^^
//!    = did you mean `hosts`?
//! ```
//!
//! Plain text; colour is the command line's business.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use super::check::{secret_key, secret_variable};

/// The problems of one file, in its order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    /// What the file is called.
    pub name: String,
    /// At least one.
    pub problems: Vec<Problem>,
    /// There are more than these.
    pub more: bool,
}

/// One thing that is wrong, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// From 1 on.
    pub line: usize,
    /// In characters, from 1 on.
    pub column: usize,
    pub message: String,
    /// What is allowed, or what to do.
    pub help: Vec<String>,
    /// The line it is in, without control characters; a window of it if it is long.
    pub excerpt: String,
    /// Cells of `excerpt` that are meant: how many are before them, and how many they are.
    pub caret: (usize, usize),
}

impl Invalid {
    pub(super) fn not_utf8(name: &str, bytes: &[u8], position: usize) -> Self {
        let text = String::from_utf8_lossy(bytes);
        // Up to `position` the bytes and the text are the same.
        let problem = Problem::new(
            &text,
            position..position + char::REPLACEMENT_CHARACTER.len_utf8(),
            "not UTF-8".into(),
            vec!["TOML files are UTF-8; convert it, for example with `iconv -f latin1 -t utf-8`".into()],
        );
        Self { name: name.to_owned(), problems: vec![problem], more: false }
    }
}

impl Problem {
    /// `span` may be anything; it is brought within the text.
    pub(super) fn new(text: &str, span: Range<usize>, message: String, help: Vec<String>) -> Self {
        let start = floor(text, span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let end = floor(text, span.end).clamp(start, line_end);
        let line = text[..line_start].matches('\n').count() + 1;
        let column = text[line_start..start].chars().count() + 1;
        // Masked byte by byte, so that positions stay what they are.
        let shown = masked(text[line_start..line_end].trim_end_matches('\r'));
        let (excerpt, caret) = excerpt(&shown, start - line_start, end - start);
        Self {
            line,
            column,
            message: printable(&masked(&message)),
            help: help.iter().map(|line| printable(line)).collect(),
            excerpt,
            caret,
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        writeln!(f, "{name}:{}:{}: {}", self.line, self.column, self.message)?;
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{}", format!("{number} | {}", self.excerpt).trim_end())?;
        writeln!(f, "{gutter} | {}{}", " ".repeat(self.caret.0), "^".repeat(self.caret.1))?;
        self.help.iter().try_for_each(|line| writeln!(f, "{gutter} = {line}"))
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.problems.iter().enumerate() {
            if place > 0 {
                writeln!(f)?;
            }
            problem.write(f, &self.name)?;
        }
        if self.more {
            writeln!(f, "\nand more; these come first")?;
        }
        Ok(())
    }
}

/// The greatest boundary between characters that is not beyond `position`.
fn floor(text: &str, position: usize) -> usize {
    let mut position = position.min(text.len());
    while !text.is_char_boundary(position) {
        position -= 1;
    }
    position
}

/// The line without what is a secret by the look of it: everything after `password =`, and the
/// password of `user:password@host`. As many bytes as before.
fn masked(line: &str) -> String {
    let mut bytes = line.as_bytes().to_vec();
    for (place, _) in line.match_indices('=') {
        let key = line[..place].trim_end_matches([' ', '\t', '"', '\'']);
        let key = key.rsplit(|c: char| !(c.is_alphanumeric() || "_-".contains(c))).next().unwrap_or_default();
        if secret_key(key).is_some() || secret_variable(key) {
            bytes[place + 1..].fill(b'*');
            break;
        }
    }
    for (place, _) in line.match_indices('@') {
        let word = line[..place].rfind([' ', '"', '\'', ',', '=', '@', '`']).map_or(0, |at| at + 1);
        if let Some(colon) = line[word..place].find(':') {
            bytes[word + colon + 1..place].fill(b'*');
        }
    }
    // Whole characters were replaced: what begins and ends a run of stars is ASCII.
    String::from_utf8(bytes).unwrap_or_default()
}

/// A window of the line around the marked part, and the cells of the mark in it.
fn excerpt(line: &str, start: usize, length: usize) -> (String, (usize, usize)) {
    let start = floor(line, start);
    let end = floor(line, start.saturating_add(length)).max(start);
    let (before, rest) = line.split_at(start);
    let (marked, after) = rest.split_at(end - start);
    let skip = before.chars().count().saturating_sub(BEFORE);
    let mut shown = if skip > 0 { String::from("…") } else { String::new() };
    shown.extend(before.chars().skip(skip).map(shown_char));
    let indent = cells(&shown);
    let mut room = WINDOW.saturating_sub(indent);
    let mut take = |part: &str| -> String {
        let taken: String = part.chars().map(shown_char).take(room).collect();
        room -= taken.chars().count();
        taken
    };
    let marked = take(marked);
    let tail = take(after);
    let cut = shown_len(rest) > shown_len(&marked) + shown_len(&tail);
    let width = cells(&marked).max(1);
    shown.extend([marked.as_str(), tail.as_str(), if cut { "…" } else { "" }]);
    (shown, (indent, width))
}

fn shown_len(text: &str) -> usize {
    text.chars().count()
}

fn cells(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// A tab is one blank, so that the caret stays below its text; other control characters would move
/// the terminal.
fn shown_char(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// The text in one line of bounded length, without control characters.
fn printable(text: &str) -> String {
    let mut shown: String = text.chars().take(MESSAGE).map(|c| if c == '\n' { ' ' } else { shown_char(c) }).collect();
    if text.chars().nth(MESSAGE).is_some() {
        shown.push('…');
    }
    shown
}

/// Characters shown before the mark of a long line.
const BEFORE: usize = 60;
/// Cells of a line that are shown at most.
const WINDOW: usize = 100;
/// Characters of a message: mistaken values are quoted in it.
const MESSAGE: usize = 600;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, span: Range<usize>) -> String {
        let problem = Problem::new(text, span, "wrong".into(), vec!["do this".into()]);
        Invalid { name: "f".into(), problems: vec![problem], more: false }.to_string()
    }

    #[test]
    fn the_caret_is_below_what_is_meant() {
        assert_eq!(shown("a\n\tbcd = 1\n", 3..6), "f:2:2: wrong\n  |\n2 |  bcd = 1\n  |  ^^^\n  = do this\n");
        assert_eq!(shown("語 = x", 6..7), "f:1:5: wrong\n  |\n1 | 語 = x\n  |      ^\n  = do this\n");
    }

    #[test]
    fn spans_beyond_the_text_or_inside_a_character_are_brought_within() {
        for (text, span) in [("", 0..0), ("", 7..9), ("語", 1..2), ("a", 1..1), ("a\n", 2..2), ("a\r\nb", 1..9)] {
            let problem = Problem::new(text, span, String::new(), Vec::new());
            assert!(problem.line >= 1 && problem.column >= 1 && problem.caret.1 >= 1, "{problem:?}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(masked("passwd = \"hünter2\""), "passwd =***********");
        assert_eq!(masked("env = { A = 1, DB_PASSWORD = 'x' }"), "env = { A = 1, DB_PASSWORD =******");
        assert_eq!(masked("jump = \"me:hunter2@gate:22,op:x@b\""), "jump = \"me:*******@gate:22,op:*@b\"");
        for open in ["user = \"op\"", "jump = \"op@gate:22\"", "keepalive = \"5s\"", "a == b", "=", "@", ":@", "語:@"]
        {
            assert_eq!(masked(open), open);
        }
    }

    #[test]
    fn a_long_line_is_a_window_and_control_characters_do_not_get_through() {
        let text = format!("{}\u{1b}[31mkey = 1{}", "x".repeat(5000), "y".repeat(5000));
        let problem = Problem::new(&text, 5005..5008, "esc \u{1b}[2J".into(), Vec::new());
        assert!(cells(&problem.excerpt) <= WINDOW + 2, "{}", problem.excerpt);
        let (before, width) = problem.caret;
        let marked: String = problem.excerpt.chars().skip(before).take(width).collect();
        assert_eq!(marked, "key");
        assert!(!format!("{}{}", problem.excerpt, problem.message).contains('\u{1b}'));
    }
}
