//! What the compose files of the tree say, and why one cannot be included as it is.

use crate::detect::structured::{self, Node, Value};
use crate::detect::{Tree, secret, shell};
use crate::project::{ComposeFile, ComposeService, Evidence, RelPath};

/// Whether compose would read a file of this name by itself or with `-f` by custom.
pub(crate) fn is_compose(name: &str) -> bool {
    let Some(stem) = name
        .strip_suffix(".yml")
        .or_else(|| name.strip_suffix(".yaml"))
    else {
        return false;
    };
    stem == "compose"
        || stem == "docker-compose"
        || stem.starts_with("docker-compose.")
        || stem.starts_with("compose.")
        || stem.starts_with("docker-compose-")
}

/// Those of `names`, below `root`, that are there, and the files that they include; generated
/// ones too, which [`read`] is not asked about.
pub(crate) fn in_use(root: &std::path::Path, names: &[String]) -> Vec<ComposeFile> {
    let mut open: Vec<String> = names.iter().rev().cloned().collect();
    let mut files: Vec<ComposeFile> = Vec::new();
    while let Some(name) = open.pop() {
        let tree = Tree::top(root, &[&name]);
        let Some(path) = tree.files().next().cloned() else {
            continue;
        };
        if files.iter().any(|file| file.path == path) {
            continue;
        }
        open.extend(included(&tree, &path));
        files.extend(read(&tree, &path));
    }
    files
}

/// What `include` names, in its short and its long form.
fn included(tree: &Tree, path: &RelPath) -> Vec<String> {
    let Some(document) = structured::yaml(tree, path) else {
        return Vec::new();
    };
    let named = document.get("include").map(Node::items).unwrap_or_default();
    named
        .iter()
        .flat_map(|item| match item.get("path") {
            Some(node) if node.text().is_none() => node.items().iter().collect(),
            Some(node) => vec![node],
            None => vec![item],
        })
        .filter_map(|node| path.parent().join(node.text()?).ok())
        .map(|path| path.to_string())
        .collect()
}

/// Reads the compose file at `path`; None where it is no valid one.
pub(super) fn read(tree: &Tree, path: &RelPath) -> Option<ComposeFile> {
    let document = structured::yaml(tree, path)?;
    let services = document.get("services")?;
    let mut file = ComposeFile {
        path: path.clone(),
        project_name: document.get("name").and_then(Node::text).map(str::to_owned),
        services: Vec::new(),
        obstacles: Vec::new(),
    };
    if let Some(name) = document.entry("name") {
        let text = name.node.text().unwrap_or_default();
        obstacle(
            &mut file,
            name.line,
            format!("fixes the project name to {text:?}"),
        );
    }
    for entry in services.entries() {
        let service = service(path, &entry.key, entry.line, &entry.node);
        obstacles(tree, &mut file, &service, &entry.node);
        file.services.push(service);
    }
    for (kind, word) in [("networks", "network"), ("volumes", "volume")] {
        for entry in document.get(kind).map(Node::entries).unwrap_or_default() {
            let external = entry.node.get("external").and_then(Node::text);
            if external == Some("true")
                || entry
                    .node
                    .get("external")
                    .is_some_and(|node| !node.entries().is_empty())
            {
                obstacle(
                    &mut file,
                    entry.line,
                    format!("needs the {word} {:?} to exist already", entry.key),
                );
            }
        }
    }
    Some(file)
}

fn service(path: &RelPath, name: &str, line: usize, node: &Node) -> ComposeService {
    let texts = |key: &str| -> Vec<String> {
        node.get(key)
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|item| match &item.value {
                Value::Text(text) => Some(text.clone()),
                Value::Map(_) => long_form(item),
                _ => None,
            })
            .collect()
    };
    let owned = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    ComposeService {
        name: name.to_owned(),
        line,
        image: owned("image"),
        build: node.get("build").and_then(|build| {
            let context = build
                .text()
                .or_else(|| build.get("context").and_then(Node::text))
                .or_else(|| build.get("dockerfile").map(|_| "."))?;
            path.parent().join(context).ok()
        }),
        dockerfile: node.get("build").and_then(|build| {
            let context = build.get("context").and_then(Node::text).unwrap_or(".");
            let dockerfile = build.get("dockerfile").and_then(Node::text)?;
            path.parent().join(context).ok()?.join(dockerfile).ok()
        }),
        healthcheck: node
            .get("healthcheck")
            .and_then(|check| check.entry("test"))
            .and_then(|test| {
                let command = command(&test.node)?;
                Some(Evidence::new(
                    path.clone(),
                    test.node.line,
                    &secret::redacted(&command),
                ))
            }),
        ports: texts("ports"),
        environment: names(node, "environment"),
        settings: settings(path, node),
        volumes: texts("volumes"),
        container_name: owned("container_name"),
        command: node
            .get("command")
            .and_then(command)
            .map(|command| secret::redacted(&command)),
        depends_on: names(node, "depends_on"),
    }
}

/// `source:target` or `published:target` of the long form of a volume or a port.
fn long_form(item: &Node) -> Option<String> {
    let text = |key: &str| item.get(key).and_then(Node::text);
    let target = text("target")?;
    Some(match text("published").or_else(|| text("source")) {
        Some(outside) => match text("host_ip") {
            Some(address) => format!("{address}:{outside}:{target}"),
            None => format!("{outside}:{target}"),
        },
        None => target.to_owned(),
    })
}

/// Names of a list or a mapping; those before `=` in a list.
fn names(node: &Node, key: &str) -> Vec<String> {
    let Some(named) = node.get(key) else {
        return Vec::new();
    };
    let listed = named.items().iter().filter_map(|item| {
        item.text()
            .map(|text| text.split('=').next().unwrap_or_default().to_owned())
    });
    named
        .entries()
        .iter()
        .map(|entry| entry.key.clone())
        .chain(listed)
        .collect()
}

/// `NAME=value` of `environment`, in its two forms; what may be a secret is left out.
fn settings(path: &RelPath, node: &Node) -> Vec<Evidence> {
    let Some(environment) = node.get("environment") else {
        return Vec::new();
    };
    let mapped = environment
        .entries()
        .iter()
        .filter_map(|entry| Some((entry.line, entry.key.clone(), entry.node.text()?.to_owned())));
    let listed = environment.items().iter().filter_map(|item| {
        let (name, value) = item.text()?.split_once('=')?;
        Some((item.line, name.to_owned(), value.to_owned()))
    });
    mapped
        .chain(listed)
        .filter(|(_, name, value)| {
            secret::secrecy(name).is_none() && !secret::url_has_password(value)
        })
        .map(|(line, name, value)| Evidence::new(path.clone(), line, &format!("{name}={value}")))
        .collect()
}

fn command(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        Value::List(items) => {
            let words: Vec<String> = items
                .iter()
                .filter_map(|item| item.text().map(str::to_owned))
                .collect();
            Some(shell::join(&words))
        }
        _ => None,
    }
}

fn obstacle(file: &mut ComposeFile, line: usize, why: impl AsRef<str>) {
    let evidence = Evidence::new(file.path.clone(), line, why.as_ref());
    file.obstacles.push(evidence);
}

fn obstacles(tree: &Tree, file: &mut ComposeFile, service: &ComposeService, node: &Node) {
    let name = &service.name;
    let line = |key: &str| node.entry(key).map_or(service.line, |entry| entry.line);
    if let Some(fixed) = &service.container_name {
        let why =
            format!("{name} fixes the container name {fixed:?}, so a second copy cannot start");
        obstacle(file, line("container_name"), why);
    }
    for port in node.get("ports").map(Node::items).unwrap_or_default() {
        let written = port.text().map(str::to_owned).or_else(|| long_form(port));
        if let Some(published) = written.as_deref().and_then(published) {
            let why = format!("{name} publishes the fixed port {published}");
            obstacle(file, port.line, why);
        }
    }
    for volume in node.get("volumes").map(Node::items).unwrap_or_default() {
        let source = match volume.text() {
            Some(text) => parts(text).next(),
            None if volume.get("type").and_then(Node::text) == Some("bind") => {
                volume.get("source").and_then(Node::text)
            }
            None => None,
        };
        let Some(source) = source.filter(|source| source.starts_with(['.', '/', '~'])) else {
            continue;
        };
        if source.contains('$') {
            let why = format!("{name} mounts {source}, which only its variables tell");
            obstacle(file, volume.line, why);
            continue;
        }
        let inside = file.path.parent().join(source);
        match inside {
            Ok(path) if tree.has(&path) || tree.has_folder(&path) => {}
            Ok(path) if path.extension().is_empty() => {
                // Docker makes an absent folder; what it should hold is not in the repository.
                let why = format!("{name} mounts {source}, which is not in the repository");
                obstacle(file, volume.line, why);
            }
            Ok(_) => {
                let why = format!(
                    "{name} mounts the file {source}, which is not in the repository; Docker would make a folder of it"
                );
                obstacle(file, volume.line, why);
            }
            Err(_) => {
                let why = format!("{name} mounts {source}, which lies outside the repository");
                obstacle(file, volume.line, why);
            }
        }
    }
    if service.build.is_some() {
        let why = format!("{name} builds the application, which would then run twice");
        obstacle(file, line("build"), why);
    }
    for key in ["network_mode", "privileged"] {
        if let Some(entry) = node.entry(key) {
            let text = entry.node.text().unwrap_or_default();
            if text == "host" || text == "true" {
                let why = format!("{name} sets {key}: {text}");
                obstacle(file, entry.line, why);
            }
        }
    }
    // A service that this file only refines has neither image nor build here.
    if service.image.is_none() && service.build.is_none() && node.get("extends").is_none() {
        let why = format!("{name} has neither image nor build: it refines another compose file");
        obstacle(file, service.line, why);
    }
}

/// What `:` divides in the short form of a port or volume, but for that in `${NAME:-default}`.
pub(super) fn parts(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    let mut open = false;
    let divides = move |one: char| {
        open = match one {
            '{' => true,
            '}' => false,
            _ => open,
        };
        one == ':' && !open
    };
    text.split(divides).collect::<Vec<_>>().into_iter()
}

/// The published part of a port mapping where it is a literal number.
fn published(port: &str) -> Option<&str> {
    let number = parts(port).rev().nth(1)?;
    let fixed = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '-');
    fixed.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Tree) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let place = folder.path().join(path);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(place, text).unwrap();
        }
        let tree = Tree::read(folder.path()).unwrap();
        (folder, tree)
    }

    #[test]
    fn says_what_is_in_it_and_what_stands_against_including_it() {
        let (_folder, tree) = tree(&[
            (
                "backend/docker-compose.yml",
                "name: registry\n\
                 services:\n\
                 \x20 db:\n\
                 \x20   container_name: registry-db\n\
                 \x20   image: postgres:16\n\
                 \x20   ports: [\"5432:5432\", \"${HTTP}:80\", 9000]\n\
                 \x20   environment: {POSTGRES_PASSWORD: x}\n\
                 \x20   volumes:\n\
                 \x20     - data:/var/lib/postgresql/data\n\
                 \x20     - ./roles.sql:/roles.sql:ro\n\
                 \x20     - ./here.sql:/here.sql\n\
                 \x20 app:\n\
                 \x20   build: {context: ..}\n\
                 \x20   command: [\"sh\", \"-c\", \"a b\"]\n\
                 \x20   environment:\n\
                 \x20     - A=1\n\
                 \x20     - B\n",
            ),
            ("backend/here.sql", ""),
        ]);
        let path = RelPath::parse("backend/docker-compose.yml").unwrap();
        let file = read(&tree, &path).unwrap();
        assert_eq!(file.project_name.as_deref(), Some("registry"));
        let db = &file.services[0];
        assert_eq!((db.name.as_str(), db.line), ("db", 3));
        assert_eq!(db.image.as_deref(), Some("postgres:16"));
        assert_eq!(db.ports, ["5432:5432", "${HTTP}:80", "9000"]);
        assert_eq!(db.environment, ["POSTGRES_PASSWORD"]);
        let app = &file.services[1];
        assert!(app.build.as_ref().unwrap().is_root());
        assert_eq!(app.command.as_deref(), Some("sh -c 'a b'"));
        assert_eq!(app.environment, ["A", "B"]);
        let lines: Vec<usize> = file.obstacles.iter().map(|why| why.line).collect();
        assert_eq!(lines, [1, 4, 6, 10, 13]);
    }

    #[test]
    fn a_plain_file_has_no_obstacles() {
        let (_folder, tree) = tree(&[(
            "compose.yaml",
            "services:\n  cache:\n    image: redis:7\n    ports: [\"6379\"]\n    volumes: [\"cache:/data\"]\nvolumes:\n  cache:\n",
        )]);
        let file = read(&tree, &RelPath::parse("compose.yaml").unwrap()).unwrap();
        assert_eq!(file.obstacles, []);
    }

    #[test]
    fn a_default_of_a_variable_is_one_part() {
        let (_folder, tree) = tree(&[(
            "compose.yaml",
            "services:\n  proxy:\n    image: caddy:2\n    ports:\n      - \"${PORT:-443}:443\"\n      \
             - \"127.0.0.1:${ADMIN:-2019}:2019/tcp\"\n      - \"8443:${TLS:-443}\"\n    volumes:\n      \
             - ./sites/${SITE:-main}:/etc/caddy\n",
        )]);
        let file = read(&tree, &RelPath::parse("compose.yaml").unwrap()).unwrap();
        let said: Vec<&str> = file
            .obstacles
            .iter()
            .map(|why| why.excerpt.as_str())
            .collect();
        assert_eq!(
            said,
            [
                "proxy publishes the fixed port 8443",
                "proxy mounts ./sites/${SITE:-main}, which only its variables tell"
            ]
        );
    }

    #[test]
    fn names_of_compose_files() {
        for name in [
            "compose.yaml",
            "compose.yml",
            "docker-compose.yml",
            "docker-compose.yaml",
            "docker-compose.prod.yml",
            "compose.override.yaml",
        ] {
            assert!(is_compose(name), "{name}");
        }
        assert!(!is_compose("composer.yml"));
        assert!(!is_compose("compose.json"));
    }
}
