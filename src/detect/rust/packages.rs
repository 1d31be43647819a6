//! Packages of Debian that crates need where they are built and where they run.

use super::cargo::Workspace;
use super::manifest;
use super::program::Program;
use crate::detect::Tree;
use crate::detect::structured::{self, Node};
use crate::project::{Evidence, Fact, Service};

/// A crate, what builds it, and what runs it.
struct Needs {
    name: &'static str,
    /// A crate that brings what is needed in its source; then nothing is installed.
    unless: &'static str,
    build: &'static [&'static str],
    run: &'static [&'static str],
}

const fn needs(
    name: &'static str,
    unless: &'static str,
    build: &'static [&'static str],
    run: &'static [&'static str],
) -> Needs {
    Needs {
        name,
        unless,
        build,
        run,
    }
}

const KNOWN: &[Needs] = &[
    needs(
        "openssl-sys",
        "openssl-src",
        &["libssl-dev", "pkg-config"],
        &["libssl3"],
    ),
    needs("pq-sys", "pq-src", &["libpq-dev"], &["libpq5"]),
    needs(
        "mysqlclient-sys",
        "mysqlclient-src",
        &["libmariadb-dev", "pkg-config"],
        &["libmariadb3"],
    ),
    needs(
        "prost-build",
        "protoc-bin-vendored",
        &["protobuf-compiler"],
        &[],
    ),
    needs(
        "rdkafka-sys",
        "",
        &["g++", "make", "zlib1g-dev"],
        &["zlib1g"],
    ),
    needs("bindgen", "", &["clang", "libclang-dev"], &[]),
    needs("tikv-jemalloc-sys", "", &["make"], &[]),
    needs(
        "zmq-sys",
        "zeromq-src",
        &["libzmq3-dev", "pkg-config"],
        &["libzmq5"],
    ),
    needs(
        "libsodium-sys",
        "",
        &["libsodium-dev", "pkg-config"],
        &["libsodium23"],
    ),
    needs(
        "sasl2-sys",
        "",
        &["libsasl2-dev", "pkg-config"],
        &["libsasl2-2"],
    ),
    needs(
        "librocksdb-sys",
        "",
        &["clang", "g++", "libclang-dev"],
        &["libstdc++6"],
    ),
];

/// Adds to `service` what the crates of the program need.
pub(super) fn find(tree: &Tree, workspace: &Workspace, program: &Program, service: &mut Service) {
    let at = |name: &str| -> Option<Evidence> {
        let off = name == "openssl-sys" && is_off(tree, program);
        let locked = workspace.locks(name) && !off;
        let lock = workspace.lock.as_ref().filter(|_| locked);
        let direct = program
            .closure
            .iter()
            .find_map(|package| package.requires(name));
        let direct = direct.map(|one| one.declared.clone());
        direct.or_else(|| lock.cloned().map(Evidence::file))
    };
    for known in KNOWN {
        if !known.unless.is_empty() && at(known.unless).is_some() {
            continue;
        }
        if let Some(evidence) = at(known.name) {
            add(service, known, &evidence);
        }
    }
    linkers(tree, workspace, service);
    // SQLite is compiled in where a crate is told to, which those of sqlx and sea-orm always are.
    let requirements = program
        .closure
        .iter()
        .flat_map(|package| &package.requirements);
    let all: Vec<_> = requirements.filter(|one| !one.development).collect();
    let bundled = all.iter().any(|one| {
        one.extras.iter().any(|extra| extra.starts_with("bundled"))
            || matches!(one.name.as_str(), "sqlx" | "sea-orm")
    });
    let sqlite = all.iter().find(|one| {
        matches!(one.name.as_str(), "rusqlite" | "libsqlite3-sys")
            || one.name == "diesel" && one.extras.iter().any(|extra| extra == "sqlite")
    });
    if let Some(sqlite) = sqlite.filter(|_| !bundled) {
        let sqlite_needs = needs(
            "libsqlite3-sys",
            "",
            &["libsqlite3-dev", "pkg-config"],
            &["libsqlite3-0"],
        );
        add(service, &sqlite_needs, &sqlite.declared);
    }
}

/// Whether OpenSSL lies in the lock for a feature of the only package alone that nobody switches on.
fn is_off(tree: &Tree, program: &Program) -> bool {
    let [package] = program.closure.as_slice() else {
        return false;
    };
    let Some(document) = structured::toml(tree, &package.manifest) else {
        return false;
    };
    let features = document.entries_at(&["features"]);
    let is_about = |entry: &&structured::Entry| {
        let items = entry.node.items().iter().filter_map(Node::text);
        entry.key != "default" && items.into_iter().any(|item| item.ends_with("/openssl"))
    };
    let defaults = features.iter().find(|entry| entry.key == "default");
    let is_default = |name: &str| {
        let items = defaults.into_iter().flat_map(|entry| entry.node.items());
        items.into_iter().any(|item| item.text() == Some(name))
    };
    let mut about = features.iter().filter(is_about).peekable();
    let others = ["native-tls", "openssl", "openssl-sys", "git2", "reqwest"];
    about.peek().is_some()
        && about.all(|entry| !is_default(&entry.key) && !package.features.contains(&entry.key))
        && others.iter().all(|name| package.requires(name).is_none())
}

/// The linkers that cargo is configured to call on Linux.
/// <https://doc.rust-lang.org/cargo/reference/config.html>
fn linkers(tree: &Tree, workspace: &Workspace, service: &mut Service) {
    let read = [".cargo/config.toml", ".cargo/config"]
        .iter()
        .filter_map(|name| workspace.root.join(name).ok())
        .find_map(|path| Some((structured::toml(tree, &path)?, path)));
    let Some((document, path)) = read else {
        return;
    };
    let targets = document.entries_at(&["target"]).iter();
    let targets = targets
        .filter(|target| manifest::is_for_linux(&target.key))
        .flat_map(|target| target.node.entries());
    for entry in document.entries_at(&["build"]).iter().chain(targets) {
        let said: Vec<&str> = match entry.key.as_str() {
            "linker" => entry.node.text().into_iter().collect(),
            "rustflags" => {
                let flags = entry.node.items().iter().filter_map(Node::text);
                let flags = flags.chain(entry.node.text());
                flags.filter(|flag| flag.contains("link")).collect()
            }
            _ => continue,
        };
        for name in ["clang", "lld", "mold"] {
            let known = service.build_packages.iter().any(|fact| fact.value == name);
            if !known && said.iter().any(|text| text.contains(name)) {
                let fact = Fact::likely(name.to_owned(), tree.at(&path, entry.line));
                let because = "cargo is configured to link with it";
                service.build_packages.push(fact.because(because));
            }
        }
    }
}

fn add(service: &mut Service, known: &Needs, evidence: &Evidence) {
    let because = format!("{} needs it", known.name);
    let put = |list: &mut Vec<Fact<String>>, names: &[&str]| {
        for name in names {
            if list.iter().all(|fact| fact.value != *name) {
                let fact = Fact::likely((*name).to_owned(), evidence.clone());
                list.push(fact.because(because.clone()));
            }
        }
    };
    put(&mut service.build_packages, known.build);
    put(&mut service.system_packages, known.run);
}
