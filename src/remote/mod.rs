//! F2: the host side of a run, spoken to over [`port::Session`](crate::port::Session). Nothing is
//! installed on the host: a POSIX shell script (`assets/host.sh`) goes over the stdin of a shell, and
//! this module writes its calls and reads its answers.
//!
//! # Protocol
//!
//! One exec per call, of `exec /bin/sh -s`, which every login shell reads alike. Its stdin gets:
//!
//! ```text
//! <text of assets/host.sh: functions only>
//! SF_NAME='value'                 # assignments, single-quoted for POSIX sh; none for most verbs
//! { sf_main VERB ARG… ; exit; }   # the one line that does something
//! ```
//!
//! A script that a dying connection cuts short anywhere does nothing: an open quote or brace at the
//! end of the input is a syntax error. All ARGs are of `[A-Za-z0-9._-]`.
//!
//! Answers come on stdout. What precedes the first marker is noise of the login shell and is skipped
//! (up to 64 KiB). `␞` is the byte 0x1E:
//!
//! ```text
//! ␞SF1 VERB
//! key=value                       # printable, one per line, at most 4096 bytes
//! ␞SF1 end STATUS                 # 0, or another number after a line error=TEXT
//! ```
//!
//! | verb | arguments | assignments | answer keys |
//! |---|---|---|---|
//! | `ident` | | | `boot_id` `boot_time` `init_start` `uptime` `now` `os` `kernel` `hostname` `root` (directory of runs) `root_note` `launcher` `terminal` |
//! | `last-boot` | | | `last`, `kernel` (lines), `pstore=TIME NAME` with its `text` lines after it, `watchdog` |
//! | `system` | | | `distribution` `kernel` `cpu_model` `cpus` or `cpu_list` `memory_kib` or `memory_bytes`, and a `nic=NAME MAC STATE MBITS` each (`-`: not known) |
//! | `start` | ID | `SF_COMMAND` `SF_DIRECTORY` `SF_ENV` (lines of `export N='v'`) `SF_SECRET_ENV` (the same; never in a file that outlives the start) `SF_PTY` (`COLUMNSxROWS` or empty) `SF_LIMIT` (bytes) `SF_GRACE` (s) `SF_UPLOAD` (sha256 or empty) `SF_TITLE` `SF_REBOOTS` `SF_SELF` (the functions once more: the runner on the host is made of them) | `answer` (`started`, `attached`, `starting`, `stillborn`) and those of `state` |
//! | `state` | ID… | | per ID a block beginning with `id=ID`, see below |
//! | `follow` | ID STREAM OFFSET | | see below |
//! | `ack` | ID OUT ERR | | `base_out` `base_err` |
//! | `heart` | ID | | `before` `after` (what the run's watcher has counted, two seconds apart) `state` |
//! | `cancel` | ID GRACE REASON | | `left=PID COMMAND` per survivor, then `state` keys; of one that is not there a tombstone is left, so that a start still on its way finds itself `stillborn` |
//! | `list` | | | `state` blocks of all attempts there, each with `title` |
//! | `remove` | ID | | `removed=1`; refuses what runs; removes tombstones too |
//! | `survive-start` | TOKEN | | `pid` `launcher` |
//! | `survive-look` | TOKEN | | `alive` (`1`, `0`) |
//! | `have` | SHA256 SIZE | | `path`, `have` (bytes that are there already), `complete` (`1` when the checksum holds), `notice` |
//! | `put` | SHA256 OFFSET | | a line `␞SF1 ready` of its own, before which nothing more may be sent; then stdin to its end is appended; `have` |
//!
//! `state` keys: `state` (`missing` `starting` `stillborn` `running` `exited` `vanished`
//! `other-boot`), `out` `err` (sizes), `base_out` `base_err`, `free`, `stuck`, `cancel`,
//! while running `heartbeat` (as of `heart`; not where it could not be written), and when started: `pid`
//! `at` `launcher` `terminal` `directory` `boot_id` `boot_time` `init_start`, and when exited: `code` or
//! `signal`, `end_out` `end_err`, `ended`, `oom`, and `fault_NAME=GROWTH` (or `reset`) for each counter of
//! hardware errors that the host has; after another boot `faults=reset` instead; `notice`.
//!
//! `follow` answers on stdout with one marker line, then with the bytes of the spool and nothing
//! else, until its stdin closes (the connection is its lease):
//!
//! ```text
//! ␞SF1 follow OFFSET              # raw bytes from OFFSET follow, without end
//! ␞SF1 gap OFFSET BASE            # OFFSET is before the first byte still there; nothing follows
//! ␞SF1 short SIZE                 # the spool ends before OFFSET; nothing follows
//! ␞SF1 missing                    # no such attempt
//! ```
//!
//! and on stderr with lines `SF state key=value key=value …` (values without blanks): at once, every
//! five seconds, and at once when the run has ended.

mod answer;
mod call;
mod error;
mod follow;
mod script;
mod upload;
mod verbs;

pub use error::RemoteError;
pub use follow::{Follow, FollowEvent, Follower, follow};
pub use script::{SHELL, plain_script};
pub use upload::{Uploaded, describe, upload};
pub use verbs::{
    Cancelled, Found, Heart, HostFacts, StartAnswer, StartKind, StartOrder, Survivor, acknowledge, cancel, heart,
    identify, last_boot, list, remove, start, states, survival_look, survival_start, system,
};

/// What our lines begin with.
const MARK: &str = "\u{1e}SF1 ";
