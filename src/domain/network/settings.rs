//! The numbers and names that the watch of the own network goes by.

use core::net::IpAddr;
use std::fmt;
use std::time::Duration;

/// As configured in `[network]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NetworkSettings {
    /// Who is asked whether our network carries; `None`: chosen from the inventory; empty: nobody.
    pub check: Option<Vec<CheckHost>>,
    /// Between two rounds of questions, while links are not alive.
    pub check_interval: Duration,
    /// For each question.
    pub check_timeout: Duration,
    /// A network that comes back right after it went must stay for this long before it counts as up,
    /// unless somebody answers over it.
    pub settle: Duration,
    /// Only these interfaces count; empty: all.
    pub interfaces: Vec<String>,
}

impl Default for NetworkSettings {
    fn default() -> Self {
        NetworkPreset::default().settings()
    }
}

/// Sets of numbers for kinds of networks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum NetworkPreset {
    /// Asks seldom, and believes in a return late: metered lines, and links that flap.
    Conservative,
    #[default]
    Balanced,
    /// Gives answers time: satellites, mobile networks, distant VPNs.
    Patient,
}

impl NetworkPreset {
    #[must_use]
    pub fn settings(self) -> NetworkSettings {
        let (interval, timeout, settle) = match self {
            Self::Conservative => (30, 3, Duration::from_secs(3)),
            Self::Balanced => (10, 3, Duration::from_millis(250)),
            Self::Patient => (20, 10, Duration::from_secs(1)),
        };
        NetworkSettings {
            check: None,
            check_interval: Duration::from_secs(interval),
            check_timeout: Duration::from_secs(timeout),
            settle,
            interfaces: Vec::new(),
        }
    }
}

/// Somebody who shows by an answer that our network carries. Of several ports one answer is enough.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CheckHost {
    host: String,
    ports: Vec<u16>,
}

/// Why a text names no check host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckHostError {
    /// A name, without a port to knock at.
    NoPort,
    BadPort,
    BadName,
}

impl CheckHost {
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), ports: vec![port] }
    }

    /// An address without a port: a resolver or a web server answers at most of them, if only by refusing.
    #[must_use]
    pub fn address(ip: IpAddr) -> Self {
        Self { host: ip.to_string(), ports: BARE.to_vec() }
    }

    /// `gate.example.com:22`, `[2001:db8::1]:22`, `192.0.2.1`, `2001:db8::1`.
    ///
    /// # Errors
    /// When it is neither an address nor a name with a port.
    pub fn parse(text: &str) -> Result<Self, CheckHostError> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(Self::address(ip));
        }
        let (host, port) = text.rsplit_once(':').ok_or(CheckHostError::NoPort)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or(CheckHostError::BadPort)?;
        let host = match host.strip_prefix('[') {
            Some(inner) => inner.strip_suffix(']').filter(|inner| inner.parse::<IpAddr>().is_ok()),
            None => Some(host).filter(|host| is_name(host)),
        };
        Ok(Self::new(host.ok_or(CheckHostError::BadName)?, port))
    }

    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    #[must_use]
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }
}

/// `gate:22`; an address that is asked at the usual ports stands alone.
impl fmt::Display for CheckHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ports.as_slice() {
            [port] if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            [port] => write!(f, "{}:{port}", self.host),
            _ => f.write_str(&self.host),
        }
    }
}

fn is_name(text: &str) -> bool {
    (1..=253).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

const BARE: [u16; 2] = [53, 443];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_host_is_an_address_or_a_name_with_a_port() {
        for (text, host, ports) in [
            ("gate.example.com:22", "gate.example.com", &[22][..]),
            ("192.0.2.1", "192.0.2.1", &[53, 443]),
            ("192.0.2.1:8080", "192.0.2.1", &[8080]),
            ("2001:db8::1", "2001:db8::1", &[53, 443]),
            ("[2001:db8::1]", "2001:db8::1", &[53, 443]),
            ("[2001:db8::1]:22", "2001:db8::1", &[22]),
        ] {
            let found = CheckHost::parse(text).expect(text);
            assert_eq!((found.host(), found.ports()), (host, ports));
            assert_eq!(CheckHost::parse(&found.to_string()), Ok(found));
        }
        for (text, error) in [
            ("gate", CheckHostError::NoPort),
            ("", CheckHostError::NoPort),
            ("gate:0", CheckHostError::BadPort),
            ("gate:ssh", CheckHostError::BadPort),
            ("gate:65536", CheckHostError::BadPort),
            (":22", CheckHostError::BadName),
            ("a b:22", CheckHostError::BadName),
            ("[gate]:22", CheckHostError::BadName),
            ("\u{1b}[2J:22", CheckHostError::BadName),
        ] {
            assert_eq!(CheckHost::parse(text), Err(error), "{text:?}");
        }
    }
}
