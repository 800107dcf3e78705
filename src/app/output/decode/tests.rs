use proptest::prelude::*;

use super::super::glyph::is_hidden;
use super::super::line::text_width;
use super::super::style::{Attributes, Color};
use super::*;

fn shown(raw: &[u8]) -> String {
    line(raw, &mut Style::default()).text().to_owned()
}

fn styled(raw: &[u8]) -> Vec<(String, Style)> {
    line(raw, &mut Style::default()).spans().map(|s| (s.text.to_owned(), s.style)).collect()
}

fn fg(fg: Color) -> Style {
    Style { fg, ..Style::default() }
}

#[test]
fn a_line_shows_what_a_terminal_would() {
    for (raw, expected) in [
        (&b"plain\n"[..], "plain"),
        (b"plain\r\n", "plain"),
        (b"abc\rX", "Xbc"),
        (b" 10%\r 50%\r100%\r\n", "100%"),
        (b"long text\r\x1b[Kshort", "short"),
        (b"abc\x08\x08X", "aXc"),
        (b"\x08\x08a", "a"),
        (b"a\tb\t\tc", "a       b               c"),
        (b"12345678\tx", "12345678        x"),
        (b"abcdef\x1b[3D\x1b[0Kx", "abcx"),
        (b"abcdef\x1b[3D\x1b[1Kx", "   xef"),
        (b"abc\x1b[2Kx", "   x"),
        (b"abc\x1b[3Gx\x1b[2Cy", "abx  y"),
        (b"abc\x1b[2Jx", "   x"),
        ("漢字\r-".as_bytes(), "- 字"),
        ("漢字\x1b[2G-".as_bytes(), " -字"),
        ("漢字\x1b[4D漢".as_bytes(), "漢字"),
        ("e\u{301}a".as_bytes(), "e\u{301}a"),
        ("\u{301}a".as_bytes(), " \u{301}a"),
        ("👨\u{200d}👩\u{fe0f}👍\u{1f3fd}".as_bytes(), "👨👩👍"),
    ] {
        assert_eq!(shown(raw), expected, "{:?}", String::from_utf8_lossy(raw));
    }
}

#[test]
fn what_is_not_for_one_line_is_left_out() {
    for raw in [
        &b"a\x1b[5;5Hb"[..],
        b"a\x1b[3Ab\x1b[?1049h\x1b[?25l",
        b"a\x1b]0;title\x07b",
        b"a\x1b]52;c;aGVsbG8=\x1b\\b",
        b"a\x1bPq#1~~\x1b\\b",
        b"a\x1b(Bb\x1b=\x1bM",
        b"a\x00\x07\x0e\x0f\x7fb",
        b"a\xc2\x85\xc2\x9bb",
        b"a\x1b[>4;2m\x1b[?31mb",
    ] {
        assert_eq!(shown(raw), "ab", "{:?}", String::from_utf8_lossy(raw));
    }
}

#[test]
fn colours_are_kept_in_every_form() {
    for (raw, style) in [
        (&b"\x1b[31mx"[..], fg(Color::Ansi(1))),
        (b"\x1b[97mx", fg(Color::Ansi(15))),
        (b"\x1b[38;5;9mx", fg(Color::Ansi(9))),
        (b"\x1b[38;5;208mx", fg(Color::Indexed(208))),
        (b"\x1b[38:5:208mx", fg(Color::Indexed(208))),
        (b"\x1b[38;2;1;2;3mx", fg(Color::Rgb(1, 2, 3))),
        (b"\x1b[38:2:1:2:3mx", fg(Color::Rgb(1, 2, 3))),
        (b"\x1b[38:2::1:2:3mx", fg(Color::Rgb(1, 2, 3))),
        (b"\x1b[58;5;1;32mx", fg(Color::Ansi(2))),
        (b"\x1b[38;5;300mx", Style::default()),
        (b"\x1b[38mx", Style::default()),
        (b"\x1b[31;39mx", Style::default()),
        (b"\x1b[31m\x1b[mx", Style::default()),
        (b"\x1b[104mx", Style { bg: Color::Ansi(12), ..Style::default() }),
        (b"\x1b[8mx", Style::default()),
        (b"\x1b[4:3m\x1b[4:0mx", Style::default()),
    ] {
        assert_eq!(styled(raw), [("x".to_owned(), style)], "{:?}", String::from_utf8_lossy(raw));
    }
    let spans = styled(b"\x1b[1;3;4;7;9mx\x1b[22;23;24;27;29my");
    for attribute in
        [Attributes::BOLD, Attributes::ITALIC, Attributes::UNDERLINE, Attributes::REVERSE, Attributes::STRIKE]
    {
        assert!(spans[0].1.attributes.contains(attribute), "{attribute:?}");
        assert!(!spans[1].1.attributes.contains(attribute), "{attribute:?}");
    }
}

#[test]
fn a_colour_goes_on_in_the_next_line_until_it_is_reset() {
    let mut pen = Style::default();
    let _ = line(b"\x1b[31mred\n", &mut pen);
    assert_eq!(line(b"still\n", &mut pen).spans().next().map(|s| s.style), Some(fg(Color::Ansi(1))));
    assert_eq!(pen_after(b"x\x1b[31mred\nmore\n", Style::default()), pen);
    assert_eq!(pen_after(b"\x1b]0;never ended\n\x1b[32mx", Style::default()), fg(Color::Ansi(2)));
}

#[test]
fn invalid_bytes_and_hidden_characters_are_shown_in_a_style_of_their_own() {
    let escaped = Style { kind: Kind::Escaped, ..Style::default() };
    let plain = Style::default();
    assert_eq!(
        styled(b"a\xff\x9bb\xe2\x82"),
        [("a".into(), plain), ("\\xff\\x9b".into(), escaped), ("b".into(), plain), ("\\xe2\\x82".into(), escaped)]
    );
    assert_eq!(
        styled("ab\u{202e}cd\u{feff}".as_bytes()),
        [("ab".into(), plain), ("<U+202E>".into(), escaped), ("cd".into(), plain), ("<U+FEFF>".into(), escaped)]
    );
    assert_eq!(shown("\u{10fff0}".as_bytes()), "\\xf4\\x8f\\xbf\\xb0", "a host's own stand-in is no byte of ours");
}

#[test]
fn a_long_line_is_cut_and_says_how_much() {
    let raw = vec![b'x'; MAX_COLUMNS + 2048];
    let decoded = line(&raw, &mut Style::default());
    assert!(decoded.text().ends_with("x [+2.0 KiB]"), "{}", &decoded.text()[MAX_COLUMNS - 2..]);
    assert_eq!(decoded.width(), MAX_COLUMNS + " [+2.0 KiB]".len());

    let mut raw = vec![b'x'; 40 << 20];
    let decoded = line(&raw, &mut Style::default());
    assert!(decoded.text().ends_with("x [+39.9 MiB]"), "{}", &decoded.text()[MAX_COLUMNS - 2..]);

    raw.extend_from_slice("\r 10%\r 20%".as_bytes());
    assert_eq!(shown(&raw), " 20%", "something that overwrites itself shows its last state");
}

#[test]
fn a_long_line_is_not_cut_within_a_character() {
    let raw = "é".repeat(MAX_BYTES);
    for lead in 0..4 {
        let text = shown(&[&b"abcd"[..lead], raw.as_bytes()].concat());
        assert!(!text.contains("\\x"), "{lead}");
    }
}

#[test]
fn marks_piled_on_a_character_stay_bounded() {
    let raw = format!("e{}x", "\u{301}".repeat(5000));
    assert_eq!(shown(raw.as_bytes()), format!("e{}x", "\u{301}".repeat(8)));
}

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<Vec<u8>>(),
        "\\PC{0,8}".prop_map(String::into_bytes),
        any::<Vec<char>>().prop_map(|chars| chars.into_iter().collect::<String>().into_bytes()),
        "\x1b\\[[0-9;:]{0,8}[mCDGKJ]".prop_map(String::into_bytes),
        "[漢字é\u{301}\u{200d}\u{202e}\u{1f3fd}🇩🇪👍\r\x08\t]{0,8}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_comes_is_safe_to_draw(raw in hostile()) {
        let decoded = line(&raw, &mut Style::default());
        prop_assert!(!decoded.text().chars().any(|c| c.is_control() || is_hidden(c)), "{:?}", decoded.text());
        prop_assert_eq!(decoded.width(), text_width(decoded.text()));
        prop_assert_eq!(decoded.spans().map(|s| s.text).collect::<String>(), decoded.text());
        prop_assert!(decoded.width() <= MAX_COLUMNS + 16);
    }

    #[test]
    fn rows_are_never_wider_than_the_pane(raw in hostile(), columns in 2_usize..40) {
        let decoded = line(&raw, &mut Style::default());
        let mut ends = decoded.row_starts(columns);
        prop_assert_eq!(ends.len(), decoded.rows(columns));
        ends.push(decoded.text().len());
        for row in ends.windows(2) {
            prop_assert!(text_width(&decoded.text()[row[0]..row[1]]) <= columns.max(3));
        }
    }

    #[test]
    fn the_pen_after_a_line_is_the_one_found_by_looking_back(raw in hostile()) {
        // Lone stand-ins are parsed as other bytes than the ones they stand for, but only in text.
        let text = String::from_utf8_lossy(&raw).replace('\n', "");
        let mut pen = Style::default();
        let _ = line(text.as_bytes(), &mut pen);
        prop_assert_eq!(pen, pen_after(text.as_bytes(), Style::default()));
    }
}
