//! Values as they are written in the file: durations, sizes, and where each stands.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use toml::Spanned;

use super::units::{parse_duration, parse_screen, parse_size};

/// A value, and where in the file it stands. Compares by the value alone.
#[derive(Clone, Debug)]
pub(super) struct At<T>(Spanned<T>);

impl<T> At<T> {
    pub(super) fn value(&self) -> &T {
        self.0.get_ref()
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.0.span()
    }
}

impl<T: PartialEq> PartialEq for At<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl<T: Eq> Eq for At<T> {}

impl<T: Ord> PartialOrd for At<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> Ord for At<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value().cmp(other.value())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// A kind of text with a meaning of its own.
trait Written: Sized {
    /// Fits "expected …".
    const EXPECTED: &'static str;
    const EXAMPLES: &'static [&'static str];

    fn parse(text: &str) -> Result<Self, String>;
}

/// A duration: `"90s"`, `"1h 30m"`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time(pub(super) Duration);

/// A number of bytes: `"1GiB"`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size(pub(super) u64);

/// The size of a terminal: `"80x24"`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen {
    pub(super) columns: u16,
    pub(super) rows: u16,
}

impl Written for Time {
    const EXPECTED: &'static str = "a duration such as \"90s\", \"5m\" or \"1h 30m\"";
    const EXAMPLES: &'static [&'static str] = &["90s", "5m", "1h 30m"];

    fn parse(text: &str) -> Result<Self, String> {
        parse_duration(text).map(Self)
    }
}

impl Written for Size {
    const EXPECTED: &'static str = "a size such as \"512MiB\" or \"1GiB\"";
    const EXAMPLES: &'static [&'static str] = &["512MiB", "1GiB"];

    fn parse(text: &str) -> Result<Self, String> {
        parse_size(text).map(Self)
    }
}

impl Written for Screen {
    const EXPECTED: &'static str = "the size of a terminal such as \"80x24\"";
    const EXAMPLES: &'static [&'static str] = &["80x24"];

    fn parse(text: &str) -> Result<Self, String> {
        parse_screen(text).map(|(columns, rows)| Self { columns, rows })
    }
}

struct WrittenVisitor<T>(std::marker::PhantomData<T>);

impl<T: Written> Visitor<'_> for WrittenVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::parse(text).map_err(E::custom)
    }
}

macro_rules! written {
    ($($name:ident),+) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(WrittenVisitor(std::marker::PhantomData))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "examples": $name::EXAMPLES })
            }
        }
    )+};
}

written!(Time, Size, Screen);

/// How many attempts: a number, or `"unlimited"`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempts(pub(super) Option<u32>);

impl<'de> Deserialize<'de> for Attempts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AttemptsVisitor)
    }
}

impl JsonSchema for Attempts {
    fn schema_name() -> Cow<'static, str> {
        "Attempts".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": 1 }, { "const": UNLIMITED }] })
    }
}

struct AttemptsVisitor;

impl Visitor<'_> for AttemptsVisitor {
    type Value = Attempts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from 1 on, or \"unlimited\"")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Attempts, E> {
        match u32::try_from(number) {
            Ok(number) if number > 0 => Ok(Attempts(Some(number))),
            Ok(_) | Err(_) => Err(E::invalid_value(de::Unexpected::Signed(number), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Attempts, E> {
        if text == UNLIMITED { Ok(Attempts(None)) } else { Err(E::invalid_value(de::Unexpected::Str(text), &self)) }
    }
}

const UNLIMITED: &str = "unlimited";
