//! `steadfast log --alarms`: the lines of a log that are alarms.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::app::say;
use crate::domain::progress::plain;

/// `OFFSET  PATTERN  LINE`, one line each.
pub(super) fn lines(path: &Path, places: &[(u64, String)]) -> io::Result<String> {
    if places.is_empty() {
        return Ok(String::new());
    }
    let mut file = File::open(path)?;
    let width = places.iter().map(|(_, pattern)| pattern.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (offset, pattern) in places {
        let line = line(&mut file, *offset)?;
        text.push_str(&format!("{offset:>12}  {:<width$}  {line}\n", say::clean(pattern)));
    }
    Ok(text)
}

/// The line that begins there, without what would move a terminal.
fn line(file: &mut File, offset: u64) -> io::Result<String> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::with_capacity(LONGEST);
    file.by_ref().take(LONGEST as u64).read_to_end(&mut bytes)?;
    let line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    Ok(plain(line))
}

/// Bytes of a line that are shown.
const LONGEST: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_with_its_place_and_pattern() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.log");
        std::fs::write(&path, "ok\r\n\u{1b}[31mFAILURE: 0x1 != 0x2\u{1b}[0m\r\nI/O error").unwrap();
        let places = [(4, "memory test failure".to_owned()), (34, "i/o error".to_owned())];
        let text = lines(&path, &places).unwrap();
        assert_eq!(
            text,
            "           4  memory test failure  FAILURE: 0x1 != 0x2\n          34  i/o error            I/O error\n"
        );
        assert_eq!(lines(&dir.path().join("none"), &[]).unwrap(), "");
    }
}
