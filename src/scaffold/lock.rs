//! `shipway.lock`: what was generated, from which templates, answers and facts.

use super::feature::Strategy;
use crate::project::RelPath;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Its name at the root.
pub const LOCK_FILE: &str = "shipway.lock";
/// Where artifacts lie as they were generated, relative to the root.
pub const PRISTINE_DIR: &str = ".shipway/pristine";
const SCHEMA: u32 = 1;
const HEAD: &str = "# What shipway generated, and from what. Commit it; do not edit it.\n";

/// The lock of one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    pub schema: u32,
    /// Version of the program that wrote it.
    pub shipway: String,
    /// What was chosen: `base`, `features`.
    #[serde(default)]
    pub answers: BTreeMap<String, String>,
    /// The detected values that the artifacts were made from.
    #[serde(default)]
    pub facts: BTreeMap<String, String>,
    /// Sorted by path.
    #[serde(default, rename = "artifact")]
    pub artifacts: Vec<Artifact>,
}

/// One generated file or block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    #[serde(with = "rel_path")]
    pub path: RelPath,
    /// The file rule's id, with the element's name where there are several: `dockerfile.web`.
    pub id: String,
    pub feature: String,
    /// Octal, as `chmod` takes it.
    pub mode: String,
    pub strategy: Strategy,
    /// SHA-256 of the template.
    pub template: String,
    /// SHA-256 of what was generated; absent where that is secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pristine: Option<String>,
}

/// Why the lock was refused.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error(
        "{LOCK_FILE}:{line}: has the marks of a merge conflict; keep one side whole \
         (git checkout --ours {LOCK_FILE}) and run shipway init again"
    )]
    Conflict { line: usize },
    #[error(
        "{LOCK_FILE} has schema {found}, this shipway reads up to {SCHEMA}; install a newer shipway"
    )]
    Newer { found: i64 },
    #[error("{LOCK_FILE}:{line}: {message}; restore it with: git checkout -- {LOCK_FILE}")]
    Invalid { line: usize, message: String },
}

impl Default for Lock {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            shipway: env!("CARGO_PKG_VERSION").to_owned(),
            answers: BTreeMap::new(),
            facts: BTreeMap::new(),
            artifacts: Vec::new(),
        }
    }
}

impl Lock {
    /// Parses the text of `shipway.lock`.
    ///
    /// # Errors
    /// When it has conflict marks, is of a newer schema or is malformed.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        const MARKS: &[&str] = &["<<<<<<<", "=======", ">>>>>>>", "|||||||"];
        if let Some(at) = text
            .lines()
            .position(|line| MARKS.iter().any(|mark| line.starts_with(mark)))
        {
            return Err(LockError::Conflict { line: at + 1 });
        }
        let invalid = |error: &toml::de::Error| LockError::Invalid {
            line: super::line_of(text, error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        };
        let table: toml::Table = text.parse().map_err(|error| invalid(&error))?;
        let schema = table.get("schema").and_then(toml::Value::as_integer);
        if let Some(found) = schema.filter(|found| *found > i64::from(SCHEMA)) {
            return Err(LockError::Newer { found });
        }
        toml::from_str(text).map_err(|error| invalid(&error))
    }

    /// The text to write: stable order, one block per artifact.
    ///
    /// # Errors
    /// When a value cannot be written as TOML.
    pub fn to_text(&self) -> Result<String, toml::ser::Error> {
        Ok(format!("{HEAD}{}", toml::to_string(self)?))
    }

    /// The artifact of rule `id`.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<&Artifact> {
        self.artifacts.iter().find(|artifact| artifact.id == id)
    }

    /// Whether a whole file at `path` is ours.
    #[must_use]
    pub fn owns(&self, path: &RelPath) -> bool {
        self.artifacts
            .iter()
            .any(|artifact| artifact.path == *path && artifact.strategy == Strategy::File)
    }

    /// Puts `artifact` in the place of the one with the same id.
    pub fn put(&mut self, artifact: Artifact) {
        self.artifacts.retain(|other| other.id != artifact.id);
        let at = self
            .artifacts
            .partition_point(|other| (&other.path, &other.id) < (&artifact.path, &artifact.id));
        self.artifacts.insert(at, artifact);
    }
}

/// SHA-256 in hexadecimal.
pub(super) fn sha256(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

mod rel_path {
    use crate::project::RelPath;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(path: &RelPath, to: S) -> Result<S::Ok, S::Error> {
        path.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<RelPath, D::Error> {
        let text = String::deserialize(from)?;
        RelPath::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(path: &str, id: &str) -> Artifact {
        Artifact {
            path: RelPath::parse(path).unwrap(),
            id: id.to_owned(),
            feature: "container".to_owned(),
            mode: "0644".to_owned(),
            strategy: Strategy::File,
            template: sha256(b"t"),
            pristine: Some(sha256(b"p")),
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_sorted() {
        let mut lock = Lock::default();
        lock.facts.insert("web.port".to_owned(), "5000".to_owned());
        lock.put(artifact("b", "two"));
        lock.put(artifact("a", "one"));
        lock.put(artifact("c", "two"));
        let paths: Vec<_> = lock.artifacts.iter().map(|a| a.path.as_str()).collect();
        assert_eq!(paths, ["a", "c"]);
        assert_eq!(Lock::parse(&lock.to_text().unwrap()).unwrap(), lock);
    }

    #[test]
    fn refuses_what_it_cannot_trust() {
        let message = |text: &str| Lock::parse(text).unwrap_err().to_string();
        assert!(message("schema = 2\nfuture = true\n").contains("schema 2"));
        assert!(message("schema = 1\n<<<<<<< HEAD\n").starts_with("shipway.lock:2: "));
        assert!(message("schema = 1\nshipway = \"0\"\nx = [\n").starts_with("shipway.lock:3: "));
        let outside = artifact("a", "a");
        let mut lock = Lock::default();
        lock.put(outside);
        let text = lock
            .to_text()
            .unwrap()
            .replace("path = \"a\"", "path = \"../a\"");
        assert!(message(&text).contains("leaves the repository"));
    }

    #[test]
    fn the_hash_is_that_of_the_standard() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
