//! One line of `ssh_config` as OpenSSH cuts it (`strdelim` and `argv_split` of its `misc.c`):
//! keyword, then arguments with quotes, backslashes and comments. Knows no keyword.

/// A line that says something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// In lower case.
    pub keyword: String,
    /// All after the keyword and its `=`, without the blanks around it; never empty.
    pub rest: String,
}

/// What can be wrong with a line as such.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Malformed {
    NoArgument,
    OpenQuote,
}

impl Line {
    /// `Ok(None)`: blank, or a comment.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, Malformed> {
        let text = text.trim_end_matches(|c| BLANK.contains(&c) || c == '\u{c}').trim_start_matches(BLANK);
        if text.is_empty() || text.starts_with('#') {
            return Ok(None);
        }
        let mut rest = text;
        let keyword = next_word(&mut rest).ok_or(Malformed::OpenQuote)?.to_lowercase();
        let rest = rest.trim_start_matches(BLANK);
        if rest.is_empty() { Err(Malformed::NoArgument) } else { Ok(Some(Self { keyword, rest: rest.to_owned() })) }
    }

    /// The arguments; a `#` where one could begin ends the line.
    pub(super) fn arguments(&self) -> Result<Vec<String>, Malformed> {
        let mut arguments = Vec::new();
        let mut chars = self.rest.chars().peekable();
        loop {
            while chars.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
            match chars.peek() {
                None | Some('#') => return Ok(arguments),
                Some(_) => arguments.push(argument(&mut chars)?),
            }
        }
    }

    /// The words of a `Match` line, which OpenSSH cuts more simply: blanks, `=` and `"` only.
    pub(super) fn words(&self) -> Result<Vec<String>, Malformed> {
        let mut words = Vec::new();
        let mut rest = self.rest.as_str();
        while !rest.is_empty() && !rest.starts_with('#') {
            words.push(next_word(&mut rest).ok_or(Malformed::OpenQuote)?.to_owned());
        }
        Ok(words)
    }
}

fn argument(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, Malformed> {
    let mut text = String::new();
    let mut quote = None;
    while let Some(&c) = chars.peek() {
        if quote.is_none() && matches!(c, ' ' | '\t') {
            break;
        }
        chars.next();
        match (c, quote) {
            ('\\', _) => {
                let escaped =
                    chars.next_if(|next| matches!(next, '\'' | '"' | '\\') || (quote.is_none() && *next == ' '));
                text.push(escaped.unwrap_or('\\'));
            }
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, _) => text.push(c),
        }
    }
    if quote.is_some() { Err(Malformed::OpenQuote) } else { Ok(text) }
}

/// Takes a word and the blanks (and one `=`) after it; `None` when a quote is not closed.
fn next_word<'a>(rest: &mut &'a str) -> Option<&'a str> {
    if let Some(quoted) = rest.strip_prefix('"') {
        let (word, after) = quoted.split_once('"')?;
        *rest = after.trim_start_matches(BLANK);
        return Some(word);
    }
    let end = rest.find(|c| BLANK.contains(&c) || matches!(c, '=' | '"')).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    let blank_skipped = after.trim_start_matches(BLANK);
    *rest = match blank_skipped.strip_prefix('=') {
        Some(after_equals) => after_equals.trim_start_matches(BLANK),
        None => blank_skipped,
    };
    Some(word)
}

const BLANK: [char; 4] = [' ', '\t', '\r', '\n'];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (String, Vec<String>) {
        let line = Line::parse(text).unwrap().unwrap();
        (line.keyword.clone(), line.arguments().unwrap())
    }

    #[test]
    fn keyword_and_value_are_separated_by_blanks_or_one_equals_sign() {
        for text in ["Port 22", "port=22", "PORT = 22", "\tPort\t=22 ", " Port= 22 # c", "Port \"22\"", "Port 22\r"] {
            assert_eq!(parse(text), ("port".into(), vec!["22".into()]), "{text:?}");
        }
    }

    #[test]
    fn quotes_escapes_and_comments() {
        assert_eq!(parse(r#"A "b c" d\ e 'f "g' h"i j"k # l"#).1, ["b c", "d e", "f \"g", "hi jk"]);
        assert_eq!(parse(r"A b#c \x").1, ["b#c", r"\x"]);
        assert_eq!(Line::parse("  # nothing"), Ok(None));
        assert_eq!(Line::parse("   "), Ok(None));
        assert_eq!(Line::parse("Port"), Err(Malformed::NoArgument));
        assert_eq!(Line::parse("A \"b").unwrap().unwrap().arguments(), Err(Malformed::OpenQuote));
    }

    #[test]
    fn words_of_a_match_line() {
        let line = Line::parse("Match host=a,b exec \"test -f x\" # c").unwrap().unwrap();
        assert_eq!(line.words().unwrap(), ["host", "a,b", "exec", "test -f x"]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_crashes_it(text in ".*") {
            if let Ok(Some(line)) = Line::parse(&text) {
                let _ = line.arguments();
                let _ = line.words();
            }
        }
    }
}
