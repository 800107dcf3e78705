use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::*;
use crate::clock::SystemClock;
use crate::domain::diagnosis::RungReport;
use crate::domain::id::{HostId, Seq};
use crate::domain::moment::Wall;
use crate::domain::run::RunIo;
use crate::ledger::{Ledger, Opened as Ledgers};
use crate::port::{Connector, DialError, Dialed};
use crate::supervisor::{Connect, Setup};

/// Generous: a machine that is busy with other things still gets there.
pub(in crate::tui) const LIMIT: Duration = Duration::from_secs(60);

/// Somebody else's ledger that we look on at, and the pane as the session runs it.
pub(in crate::tui) struct Bench {
    feed: Feed,
    pane: Output,
    pub(in crate::tui) handle: Handle,
    owner: Ledger,
    _dir: tempfile::TempDir,
}

impl Bench {
    pub(in crate::tui) fn new(marks_of: Option<MarksOf>) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let open = || Ledger::open(dir.path(), "a test", Wall(0)).expect("a ledger");
        let Ledgers::Owner(owner) = open() else { panic!("it is ours") };
        let Ledgers::Viewer(ledger, holder) = open() else { panic!("it is taken") };
        let setup = Setup {
            hosts: Vec::new(),
            connect: Connect::All,
            connector: Arc::new(Nowhere),
            ledger,
            holder: Some(holder),
            clock: Arc::new(SystemClock),
            network: None,
            health: None,
            seed: 1,
        };
        let handle = crate::supervisor::start(setup).expect("a supervisor");
        let mut pane = Output::default();
        pane.resize(60, 10);
        Self { feed: Feed::new(handle.clone(), marks_of, None, None), pane, handle, owner, _dir: dir }
    }

    pub(in crate::tui) fn write(&self, id: AttemptId, text: &str) {
        let path: PathBuf = self.owner.log_path(id, Stream::Out);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        let mut log = std::fs::File::options().append(true).create(true).open(path).expect("a log");
        std::io::Write::write_all(&mut log, text.as_bytes()).expect("written");
    }

    /// Runs the loop of the session until the pane shows these rows.
    async fn until(&mut self, wanted: &[&str]) {
        let shown = tokio::time::timeout(LIMIT, async {
            while rows(&self.pane) != wanted {
                self.feed.follow(&mut self.pane);
                self.feed.news().await.expect("nothing fails");
                for msg in self.feed.collect() {
                    self.pane.update(msg);
                }
            }
        });
        let came = shown.await.is_ok();
        assert!(came, "{wanted:?} never came; it shows {:?}", rows(&self.pane));
    }
}

/// Lines and markers, from the top.
fn rows(pane: &Output) -> Vec<String> {
    let of = |entry: &crate::app::output::Entry| {
        let markers = |markers: &[crate::app::output::Marker]| markers.iter().map(|m| m.text()).collect::<Vec<_>>();
        [markers(&entry.before), vec![entry.line.text().to_owned()], markers(&entry.after)].concat()
    };
    pane.view().window().entries.iter().flat_map(of).collect()
}

pub(in crate::tui) fn attempt(number: u64) -> AttemptId {
    AttemptId { run: crate::domain::id::RunId::from_random(number), attempt: crate::domain::id::Attempt::FIRST }
}

fn gap(at: u64, lost: u64) -> OutputMark {
    OutputMark::Gap { log_offset: at, spool_offset: at, lost }
}

struct Nowhere;

impl Connector for Nowhere {
    fn dial(&self, _: &HostId) -> BoxFuture<'static, Result<Dialed, DialError>> {
        Box::pin(std::future::pending())
    }

    fn probe(&self, _: &HostId) -> BoxFuture<'static, Vec<RungReport>> {
        Box::pin(std::future::ready(Vec::new()))
    }
}

pub(in crate::tui) const PTY: RunIo = RunIo::Pty { columns: 80, rows: 24 };

#[tokio::test]
async fn a_log_is_followed_as_it_grows_and_left_for_another() {
    let mut bench = Bench::new(None);
    bench.write(attempt(1), "one\n");
    bench.write(attempt(2), "other\n");
    bench.pane.show(Some((attempt(1), PTY)));
    bench.until(&["one"]).await;
    bench.write(attempt(1), "two\n");
    bench.until(&["one", "two"]).await;
    bench.pane.show(Some((attempt(2), PTY)));
    bench.until(&["other"]).await;
    bench.pane.show(None);
    bench.until(&[]).await;
    bench.feed.follow(&mut bench.pane);
    assert!(bench.feed.log.is_none());
    bench.handle.shutdown().await;
}

#[tokio::test]
async fn marks_come_from_before_and_from_events() {
    let marks_of: MarksOf = Arc::new(|_, _| vec![gap(4, 100)]);
    let mut bench = Bench::new(Some(marks_of));
    bench.write(attempt(1), "one\ntwo\nend\n");
    let event = |at| {
        let fact = Fact::Output { id: attempt(1), stream: Stream::Out, mark: gap(at, 200) };
        Event { seq: Seq(1), at: Wall(0), host: None, fact }
    };
    // Before it is shown, and not in the ledger yet.
    bench.feed.note(&event(0));
    bench.pane.show(Some((attempt(1), PTY)));
    bench.until(&["gap: host gave up 200 B", "one", "gap: host gave up 100 B", "two", "end"]).await;
    bench.feed.note(&event(8));
    for msg in bench.feed.collect() {
        bench.pane.update(msg);
    }
    let all = ["gap: host gave up 200 B", "one", "gap: host gave up 100 B", "two", "gap: host gave up 200 B", "end"];
    bench.until(&all).await;
    bench.handle.shutdown().await;
}

#[test]
fn a_mark_told_twice_is_one_and_the_later_telling_holds() {
    let blind = |micros, caught_up| OutputMark::Blind {
        log_offset: 7,
        duration: Duration::from_micros(micros),
        cause: "own network".into(),
        caught_up,
    };
    let ledger = vec![gap(3, 1), gap(7, 1), blind(2_000, 0)];
    let events = [blind(2_400, 9), gap(3, 2), blind(5_000, 0)];
    let expected = vec![gap(3, 2), gap(7, 1), blind(2_400, 9), blind(5_000, 0)];
    assert_eq!(merged(ledger, events), expected);
}
