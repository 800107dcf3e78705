use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::domain::command::Command;
use crate::domain::diagnosis::Cause;
use crate::domain::link::LinkState;
use crate::domain::moment::Wall;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_event_reads_back_what_was_written(event in strategy::event()) {
        let line = serde_json::to_string(&EventRecord::from(&event)).expect("it can be written");
        prop_assert!(!line.contains('\n'), "one line");
        let record: EventRecord = serde_json::from_str(&line).expect("it can be read");
        prop_assert_eq!(Event::try_from(record).expect("its names are sound"), event);
    }

    #[test]
    fn the_schema_names_every_field_that_is_written(event in strategy::event()) {
        let named = named_properties(&event_schema());
        let written = serde_json::to_value(EventRecord::from(&event)).expect("it can be written");
        for key in keys(&written) {
            prop_assert!(named.contains(&key), "{} is not in the schema", key);
        }
    }

    #[test]
    fn every_command_reads_back_what_was_written(command in strategy::command()) {
        let line = serde_json::to_string(&CommandRecord::from(&command)).expect("it can be written");
        let record: CommandRecord = serde_json::from_str(&line).expect("it can be read");
        prop_assert_eq!(Command::try_from(record).expect("its names are sound"), command);
    }

    #[test]
    fn what_is_no_event_is_an_error_and_never_a_panic(text in ".{0,200}") {
        prop_assert!(serde_json::from_str::<EventRecord>(&text).is_err());
    }
}

#[test]
fn the_public_form_stays_what_it_is() {
    let link = LinkChange::between(LinkState::Alive, LinkState::Pinging, Some(Cause::Silent(Duration::from_secs(15))));
    let host = HostId::parse("web1").ok();
    let event = Event { seq: Seq(7), at: Wall(1_795_231_445_123), host, fact: Fact::Link(link) };
    let line = serde_json::to_string(&EventRecord::from(&event)).expect("it can be written");
    assert_eq!(
        line,
        r#"{"seq":7,"at":"2026-11-21T03:24:05.123Z","host":"web1","type":"link","from":"alive","to":"pinging","cause":{"kind":"silent","for_ms":15000},"attempt":0}"#
    );
}

#[test]
fn a_field_that_a_later_version_added_is_ignored() {
    let line = r#"{"seq":1,"at":"2026-11-21T03:24:05.123Z","type":"supervisor","event":"stopped","mood":"calm"}"#;
    let record: EventRecord = serde_json::from_str(line).expect("it can be read");
    assert_eq!(record.fact, FactRecord::Supervisor(SupervisorRecord::Stopped));
}

#[test]
fn names_that_are_none_are_refused() {
    let line = r#"{"seq":1,"at":"2026-11-21T03:24:05Z","host":"-oProxyCommand=x","type":"operator","event":"connect"}"#;
    let record: EventRecord = serde_json::from_str(line).expect("its form is right");
    assert!(Event::try_from(record).is_err());
    let line = r#"{"seq":1,"at":"2026-11-21T03:24:05Z","type":"run","run":"../../etc","attempt":1,"event":"notice","text":""}"#;
    let record: EventRecord = serde_json::from_str(line).expect("its form is right");
    assert!(Event::try_from(record).is_err());
}

/// All keys of all objects in it.
fn keys(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(map) => map.keys().cloned().chain(map.values().flat_map(keys)).collect(),
        Value::Array(items) => items.iter().flat_map(keys).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => BTreeSet::new(),
    }
}

/// All names under any `properties` of a schema.
fn named_properties(schema: &Value) -> BTreeSet<String> {
    match schema {
        Value::Object(map) => {
            let own = map.get("properties").and_then(Value::as_object).into_iter().flat_map(|p| p.keys().cloned());
            own.chain(map.values().flat_map(named_properties)).collect()
        }
        Value::Array(items) => items.iter().flat_map(named_properties).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => BTreeSet::new(),
    }
}
