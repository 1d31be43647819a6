//! The variables that a project reads.

use super::application::Application;
use super::read::{self, Wrapper};
use super::server::Server;
use super::source::{names, with_tree};
use crate::detect::variable::{self, Engines};
use crate::detect::{client, existing};
use crate::project::{BackingKind, EnvRole, EnvVar, Evidence, Sought};

/// What Elixir, its releases and the image set themselves.
const OWN: &[&str] = &[
    "LANG",
    "LC_ALL",
    "PWD",
    "CI",
    "MIX_ENV",
    "MIX_TARGET",
    "MIX_BUILD_PATH",
    "MIX_DEPS_PATH",
    "PHX_SERVER",
    "KUBERNETES_SERVICE_HOST",
    "RELEASE_NAME",
    "RELEASE_NODE",
    "RELEASE_ROOT",
    "RELEASE_TMP",
    "RELEASE_VSN",
    "RELEASE_COOKIE",
    "RELEASE_MODE",
    "RELEASE_DISTRIBUTION",
];

/// Words in a source that reads a variable.
const WORDS: &[&str] = &["get_env", "fetch_env", "getenv", "{:system", "env!"];

/// Every variable, in order of name.
pub(super) fn find(application: &Application<'_>, server: &Server) -> Vec<EnvVar> {
    let mut found = variable::for_program(read(application), OWN, engines(application));
    for known in &mut found {
        if known.name.ends_with("_SECRET_KEY_BASE") {
            known.role = Some(EnvRole::AppSecret);
        }
    }
    if let Some((name, at)) = server.variable() {
        match found.iter_mut().find(|known| known.name == name) {
            Some(known) => known.role = Some(EnvRole::ListenPort),
            None => found.push(EnvVar::plain(&name, EnvRole::ListenPort, at)),
        }
    }
    variable::listens_by_prefix(&mut found);
    let is_known = found
        .iter()
        .any(|known| known.role == Some(EnvRole::AppSecret));
    if let Some(at) = application.endpoint().filter(|_| !is_known) {
        let mut secret = EnvVar::plain("SECRET_KEY_BASE", EnvRole::AppSecret, at);
        secret.secret = true;
        found.push(secret);
    }
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
    let mut wrappers: Vec<Wrapper> = Vec::new();
    // A function about the environment may be called by another one that hands the name on.
    for _ in 0..3 {
        let known = wrappers.clone();
        let mut words: Vec<&str> = WORDS.to_vec();
        words.extend(known.iter().map(|one| one.name.as_str()));
        for path in &application.files {
            let found = with_tree(tree, path, &words, |source, root| {
                read::wrappers(source, root, &known)
            });
            wrappers.extend(found.unwrap_or_default());
        }
        wrappers.sort();
        wrappers.dedup();
        if wrappers == known {
            break;
        }
    }
    let mut words: Vec<&str> = WORDS.to_vec();
    words.extend(wrappers.iter().map(|one| one.name.as_str()));
    let mut all = variable::Variables::new();
    for path in &application.files {
        let found = with_tree(tree, path, &words, |source, root| {
            read::all(source, root, &names(source, root), &wrappers)
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

fn engines(application: &Application<'_>) -> Engines {
    Engines::of(|kind: BackingKind| {
        let mut all = application
            .manifests()
            .flat_map(|manifest| &manifest.requirements);
        all.any(|one| !one.development && client::of_hex(&one.name) == Some(Sought::Backing(kind)))
    })
}

/// Gives the variable that says where `SQLite` keeps its file a place in `folder`, where the code insists on it.
pub(super) fn place_database(known: &mut [EnvVar], file: &str) -> Option<Evidence> {
    let path = known.iter_mut().find(|one| {
        let name = one.name.as_str();
        !one.secret
            && one.default.is_none()
            && (name.ends_with("DATABASE_PATH") || name.ends_with("DB_PATH"))
    })?;
    path.default = Some(file.to_owned());
    path.read_at.first().cloned()
}
