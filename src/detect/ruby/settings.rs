//! The variables that a project reads.

use super::application::{Application, Shape};
use super::read::{reads, wrappers};
use super::source::with_tree;
use crate::detect::variable::{self, Engines};
use crate::detect::{client, existing};
use crate::project::{BackingKind, EnvRole, EnvVar, Evidence, Sought};

/// What Ruby, Bundler, Rails and the image set themselves.
const OWN: &[&str] = &[
    "LANG",
    "PWD",
    "CI",
    "BUNDLE_GEMFILE",
    "GEM_HOME",
    "RUBYOPT",
    "RUBYLIB",
    "PIDFILE",
    "RAILS_LOG_TO_STDOUT",
    "RAILS_SERVE_STATIC_FILES",
    "DISABLE_SPRING",
    "BOOTSNAP_CACHE_DIR",
    "SECRET_KEY_BASE_DUMMY",
    "RAILS_GROUPS",
    "DISABLE_BOOTSNAP",
];

/// Every variable, in order of name.
pub(super) fn find(application: &Application<'_>, shape: &Shape) -> Vec<EnvVar> {
    let engines = engines(application);
    let mut found = variable::for_program(read(application), OWN, engines);
    untold(application, shape, engines, &mut found);
    existing::set(
        &mut found,
        application.existing,
        &application.images(),
        &application.root,
        application.alone,
    );
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn read(application: &Application<'_>) -> variable::Variables {
    let tree = application.tree;
    let words = ["ENV", "Figaro"];
    let mut handed: Vec<String> = Vec::new();
    for path in application
        .files
        .iter()
        .filter(|path| path.extension() == "rb")
    {
        // A method about the environment is there before it is called.
        handed.extend(with_tree(tree, path, &["ENV"], wrappers).unwrap_or_default());
    }
    handed.sort();
    handed.dedup();
    let mut sought: Vec<&str> = words.to_vec();
    sought.extend(handed.iter().map(String::as_str));
    let mut all = variable::Variables::new();
    // What is deployed is set up here first: its defaults go before those of others.
    let mut files: Vec<_> = application.files.iter().collect();
    files.sort_by_key(|path| !matches!(path.file_name(), "puma.rb" | "unicorn.rb"));
    // What stands there by default needs a gem that an application without channels has not.
    if application.gem("redis").is_none() {
        files.retain(|path| path.file_name() != "cable.yml");
    }
    for path in files {
        let found = with_tree(tree, path, &sought, |source, root| {
            reads(source, root, &handed)
        });
        let (Some(found), Some(text)) = (found, tree.text(path)) else {
            continue;
        };
        for read in found {
            variable::add(&mut all, path, &text, read);
        }
    }
    all
}

/// What frameworks and clients read without a line of the project's own.
fn untold(application: &Application<'_>, shape: &Shape, engines: Engines, found: &mut Vec<EnvVar>) {
    let gem = |names: &[&str]| application.first(names).map(|gem| gem.declared.clone());
    let mut say = |name: &str, role: Option<EnvRole>, at: Evidence, is_secret: bool| {
        if found.iter().any(|known| known.name == name) {
            return;
        }
        let mut known = EnvVar::plain(name, EnvRole::AppEnvironment, at);
        known.role = role;
        known.secret = is_secret;
        found.push(known);
    };
    let rails = match shape {
        Shape::Rails(at) => Some(at.clone()),
        _ => None,
    };
    let framework = gem(&["sinatra", "hanami", "roda", "grape", "padrino", "rack"]);
    match (&rails, shape) {
        (Some(at), _) => {
            say(
                "RAILS_ENV",
                Some(EnvRole::AppEnvironment),
                at.clone(),
                false,
            );
            say(
                "SECRET_KEY_BASE",
                Some(EnvRole::AppSecret),
                at.clone(),
                true,
            );
        }
        (None, Shape::Program(..)) => {
            if let Some(at) = framework {
                say("APP_ENV", Some(EnvRole::AppEnvironment), at, false);
            }
        }
        (None, _) => {
            if let Some(at) = framework {
                say("RACK_ENV", Some(EnvRole::AppEnvironment), at, false);
            }
        }
    }
    let credentials = [
        "config/credentials.yml.enc",
        "config/credentials/production.yml.enc",
    ];
    let credentials = credentials.iter().find_map(|name| application.path(name));
    if let (Some(_), Some(path)) = (&rails, credentials) {
        say("RAILS_MASTER_KEY", None, Evidence::file(path), true);
    }
    let records = rails.is_some() || gem(&["activerecord", "sinatra-activerecord"]).is_some();
    if records && let Some((role, at)) = database(application, engines) {
        say("DATABASE_URL", Some(role), at, true);
    }
    // redis-rb, and by it Sidekiq and Resque, look there.
    let redis = gem(&["sidekiq", "redis", "resque", "resque-pool", "kredis"]);
    if let Some(at) = redis {
        say("REDIS_URL", Some(EnvRole::RedisUrl), at, true);
    }
}

/// The engine that `DATABASE_URL` is about: the adapter of production, else the only one among the gems.
fn database(application: &Application<'_>, engines: Engines) -> Option<(EnvRole, Evidence)> {
    let adapter = super::database::adapter(application);
    let named = adapter.as_ref().map(|fact| fact.value.as_str());
    let gem = |names: &[&str]| application.first(names).map(|gem| gem.declared.clone());
    let postgres = || gem(&["pg", "activerecord-postgis-adapter"]);
    let mysql = || gem(&["mysql2", "trilogy"]);
    match named {
        Some("postgresql" | "postgis") => postgres().map(|at| (EnvRole::PostgresUrl, at)),
        Some("mysql2" | "trilogy") => mysql().map(|at| (EnvRole::MysqlUrl, at)),
        Some("sqlite3") => None,
        _ if engines.postgres => postgres().map(|at| (EnvRole::PostgresUrl, at)),
        _ if engines.mysql => mysql().map(|at| (EnvRole::MysqlUrl, at)),
        _ => None,
    }
}

pub(super) fn engines(application: &Application<'_>) -> Engines {
    Engines::of(|kind: BackingKind| {
        let mut gems = application.gemfile.requirements.iter();
        gems.any(|one| !one.development && client::of_gem(&one.name) == Some(Sought::Backing(kind)))
    })
}
