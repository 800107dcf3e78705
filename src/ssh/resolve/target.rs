//! Makes a [`Target`] of what the files said, and of each of its jump hosts.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::host::{HostKeyPolicy, HostSettings, TransportChoice};
use crate::domain::id::HostId;
use crate::domain::link::LinkSettings;

use super::error::{Problem, ResolveError};
use super::files::SshConfigFiles;
use super::jump::{self, Hop};
use super::keyword::Keyword;
use super::options::{self, Options};
use super::token::{self, Tokens};
use super::walk::Walk;
use super::{IdentityAgent, KnownHostsFiles, Target, identity, needs, overrides};

pub(super) struct Resolution {
    pub target: Target,
    pub remarks: Vec<String>,
}

/// One host on the way, as it was asked for.
#[derive(PartialEq, Eq)]
struct Step {
    hop: String,
    jump: Option<String>,
}

pub(super) fn build(
    settings: &HostSettings,
    hosts: &[HostSettings],
    files: &SshConfigFiles,
) -> Result<Resolution, ResolveError> {
    build_within(settings, hosts, files, &mut Vec::new())
}

/// `trail`: the hosts on whose behalf this one is resolved.
fn build_within(
    settings: &HostSettings,
    hosts: &[HostSettings],
    files: &SshConfigFiles,
    trail: &mut Vec<Step>,
) -> Result<Resolution, ResolveError> {
    let (name, settings) = (settings.id.clone(), &without_user(settings));
    enter(trail, settings)?;
    let options = read(settings, files)?;
    let original = settings.id.as_str();
    let host = options.resolved_name.clone().unwrap_or_else(|| original.to_owned());
    let alias = options.word(Keyword::HostKeyAlias).map(str::to_lowercase);
    let tokens = Tokens {
        files,
        original,
        host: &host,
        port: options.word(Keyword::Port).and_then(options::port).unwrap_or(DEFAULT_PORT),
        user: options.word(Keyword::User).unwrap_or(&files.local_user),
        key_alias: alias.as_deref().unwrap_or(original),
    };
    let mut reasons = needs::reasons(&options);
    let mut remarks = needs::remarks(&options);
    let mut overrides = overrides::of(&options);
    let way = jumps(settings, hosts, &options, &tokens, trail)?;
    reasons.extend(way.reasons);
    remarks.extend(way.remarks);
    overrides.extend(way.command.map(|command| format!("ProxyCommand={command}")));
    let identity_files = identity_files(&options, &tokens, &mut reasons)?;
    let target = Target {
        alias: name,
        port: tokens.port,
        user: tokens.user.to_owned(),
        identity_files,
        certificate_files: paths(options.certificate_files(), Keyword::CertificateFile, &tokens)?,
        identities_only: options.is_set(Keyword::IdentitiesOnly),
        identity_agent: identity_agent(&options, &tokens)?,
        jump: way.hops,
        known_hosts: known_hosts(&options, &tokens)?,
        host_keys: settings.host_keys.unwrap_or_else(|| host_key_policy(&options)),
        hash_known_hosts: options.is_set(Keyword::HashKnownHosts),
        connect_timeout: seconds(&options, Keyword::ConnectTimeout),
        needs_system: (!reasons.is_empty()).then(|| reasons.join(", ")),
        transport: settings.transport,
        link: link(settings.link, &options),
        config_file: files.user.clone().filter(|_| files.given),
        overrides,
        hostname: host.clone(),
        host_key_alias: alias.clone(),
    };
    trail.pop();
    Ok(Resolution { target, remarks })
}

/// `user@host` as `ssh` takes it: the user goes before every other, and the rest is the name.
fn without_user(settings: &HostSettings) -> HostSettings {
    let mut settings = settings.clone();
    if let Some((user, host)) = settings.id.as_str().rsplit_once('@').filter(|(user, _)| !user.is_empty())
        && let Ok(id) = HostId::parse(host)
    {
        settings.user = Some(user.to_owned());
        settings.id = id;
    }
    settings
}

/// A host that comes up again with the same `ProxyJump` imposed on it would come up for ever.
fn enter(trail: &mut Vec<Step>, settings: &HostSettings) -> Result<(), ResolveError> {
    let hop = Hop { user: settings.user.clone(), host: settings.id.to_string(), port: settings.port };
    let step = Step { hop: hop.to_string(), jump: settings.jump.clone() };
    let seen = trail.contains(&step);
    trail.push(step);
    let host = || trail.first().map(|step| step.hop.clone()).unwrap_or_default();
    if seen {
        let through = trail.iter().map(|step| step.hop.clone()).collect();
        return Err(ResolveError::JumpLoop { host: host(), through });
    }
    if trail.len() > MOST_JUMPS + 1 {
        return Err(ResolveError::TooManyJumps { host: host(), limit: MOST_JUMPS });
    }
    Ok(())
}

/// What settings and files say, the settings first; a second pass when a `Match final` wants it.
fn read(settings: &HostSettings, files: &SshConfigFiles) -> Result<Options, ResolveError> {
    let original = settings.id.as_str();
    let wrong = |keyword: Keyword, text: &str, problem| ResolveError::Value {
        host: original.to_owned(),
        keyword: keyword.name(),
        text: text.to_owned(),
        problem,
    };
    let mut options = Options::default();
    if let Some(address) = &settings.address {
        options.preset(Keyword::HostName, address.replace('%', "%%"));
    }
    if let Some(user) = &settings.user {
        options.preset(Keyword::User, user.clone());
    }
    if let Some(port) = settings.port {
        options.preset(Keyword::Port, port.to_string());
    }
    if let Some(jump) = &settings.jump {
        jump::parse(jump).map_err(|problem| wrong(Keyword::ProxyJump, jump, problem))?;
        options.preset(Keyword::ProxyJump, jump.clone());
        options.preset(Keyword::ProxyCommand, NONE.to_owned());
    }
    options.preset_identity_files(&settings.identity_files);

    let wanted = pass(&mut options, original, original, false, files)?;
    let name = options.word(Keyword::HostName).unwrap_or("%h").to_owned();
    let name = token::host_name(&name, original).map_err(|problem| wrong(Keyword::HostName, &name, problem))?;
    let name = canonical(&name);
    options.resolved_name = Some(name.clone());
    if wanted {
        pass(&mut options, original, &name, true, files)?;
    }
    Ok(options)
}

/// Whether another pass is wanted.
fn pass(
    options: &mut Options,
    original: &str,
    subject: &str,
    last_pass: bool,
    files: &SshConfigFiles,
) -> Result<bool, ResolveError> {
    let mut walk = Walk {
        files,
        original,
        subject,
        last_pass,
        options,
        last_pass_wanted: false,
        named: &mut |_| {},
        files_read: 0,
    };
    walk.all()?;
    Ok(walk.last_pass_wanted)
}

/// Names in lower case, addresses in their usual form.
fn canonical(name: &str) -> String {
    name.parse::<IpAddr>().map_or_else(|_| name.to_lowercase(), |address| address.to_string())
}

/// The jump hosts on the way to a host.
#[derive(Default)]
struct Way {
    hops: Vec<Target>,
    reasons: Vec<String>,
    remarks: Vec<String>,
    /// For the system's `ssh`, where its files do not say all of it.
    command: Option<String>,
}

/// The last hop of `ProxyJump` is reached through those before it, or, when it stands alone, as its
/// own configuration says.
fn jumps(
    settings: &HostSettings,
    hosts: &[HostSettings],
    options: &Options,
    tokens: &Tokens<'_>,
    trail: &mut Vec<Step>,
) -> Result<Way, ResolveError> {
    let Some(spec) = options.word(Keyword::ProxyJump) else { return Ok(Way::default()) };
    let host = || settings.id.to_string();
    let spec = tokens.jump(spec).map_err(|problem| ResolveError::Value {
        host: host(),
        keyword: Keyword::ProxyJump.name(),
        text: spec.to_owned(),
        problem,
    })?;
    let mut hops = jump::parse(&spec).map_err(|_| ResolveError::Jump { host: host(), text: spec.clone() })?;
    let Some(last) = hops.pop() else { return Ok(Way::default()) };
    // As ssh has it: the last hop as written, against what this host is really called.
    let port = last.port.unwrap_or(DEFAULT_PORT);
    let user = last.user.as_deref().unwrap_or(tokens.user);
    if (last.host.as_str(), port, user) == (tokens.host, tokens.port, tokens.user) {
        return Err(ResolveError::JumpLoop { host: host(), through: vec![host(), last.host] });
    }
    let id = HostId::parse(&last.host).map_err(|source| ResolveError::JumpName { host: host(), source })?;
    let known = hosts.iter().find(|host| host.id == id);
    let mut hop_settings =
        known.cloned().unwrap_or_else(|| HostSettings { link: settings.link, ..HostSettings::new(id) });
    hop_settings.user = last.user.or(hop_settings.user);
    hop_settings.port = last.port.or(hop_settings.port);
    let mut reasons = Vec::new();
    if hop_settings.transport == TransportChoice::System {
        reasons.push(format!("transport of jump host {}", hop_settings.id));
    }
    hop_settings.transport = settings.transport;
    if !hops.is_empty() {
        let before: Vec<String> = hops.iter().map(|hop| hop.to_string().replace('%', "%%")).collect();
        hop_settings.jump = Some(before.join(","));
    }
    let Resolution { target: mut hop, remarks: of_hop } = build_within(&hop_settings, hosts, tokens.files, trail)?;
    if let Some(why) = &hop.needs_system {
        reasons.push(format!("{why} of jump host {}", hop.alias));
    }
    let remarks = of_hop.into_iter().map(|remark| format!("jump host {}: {remark}", hop.alias)).collect();
    let told = settings.jump.is_some() || known.is_some() || hop.overrides.iter().any(|word| overrides::is_way(word));
    let command = told.then(|| overrides::command(&hop));
    let mut hops = std::mem::take(&mut hop.jump);
    hops.push(hop);
    Ok(Way { hops, reasons, remarks, command })
}

fn identity_files(
    options: &Options,
    tokens: &Tokens<'_>,
    reasons: &mut Vec<String>,
) -> Result<Vec<PathBuf>, ResolveError> {
    let in_home = |name: &&str| tokens.files.home.join(".ssh").join(name);
    let mut files = paths(options.identity_files(), Keyword::IdentityFile, tokens)?;
    let mut security = Vec::new();
    if options.identity_files().next().is_none() {
        files = identity::DEFAULT.iter().map(in_home).collect();
        security = identity::DEFAULT_SECURITY.iter().map(in_home).collect();
    }
    if let Some(key) = identity::only_security_keys(files.iter().chain(&security)) {
        reasons.push(format!("security key {}", key.display()));
    }
    Ok(files)
}

fn paths<'a>(
    texts: impl Iterator<Item = &'a str>,
    keyword: Keyword,
    tokens: &Tokens<'_>,
) -> Result<Vec<PathBuf>, ResolveError> {
    texts.filter(|text| !text.eq_ignore_ascii_case(NONE)).map(|text| path(text, keyword, tokens)).collect()
}

fn path(text: &str, keyword: Keyword, tokens: &Tokens<'_>) -> Result<PathBuf, ResolveError> {
    tokens.path(text).map_err(|problem: Problem| ResolveError::Value {
        host: tokens.original.to_owned(),
        keyword: keyword.name(),
        text: text.to_owned(),
        problem,
    })
}

fn identity_agent(options: &Options, tokens: &Tokens<'_>) -> Result<IdentityAgent, ResolveError> {
    let Some(text) = options.word(Keyword::IdentityAgent) else { return Ok(IdentityAgent::Env) };
    if text == "SSH_AUTH_SOCK" {
        return Ok(IdentityAgent::Env);
    }
    if text.eq_ignore_ascii_case(NONE) {
        return Ok(IdentityAgent::None);
    }
    if let Some(name) = text.strip_prefix('$').filter(|name| !name.starts_with('{')) {
        let path = tokens.files.environment.get(name);
        return Ok(path.map_or(IdentityAgent::None, |path| IdentityAgent::Path(PathBuf::from(path))));
    }
    path(text, Keyword::IdentityAgent, tokens).map(IdentityAgent::Path)
}

fn known_hosts(options: &Options, tokens: &Tokens<'_>) -> Result<KnownHostsFiles, ResolveError> {
    let home = &tokens.files.home;
    let user = match options.value(Keyword::UserKnownHostsFile) {
        Some(value) => paths(value.words.iter().map(String::as_str), Keyword::UserKnownHostsFile, tokens)?,
        None => ["known_hosts", "known_hosts2"].iter().map(|name| home.join(".ssh").join(name)).collect(),
    };
    let global = match options.value(Keyword::GlobalKnownHostsFile) {
        Some(value) => {
            let given = value.words.iter().filter(|word| !word.eq_ignore_ascii_case(NONE));
            given.map(|word| tokens.files.expand_tilde(word).unwrap_or_else(|| PathBuf::from(word))).collect()
        }
        None => GLOBAL_KNOWN_HOSTS.iter().map(PathBuf::from).collect(),
    };
    Ok(KnownHostsFiles { user, global })
}

/// `no` does not switch off verification here; `needs::remarks` says so.
fn host_key_policy(options: &Options) -> HostKeyPolicy {
    let word = options.word(Keyword::StrictHostKeyChecking).map(str::to_ascii_lowercase);
    match word.as_deref() {
        Some("no" | "false" | "off" | "accept-new") => HostKeyPolicy::AcceptNew,
        Some(_) | None => HostKeyPolicy::Strict,
    }
}

/// What the files say counts where the settings are the defaults; a `ServerAliveInterval` of 0
/// (never ask) does not, since liveness is what we are for.
fn link(settings: LinkSettings, options: &Options) -> LinkSettings {
    let default = LinkSettings::default();
    let mut link = settings;
    if let Some(interval) = seconds(options, Keyword::ServerAliveInterval)
        && settings.keepalive == default.keepalive
    {
        link.keepalive = interval;
    }
    let count = options.word(Keyword::ServerAliveCountMax).and_then(options::count);
    if let Some(count) = count.filter(|count| *count > 0)
        && settings.keepalive_count == default.keepalive_count
    {
        link.keepalive_count = count;
    }
    link
}

/// `None` for `none` and for 0, which mean no limit.
fn seconds(options: &Options, keyword: Keyword) -> Option<Duration> {
    let seconds = options.word(keyword).and_then(options::seconds)?;
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}

const NONE: &str = "none";
const DEFAULT_PORT: u16 = 22;
const GLOBAL_KNOWN_HOSTS: [&str; 2] = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];
/// Hops on the way to one host; more is taken for a mistake.
const MOST_JUMPS: usize = 16;
