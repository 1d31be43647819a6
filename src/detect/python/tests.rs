//! The fixtures of `tests/fixtures`, read as a tree, against what their owners would say.

use super::look;
use crate::detect::{Found, Tree};
use crate::project::{Existing, Finding, Service, ServiceKind};
use std::path::Path;

fn found(name: &str) -> (Found, Vec<Finding>) {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Found::default();
    if name == "fair-sample" {
        let tree = Tree::read(&manifest.join("examples/fair-sample")).unwrap();
        look(&tree, &Existing::default(), &mut found);
        let findings = tree.findings();
        return (found, findings);
    }
    let text =
        std::fs::read_to_string(manifest.join(format!("tests/fixtures/{name}.txt"))).unwrap();
    tree_of(&text)
}

fn tree_of(text: &str) -> (Found, Vec<Finding>) {
    let folder = tempfile::tempdir().unwrap();
    let mut open: Option<(std::path::PathBuf, String)> = None;
    let write = |open: Option<(std::path::PathBuf, String)>| {
        if let Some((path, text)) = open {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    };
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("=== ") {
            write(open.take());
            open = Some((folder.path().join(path), String::new()));
        } else if let Some((_, text)) = &mut open {
            text.push_str(line);
            text.push('\n');
        }
    }
    write(open);
    let tree = Tree::read(folder.path()).unwrap();
    let mut found = Found::default();
    look(&tree, &Existing::default(), &mut found);
    let findings = tree.findings();
    (found, findings)
}

/// Fixtures whose truth does not need what the other rooms of detection read.
const FIXTURES: &[&str] = &[
    "broken",
    "conda-service",
    "contradiction",
    "django-celery",
    "empty",
    "fair-sample",
    "fastapi-poetry",
    "fastapi-uv",
    "flask-app-object",
    "flask-factory-following-imports",
    "flask-pipenv",
    "pdm-service",
    "plain-script",
    "python-library",
    "two-services",
];

#[test]
fn every_fixture_is_what_its_owner_says() {
    let mut wrong = Vec::new();
    for name in FIXTURES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("tests/fixtures/{name}.expected.toml"));
        let expected: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        let (found, findings) = found(name);
        for line in compare(&expected, &found, &findings) {
            wrong.push(format!("{name}: {line}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn text<'t>(table: &'t toml::Table, key: &str) -> Option<&'t str> {
    table.get(key).and_then(toml::Value::as_str)
}

fn tables<'t>(table: &'t toml::Table, key: &str) -> Vec<&'t toml::Table> {
    table
        .get(key)
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(toml::Value::as_table)
        .collect()
}

/// What is not as expected, one line each.
fn compare(expected: &toml::Table, found: &Found, findings: &[Finding]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut same = |what: String, is: Option<String>, should: &str| {
        if is.as_deref() != Some(should) {
            wrong.push(format!("{what} is {is:?}, should be {should:?}"));
        }
    };
    let services = tables(expected, "service");
    same(
        "number of services".to_owned(),
        Some(found.services.len().to_string()),
        &services.len().to_string(),
    );
    let library = expected.get("library").and_then(toml::Value::as_bool) == Some(true);
    same(
        "library".to_owned(),
        Some((!found.libraries.is_empty()).to_string()),
        &library.to_string(),
    );
    for one in &services {
        let name = text(one, "name").unwrap();
        let Some(service) = found.services.iter().find(|service| service.name == name) else {
            same(format!("service {name}"), None, name);
            continue;
        };
        service_as_expected(one, service, &mut same);
    }
    let Some(first) = found.services.first() else {
        return wrong;
    };
    if let Some(python) = expected.get("python").and_then(toml::Value::as_table)
        && !text(python, "at").unwrap().starts_with("Dockerfile")
    {
        let fact = first.runtime_version.as_ref();
        let version = text(python, "version").unwrap().trim_start_matches(">=");
        let minor: Vec<&str> = version.split([',', '.']).take(2).collect();
        same(
            "python".to_owned(),
            fact.map(|f| f.value.clone()),
            &minor.join("."),
        );
        same(
            "python at".to_owned(),
            fact.map(|f| f.evidence[0].to_string()),
            text(python, "at").unwrap(),
        );
    }
    if let Some(packages) = expected.get("packages").and_then(toml::Value::as_table) {
        same(
            "manager".to_owned(),
            first
                .package_manager
                .as_ref()
                .map(|f| format!("{:?}", f.value).to_lowercase()),
            text(packages, "manager").unwrap(),
        );
        if let Some(lock) = text(packages, "lock") {
            same(
                "lock".to_owned(),
                first.lock.as_ref().map(|f| f.value.to_string()),
                lock,
            );
        }
        let unused: Vec<String> = first
            .requirements
            .iter()
            .filter(|r| r.imported == Some(false))
            .map(|r| r.name.clone())
            .collect();
        let should: Vec<&str> = packages
            .get("unused")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_str)
            .collect();
        same(
            "unused".to_owned(),
            Some(unused.join(" ")),
            &should.join(" "),
        );
    }
    for variable in tables(expected, "env") {
        if text(variable, "at").unwrap().ends_with(".ts:4") {
            continue;
        }
        let name = text(variable, "name").unwrap();
        let is = found
            .services
            .iter()
            .filter(|s| text(variable, "service").is_none_or(|wanted| wanted == s.name))
            .flat_map(|s| &s.env)
            .find(|v| v.name == name);
        let line = |name: &str, secret: bool, insecure: bool, at: bool| {
            format!("{name} secret={secret} insecure={insecure} at={at}")
        };
        let flag = |key: &str| variable.get(key).and_then(toml::Value::as_bool) == Some(true);
        let at = text(variable, "at").unwrap();
        same(
            "variable".to_owned(),
            is.map(|v| {
                let there = v.read_at.iter().any(|e| e.to_string() == at);
                line(&v.name, v.secret, v.insecure_default, there)
            }),
            &line(name, flag("secret"), flag("insecure_default"), true),
        );
        if let Some(default) = text(variable, "default").filter(|_| !flag("secret")) {
            same(
                format!("default of {name}"),
                is.and_then(|v| v.default.clone()),
                default,
            );
        }
    }
    if let Some(test) = expected.get("test").and_then(toml::Value::as_table) {
        let is = found.services.iter().find_map(|s| s.test.as_ref());
        same(
            "test".to_owned(),
            is.map(|f| format!("{} in {}", f.value.command, f.value.working_dir)),
            &format!(
                "{} in {}",
                text(test, "command").unwrap(),
                text(test, "working_dir").unwrap()
            ),
        );
    }
    if let Some(migration) = expected.get("migration").and_then(toml::Value::as_table) {
        let is = found.services.iter().find_map(|s| s.migration.as_ref());
        same(
            "migration".to_owned(),
            is.map(|f| format!("{} {}", f.value.tool, f.value.folder)),
            &format!(
                "{} {}",
                text(migration, "tool").unwrap(),
                text(migration, "folder").unwrap()
            ),
        );
    }
    for problem in tables(expected, "problem") {
        let file = text(problem, "file").unwrap();
        if let Some(line) = problem.get("line")
            && !file.ends_with(".yml")
        {
            let place = format!("{file}:{line}");
            let is = found
                .findings
                .iter()
                .chain(findings)
                .flat_map(|f| &f.evidence)
                .map(ToString::to_string)
                .find(|at| *at == place);
            same("problem".to_owned(), is, &place);
        }
    }
    wrong
}

fn service_as_expected(
    one: &toml::Table,
    service: &Service,
    same: &mut dyn FnMut(String, Option<String>, &str),
) {
    let name = &service.name;
    let mut check = |key: &str, is: Option<String>| {
        if let Some(should) = text(one, key) {
            same(format!("{name}.{key}"), is, should);
        }
    };
    let kind = match service.kind.value {
        ServiceKind::Web => "web",
        ServiceKind::Worker => "worker",
        ServiceKind::Scheduler => "scheduled",
        ServiceKind::Job => "job",
        ServiceKind::Static => "static",
    };
    check("kind", Some(kind.to_owned()));
    check("root", Some(service.root.to_string()));
    check("working_dir", Some(service.working_dir.value.to_string()));
    check(
        "framework",
        service.framework.as_ref().map(|f| f.value.clone()),
    );
    check("entry", service.entry.as_ref().map(|f| f.value.clone()));
    check(
        "entry_at",
        service.entry.as_ref().map(|f| f.evidence[0].to_string()),
    );
    check("health", service.health.as_ref().map(|f| f.value.clone()));
    check(
        "templates",
        service.templates.first().map(|f| f.value.to_string()),
    );
    check(
        "static",
        service.static_dirs.first().map(|f| f.value.to_string()),
    );
    check(
        "python_path",
        service.import_roots.first().map(|f| f.value.to_string()),
    );
    check(
        "server",
        service
            .server_command
            .as_ref()
            .and_then(|f| f.value.split(' ').next().map(str::to_owned)),
    );
    // A Dockerfile is read by another room.
    let by_dockerfile = text(one, "port_at").is_some_and(|at| at.starts_with("Dockerfile"));
    if !by_dockerfile {
        if let Some(port) = one.get("port") {
            let is = service.port.as_ref().map(|f| f.value.to_string());
            same(format!("{name}.port"), is, &port.to_string());
        }
        if let Some(at) = text(one, "port_at") {
            let is = service.port.as_ref().map(|f| f.evidence[0].to_string());
            same(format!("{name}.port_at"), is, at);
        }
    }
    let added = one.get("server_added").and_then(toml::Value::as_bool) == Some(true);
    if kind == "web" {
        same(
            format!("{name}.server_added"),
            Some(service.add_server.is_some().to_string()),
            &added.to_string(),
        );
    }
    if let Some(folders) = one.get("writable").and_then(toml::Value::as_array) {
        let should: Vec<&str> = folders.iter().filter_map(toml::Value::as_str).collect();
        let is: Vec<String> = service
            .writable
            .iter()
            .map(|f| f.value.to_string())
            .collect();
        same(
            format!("{name}.writable"),
            Some(is.join(" ")),
            &should.join(" "),
        );
    }
    if one.contains_key("replicas") {
        same(
            format!("{name}.single"),
            Some(service.single.is_some().to_string()),
            "true",
        );
    }
}

#[test]
fn a_class_on_top_of_the_frameworks_makes_the_application() {
    let (found, _) = tree_of(
        "=== requirements.txt\nflask==3.1.0\n\
         === harbour/__init__.py\nfrom harbour.app import create_app\n\
         === harbour/app.py\nfrom flask import Flask\n\nclass Harbour(Flask):\n    pass\n\n\
         def create_app():\n    app = Harbour()\n    return app\n\
         === harbour/wsgi.py\nfrom harbour import create_app\n\napp = create_app()\n",
    );
    assert_eq!(found.services.len(), 1);
    let entry = found.services[0].entry.as_ref().unwrap();
    assert_eq!(entry.value, "harbour.wsgi:app");
}
