//! **steadfast** runs commands on remote machines for hours or weeks, and keeps the run, its output
//! and the knowledge of what happened, whatever breaks in between: the connection, the host's
//! network, the host itself, the operator's network, the operator's laptop.
//!
//! This page is the map of the code. What users need is in `README.md` and `steadfast --help`.
//!
//! # As a library
//!
//! [`client`] is for a program that has one host and something to run there; [`supervisor`] for one that
//! looks after many, as the command line and the screen do. A run that outlives its connection, on a host
//! of the simulated fleet (which is reached by SSH like any other):
//!
//! ```
//! # #[cfg(feature = "demo")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//!
//! use steadfast::client::Client;
//! use steadfast::clock::SystemClock;
//! use steadfast::demo::{DemoFleet, FleetOptions};
//! use steadfast::domain::id::HostId;
//! use steadfast::domain::run::{RunSpec, Stream, Verdict};
//! use steadfast::port::NoPrompt;
//!
//! let clock = Arc::new(SystemClock);
//! let fleet = DemoFleet::start(&FleetOptions::calm(clock.clone()))?;
//! let directory = tempfile::tempdir()?;
//! let connector = fleet.connector(directory.path(), Arc::new(NoPrompt), clock)?;
//! // A host of yours: `Client::connect_alias("rack7", None)`.
//! let mut client = Client::connect(Arc::new(connector), HostId::parse("atlas-01")?).await?;
//!
//! let id = client.start(&RunSpec::new("seq 1 5; exit 3")).await?;
//! client.close(); // as a cut would; the run does not care
//! client.reconnect(5).await?;
//!
//! let (mut log, mut output) = (Vec::new(), client.attach(id, Stream::Out, 0).await?);
//! while let Some(bytes) = output.next().await? {
//!     log.extend_from_slice(&bytes);
//! }
//! assert_eq!(log, b"1\r\n2\r\n3\r\n4\r\n5\r\n");
//! assert_eq!(output.verdict(), Some(&Verdict::Finished { code: 3 }));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "demo"))]
//! # fn main() {}
//! ```
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
//! | F2 | [`remote`], [`ssh`], [`net`], [`ledger`], [`config`], [`health`], [`notify`], [`demo`], [`clock`] | adapters |
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
pub mod health;
pub mod ledger;
pub mod net;
pub mod notify;
pub mod port;
pub mod remote;
pub mod ssh;
pub mod supervisor;
#[cfg(feature = "tui")]
pub mod tui;
#[cfg(feature = "tui")]
pub mod ui;
