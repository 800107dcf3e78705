//! Finds out fast where patterns cannot match: each of them needs one of a few literals, and a search for
//! all of these at once (aho-corasick's Teddy) is ten times faster than one for the patterns themselves.

use aho_corasick::packed::{Config, Searcher};
use regex::bytes::RegexSet;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Hir, HirKind};

use crate::domain::watch::compile;

/// Says where patterns may match, and never misses a place where they do.
pub(super) struct Prefilter {
    literals: Option<Searcher>,
    /// Patterns without literals of use: these are looked for themselves.
    rest: RegexSet,
}

impl Prefilter {
    /// For patterns that [`compile`] takes.
    pub(super) fn new(patterns: &[&str]) -> Self {
        let (mut literals, mut rest) = (Vec::new(), Vec::new());
        for pattern in patterns {
            match required(pattern).filter(|more| literals.len() + more.len() <= LITERALS) {
                Some(more) => literals.extend(more),
                None => rest.push(*pattern),
            }
        }
        let searcher = Config::new().builder().extend(&literals).build();
        if searcher.is_none() {
            // No vector instructions here, or nothing to look for.
            rest = patterns.to_vec();
        }
        Self { literals: searcher, rest: compile(rest).unwrap_or_default() }
    }

    /// Whether every line has to be looked at.
    pub(super) fn anywhere(&self, lines: &[u8]) -> bool {
        !self.rest.is_empty() && self.rest.is_match(lines)
    }

    /// Else only those: where the next one is that may match, at or after `from`.
    pub(super) fn next(&self, lines: &[u8], from: usize) -> Option<usize> {
        Some(from + self.literals.as_ref()?.find(lines.get(from..)?)?.start())
    }
}

/// Literals of which every match of the pattern has at least one; none if there are no good ones.
fn required(pattern: &str) -> Option<Vec<Vec<u8>>> {
    // As `compile` reads it.
    let mut parser = ParserBuilder::new().unicode(false).utf8(false).multi_line(true).crlf(true).build();
    let mut found = Vec::new();
    each_branch(&parser.parse(pattern).ok()?, &mut |branch| match required_by(branch) {
        Some(literals) => {
            found.extend(literals);
            true
        }
        None => false,
    })
    .then_some(found)
}

/// Until one says no.
fn each_branch(hir: &Hir, take: &mut impl FnMut(&Hir) -> bool) -> bool {
    match hir.kind() {
        HirKind::Alternation(branches) => branches.iter().all(|branch| each_branch(branch, take)),
        HirKind::Capture(group) => each_branch(&group.sub, take),
        HirKind::Empty
        | HirKind::Literal(_)
        | HirKind::Class(_)
        | HirKind::Look(_)
        | HirKind::Repetition(_)
        | HirKind::Concat(_) => take(hir),
    }
}

/// What it ends with, if that is telling: what it begins with is often but the name of a program.
fn required_by(branch: &Hir) -> Option<Vec<Vec<u8>>> {
    let at = |kind| {
        let found = Extractor::new().kind(kind).limit_class(CLASS).extract(branch);
        let literals: Vec<Vec<u8>> = found.literals()?.iter().map(|literal| literal.as_bytes().to_vec()).collect();
        let shortest = literals.iter().map(Vec::len).min()?;
        Some((shortest, literals))
    };
    let (first, last) = (at(ExtractKind::Prefix), at(ExtractKind::Suffix));
    let (shortest, literals) = match (first, last) {
        (Some(first), Some(last)) if last.0 < TELLING && first.0 > last.0 => first,
        (first, last) => last.or(first)?,
    };
    (shortest >= SHORTEST && literals.len() <= OF_A_BRANCH).then_some(literals)
}

/// What Teddy takes.
const LITERALS: usize = 64;

/// Literals of one branch of a pattern; where there are more, case or classes have multiplied them.
const OF_A_BRANCH: usize = 8;

/// A larger class of characters ends a literal: `[Cc]` does not, a digit does.
const CLASS: usize = 2;

/// Bytes of a literal; a shorter one is found everywhere.
const SHORTEST: usize = 3;
const TELLING: usize = 6;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::watch::DEFAULT_ALARMS;

    fn strings(literals: Option<Vec<Vec<u8>>>) -> Option<Vec<String>> {
        literals.map(|all| all.into_iter().map(|literal| String::from_utf8_lossy(&literal).into_owned()).collect())
    }

    #[test]
    fn every_default_has_literals_and_they_fit() {
        let mut count = 0;
        for (name, pattern) in DEFAULT_ALARMS {
            count += required(pattern).unwrap_or_else(|| panic!("{name} has none")).len();
        }
        assert!(count <= LITERALS, "{count}");
        let all: Vec<&str> = DEFAULT_ALARMS.iter().map(|(_, pattern)| *pattern).collect();
        let prefilter = Prefilter::new(&all);
        assert_eq!(prefilter.next(b"nothing in here\n", 0), None);
        assert_eq!(prefilter.next(b"0123\nsda: I/O error, sector 5\n", 2), Some(10));
        assert_eq!(prefilter.next(b"0123\nsda: I/O error, sector 5\n", 11), None);
    }

    #[test]
    fn literals_are_the_telling_ones() {
        for (pattern, literals) in [
            ("stress-ng: .*miscompare", Some(&["miscompare"][..])),
            ("segfault at [0-9a-f]+ ip ", Some(&["segfault at "])),
            (r"\b(?:alpha|beta) gone", Some(&["alpha gone", "beta gone"])),
            ("one|(two+)", Some(&["one", "two"])),
            (r"\d{5}", None),
            ("long enough|x", None),
            ("(?i)error", None),
            (".*", None),
            ("", None),
            ("[a&&b]", None),
        ] {
            let literals = literals.map(|all| all.iter().map(ToString::to_string).collect());
            assert_eq!(strings(required(pattern)), literals, "{pattern}");
        }
    }

    #[test]
    fn what_has_no_literals_is_looked_for_itself() {
        let prefilter = Prefilter::new(&["panic", r"^\d+$"]);
        assert!(prefilter.anywhere(b"12\n") && !prefilter.anywhere(b"x1\npanic\n"));
        assert_eq!((prefilter.next(b"12\n", 0), prefilter.next(b"x1\npanic\n", 0)), (None, Some(3)));
        let many: Vec<String> = (0..100).map(|n| format!("literal {n} of many")).collect();
        let many = Prefilter::new(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(many.anywhere(b"..literal 99 of many"));
        let none = Prefilter::new(&[]);
        assert!(!none.anywhere(b"x") && none.next(b"x", 0).is_none());
    }

    proptest! {
        /// Whatever the operator's patterns are, and whatever the host writes.
        #[test]
        fn nothing_is_missed(
            own in proptest::collection::vec("[ab.*+?|()\\[\\]^$\\\\bdi]{1,9}", 0..5),
            line in "[ab01 i\\r]{0,30}",
            default in proptest::sample::select(DEFAULT_ALARMS),
            (cut, seed) in (0_usize..12, any::<u64>()),
        ) {
            let own = own.iter().map(String::as_str).filter(|pattern| compile([*pattern]).is_ok());
            let patterns: Vec<&str> = own.chain([default.1]).collect();
            // A line that the default matches, or nearly.
            let sample = required(default.1).expect("it has some").swap_remove(0);
            let text = [line.as_bytes(), &sample[..sample.len().saturating_sub(cut)], &seed.to_string().into_bytes()].concat();
            let (set, prefilter) = (compile(patterns.iter().copied()).expect("each is good"), Prefilter::new(&patterns));
            prop_assert!(!set.is_match(&text) || prefilter.anywhere(&text) || prefilter.next(&text, 0).is_some());
        }
    }
}
