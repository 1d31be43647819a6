//! `shipway.toml`: the schema, its defaults and its errors with line and column.
//!
//! In: the text of the file. Out: [`Config`]. Every room may read it.

mod dora;
pub mod file;
pub mod hooks;
mod templates;

pub use dora::{
    DoraConfig, DoraServiceConfig, Duration, NoDowntime, PerDay, Ratio, Rework, RolledBack, Signer,
    StoreConfig, Target, TargetConfig,
};

pub use templates::{Address, AddressError, TemplatesConfig};

use hooks::{Hooks, HooksTable};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The one version of the schema that this program reads.
pub const SCHEMA: u32 = 1;

/// What `shipway.toml` says; everything may be absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Version of this file's form; 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<u32>,
    #[serde(skip_serializing_if = "is_default")]
    pub project: ProjectConfig,
    /// Overrides of detected facts, matched by name; a name that was not detected is added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub service: Vec<ServiceConfig>,
    #[serde(skip_serializing_if = "is_default")]
    pub features: FeatureConfig,
    #[serde(skip_serializing_if = "is_default")]
    pub container: ContainerConfig,
    /// Templates of an organisation, between those of the repository and the built-in ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub templates: Option<TemplatesConfig>,
    /// As it is written; `hooks` is what it means.
    #[serde(rename = "hooks", skip_serializing_if = "is_default")]
    hooks_table: HooksTable,
    #[serde(skip)]
    pub hooks: Hooks,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub environments: BTreeMap<String, EnvironmentConfig>,
    #[serde(skip_serializing_if = "is_default")]
    pub dora: DoraConfig,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProjectConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// One service; what is absent stays as detected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceConfig {
    pub name: String,
    /// Leave this detected service out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore: bool,
    /// Folder of its source, relative to the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// `module:object`, or a script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// Command fit for production.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    /// Path that answers 200 while the service is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<String>,
    /// `major.minor` of the runtime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_version: Option<String>,
    /// Debian packages needed when it runs, beside the detected ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub system_packages: Vec<String>,
    /// Folders that outlive its container, beside the detected ones: relative to the root, or
    /// absolute in the container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FeatureConfig {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub enable: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disable: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Base {
    /// Debian's slim image of the runtime.
    #[default]
    Slim,
    Alpine,
    Distroless,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContainerConfig {
    #[serde(skip_serializing_if = "is_default")]
    pub base: Base,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnvironmentConfig {
    /// How many of each service run; what may not run twice stays at one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
}

/// Why `shipway.toml` was refused; the text names file, line, column and the mend.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}{}", mend.as_ref().map(|mend| format!("\n{mend}")).unwrap_or_default())]
pub struct ConfigError {
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    pub message: String,
    pub mend: Option<String>,
}

/// Name of the configuration in a repository's root.
pub const FILE: &str = "shipway.toml";

impl Config {
    /// Reads `shipway.toml` in `root`; everything is at its default where there is none.
    ///
    /// # Errors
    /// As [`Config::parse`], and when the file is there and cannot be read.
    pub fn load(root: &std::path::Path) -> Result<Self, ConfigError> {
        let path = root.join(FILE);
        if path.symlink_metadata().is_err() {
            return Ok(Self::default());
        }
        Self::parse(&read(&path, FILE)?, FILE)
    }

    /// Parses the text of `shipway.toml`, named `file` in errors.
    ///
    /// # Errors
    /// Invalid TOML, an unknown key (with the nearest known one), a wrong type, an unknown
    /// schema version, a job that cannot be (see [`hooks`]).
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        let mut config = Self::written(text, file)?;
        config.hooks = config
            .hooks_table
            .read(text, file)
            .map_err(|wrong| wrong.at(text, file))?;
        Ok(config)
    }

    /// `[hooks]` of `text` as it is written.
    fn table(text: &str, file: &str) -> Result<HooksTable, ConfigError> {
        Ok(Self::written(text, file)?.hooks_table)
    }

    /// Without what [`hooks`] makes of its part.
    fn written(text: &str, file: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let (line, column) = position(text, at);
            ConfigError {
                file: file.to_owned(),
                line,
                column,
                message: error.message().to_owned(),
                mend: suggestion(error.message()),
            }
        })?;
        match config.schema {
            None | Some(SCHEMA) => Ok(config),
            Some(other) => Err(ConfigError {
                file: file.to_owned(),
                line: 1,
                column: 1,
                message: format!("schema {other} is not known; this shipway reads schema {SCHEMA}"),
                mend: Some("install a newer shipway, or set schema = 1".to_owned()),
            }),
        }
    }

    /// The JSON Schema of `shipway.toml`.
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Config).to_value()
    }
}

/// Line and column, both from 1, of byte `at`.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before[start..].chars().count() + 1)
}

/// "did you mean" out of serde's "unknown field `x`, expected one of `a`, `b`".
fn suggestion(message: &str) -> Option<String> {
    let (unknown, expected) = message.split_once(", expected")?;
    let unknown = unknown.split('`').nth(1)?;
    let known = expected.split('`').skip(1).step_by(2);
    nearest(unknown, known).map(|known| format!("did you mean `{known}`?"))
}

/// The known name most like `name`, where one is like it.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let likeness = |known: &str| {
        // One letter too many, too few, wrong or swapped.
        if strsim::osa_distance(name, known) == 1 {
            return 1.0;
        }
        strsim::jaro_winkler(name, known)
    };
    known
        .map(|known| (likeness(known), known))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.75)
        .map(|(_, known)| known)
}

/// The text at `path`, named `file` in errors.
fn read(path: &std::path::Path, file: &str) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| ConfigError {
        file: file.to_owned(),
        line: 1,
        column: 1,
        message: format!("cannot be read: {error}"),
        mend: Some(format!(
            "make {file} a readable UTF-8 file: chmod u+r {file}"
        )),
    })
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_place_and_suggestion() {
        let error =
            Config::parse("schema = 1\n[project]\nnmae = \"x\"\n", "shipway.toml").unwrap_err();
        assert_eq!((error.line, error.column), (3, 1));
        assert_eq!(error.mend.as_deref(), Some("did you mean `name`?"));
    }

    #[test]
    fn an_empty_file_is_all_defaults() {
        assert_eq!(
            Config::parse("", "shipway.toml").unwrap(),
            Config::default()
        );
    }
}
