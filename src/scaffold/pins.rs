//! Versions and immutable ids of other people's things that generated files name.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const TEXT: &str = include_str!("pins.toml");

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    pub supabase: SupabaseSet,
    /// By a key of ours: `python-3.12-slim`, `postgres-17`, `supabase-auth`, ….
    #[serde(rename = "image")]
    images: BTreeMap<String, Image>,
    /// By `owner/name`.
    #[serde(rename = "action")]
    actions: BTreeMap<String, Action>,
    /// By the last part of the id: `node`.
    #[serde(rename = "devcontainer_feature")]
    devcontainer_features: BTreeMap<String, DevcontainerFeature>,
    #[serde(rename = "tool")]
    tools: BTreeMap<String, String>,
}

/// The set of Supabase images that were released together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupabaseSet {
    pub release: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// With its registry: `docker.io/library/python`.
    pub name: String,
    pub tag: String,
    /// `sha256:…` of the image index; absent where none is known.
    #[serde(default)]
    pub digest: Option<String>,
    #[serde(default)]
    pub note: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    pub version: String,
    /// Full commit id.
    pub sha: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DevcontainerFeature {
    /// Without its version: `ghcr.io/devcontainers/features/node`.
    pub id: String,
    pub version: String,
}

impl Pins {
    /// The pins that this program was built with.
    ///
    /// # Errors
    /// When the embedded file is malformed, which a test rules out.
    pub fn builtin() -> Result<Self, toml::de::Error> {
        toml::from_str(TEXT)
    }

    #[must_use]
    pub fn image(&self, key: &str) -> Option<&Image> {
        self.images.get(key)
    }

    /// Every image by its key.
    #[must_use]
    pub fn images(&self) -> &BTreeMap<String, Image> {
        &self.images
    }

    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.actions.get(name)
    }

    #[must_use]
    pub fn devcontainer_feature(&self, name: &str) -> Option<&DevcontainerFeature> {
        self.devcontainer_features.get(name)
    }

    /// The version of a tool: `ruff`, `gunicorn`, ….
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<&str> {
        self.tools.get(name).map(String::as_str)
    }

    /// A tool as a requirement for pip: `name==version`, or its bare name where no pin is known.
    #[must_use]
    pub fn requirement(&self, name: &str) -> String {
        match self.tool(name) {
            Some(version) => format!("{name}=={version}"),
            None => name.to_owned(),
        }
    }
}

impl Image {
    /// `name:tag@digest`, or `name:tag` where no digest is known.
    #[must_use]
    pub fn reference(&self) -> String {
        match &self.digest {
            Some(digest) => format!("{}:{}@{digest}", self.name, self.tag),
            None => format!("{}:{}", self.name, self.tag),
        }
    }
}

impl DevcontainerFeature {
    /// `id:version`.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("{}:{}", self.id, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_hex(text: &str, length: usize) -> bool {
        text.len() == length && text.chars().all(|c| c.is_ascii_hexdigit())
    }

    #[test]
    fn every_id_has_the_form_of_its_kind() {
        let pins = Pins::builtin().unwrap();
        for (key, image) in pins.images() {
            assert!(image.name.contains('/') && !image.tag.is_empty(), "{key}");
            if let Some(digest) = &image.digest {
                let hex = digest.strip_prefix("sha256:").unwrap();
                assert!(is_hex(hex, 64), "{key}");
            }
        }
        for (name, action) in &pins.actions {
            assert!(is_hex(&action.sha, 40), "{name}");
        }
    }

    #[test]
    fn an_image_is_named_by_digest_where_one_is_known() {
        let pins = Pins::builtin().unwrap();
        assert_eq!(
            pins.image("python-3.12-slim").unwrap().reference(),
            "docker.io/library/python:3.12.14-slim-trixie@sha256:f77ac9e44ae96ef2c90b8053ea08c31f8be030f824196b0ae4db6d462c84e51f"
        );
        assert_eq!(
            pins.image("mysql").unwrap().reference(),
            "docker.io/library/mysql:8.4"
        );
    }
}
