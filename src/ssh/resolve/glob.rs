//! The file patterns of `Include` (glob(7)): `*`, `?`, `[…]`, `\`, component by component, sorted by
//! bytes.

use std::path::{Path, PathBuf};

/// The existing paths that match an absolute `pattern`.
pub(super) fn expand(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("/")];
    let text = pattern.to_string_lossy();
    for component in text.split('/').filter(|component| !component.is_empty()) {
        let parts = parts(component);
        found = match literal(&parts) {
            Some(name) => found.into_iter().map(|parent| parent.join(&name)).collect(),
            None => found.iter().flat_map(|parent| matching(parent, &parts)).collect(),
        };
    }
    found.retain(|path| path.symlink_metadata().is_ok());
    found
}

enum Part {
    Star,
    One,
    Char(char),
    Set { negated: bool, ranges: Vec<(char, char)> },
}

impl Part {
    fn fits(&self, c: char) -> bool {
        match self {
            Self::Star => false,
            Self::One => true,
            Self::Char(own) => *own == c,
            Self::Set { negated, ranges } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *negated,
        }
    }
}

fn matching(directory: &Path, parts: &[Part]) -> Vec<PathBuf> {
    let Ok(entries) = directory.read_dir() else { return Vec::new() };
    let hidden_wanted = matches!(parts.first(), Some(Part::Char('.')));
    let mut names: Vec<_> = entries
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| {
            let name = name.to_string_lossy();
            (hidden_wanted || !name.starts_with('.')) && fits(&name.chars().collect::<Vec<_>>(), parts)
        })
        .collect();
    names.sort_by(|a, b| a.as_encoded_bytes().cmp(b.as_encoded_bytes()));
    names.into_iter().map(|name| directory.join(name)).collect()
}

fn fits(name: &[char], parts: &[Part]) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while at < name.len() {
        match parts.get(place) {
            Some(Part::Star) => {
                place += 1;
                retry = Some((at, place));
            }
            Some(part) if part.fits(name[at]) => {
                at += 1;
                place += 1;
            }
            Some(_) | None => {
                let Some((from, after_star)) = retry else { return false };
                (at, place) = (from + 1, after_star);
                retry = Some((at, after_star));
            }
        }
    }
    parts[place..].iter().all(|part| matches!(part, Part::Star))
}

fn literal(parts: &[Part]) -> Option<String> {
    parts.iter().map(|part| if let Part::Char(c) = part { Some(*c) } else { None }).collect()
}

fn parts(component: &str) -> Vec<Part> {
    let chars: Vec<char> = component.chars().collect();
    let mut parts = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let (part, next) = match chars[at] {
            '*' => (Part::Star, at + 1),
            '?' => (Part::One, at + 1),
            '[' => set(&chars, at).unwrap_or((Part::Char('['), at + 1)),
            '\\' if at + 1 < chars.len() => (Part::Char(chars[at + 1]), at + 2),
            c => (Part::Char(c), at + 1),
        };
        parts.push(part);
        at = next;
    }
    parts
}

/// The set that begins at `[`, and where it ends; `None`: it is not closed, so `[` is itself.
fn set(chars: &[char], open: usize) -> Option<(Part, usize)> {
    let negated = matches!(chars.get(open + 1), Some('!' | '^'));
    let first = open + 1 + usize::from(negated);
    let mut at = first;
    let mut ranges = Vec::new();
    loop {
        let from = *chars.get(at)?;
        if from == ']' && at > first {
            return Some((Part::Set { negated, ranges }, at + 1));
        }
        match (chars.get(at + 1), chars.get(at + 2)) {
            (Some('-'), Some(to)) if *to != ']' => {
                ranges.push((from, *to));
                at += 3;
            }
            _ => {
                ranges.push((from, from));
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_a_shell() {
        for (name, pattern, expected) in [
            ("10-a.conf", "*.conf", true),
            ("a", "[a-c]", true),
            ("d", "[a-c]", false),
            ("d", "[!a-c]", true),
            ("]", "[]]", true),
            ("[", "[", true),
            ("a*", r"a\*", true),
            ("ab", r"a\*", false),
            ("abc", "a?c", true),
        ] {
            let name: Vec<char> = name.chars().collect();
            assert_eq!(fits(&name, &parts(pattern)), expected, "{name:?} {pattern}");
        }
    }

    #[test]
    fn files_are_found_sorted_and_hidden_ones_left_out() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.conf", "a.conf", ".c.conf", "d.txt"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let names = |pattern: &str| {
            let found = expand(&dir.path().join(pattern));
            found.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names("*.conf"), ["a.conf", "b.conf"]);
        assert_eq!(names(".*.conf"), [".c.conf"]);
        assert_eq!(names("d.txt"), ["d.txt"]);
        assert!(names("e*").is_empty() && names("e").is_empty() && names("e*/f").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_crashes_it(pattern in "[\\[\\]a!^\\\\*?-]{0,12}", name in "[a\\[\\]-]{0,5}") {
            let _ = fits(&name.chars().collect::<Vec<_>>(), &parts(&pattern));
        }
    }
}
