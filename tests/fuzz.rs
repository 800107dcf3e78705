//! The fuzz targets on a few thousand inputs of every kind that broke something like them before.

#![cfg(feature = "tui")]

#[path = "fuzz/targets.rs"]
mod targets;

use proptest::prelude::*;

/// What terminals and logs are made of, besides any byte.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..64),
        2 => "[ -~\\n\\r\\t]{0,80}".prop_map(String::into_bytes),
        2 => "\\PC{0,40}".prop_map(String::into_bytes),
        2 => "\u{1b}\\[[0-9;:?]{0,12}[@-~]".prop_map(String::into_bytes),
        1 => "\u{1b}[\\]PX^_][ -~]{0,20}(\u{7}|\u{1b}\\\\)?".prop_map(String::into_bytes),
        1 => (any::<u8>(), 0_usize..40_000).prop_map(|(byte, count)| vec![byte; count]),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn lines_are_safe_whatever_the_bytes(data in hostile()) {
        targets::line_decoder(&data);
    }

    #[test]
    fn a_timeline_is_the_worst_of_each_slice(data in prop::collection::vec(any::<u8>(), 0..4096)) {
        targets::timeline(&data);
    }
}

#[test]
fn a_timeline_forgets_the_oldest_when_it_is_full() {
    let ops: Vec<u8> = (0..6_000_u32).flat_map(|n| [(n % 7) as u8, 0, (n % 251) as u8, 2]).collect();
    targets::timeline(&ops);
}
