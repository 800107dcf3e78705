//! What a frame of 200×60 costs while the log that it shows grows by 200 MB a second.

use std::fs::File;
use std::io::{Sink, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use steadfast::app::{App, Msg, output};
use steadfast::tui::pager::Pager;
use steadfast::ui;
use steadfast::ui::theme::{Depth, Ground, Signs, Theme};

use crate::{scene, told};

pub fn measure() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out.log");
    let (mut quiet, _) = frames(path.clone(), 0);
    let (mut flooded, written) = frames(path, RATE);
    told("frame at 200x60, nothing comes", &mut quiet);
    told("frame at 200x60 under flood", &mut flooded);
    println!("the flood was {:.0} MB/s", written as f64 / 1e6 / (FRAMES * PERIOD.as_secs_f64()));
}

/// How long each frame took, and how much was written meanwhile.
fn frames(path: PathBuf, rate: u64) -> (Vec<Duration>, u64) {
    let end = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (path, end, stop) = (path.clone(), Arc::clone(&end), Arc::clone(&stop));
        std::thread::spawn(move || flood(File::create(path).unwrap(), rate, &end, &stop))
    };
    let pager = Pager::open(path, 0, Arc::new(|| ())).unwrap();
    let mut app = scene::app(200, 60);
    // What the scene made up is not what is shown here.
    let shown = app.output.view().shown().unwrap();
    app.update(scene::NOW, Msg::Output(output::Msg::Show(shown.0, shown.1)));
    let theme = Theme { depth: Depth::Rgb, signs: Signs::Unicode, ground: Ground::Dark };
    let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, 200, 60)) };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(std::io::sink()), options).unwrap();
    let mut took = Vec::new();
    for _ in 0..FRAMES as usize {
        let began = Instant::now();
        frame(&mut app, &pager, end.load(Ordering::Acquire), &mut terminal, &theme);
        took.push(began.elapsed());
        std::thread::sleep(PERIOD.saturating_sub(began.elapsed()));
    }
    stop.store(true, Ordering::Release);
    writer.join().unwrap();
    pager.close();
    (took, end.load(Ordering::Acquire))
}

/// As the loop of the screen does it: news in, orders out, all of it drawn.
fn frame(app: &mut App, pager: &Pager, end: u64, terminal: &mut Terminal<CrosstermBackend<Sink>>, theme: &Theme) {
    pager.set_end(end);
    app.update(scene::NOW, Msg::Output(output::Msg::Grew(end)));
    let answers = pager.take();
    let window = answers.window.map(output::Msg::Window);
    for msg in window.into_iter().chain(answers.extent.map(output::Msg::Extent)) {
        app.update(scene::NOW, Msg::Output(msg));
    }
    for effect in app.output.take_effects() {
        match effect {
            output::Effect::Read(request) => pager.read(request),
            output::Effect::Search(order) => pager.search(order),
            output::Effect::Filter(pattern) => pager.filter(pattern),
        }
    }
    terminal.draw(|frame| ui::render(frame, frame.area(), app, theme)).unwrap();
}

fn flood(mut file: File, rate: u64, end: &AtomicU64, stop: &AtomicBool) {
    let mut text = Vec::new();
    let mut number = 0_u64;
    while text.len() < 1 << 20 {
        number += 1;
        writeln!(text, "\x1b[32mstress-ng: info\x1b[0m: [4242] vm: page {number:08x} verified, no bit errors").unwrap();
    }
    let began = Instant::now();
    while !stop.load(Ordering::Acquire) {
        let due = (began.elapsed().as_secs_f64() * rate as f64) as u64;
        while end.load(Ordering::Acquire) < due {
            file.write_all(&text).unwrap();
            end.fetch_add(text.len() as u64, Ordering::AcqRel);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

const RATE: u64 = 200_000_000;
const FRAMES: f64 = 600.0;
const PERIOD: Duration = Duration::from_millis(16);
