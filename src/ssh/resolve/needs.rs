//! What the files ask for and we do not do: either the host goes by the system's `ssh`, or the
//! operator is told in a remark that it is left out.

use super::keyword::Keyword;
use super::options::{self, Options, Value, is_yes};

/// How much a keyword matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Weight {
    /// Without it the host cannot be reached, or would be trusted wrongly: `ssh` does it.
    Always,
    /// `ssh` does it when the operator's own file says so. Distributions put it into the
    /// system-wide file for every host (`GSSAPIAuthentication yes`, crypto policies), where it is
    /// an offer, not a need: left out there, with a remark.
    IfOwn,
    /// Left out, with a remark.
    Never,
}

/// Why the system's `ssh` is needed, in the words of the file.
pub(super) fn reasons(options: &Options) -> Vec<String> {
    let by_value = asked(options).filter(|(_, weight, value)| needs_ssh(*weight, value));
    by_value.map(|(keyword, ..)| keyword.name().to_owned()).chain(options.needs.iter().cloned()).collect()
}

/// What is done otherwise than the files say.
pub(super) fn remarks(options: &Options) -> Vec<String> {
    let left_out = asked(options).filter(|(_, weight, value)| !needs_ssh(*weight, value));
    left_out.map(|(keyword, _, value)| remark(keyword, value)).collect()
}

fn asked(options: &Options) -> impl Iterator<Item = (Keyword, Weight, &Value)> {
    RULES.iter().filter_map(|(keyword, weight, applies)| {
        let value = options.value(*keyword)?;
        let word = value.words.first()?;
        applies(word).then_some((*keyword, *weight, value))
    })
}

fn needs_ssh(weight: Weight, value: &Value) -> bool {
    match weight {
        Weight::Always => true,
        Weight::IfOwn => value.own,
        Weight::Never => false,
    }
}

fn remark(keyword: Keyword, value: &Value) -> String {
    let word = value.words.first().map_or("", String::as_str);
    let place = value.file.as_ref().map(|file| format!(" ({})", file.display())).unwrap_or_default();
    let instead = if keyword == Keyword::StrictHostKeyChecking {
        "host keys are always verified; unknown ones are accepted and written down, changed ones refused"
    } else {
        "left out"
    };
    format!("{} {word}{place}: {instead}", keyword.name())
}

type Rule = (Keyword, Weight, fn(&str) -> bool);

const RULES: &[Rule] = &[
    (Keyword::ProxyCommand, Weight::Always, given),
    (Keyword::CanonicalizeHostname, Weight::Always, |word| is_yes(word) || word.eq_ignore_ascii_case("always")),
    (Keyword::AddressFamily, Weight::Always, |word| !word.eq_ignore_ascii_case("any")),
    (Keyword::BindAddress, Weight::Always, |_| true),
    (Keyword::BindInterface, Weight::Always, |_| true),
    (Keyword::KnownHostsCommand, Weight::Always, given),
    (Keyword::RevokedHostKeys, Weight::Always, given),
    (Keyword::Pkcs11Provider, Weight::Always, given),
    (Keyword::SecurityKeyProvider, Weight::Always, |word| given(word) && word != "internal" && !word.starts_with('$')),
    (Keyword::GssapiAuthentication, Weight::IfOwn, is_yes),
    (Keyword::HostbasedAuthentication, Weight::IfOwn, is_yes),
    (Keyword::CheckHostIp, Weight::IfOwn, is_yes),
    (Keyword::PubkeyAuthentication, Weight::IfOwn, is_no),
    (Keyword::PreferredAuthentications, Weight::IfOwn, |_| true),
    (Keyword::Ciphers, Weight::IfOwn, |_| true),
    (Keyword::Macs, Weight::IfOwn, |_| true),
    (Keyword::KexAlgorithms, Weight::IfOwn, |_| true),
    (Keyword::HostKeyAlgorithms, Weight::IfOwn, |_| true),
    (Keyword::CaSignatureAlgorithms, Weight::IfOwn, |_| true),
    (Keyword::PubkeyAcceptedAlgorithms, Weight::IfOwn, |_| true),
    (Keyword::PasswordAuthentication, Weight::Never, is_no),
    (Keyword::KbdInteractiveAuthentication, Weight::Never, is_no),
    (Keyword::VerifyHostKeyDns, Weight::Never, |word| !is_no(word)),
    (Keyword::NoHostAuthenticationForLocalhost, Weight::Never, is_yes),
    (Keyword::ServerAliveInterval, Weight::Never, |word| word == "none" || options::seconds(word) == Some(0)),
    (Keyword::StrictHostKeyChecking, Weight::Never, |word| is_no(word) || word.eq_ignore_ascii_case("off")),
];

fn given(word: &str) -> bool {
    !word.eq_ignore_ascii_case("none")
}

fn is_no(word: &str) -> bool {
    word.eq_ignore_ascii_case("no") || word.eq_ignore_ascii_case("false")
}
