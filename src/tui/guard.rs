//! The terminal while we own it: taken in one place, given back however we leave, by return, error or
//! panic. Nothing here prints: with a dead terminal that would panic again.

use std::io::{self, Stdout, Write};
use std::mem::ManuallyDrop;
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, ThreadId};

use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

/// The terminal, ours until dropped.
pub struct Screen {
    /// Never dropped: its destructor prints when the cursor cannot be shown, and printing to a dead
    /// terminal panics. What it would do is done by [`give_back`].
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    hook: Option<Arc<Hook>>,
}

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

impl Screen {
    /// Takes the terminal. MUST be called on the thread that draws: a panic of any other leaves the
    /// screen alone.
    pub fn take() -> io::Result<Self> {
        let terminal = ManuallyDrop::new(Terminal::new(CrosstermBackend::new(io::stdout()))?);
        // From here on a failure gives everything back by dropping this.
        let mut screen = Self { terminal, hook: Some(hook_panics(thread::current().id())) };
        screen.enter()?;
        Ok(screen)
    }

    /// Draws one frame; the terminal shows it at once or not at all, where it knows how to.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(render)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    /// Has the next frame write every cell. Not by `Terminal::clear`: that asks for the cursor, and
    /// the answer goes to the event stream, for which it waits two seconds in vain (ratatui#2640).
    pub fn redraw(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }

    /// Writes a control sequence of our own making.
    pub fn write(&mut self, sequence: &str) -> io::Result<()> {
        let backend = self.terminal.backend_mut();
        backend.write_all(sequence.as_bytes())?;
        Write::flush(backend)
    }

    /// Takes the mouse, or leaves it to the terminal.
    pub fn set_mouse(&mut self, ours: bool) -> io::Result<()> {
        MOUSE.store(ours, Ordering::SeqCst);
        let backend = self.terminal.backend_mut();
        if ours { execute!(backend, EnableMouseCapture) } else { execute!(backend, DisableMouseCapture) }
    }

    /// Takes the terminal again after [`Screen::leave`], or after somebody else used it.
    pub fn enter(&mut self) -> io::Result<()> {
        OURS.store(true, Ordering::SeqCst);
        // After a stop that we did not ask for the shell has set its own modes, and crossterm thinks
        // that the terminal is raw still.
        disable_raw_mode()?;
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
        if MOUSE.load(Ordering::SeqCst) {
            execute!(io::stdout(), EnableMouseCapture)?;
        }
        self.redraw()
    }

    /// Gives the terminal back, until [`Screen::enter`] or for good.
    pub fn leave(&mut self) {
        give_back();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
        let Some(previous) = self.hook.take() else { return };
        // While panicking the hook cannot be changed, and it has been heard already.
        if !thread::panicking() {
            drop(panic::take_hook());
            panic::set_hook(Box::new(move |info| previous(info)));
        }
    }
}

/// Says that the terminal is gone: from now on nobody writes to it, and panics are not printed.
pub fn terminal_is_gone() {
    GONE.store(true, Ordering::SeqCst);
}

/// What tasks that panicked said since the last call.
pub fn take_panics() -> Vec<String> {
    std::mem::take(&mut *panics().lock().unwrap_or_else(PoisonError::into_inner))
}

/// Undoes every mode, once; what fails is left as it is, for there is nobody to tell.
fn give_back() {
    if !OURS.swap(false, Ordering::SeqCst) || GONE.load(Ordering::SeqCst) {
        return;
    }
    execute!(io::stdout(), EndSynchronizedUpdate, DisableMouseCapture, DisableBracketedPaste).ok();
    execute!(io::stdout(), cursor::Show, LeaveAlternateScreen).ok();
    disable_raw_mode().ok();
}

/// Restores the terminal when the drawing thread panics, and only then: any other thread's panic is
/// reported through its `JoinHandle`, and shown here, while the screen stays up.
fn hook_panics(drawing: ThreadId) -> Arc<Hook> {
    let previous: Arc<Hook> = Arc::from(panic::take_hook());
    let kept = Arc::clone(&previous);
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == drawing || !OURS.load(Ordering::SeqCst) {
            give_back();
            if !GONE.load(Ordering::SeqCst) {
                previous(info);
            }
        } else {
            tracing::error!("a task panicked: {info}");
            remember(info);
        }
    }));
    kept
}

fn remember(info: &PanicHookInfo<'_>) {
    let mut panics = panics().lock().unwrap_or_else(PoisonError::into_inner);
    if panics.len() < REMEMBERED {
        let place = info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        let text = info.payload().downcast_ref::<&str>().copied();
        let text = text.or_else(|| info.payload().downcast_ref::<String>().map(String::as_str));
        panics.push(format!("a task panicked at {place}: {}", text.unwrap_or("no message")));
    }
}

fn panics() -> &'static Mutex<Vec<String>> {
    static PANICS: OnceLock<Mutex<Vec<String>>> = OnceLock::new();
    PANICS.get_or_init(Mutex::default)
}

/// Whether the terminal is in our modes.
static OURS: AtomicBool = AtomicBool::new(false);

/// Whether the mouse is to be ours.
static MOUSE: AtomicBool = AtomicBool::new(true);

/// Whether it hung up.
static GONE: AtomicBool = AtomicBool::new(false);

/// Further ones are in the log only.
const REMEMBERED: usize = 8;
