//! Whether the devcontainer CLI is there; editors bring their own.

use super::{Finding, Subject};

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let Some(path) = subject.machine.find("devcontainer") else {
        return vec![Finding::ok(
            "the devcontainer CLI is not installed; editors open .devcontainer without it",
        )];
    };
    vec![match subject.machine.version(&path, &["--version"]) {
        Ok(Some(version)) => Finding::ok(format!("devcontainer {version}")),
        Ok(None) => Finding::ok(format!("devcontainer at {}", path.display())),
        Err(silence) => Finding::warning(
            silence.to_string(),
            "npm install --global @devcontainers/cli",
        ),
    }]
}
