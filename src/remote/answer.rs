//! Reading what the host's shell answers: bounded, strict, never a panic. A key that is not known is
//! passed over (a newer script may say more); a known key that does not parse is an error.

use crate::domain::boot::BootIdentity;
use crate::domain::event::{Lengths, Started, Stuck};
use crate::domain::id::AttemptId;
use crate::domain::run::{Evidence, ExitKind, ExitRecord, Fault, Faults, Growth, Observed};
use crate::remote::RemoteError;

/// `key=value` lines, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Fields {
    pairs: Vec<(String, String)>,
    /// Bytes of all of them.
    size: usize,
}

impl Fields {
    /// Adds a line; what is no `key=value` is refused.
    pub(super) fn add(&mut self, line: &str) -> Result<(), RemoteError> {
        let (key, value) = line.split_once('=').ok_or_else(|| garbled("a line without =", line))?;
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            return Err(garbled("a key", key));
        }
        let pair = (key.to_owned(), printable(value));
        self.size += PAIR + pair.0.len() + pair.1.len();
        if self.size > SIZE {
            return Err(garbled("an answer without end", key));
        }
        self.pairs.push(pair);
        Ok(())
    }

    /// A follower's line: fields separated by blanks, their values with %20 and %25.
    pub(super) fn of_words(words: &str) -> Result<Self, RemoteError> {
        let mut fields = Self::default();
        for word in words.split(' ').filter(|word| !word.is_empty()) {
            fields.add(&word.replace("%20", " ").replace("%25", "%"))?;
        }
        Ok(fields)
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    pub(super) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(super) fn text(&self, key: &str) -> String {
        self.get(key).unwrap_or_default().to_owned()
    }

    /// A number, if the key is there.
    pub(super) fn number<T: std::str::FromStr>(&self, key: &str) -> Result<Option<T>, RemoteError> {
        self.get(key).map(|value| value.parse().map_err(|_| garbled(key, value))).transpose()
    }

    fn required<T: std::str::FromStr>(&self, key: &str) -> Result<T, RemoteError> {
        self.number(key)?.ok_or_else(|| garbled("an answer without", key))
    }

    /// The blocks that begin with `id=`. One whose id is none of ours is passed over: a stray directory
    /// among the runs must not hide the others.
    pub(super) fn blocks(self) -> Vec<(AttemptId, Self)> {
        let mut blocks: Vec<(Option<AttemptId>, Self)> = Vec::new();
        for (key, value) in self.pairs {
            if key == "id" {
                blocks.push((AttemptId::parse(&value).ok(), Self::default()));
            } else if let Some((_, fields)) = blocks.last_mut() {
                fields.pairs.push((key, value));
            }
        }
        blocks.into_iter().filter_map(|(id, fields)| Some((id?, fields))).collect()
    }

    pub(super) fn identity(&self) -> BootIdentity {
        BootIdentity::parse(self.get("boot_id"), self.get("boot_time"), self.get("init_start"))
    }

    /// One look at an attempt.
    pub(super) fn evidence(&self) -> Result<Evidence, RemoteError> {
        let state = self.get("state").ok_or_else(|| garbled("an answer without", "state"))?;
        let observed = match state {
            "missing" => Observed::Missing,
            "starting" => Observed::Starting,
            "stillborn" => Observed::Stillborn,
            "running" => Observed::Running,
            "exited" => Observed::Exited(self.exit_record()?),
            "vanished" => Observed::Vanished,
            "other-boot" => Observed::OtherBoot,
            other => return Err(garbled("a state", other)),
        };
        Ok(Evidence {
            observed,
            sizes: self.lengths("out", "err")?,
            bases: self.lengths("base_out", "base_err")?,
            cancel: self.get("cancel").map(|reason| reason.trim().to_owned()),
            free: self.number("free")?,
            stuck: match self.get("stuck") {
                None => None,
                Some("full") => Some(Stuck::Full),
                Some("read-only") => Some(Stuck::ReadOnly),
                Some("unwritable") => Some(Stuck::Unwritable),
                Some(other) => return Err(garbled("a spool that is stuck for", other)),
            },
            heartbeat: self.number("heartbeat")?,
            started: self.started()?,
            faults: self.faults()?,
            notice: self.get("notice").map(str::to_owned),
        })
    }

    pub(super) fn lengths(&self, out: &str, err: &str) -> Result<Lengths, RemoteError> {
        Ok(Lengths { out: self.number(out)?.unwrap_or(0), err: self.number(err)?.unwrap_or(0) })
    }

    fn exit_record(&self) -> Result<ExitRecord, RemoteError> {
        let end = match (self.number("code")?, self.number("signal")?) {
            (Some(code), None) => ExitKind::Code(code),
            (None, Some(signal)) => ExitKind::Signal(signal),
            (None, None) | (Some(_), Some(_)) => return Err(garbled("an exit record", "neither code nor signal")),
        };
        Ok(ExitRecord {
            end,
            sizes: Lengths { out: self.required("end_out")?, err: self.number("end_err")?.unwrap_or(0) },
            at_host: self.number("ended")?.unwrap_or(0),
            out_of_memory: self.get("oom") == Some("1"),
        })
    }

    /// Whatever counters there are; an attempt of an older script has none.
    fn faults(&self) -> Result<Faults, RemoteError> {
        if let Some(word) = self.get("faults") {
            return if word == "reset" { Ok(Faults::reset_by_reboot()) } else { Err(garbled("faults", word)) };
        }
        let mut faults = Faults::default();
        for fault in Fault::ALL {
            let key = format!("fault_{}", fault.word());
            match self.get(&key) {
                None => {}
                Some("reset") => faults.add(fault, Growth::Reset),
                Some(_) => self.number(&key)?.into_iter().for_each(|count| faults.add(fault, Growth::By(count))),
            }
        }
        Ok(faults)
    }

    fn started(&self) -> Result<Option<Started>, RemoteError> {
        let Some(pid) = self.number("pid")? else { return Ok(None) };
        Ok(Some(Started {
            at_host: self.number("at")?,
            pid,
            attached: false,
            launcher: self.text("launcher"),
            terminal: self.text("terminal"),
            directory: self.text("directory"),
            boot: self.identity(),
        }))
    }
}

pub(super) fn garbled(what: &str, text: &str) -> RemoteError {
    let shown: String = printable(text).chars().take(80).collect();
    RemoteError::Garbled(format!("{what}: {shown:?}"))
}

/// Hosts are not trusted with our terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars().take(VALUE).map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// Bytes of one answer: 10,000 attempts of a host that nobody cleared.
const SIZE: usize = 32 << 20;

/// What a pair takes beside its text.
const PAIR: usize = size_of::<(String, String)>();

/// Characters of one value.
const VALUE: usize = 4096;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(text: &str) -> Fields {
        let mut fields = Fields::default();
        for line in text.lines() {
            fields.add(line).expect("well-formed");
        }
        fields
    }

    #[test]
    fn an_exit_record_is_read_whole() {
        let text =
            "state=exited\nout=10\nerr=3\npid=7\nlauncher=setsid\nsignal=9\nend_out=10\nend_err=3\nended=99\noom=1";
        let evidence = fields(text).evidence().expect("sound");
        let record = ExitRecord {
            end: ExitKind::Signal(9),
            sizes: Lengths { out: 10, err: 3 },
            at_host: 99,
            out_of_memory: true,
        };
        assert_eq!(evidence.observed, Observed::Exited(record));
        assert_eq!(evidence.started.map(|started| started.pid), Some(7));
    }

    #[test]
    fn what_the_host_counted_comes_with_the_exit_record() {
        let exited = "state=exited\nout=0\ncode=0\nend_out=0\nended=9\noom=0";
        let faults =
            fields(&format!("{exited}\nfault_edac_ce=3\nfault_thermal_core=0\nfault_edac_ue=reset\nfault_new=x"));
        let faults = faults.evidence().expect("sound").faults;
        let counted = [
            (Fault::MemoryUncorrected, Growth::Reset),
            (Fault::MemoryCorrected, Growth::By(3)),
            (Fault::ThermalCore, Growth::By(0)),
        ];
        assert_eq!(faults.all(), counted);
        assert!(fields(exited).evidence().expect("an older script").faults.is_unknown());
        let booted = fields("state=other-boot\nout=0\nfaults=reset").evidence().expect("sound");
        assert!(booted.faults.was_rebooted());
        for bad in ["fault_edac_ce=-1", "fault_edac_ce=x", "faults=3"] {
            assert!(fields(&format!("{exited}\n{bad}")).evidence().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_does_not_parse_is_an_error_and_never_a_verdict() {
        for bad in [
            "state=gone",
            "out=1",
            "state=exited\nend_out=1",
            "state=exited\ncode=x\nend_out=1",
            "state=running\nout=-1",
        ] {
            assert!(fields(bad).evidence().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_stray_directory_hides_no_run() {
        let blocks = fields("id=old.1\nstate=running\nid=0123456789.2\nstate=missing").blocks();
        let ids: Vec<String> = blocks.iter().map(|(id, _)| id.to_string()).collect();
        assert_eq!(ids, ["0123456789.2"]);
    }

    #[test]
    fn an_answer_without_end_is_refused() {
        let mut fields = Fields::default();
        let line = format!("notice={}", "x".repeat(4000));
        assert!((0..10_000).any(|_| fields.add(&line).is_err()));
        let mut fields = Fields::default();
        assert!((0..1_000_000).any(|_| fields.add("a=").is_err()));
    }

    #[test]
    fn a_followers_line_is_unquoted() {
        let fields = Fields::of_words("state=running notice=100%25%20full").expect("well-formed");
        assert_eq!(fields.get("notice"), Some("100% full"));
    }

    proptest! {
        #[test]
        fn no_answer_crashes_it(text in "(?s).{0,400}") {
            let mut fields = Fields::default();
            for line in text.lines() {
                let _ = fields.add(line);
            }
            let _ = fields.evidence();
            let _ = Fields::of_words(&text).and_then(|fields| fields.evidence());
            let _ = fields.blocks();
        }
    }
}
