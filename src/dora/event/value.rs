//! The single values of an event, each right once it is parsed.

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::Arc;

/// Why a text is no such value, and what would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {mend}")]
pub struct Invalid {
    pub message: String,
    pub mend: String,
}

impl Invalid {
    fn new(message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            mend: mend.into(),
        }
    }
}

/// SHA-256 of an event's canonical form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId([u8; 32]);

impl EventId {
    /// The id of an event whose canonical form is `json`.
    pub fn of(json: &[u8]) -> Self {
        Self(Sha256::digest(json).into())
    }

    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for EventId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| {
            Invalid::new(
                format!("{text:?} is no full id of an event"),
                "give the 64 hexadecimal digits that shipway dora log shows",
            )
        })?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for EventId {
    /// 64 lower-case hexadecimal digits; a precision cuts them: `{id:.12}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex::encode(self.0))
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A name: 1 to 255 characters, none of them white space at its ends. It may hold anything
/// else, markup and control characters too; whoever shows it escapes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// A sentence or more: 1 to 2,000 characters, none of them white space at its ends.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

/// Digest of an image: `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(Arc<str>);

fn bounded(text: &str, most: usize) -> Result<Arc<str>, Invalid> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 {
        return Err(Invalid::new(
            "it is empty",
            "give it a text, or leave it out",
        ));
    }
    if length > most {
        return Err(Invalid::new(
            format!("it has {length} characters"),
            format!("give at most {most}"),
        ));
    }
    Ok(text.into())
}

impl FromStr for Name {
    type Err = Invalid;

    /// White space at the ends is dropped.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        bounded(text, 255).map(Self)
    }
}

impl FromStr for Text {
    type Err = Invalid;

    /// White space at the ends is dropped.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        bounded(text, 2000).map(Self)
    }
}

impl FromStr for Digest {
    type Err = Invalid;

    /// From a digest, or from a reference that ends in one: `registry/app@sha256:…`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let digest = text.rsplit('@').next().unwrap_or(text).trim();
        let mut bytes = [0; 32];
        let hexadecimal = digest.strip_prefix("sha256:").unwrap_or_default();
        hex::decode_to_slice(hexadecimal, &mut bytes).map_err(|_| {
            Invalid::new(
                format!("{text:?} names no image by its digest"),
                "give IMAGE@sha256:… or sha256:… (64 hexadecimal digits)",
            )
        })?;
        Ok(Self(format!("sha256:{}", hex::encode(bytes)).into()))
    }
}

/// A whole second in UTC, in years 1 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// From seconds since the epoch; None outside of the years 1 to 9999.
    pub fn from_second(second: i64) -> Option<Self> {
        let at = jiff::Timestamp::from_second(second).ok()?;
        (at >= jiff::Timestamp::constant(-62_135_596_800, 0)).then_some(Self(second))
    }

    /// Seconds since the epoch.
    pub fn second(self) -> i64 {
        self.0
    }

    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::constant(self.0, 0)
    }
}

impl From<jiff::Timestamp> for Time {
    /// A fraction of a second is cut off, towards the past.
    fn from(at: jiff::Timestamp) -> Self {
        Self(at.as_second() - i64::from(at.subsec_nanosecond() < 0))
    }
}

impl FromStr for Time {
    type Err = Invalid;

    /// From RFC 3339 with any offset; a fraction of a second is cut off, towards the past.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = |message: String, mend: &str| Invalid::new(message, mend);
        match text.parse::<jiff::Timestamp>() {
            Ok(at) => Self::from_second(Self::from(at).0).ok_or_else(|| {
                wrong(
                    format!("{text:?} lies before the year 1"),
                    "give the time as 2026-08-01T12:00:00Z",
                )
            }),
            Err(_) if text.parse::<jiff::civil::DateTime>().is_ok() => Err(wrong(
                format!("{text:?} has no zone"),
                "append Z for UTC or an offset such as +02:00: 2026-08-01T12:00:00Z",
            )),
            Err(_) => Err(wrong(
                format!("{text:?} is no time"),
                "give it in RFC 3339: 2026-08-01T12:00:00Z",
            )),
        }
    }
}

impl fmt::Display for Time {
    /// `2026-08-01T12:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.timestamp(), f)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// From a start to an end that is not before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    started_at: Time,
    finished_at: Time,
}

impl Period {
    /// # Errors
    /// Where `finished_at` is before `started_at`.
    pub fn new(started_at: Time, finished_at: Time) -> Result<Self, Invalid> {
        if finished_at < started_at {
            return Err(Invalid::new(
                format!("{finished_at} is before the start at {started_at}"),
                "give an end that is not before the start",
            ));
        }
        Ok(Self {
            started_at,
            finished_at,
        })
    }

    pub fn started_at(self) -> Time {
        self.started_at
    }

    pub fn finished_at(self) -> Time {
        self.finished_at
    }
}

macro_rules! texts {
    ($($name:ident),*) => {$(
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )*};
}

/// Takes a text without a copy of it.
struct Parsed<T>(PhantomData<T>);

impl<T: FromStr<Err = Invalid>> Visitor<'_> for Parsed<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! as_text {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Parsed(PhantomData))
            }
        }
    )*};
}

texts!(Name, Text, Digest);
as_text!(Name, Text, Digest);

macro_rules! as_text_or_bare {
    ($($name:ident: $bare:ty),*) => {$(
        impl Serialize for $name {
            /// A text where a person may read it, else the bare value.
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = String::deserialize(deserializer)?;
                    text.parse().map_err(de::Error::custom)
                } else {
                    <$bare>::deserialize(deserializer).map(Self)
                }
            }
        }
    )*};
}

as_text_or_bare!(EventId: [u8; 32], Time: i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_whole_second_in_utc() {
        // 12:00:00.9 at +02:00 is 10:00:00 in UTC, the fraction cut off.
        let time: Time = "2026-08-01T12:00:00.9+02:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-08-01T10:00:00Z");
        // date -u -d 2026-08-01T10:00:00Z +%s
        assert_eq!(time.second(), 1_785_578_400);
        // Before the epoch the fraction goes to the past, too.
        let time: Time = "1969-12-31T23:59:58.5Z".parse().unwrap();
        assert_eq!(time.second(), -2);
    }

    #[test]
    fn a_time_without_zone_is_refused_with_what_mends_it() {
        let error = "2026-08-01T12:00:00".parse::<Time>().unwrap_err();
        assert!(error.message.contains("has no zone"), "{error}");
        assert!(error.mend.contains("append Z"), "{error}");
        for text in [
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "0000-06-01T00:00:00Z",
        ] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_period_does_not_run_backwards() {
        let at = |second| Time::from_second(second).unwrap();
        assert!(Period::new(at(5), at(4)).is_err());
        assert_eq!(Period::new(at(5), at(5)).unwrap().finished_at(), at(5));
    }

    #[test]
    fn a_name_is_trimmed_and_bounded() {
        assert_eq!(
            " production\n".parse::<Name>().unwrap().as_str(),
            "production"
        );
        assert!("  ".parse::<Name>().is_err());
        assert!("é".repeat(255).parse::<Name>().is_ok());
        assert!("é".repeat(256).parse::<Name>().is_err());
        assert_eq!("<b>\u{7}".parse::<Name>().unwrap().as_str(), "<b>\u{7}");
    }

    #[test]
    fn a_digest_is_taken_out_of_a_reference() {
        let hexadecimal = "AB".repeat(32);
        let digest: Digest = format!("ghcr.io/o/app:1@sha256:{hexadecimal}")
            .parse()
            .unwrap();
        assert_eq!(digest.as_str(), format!("sha256:{}", "ab".repeat(32)));
        assert!("ghcr.io/o/app:1".parse::<Digest>().is_err());
    }
}
