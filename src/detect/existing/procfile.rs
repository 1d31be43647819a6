//! The Procfile: one process per line, `name: command`.

use super::listing;
use crate::detect::Tree;
use crate::project::{ExistingFile, RelPath};

/// The outermost Procfile; entries are its lines as written.
pub(super) fn read(tree: &Tree) -> Option<ExistingFile> {
    let path: &RelPath = tree.named("Procfile").min_by_key(|path| path.depth())?;
    let text = tree.text(path)?;
    let entries = processes(&text)
        .into_iter()
        .map(|(line, name, command)| (line, format!("{name}: {command}")))
        .collect();
    Some(listing(path, "procfile", entries))
}

/// Line, name and command of each line of the form `name: command`.
pub(in crate::detect) fn processes(text: &str) -> Vec<(usize, String, String)> {
    text.lines()
        .enumerate()
        .filter_map(|(at, line)| {
            let (name, command) = line.split_once(':')?;
            let (name, command) = (name.trim(), command.trim());
            let named = !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            (named && !command.is_empty()).then(|| (at + 1, name.to_owned(), command.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_processes_and_passes_over_the_rest() {
        let text = "# comment: no\nweb: gunicorn app:app\n\nworker:celery -A x worker\n";
        let found = processes(text);
        let found: Vec<(usize, &str, &str)> = found
            .iter()
            .map(|(line, name, command)| (*line, name.as_str(), command.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (2, "web", "gunicorn app:app"),
                (4, "worker", "celery -A x worker")
            ]
        );
    }
}
