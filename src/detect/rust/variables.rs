//! The variables that a program of Rust reads, each with what it means.

use super::program::Program;
use super::settings;
use super::source::{File, Filled, Struct};
use crate::detect::structured::Node;
use crate::detect::variable::{self, Engines, Read, Variables};
use crate::detect::{Tree, client, secret};
use crate::project::{BackingKind, EnvRole, EnvVar, Evidence, RelPath, Sought};

/// How deep structs of settings may lie in each other.
const DEPTH: usize = 4;

/// What cargo, rustup, build scripts and the system set.
fn is_set_by_others(name: &str) -> bool {
    ["CARGO", "RUSTUP", "VERGEN_"]
        .iter()
        .any(|start| name.starts_with(start))
        || matches!(name, "OUT_DIR" | "TARGET" | "PROFILE" | "DOCS_RS")
        || variable::is_of_system(name)
}

/// In order of name.
pub(super) fn find(tree: &Tree, program: &Program, folders: &[&RelPath]) -> Vec<EnvVar> {
    let wrappers = || program.files.iter().flat_map(|file| &file.wrappers);
    let constant = |name: &str| {
        let mut files = program.files.iter();
        files.find_map(|file| file.constants.get(name).cloned())
    };
    let defaults = settings::file(tree, program, folders);
    let mut all = Variables::new();
    for file in &program.files {
        let Some(text) = tree.text(&file.path) else {
            continue;
        };
        let called = file.calls.iter().filter_map(|call| {
            let own = wrappers().find(|(name, _)| *name == call.function);
            // `use std::env::var`.
            let of_std = matches!(call.function.as_str(), "var" | "var_os");
            let lenient = own.map_or_else(|| of_std.then_some(false), |(_, it)| Some(*it))?;
            Some(if lenient { &call.unless } else { &call.read })
        });
        let named = file.named.iter().filter_map(|read| {
            let name = constant(&read.name)?;
            Some(Read {
                name,
                ..read.clone()
            })
        });
        let all_of_it = file.reads.iter().chain(called).cloned().chain(named);
        for read in all_of_it {
            variable::add(&mut all, &file.path, &text, read);
        }
    }
    for file in &program.files {
        for filled in &file.filled {
            for (at, read) in of_structs(
                program,
                file,
                filled,
                defaults.as_ref().map(|(_, node)| &**node),
            ) {
                if let Some(text) = tree.text(&at) {
                    variable::add(&mut all, &at, &text, read);
                }
            }
        }
    }
    let mut found: Vec<EnvVar> = all
        .into_values()
        .filter(|variable| !is_set_by_others(&variable.name))
        .collect();
    found.extend(rocket(program, &found));
    let engines = engines(program);
    for variable in &mut found {
        variable.role = variable
            .role
            .or_else(|| of_server(&variable.name))
            .or_else(|| variable::role(&variable.name, engines));
        // Settings are kept under names of their own: `local.yaml`, `production.yaml`.
        let usual = |text: &str| {
            let mut words = ["dev", "prod", "test"].iter();
            words.any(|word| text.starts_with(word))
        };
        let own = variable.default.as_deref().is_some_and(|text| !usual(text));
        if own && variable.role == Some(EnvRole::AppEnvironment) {
            variable.role = None;
        }
        variable::guard(variable);
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// `APP_APPLICATION__PORT`, `SERVER__HOST`: what the server's own table of settings holds.
fn of_server(name: &str) -> Option<EnvRole> {
    let (table, last) = name.rsplit_once("__")?;
    let table = table.rsplit('_').next()?.to_lowercase();
    settings::SERVERS.contains(&table.as_str()).then_some(())?;
    match last {
        "PORT" => Some(EnvRole::ListenPort),
        "HOST" | "ADDRESS" | "IP" => Some(EnvRole::ListenHost),
        _ => None,
    }
}

/// The variables that fill a struct, with the file of the field.
fn of_structs(
    program: &Program,
    file: &File,
    filled: &Filled,
    defaults: Option<&Node>,
) -> Vec<(RelPath, Read)> {
    let all: Vec<(&File, &Struct)> = program
        .files
        .iter()
        .flat_map(|file| file.structs.iter().map(move |one| (*file, one)))
        .filter(|(_, one)| one.is_deserialized)
        .collect();
    let is_part = |name: &str| {
        all.iter()
            .any(|(_, one)| one.name != name && one.fields.iter().any(|field| field.of == name))
    };
    let root = match &filled.of {
        Some(name) => all.iter().find(|(_, one)| one.name == *name),
        // The outermost one beside the place that reads the environment.
        None => all
            .iter()
            .find(|(at, one)| at.path == file.path && !is_part(&one.name)),
    };
    let Some((at, root)) = root else {
        return Vec::new();
    };
    let mut found = Vec::new();
    fields(
        &all,
        (at, root),
        &filled.prefix,
        filled,
        defaults,
        DEPTH,
        &mut found,
    );
    found
}

fn fields(
    all: &[(&File, &Struct)],
    (file, one): (&File, &Struct),
    prefix: &str,
    filled: &Filled,
    defaults: Option<&Node>,
    depth: usize,
    found: &mut Vec<(RelPath, Read)>,
) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    for field in &one.fields {
        let name = format!("{prefix}{}", field.name.to_uppercase());
        let given = defaults.and_then(|node| node.get(&field.name));
        let inner = all.iter().find(|(_, other)| other.name == field.of);
        match (inner, &filled.separator) {
            (Some(inner), Some(separator)) => {
                let below = format!("{name}{separator}");
                fields(all, *inner, &below, filled, given, depth, found);
            }
            (Some(_), None) => {}
            (None, _) => {
                let default = given.and_then(Node::text).map(str::to_owned);
                // A file of settings has one, which the file itself is told of.
                let default = default.filter(|_| secret::secrecy(&name).is_none());
                let read = Read {
                    required: field.required && default.is_none() && defaults.is_none(),
                    default,
                    name,
                    line: field.line,
                };
                found.push((file.path.clone(), read));
            }
        }
    }
}

/// What Rocket itself reads: without an address it listens on loopback alone.
fn rocket(program: &Program, known: &[EnvVar]) -> Vec<EnvVar> {
    let Some(at) = program.files.iter().find_map(|file| file.launches.as_ref()) else {
        return Vec::new();
    };
    let mut all = vec![
        EnvVar::plain("ROCKET_ADDRESS", EnvRole::ListenHost, at.clone()),
        EnvVar::plain("ROCKET_PORT", EnvRole::ListenPort, at.clone()),
    ];
    if let Some(secrets) = with_secrets(program) {
        let mut key = EnvVar::plain("ROCKET_SECRET_KEY", EnvRole::AppSecret, secrets);
        key.secret = true;
        key.required = true;
        all.push(key);
    }
    all.retain(|one| known.iter().all(|other| other.name != one.name));
    all
}

/// Where Rocket is built with private cookies, which need a key in the release profile.
fn with_secrets(program: &Program) -> Option<Evidence> {
    let rocket = program
        .closure
        .iter()
        .find_map(|package| package.requires("rocket"))?;
    let has = rocket.extras.iter().any(|extra| extra == "secrets");
    has.then(|| rocket.declared.clone())
}

/// Whether a crate of the program is a client of `kind`.
fn speaks_to(program: &Program, kind: BackingKind) -> bool {
    let requirements = program
        .closure
        .iter()
        .flat_map(|package| &package.requirements);
    requirements
        .filter(|one| !one.development)
        .any(|one| client::of_crate(one) == Some(Sought::Backing(kind)))
}

pub(super) fn engines(program: &Program) -> Engines {
    Engines::of(|kind| speaks_to(program, kind))
}
