//! The `.env*` files of the tree: their names, never their values.

use super::{Tree, secret};
use crate::project::{EnvFile, RelPath};
use std::collections::BTreeSet;
use std::io::Read;

/// Names that git usually ignores and that therefore are not in the tree.
const USUAL: &[&str] = &[
    ".env",
    ".env.local",
    ".env.development",
    ".env.test",
    ".env.staging",
    ".env.production",
    ".envrc",
];

/// Extensions of files that variables are set for beside code.
const CONFIGURATION: &[&str] = &["yml", "yaml", "toml", "json"];

/// Every `.env*` file, tracked or not, sorted by path.
pub(super) fn find(tree: &Tree) -> Vec<EnvFile> {
    let mut folders: BTreeSet<RelPath> = tree
        .code()
        .chain(
            CONFIGURATION
                .iter()
                .flat_map(|extension| tree.with_extension(extension)),
        )
        .chain(tree.files().filter(|path| is_env_file(path.file_name())))
        .map(RelPath::parent)
        .collect();
    folders.insert(RelPath::root());
    let usual = folders
        .iter()
        .flat_map(|folder| USUAL.iter().filter_map(|name| folder.join(name).ok()))
        .filter(|path| {
            path.under(tree.root())
                .symlink_metadata()
                .is_ok_and(|meta| meta.is_file())
        });
    let present = tree
        .files()
        .chain(tree.tracked())
        .filter(|path| is_env_file(path.file_name()));
    let paths: BTreeSet<RelPath> = present.cloned().chain(usual).collect();
    paths
        .into_iter()
        .map(|path| {
            let (names, has_secret_values) = read(tree, &path);
            EnvFile {
                committed: tree.tracked().contains(&path),
                ignored: crate::git::is_ignored(tree.root(), &path),
                names,
                has_secret_values,
                path,
            }
        })
        .collect()
}

fn is_env_file(name: &str) -> bool {
    name == ".env" || name.starts_with(".env.") || name == ".envrc" || name == "env.example"
}

/// Names in the file, in order, each once; and whether one is a secret with a real value.
fn read(tree: &Tree, path: &RelPath) -> (Vec<String>, bool) {
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(path.under(tree.root()))
        .and_then(|file| file.take(super::tree::MAX_FILE).read_to_end(&mut bytes));
    if opened.is_err() {
        return (Vec::new(), false);
    }
    let text = String::from_utf8_lossy(&bytes);
    parse(&text)
}

fn parse(text: &str) -> (Vec<String>, bool) {
    let mut names: Vec<String> = Vec::new();
    let mut has_secret_values = false;
    for (name, value) in pairs(text) {
        has_secret_values |= secret::hides(&name, &value);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    (names, has_secret_values)
}

/// Names and values of the lines of a file of variables that can be read, in order.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    // `$NAME` in a value would be looked up in this process; a value's own text is enough here.
    let plain = text.replace('$', "\\$");
    dotenvy::from_read_iter(plain.as_bytes())
        .flatten()
        .map(|(name, value)| (name, value.replace("\\$", "$")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_order_and_secrets_told_from_placeholders() {
        let (names, secret) =
            parse("# x\nexport A=1\nDB_PASSWORD=\"\"\nbroken line\nA=2\nURL=http://x\n");
        assert_eq!(names, ["A", "DB_PASSWORD", "URL"]);
        assert!(!secret);
        assert!(parse("SECRET_KEY=abc123\n").1);
        assert!(!parse("SECRET_KEY=${OTHER}\n").1);
        assert!(parse("DATABASE_URL=postgres://u:hunter2@db/x\n").1);
    }
}
