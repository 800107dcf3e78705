//! What the threads of a pager do. Each waits for the bell, works in small steps, and looks between
//! them whether there is something more urgent, or whether it is to end.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use super::index::{self, Step};
use super::search::Search;
use super::sieve::{Sieve, Tools};
use super::sifted::{self, Desk};
use super::window::{self, Source};
use super::{Inbox, Shared, lock};
use crate::app::output::{Request, Window};

/// Answers requests for windows, the newest first and only.
pub(super) fn read(shared: &Shared) {
    // A request for a line that the index has not come to; it is asked again when the index has grown.
    let mut parked: Option<Request> = None;
    let mut indexed = 0;
    loop {
        let mut inbox =
            wait_until(shared, None, |inbox| inbox.request.is_some() || (parked.is_some() && inbox.indexed != indexed));
        if inbox.closed {
            return;
        }
        indexed = inbox.indexed;
        let request = inbox.request.take().or_else(|| parked.take());
        drop(inbox);
        let Some(request) = request else { continue };
        parked = match read_window(shared, &request) {
            Some(window) => {
                shared.answer(|answers| answers.window = Some(window));
                None
            }
            None => Some(request),
        };
    }
}

fn read_window(shared: &Shared, request: &Request) -> Option<Window> {
    let marks = Arc::clone(&lock(&shared.marks));
    let arrivals = shared.arrivals.as_deref();
    let source = Source { log: &shared.log, marks: &marks, index: &shared.index, arrivals };
    let sieve = lock(&shared.sieve).clone();
    let read = match &sieve {
        None => window::read(&source, request),
        Some(sieve) => {
            let wanted = || {
                let inbox = lock(&shared.inbox);
                !inbox.closed && inbox.request.is_none()
            };
            let show = |window| shared.answer(|answers| answers.window = Some(window));
            sifted::read(&source, request, &Desk { sieve, wanted: &wanted, show: &show })
        }
    };
    read.unwrap_or_else(|error| {
        let trouble = Some(format!("failed to read the log: {error}"));
        Some(Window { serial: request.serial, trouble, ..Window::default() })
    })
}

/// Counts lines until the log is covered, then waits for it to grow.
pub(super) fn index(shared: &Shared) {
    let mut buffer = Vec::new();
    let mut grown = None;
    let mut said = 0;
    loop {
        let mut inbox = wait_until(shared, None, |inbox| grown != Some(inbox.grown));
        if inbox.closed {
            return;
        }
        let seen = inbox.grown;
        drop(inbox);
        let (extent, complete) = match index::step(&shared.log, &mut buffer, &shared.index) {
            Ok(Step::Complete(extent)) => (Some(extent), true),
            Ok(Step::More(extent)) => (Some(extent), false),
            // The reader meets the same error and shows it; here it is tried again after the next growth.
            Err(_) => (None, true),
        };
        if complete {
            grown = Some(seen);
        }
        let Some(extent) = extent else { continue };
        if complete || extent.indexed < said || extent.indexed - said >= SAY_EVERY {
            said = extent.indexed;
            inbox = lock(&shared.inbox);
            inbox.indexed += 1;
            drop(inbox);
            shared.bell.notify_all();
            shared.answer(|answers| answers.extent = Some(extent));
        }
    }
}

/// Searches while there is a pattern, and goes on as the log grows.
pub(super) fn search(shared: &Shared) {
    let mut search: Option<Search> = None;
    let mut grown = 0;
    let mut said = 0;
    loop {
        let idle = search.as_ref().is_none_or(|search| search.is_idle(&shared.log));
        let mut inbox = if idle {
            let growth = search.is_some().then_some(grown);
            wait_until(shared, None, |inbox| {
                inbox.pattern.is_some() || inbox.seek.is_some() || growth.is_some_and(|grown| inbox.grown != grown)
            })
        } else {
            lock(&shared.inbox)
        };
        if inbox.closed {
            return;
        }
        grown = inbox.grown;
        let (pattern, seek) = (inbox.pattern.take(), inbox.seek.take());
        drop(inbox);
        if let Some(pattern) = pattern {
            let filter = lock(&shared.sieve).as_ref().map(|sieve| sieve.pattern().clone());
            search = pattern.map(|pattern| Search::new(pattern, filter));
            said = 0;
        }
        let Some(search) = &mut search else { continue };
        if let Some(seek) = seek {
            search.seek(seek);
        }
        let before = search.progress();
        let failed = search.step(&shared.log).is_err();
        let progress = search.progress();
        said += progress.counted.saturating_sub(before.counted).max(super::chunk::CHUNK);
        let told = before.seek.map(|sought| sought.outcome) != progress.seek.map(|sought| sought.outcome);
        if failed || search.is_idle(&shared.log) || said >= SAY_EVERY || (told && !is_seeking(&progress)) {
            said = 0;
            shared.answer(|answers| answers.progress = Some(progress));
        }
        if failed {
            // The disk does not read: the same step again, but not at once.
            drop(wait_until(shared, Some(AFTER_FAILURE), |inbox| inbox.pattern.is_some()));
        }
    }
}

/// Counts what passes the filter while there is one, and goes on as the log grows.
pub(super) fn sift(shared: &Shared) {
    let mut tools = Tools::default();
    let mut sieve: Option<Arc<Sieve>> = None;
    let (mut filters, mut grown, mut complete, mut said) = (0, 0, true, 0);
    loop {
        let idle = sieve.is_none() || complete;
        let inbox = wait_until(shared, None, |inbox| {
            !idle || inbox.filters != filters || (sieve.is_some() && inbox.grown != grown)
        });
        if inbox.closed {
            return;
        }
        grown = inbox.grown;
        if std::mem::replace(&mut filters, inbox.filters) != inbox.filters {
            sieve = lock(&shared.sieve).clone();
            said = 0;
        }
        drop(inbox);
        let Some(sieve) = &sieve else { continue };
        // The reader meets the same error and shows it; here it is tried again after the next growth.
        complete = sieve.step(&shared.log, &mut tools).unwrap_or(true);
        let sifted = sieve.sifted();
        if complete || sifted.counted < said || sifted.counted - said >= SAY_EVERY {
            said = sifted.counted;
            shared.answer(|answers| answers.sifted = Some(sifted));
        }
    }
}

fn is_seeking(progress: &crate::app::output::Progress) -> bool {
    matches!(progress.seek.map(|sought| sought.outcome), Some(crate::app::output::Outcome::Seeking(_)))
}

/// Waits until the inbox has something, it is closed, or the time is over.
fn wait_until<'a>(
    shared: &'a Shared,
    limit: Option<Duration>,
    has_work: impl Fn(&Inbox) -> bool,
) -> MutexGuard<'a, Inbox> {
    let inbox = lock(&shared.inbox);
    let asleep = |inbox: &mut Inbox| !inbox.closed && !has_work(inbox);
    match limit {
        None => shared.bell.wait_while(inbox, asleep).unwrap_or_else(std::sync::PoisonError::into_inner),
        Some(limit) => {
            let waited = shared.bell.wait_timeout_while(inbox, limit, asleep);
            waited.unwrap_or_else(std::sync::PoisonError::into_inner).0
        }
    }
}

/// Progress is told at most this often in bytes: some twenty times a second.
const SAY_EVERY: u64 = 64 << 20;

/// How long a search waits before it reads again what could not be read.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
