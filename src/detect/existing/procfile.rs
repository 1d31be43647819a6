//! The Procfile: one process per line, `name: command`.

use super::listing;
use crate::detect::Tree;
use crate::project::{ExistingFile, RelPath};

/// The outermost Procfile; entries are its lines as written.
pub(super) fn read(tree: &Tree) -> Option<ExistingFile> {
    let path: &RelPath = tree.named("Procfile").min_by_key(|path| path.depth())?;
    let text = tree.text(path)?;
    Some(listing(path, "procfile", processes(&text)))
}

/// `name: command` of each line that has that form.
fn processes(text: &str) -> Vec<(usize, String)> {
    text.lines()
        .enumerate()
        .filter_map(|(at, line)| {
            let (name, command) = line.split_once(':')?;
            let (name, command) = (name.trim(), command.trim());
            let named = !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            (named && !command.is_empty()).then(|| (at + 1, format!("{name}: {command}")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_processes_and_passes_over_the_rest() {
        assert_eq!(
            processes("# comment: no\nweb: gunicorn app:app\n\nworker:celery -A x worker\n"),
            [
                (2, "web: gunicorn app:app".to_owned()),
                (4, "worker: celery -A x worker".to_owned())
            ]
        );
    }
}
