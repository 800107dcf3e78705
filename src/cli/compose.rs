//! Puts the parts together: clock, connector, ledger, supervisor. One runtime, made here.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::cli::args::Globals;
use crate::cli::connector::Aliases;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::cli::notify::Caller;
use crate::cli::prompt::TerminalPrompter;
use crate::cli::setup::Setup;
use crate::clock::SystemClock;
use crate::domain::host::HostSettings;
use crate::domain::id::HostId;
use crate::headless::Console;
use crate::ledger::{Ledger, LedgerError, Opened};
use crate::net::{NetSettings, NetworkMonitor};
use crate::port::{Clock, Prompter};
use crate::ssh::resolve::SshConfigFiles;
use crate::supervisor::{self, Connect, Handle};

/// What every command that reaches hosts has.
pub(super) struct Parts {
    pub setup: Setup,
    pub clock: Arc<dyn Clock>,
    pub connector: Aliases,
    /// Who asks, where there is no screen.
    terminal: Option<Arc<TerminalPrompter>>,
}

/// A supervisor, ours or a view of another's.
pub(super) struct Supervised {
    pub handle: Handle,
    pub ledger: Ledger,
    /// Tells the webhook; ends with the supervisor.
    caller: Option<Caller>,
    /// Of the operator's own network; ends with us.
    _network: Option<NetworkMonitor>,
}

impl Parts {
    pub(super) fn new(setup: Setup, prompter: Arc<dyn Prompter>) -> Result<Self, Failure> {
        let files = SshConfigFiles::from_environment(setup.ssh_config.as_deref())
            .map_err(|error| Failure::to(exit::CONFIGURATION, &error))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let connector = Aliases::new(setup.config.clone(), files, prompter, Arc::clone(&clock));
        Ok(Self { setup, clock, connector, terminal: None })
    }

    /// Fails now for hosts whose configuration cannot be understood, instead of trying for ever.
    pub(super) fn resolve(&self, hosts: &[HostSettings]) -> Result<(), Failure> {
        for host in hosts {
            self.connector.resolve(&host.id).map_err(|error| Failure::to(exit::CONFIGURATION, &error))?;
        }
        Ok(())
    }

    /// Opens the ledger and starts a supervisor that connects to `connect`; if another process holds
    /// the ledger, looks on and says so. `what` is what we call ourselves.
    pub(super) fn supervise(&self, what: &str, connect: Connect) -> Result<Supervised, Failure> {
        if let (Connect::Only(hosts), Some(terminal)) = (&connect, &self.terminal) {
            terminal.ask_only_for(hosts);
        }
        let now = self.clock.now().wall;
        let opened = Ledger::open(&self.setup.state_dir, &name(what), now).map_err(ledger_failure)?;
        let (ledger, holder) = match opened {
            Opened::Owner(ledger) => (ledger, None),
            Opened::Viewer(ledger, holder) => (ledger, Some(holder)),
        };
        if let Some(holder) = &holder {
            say(&format!("the ledger is held by {holder}; what is asked for here is done there"));
        }
        let hosts = self.hosts(&connect);
        // A viewer reads what the holder of the ledger sees of the network.
        let network = holder.is_none().then(|| NetworkMonitor::start(self.network(&hosts), Arc::clone(&self.clock)));
        let handle = supervisor::start(supervisor::Setup {
            hosts,
            connect,
            connector: Arc::new(self.connector.clone()),
            ledger: ledger.clone(),
            holder,
            clock: Arc::clone(&self.clock),
            network: network.as_ref().map(NetworkMonitor::feed),
            health: Some(self.setup.config.health.clone()),
            seed: rand::random(),
        })
        .map_err(ledger_failure)?;
        // The holder of the ledger tells, and nobody else: once.
        let webhook = self.setup.config.settings.webhook.as_ref().filter(|_| handle.holder().is_none());
        let caller = webhook.map(|webhook| Caller::start(webhook, &handle)).transpose()?;
        Ok(Supervised { handle, ledger, caller, _network: network })
    }

    /// What counts as the network, for these hosts. Reads files, and blocks meanwhile.
    pub(super) fn network(&self, hosts: &[HostSettings]) -> NetSettings {
        let mut ids = hosts.iter().map(|host| &host.id).peekable();
        let loopback_only = ids.peek().is_some() && ids.all(|id| self.connector.is_loopback(id));
        let network = self.setup.config.settings.network.clone();
        let inventory = if network.check.is_none() { self.connector.check_hosts(hosts) } else { Vec::new() };
        NetSettings { network, inventory, loopback_only }
    }

    /// The configured fleet, and what else is asked for.
    fn hosts(&self, connect: &Connect) -> Vec<HostSettings> {
        let mut hosts = self.setup.config.hosts.clone();
        let named: &[HostId] = match connect {
            Connect::All => &[],
            Connect::Only(hosts) => hosts,
        };
        for id in named {
            if hosts.iter().all(|host| host.id != *id) {
                hosts.push(self.setup.config.defaults.host(id.clone()));
            }
        }
        hosts
    }

    /// Ends connections and closes the ledger; runs go on.
    pub(super) async fn end(&self, supervised: Supervised) {
        supervised.handle.shutdown().await;
        drop(supervised.handle);
        if let Some(caller) = supervised.caller {
            caller.end().await;
        }
        let ledger = supervised.ledger;
        // Waits for the disk.
        tokio::task::spawn_blocking(move || ledger.close()).await.ok();
        if tokio::time::timeout(SETTLE_LIMIT, self.connector.settle()).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
    }
}

/// Runs a command that reaches hosts: reads the configuration, asks on the terminal where it must,
/// and leaves the terminal as it was.
pub(super) fn run<F>(globals: &Globals, body: impl FnOnce(Parts) -> F) -> Result<u8, Failure>
where
    F: Future<Output = Result<u8, Failure>>,
{
    let setup = Setup::load(globals)?;
    let prompter = Arc::new(TerminalPrompter::default());
    let mut parts = Parts::new(setup, Arc::clone(&prompter) as Arc<dyn Prompter>)?;
    parts.terminal = Some(Arc::clone(&prompter));
    let runtime = runtime()?;
    let outcome = runtime.block_on(body(parts));
    prompter.restore();
    // Whatever still blocks (a disk, a resolver) is not waited for: all that matters is on disk.
    runtime.shutdown_timeout(RUNTIME_LIMIT);
    outcome
}

pub(super) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(exit::FAILURE, format!("failed to start: {error}")))
}

/// The ledger for looking only; `None` when there is none yet.
pub(super) fn look(setup: &Setup) -> Result<Option<Ledger>, Failure> {
    // Whoever only looks makes no ledger.
    if !setup.state_dir.join("ledger.db").exists() {
        return Ok(None);
    }
    Ledger::open_viewer(&setup.state_dir).map(Some).map_err(ledger_failure)
}

pub(super) fn ledger_failure(error: LedgerError) -> Failure {
    Failure::to(exit::FAILURE, &error)
}

/// A line for people that is not output.
pub(super) fn say(text: &str) {
    // Nobody is left to tell when stderr is closed.
    writeln!(std::io::stderr(), "steadfast: {text}").ok();
}

/// A line of a table for people.
pub(super) fn say_plain(line: &str) {
    writeln!(std::io::stderr(), "{line}").ok();
}

/// Fails when stdout could not be written, for another reason than that its reader has gone.
pub(super) fn printed(console: &Console) -> Result<(), Failure> {
    match console.failure() {
        Some(error) => Err(Failure::new(exit::FAILURE, format!("failed to write to stdout: {error}"))
            .hint("runs go on; `steadfast attach last` follows the latest")),
        None => Ok(()),
    }
}

/// What others see who find the ledger held: `steadfast run on /dev/pts/3`.
fn name(what: &str) -> String {
    let terminal = rustix::termios::ttyname(std::io::stdin(), Vec::new()).ok();
    let terminal = terminal.and_then(|name| name.into_string().ok()).map(|name| format!(" on {name}"));
    format!("{what}{}", terminal.unwrap_or_default())
}

/// Seconds that local time is ahead of UTC at a moment.
pub(super) fn utc_offset(at: crate::domain::moment::Wall) -> i32 {
    use chrono::{Local, Offset, TimeZone};
    match Local.timestamp_millis_opt(at.0) {
        chrono::LocalResult::Single(time) | chrono::LocalResult::Ambiguous(time, _) => {
            time.offset().fix().local_minus_utc()
        }
        chrono::LocalResult::None => 0,
    }
}

/// Connections say goodbye in this time or are cut.
const SETTLE_LIMIT: Duration = Duration::from_secs(2);

/// Threads that still block at the end are waited for this long.
pub(super) const RUNTIME_LIMIT: Duration = Duration::from_millis(500);
