//! Collects what is wrong with a file, while it is still being read.

use std::ops::Range;

use super::MAX_PROBLEMS;
use super::problem::{Invalid, Problem};

/// What is wrong so far, by byte position in the text.
pub(super) struct Findings<'t> {
    text: &'t str,
    list: Vec<Finding>,
    /// More was wrong than is told.
    pub(super) more: bool,
    /// Parts of the file could not be read: what seems missing may only be mistyped.
    pub(super) incomplete: bool,
}

/// One thing that is wrong.
pub(super) struct Finding {
    span: Range<usize>,
    message: String,
    help: Vec<String>,
}

impl Finding {
    /// Adds a line on what to do about it.
    pub(super) fn help(&mut self, line: impl Into<String>) -> &mut Self {
        self.help.push(line.into());
        self
    }

    pub(super) fn maybe_help(&mut self, line: Option<String>) -> &mut Self {
        self.help.extend(line);
        self
    }
}

impl<'t> Findings<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, list: Vec::new(), more: false, incomplete: false }
    }

    pub(super) fn add(&mut self, span: Range<usize>, message: impl Into<String>) -> &mut Finding {
        let place = if self.list.len() < MAX_PROBLEMS {
            self.list.push(Finding { span, message: message.into(), help: Vec::new() });
            self.list.len() - 1
        } else {
            // The last one gives way, so that the caller has something to add its help to.
            self.more = true;
            self.list[MAX_PROBLEMS - 1] = Finding { span, message: message.into(), help: Vec::new() };
            MAX_PROBLEMS - 1
        };
        &mut self.list[place]
    }

    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= MAX_PROBLEMS
    }

    /// The line, from 1 on, that a byte position is in.
    pub(super) fn line_of(&self, position: usize) -> usize {
        self.text.bytes().take(position).filter(|byte| *byte == b'\n').count() + 1
    }

    /// What is wrong, in the order of the file; `None` when nothing is.
    pub(super) fn into_invalid(mut self, name: &str) -> Option<Invalid> {
        if self.list.is_empty() {
            return None;
        }
        self.list.sort_by_key(|finding| finding.span.start);
        let problems = self.list.into_iter();
        let problems = problems.map(|one| Problem::new(self.text, one.span, one.message, one.help)).collect();
        Some(Invalid { name: name.to_owned(), problems, more: self.more })
    }
}
