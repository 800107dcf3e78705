//! **steadfast** runs commands on remote machines for hours or weeks, and keeps the run, its output
//! and the knowledge of what happened, whatever breaks in between: the connection, the host's
//! network, the host itself, the operator's network, the operator's laptop.
//!
//! This page is the map of the code. What users need is in `README.md` and `steadfast --help`.
//!
//! # Bird's-eye view
//!
//! A *run* lives on its host: a directory with the command, its output (the *spool*) and its exit
//! record, and a small shell process that outlives every connection ([`remote`]). The *supervisor*
//! keeps a connection to each host ([`domain::link`]), copies each spool to a *log* on its own disk,
//! always a byte-identical prefix, and writes down what happens ([`ledger`]). Front ends see one
//! stream of [events](domain::event) and one read model, the [`Fleet`](domain::fleet::Fleet).
//!
//! ```text
//!  host                     per host                                          one hub            front ends
//!  spool ─follower─▶ channel ─▶ pump ─64 × ≤32 KiB─▶ writer ─▶ log ◀──────────────────────── tui · headless
//!  exit, ident                 never waits
//!                           HostTask {Link, HostRuns} ── facts, await ──▶ Hub {seq, Fleet, journal} ─ events ─▶
//!                                      ◀── orders, try_send ──       ◀── commands, try_send ── Handle
//! ```
//!
//! # Code map: floors
//!
//! A module imports only from floors below its own; `tests/tidy.rs` is the wall.
//!
//! | floor | modules | what |
//! |---|---|---|
//! | F7 | [`cli`] | words, flags, exit codes, composition |
//! | F6 | [`tui`], [`headless`] | equal front ends on one handle |
//! | F5 | [`ui`] | drawing |
//! | F4 | [`app`] | the pure state of the screen |
//! | F3 | [`supervisor`], [`client`] | links and runs are driven here; one host without a supervisor |
//! | F2 | [`remote`], [`ssh`], [`net`], [`ledger`], [`config`], [`demo`], [`clock`] | adapters |
//! | F1 | [`port`] | what the outside must satisfy |
//! | F0 | [`domain`] | values and state machines, without I/O |
//!
//! # Invariants
//!
//! - **The log is the buffer, the scrollback and the resume offset.** There is no second copy of
//!   output in memory, and output is never an event.
//! - **The reader of an SSH channel never waits.** A slow disk closes the follower; it is started
//!   again at the log's end. Liveness is judged by our own pings and bytes heard.
//! - **Every call to a host is idempotent**, so that what a cut connection swallowed is asked again.
//! - **Await upward, `try_send` downward**: no cycle of waits. Every queue has a capacity and a
//!   stated behaviour at it.
//! - **Time alone never turns "not seen" into "failed".** A verdict needs evidence from the host.
//! - **A refusal (host key, authentication) is never tried again by itself.**
//! - Deliberately absent: an agent on the host, a message bus, a password in any file, `unsafe`, a
//!   clock or a random source in `domain`.

pub mod app;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod domain;
pub mod headless;
pub mod ledger;
pub mod net;
pub mod port;
pub mod remote;
pub mod ssh;
pub mod supervisor;
#[cfg(feature = "tui")]
pub mod tui;
#[cfg(feature = "tui")]
pub mod ui;
