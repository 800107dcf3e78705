//! The last step on a terminal that shows nothing but ASCII: whatever a word of ours, a note or a name
//! brought in stands for itself as well as it can, cell by cell and as wide as before.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub fn render(buffer: &mut Buffer, area: Rect) {
    for at in area.intersection(buffer.area).positions() {
        let cell = &mut buffer[at];
        if !cell.symbol().is_ascii() {
            // A cell of two columns keeps them: what it covers is blank.
            cell.set_char(cell.symbol().chars().next().map_or(' ', near));
        }
    }
}

/// What is read as the same, or says that something is there.
pub(super) fn near(c: char) -> char {
    match c {
        '→' => '>',
        '←' => '<',
        '×' => 'x',
        '·' | '–' | '—' | '─' | '━' => '-',
        '…' => '~',
        '‘' | '’' => '\'',
        '“' | '”' => '"',
        'µ' | 'μ' => 'u',
        '│' => '|',
        '≤' => '<',
        '≥' => '>',
        _ => '?',
    }
}
