//! Shell scripts that start the application: those that a Dockerfile names and those whose
//! name says so.

use super::listing;
use crate::detect::beside::beside_or_hidden;
use crate::detect::{Tree, shell};
use crate::project::{Existing, ExistingFile, RelPath};

/// Names that say that a script starts the application.
const NAMES: &[&str] = &[
    "run.sh",
    "start.sh",
    "serve.sh",
    "boot.sh",
    "entrypoint.sh",
    "docker-entrypoint.sh",
    "start",
    "run",
];

/// Scripts that start the application; entries are the commands they run, as command lines.
pub(super) fn read(tree: &Tree, existing: &Existing) -> Vec<ExistingFile> {
    let named: Vec<&str> = existing
        .dockerfiles
        .iter()
        .flat_map(|file| [&file.entrypoint, &file.cmd])
        .flatten()
        .filter_map(|command| {
            let words = command.excerpt.split_whitespace();
            words
                .map(|word| word.rsplit('/').next().unwrap_or_default())
                .find(|word| has_extension(word, "sh"))
        })
        .collect();
    tree.files()
        .filter(|path| path.depth() <= 3 && !beside_or_hidden(&path.parent()))
        .filter(|path| NAMES.contains(&path.file_name()) || named.contains(&path.file_name()))
        .filter_map(|path| {
            let text = tree.text(path)?;
            let shell = has_extension(path.file_name(), "sh") || text.starts_with("#!");
            shell.then(|| listing(path, "script", commands(&text)))
        })
        .collect()
}

fn has_extension(name: &str, extension: &str) -> bool {
    RelPath::parse(name).is_ok_and(|path| path.extension() == extension)
}

fn commands(text: &str) -> Vec<(usize, String)> {
    shell::commands(text)
        .into_iter()
        .map(|command| (command.line(), shell::join(&command.texts())))
        .collect()
}
