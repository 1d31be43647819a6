//! What differs where the engine is Podman.

use super::{Finding, Subject};
use crate::deploy::engine::Kind;
use std::path::Path;

/// There where systemd runs: `sd_booted(3)`.
const SYSTEMD: &str = "/run/systemd/system";

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    match subject.engine() {
        Ok(engine) if engine.kind == Kind::Podman => {
            let mut findings = differences(
                engine.rootless,
                subject.machine.variable("DOCKER_HOST").is_some(),
                subject.machine.variable("BUILDAH_FORMAT") == Some("docker"),
                &engine.address.host,
            );
            let here = engine.address.host.starts_with("unix://");
            if here && !Path::new(SYSTEMD).is_dir() {
                findings.push(no_timers());
            }
            findings
        }
        Ok(_) => Vec::new(),
        // A podman whose socket is off is the likeliest engine to be told about.
        Err(_) if subject.machine.find("podman").is_some() => vec![Finding::warning(
            "podman is installed and its socket is off: compose and shipway talk to that socket",
            "systemctl --user enable --now podman.socket",
        )],
        Err(_) => Vec::new(),
    }
}

fn differences(rootless: bool, named: bool, docker_format: bool, host: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !named {
        findings.push(Finding::warning(
            "docker compose looks for Docker's socket and not for Podman's",
            format!("export DOCKER_HOST={host}"),
        ));
    }
    if !docker_format {
        findings.push(Finding::warning(
            "podman build drops a Dockerfile's HEALTHCHECK; the compose file repeats it, a bare \
             podman run has none",
            "export BUILDAH_FORMAT=docker",
        ));
    }
    if rootless {
        findings.push(Finding::ok(
            "rootless Podman publishes ports from 1024 on, and files that a container makes in a \
             bind mount belong to a subordinate user unless it runs with --userns=keep-id",
        ));
        findings.push(Finding::ok(
            "rootless containers start again after a reboot only with: systemctl --user enable \
             podman-restart.service and loginctl enable-linger",
        ));
    }
    findings
}

fn no_timers() -> Finding {
    Finding::warning(
        "Podman has systemd call its health checks, and there is no systemd here: what waits for a \
         healthy database never starts",
        "while sleep 5; do podman ps --quiet | xargs -r -n 1 podman healthcheck run; done &",
    )
}

#[cfg(test)]
mod tests {
    use super::differences;

    #[test]
    fn what_the_user_set_already_is_not_said_again() {
        let all = differences(false, false, false, "unix:///run/podman/podman.sock");
        assert_eq!(
            all.iter()
                .filter_map(|finding| finding.mend.as_deref())
                .collect::<Vec<_>>(),
            [
                "export DOCKER_HOST=unix:///run/podman/podman.sock",
                "export BUILDAH_FORMAT=docker"
            ]
        );
        assert!(differences(false, true, true, "").is_empty());
    }
}
