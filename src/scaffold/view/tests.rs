//! The files of make, ci and devcontainer for a project like the sample, a library and a crate.

use super::super::feature::Features;
use super::super::pins::Pins;
use super::super::render::Renderer;
use super::{Fresh, Input, RepositoryFacts, context};
use crate::config::Config;
use crate::project::{
    BackingKind, BackingService, Confidence, EnvRole, EnvVar, Evidence, Existing, ExistingFile,
    Fact, Library, PackageManager, Port, Project, RelPath, Scripts, Service, ServiceKind,
    TestCommand, Tool,
};
use std::collections::{BTreeMap, BTreeSet};

fn path(text: &str) -> RelPath {
    RelPath::parse(text).unwrap()
}

fn fact<T>(value: T) -> Fact<T> {
    Fact::guess(value, "a test says so")
}

fn var(name: &str, role: Option<EnvRole>, default: Option<&str>) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        read_at: Vec::new(),
        default: default.map(str::to_owned),
        required: default.is_none(),
        secret: name.contains("SECRET"),
        secret_confidence: Confidence::Certain,
        insecure_default: false,
        role,
    }
}

fn empty(name: &str) -> Project {
    Project {
        name: fact(name.to_owned()),
        services: Vec::new(),
        libraries: Vec::new(),
        backing: Vec::new(),
        tools: Vec::new(),
        scripts: Scripts::default(),
        existing: Existing::default(),
        env_files: Vec::new(),
        findings: Vec::new(),
        unknown: Vec::new(),
    }
}

/// Like examples/fair-sample.
fn application() -> Project {
    let mut web = Service::new(
        "web",
        "python",
        path("backend"),
        fact(ServiceKind::Web),
        fact(path("backend")),
    );
    web.framework = Some(fact("flask".to_owned()));
    web.port = Port::new(5000).map(fact);
    web.package_manager = Some(fact(PackageManager::Pip));
    web.manifest = Some(fact(path("backend/requirements.txt")));
    web.runtime_version = Some(fact("3.11".to_owned()));
    web.import_roots = vec![fact(RelPath::root())];
    web.build_packages = vec![fact("gcc".to_owned()), fact("libpq-dev".to_owned())];
    web.env = vec![
        var("POSTGRES_HOST", Some(EnvRole::PostgresHost), None),
        var("POSTGRES_SECRET", Some(EnvRole::PostgresPassword), None),
        var(
            "SECRET_KEY",
            Some(EnvRole::AppSecret),
            Some("microbes-are-fun"),
        ),
    ];
    web.test = Some(fact(TestCommand {
        command: "pytest".to_owned(),
        working_dir: path("backend"),
        runner: "pytest".to_owned(),
    }));
    let mut project = empty("fair-sample");
    project.services.push(web);
    project.backing = [BackingKind::Postgres, BackingKind::Supabase]
        .into_iter()
        .map(|kind| BackingService {
            kind,
            found: fact(true),
            version: None,
            used_by: vec!["web".to_owned()],
            parts: Vec::new(),
            functions: Vec::new(),
            migrations: None,
            extensions: Vec::new(),
        })
        .collect();
    project.scripts.seed = Some(fact("python scripts/seed.py".to_owned()));
    project.scripts.backup = Some(fact("sh scripts/backup.sh".to_owned()));
    project
}

fn library() -> Project {
    let mut project = empty("shapes");
    let requires = Evidence::new(path("pyproject.toml"), 4, "requires-python = \">=3.11\"");
    project.libraries.push(Library {
        name: fact("shapes".to_owned()),
        root: RelPath::root(),
        ecosystem: "python",
        package_manager: Some(Fact::certain(
            PackageManager::Pip,
            Evidence::file(path("pyproject.toml")),
        )),
        runtime_version: Some(Fact::certain("3.11".to_owned(), requires)),
        test: Some(fact(TestCommand {
            command: "pytest".to_owned(),
            working_dir: RelPath::root(),
            runner: "pytest".to_owned(),
        })),
    });
    project.tools.push(Tool {
        name: "ruff".to_owned(),
        purpose: "lint",
        found: fact(true),
        version: None,
    });
    project
}

fn crate_of_rust() -> Project {
    let mut project = empty("ferry");
    project.libraries.push(Library {
        name: Fact::certain("ferry".to_owned(), Evidence::file(path("Cargo.toml"))),
        root: RelPath::root(),
        ecosystem: "rust",
        package_manager: Some(Fact::certain(
            PackageManager::Cargo,
            Evidence::file(path("Cargo.lock")),
        )),
        runtime_version: Some(fact("1.95".to_owned())),
        test: Some(fact(TestCommand {
            command: "cargo test --workspace".to_owned(),
            working_dir: RelPath::root(),
            runner: "cargo".to_owned(),
        })),
    });
    project.existing.makefile = Some(ExistingFile {
        path: path("Makefile"),
        kind: "make",
        entries: vec![
            Evidence::new(path("Makefile"), 3, "test: ## run every test"),
            Evidence::new(path("Makefile"), 6, "lint:"),
        ],
    });
    project
}

/// The files of `feature` by path, rendered with every other feature's paths given.
fn files(project: &Project, feature: &str) -> BTreeMap<String, String> {
    let features = Features::builtin().unwrap();
    let pins = Pins::builtin().unwrap();
    let mut paths = BTreeMap::new();
    if !project.services.is_empty() {
        for (id, path) in [
            ("compose", "compose.yaml"),
            ("compose_override", "compose.override.yaml"),
            ("compose_production", "compose.production.yaml"),
            ("dockerfile.web", "Dockerfile.shipway"),
            ("env_example", ".env.example"),
        ] {
            paths.insert(id.to_owned(), path.to_owned());
        }
    }
    let names: BTreeSet<String> = ["container", "compose", "env", "make", "ci", "devcontainer"]
        .map(str::to_owned)
        .into();
    let mut seen = serde_json::Value::Null;
    let renderer = Renderer::new(&features).unwrap();
    for _ in 0..2 {
        let input = Input {
            project,
            config: &Config::default(),
            paths: &paths,
            features: &names,
            pins: &pins,
            facts: &RepositoryFacts::default(),
            dotenv: &BTreeMap::new(),
            fresh: Fresh {
                now: 0,
                random: &|bytes| bytes.fill(7),
            },
        };
        seen = context(&input, names.iter().map(String::as_str)).unwrap();
        for rule in &features.all[feature].files {
            let path = renderer.text(feature, &rule.path, &seen).unwrap();
            paths.insert(rule.id.clone(), path);
        }
    }
    let mut renderer = Renderer::new(&features).unwrap();
    features.all[feature]
        .files
        .iter()
        .map(|rule| {
            renderer.text(feature, &rule.reason, &seen).unwrap();
            let text = renderer
                .file(&format!("{feature}/{}", rule.template), &seen)
                .unwrap();
            (paths[&rule.id].clone(), text)
        })
        .collect()
}

#[test]
fn write_out() {
    let Ok(out) = std::env::var("OUT") else {
        return;
    };
    for (name, project) in [
        ("app", application()),
        ("lib", library()),
        ("rust", crate_of_rust()),
    ] {
        for feature in ["ci", "make", "devcontainer"] {
            for (path, text) in files(&project, feature) {
                let to = std::path::Path::new(&out).join(name).join(path);
                std::fs::create_dir_all(to.parent().unwrap()).unwrap();
                std::fs::write(to, text).unwrap();
            }
        }
    }
}
