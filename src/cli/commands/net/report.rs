//! The network, for people and for programs.

use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use crate::app::say;
use crate::domain::moment::Wall;
use crate::domain::network::{Answer, CheckAnswer, NetworkState};
use crate::ledger::record::Timestamp;
use crate::net::{InterfaceSummary, OwnNetwork, Source, Statistics};

/// An interface with its counters.
pub(super) struct Port {
    pub interface: InterfaceSummary,
    pub statistics: Option<Statistics>,
    /// Why there are none.
    pub trouble: Option<String>,
}

pub(super) struct Report {
    pub network: OwnNetwork,
    pub ports: Vec<Port>,
}

impl Report {
    pub(super) fn text(&self, color: bool) -> String {
        let (mark, sgr) = match self.network.state {
            NetworkState::Up => ("✓", "32"),
            NetworkState::Unknown => ("?", "2"),
            NetworkState::Degraded => ("~", "33"),
            NetworkState::Down => ("✗", "31"),
        };
        let head = format!("{mark} {}", self.words());
        let head = if color { format!("\x1b[{sgr}m{head}\x1b[0m\n") } else { format!("{head}\n") };
        let watched = format!("  {}\n", source(self.network.source));
        let route = (self.network.source == Source::Netlink && !self.network.default_route)
            .then_some("  no default route over an interface that counts\n");
        [head.as_str(), &watched, route.unwrap_or_default(), &self.interfaces(), &self.checks()].concat()
    }

    /// One change, as a line.
    pub(super) fn line(&self, at: Wall, utc_offset: i32) -> String {
        let silent: Vec<_> = self.network.checks.iter().filter(|check| !check.is_reached()).collect();
        let checks = match (self.network.checks.len(), silent.len()) {
            (0, _) => String::new(),
            (all, silent) => format!(" [{} of {all} check hosts answer]", all - silent),
        };
        format!("{} {}{checks}\n", say::time(at, utc_offset), self.words())
    }

    fn words(&self) -> String {
        format!("{}: {}", self.network.state.word(), say::clean(&self.network.why))
    }

    fn interfaces(&self) -> String {
        if self.ports.is_empty() {
            return String::new();
        }
        let mut table = plain();
        let heads = ["interface", "state", "addresses", "MTU", "MAC", "", "bytes", "packets", "errors", "drops"];
        table.set_header(heads.map(|head| if head == "interface" { format!("  {head}") } else { head.to_owned() }));
        for port in &self.ports {
            let it = &port.interface;
            let name = format!("  {}", say::clean(&it.name));
            let addresses: Vec<_> = it.addresses.iter().map(ToString::to_string).collect();
            let head = [name, state(it).to_owned(), addresses.join(" ")];
            let Some(counted) = &port.statistics else {
                let why = port.trouble.clone().unwrap_or_else(|| "gone".to_owned());
                table.add_row(head.into_iter().chain([String::new(), say::clean(&why).into_owned()]));
                continue;
            };
            let mac = counted.mac.clone().unwrap_or_default();
            let row = |bytes, packets: u64, errors: u64, drops: u64| {
                [say::bytes(bytes), packets.to_string(), errors.to_string(), drops.to_string()]
            };
            let (rx, tx) = (
                row(counted.rx_bytes, counted.rx_packets, counted.rx_errors, counted.rx_dropped),
                row(counted.tx_bytes, counted.tx_packets, counted.tx_errors, counted.tx_dropped),
            );
            table.add_row(head.into_iter().chain([counted.mtu.to_string(), mac, "RX".into()]).chain(rx));
            table.add_row([""; 5].map(str::to_owned).into_iter().chain(["TX".to_owned()]).chain(tx));
        }
        for column in [3, 6, 7, 8, 9] {
            right(&mut table, column);
        }
        table.trim_fmt() + "\n"
    }

    fn checks(&self) -> String {
        if self.network.checks.is_empty() {
            return String::new();
        }
        let mut table = plain();
        table.set_header(["  check host", "answer", "took"]);
        for check in &self.network.checks {
            let name = format!("  {}{}", say::clean(&check.name), if check.gateway { " (our gateway)" } else { "" });
            let (answer, took) = match &check.answer {
                Answer::Reached(took) => ("✓ answers".to_owned(), say::latency(*took)),
                Answer::Silent(why) => (format!("✗ {}", say::clean(why)), String::new()),
            };
            table.add_row([name, answer, took]);
        }
        right(&mut table, 2);
        table.trim_fmt() + "\n"
    }

    pub(super) fn record(&self, at: Wall) -> NetRecord {
        NetRecord {
            at: at.into(),
            state: self.network.state.word(),
            why: self.network.why.clone(),
            source: match self.network.source {
                Source::NotAsked => "not_asked",
                Source::Netlink => "netlink",
                Source::Polling => "polling",
            },
            default_route: self.network.default_route,
            interfaces: self.ports.iter().map(PortRecord::from).collect(),
            checks: self.network.checks.iter().map(CheckRecord::from).collect(),
        }
    }
}

fn source(source: Source) -> &'static str {
    match source {
        Source::NotAsked => "nobody could look yet",
        Source::Netlink => "watched by netlink: every change is told at once",
        Source::Polling => "polling: this system has no netlink, so only check hosts are asked, at their interval",
    }
}

fn state(interface: &InterfaceSummary) -> &'static str {
    match (interface.up, interface.running) {
        (true, true) => "up",
        (true, false) => "no carrier",
        (false, _) => "down",
    }
}

fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table
}

fn right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// The network as programs read it.
#[derive(Serialize)]
pub(super) struct NetRecord {
    at: Timestamp,
    state: &'static str,
    why: String,
    source: &'static str,
    default_route: bool,
    interfaces: Vec<PortRecord>,
    checks: Vec<CheckRecord>,
}

#[derive(Serialize)]
struct PortRecord {
    name: String,
    state: &'static str,
    addresses: Vec<String>,
    #[serde(flatten)]
    counted: Option<CountersRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

#[derive(Serialize)]
struct CountersRecord {
    mtu: u32,
    mac: Option<String>,
    rx_bytes: u64,
    rx_packets: u64,
    rx_errors: u64,
    rx_dropped: u64,
    tx_bytes: u64,
    tx_packets: u64,
    tx_errors: u64,
    tx_dropped: u64,
}

#[derive(Serialize)]
struct CheckRecord {
    name: String,
    gateway: bool,
    reached: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    took_us: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl From<&Port> for PortRecord {
    fn from(port: &Port) -> Self {
        Self {
            name: port.interface.name.clone(),
            state: state(&port.interface),
            addresses: port.interface.addresses.iter().map(ToString::to_string).collect(),
            counted: port.statistics.as_ref().map(CountersRecord::from),
            trouble: port.trouble.clone(),
        }
    }
}

impl From<&Statistics> for CountersRecord {
    fn from(counted: &Statistics) -> Self {
        Self {
            mtu: counted.mtu,
            mac: counted.mac.clone(),
            rx_bytes: counted.rx_bytes,
            rx_packets: counted.rx_packets,
            rx_errors: counted.rx_errors,
            rx_dropped: counted.rx_dropped,
            tx_bytes: counted.tx_bytes,
            tx_packets: counted.tx_packets,
            tx_errors: counted.tx_errors,
            tx_dropped: counted.tx_dropped,
        }
    }
}

impl From<&CheckAnswer> for CheckRecord {
    fn from(check: &CheckAnswer) -> Self {
        let (took_us, why) = match &check.answer {
            Answer::Reached(took) => (Some(took.as_micros()), None),
            Answer::Silent(why) => (None, Some(why.clone())),
        };
        Self { name: check.name.clone(), gateway: check.gateway, reached: check.is_reached(), took_us, why }
    }
}
