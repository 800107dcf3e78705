//! Events of the terminal, as the screen knows them, read by a thread of their own.
//!
//! Whoever polls crossterm's stream may read the terminal itself, and when that has hung up meanwhile
//! it never comes back (crossterm#793). That MUST NOT be the thread that draws: it has to hear of the
//! hang-up and end the process.

use std::io;
use std::time::Duration;

use crossterm::event::{
    Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use futures_util::StreamExt;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::app::Msg;
use crate::app::key::{Code, Key};
use crate::app::mouse::{Deed, Mouse};

/// What comes from the terminal. Reading ends when this is dropped, so that what is typed then is for
/// the shell.
pub struct Input {
    events: mpsc::Receiver<io::Result<Event>>,
    reading: Option<DropGuard>,
    /// Answers when nobody reads any more.
    ended: Option<oneshot::Receiver<()>>,
}

impl Input {
    /// Begins to read. MUST be called within a runtime.
    pub fn open() -> io::Result<Self> {
        let (sender, events) = mpsc::channel(QUEUE);
        let (end, ended) = oneshot::channel();
        let over = CancellationToken::new();
        let (runtime, stream, over_too) = (Handle::current(), EventStream::new(), over.clone());
        // Not joined: after a hang-up it never ends by itself.
        std::thread::Builder::new().name("terminal".into()).spawn(move || {
            runtime.block_on(over_too.run_until_cancelled(read(stream, sender)));
            // An error: nobody wants to know.
            end.send(()).ok();
        })?;
        Ok(Self { events, reading: Some(over.drop_guard()), ended: Some(ended) })
    }

    /// The next event; `None` when nothing comes any more. Cancel-safe.
    pub async fn next(&mut self) -> Option<io::Result<Event>> {
        self.events.recv().await
    }

    /// Leaves the terminal to another program: when it returns nobody here reads from it. Nothing comes
    /// any more; what has come is forgotten.
    pub async fn close(&mut self) {
        self.reading = None;
        self.events.close();
        if let Some(ended) = self.ended.take() {
            // A terminal that hangs in a read keeps nobody waiting for longer.
            tokio::time::timeout(CLOSING, ended).await.ok();
        }
    }
}

async fn read(mut stream: EventStream, sender: mpsc::Sender<io::Result<Event>>) {
    while let Some(event) = stream.next().await {
        if sender.send(event).await.is_err() {
            return;
        }
    }
}

fn mouse(event: MouseEvent) -> Option<Mouse> {
    let what = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Deed::Press,
        MouseEventKind::Drag(MouseButton::Left) => Deed::Drag,
        MouseEventKind::Up(_) => Deed::Release,
        MouseEventKind::ScrollUp => Deed::WheelUp,
        MouseEventKind::ScrollDown => Deed::WheelDown,
        MouseEventKind::Down(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => return None,
    };
    Some(Mouse { what, x: event.column, y: event.row })
}

/// What the screen is told of an event; nothing for those that mean nothing to it.
pub fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(event) => key(event).map(Msg::Key),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(columns, rows) => Some(Msg::Resize { columns, rows }),
        Event::Mouse(event) => mouse(event).map(Msg::Mouse),
        Event::FocusGained | Event::FocusLost => None,
    }
}

fn key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let has = |modifier| event.modifiers.contains(modifier);
    let mut code = code(event.code)?;
    if let Code::Char(c) = &mut code
        && has(KeyModifiers::CONTROL)
    {
        // A letter's case says shift; with control it means nothing.
        c.make_ascii_lowercase();
    } else if code == Code::Tab && has(KeyModifiers::SHIFT) {
        code = Code::BackTab;
    }
    Some(Key { code, ctrl: has(KeyModifiers::CONTROL), alt: has(KeyModifiers::ALT) })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the terminal library's keys, most of which mean nothing here")]
fn code(code: KeyCode) -> Option<Code> {
    Some(match code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        _ => return None,
    })
}

/// How long the reader may take to notice that it is to end.
const CLOSING: Duration = Duration::from_secs(1);

/// Events on their way to the screen. When it is full the reader waits, and the terminal keeps what is
/// typed.
const QUEUE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_case_and_their_modifiers() {
        let press = |code, modifiers| key(KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::Char('J'), KeyModifiers::SHIFT), Some(Key::char('J')));
        assert_eq!(press(KeyCode::Char('C'), KeyModifiers::CONTROL), Some(Key::ctrl('c')));
        assert_eq!(press(KeyCode::Tab, KeyModifiers::SHIFT), Some(Key::of(Code::BackTab)));
        let mut released = KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE);
        released.kind = KeyEventKind::Release;
        assert_eq!(key(released), None);
    }
}
