//! What one file of Rust says: where it listens, which variables it reads, which routes and folders
//! it names.

use super::reader;
use crate::detect::Tree;
use crate::detect::serving::Listen;
use crate::detect::syntax::{self, Source};
use crate::detect::variable::Read;
use crate::project::{Evidence, RelPath};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Facts of one file.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) path: RelPath,
    /// Modules that it declares, each with the file that an attribute names.
    pub(super) modules: Vec<(String, Option<String>)>,
    /// Names that stand before or behind `::`, or in a `use`.
    pub(super) mentions: BTreeSet<String>,
    pub(super) listens: Vec<Listen>,
    /// Whether Rocket is started.
    pub(super) launches: Option<Evidence>,
    /// Ports by the names that they are kept under, lower case.
    pub(super) ports: BTreeMap<String, (u16, Evidence)>,
    pub(super) reads: Vec<Read>,
    /// Reads whose variable is kept in a constant, by the constant.
    pub(super) named: Vec<Read>,
    /// Texts by the names of constants.
    pub(super) constants: BTreeMap<String, String>,
    /// Functions that hand a parameter to the environment, and whether they give something as well where
    /// nothing is set.
    pub(super) wrappers: Vec<(String, bool)>,
    /// Calls with a name in capitals as the first argument.
    pub(super) calls: Vec<Call>,
    pub(super) structs: Vec<Struct>,
    /// Places that read the environment into a struct.
    pub(super) filled: Vec<Filled>,
    /// Addresses of routes that sound like a health check.
    pub(super) health: Vec<Route>,
    /// Prefixes of routes, each with the code that stands below it.
    pub(super) nests: Vec<(String, String)>,
    /// Folders of files that are handed out, and of templates.
    pub(super) statics: Vec<(String, Evidence)>,
    pub(super) templates: Vec<(String, Evidence)>,
    /// Relative paths in texts.
    pub(super) paths: Vec<(String, Evidence)>,
    /// Folders and files that the program holds.
    pub(super) embeds: Vec<(String, Evidence)>,
    /// Commands of its command line, by clap, with their place.
    pub(super) commands: Vec<(String, Evidence)>,
    /// Whether it waits for a signal to end.
    pub(super) is_graceful: bool,
    /// A macro that asks a database when it is built.
    pub(super) asks: Option<Evidence>,
    /// Migrations that the program applies: the tool and the folder.
    pub(super) migrates: Option<(&'static str, Option<String>, Evidence)>,
}

/// A call that may read a variable.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) function: String,
    /// What it would read.
    pub(super) read: Read,
    /// The same where the function gives an `Option`.
    pub(super) unless: Read,
}

/// One route, with the functions that it stands in or leads to.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) path: String,
    pub(super) functions: Vec<String>,
    pub(super) at: Evidence,
}

/// A struct that could be read from the environment.
#[derive(Debug)]
pub(super) struct Struct {
    pub(super) name: String,
    pub(super) is_deserialized: bool,
    pub(super) fields: Vec<Field>,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    /// `Database` of `Option<Database>`.
    pub(super) of: String,
    pub(super) required: bool,
    pub(super) line: usize,
}

/// One place that reads the environment into a struct: `envy`, `figment`, `config`.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) prefix: String,
    /// What stands between the names of nested structs; None where nothing nests.
    pub(super) separator: Option<String>,
    /// The name of the struct, where the code says it.
    pub(super) of: Option<String>,
}

/// What a file must hold for a parser to be worth its time.
const TELLING: &[&str] = &[
    "env",
    "bind",
    "listen",
    "serve",
    "rout",
    "[get(",
    "::at(",
    ".at(",
    "launch",
    "rocket",
    "ServeDir",
    "ServeFile",
    "Files::",
    "Tera",
    "query",
    "migrat",
    "port",
    "Parser",
    "path(",
    "embed",
    "include_",
    "_ENV",
];

/// Reads `path`; None where it cannot be read.
pub(super) fn read(tree: &Tree, path: &RelPath) -> Option<File> {
    let text = tree.text(path)?;
    let mut file = File {
        path: path.clone(),
        modules: modules(&text),
        mentions: mentions(&text),
        is_graceful: ["graceful", "ctrl_c", "SignalKind", "signal_hook"]
            .iter()
            .any(|word| text.contains(word)),
        ..File::default()
    };
    if !TELLING.iter().any(|word| text.contains(word)) {
        return Some(file);
    }
    let parsed = syntax::parse(&tree_sitter_rust::LANGUAGE.into(), &text)?;
    let source = Source {
        tree,
        path,
        text: &text,
    };
    reader::take(source, parsed.root_node(), &mut file);
    Some(file)
}

fn modules(text: &str) -> Vec<(String, Option<String>)> {
    static MODULE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"(?m)^[ \t]*((?:#\[[^\n]*\][ \t]*\n?[ \t]*)*)(?:pub(?:\([^)\n]*\))?[ \t]+)?mod[ \t]+([a-z_][a-z0-9_]*)[ \t]*;",
        )
        .ok()
    });
    let all = MODULE.iter().flat_map(|module| module.captures_iter(text));
    all.filter_map(|module| {
        let attributes = module.get(1).map_or("", |found| found.as_str());
        let path = attributes
            .split_once("path")
            .and_then(|(_, rest)| rest.split('"').nth(1))
            .map(str::to_owned);
        (!attributes.contains("cfg(test")).then(|| (module[2].to_owned(), path))
    })
    .collect()
}

fn mentions(text: &str) -> BTreeSet<String> {
    static PATH: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"((?:[a-z_][a-z0-9_]*\s*::\s*)+[a-z_]?[a-z0-9_]*)|::\s*([a-z_][a-z0-9_]*)|\buse\s+([^;]+);|extern crate ([a-z_][a-z0-9_]*)").ok()
    });
    let mut found = BTreeSet::new();
    for one in PATH.iter().flat_map(|path| path.captures_iter(text)) {
        for group in one.iter().skip(1).flatten() {
            let words = group
                .as_str()
                .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            found.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_tests_are_none() {
        let text = "mod a;\npub(crate) mod b;\n#[cfg(test)]\nmod tests;\n#[path = \"x/c.rs\"]\nmod c;\nmod d { }\n// mod e;\n";
        let named = |name: &str| (name.to_owned(), None);
        assert_eq!(
            modules(text),
            [
                named("a"),
                named("b"),
                ("c".to_owned(), Some("x/c.rs".to_owned()))
            ]
        );
    }

    #[test]
    fn names_beside_a_path_and_in_a_use_are_mentioned() {
        let found = mentions("use a::{b, c::D as d};\nfn f() { e::g(); self::h::i() }\nlet j = k;");
        for name in ["a", "b", "c", "e", "g", "h", "i"] {
            assert!(found.contains(name), "{name}");
        }
        assert!(!found.contains("j") && !found.contains("k"));
    }
}
