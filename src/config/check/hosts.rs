//! Hosts, and what holds for all of them.

use std::collections::HashMap;

use super::Context;
use super::link::link;
use super::secret::has_password;
use crate::config::HostDefaults;
use crate::config::file::{Defaults, File, Host, HostKeys, Transport};
use crate::config::range::{MAX_NAMES, expand};
use crate::config::value::At;
use crate::domain::host::{HostKeyPolicy, HostSettings, TransportChoice};
use crate::domain::id::HostId;
use crate::domain::link::LinkSettings;

pub(super) fn defaults(written: &Defaults, context: &mut Context<'_, '_>) -> HostDefaults {
    HostDefaults {
        user: user(written.user.as_ref(), context),
        port: port(written.port.as_ref(), context),
        identity_files: identity_files(written.identity_files.as_ref(), context).unwrap_or_default(),
        jump: jump(written.jump.as_ref(), context),
        transport: written.transport.as_ref().map_or_else(TransportChoice::default, transport),
        host_keys: written.host_keys.as_ref().map(host_keys),
        link: link(&written.link, LinkSettings::default(), context),
    }
}

pub(super) fn hosts(file: &File, defaults: &HostDefaults, context: &mut Context<'_, '_>) -> Vec<HostSettings> {
    let mut all: Vec<HostSettings> = Vec::new();
    // Where each name was first seen.
    let mut seen: HashMap<HostId, usize> = HashMap::new();
    for entry in &file.hosts.0 {
        let merged = merged(entry.value(), defaults, context);
        let tags = context.tags(&entry.value().tags);
        for (id, address) in names(entry, context) {
            let Some(name) = &entry.value().name else { continue };
            if let Some(first) = seen.get(&id) {
                let line = context.findings.line_of(*first);
                context
                    .findings
                    .add(name.span(), format!("host `{id}` is there already"))
                    .help(format!("its first entry is in line {line}"));
                break;
            }
            seen.insert(id.clone(), name.span().start);
            all.push(HostSettings { address, tags: tags.clone(), ..merged.host(id) });
        }
        if all.len() > MAX_NAMES {
            context.findings.add(entry.span(), format!("these are more than {MAX_NAMES} hosts"));
        }
        if context.findings.is_full() || all.len() > MAX_NAMES {
            break;
        }
    }
    all
}

/// What an entry says over what holds for all.
fn merged(written: &Host, defaults: &HostDefaults, context: &mut Context<'_, '_>) -> HostDefaults {
    HostDefaults {
        user: user(written.user.as_ref(), context).or_else(|| defaults.user.clone()),
        port: port(written.port.as_ref(), context).or(defaults.port),
        identity_files: identity_files(written.identity_files.as_ref(), context)
            .unwrap_or_else(|| defaults.identity_files.clone()),
        jump: jump(written.jump.as_ref(), context).or_else(|| defaults.jump.clone()),
        transport: written.transport.as_ref().map_or(defaults.transport, transport),
        host_keys: written.host_keys.as_ref().map(host_keys).or(defaults.host_keys),
        link: link(&written.link, defaults.link, context),
    }
}

/// The hosts of one entry, each with its address.
fn names(entry: &At<Host>, context: &mut Context<'_, '_>) -> Vec<(HostId, Option<String>)> {
    let Some(name) = &entry.value().name else {
        if !context.findings.incomplete {
            context.findings.add(entry.span(), "this host has no name").help("add `name = \"…\"`");
        }
        return Vec::new();
    };
    let names = match expand(name.value()) {
        Ok(names) => names,
        Err(error) => {
            context.findings.add(name.span(), error.to_string());
            return Vec::new();
        }
    };
    let addresses = addresses(entry.value().address.as_ref(), &names, context);
    let mut hosts = Vec::with_capacity(names.len());
    for (place, text) in names.iter().enumerate() {
        match HostId::parse(text) {
            Ok(id) if !text.contains('@') => hosts.push((id, addresses.get(place).cloned())),
            Ok(_) => {
                let finding = context.findings.add(name.span(), format!("{text:?} is no host name"));
                finding.help("write the login name as `user = \"…\"`");
                break;
            }
            Err(error) => {
                let finding = context.findings.add(name.span(), error.to_string());
                finding.help("allowed: 1 to 255 bytes without blanks, not beginning with `-`");
                break;
            }
        }
    }
    hosts
}

/// As many addresses as names, or none.
fn addresses(written: Option<&At<String>>, names: &[String], context: &mut Context<'_, '_>) -> Vec<String> {
    let Some(written) = written else { return Vec::new() };
    let addresses = match expand(written.value()) {
        Ok(addresses) => addresses,
        Err(error) => {
            context.findings.add(written.span(), error.to_string());
            return Vec::new();
        }
    };
    if addresses.len() != names.len() {
        let message = format!("addresses: {}, but hosts: {}", addresses.len(), names.len());
        context.findings.add(written.span(), message).help("an address needs the same ranges as the name");
        return Vec::new();
    }
    if let Some((wrong, advice)) = addresses.iter().find_map(|one| address_advice(one).map(|advice| (one, advice))) {
        context.findings.add(written.span(), format!("{wrong:?} is no address")).help(advice);
        return Vec::new();
    }
    addresses
}

/// What is wrong with an address, if anything.
fn address_advice(address: &str) -> Option<&'static str> {
    if address.contains("://") {
        Some("write only the name or address, without `ssh://`")
    } else if address.contains('@') {
        Some("write the login name as `user = \"…\"`")
    } else if address.matches(':').count() == 1 {
        Some("write the port as `port = …`")
    } else if HostId::parse(address).is_err() {
        Some("allowed: 1 to 255 bytes without blanks, not beginning with `-`")
    } else {
        None
    }
}

fn user(written: Option<&At<String>>, context: &mut Context<'_, '_>) -> Option<String> {
    let written = written?;
    if has_password(written.value()) {
        password(written, context);
        return None;
    }
    let sound = HostId::parse(written.value()).is_ok() && !written.value().contains(['@', ':', '/']);
    if !sound {
        context.wrong_word(written.span(), written.value(), "login name", "no blanks, `@`, `:` or `/`, no `-` first");
    }
    sound.then(|| written.value().clone())
}

fn port(written: Option<&At<u16>>, context: &mut Context<'_, '_>) -> Option<u16> {
    let written = written?;
    if *written.value() == 0 {
        context.findings.add(written.span(), "0 is no port").help("allowed: 1 to 65535");
        return None;
    }
    Some(*written.value())
}

/// `Some` also for an empty list: it takes the defaults away.
fn identity_files(written: Option<&At<Vec<At<String>>>>, context: &mut Context<'_, '_>) -> Option<Vec<String>> {
    let written = written?;
    Some(written.value().iter().filter_map(|file| context.path_text(Some(file))).collect())
}

fn jump(written: Option<&At<String>>, context: &mut Context<'_, '_>) -> Option<String> {
    let written = written?;
    if has_password(written.value()) {
        password(written, context);
        return None;
    }
    // Each hop is a word; what it means, ssh's own parser decides when it dials.
    let sound = written.value().split(',').all(|hop| HostId::parse(hop).is_ok());
    if !sound {
        context.wrong_word(
            written.span(),
            written.value(),
            "jump host",
            "`[user@]host[:port]`, comma-separated, or `none`",
        );
    }
    sound.then(|| written.value().clone())
}

fn password(written: &At<String>, context: &mut Context<'_, '_>) {
    context
        .findings
        .add(written.span(), "a password in an address")
        .help("no secret is read from a configuration file; write `user@host`");
}

fn transport(written: &At<Transport>) -> TransportChoice {
    match written.value() {
        Transport::Auto => TransportChoice::Auto,
        Transport::Russh => TransportChoice::Russh,
        Transport::System => TransportChoice::System,
    }
}

fn host_keys(written: &At<HostKeys>) -> HostKeyPolicy {
    match written.value() {
        HostKeys::Strict => HostKeyPolicy::Strict,
        HostKeys::AcceptNew => HostKeyPolicy::AcceptNew,
    }
}
