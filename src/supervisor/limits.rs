//! Every capacity and pace of the supervisor, and what happens at it.

use std::time::Duration;

/// Commands waiting for the hub. Full: the front end is told that the supervisor is busy.
pub(super) const ORDERS: usize = 256;

/// Facts on their way from host tasks to the hub. Full: the host task waits; the hub never waits for it.
pub(super) const FACTS: usize = 1024;

/// Orders waiting for one host's task. Full: the hub tells the operator that the host is busy.
pub(super) const HOST_ORDERS: usize = 64;

/// Reports from one host's pumps. Full: a follower's look is dropped, the next comes in five seconds.
pub(super) const HOST_REPORTS: usize = 256;

/// Events a subscriber may lag behind. More: it is told so and starts over from a snapshot.
pub(super) const EVENTS: usize = 4096;

/// Events waiting for the journal. Full: the event is not journaled and a standing warning says so.
pub(super) const JOURNAL: usize = 8192;

/// Chunks (of at most 32 KiB) waiting for a log's disk. Full for [`WRITE_PATIENCE`]: the follower is
/// closed, and started again from the log's end once the writer has drained.
pub(super) const LOG_CHUNKS: usize = 64;

/// A disk that is only syncing is waited for this long. Pings over the connection are late by no more
/// than that, a small part of what counts as silence; a new follower would cost more.
pub(super) const WRITE_PATIENCE: Duration = Duration::from_millis(250);

/// How often a viewer's commands are looked for in the ledger, and the ledger's news by a viewer.
pub(super) const LEDGER_POLL: Duration = Duration::from_millis(150);

/// A wake this much later than planned means that we slept.
pub(super) const STALL: Duration = Duration::from_secs(5);

/// A call to the host that only looks.
pub(super) const LOOK_LIMIT: Duration = Duration::from_secs(30);

/// A start, without the upload before it.
pub(super) const START_LIMIT: Duration = Duration::from_secs(60);

/// A run that goes on is told of every five seconds; missing for this long, it is asked why.
pub(super) const SUSPECT_AFTER: Duration = Duration::from_secs(20);

/// How often that may be asked of one host, about whichever run.
pub(super) const SUSPECT_PACE: Duration = Duration::from_secs(60);

/// The rungs above the login together. Later than that counts as no answer.
pub(super) const ABOVE_LIMIT: Duration = Duration::from_secs(20);

/// A ping is answered in this time or counts as unanswered; silence is judged by the link.
pub(super) const PING_LIMIT: Duration = Duration::from_secs(60);

/// How long the end of all tasks is waited for at shutdown.
pub(super) const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

/// A log that cannot be written (disk full) is tried again this often.
pub(super) const WRITE_RETRY: Duration = Duration::from_secs(1);

/// The hub looks at the clocks at least this often.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// A machine that slept for less than this was not away.
pub(super) const SLEPT: Duration = Duration::from_secs(1);

/// Routes are looked for at once after a change, and then this much later again at the earliest, and
/// [`ROUTES_EACH`] per host more: the kernel is asked for a small part of the time, however large the fleet.
pub(super) const ROUTES: Duration = Duration::from_millis(100);
pub(super) const ROUTES_EACH: Duration = Duration::from_millis(1);

/// Why the own network is down or degraded is told anew at most this often, where the state stays.
pub(super) const REASONS: Duration = Duration::from_secs(10);

/// Hosts whose routes are looked for at the same time; others wait.
pub(super) const LOOKS: usize = 16;

/// A dial waits this long for the addresses to look up routes of; then it goes on without.
pub(super) const FIRST_LOOK: Duration = Duration::from_millis(500);

/// A look for a route waits this long for a resolver.
pub(super) const WAY_LIMIT: Duration = Duration::from_secs(3);
