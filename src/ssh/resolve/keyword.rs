//! The keywords of `ssh_config` as data: which we honour, which need the system's `ssh`, which do
//! not concern us, and what each takes. Interprets nothing.

/// A keyword whose value is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Keyword {
    AddressFamily,
    BindAddress,
    BindInterface,
    CanonicalizeHostname,
    CaSignatureAlgorithms,
    CertificateFile,
    CheckHostIp,
    Ciphers,
    ConnectTimeout,
    GlobalKnownHostsFile,
    GssapiAuthentication,
    HashKnownHosts,
    HostKeyAlgorithms,
    HostKeyAlias,
    HostName,
    HostbasedAuthentication,
    IdentitiesOnly,
    IdentityAgent,
    IdentityFile,
    IgnoreUnknown,
    KbdInteractiveAuthentication,
    KexAlgorithms,
    KnownHostsCommand,
    Macs,
    NoHostAuthenticationForLocalhost,
    PasswordAuthentication,
    Pkcs11Provider,
    Port,
    PreferredAuthentications,
    ProxyCommand,
    ProxyJump,
    PubkeyAcceptedAlgorithms,
    PubkeyAuthentication,
    RevokedHostKeys,
    SecurityKeyProvider,
    ServerAliveCountMax,
    ServerAliveInterval,
    StrictHostKeyChecking,
    Tag,
    User,
    UserKnownHostsFile,
    VerifyHostKeyDns,
}

/// What a keyword takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Takes {
    /// One argument.
    Word,
    /// One argument, kept each time it is given.
    Each,
    /// One or more, or `none` alone.
    Words,
    Port,
    /// Seconds, or `1h30m`, or `none`.
    Time,
    Count,
    /// One of these, in any case.
    Choice(&'static [&'static str]),
    /// All up to the end of the line.
    Line,
    /// All up to the end of the line or a comment: `[user@]host[:port]`, comma-separated.
    Jump,
}

/// What a keyword is to us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meaning {
    Host,
    Match,
    Include,
    Value(Keyword, Takes),
    /// Concerns what we do not do (forwarding, terminals, multiplexing), or how `ssh` logs.
    Ignored,
    Unknown,
}

/// The meaning of a keyword in lower case.
pub(super) fn meaning(keyword: &str) -> Meaning {
    match keyword {
        "host" => return Meaning::Host,
        "match" => return Meaning::Match,
        "include" => return Meaning::Include,
        _ => {}
    }
    if let Some((_, keyword, takes)) = VALUES.iter().find(|(name, ..)| name.eq_ignore_ascii_case(keyword)) {
        return Meaning::Value(*keyword, *takes);
    }
    if IGNORED.contains(&keyword) { Meaning::Ignored } else { Meaning::Unknown }
}

/// The keyword that was probably meant.
pub(super) fn nearest(unknown: &str) -> Option<&'static str> {
    let known =
        VALUES.iter().map(|(name, ..)| *name).chain(["Host", "Match", "Include"]).chain(IGNORED.iter().copied());
    known
        .map(|name| (strsim::damerau_levenshtein(&name.to_ascii_lowercase(), unknown), name))
        .min()
        .filter(|(distance, _)| *distance <= 2)
        .map(|(_, name)| name)
}

impl Keyword {
    /// As OpenSSH's manual writes it.
    pub(super) fn name(self) -> &'static str {
        VALUES.iter().find(|(_, keyword, _)| *keyword == self).map_or("", |(name, ..)| name)
    }
}

pub(super) const FLAG: &[&str] = &["yes", "no", "true", "false"];
const ASK: &[&str] = &["yes", "no", "true", "false", "ask"];

/// Aliases come after the name the manual uses.
const VALUES: &[(&str, Keyword, Takes)] = &[
    ("AddressFamily", Keyword::AddressFamily, Takes::Choice(&["any", "inet", "inet6"])),
    ("BindAddress", Keyword::BindAddress, Takes::Word),
    ("BindInterface", Keyword::BindInterface, Takes::Word),
    ("CanonicalizeHostname", Keyword::CanonicalizeHostname, Takes::Choice(&["yes", "no", "true", "false", "always"])),
    ("CASignatureAlgorithms", Keyword::CaSignatureAlgorithms, Takes::Word),
    ("CertificateFile", Keyword::CertificateFile, Takes::Each),
    ("CheckHostIP", Keyword::CheckHostIp, Takes::Choice(FLAG)),
    ("Ciphers", Keyword::Ciphers, Takes::Word),
    ("ConnectTimeout", Keyword::ConnectTimeout, Takes::Time),
    ("GlobalKnownHostsFile", Keyword::GlobalKnownHostsFile, Takes::Words),
    ("GSSAPIAuthentication", Keyword::GssapiAuthentication, Takes::Choice(FLAG)),
    ("HashKnownHosts", Keyword::HashKnownHosts, Takes::Choice(FLAG)),
    ("HostKeyAlgorithms", Keyword::HostKeyAlgorithms, Takes::Word),
    ("HostKeyAlias", Keyword::HostKeyAlias, Takes::Word),
    ("HostName", Keyword::HostName, Takes::Word),
    ("HostbasedAuthentication", Keyword::HostbasedAuthentication, Takes::Choice(FLAG)),
    ("IdentitiesOnly", Keyword::IdentitiesOnly, Takes::Choice(FLAG)),
    ("IdentityAgent", Keyword::IdentityAgent, Takes::Word),
    ("IdentityFile", Keyword::IdentityFile, Takes::Each),
    ("IgnoreUnknown", Keyword::IgnoreUnknown, Takes::Word),
    ("KbdInteractiveAuthentication", Keyword::KbdInteractiveAuthentication, Takes::Choice(FLAG)),
    ("ChallengeResponseAuthentication", Keyword::KbdInteractiveAuthentication, Takes::Choice(FLAG)),
    ("KexAlgorithms", Keyword::KexAlgorithms, Takes::Word),
    ("KnownHostsCommand", Keyword::KnownHostsCommand, Takes::Line),
    ("MACs", Keyword::Macs, Takes::Word),
    ("NoHostAuthenticationForLocalhost", Keyword::NoHostAuthenticationForLocalhost, Takes::Choice(FLAG)),
    ("PasswordAuthentication", Keyword::PasswordAuthentication, Takes::Choice(FLAG)),
    ("PKCS11Provider", Keyword::Pkcs11Provider, Takes::Word),
    ("Port", Keyword::Port, Takes::Port),
    ("PreferredAuthentications", Keyword::PreferredAuthentications, Takes::Word),
    ("ProxyCommand", Keyword::ProxyCommand, Takes::Line),
    ("ProxyJump", Keyword::ProxyJump, Takes::Jump),
    ("PubkeyAcceptedAlgorithms", Keyword::PubkeyAcceptedAlgorithms, Takes::Word),
    ("PubkeyAcceptedKeyTypes", Keyword::PubkeyAcceptedAlgorithms, Takes::Word),
    (
        "PubkeyAuthentication",
        Keyword::PubkeyAuthentication,
        Takes::Choice(&["yes", "no", "true", "false", "unbound", "host-bound"]),
    ),
    ("RevokedHostKeys", Keyword::RevokedHostKeys, Takes::Word),
    ("SecurityKeyProvider", Keyword::SecurityKeyProvider, Takes::Word),
    ("ServerAliveCountMax", Keyword::ServerAliveCountMax, Takes::Count),
    ("ServerAliveInterval", Keyword::ServerAliveInterval, Takes::Time),
    (
        "StrictHostKeyChecking",
        Keyword::StrictHostKeyChecking,
        Takes::Choice(&["ask", "yes", "no", "true", "false", "off", "accept-new"]),
    ),
    ("Tag", Keyword::Tag, Takes::Word),
    ("User", Keyword::User, Takes::Word),
    ("UserKnownHostsFile", Keyword::UserKnownHostsFile, Takes::Words),
    ("VerifyHostKeyDNS", Keyword::VerifyHostKeyDns, Takes::Choice(ASK)),
];

/// In lower case, since only compared.
const IGNORED: &[&str] = &[
    "addkeystoagent",
    "batchmode",
    "canonicaldomains",
    "canonicalizefallbacklocal",
    "canonicalizemaxdots",
    "canonicalizepermittedcnames",
    "channeltimeout",
    "cipher",
    "clearallforwardings",
    "compression",
    "compressionlevel",
    "connectionattempts",
    "controlmaster",
    "controlpath",
    "controlpersist",
    "dynamicforward",
    "enableescapecommandline",
    "enablesshkeysign",
    "escapechar",
    "exitonforwardfailure",
    "fallbacktorsh",
    "fingerprinthash",
    "forkafterauthentication",
    "forwardagent",
    "forwardx11",
    "forwardx11timeout",
    "forwardx11trusted",
    "gatewayports",
    "globalknownhostsfile2",
    "gssapiclientidentity",
    "gssapidelegatecredentials",
    "gssapikexalgorithms",
    "gssapikeyexchange",
    "gssapirenewalforcesrekey",
    "gssapiserveridentity",
    "gssapitrustdns",
    "hostbasedacceptedalgorithms",
    "hostbasedkeytypes",
    "ipqos",
    "kbdinteractivedevices",
    "keepalive",
    "localcommand",
    "localforward",
    "loglevel",
    "logverbose",
    "numberofpasswordprompts",
    "obscurekeystroketiming",
    "permitlocalcommand",
    "permitremoteopen",
    "protocol",
    "proxyusefdpass",
    "rekeylimit",
    "remotecommand",
    "remoteforward",
    "requesttty",
    "requiredrsasize",
    "rhostsrsaauthentication",
    "rsaauthentication",
    "sendenv",
    "sessiontype",
    "setenv",
    "smartcarddevice",
    "stdinnull",
    "streamlocalbindmask",
    "streamlocalbindunlink",
    "syslogfacility",
    "tcpkeepalive",
    "tunnel",
    "tunneldevice",
    "updatehostkeys",
    "usekeychain",
    "useprivilegedport",
    "userknownhostsfile2",
    "visualhostkey",
    "xauthlocation",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_found_in_lower_case() {
        assert_eq!(meaning("hostname"), Meaning::Value(Keyword::HostName, Takes::Word));
        assert_eq!(meaning("macs"), Meaning::Value(Keyword::Macs, Takes::Word));
        assert_eq!(meaning("forwardagent"), Meaning::Ignored);
        assert_eq!(meaning("hostnam"), Meaning::Unknown);
        assert_eq!(nearest("hostnam"), Some("HostName"));
        assert_eq!(nearest("nothing-like-it"), None);
        assert_eq!(Keyword::KbdInteractiveAuthentication.name(), "KbdInteractiveAuthentication");
    }
}
