//! The words of `ProxyJump`: `[user@]host[:port]` or `ssh://[user@]host[:port]`, comma-separated.

use super::error::Problem;
use super::options::port;

/// One jump host as it was written; what is missing comes from the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Hop {
    pub user: Option<String>,
    pub host: String,
    pub port: Option<u16>,
}

/// The hops, first one first; empty for `none`.
pub(super) fn parse(spec: &str) -> Result<Vec<Hop>, Problem> {
    if spec.eq_ignore_ascii_case("none") {
        return Ok(Vec::new());
    }
    spec.split(',').map(|hop| parse_hop(hop).ok_or(Problem::NoJump)).collect()
}

fn parse_hop(text: &str) -> Option<Hop> {
    let text = match text.strip_prefix("ssh://") {
        Some(uri) => uri.strip_suffix('/').unwrap_or(uri),
        None => text,
    };
    let (user, place) = match text.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, text),
    };
    let (host, port_text) = match place.strip_prefix('[') {
        Some(bracketed) => {
            let (host, after) = bracketed.split_once(']')?;
            let port_text = if after.is_empty() { None } else { Some(after.strip_prefix(':')?) };
            (host, port_text)
        }
        None => match place.split_once(':') {
            Some((host, port_text)) => (host, Some(port_text)),
            None => (place, None),
        },
    };
    let port = match port_text {
        Some(text) => Some(port(text)?),
        None => None,
    };
    let sound = |part: &str| !part.is_empty() && !part.starts_with('-') && !part.contains(|c: char| c.is_control());
    let sound_host = sound(host) && !host.contains(['/', ' ', '\t']);
    (sound_host && user.is_none_or(sound)).then(|| Hop { user: user.map(str::to_owned), host: host.to_owned(), port })
}

impl std::fmt::Display for Hop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?
        } else {
            f.write_str(&self.host)?
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_read_back_what_they_print() {
        for spec in ["gw", "u@gw", "gw:23", "u@gw:23", "[::1]:23", "u@[fe80::1]", "a@b@gw:1"] {
            let hops = parse(spec).unwrap();
            assert_eq!(hops.iter().map(Hop::to_string).collect::<Vec<_>>(), [spec], "{spec}");
        }
        assert_eq!(parse("a,u@b:2").unwrap().len(), 2);
        assert_eq!(parse("ssh://u@gw:23").unwrap(), parse("u@gw:23").unwrap());
        assert_eq!(parse("None"), Ok(vec![]));
    }

    #[test]
    fn what_is_no_jump_host_is_refused() {
        for bad in
            ["", "a,", ",a", "@a", "a:", "a:0", "a:x", "[::1", "[::1]x", "::1", "-oProxyCommand=x", "a b", "ssh://a/b"]
        {
            assert_eq!(parse(bad), Err(Problem::NoJump), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_crashes_it(spec in ".*") {
            let _ = parse(&spec);
        }
    }
}
