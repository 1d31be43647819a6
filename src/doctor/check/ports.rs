//! Whether the ports that the project publishes are free, and who holds those that are not.

use super::{Finding, Subject};
use crate::deploy::engine::Variables;
use crate::detect::existing::in_use;
use crate::doctor::platform;
use crate::project::{Project, ServiceKind};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::Path;

/// What compose finds by itself: the first of these, and the first of the second list on top.
const MAIN: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];
const OVERRIDES: [&str; 4] = [
    "compose.override.yaml",
    "compose.override.yml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];
/// What `make up` hands to compose where the user's file has its name.
const BESIDE: [&str; 2] = ["compose.shipway.yaml", "compose.shipway.override.yaml"];

/// A port that is to be published.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    /// On which address of this machine.
    address: IpAddr,
    service: String,
    /// `compose.yaml:12`; empty where no compose file says it.
    place: String,
    /// The variable that moves it.
    variable: Option<String>,
}

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let Some(project) = subject.project else {
        return Vec::new();
    };
    let mut variables = dotenv(subject);
    // The shell's variables win over those of `.env`, as in compose.
    variables.extend(subject.machine.variables().clone());
    published(subject.root, project, &variables)
        .into_iter()
        .map(|(port, wanted)| finding(subject, port, &wanted))
        .collect()
}

/// The variables of `.env`; empty without one.
fn dotenv(subject: &Subject) -> Variables {
    dotenvy::from_path_iter(subject.root.join(".env"))
        .map(|lines| lines.flatten().collect())
        .unwrap_or_default()
}

/// The compose files at the root that are started for development: those of `COMPOSE_FILE`, else
/// what compose finds by itself, and what is generated beside a file of the user's.
fn files(root: &Path, variables: &Variables) -> Vec<String> {
    let named = variables
        .get("COMPOSE_FILE")
        .filter(|files| !files.is_empty());
    let mut files: Vec<String> = match named {
        Some(files) => files.split(':').map(str::to_owned).collect(),
        None => [MAIN, OVERRIDES]
            .iter()
            .filter_map(|names| names.iter().find(|name| root.join(name).is_file()))
            .map(|name| (*name).to_owned())
            .collect(),
    };
    files.extend(BESIDE.map(str::to_owned));
    files
}

/// What the compose files publish, or, before there is one, what the services listen on.
fn published(root: &Path, project: &Project, variables: &Variables) -> BTreeMap<u16, Wanted> {
    let files = in_use(root, &files(root, variables));
    let mut composed = BTreeMap::new();
    for file in &files {
        for service in &file.services {
            for written in &service.ports {
                let (address, ports) = host_ports(written, variables);
                for port in ports {
                    composed.entry(port).or_insert_with(|| Wanted {
                        address,
                        service: service.name.clone(),
                        place: format!("{}:{}", file.path, service.line),
                        variable: variable(written),
                    });
                }
            }
        }
    }
    if !files.is_empty() {
        return composed;
    }
    project
        .services
        .iter()
        .filter(|service| matches!(service.kind.value, ServiceKind::Web | ServiceKind::Static))
        .filter_map(|service| {
            let port = service.port.as_ref()?.value.get();
            let name = moved_by(&service.name);
            let moved = variables.get(&name).and_then(|text| text.parse().ok());
            let wanted = Wanted {
                address: Ipv4Addr::LOCALHOST.into(),
                service: service.name.clone(),
                place: String::new(),
                variable: Some(name),
            };
            Some((moved.unwrap_or(port), wanted))
        })
        .collect()
}

/// The variable of a text such as `127.0.0.1:${WEB_PORT:-5000}:5000`.
fn variable(written: &str) -> Option<String> {
    let name = written.split_once("${")?.1;
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    Some(name[..end].to_owned())
}

/// The variable that moves a service's port in the generated compose file: `WEB_PORT`.
fn moved_by(service: &str) -> String {
    format!("{}_PORT", service.replace('-', "_").to_uppercase())
}

/// Address and ports of this machine in compose's short syntax
/// `[IP:]HOST[-HOST]:CONTAINER[/PROTOCOL]` with `${VARIABLE:-default}`; no ports where the engine
/// chooses one or the protocol is not TCP.
fn host_ports(written: &str, variables: &Variables) -> (IpAddr, Vec<u16>) {
    let everywhere = IpAddr::from(Ipv4Addr::UNSPECIFIED);
    let text =
        shellexpand::env_with_context_no_errors(written, |name: &str| variables.get(name).cloned());
    let text = match text.split_once('/') {
        Some((text, "tcp")) => text,
        Some(_) => return (everywhere, Vec::new()),
        None => &text,
    };
    let mut parts = text.rsplitn(3, ':').skip(1);
    let Some(host) = parts.next() else {
        return (everywhere, Vec::new());
    };
    let address = parts
        .next()
        .and_then(|address| address.trim_matches(['[', ']']).parse().ok())
        .unwrap_or(everywhere);
    let (first, last) = host.split_once('-').unwrap_or((host, host));
    let ports = match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) if first > 0 => (first..=last).collect(),
        _ => Vec::new(),
    };
    (address, ports)
}

/// `, or …` with what moves the port instead.
fn or_moved(wanted: &Wanted) -> String {
    match (&wanted.variable, wanted.place.as_str()) {
        (Some(variable), _) => format!(", or take another port: {variable}=… in .env"),
        (None, "") => String::new(),
        (None, place) => format!(", or publish another port at {place}"),
    }
}

fn finding(subject: &Subject, port: u16, wanted: &Wanted) -> Finding {
    let service = &wanted.service;
    let said = match wanted.place.as_str() {
        "" => format!("port {port}, which {service} publishes,"),
        place => format!("port {port}, which {service} publishes ({place}),"),
    };
    let engine = subject.engine().as_ref().ok();
    let container = engine.and_then(|engine| {
        engine
            .published
            .iter()
            .find(|published| published.port == port)
    });
    if let Some(container) = container {
        let own = container
            .project_folder
            .as_deref()
            .is_some_and(|folder| Path::new(folder) == subject.root);
        return if own {
            Finding::ok(format!(
                "port {port} is held by this project's own {}",
                container.container
            ))
        } else {
            Finding::error(
                format!("{said} is held by the container {}", container.container),
                format!("docker stop {}{}", container.container, or_moved(wanted)),
            )
        };
    }
    if let Some(engine) = engine.filter(|engine| !engine.address.is_here()) {
        return Finding::ok(format!(
            "port {port}: no container at {} publishes it; what else runs there is not seen",
            engine.address.host
        ));
    }
    match TcpListener::bind((wanted.address, port)) {
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
                format!("{said} is held by {holder}"),
                format!("{mend}{}", or_moved(wanted)),
            )
        }
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Finding::warning(
            format!("{said} is below 1024: a rootless engine may not open it"),
            "publish it on a port from 1024 on",
        ),
        Err(error) => Finding::warning(
            format!("{said} cannot be tried: {error}"),
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
        for (written, address, expected) in [
            ("127.0.0.1:${WEB_PORT:-5000}:5000", "127.0.0.1", vec![8080]),
            ("${DB_PORT:-5432}:5432", "0.0.0.0", vec![5432]),
            ("3000-3002:3000-3002", "0.0.0.0", vec![3000, 3001, 3002]),
            ("[::1]:6000:6000/tcp", "::1", vec![6000]),
            ("8125:8125/udp", "0.0.0.0", vec![]),
            ("5000", "0.0.0.0", vec![]),
            ("0:5000", "0.0.0.0", vec![]),
        ] {
            let expected = (address.parse().unwrap(), expected);
            assert_eq!(host_ports(written, &variables), expected, "{written}");
        }
        assert_eq!(
            variable("${DB_PORT:-5432}:5432").as_deref(),
            Some("DB_PORT")
        );
        assert_eq!(variable("5432:5432"), None);
    }

    #[test]
    fn a_variable_moves_the_port_of_a_service() {
        let mut service = service();
        service.name = "web-app".to_owned();
        service.port = Port::new(5000).map(|port| Fact::guess(port, "a test"));
        let project = project(vec![service]);
        let variables = Variables::from([("WEB_APP_PORT".to_owned(), "5055".to_owned())]);
        let root = tempfile::tempdir().unwrap();
        let ports = |variables| {
            published(root.path(), &project, variables)
                .into_keys()
                .collect::<Vec<_>>()
        };
        assert_eq!(ports(&variables), [5055]);
        assert_eq!(ports(&Variables::new()), [5000]);
    }

    #[test]
    fn the_files_that_compose_reads_say_what_is_published() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "docker-compose.yml",
            "services:\n  app:\n    ports: [\"8000:80\"]\n",
        );
        write(
            "compose.shipway.yaml",
            "include:\n  - sub/compose.yaml\n  - path: [more.yaml]\nservices:\n  web: {}\n",
        );
        write(
            "compose.shipway.override.yaml",
            "services:\n  web:\n    ports: [\"127.0.0.1:${WEB_PORT:-5000}:5000\"]\n",
        );
        write(
            "sub/compose.yaml",
            "services:\n  db:\n    ports:\n      - target: 5432\n        published: \"5433\"\n",
        );
        write(
            "more.yaml",
            "services:\n  mail:\n    ports: [\"1025:25\"]\n",
        );
        let project = project(vec![service()]);
        let said = |variables: &[(&str, &str)]| -> Vec<String> {
            let variables = variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            published(root.path(), &project, &variables)
                .into_iter()
                .map(|(port, wanted)| format!("{port} {} {}", wanted.service, wanted.place))
                .collect()
        };
        assert_eq!(
            said(&[]),
            [
                "1025 mail more.yaml:2",
                "5000 web compose.shipway.override.yaml:2",
                "5433 db sub/compose.yaml:2",
                "8000 app docker-compose.yml:2",
            ]
        );
        assert_eq!(
            said(&[("COMPOSE_FILE", "more.yaml"), ("WEB_PORT", "5001")]),
            [
                "1025 mail more.yaml:2",
                "5001 web compose.shipway.override.yaml:2",
                "5433 db sub/compose.yaml:2",
            ]
        );
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
