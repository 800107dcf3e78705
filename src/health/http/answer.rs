//! The two answers of a control plane, parsed.

use std::net::IpAddr;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Seen;
use crate::domain::health::{Percent, Running, Sample, Service, plain};

/// An entry of the list of servers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// As shown.
    pub name: String,
    /// Or why it is none.
    pub address: Result<IpAddr, String>,
    pub times: usize,
}

/// The list, each server once.
pub(super) fn listed(body: &[u8]) -> Result<Vec<Listed>, String> {
    let values: Vec<Value> =
        serde_json::from_slice(body).map_err(|error| format!("no JSON list: {}", plain(&error.to_string(), WORD)))?;
    if values.len() > SERVERS {
        return Err(format!("it has more than {SERVERS} servers"));
    }
    let mut seen = Seen::new();
    let mut list: Vec<Listed> = Vec::new();
    for value in values {
        let entry = entry(&value);
        if let Ok(address) = entry.address {
            if let Some(at) = seen.get(&address) {
                if let Some(first) = list.get_mut(*at) {
                    first.times += 1;
                }
                continue;
            }
            seen.insert(address, list.len());
        }
        list.push(entry);
    }
    Ok(list)
}

fn entry(value: &Value) -> Listed {
    let Some(text) = value.as_str() else {
        return Listed { name: shown(value), address: Err("this is no IP address".into()), times: 1 };
    };
    match text.parse::<IpAddr>() {
        Ok(address) => Listed { name: address.to_string(), address: Ok(address), times: 1 },
        Err(_) => Listed { name: plain(text, WORD), address: Err("this is no IP address".into()), times: 1 },
    }
}

/// What a server says of itself. Bad numbers are remarks: what else it says is still worth knowing.
pub(super) fn sample(body: &[u8]) -> Result<Sample, String> {
    let Answer { cpu, memory, service } =
        serde_json::from_slice(body).map_err(|error| format!("no such answer: {}", plain(&error.to_string(), WORD)))?;
    let mut remarks = Vec::new();
    let cpu = percent("cpu", cpu.as_ref(), &mut remarks);
    let memory = percent("memory", memory.as_ref(), &mut remarks);
    let services = match &service {
        Some(Value::String(name)) if !name.trim().is_empty() => {
            vec![Service { name: plain(name.trim(), WORD), running: Running::Yes }]
        }
        Some(other) => {
            remarks.push(format!("service: {} is no name", shown(other)));
            Vec::new()
        }
        None => {
            remarks.push("service is missing".into());
            Vec::new()
        }
    };
    Ok(Sample { cpu, memory, services, remarks, ..Sample::default() })
}

fn percent(name: &str, value: Option<&Value>, remarks: &mut Vec<String>) -> Option<Percent> {
    let Some(value) = value else {
        remarks.push(format!("{name} is missing"));
        return None;
    };
    match value.as_str().map(Percent::parse) {
        Some(Ok(percent)) => Some(percent),
        Some(Err(_)) | None => {
            remarks.push(format!("{name}: {} is no percentage from 0% to 100%", shown(value)));
            None
        }
    }
}

/// A value as it was written, shortened.
fn shown(value: &Value) -> String {
    plain(&value.to_string(), WORD)
}

#[derive(Default)]
struct Answer {
    cpu: Option<Value>,
    memory: Option<Value>,
    service: Option<Value>,
}

/// By hand, because a key that stands there twice must not go unnoticed.
impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnswerVisitor)
    }
}

struct AnswerVisitor;

impl<'de> Visitor<'de> for AnswerVisitor {
    type Value = Answer;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with cpu, memory and service")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Answer, A::Error> {
        let mut answer = Answer::default();
        while let Some(key) = map.next_key::<String>()? {
            let slot = match key.as_str() {
                "cpu" => &mut answer.cpu,
                "memory" => &mut answer.memory,
                "service" => &mut answer.service,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if slot.replace(map.next_value()?).is_some() {
                return Err(A::Error::custom(format!("{key} stands there twice")));
            }
        }
        Ok(answer)
    }
}

/// More servers are not asked: no control plane that we know has a tenth of it.
pub(super) const SERVERS: usize = 10_000;

/// Characters of a foreign word.
const WORD: usize = 80;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(body: &str) -> String {
        match sample(body.as_bytes()) {
            Ok(sample) => sample.remarks.join("; "),
            Err(why) => why,
        }
    }

    #[test]
    fn a_good_answer_is_read() {
        let sample = sample(br#"{"cpu":"61%","memory":"4%","service":"UserService","more":[1]}"#).unwrap();
        assert_eq!(sample.cpu.unwrap().value(), 61.0);
        assert_eq!(sample.memory.unwrap().value(), 4.0);
        assert_eq!(sample.services[0].name, "UserService");
        assert!(sample.remarks.is_empty());
    }

    #[test]
    fn every_lie_is_told() {
        let list = [
            r#"{"cpu":"101%","memory":"n/a","service":"A"}"#,
            r#"{"cpu":61,"memory":null,"service":"A"}"#,
            r#"{"service":"A"}"#,
            r#"{"cpu":"1%","memory":"1%"}"#,
            r#"{"cpu":"1%","memory":"1%","service":""}"#,
            r#"{"cpu":"1%","cpu":"2%","memory":"1%","service":"A"}"#,
            r#"{"cpu":"1%","memory":"1%","service":{"a":"\u001b[2J"}}"#,
            "[]",
            "<html>",
            "",
        ];
        let told: Vec<String> = list.into_iter().map(told).collect();
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn names_of_services_are_made_printable() {
        let sample = sample(br#"{"cpu":"1%","memory":"1%","service":"a\u001b[2Jb\r"}"#).unwrap();
        assert_eq!(sample.services[0].name, "a\u{fffd}[2Jb");
    }

    #[test]
    fn each_server_is_listed_once() {
        let list = listed(br#"["10.0.0.1","2001:db8::1","10.0.0.1","2001:DB8:0::1","10.0.0.300",7,"../x"]"#).unwrap();
        let told: Vec<String> = list.iter().map(|l| format!("{} {} {}", l.name, l.times, l.address.is_ok())).collect();
        assert_eq!(told, ["10.0.0.1 2 true", "2001:db8::1 2 true", "10.0.0.300 1 false", "7 1 false", "../x 1 false"]);
        assert!(listed(b"{}").is_err() && listed(b"[1").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_crash_it(body in prop::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\":,a-z0-9% .]{0,60}") {
            let _ = (sample(&body), listed(&body), sample(text.as_bytes()), listed(text.as_bytes()));
        }
    }
}
