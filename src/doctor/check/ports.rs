//! Whether the ports that the project publishes are free, and who holds those that are not.

use super::{Finding, Subject};
use crate::deploy::engine::Variables;
use crate::doctor::platform;
use crate::project::{Project, ServiceKind};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let Some(project) = subject.project else {
        return Vec::new();
    };
    let mut variables = dotenv(subject);
    // The shell's variables win over those of `.env`, as in compose.
    variables.extend(subject.machine.variables().clone());
    published(project, &variables)
        .into_iter()
        .map(|(port, service)| finding(subject, port, &service))
        .collect()
}

/// The variables of `.env`; empty without one.
fn dotenv(subject: &Subject) -> Variables {
    dotenvy::from_path_iter(subject.root.join(".env"))
        .map(|lines| lines.flatten().collect())
        .unwrap_or_default()
}

/// Port to service: what the compose files at the root publish, or, before there is one, what
/// the services listen on.
fn published(project: &Project, variables: &Variables) -> BTreeMap<u16, String> {
    let composed: BTreeMap<u16, String> = project
        .existing
        .compose_files
        .iter()
        .filter(|file| file.path.parent().is_root())
        .flat_map(|file| &file.services)
        .flat_map(|service| service.ports.iter().map(move |ports| (ports, service)))
        .flat_map(|(ports, service)| {
            host_ports(ports, variables)
                .into_iter()
                .map(|port| (port, service.name.clone()))
        })
        .collect();
    if !composed.is_empty() {
        return composed;
    }
    project
        .services
        .iter()
        .filter(|service| matches!(service.kind.value, ServiceKind::Web | ServiceKind::Static))
        .filter_map(|service| {
            let port = service.port.as_ref()?.value.get();
            let moved = variables
                .get(&moved_by(&service.name))
                .and_then(|text| text.parse().ok());
            Some((moved.unwrap_or(port), service.name.clone()))
        })
        .collect()
}

/// The variable that moves a service's port in the generated compose file: `WEB_PORT`.
fn moved_by(service: &str) -> String {
    format!("{}_PORT", service.replace('-', "_").to_uppercase())
}

/// The ports of this machine in compose's short syntax `[IP:]HOST[-HOST]:CONTAINER[/PROTOCOL]`
/// with `${VARIABLE:-default}`; empty where the engine chooses one or the protocol is not TCP.
fn host_ports(written: &str, variables: &Variables) -> Vec<u16> {
    let text =
        shellexpand::env_with_context_no_errors(written, |name: &str| variables.get(name).cloned());
    let text = match text.split_once('/') {
        Some((text, "tcp")) => text,
        Some(_) => return Vec::new(),
        None => &text,
    };
    let mut parts = text.rsplit(':').skip(1);
    let Some(host) = parts.next() else {
        return Vec::new();
    };
    let (first, last) = host.split_once('-').unwrap_or((host, host));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) if first > 0 => (first..=last).collect(),
        _ => Vec::new(),
    }
}

fn finding(subject: &Subject, port: u16, service: &str) -> Finding {
    let container = subject.engine().as_ref().ok().and_then(|engine| {
        engine
            .published
            .iter()
            .find(|published| published.port == port)
    });
    if let Some(container) = container {
        let own = container
            .project_folder
            .as_deref()
            .is_some_and(|folder| std::path::Path::new(folder) == subject.root);
        return if own {
            Finding::ok(format!(
                "port {port} is held by this project's own {}",
                container.container
            ))
        } else {
            Finding::error(
                format!(
                    "port {port}, which {service} publishes, is held by the container {}",
                    container.container
                ),
                format!("docker stop {}", container.container),
            )
        };
    }
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Finding::ok(format!("port {port} is free for {service}")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            let (holder, mend) = match platform::listener(port) {
                Some((name, number)) => (
                    format!("{name} (process {number})"),
                    format!("stop it, for example with: kill {number}"),
                ),
                None => (
                    "another process".to_owned(),
                    format!("find it with: sudo ss -ltnp 'sport = :{port}'"),
                ),
            };
            Finding::error(
                format!("port {port}, which {service} publishes, is held by {holder}"),
                mend,
            )
        }
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Finding::warning(
            format!(
                "port {port}, which {service} publishes, is below 1024: a rootless engine may not open it"
            ),
            "publish it on a port from 1024 on",
        ),
        Err(error) => Finding::warning(
            format!("port {port}, which {service} publishes, cannot be tried: {error}"),
            "look at the addresses of this machine: ip address",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{look, project, service};
    use super::*;
    use crate::doctor::Level;
    use crate::project::{Fact, Port};

    #[test]
    fn the_host_s_side_of_compose_s_short_syntax() {
        let variables = Variables::from([("WEB_PORT".to_owned(), "8080".to_owned())]);
        for (written, expected) in [
            ("127.0.0.1:${WEB_PORT:-5000}:5000", vec![8080]),
            ("${DB_PORT:-5432}:5432", vec![5432]),
            ("3000-3002:3000-3002", vec![3000, 3001, 3002]),
            ("[::1]:6000:6000/tcp", vec![6000]),
            ("8125:8125/udp", vec![]),
            ("5000", vec![]),
            ("0:5000", vec![]),
        ] {
            assert_eq!(host_ports(written, &variables), expected, "{written}");
        }
    }

    #[test]
    fn a_variable_moves_the_port_of_a_service() {
        let mut service = service();
        service.name = "web-app".to_owned();
        service.port = Port::new(5000).map(|port| Fact::guess(port, "a test"));
        let project = project(vec![service]);
        let variables = Variables::from([("WEB_APP_PORT".to_owned(), "5055".to_owned())]);
        let ports = |variables| {
            published(&project, variables)
                .into_keys()
                .collect::<Vec<_>>()
        };
        assert_eq!(ports(&variables), [5055]);
        assert_eq!(ports(&Variables::new()), [5000]);
    }

    #[test]
    fn a_port_that_is_taken_is_an_error_that_names_it() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = holder.local_addr().unwrap().port();
        let mut service = service();
        service.port = Port::new(port).map(|port| Fact::guess(port, "a test"));
        let found = look(super::look, &project(vec![service]), &[]);
        assert_eq!(found[0].0, Level::Error);
        assert!(
            found[0]
                .2
                .starts_with(&format!("port {port}, which web publishes, is held by ")),
            "{}",
            found[0].2
        );
    }
}
