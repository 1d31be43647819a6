//! Whether compose is there and new enough to read what is generated.

use super::{Finding, Subject, wants_containers};
use pep440_rs::Version;

/// The first in which an `env_file` may be absent; `include` came with 2.20.
const LEAST: &str = "2.24";

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let mend = format!(
        "install Docker Compose {LEAST} or newer: https://docs.docker.com/compose/install/linux/"
    );
    let Some(docker) = subject.machine.find("docker") else {
        return vec![without_docker(subject, mend)];
    };
    match subject.machine.version(&docker, &["compose", "version"]) {
        Ok(Some(version)) if LEAST.parse::<Version>().is_ok_and(|least| version < least) => {
            vec![Finding::error(
                format!(
                    "docker compose {version} is older than {LEAST}: it cannot read all that is generated"
                ),
                mend,
            )]
        }
        Ok(Some(version)) => vec![Finding::ok(format!("docker compose {version}"))],
        Ok(None) => vec![Finding::warning(
            "docker compose does not say its version",
            mend,
        )],
        Err(_) => vec![absent(
            subject,
            "docker has no compose plugin".to_owned(),
            mend,
        )],
    }
}

fn without_docker(subject: &Subject, mend: String) -> Finding {
    if let Some(podman) = subject.machine.find("podman")
        && let Ok(Some(version)) = subject.machine.version(&podman, &["compose", "version"])
    {
        return Finding::warning(
            format!("compose {version} through podman; the Makefile calls docker compose"),
            "install podman-docker, which brings a command named docker",
        );
    }
    absent(
        subject,
        "the command docker is not on PATH, which calls compose".to_owned(),
        mend,
    )
}

fn absent(subject: &Subject, message: String, mend: String) -> Finding {
    if wants_containers(subject) && !super::in_container(subject) {
        Finding::missing(message, mend)
    } else {
        Finding::warning(message, mend)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{look, project};
    use crate::doctor::Level;

    #[test]
    fn compose_below_2_24_is_too_old() {
        let project = project(Vec::new());
        for (said, level) in [
            ("Docker Compose version v2.23.3", Level::Error),
            ("Docker Compose version v2.24.0", Level::Ok),
            ("Docker Compose version v2.9.0", Level::Error),
            ("Docker Compose version 5.0.0", Level::Ok),
        ] {
            let found = look(super::look, &project, &[("docker", said)]);
            assert_eq!(found[0].0, level, "{said}");
        }
    }
}
