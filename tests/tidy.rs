//! The wall between the floors, and the house rules that no compiler knows.
//!
//! One package has no crate walls, so this reads every source file: comments and literals are blanked
//! out first, then `#[cfg(test)]` items (tests may import what they need), and what is left is searched.

#![expect(clippy::unwrap_used, reason = "a test: what cannot be read must fail it")]

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The floor of every module at the top. A new one gets its floor here.
const FLOORS: &[(&str, u8)] = &[
    ("domain", 0),
    ("port", 1),
    ("ssh", 2),
    ("net", 2),
    ("ledger", 2),
    ("config", 2),
    ("remote", 2),
    ("health", 2),
    ("notify", 2),
    ("vm", 2),
    ("clock", 2),
    ("demo", 2),
    ("client", 3),
    ("supervisor", 3),
    ("app", 4),
    ("ui", 5),
    ("tui", 6),
    ("headless", 6),
    ("api", 6),
    ("cli", 7),
];

/// Sideways, but agreed: the demo's servers speak through our own SSH.
const SIDEWAYS: &[(&str, &str)] = &[("demo", "ssh")];

/// Floors that may not use everything below them.
const ONLY: &[(&str, &[&str])] = &[("app", &["domain"])];

/// The crate's face: declares the modules and shows the library; may name all of them.
const FACE: &[&str] = &["lib", "main"];

const MAX_LINES: usize = 400;

/// What the code outside of tests must not have, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    ("#[allow(", "use #[expect(…, reason = \"…\")]"),
    ("#![allow(", "use #[expect(…, reason = \"…\")]"),
    ("todo!", "nothing is left half done"),
    ("unimplemented!", "nothing is left half done"),
    ("unbounded", "every queue is bounded"),
    (".unwrap()", "return an error"),
    (".expect(", "return an error"),
    (".unwrap_err()", "return an error"),
    (".expect_err(", "return an error"),
];

/// What `domain/` must not mention, in its tests neither: it is sans-I/O.
const FOREIGN_TO_DOMAIN: &[&str] = &[
    "tokio",
    "serde",
    "serde_json",
    "rand",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "Instant",
    "SystemTime",
    "chrono",
    "russh",
    "rusqlite",
    "futures_util",
];

#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Offence {
    file: String,
    line: usize,
    what: String,
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

#[test]
fn the_house_is_tidy() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&src, &mut files);
    assert!(files.len() > 20, "found only {files:?}");
    let mut offences = Vec::new();
    for path in files {
        let name = path.strip_prefix(&src).unwrap().to_str().unwrap().replace('\\', "/");
        offences.extend(inspect(&name, &std::fs::read_to_string(&path).unwrap()));
    }
    let list: Vec<String> = offences.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "\n{}\n", list.join("\n"));
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
}

/// Everything wrong with one file; `name` is its path below `src`.
fn inspect(name: &str, text: &str) -> Vec<Offence> {
    let code = blank(text);
    let tests = if is_test_file(name) { std::iter::once(0..code.len()).collect() } else { tests(&code) };
    let live = without(&code, &tests);
    let mut offences = Vec::new();
    let mut add = |line, what: String| offences.push(Offence { file: name.into(), line, what });
    imports(name, &live, &mut add);
    let of_tests: usize = tests.iter().map(|range| code[range.clone()].lines().count()).sum();
    let lines = code.lines().count() - of_tests;
    if lines > MAX_LINES {
        add(1, format!("{lines} lines without tests; the limit is {MAX_LINES}"));
    }
    for (pattern, why) in FORBIDDEN {
        for (at, _) in live.match_indices(pattern) {
            add(line_of(&live, at), format!("`{pattern}`: {why}"));
        }
    }
    if module_path(name).first().is_some_and(|top| top == "domain") {
        for word in FOREIGN_TO_DOMAIN {
            for at in words(&code, word) {
                add(line_of(&code, at), format!("`{word}` in domain, which is sans-I/O"));
            }
        }
    }
    offences.sort();
    offences
}

/// `use crate::…`, with braces over any number of lines, paths in the code, and `super::` that leaves
/// its module at the top.
fn imports(name: &str, live: &str, add: &mut impl FnMut(usize, String)) {
    let path = module_path(name);
    let Some(own) = path.first() else { return };
    if FACE.contains(&own.as_str()) {
        return;
    }
    let floors: BTreeMap<_, _> = FLOORS.iter().copied().collect();
    let Some(own_floor) = floors.get(own.as_str()) else {
        add(1, format!("module `{own}` has no floor; give it one in tests/tidy.rs"));
        return;
    };
    for (at, target) in targets(&path, live) {
        let line = line_of(live, at);
        let Some(floor) = floors.get(target.as_str()) else {
            add(line, format!("`crate::{target}` is on no floor"));
            continue;
        };
        let only = ONLY.iter().find(|(module, _)| module == own).map(|(_, only)| *only);
        let agreed = SIDEWAYS.contains(&(own.as_str(), target.as_str()));
        if target == *own || agreed {
            continue;
        }
        if floor >= own_floor {
            let way = if floor == own_floor { "sideways" } else { "upward" };
            add(line, format!("{way} import of `crate::{target}` (F{floor}) into `{own}` (F{own_floor})"));
        } else if only.is_some_and(|only| !only.contains(&target.as_str())) {
            add(line, format!("import of `crate::{target}` into `{own}`, which imports only {only:?}"));
        }
    }
}

/// Position and top-level module of every path that begins at the crate's root.
fn targets(path: &[String], live: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in words(live, "crate") {
        if let Some(rest) = live[at + "crate".len()..].trim_start().strip_prefix("::") {
            heads(at, rest, &mut found);
        }
    }
    for at in words(live, "super") {
        let before = live[..at].trim_end();
        if before.ends_with("::") {
            continue; // Not the first `super` of its path.
        }
        let (mut rest, mut up) = (&live[at..], 0);
        while let Some(next) = rest.trim_start().strip_prefix("super") {
            let Some(next) = next.trim_start().strip_prefix("::") else { break };
            (rest, up) = (next, up + 1);
        }
        if up >= path.len() {
            heads(at, rest, &mut found);
        }
    }
    found
}

/// The first segments of `a::b`, or of each branch of `{a::b, c::{d, e}}`.
fn heads(at: usize, rest: &str, found: &mut Vec<(usize, String)>) {
    let rest = rest.trim_start();
    let Some(inside) = rest.strip_prefix('{') else {
        let head: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        // `crate::*` would hide what is taken.
        found.push((at, if head.is_empty() { "*".into() } else { head }));
        return;
    };
    let mut depth = 0_usize;
    let mut branch = String::new();
    for c in inside.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => {
                heads(at, &std::mem::take(&mut branch), found);
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        branch.push(c);
    }
    if !branch.trim().is_empty() {
        heads(at, &branch, found);
    }
}

/// `net/link/mod.rs` is `[net, link]`, `net/route.rs` is `[net, route]`.
fn module_path(name: &str) -> Vec<String> {
    let mut path: Vec<String> = name.trim_end_matches(".rs").split('/').map(Into::into).collect();
    if path.last().is_some_and(|last| last == "mod") {
        path.pop();
    }
    path
}

fn is_test_file(name: &str) -> bool {
    let path = module_path(name);
    path.iter().skip(1).any(|part| part == "tests" || part == "strategy" || part.ends_with("_tests"))
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Where `word` stands as a path or identifier of its own.
fn words(text: &str, word: &str) -> Vec<usize> {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word)
        .filter(|(at, _)| !part(text[..*at].chars().next_back()) && !part(text[at + word.len()..].chars().next()))
        .map(|(at, _)| at)
        .collect()
}

/// Where the items under `#[cfg(test)]` are.
fn tests(code: &str) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (at, attribute) in code.match_indices("#[cfg(test)]") {
        // Not one within another.
        if ranges.last().is_none_or(|last| at >= last.end) {
            ranges.push(at..item_end(code, at + attribute.len()));
        }
    }
    ranges
}

/// Blanks the ranges; lines stay where they are.
fn without(code: &str, ranges: &[Range<usize>]) -> String {
    let mut live: Vec<u8> = code.into();
    for byte in ranges.iter().flat_map(Range::clone) {
        if live[byte] != b'\n' {
            live[byte] = b' ';
        }
    }
    String::from_utf8(live).unwrap()
}

/// The end of the item that begins at `from`: its `;`, or the brace that closes its first one.
fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code[from..].char_indices() {
        match c {
            ';' if depth == 0 => return from + at + 1,
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && c == '}' {
                    return from + at + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

/// Blanks comments and the inside of literals; every byte keeps its place.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_or_comment(bytes, at);
        if end > at {
            for byte in &mut code[at..end] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
            at = end;
        } else {
            at += 1;
        }
    }
    // Literals and comments are replaced as a whole, so no character is cut.
    String::from_utf8(code).unwrap()
}

/// The end of the comment or literal that begins at `at`, or `at` if none does.
fn literal_or_comment(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let line_end = || rest.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| at + end);
    let in_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => line_end(),
        [b'/', b'*', ..] => block_comment_end(bytes, at),
        [b'"', ..] => quoted_end(bytes, at + 1, b'"'),
        [b'r', b'"' | b'#', ..] if !in_word => raw_end(bytes, at, at + 1),
        [b'b', b'r', b'"' | b'#', ..] if !in_word => raw_end(bytes, at, at + 2),
        // A character, not a lifetime: closed after one character or an escape.
        [b'\'', b'\\', ..] => quoted_end(bytes, at + 1, b'\''),
        [b'\'', ..] => {
            let text = std::str::from_utf8(&rest[1..]).unwrap_or_default();
            let first = text.chars().next().map_or(0, char::len_utf8);
            if first > 0 && text[first..].starts_with('\'') { at + first + 2 } else { at }
        }
        _ => at,
    }
}

fn block_comment_end(bytes: &[u8], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0_usize);
    while at < bytes.len() {
        match bytes[at..] {
            [b'/', b'*', ..] => (at, depth) = (at + 2, depth + 1),
            [b'*', b'/', ..] => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

fn quoted_end(bytes: &[u8], mut at: usize, quote: u8) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `r#"…"#`; `begin` if it is a raw identifier instead.
fn raw_end(bytes: &[u8], begin: usize, from: usize) -> usize {
    let hashes = bytes[from..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(from + hashes) != Some(&b'"') {
        return begin;
    }
    let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
    let inside = from + hashes + 1;
    let end = bytes[inside..].windows(close.len()).position(|window| window == close);
    end.map_or(bytes.len(), |end| inside + end + close.len())
}

// ---- The wall itself, tried on small samples ----

fn offences(name: &str, text: &str) -> Vec<String> {
    inspect(name, text).iter().map(ToString::to_string).collect()
}

#[test]
fn an_upward_import_is_found_in_every_form() {
    for text in [
        "use crate::supervisor::Handle;",
        "pub(crate) use crate::supervisor::Handle;",
        "use crate::{\n    domain::id::HostId,\n    supervisor::{Handle, Live},\n};",
        "fn f(handle: crate::supervisor::Handle) {}",
        "fn f() { let _ = crate :: supervisor :: Handle; }",
        "use super::super::supervisor::Handle;",
    ] {
        let found = offences("net/route.rs", text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].contains("upward import of `crate::supervisor` (F3) into `net` (F2)"), "{found:?}");
    }
    assert!(offences("net/route.rs", "\n\nuse crate::{domain::x,\nssh::y};")[0].starts_with("net/route.rs:3:"));
}

#[test]
fn sideways_is_forbidden_but_for_what_is_agreed() {
    assert!(offences("ledger/mod.rs", "use crate::net::Watch;")[0].contains("sideways"));
    assert!(offences("headless/mod.rs", "use crate::tui::run;")[0].contains("sideways"));
    assert_eq!(offences("demo/server.rs", "use crate::ssh::Config;"), [""; 0]);
    assert!(offences("ssh/mod.rs", "use crate::demo::Fleet;")[0].contains("sideways"));
}

#[test]
fn downward_and_inward_imports_are_free() {
    let text =
        "use crate::domain::id::HostId;\nuse crate::port::{Clock, Session};\nuse crate::net::route;\nuse super::x;";
    assert_eq!(offences("net/route.rs", text), [""; 0]);
    assert_eq!(offences("lib.rs", "pub mod cli; pub use crate::supervisor::Handle;"), [""; 0]);
}

#[test]
fn the_screens_state_imports_domain_only() {
    assert_eq!(offences("app/mod.rs", "use crate::domain::fleet::Fleet;"), [""; 0]);
    assert!(offences("app/mod.rs", "use crate::port::Clock;")[0].contains("imports only"));
}

#[test]
fn a_module_without_a_floor_and_a_glob_of_the_crate_are_found() {
    assert!(offences("helpers/mod.rs", "")[0].contains("has no floor"));
    assert!(offences("cli/mod.rs", "use crate::*;")[0].contains("on no floor"));
    assert!(offences("cli/mod.rs", "use crate::helpers::x;")[0].contains("on no floor"));
}

#[test]
fn what_is_forbidden_is_found_outside_of_tests_only() {
    for text in [
        "#[allow(dead_code)]\nfn f() {}",
        "fn f() { todo!() }",
        "fn f() { mpsc::unbounded_channel::<u8>(); }",
        "fn f() { x.unwrap(); }",
        "fn f() { x.expect(\"y\"); }",
    ] {
        assert_eq!(offences("cli/x.rs", text).len(), 1, "{text}");
        assert_eq!(offences("cli/x.rs", &format!("#[cfg(test)]\nmod tests {{\n{text}\n}}")), [""; 0], "{text}");
        assert_eq!(offences("cli/tests.rs", text), [""; 0], "{text}");
        assert_eq!(offences("cli/x.rs", &format!("#[cfg(test)]\nmod tests;\n{text}")).len(), 1, "{text}");
    }
    assert_eq!(offences("cli/x.rs", "#[expect(dead_code, reason = \"x\")]\nfn f() { x.unwrap_or(1); }"), [""; 0]);
}

#[test]
fn comments_and_literals_are_not_code() {
    let text = r###"
// use crate::cli::x; .unwrap()
/* /* todo! */ .unwrap() */
const A: &str = "use crate::cli::x; \" .unwrap()";
const B: &str = r#"" .unwrap() todo!"#;
const C: [char; 3] = ['"', '\'', '語'];
fn f<'a>(x: &'a str) -> &'a str { x }
const D: &[u8] = b" .unwrap() ";
"###;
    assert_eq!(offences("net/x.rs", text), [""; 0]);
    let after = format!("{text}\nfn g() {{ x.unwrap(); }}");
    assert_eq!(offences("net/x.rs", &after), ["net/x.rs:10: `.unwrap()`: return an error"]);
}

#[test]
fn a_file_that_is_too_long_is_found_but_tests_do_not_count() {
    let long = "fn f() {}\n".repeat(MAX_LINES + 1);
    assert_eq!(offences("net/x.rs", &long), ["net/x.rs:1: 401 lines without tests; the limit is 400"]);
    let tested = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n\n// x\n{long}}}\n");
    assert_eq!(offences("net/x.rs", &tested), [""; 0]);
    assert_eq!(offences("net/x.rs", &"fn f() {}\n".repeat(MAX_LINES)), [""; 0]);
}

#[test]
fn domain_does_not_know_the_outside_world_in_its_tests_neither() {
    for text in [
        "use tokio::sync::mpsc;",
        "#[derive(serde::Serialize)] struct S;",
        "use std::time::{Duration, Instant};",
        "use std::fs;",
        "fn f() { std::net::TcpStream::connect(x); }",
        "#[cfg(test)]\nmod tests { use rand::random; }",
    ] {
        assert_eq!(offences("domain/link/mod.rs", text).len(), 1, "{text}");
        assert!(offences("ssh/mod.rs", text).is_empty(), "{text}");
    }
    let text = "fn from_random(random: u64) {} // tokio, serde and rand are not here\nstruct Observers;";
    assert_eq!(offences("domain/id.rs", text), [""; 0]);
}
