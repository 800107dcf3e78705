//! The terminal of a run that is looked at: its output drawn as its terminal would, by an emulator that has
//! no scrollback, of the size that the run has. It begins in the last part of the log only.
//!
//! Host output is hostile: strings for the terminal itself (titles, clipboard, fonts) never get to the
//! emulator, its size never changes, and when it panics there is no picture, and no other harm.

mod strings;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::num::NonZeroU16;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use vt100::{Cell, Parser, Screen};

use self::strings::Strings;
use crate::app::App;
use crate::app::output::{Attributes, Color, Line, Style};
use crate::app::terminal::Picture;
use crate::domain::id::AttemptId;
use crate::domain::run::Stream;
use crate::supervisor::Handle;

/// Looks at one terminal at a time, or none.
pub(super) struct Emulator {
    handle: Handle,
    looking: Option<Looking>,
}

type Wanted = (AttemptId, (u16, u16));

struct Looking {
    wanted: Wanted,
    /// Room for one: the next picture is made when this one has been taken.
    pictures: mpsc::Receiver<Picture>,
    /// Ends with this.
    _task: JoinSet<()>,
}

impl Emulator {
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle, looking: None }
    }

    /// Begins or ends to look, as the screen wants it.
    pub(super) fn follow(&mut self, app: &App) {
        let wanted = app.terminal().map(|terminal| (terminal.id, terminal.size));
        if self.looking.as_ref().map(|looking| looking.wanted) == wanted {
            return;
        }
        self.looking = wanted.map(|wanted| {
            let (sender, pictures) = mpsc::channel(1);
            let mut task = JoinSet::new();
            task.spawn(look(self.handle.clone(), wanted, sender));
            Looking { wanted, pictures, _task: task }
        });
    }

    /// The next picture; waits for ever when nothing is looked at. Cancel-safe.
    pub(super) async fn next(&mut self) -> Picture {
        if let Some(looking) = &mut self.looking
            && let Some(picture) = looking.pictures.recv().await
        {
            return picture;
        }
        std::future::pending().await
    }
}

async fn look(handle: Handle, (id, size): Wanted, sender: mpsc::Sender<Picture>) {
    let mut display = Display::new(id, size);
    loop {
        let asked = handle.clone();
        let Ok(tail) = tokio::task::spawn_blocking(move || asked.output(id, Stream::Out)).await else { return };
        let mut ends = tail.end;
        loop {
            let (end, path) = (*ends.borrow_and_update(), tail.path.clone());
            let drawn = tokio::task::spawn_blocking(move || {
                display.feed(&path, end);
                let picture = display.picture();
                (display, picture)
            });
            let Ok((still, picture)) = drawn.await else { return };
            display = still;
            if sender.send(picture).await.is_err() || display.trouble.is_some() {
                return;
            }
            tokio::time::sleep(PACE).await;
            if ends.changed().await.is_err() {
                break;
            }
        }
        // Nobody writes it any more; after a reconnect or a takeover somebody else may.
        tokio::time::sleep(AGAIN).await;
    }
}

/// The emulator and how far it has come.
struct Display {
    id: AttemptId,
    size: (u16, u16),
    parser: Parser,
    strings: Strings,
    at: u64,
    skipped: u64,
    trouble: Option<String>,
}

impl Display {
    fn new(id: AttemptId, size: (u16, u16)) -> Self {
        Self { id, size, parser: parser(size), strings: Strings::default(), at: 0, skipped: 0, trouble: None }
    }

    /// Draws what the log has up to `end`.
    fn feed(&mut self, path: &Path, end: u64) {
        if self.trouble.is_some() {
            return;
        }
        // It was cut, or grew by more than what is worth drawing: from the beginning of its last part.
        if end < self.at || end - self.at > TAIL {
            (self.parser, self.strings) = (parser(self.size), Strings::default());
            self.skipped = end.saturating_sub(TAIL);
            self.at = self.skipped;
        }
        let drawn = catch_unwind(AssertUnwindSafe(|| self.draw(path, end)));
        self.trouble = match drawn {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("failed to read the log: {error}")),
            Err(_) => Some("what this run puts out cannot be drawn as a screen".into()),
        };
    }

    fn draw(&mut self, path: &Path, end: u64) -> io::Result<()> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        file.seek(SeekFrom::Start(self.at))?;
        let mut input = file.take(end.saturating_sub(self.at));
        let (mut buffer, mut safe) = (vec![0; 64 << 10], Vec::new());
        loop {
            let count = input.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            self.at += u64::try_from(count).unwrap_or(0);
            safe.clear();
            self.strings.leave_out(buffer.get(..count).unwrap_or_default(), &mut safe);
            self.parser.process(&safe);
        }
    }

    fn picture(&self) -> Picture {
        let (id, skipped, trouble) = (self.id, self.skipped, self.trouble.clone());
        if trouble.is_some() {
            return Picture { id, rows: Vec::new(), cursor: None, alternate: false, skipped, trouble };
        }
        let screen = self.parser.screen();
        let rows = (0..self.size.1).map(|row| line(screen, row, self.size.0)).collect();
        let (row, column) = screen.cursor_position();
        let cursor = (!screen.hide_cursor()).then_some((column, row));
        Picture { id, rows, cursor, alternate: screen.alternate_screen(), skipped, trouble }
    }
}

fn parser((columns, rows): (u16, u16)) -> Parser {
    let cells = |count: u16| NonZeroU16::new(count).unwrap_or(NonZeroU16::MIN);
    Parser::new(cells(rows), cells(columns), 0)
}

fn line(screen: &Screen, row: u16, columns: u16) -> Line {
    let mut line = Line::default();
    for cell in (0..columns).filter_map(|column| screen.cell(row, column)) {
        if !cell.is_wide_continuation() {
            let width = if cell.is_wide() { 2 } else { 1 };
            line.cell(cell.contents(), width, style(cell));
        }
    }
    line
}

fn style(cell: &Cell) -> Style {
    let set = [
        (cell.bold(), Attributes::BOLD),
        (cell.dim(), Attributes::DIM),
        (cell.italic(), Attributes::ITALIC),
        (cell.underline(), Attributes::UNDERLINE),
        (cell.inverse(), Attributes::REVERSE),
    ];
    let attributes = set.into_iter().filter(|(on, _)| *on).fold(Attributes::NONE, |all, (_, one)| all.with(one));
    Style { fg: color(cell.fgcolor()), bg: color(cell.bgcolor()), attributes, ..Style::default() }
}

fn color(color: vt100::Color) -> Color {
    match color {
        vt100::Color::Default => Color::Default,
        vt100::Color::Idx(n) if n < 16 => Color::Ansi(n),
        vt100::Color::Idx(n) => Color::Indexed(n),
        vt100::Color::Rgb(r, g, b) => Color::Rgb(r, g, b),
    }
}

/// What is drawn of a log: a full-screen program draws all of its screen far more often.
const TAIL: u64 = 4 << 20;

/// Thirty pictures a second: a terminal that is looked at, not a film.
const PACE: Duration = Duration::from_millis(33);

/// How often it is looked for somebody who writes.
const AGAIN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn id() -> AttemptId {
        AttemptId::parse("0123456789.1").expect("an id")
    }

    fn shown(display: &Display) -> Vec<String> {
        display.picture().rows.iter().map(|row| row.text().trim_end().to_owned()).collect()
    }

    #[test]
    fn a_full_screen_program_is_seen_as_it_drew_itself_and_leaves_what_was_there() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let mut display = Display::new(id(), (20, 4));
        let mut write = |display: &mut Display, bytes: &[u8]| {
            file.write_all(bytes).expect("written");
            display.feed(file.path(), file.as_file().metadata().expect("a length").len());
        };
        write(&mut display, b"$ dialog\r\n\x1b[?1049h\x1b[2J\x1b[2;5H\x1b[7mYes\x1b[0m \xe6\xbc\xa2\x1b[4;1Hdown");
        assert_eq!(shown(&display), ["", "    Yes \u{6f22}", "", "down"]);
        let picture = display.picture();
        assert!(picture.alternate && picture.cursor == Some((4, 3)));
        let reversed = picture.rows[1].spans().find(|span| span.text == "Yes").expect("a span");
        assert!(reversed.style.attributes.contains(Attributes::REVERSE));
        write(&mut display, b"\x1b[?25l\x1b[?1049l\x1b]0;title\x07\x1b]52;c;c2VjcmV0\x07$ ");
        assert_eq!(shown(&display), ["$ dialog", "$", "", ""]);
        assert!(display.picture().cursor.is_none() && !display.picture().alternate);
    }

    #[test]
    fn only_the_last_part_of_a_large_log_is_drawn_and_that_is_told() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(&b"0123456789abcde\n".repeat(400_000)).expect("written");
        let mut display = Display::new(id(), (20, 3));
        display.feed(file.path(), 6_400_000);
        assert_eq!(display.picture().skipped, 6_400_000 - TAIL);
        file.as_file().set_len(0).expect("cut");
        file.write_all(b"").expect("written");
        display.feed(file.path(), 0);
        assert_eq!((display.picture().skipped, shown(&display)), (0, vec![String::new(); 3]));
    }

    proptest! {
        #[test]
        fn no_output_harms_anybody(bytes in prop::collection::vec(any::<u8>(), 0..400), columns in 2_u16..9, rows in 2_u16..5) {
            let mut file = tempfile::NamedTempFile::new().expect("a file");
            file.write_all(&bytes).expect("written");
            let mut display = Display::new(id(), (columns, rows));
            display.feed(file.path(), bytes.len() as u64);
            let picture = display.picture();
            prop_assert!(picture.trouble.is_some() || picture.rows.len() == usize::from(rows));
            for row in &picture.rows {
                prop_assert!(row.width() <= usize::from(columns) + 1);
                prop_assert!(!row.text().chars().any(char::is_control));
            }
        }
    }
}
