//! `[dora]`: where the record is kept, how its numbers are read, what they are measured against.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DoraConfig {
    /// `git` (the ref refs/shipway/events of this repository, the default), or a database:
    /// `postgres://user@host/name`. The password is better in the variable PGPASSWORD.
    #[serde(skip_serializing_if = "super::is_default")]
    pub store: StoreConfig,
    /// Name under which a database keeps the events of this repository; host and path of its
    /// remote origin where absent, such as `github.com/acme/shop`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Time zone in which days, weeks and months begin: a name of the IANA database; UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tz: Option<String>,
    /// Count merge commits as changes, too.
    #[serde(skip_serializing_if = "super::is_default")]
    pub merges: bool,
    /// When a change that a rollback took out counts as delivered.
    #[serde(skip_serializing_if = "super::is_default")]
    pub rolled_back: RolledBack,
    /// Which deployments count as rework.
    #[serde(skip_serializing_if = "super::is_default")]
    pub rework: Rework,
    /// How long after a deployment an incident that names none is put down to it; 24h.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution_window: Option<Duration>,
    /// Keys whose signature makes an event verified: an ssh public key (`ssh-ed25519 AAAA…`) or
    /// the fingerprint of a GPG key. Where it is empty no signature is looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<Signer>,
    #[serde(skip_serializing_if = "super::is_default")]
    pub targets: TargetConfig,
    /// By name of the service.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, DoraServiceConfig>,
}

/// Where events are kept. Its debug form holds no password.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum StoreConfig {
    #[default]
    Git,
    /// A connection string, `postgres://…` or `postgresql://…`.
    Postgres(String),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RolledBack {
    /// When it is delivered again after the rollback.
    #[default]
    Again,
    /// When it was delivered first.
    First,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Rework {
    /// Those that an incident names as its fix.
    #[default]
    Incident,
    /// Those recorded with the intent `hotfix`.
    Hotfix,
}

/// What the numbers are measured against; an absent one has its default, `"off"` has none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TargetConfig {
    /// The p50 of the change lead time is under this; 1h.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_time_p50: Option<Target<Duration>>,
    /// The mean failed deployment recovery time is under this; 1h.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_mean: Option<Target<Duration>>,
    /// The change fail rate is at most this; 0.15.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_fail_rate: Option<Target<Ratio>>,
    /// The deployment success rate is over this; 0.95.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_rate: Option<Target<Ratio>>,
    /// Deployments a day are over this; 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployments_per_day: Option<Target<PerDay>>,
    /// `none`: no request failed while a rollback was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback_downtime: Option<Target<NoDowntime>>,
}

/// A target, or `"off"`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target<T> {
    Off,
    At(T),
}

/// A length of time; in the file a text such as `90m`, `24h` or `2 days` (of 24 hours).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    /// More than 0.
    pub seconds: i64,
}

/// A share, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio(pub f64);

/// A rate, 0 or more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PerDay(pub f64);

/// The one target of its kind, written `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoDowntime;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DoraServiceConfig {
    /// Only commits that touch one of these count as changes of the service: patterns as in
    /// `.gitignore`, seen from the root of the repository. Empty: every commit does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
}

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<jiff::Span>()
            .and_then(|span| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()))
            .ok()
            .map(|duration| duration.as_secs())
            .filter(|seconds| *seconds > 0)
            .map(|seconds| Self { seconds })
            .ok_or_else(|| format!("{text:?} is no length of time; write 90m, 24h or 2 days"))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", jiff::SignedDuration::from_secs(self.seconds))
    }
}

impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Git => "Git",
            Self::Postgres(_) => "Postgres(…)",
        })
    }
}

impl StoreConfig {
    /// Which it is, without what may be secret: `git` or `postgres`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Postgres(_) => "postgres",
        }
    }
}

/// A key whose signature makes an event verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// A public key of ssh without its comment.
    Ssh(String),
    /// The fingerprint of a GPG key, in capitals and without spaces.
    Gpg(String),
}

impl FromStr for Signer {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let mut words = text.split_whitespace();
        if let (Some(kind), Some(key)) = (words.next(), words.next())
            && ["ssh-", "ecdsa-", "sk-"]
                .iter()
                .any(|beginning| kind.starts_with(beginning))
            && key.starts_with("AAAA")
            && (kind.bytes().chain(key.bytes()))
                .all(|byte| byte.is_ascii_alphanumeric() || b"-+/=@.".contains(&byte))
        {
            return Ok(Self::Ssh(format!("{kind} {key}")));
        }
        let print: String = text.split_whitespace().collect();
        let digits = print.strip_prefix("0x").unwrap_or(&print);
        if [40, 64].contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Self::Gpg(digits.to_ascii_uppercase()));
        }
        Err(
            "a signer is a public key of ssh (ssh-ed25519 AAAA…) or the whole fingerprint of a \
             GPG key (gpg --fingerprint shows it)",
        )
    }
}

impl Serialize for Signer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Ssh(key) | Self::Gpg(key) => key,
        })
    }
}

impl FromStr for StoreConfig {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if text == "git" {
            Ok(Self::Git)
        } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Ok(Self::Postgres(text.to_owned()))
        } else {
            // The text is not shown: it may hold a password.
            Err("the store is \"git\" or begins with \"postgres://\"")
        }
    }
}

/// What one key of the file may hold.
enum Scalar {
    Text(String),
    Number(f64),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(text.to_owned()))
            }

            #[expect(clippy::cast_precision_loss, reason = "a target is a small number")]
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar::Number(number as f64))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar::Number(number))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// What a target can be written as.
trait Written: Sized {
    /// The target in `scalar`, or what would be one.
    fn read(scalar: Scalar) -> Result<Self, String>;
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
    fn schema() -> serde_json::Value;
}

impl Written for Duration {
    fn read(scalar: Scalar) -> Result<Self, String> {
        match scalar {
            Scalar::Text(text) => text.parse(),
            Scalar::Number(number) => Err(format!(
                "{number} has no unit; write \"90m\", \"24h\" or \"2 days\""
            )),
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }

    fn schema() -> serde_json::Value {
        serde_json::json!({"type": "string"})
    }
}

impl Written for Ratio {
    fn read(scalar: Scalar) -> Result<Self, String> {
        match scalar {
            Scalar::Number(number) if (0.0..=1.0).contains(&number) => Ok(Self(number)),
            _ => Err("write a share from 0 to 1, such as 0.15, or \"off\"".to_owned()),
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }

    fn schema() -> serde_json::Value {
        serde_json::json!({"type": "number", "minimum": 0, "maximum": 1})
    }
}

impl Written for PerDay {
    fn read(scalar: Scalar) -> Result<Self, String> {
        match scalar {
            Scalar::Number(number) if number >= 0.0 && number.is_finite() => Ok(Self(number)),
            _ => Err("write a number a day, such as 0.5, or \"off\"".to_owned()),
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }

    fn schema() -> serde_json::Value {
        serde_json::json!({"type": "number", "minimum": 0})
    }
}

impl Written for NoDowntime {
    fn read(scalar: Scalar) -> Result<Self, String> {
        match scalar {
            Scalar::Text(text) if text == "none" => Ok(Self),
            _ => Err("write \"none\" or \"off\"".to_owned()),
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("none")
    }

    fn schema() -> serde_json::Value {
        serde_json::json!({"const": "none"})
    }
}

impl<'de, T: Written> Deserialize<'de> for Target<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Scalar::deserialize(deserializer)? {
            Scalar::Text(text) if text == "off" => Ok(Self::Off),
            scalar => T::read(scalar).map(Self::At).map_err(de::Error::custom),
        }
    }
}

impl<T: Written> Serialize for Target<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Off => serializer.serialize_str("off"),
            Self::At(target) => target.write(serializer),
        }
    }
}

impl<T: Written> JsonSchema for Target<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Target".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"const": "off"}, T::schema()]})
    }
}

macro_rules! as_text {
    ($($name:ident: $schema:tt),*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

as_text!(
    Duration: {"type": "string"},
    Signer: {"type": "string"},
    StoreConfig: {"type": "string", "pattern": "^(git$|postgres://|postgresql://)"}
);

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for StoreConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Git => "git",
            Self::Postgres(url) => url,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(text: &str) -> Result<DoraConfig, crate::config::ConfigError> {
        Config::parse(text, "shipway.toml").map(|config| config.dora)
    }

    #[test]
    fn everything_can_be_said_and_comes_back() {
        let text = r#"
[dora]
store = "postgres://ci:hush@db.example.org/dora"
repository = "acme/shop"
tz = "Europe/Amsterdam"
merges = true
rolled_back = "first"
rework = "hotfix"
attribution_window = "2 days"
signers = ["ssh-ed25519 AAAA"]
[dora.targets]
lead_time_p50 = "90m"
recovery_mean = "off"
change_fail_rate = 0.1
deployments_per_day = 2
rollback_downtime = "none"
[dora.services.web]
paths = ["web/**"]
"#;
        let config = read(text).unwrap();
        assert_eq!(config.attribution_window.unwrap().seconds, 172_800);
        let targets = &config.targets;
        assert_eq!(
            targets.lead_time_p50,
            Some(Target::At(Duration { seconds: 5400 }))
        );
        assert_eq!(targets.recovery_mean, Some(Target::Off));
        assert_eq!(targets.change_fail_rate, Some(Target::At(Ratio(0.1))));
        assert_eq!(targets.success_rate, None);
        assert_eq!(targets.deployments_per_day, Some(Target::At(PerDay(2.0))));
        assert_eq!(targets.rollback_downtime, Some(Target::At(NoDowntime)));
        assert!(!format!("{config:?}").contains("hush"));
        let again = toml::to_string(&Config {
            dora: config.clone(),
            ..Config::default()
        });
        assert_eq!(read(&again.unwrap()).unwrap(), config);
    }

    #[test]
    fn a_wrong_value_is_refused_at_its_place() {
        for (text, part) in [
            ("attribution_window = \"soon\"", "no length of time"),
            ("attribution_window = \"-1h\"", "no length of time"),
            ("store = \"mysql://u:hush@h/d\"", "postgres://"),
            ("targets = { change_fail_rate = 15 }", "from 0 to 1"),
            ("targets = { lead_time_p50 = 3600 }", "no unit"),
            ("targets = { deployments_per_day = nan }", "a number a day"),
            (
                "targets = { rollback_downtime = \"some\" }",
                "\"none\" or \"off\"",
            ),
            ("rework = \"bug\"", "bug"),
            ("signers = [\"ada@example.org\"]", "public key of ssh"),
            ("signers = [\"ssh-ed25519\"]", "public key of ssh"),
            (
                "signers = [\"ssh-ed25519 AAAA\\u0022\"]",
                "public key of ssh",
            ),
            ("signers = [\"B0C4\"]", "whole fingerprint"),
        ] {
            let error = read(&format!("[dora]\n{text}\n")).unwrap_err();
            assert!(error.message.contains(part), "{text}: {error}");
            assert!(!error.message.contains("hush"), "{error}");
            assert_eq!(error.line, 2, "{text}: {error}");
        }
    }
}
