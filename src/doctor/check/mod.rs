//! One check, one file; each is a line of [`CHECKS`](super::CHECKS).

pub(super) mod compose;
pub(super) mod devcontainer;
pub(super) mod disk;
pub(super) mod engine;
pub(super) mod env_file;
pub(super) mod file_names;
pub(super) mod git;
pub(super) mod git_identity;
pub(super) mod hooks;
pub(super) mod line_endings;
pub(super) mod make;
pub(super) mod package_manager;
pub(super) mod permissions;
pub(super) mod podman;
pub(super) mod ports;
pub(super) mod repository;
pub(super) mod runtime;
pub(super) mod shell;

use super::{Finding, Subject};
use pep440_rs::Version;

/// Whether the folder asks for containers: it has services, or a compose file already.
fn wants_containers(subject: &Subject) -> bool {
    subject.project.is_some_and(|project| {
        !project.services.is_empty() || !project.existing.compose_files.is_empty()
    })
}

/// Whether we are inside a container, where an engine is not to be expected.
fn in_container(subject: &Subject) -> bool {
    subject.machine.variable("REMOTE_CONTAINERS").is_some()
        || ["/.dockerenv", "/run/.containerenv"]
            .iter()
            .any(|mark| std::path::Path::new(mark).exists())
}

/// A tool on PATH with at least the version `least`.
fn tool_from(
    subject: &Subject,
    name: &str,
    least: &str,
    absent: impl FnOnce() -> Finding,
    mend: &str,
) -> Finding {
    let Some(path) = subject.machine.find(name) else {
        return absent();
    };
    match subject.machine.version(&path, &["--version"]) {
        Err(silence) => Finding::error(silence.to_string(), mend),
        Ok(None) => Finding::warning(format!("{name} does not say its version"), mend),
        Ok(Some(version)) if least.parse::<Version>().is_ok_and(|least| version < least) => {
            Finding::error(format!("{name} {version} is older than {least}"), mend)
        }
        Ok(Some(version)) => Finding::ok(format!("{name} {version}")),
    }
}

#[cfg(test)]
mod tests {
    //! What the tests of the checks share: a subject made of a folder and scripted tools.

    use super::super::machine::tests::machine;
    use super::super::{Finding, Level, Machine, Subject};
    use crate::project::{Existing, Fact, Project, RelPath, Scripts, Service, ServiceKind};

    pub(super) fn project(services: Vec<Service>) -> Project {
        Project {
            name: Fact::guess("sample".to_owned(), "the folder's name"),
            services,
            libraries: Vec::new(),
            packages: Vec::new(),
            backing: Vec::new(),
            needs: Vec::new(),
            tools: Vec::new(),
            scripts: Scripts::default(),
            existing: Existing::default(),
            env_files: Vec::new(),
            findings: Vec::new(),
            unknown: Vec::new(),
        }
    }

    pub(super) fn service() -> Service {
        Service::new(
            "web",
            "python",
            RelPath::root(),
            Fact::guess(ServiceKind::Web, "a test"),
            Fact::guess(RelPath::root(), "a test"),
        )
    }

    /// What `look` says of `project` where these tools are on PATH.
    pub(super) fn look(
        look: fn(&Subject) -> Vec<Finding>,
        project: &Project,
        tools: &[(&str, &str)],
    ) -> Vec<(Level, bool, String)> {
        let folder = tempfile::tempdir().unwrap();
        look_with(look, project, &machine(folder.path(), tools))
    }

    pub(super) fn look_with(
        look: fn(&Subject) -> Vec<Finding>,
        project: &Project,
        machine: &Machine,
    ) -> Vec<(Level, bool, String)> {
        let root = tempfile::tempdir().unwrap();
        let none = crate::git::GitError::NotARepository(root.path().to_owned());
        let subject = Subject::new(root.path(), Err(&none), Some(project), machine);
        look(&subject)
            .into_iter()
            .map(|finding| (finding.level, finding.missing, finding.message))
            .collect()
    }
}
