//! Moments and durations in their written form.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::moment::Wall;

/// A moment, written as RFC 3339 in UTC with milliseconds: `2026-11-21T03:24:05.123Z`. What lies
/// outside the years 0 to 9999, which that form cannot say, is written as the nearest that it can.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Timestamp(Wall);

impl From<Wall> for Timestamp {
    fn from(wall: Wall) -> Self {
        Self(Wall(wall.0.clamp(EARLIEST, LATEST)))
    }
}

impl From<Timestamp> for Wall {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let time = DateTime::<Utc>::from_timestamp_millis(self.0.0).unwrap_or_default();
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let time = DateTime::parse_from_rfc3339(&text).map_err(de::Error::custom)?;
        Ok(Self::from(Wall(time.timestamp_millis())))
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// Whole milliseconds; what is finer is cut off.
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Whole microseconds; what is finer is cut off.
pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// 0000-01-01T00:00:00.000Z
pub(super) const EARLIEST: i64 = -62_167_219_200_000;

/// 9999-12-31T23:59:59.999Z
pub(super) const LATEST: i64 = 253_402_300_799_999;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_form_is_utc_with_milliseconds() {
        let shown = |ms| Timestamp::from(Wall(ms)).to_string();
        assert_eq!(shown(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(shown(1_795_231_445_123), "2026-11-21T03:24:05.123Z");
        assert_eq!(shown(i64::MIN), "0000-01-01T00:00:00.000Z");
        assert_eq!(shown(i64::MAX), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn another_zone_is_read_as_the_same_moment() {
        let read: Timestamp = serde_json::from_str("\"2026-11-21T05:24:05.123+02:00\"").expect("a moment");
        assert_eq!(Wall::from(read), Wall(1_795_231_445_123));
    }
}
