//! The health view: all hosts, or one of them.

mod one;
mod picture;
mod table;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::theme::{Depth, Role, Theme};
use crate::app::App;
use crate::app::health::{Age, Grade};

pub fn render(frame: &mut Frame<'_>, area: Rect, app: &App, theme: &Theme) {
    match app.one_host(area.width, area.height).filter(|_| app.health.open) {
        Some(one) => one::render(frame, area, &one, app, theme),
        None => table::render(frame, area, app, theme),
    }
}

fn role(grade: Grade) -> Role {
    match grade {
        Grade::Calm => Role::Text,
        Grade::Warning => Role::Warning,
        Grade::Bad => Role::Bad,
    }
}

/// Of a picture's column.
fn ink(grade: Grade) -> Role {
    match grade {
        Grade::Calm => Role::Accent,
        Grade::Warning => Role::Warning,
        Grade::Bad => Role::Bad,
    }
}

fn of_age(age: &Age) -> Role {
    match age {
        Age::Fresh(_) | Age::NotYet => Role::Quiet,
        Age::Off | Age::Never | Age::Away(_) => Role::Quiet,
        Age::Late(_) | Age::Failed(_) => Role::Warning,
    }
}

/// With sixteen colours the selected row is reversed, and colours in it would be blocks.
fn style(theme: &Theme, role: Role, selected: bool) -> Style {
    match theme.depth {
        Depth::Ansi16 if selected => Style::default(),
        Depth::Mono | Depth::Ansi16 | Depth::Indexed | Depth::Rgb => theme.style(role),
    }
}
