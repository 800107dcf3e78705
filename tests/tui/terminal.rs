//! A terminal with the real binary in it: a pseudo-terminal, an emulator that knows what is on its
//! screen, and hands that press keys.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::Signal;
use vt100::{Callbacks, Parser, Screen};

use crate::support::{LIMIT, processes, until};

/// Its window is closed, and the program killed, when this is dropped.
pub struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    shared: Arc<Shared>,
    reader: Option<JoinHandle<()>>,
    /// The line's modes before the program had it.
    before: String,
}

struct Shared {
    window: Mutex<Window>,
    /// Rung whenever something was written, and at the end.
    changed: Condvar,
}

struct Window {
    parser: Parser<Asked>,
    writer: Option<Box<dyn Write + Send>>,
    /// Nothing more will be written.
    ended: bool,
    /// The window is being closed: nobody reads any more.
    closing: bool,
}

/// Whether the program asked where the cursor is.
#[derive(Default)]
struct Asked(bool);

impl Callbacks for Asked {
    fn unhandled_csi(&mut self, _: &mut Screen, _: Option<u8>, _: Option<u8>, params: &[&[u16]], c: char) {
        self.0 |= c == 'n' && params == [[6]];
    }
}

impl Terminal {
    /// Starts the program in a window of so many columns and rows.
    pub fn start(command: CommandBuilder, columns: u16, rows: u16) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let before = modes(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let parser = Parser::new_with_callbacks(cells(rows), cells(columns), 0, Asked::default());
        let writer = Some(pair.master.take_writer().unwrap());
        let window = Mutex::new(Window { parser, writer, ended: false, closing: false });
        let shared = Arc::new(Shared { window, changed: Condvar::new() });
        let mut output = pair.master.try_clone_reader().unwrap();
        let shared_too = Arc::clone(&shared);
        let reader = Some(std::thread::spawn(move || read(&mut output, &shared_too)));
        Self { master: Some(pair.master), child, shared, reader, before }
    }

    /// Waits until the screen shows it; what else is there does not matter.
    pub fn wait_for(&self, text: &str) {
        self.wait(&format!("{text:?} on the screen"), |screen| screen.contents().contains(text));
    }

    pub fn wait_gone(&self, text: &str) {
        self.wait(&format!("{text:?} gone from the screen"), |screen| !screen.contents().contains(text));
    }

    /// Waits for one row in which all of them stand.
    pub fn wait_row(&self, texts: &[&str]) {
        self.wait(&format!("a row with {texts:?}"), |screen| {
            rows(screen).any(|row| texts.iter().all(|text| row.contains(text)))
        });
    }

    pub fn wait(&self, what: &str, holds: impl Fn(&Screen) -> bool) {
        let window = self.window();
        let waited = self
            .shared
            .changed
            .wait_timeout_while(window, LIMIT, |window| !window.ended && !holds(window.parser.screen()));
        let (window, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let screen = window.parser.screen();
        let ended = if window.ended { ", and the program has ended" } else { "" };
        assert!(holds(screen), "waited in vain{ended}: {what}\n{}", dump(screen));
    }

    /// Looks at what is on the screen now.
    pub fn with<T>(&self, look: impl FnOnce(&Screen) -> T) -> T {
        look(self.window().parser.screen())
    }

    pub fn contents(&self) -> String {
        self.window().parser.screen().contents()
    }

    /// Presses them one after the other.
    pub fn keys(&self, keys: &str) {
        let mut window = self.window();
        if let Some(writer) = &mut window.writer {
            // A program that is gone hears nothing.
            writer.write_all(keys.as_bytes()).and_then(|()| writer.flush()).ok();
        }
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        let mut window = self.window();
        window.parser.set_size(cells(rows), cells(columns));
        if let Some(master) = &self.master {
            master.resize(size(columns, rows)).unwrap();
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    pub fn signal(&self, what: Signal) {
        processes::signal(self.pid(), what);
    }

    /// The window is closed: the program hears SIGHUP, and its terminal is no more.
    pub fn hang_up(&mut self) {
        {
            let mut window = self.window();
            window.closing = true;
            window.writer = None;
        }
        self.master = None;
        // It ends with what is written next, at the latest with the next second of the clock.
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the program's end and for the last it wrote.
    pub fn wait_exit(&mut self) -> ExitStatus {
        let mut status = None;
        until("the program ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        status.unwrap()
    }

    /// Fails unless everything the program had changed of its terminal is as it was.
    pub fn assert_restored(&self) {
        let window = self.window();
        let screen = window.parser.screen();
        let modes = self.master.as_deref().map(|master| modes(master)).unwrap_or_default();
        assert!(!screen.alternate_screen(), "alternate screen\n{}", dump(screen));
        assert!(!screen.hide_cursor(), "hidden cursor\n{}", dump(screen));
        assert!(!screen.bracketed_paste(), "bracketed paste");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert_eq!((screen.fgcolor(), screen.bgcolor()), (vt100::Color::Default, vt100::Color::Default));
        assert_eq!(modes, self.before, "modes of the line");
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.shared.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the screen:\n{}", dump(self.window().parser.screen()));
        }
        if let Ok(None) = self.child.try_wait() {
            self.child.kill().ok();
            self.child.wait().ok();
        }
        if let Some(reader) = self.reader.take() {
            reader.join().ok();
        }
    }
}

/// The rows of the screen from the top, without the blanks at their ends.
pub fn rows(screen: &Screen) -> impl Iterator<Item = String> {
    let (_, columns) = screen.size();
    screen.rows(0, columns.get()).map(|row| row.trim_end().to_owned())
}

fn read(output: &mut dyn Read, shared: &Shared) {
    let mut buffer = [0; 16 * 1024];
    loop {
        // The end of the program is an error here.
        let count = output.read(&mut buffer).unwrap_or(0);
        let mut window = shared.window.lock().unwrap_or_else(PoisonError::into_inner);
        if count == 0 || window.closing {
            window.ended = true;
            shared.changed.notify_all();
            return;
        }
        window.parser.process(&buffer[..count]);
        if std::mem::take(&mut window.parser.callbacks_mut().0) {
            let (row, column) = window.parser.screen().cursor_position();
            if let Some(writer) = &mut window.writer {
                write!(writer, "\x1b[{};{}R", row + 1, column + 1).ok();
            }
        }
        shared.changed.notify_all();
    }
}

fn dump(screen: &Screen) -> String {
    rows(screen).map(|row| format!("|{row}\n")).collect()
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}
