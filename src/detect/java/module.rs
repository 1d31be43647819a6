//! One module of a build, whichever tool builds it.

use crate::project::{Evidence, RelPath, Requirement};
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Builder {
    Maven,
    Gradle,
}

/// How a version of Java came into a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// The toolchain that compiles and tests it.
    Toolchain,
    /// The least that its classes run on.
    Least,
}

#[derive(Debug)]
pub(super) struct Module {
    pub(super) builder: Builder,
    pub(super) root: RelPath,
    pub(super) manifest: RelPath,
    /// The first line of the manifest that says what it is.
    pub(super) at: Evidence,
    /// Folder that the build is started in.
    pub(super) home: RelPath,
    /// `./mvnw`, `gradle`.
    pub(super) program: String,
    /// Artifact of Maven or project of Gradle.
    pub(super) name: String,
    /// `web` for Maven, `:web` for Gradle; empty for the whole build.
    pub(super) address: String,
    /// Name of the jar without its extension, where it is known.
    pub(super) jar: Option<String>,
    /// Whether anything is compiled in it; false for one that only holds others.
    pub(super) compiles: bool,
    /// Whether it makes a war.
    pub(super) war: bool,
    /// With modules of the build resolved: `group:artifact`.
    pub(super) requirements: Vec<Requirement>,
    /// `group:artifact` for Maven, the id for Gradle.
    pub(super) plugins: Vec<(String, Evidence)>,
    /// Roots of the modules of this build that it is made with.
    pub(super) uses: Vec<RelPath>,
    /// The class that starts.
    pub(super) main: Option<(String, Evidence)>,
    pub(super) java: Vec<(u32, Level, Evidence)>,
    /// What the build reads before any source, without duplicates; the same for all its modules.
    pub(super) manifests: Arc<[RelPath]>,
    /// The only lock that Gradle has, where it is committed.
    pub(super) lock: Option<RelPath>,
}

impl Module {
    pub(super) fn plugin(&self, id: &str) -> Option<&Evidence> {
        self.plugins
            .iter()
            .find(|(known, _)| known == id)
            .map(|(_, at)| at)
    }

    /// Folder of what the build makes: `target`, `build`.
    pub(super) fn made(&self) -> String {
        let folder = match self.builder {
            Builder::Maven => "target",
            Builder::Gradle => "build",
        };
        match self.root.below(&self.home) {
            Some(below) if !below.is_root() => format!("{below}/{folder}"),
            _ => folder.to_owned(),
        }
    }
}

/// The release in `17`, `1.8`, `VERSION_21`, `JavaLanguageVersion.of(21)`, `JvmTarget.JVM_17`,
/// `temurin-21.0.5+11`, `21.0.5-tem`.
pub(super) fn release(text: &str) -> Option<u32> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let mut numbers = text[start..].split(|c: char| !c.is_ascii_digit());
    let first: u32 = numbers.next()?.parse().ok()?;
    let number = if first == 1 {
        numbers.next()?.parse().ok()?
    } else {
        first
    };
    (6..100).contains(&number).then_some(number)
}

/// `a` as a dependency at `at`.
pub(super) fn requirement(
    name: String,
    specifier: &str,
    development: bool,
    at: Evidence,
) -> Requirement {
    Requirement {
        name,
        extras: Vec::new(),
        specifier: specifier.to_owned(),
        exact: true,
        development,
        direct: true,
        declared: at,
        imported: None,
    }
}

#[cfg(test)]
mod tests {
    use super::release;

    #[test]
    fn releases_of_every_notation() {
        for (text, number) in [
            ("1.8", Some(8)),
            ("17", Some(17)),
            ("JavaVersion.VERSION_1_8", Some(8)),
            ("JavaVersion.VERSION_21", Some(21)),
            ("JavaLanguageVersion.of(21)", Some(21)),
            ("temurin-21.0.5+11.0.LTS", Some(21)),
            ("21.0.5-tem", Some(21)),
            ("JvmTarget.JVM_11", Some(11)),
            ("${java.version}", None),
            ("1", None),
            ("", None),
        ] {
            assert_eq!(release(text), number, "{text}");
        }
    }
}
