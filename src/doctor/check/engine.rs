//! Whether an engine runs, may be talked to, and is new enough.

use super::{Finding, Subject, in_container, wants_containers};
use crate::deploy::engine::{Engine, EngineError, Kind, OLDEST_API};

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    match subject.engine() {
        Ok(engine) => there(engine),
        Err(error) => vec![absent(subject, error)],
    }
}

fn there(engine: &Engine) -> Vec<Finding> {
    let name = match engine.kind {
        Kind::Docker => "Docker",
        Kind::Podman => "Podman",
    };
    let rootless = if engine.rootless { ", rootless" } else { "" };
    let said = format!(
        "{name} {} answers at {} (named by {}{rootless})",
        engine.version, engine.address.host, engine.address.named_by
    );
    let mut findings = vec![match engine.api {
        Some(api) if api < OLDEST_API => Finding::error(
            format!(
                "{said}, but speaks API {}.{} at most; {}.{} is needed",
                api.0, api.1, OLDEST_API.0, OLDEST_API.1
            ),
            "install Docker Engine 20.10 or newer: https://docs.docker.com/engine/install/",
        ),
        _ => Finding::ok(said),
    }];
    if let Some(storage) = &engine.storage {
        findings.push(if storage == "vfs" {
            Finding::warning(
                "the engine stores images with vfs, which copies every layer in full",
                "use overlay2: https://docs.docker.com/engine/storage/drivers/select-storage-driver/",
            )
        } else {
            Finding::ok(format!("the engine stores images with {storage}"))
        });
    }
    if engine.kind == Kind::Docker && !engine.live_restore {
        findings.push(Finding::ok(
            "containers stop while the engine itself is restarted (live-restore is off, its default)",
        ));
    }
    findings
}

fn absent(subject: &Subject, error: &EngineError) -> Finding {
    let mend = match error {
        EngineError::NotFound { .. } => {
            "install Docker (https://docs.docker.com/engine/install/) or Podman \
             (https://podman.io/docs/installation), or set DOCKER_HOST"
                .to_owned()
        }
        EngineError::Denied { .. } => {
            "sudo usermod --append --groups docker \"$USER\" and log in again, or use a rootless \
             engine (the group docker is as good as root)"
                .to_owned()
        }
        EngineError::Silent { host, .. } if host.starts_with("unix://") => {
            "start it (sudo systemctl start docker; systemctl --user start podman.socket; or Docker \
             Desktop)"
                .to_owned()
        }
        EngineError::Silent { host, .. } if host.starts_with("ssh://") => {
            format!(
                "see that this works without a question: ssh {} docker version",
                host.trim_start_matches("ssh://")
            )
        }
        EngineError::Silent { host, .. } => {
            format!("start the engine at {host}, or unset DOCKER_HOST to use the local one")
        }
        EngineError::Scheme { .. } => "ask it with: docker info".to_owned(),
        EngineError::NoSsh { .. } => "sudo apt install openssh-client".to_owned(),
        EngineError::Certificate { file, .. } => format!(
            "put ca.pem, cert.pem and key.pem into {}, or set DOCKER_CERT_PATH",
            file.parent().unwrap_or(file).display()
        ),
        EngineError::Context { .. } => {
            "docker context ls shows those that there are; go back with: docker context use default"
                .to_owned()
        }
    };
    let message = format!("{error}; everything that needs no containers works");
    match error {
        EngineError::Scheme { .. } => Finding::warning(error.to_string(), mend),
        EngineError::NotFound { .. } | EngineError::Silent { .. }
            if !wants_containers(subject) || in_container(subject) =>
        {
            Finding::warning(message, mend)
        }
        _ => Finding::missing(message, mend),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{look_with, project};
    use super::*;
    use crate::deploy::engine::{Address, Variables};
    use crate::doctor::{Level, Machine};
    use std::path::Path;

    fn engine(api: (u32, u32), storage: &str) -> Engine {
        Engine {
            address: Address {
                host: "unix:///var/run/docker.sock".to_owned(),
                named_by: "its usual place".to_owned(),
                tls: None,
            },
            kind: Kind::Docker,
            version: "20.10.24".to_owned(),
            api: Some(api),
            rootless: false,
            data_root: None,
            storage: Some(storage.to_owned()),
            live_restore: true,
            memory: None,
            published: Vec::new(),
        }
    }

    #[test]
    fn an_engine_with_an_old_api_is_an_error() {
        let levels = |engine: &Engine| {
            there(engine)
                .iter()
                .map(|finding| finding.level)
                .collect::<Vec<_>>()
        };
        assert_eq!(levels(&engine((1, 41), "overlay2")), [Level::Ok, Level::Ok]);
        assert_eq!(
            levels(&engine((1, 40), "vfs")),
            [Level::Error, Level::Warning]
        );
    }

    #[test]
    fn docker_host_is_respected_and_named() {
        let machine = Machine::new(
            Variables::from([(
                "DOCKER_HOST".to_owned(),
                "unix:///nowhere/e.sock".to_owned(),
            )]),
            Path::new("/nowhere"),
        );
        let found = look_with(look, &project(Vec::new()), &machine);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, Level::Warning);
        assert!(
            found[0]
                .2
                .starts_with("no engine answers at unix:///nowhere/e.sock"),
            "{}",
            found[0].2
        );
    }
}
