use std::io::Read;

use super::*;
use crate::app::dialog::Dialog;
use crate::app::log::News;
use crate::app::merged::Source;
use crate::app::{Msg as AppMsg, Setup};
use crate::clock::SystemClock;
use crate::domain::boot::BootIdentity;
use crate::domain::id::Seq;
use crate::domain::moment::{Moment, Wall};
use crate::domain::run::Stream;
use crate::tui::feed::tests::{Bench, LIMIT, PTY, attempt};

/// The screen with two logs merged, as the session runs it.
struct Desk {
    bench: Bench,
    merger: Merger,
    app: App,
}

impl Desk {
    fn new(bench: Bench) -> Self {
        let source = |host: &str, run| Source {
            host: HostId::parse(host).expect("a name"),
            log: (attempt(run), Stream::Out),
            landmarks: Vec::new(),
        };
        let mut output = crate::app::output::Output::default();
        output.show(Some((attempt(1), PTY)));
        let sources = vec![source("elm", 1), source("fir", 2)];
        let mut app = App::new(Setup::default());
        let sheet = MergedSheet { sources, beyond: 0, output, merging: Merging::default() };
        app.dialogs.push(Dialog::Merged(Box::new(sheet)));
        app.update(Moment::default(), AppMsg::Resize { columns: 80, rows: 24 });
        let merger = Merger::new(bench.handle.clone(), None, None, Arc::new(SystemClock));
        Self { bench, merger, app }
    }

    fn rows(&self) -> Vec<&str> {
        let window = self.app.merged().map(|merged| merged.output.view().window());
        window.map(|window| window.entries.iter().map(|entry| entry.line.text()).collect()).unwrap_or_default()
    }

    async fn until(&mut self, wanted: &[&str]) {
        let shown = tokio::time::timeout(LIMIT, async {
            while self.rows() != wanted {
                self.merger.follow(&mut self.app);
                let news = self.merger.next().await;
                self.app.update(Moment::default(), AppMsg::Log(News::Merged(news)));
            }
        });
        let came = shown.await.is_ok();
        assert!(came, "{wanted:?} never came; it shows {:?}", self.rows());
    }
}

#[tokio::test]
async fn logs_are_one_grow_are_marked_copied_and_left() {
    let bench = Bench::new(None);
    bench.write(attempt(1), "one\ntwo\n");
    bench.write(attempt(2), "other\nnot yet");
    let mut desk = Desk::new(bench);
    desk.until(&["A elm │ one", "A elm │ two", "B fir │ other"]).await;
    let boot = BootIdentity { boot_id: None, boot_time: None, init_start: None };
    let rebooted = BootFact::Rebooted { before: boot.clone(), after: boot, not_before: Wall(0), evidence: Vec::new() };
    let host = Some(HostId::parse("elm").expect("a name"));
    desk.merger.note(&Event { seq: Seq(1), at: Wall(0), host, fact: Fact::Boot(rebooted) });
    let marked = ["A elm │ one", "A elm │ two", "B fir │ other", "A elm │ ── rebooted ──"];
    desk.until(&marked).await;
    desk.bench.write(attempt(2), " ended\n");
    desk.until(&[&marked[..], &["B fir │ not yet ended"]].concat()).await;
    let mut text = String::new();
    desk.merger.part(0).expect("it is merged").read_to_string(&mut text).expect("read");
    assert_eq!(text.lines().count(), 5);
    desk.app.dialogs.clear();
    desk.merger.follow(&mut desk.app);
    assert!(desk.merger.reading.is_none() && desk.merger.part(0).is_none());
    desk.bench.handle.shutdown().await;
}
