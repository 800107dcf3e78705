//! A picture of the screen into a file of the current directory.

use std::fs::OpenOptions;
use std::io::{self, Write};

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::app::{App, Msg, say};
use crate::ui::{self, picture, theme::Theme};

/// Draws the screen as it is and writes it down, beside whatever is there already.
pub fn save(app: &App, theme: &Theme) -> Msg {
    let at = say::date_time(app.now.wall, app.utc_offset).replace(' ', "T").replace(':', "");
    let name = format!("steadfast-{at}.svg");
    match draw(app, theme).and_then(|svg| create(&name, svg.as_bytes())) {
        Ok(()) => Msg::Done(format!("screenshot: {name}")),
        Err(error) => Msg::Failed(format!("no screenshot: {name}: {error}")),
    }
}

fn draw(app: &App, theme: &Theme) -> io::Result<String> {
    let (columns, rows) = app.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).map_err(io::Error::other)?;
    terminal.draw(|frame| ui::render(frame, frame.area(), app, theme)).map_err(io::Error::other)?;
    Ok(picture::svg(terminal.backend().buffer()))
}

/// Never over a file that is there.
fn create(name: &str, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(name)?.write_all(bytes)
}
