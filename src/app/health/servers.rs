//! The servers of a control plane beside the hosts: they have numbers and a service, and no connection.

use std::sync::Arc;

use super::words::Age;
use super::{App, Board, Row};
use crate::app::say;
use crate::app::toast::Tone;
use crate::domain::fleet::{Fleet, HostView};
use crate::domain::health::{HostHealth, PlaneHealth};
use crate::domain::id::HostId;
use crate::domain::moment::Wall;

impl Board {
    pub(in crate::app) fn apply_plane(&mut self, plane: Arc<PlaneHealth>, now: Wall) {
        let mut servers = Fleet::default();
        for name in plane.servers.keys() {
            if let Some(id) = id(name) {
                servers.add_host(id, say::clean(&plane.name).into_owned(), Vec::new(), now);
            }
        }
        self.servers = servers;
        self.plane = Some(plane);
        self.server = self.server.take().filter(|server| self.servers.hosts.contains_key(server));
    }

    /// Whether this is what is known already.
    #[must_use]
    pub fn has(&self, plane: &Arc<PlaneHealth>) -> bool {
        self.plane.as_ref().is_some_and(|known| Arc::ptr_eq(known, plane))
    }

    pub(super) fn of_server(&self, server: &HostId) -> Option<&HostHealth> {
        let servers = &self.plane.as_ref()?.servers;
        // A name that is no word has been made one.
        let found = servers
            .get(server.as_str())
            .or_else(|| servers.iter().find(|(name, _)| id(name).as_ref() == Some(server)).map(|(_, health)| health));
        found.map(AsRef::as_ref)
    }
}

impl App {
    /// The server that is selected instead of a host: in this view, where the filter shows it; the first
    /// where it shows no host.
    #[must_use]
    pub fn health_server(&self) -> Option<&HostView> {
        let chosen = self.health.server.as_ref();
        let shown = chosen.and_then(|server| self.hosts.shown(&self.health.servers).find(|shown| shown.id == *server));
        shown.or_else(|| {
            let none = self.hosts.shown(&self.fleet).next().is_none();
            self.hosts.visible(&self.health.servers).first().copied().filter(|_| none)
        })
    }

    pub(super) fn server_row<'a>(&'a self, server: &'a HostView, selected: Option<&HostId>) -> Row<'a> {
        let health = self.health.of_server(&server.id);
        let latest = health.and_then(|health| health.latest.as_ref());
        let service = latest.and_then(|taken| taken.sample.service());
        let selected = selected == Some(&server.id);
        let mut findings = self.findings(server, latest, service);
        // There is little room for anything else: what it said and nobody could read is said at once.
        let remarks = latest.iter().flat_map(|taken| &taken.sample.remarks);
        findings.warnings.extend(remarks.map(|remark| say::clean(remark).into_owned()));
        Row { host: server, server: true, health, age: self.server_age(health), findings, selected }
    }

    pub(super) fn server_age(&self, health: Option<&HostHealth>) -> Age {
        if let Some((_, why)) = health.and_then(|health| health.failed.as_ref()) {
            return Age::Failed(say::clean(why).into_owned());
        }
        let Some(latest) = health.and_then(|health| health.latest.as_ref()) else { return Age::NotYet };
        let age = self.now.wall.since(latest.at);
        if age > self.health.settings.sampling.unwrap_or_default().patience() {
            Age::Late(Some(age))
        } else {
            Age::Fresh(age)
        }
    }

    /// What is wrong with the control plane itself, or not shown of it.
    #[must_use]
    pub fn plane_trouble(&self) -> Option<String> {
        let plane = self.health.plane.as_ref()?;
        if let Some((_, why)) = &plane.failed {
            return Some(say::clean(why).into_owned());
        }
        if let Some(since) = plane.late {
            return Some(format!("the control plane is late: asked {} ago", say::duration(self.now.wall.since(since))));
        }
        (plane.beyond > 0).then(|| format!("{} more servers are not shown", plane.beyond))
    }

    /// Whether what is selected is nothing that verbs act on; says so.
    pub(in crate::app) fn refuse_server(&mut self) -> bool {
        let Some(server) = self.health_server().map(|server| server.id.to_string()) else { return false };
        self.tell(Tone::Warning, format!("{server} is a server of the control plane: it is only looked at"));
        true
    }
}

/// The list may name anything.
fn id(name: &str) -> Option<HostId> {
    let word: String = name.chars().map(|c| if c.is_whitespace() || c.is_control() { '_' } else { c }).collect();
    HostId::parse(word.trim_start_matches('-')).ok()
}
