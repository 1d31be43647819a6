//! Puts together what the processes of one project are.

use super::application::{Application, Shape};
use super::process::{self, Process};
use super::worker::Worker;
use super::{
    checks, files, health, manager, migration, packages, server, settings, version, worker,
};
use crate::detect::{Found, naming, single, syntax};
use crate::project::{
    BackingKind, EnvRole, EnvVar, Evidence, Fact, Finding, RelPath, ServerInterface, Service,
    ServiceKind, Severity, Sign, Sought,
};

/// Frameworks by their gems, best known first.
const FRAMEWORKS: &[&str] = &[
    "sinatra", "hanami", "padrino", "roda", "grape", "cuba", "rage-rb",
];

/// Gems that make assets when `assets:precompile` is run.
const ASSETS: &[&str] = &[
    "propshaft",
    "sprockets-rails",
    "sprockets",
    "vite_rails",
    "vite_ruby",
    "shakapacker",
    "webpacker",
    "jsbundling-rails",
    "cssbundling-rails",
    "tailwindcss-rails",
    "dartsass-rails",
];

/// The services of a project of this shape.
pub(super) fn services(
    application: &Application<'_>,
    shape: &Shape,
    found: &mut Found,
) -> Vec<Service> {
    let processes = process::all(application);
    let common = common(application, shape, &processes);
    let mut all = vec![web(application, shape, &processes, &common, found)];
    let workers = worker::find(application, shape, &processes);
    all.extend(workers.into_iter().map(|one| work(one, &common)));
    found.findings.extend(worker::cron(application));
    found.findings.extend(files::not_kept(application, &common));
    report(application, found);
    all
}

/// Clients that a Gemfile may hold for a choice that was not made, with the words of which one is there where
/// it was.
const CHOSEN: &[(&str, &[&str])] = &[("dalli", &["mem_cache_store", "Dalli"])];

/// Whether code or configuration speaks of a client of [`CHOSEN`]; None for other gems.
fn is_used(application: &Application<'_>, gem: &str) -> Option<bool> {
    let (_, words) = CHOSEN.iter().find(|(name, _)| *name == gem)?;
    let speaks = |text: &str| {
        let mut lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'));
        lines.any(|line| words.iter().any(|word| line.contains(word)))
    };
    let mut files = application.files.iter();
    Some(files.any(|path| {
        application
            .tree
            .text(path)
            .is_some_and(|text| speaks(&text))
    }))
}

/// What all processes of a project share.
fn common(application: &Application<'_>, shape: &Shape, processes: &[Process]) -> Service {
    let manifest = application.gemfile.path.clone();
    let at = Evidence::file(manifest.clone());
    let folder = Fact::certain(application.root.clone(), at.clone());
    let kind = Fact::certain(ServiceKind::Web, at.clone());
    let mut base = Service::new("web", "ruby", application.root.clone(), kind, folder);
    base.package_manager = Some(manager(application));
    base.manifest = Some(Fact::certain(manifest, at));
    base.lock = application
        .lock
        .as_ref()
        .map(|lock| Fact::certain(lock.path.clone(), Evidence::file(lock.path.clone())));
    base.manifest_includes = includes(application);
    base.requirements
        .clone_from(&application.gemfile.requirements);
    for requirement in &mut base.requirements {
        if !requirement.development {
            requirement.imported = is_used(application, &requirement.name);
        }
    }
    base.runtime_version = version::find(application);
    base.sources = vec![application.root.clone()];
    base.sources.extend(
        application
            .gemfile
            .paths
            .iter()
            .filter(|path| !path.is_within(&application.root))
            .cloned(),
    );
    packages::find(application, &mut base);
    files::find(application, shape, &mut base);
    base.env = settings::find(application, shape);
    base.test = checks::test(application, shape);
    base.lint = checks::lint(application);
    base.migration = migration::find(application, shape, processes);
    base.signs = signs(application);
    base.build = build(application, shape);
    base
}

/// Files that an installation reads beside manifest and lock.
fn includes(application: &Application<'_>) -> Vec<RelPath> {
    let mut found: Vec<RelPath> = Vec::new();
    found.extend(
        application
            .gemfile
            .ruby_file
            .iter()
            .map(|(path, _)| path.clone()),
    );
    if application.gemfile.gemspec
        && let Some(spec) = &application.gemspec
    {
        found.push(spec.path.clone());
        let versions = application.tree.named("version.rb");
        found.extend(
            versions
                .filter(|path| path.is_within(&application.root))
                .cloned(),
        );
    }
    for folder in &application.gemfile.paths {
        let specs = application.tree.with_extension("gemspec");
        found.extend(specs.filter(|path| path.is_within(folder)).cloned());
        let versions = application.tree.named("version.rb");
        found.extend(versions.filter(|path| path.is_within(folder)).cloned());
    }
    found.extend(
        application
            .tree
            .tracked()
            .iter()
            .filter(|path| {
                let cache = application.root.join("vendor/cache");
                cache.is_ok_and(|cache| path.is_within(&cache)) && path.extension() == "gem"
            })
            .map(RelPath::parent)
            .take(1),
    );
    found.retain(|path| application.tree.has(path) || path.file_name() == "cache");
    found.sort();
    found.dedup();
    found
}

/// The command that makes what browsers are given.
fn build(application: &Application<'_>, shape: &Shape) -> Option<Fact<String>> {
    if !matches!(shape, Shape::Rails(_)) {
        return None;
    }
    let name = ASSETS.iter().find(|name| application.installs(name))?;
    let at = application.gem(name).map(|gem| gem.declared.clone());
    let at = at.or_else(|| Some(Evidence::file(application.lock.as_ref()?.path.clone())))?;
    let has = [
        "app/assets",
        "app/javascript",
        "app/frontend",
        "vendor/assets",
        "lib/assets",
    ];
    has.iter()
        .any(|folder| application.path(folder).is_some() || application.path("public").is_some())
        .then_some(())?;
    // Rails before 5 has the task in rake alone.
    let program = if application.rails().is_some_and(|(major, _)| major < 5) {
        "bundle exec rake"
    } else {
        application.rails_program()
    };
    Some(
        Fact::certain(format!("{program} assets:precompile"), at)
            .because(format!("{name} makes assets")),
    )
}

fn web(
    application: &Application<'_>,
    shape: &Shape,
    processes: &[Process],
    common: &Service,
    found: &mut Found,
) -> Service {
    let mut service = common.clone();
    let (entry, framework, at) = match shape {
        Shape::Rails(at) => ("config.ru".to_owned(), Some("rails"), at.clone()),
        Shape::Program(path, at) => (path.file_name().to_owned(), Some("sinatra"), at.clone()),
        Shape::Rack(at) => {
            let framework = FRAMEWORKS
                .iter()
                .copied()
                .find(|name| application.gem(name).is_some());
            let gem = framework.and_then(|name| application.gem(name));
            let at = gem.map_or_else(|| at.clone(), |gem| gem.declared.clone());
            (
                "config.ru".to_owned(),
                Some(framework.unwrap_or("rack")),
                at,
            )
        }
        Shape::Gem | Shape::Other => (String::new(), None, common.working_dir.evidence[0].clone()),
    };
    service.kind = Fact::certain(ServiceKind::Web, at.clone());
    service.framework = framework.map(|name| Fact::certain(name.to_owned(), at.clone()));
    let place = application.path(&entry).map_or(at, Evidence::file);
    service.entry = Some(Fact::certain(entry, place.clone()));
    service.interface = Some(Fact::certain(ServerInterface::Own, place));
    let server = server::find(application, shape, processes);
    service.server_command = server.command;
    service.port = server.port;
    service.capacity = server.capacity;
    service.health = health::find(application, shape);
    if let Some((name, at)) = server.variable {
        let known = service.env.iter_mut().find(|known| known.name == name);
        match known {
            Some(known) => known.role = Some(EnvRole::ListenPort),
            None => service
                .env
                .push(EnvVar::plain(&name, EnvRole::ListenPort, at)),
        }
        service.env.sort_by(|a, b| a.name.cmp(&b.name));
    }
    if matches!(shape, Shape::Rails(_)) {
        let program = application.rails_program();
        let at = service.kind.evidence[0].clone();
        service.dev_command = Some(Fact::likely(
            format!("{program} server --binding 0.0.0.0 --port {{port}}"),
            at,
        ));
    }
    if service.server_command.is_none() {
        found.findings.push(Finding {
            id: "no-server",
            severity: Severity::Warning,
            message: format!(
                "no gem of {} answers HTTP, so nothing can serve {}",
                application.gemfile.path, service.name
            ),
            evidence: vec![Evidence::file(application.gemfile.path.clone())],
            mend: "bundle add puma".to_owned(),
        });
    }
    service
}

fn work(worker: Worker, common: &Service) -> Service {
    let mut service = common.clone();
    service.name = naming::sanitised(&worker.name).unwrap_or_else(|| "worker".to_owned());
    service.framework = worker.framework;
    service.server_command = Some(worker.command);
    service.build = None;
    service.migration = None;
    let at = worker.kind.evidence.first().cloned();
    if worker.kind.value == ServiceKind::Scheduler {
        service.single = at.as_ref().map(single::scheduler);
    }
    service.kind = worker.kind;
    service
}

/// What the sources need beside gems and variables: a server of mail.
fn signs(application: &Application<'_>) -> Vec<Sign> {
    let mut found = Vec::new();
    for path in &application.files {
        let set = super::source::with_tree(
            application.tree,
            path,
            &["smtp_settings"],
            |source, root| {
                let all = syntax::all(root, "assignment");
                let set = all.into_iter().find(|set| {
                    let left = set.child_by_field_name("left");
                    left.is_some_and(|left| source.of(left).ends_with("smtp_settings"))
                });
                set.map(|set| application.tree.at(path, syntax::line(set)))
            },
        );
        found.extend(set.flatten().map(|at| Sign {
            of: Sought::Backing(BackingKind::Smtp),
            at,
        }));
    }
    found
}

/// What is worth saying of the project.
fn report(application: &Application<'_>, found: &mut Found) {
    if let Some((platforms, at)) = application
        .lock
        .as_ref()
        .and_then(|lock| lock.without_linux(application.tree))
    {
        found.findings.push(Finding {
            id: "lock-without-linux",
            severity: Severity::Warning,
            message: format!(
                "{at} names no Linux ({}): Bundler refuses to install what is locked in a container",
                platforms.join(", ")
            ),
            evidence: vec![at],
            mend: "bundle lock --add-platform x86_64-linux aarch64-linux".to_owned(),
        });
    }
    let builders = ["vite_rails", "vite_ruby", "webpacker", "shakapacker"];
    let locks = [
        ("yarn.lock", "yarn"),
        ("pnpm-lock.yaml", "pnpm"),
        ("bun.lock", "bun"),
    ];
    let lock = locks
        .iter()
        .find_map(|(name, program)| Some((application.path(name)?, program)));
    if let (Some(gem), Some((lock, program))) = (application.first(&builders), lock) {
        found.findings.push(Finding {
            id: "front-end-not-built",
            severity: Severity::Warning,
            message: format!(
                "{} builds the front end with {program}, which the image that is generated has not: its build stops at assets:precompile",
                gem.name
            ),
            evidence: vec![gem.declared.clone(), Evidence::file(lock)],
            mend: format!(
                "add `RUN npm install --global {program}` to the stage builder of the generated Dockerfile; edits there are kept"
            ),
        });
    }
    for name in ["config/master.key", "config/credentials/production.key"] {
        let Ok(path) = application.root.join(name) else {
            continue;
        };
        if application.tree.tracked().contains(&path) {
            found.findings.push(Finding {
                id: "committed-key",
                severity: Severity::Error,
                message: format!(
                    "{path} is committed; everybody who can read the repository can read the credentials that it opens"
                ),
                evidence: vec![Evidence::file(path.clone())],
                mend: format!("git rm --cached {path}, let git ignore it, and change the secrets in the credentials"),
            });
        }
    }
}
