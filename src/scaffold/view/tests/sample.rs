//! Projects of several kinds, as detection would give them.

use crate::project::{
    BackingKind, BackingService, Confidence, EnvRole, EnvVar, Evidence, Existing, ExistingFile,
    Fact, Library, LintCommand, PackageManager, Port, Project, RelPath, Scripts, Service,
    ServiceKind, TestCommand, Tool,
};

pub(super) fn path(text: &str) -> RelPath {
    RelPath::parse(text).unwrap()
}

pub(super) fn fact<T>(value: T) -> Fact<T> {
    Fact::guess(value, "a test says so")
}

pub(super) fn var(name: &str, role: Option<EnvRole>, default: Option<&str>) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        read_at: Vec::new(),
        default: default.map(str::to_owned),
        required: default.is_none(),
        secret: name.contains("SECRET"),
        secret_confidence: Confidence::Certain,
        insecure_default: false,
        set_at: None,
        role,
    }
}

pub(super) fn empty(name: &str) -> Project {
    Project {
        name: fact(name.to_owned()),
        services: Vec::new(),
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

/// Like examples/fair-sample.
pub(super) fn application() -> Project {
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
            function_env: Vec::new(),
            migrations: None,
            extensions: Vec::new(),
        })
        .collect();
    project.scripts.seed = Some(fact("python scripts/seed.py".to_owned()));
    project.scripts.backup = Some(fact("sh scripts/backup.sh".to_owned()));
    project
}

pub(super) fn library() -> Project {
    let mut project = empty("shapes");
    let requires = Evidence::new(path("pyproject.toml"), 4, "requires-python = \">=3.11\"");
    project.libraries.push(Library {
        name: fact("shapes".to_owned()),
        root: RelPath::root(),
        ecosystem: "python",
        framework: None,
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
        lint: Vec::new(),
        build: None,
    });
    project.tools.push(Tool {
        name: "ruff".to_owned(),
        purpose: "lint",
        found: fact(true),
        version: None,
    });
    project
}

pub(super) fn crate_of_rust() -> Project {
    let mut project = empty("ferry");
    project.libraries.push(Library {
        name: Fact::certain("ferry".to_owned(), Evidence::file(path("Cargo.toml"))),
        root: RelPath::root(),
        ecosystem: "rust",
        framework: None,
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
        lint: [
            "cargo fmt --all --check",
            "cargo clippy --workspace --all-targets --locked -- --deny warnings",
        ]
        .map(|command| {
            fact(LintCommand {
                command: command.to_owned(),
                working_dir: RelPath::root(),
            })
        })
        .into(),
        build: None,
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

/// A workspace of pnpm with a server and a site, beside an application like the sample.
pub(super) fn beside_python() -> Project {
    let mut project = application();
    for (name, kind) in [("api", ServiceKind::Web), ("site", ServiceKind::Static)] {
        let root = format!("front/{name}");
        let mut service = Service::new(name, "node", path(&root), fact(kind), fact(path(&root)));
        let named = Evidence::new(
            path("front/package.json"),
            4,
            r#""packageManager": "pnpm@9.15.2""#,
        );
        service.package_manager = Some(Fact::certain(PackageManager::Pnpm, named));
        service.manifest = Some(fact(path(&format!("{root}/package.json"))));
        service.lock = Some(fact(path("front/pnpm-lock.yaml")));
        let version = Evidence::new(path("front/.nvmrc"), 1, "v22.1.0");
        service.runtime_version = Some(Fact::certain("22".to_owned(), version));
        service.build = Some(fact("pnpm run build".to_owned()));
        service.server_command = Some(fact("node dist/main".to_owned()));
        service.lint = vec![fact(LintCommand {
            command: "pnpm run lint".to_owned(),
            working_dir: path("front"),
        })];
        service.test = Some(fact(TestCommand {
            command: "pnpm test".to_owned(),
            working_dir: path(&root),
            runner: "vitest".to_owned(),
        }));
        project.services.push(service);
    }
    project
}

/// One package, with Bun or npm.
pub(super) fn alone(manager: PackageManager) -> Project {
    let mut project = beside_python();
    project.services.retain(|service| service.name == "api");
    project.backing.clear();
    let service = &mut project.services[0];
    service.root = RelPath::root();
    service.package_manager = Some(fact(manager));
    service.manifest = Some(fact(path("package.json")));
    service.lock = None;
    service.runtime_version = None;
    service.lint.clear();
    project
}

pub(super) fn projects() -> Vec<Project> {
    vec![
        application(),
        library(),
        crate_of_rust(),
        beside_python(),
        alone(PackageManager::Npm),
        alone(PackageManager::Bun),
    ]
}
