//! A frame as an SVG picture, for reports and slides: the cells as they are on the terminal.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// The picture. Pure: the same frame gives the same picture.
#[must_use]
pub fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let (width, height) = (f64::from(columns) * CELL, f64::from(rows) * LINE);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.1} {height:.1}\">\n<rect width=\"100%\" height=\"100%\" fill=\"{GROUND}\"/>\n\
         <g font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\" xml:space=\"preserve\">\n"
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let run = Run::at(buffer, column, row);
            run.draw(&mut svg, column, row);
            column += run.columns.max(1);
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// Neighbouring cells that look alike.
struct Run {
    text: String,
    columns: u16,
    look: Look,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    ink: Color,
    ground: Color,
    bold: bool,
    dim: bool,
    underlined: bool,
}

impl Run {
    fn at(buffer: &Buffer, column: u16, row: u16) -> Self {
        let mut run = Self { text: String::new(), columns: 0, look: look(buffer, column, row) };
        while column + run.columns < buffer.area.width && look(buffer, column + run.columns, row) == run.look {
            let symbol = buffer[(buffer.area.x + column + run.columns, buffer.area.y + row)].symbol();
            run.text.push_str(symbol);
            run.columns += u16::try_from(symbol.width().max(1)).unwrap_or(1);
        }
        run
    }

    fn draw(&self, svg: &mut String, column: u16, row: u16) {
        let (x, y) = (f64::from(column) * CELL, f64::from(row) * LINE);
        let width = f64::from(self.columns) * CELL;
        // Writing to a string cannot fail.
        if self.look.ground != Color::Reset {
            let fill = hex(self.look.ground, GROUND);
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{LINE}\" fill=\"{fill}\"/>"
            );
        }
        if self.text.trim().is_empty() && !self.look.underlined {
            return;
        }
        let fill = hex(self.look.ink, INK);
        let weight = if self.look.bold { " font-weight=\"bold\"" } else { "" };
        let dim = if self.look.dim { " opacity=\"0.6\"" } else { "" };
        let line = if self.look.underlined { " text-decoration=\"underline\"" } else { "" };
        let base = y + BASE;
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{base:.1}\" textLength=\"{width:.1}\" fill=\"{fill}\"{weight}{dim}{line}>{}</text>",
            escaped(&self.text)
        );
    }
}

fn look(buffer: &Buffer, column: u16, row: u16) -> Look {
    let cell = &buffer[(buffer.area.x + column, buffer.area.y + row)];
    let has = |modifier| cell.modifier.contains(modifier);
    let (ink, ground) = match (has(Modifier::REVERSED), cell.fg, cell.bg) {
        (false, ink, ground) => (ink, ground),
        // What was the ground of the whole is black on a light cell.
        (true, ink, ground) => (
            if ground == Color::Reset { Color::Rgb(16, 20, 24) } else { ground },
            if ink == Color::Reset { Color::Rgb(208, 212, 216) } else { ink },
        ),
    };
    Look { ink, ground, bold: has(Modifier::BOLD), dim: has(Modifier::DIM), underlined: has(Modifier::UNDERLINED) }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            // XML 1.0 knows no other control characters than these, and a cell has none of them.
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

fn hex(color: Color, reset: &str) -> String {
    let of = |(r, g, b): (u8, u8, u8)| format!("#{r:02x}{g:02x}{b:02x}");
    match color {
        Color::Reset => reset.to_owned(),
        Color::Rgb(r, g, b) => of((r, g, b)),
        Color::Indexed(index) => of(indexed(index)),
        Color::Black => of(indexed(0)),
        Color::Red => of(indexed(1)),
        Color::Green => of(indexed(2)),
        Color::Yellow => of(indexed(3)),
        Color::Blue => of(indexed(4)),
        Color::Magenta => of(indexed(5)),
        Color::Cyan => of(indexed(6)),
        Color::Gray => of(indexed(7)),
        Color::DarkGray => of(indexed(8)),
        Color::LightRed => of(indexed(9)),
        Color::LightGreen => of(indexed(10)),
        Color::LightYellow => of(indexed(11)),
        Color::LightBlue => of(indexed(12)),
        Color::LightMagenta => of(indexed(13)),
        Color::LightCyan => of(indexed(14)),
        Color::White => of(indexed(15)),
    }
}

/// xterm's palette: sixteen colours, a cube of six steps, a ramp of greys.
fn indexed(index: u8) -> (u8, u8, u8) {
    match index {
        0..16 => SIXTEEN[usize::from(index)],
        16..232 => {
            let cube = index - 16;
            let step = |level: u8| if level == 0 { 0 } else { 55 + 40 * level };
            (step(cube / 36), step(cube / 6 % 6), step(cube % 6))
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

const SIXTEEN: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// Where the terminal has no colour of its own.
const GROUND: &str = "#101418";
const INK: &str = "#d0d4d8";

/// Units of a cell at a font size of 14: DejaVu Sans Mono is 0.602 em wide.
const CELL: f64 = 8.43;
const LINE: f64 = 17.0;
/// From the top of a line to where its letters stand.
const BASE: f64 = 13.0;

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn cells_become_runs_and_what_hosts_print_stays_text() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 2));
        buffer.set_string(0, 0, "<script>&", Style::default().fg(Color::Indexed(196)));
        buffer.set_string(0, 1, "漢字ok", Style::default().bg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::BOLD));
        let svg = svg(&buffer);
        assert!(svg.contains("fill=\"#ff0000\">&lt;script&gt;&amp;</text>"), "{svg}");
        assert!(svg.contains("textLength=\"50.6\"") && svg.contains("font-weight=\"bold\">漢字ok</text>"), "{svg}");
        assert!(svg.contains("fill=\"#010203\""));
        assert_eq!(svg.matches("<text").count(), 2);
    }
}
