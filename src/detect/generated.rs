//! What shipway itself wrote into the tree: no evidence of what the project is.

use crate::project::RelPath;
use std::collections::BTreeSet;
use std::path::Path;

const BEGIN: &str = "# >>> shipway ";
const END: &str = "# <<< shipway ";

/// The whole files that the lock at `root` names. None where it cannot be read: whoever needs
/// the lock says so.
pub(super) fn files(root: &Path) -> BTreeSet<RelPath> {
    let Ok(text) = crate::config::file::read(&root.join("shipway.lock")) else {
        return BTreeSet::new();
    };
    let Ok(lock) = text.parse::<toml::Table>() else {
        return BTreeSet::new();
    };
    lock.get("artifact")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .filter(|artifact| artifact.get("strategy").and_then(toml::Value::as_str) == Some("file"))
        .filter_map(|artifact| RelPath::parse(artifact.get("path")?.as_str()?).ok())
        .collect()
}

/// `text` with every line of a marked block empty, so that the others keep their numbers.
pub(super) fn without_blocks(text: String) -> String {
    if !text.contains(BEGIN) {
        return text;
    }
    let mut inside = false;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        inside |= line.starts_with(BEGIN);
        if !inside {
            out.push_str(line);
        } else if line.ends_with('\n') {
            out.push('\n');
        }
        if line.starts_with(END) {
            inside = false;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_leaves_empty_lines() {
        let text = "a:\n# >>> shipway make >>>\nb:\n# <<< shipway make <<<\nc:\n";
        assert_eq!(without_blocks(text.to_owned()), "a:\n\n\n\nc:\n");
        assert_eq!(without_blocks("a\n".to_owned()), "a\n");
    }

    #[test]
    fn the_lock_names_whole_files() {
        let root = tempfile::tempdir().unwrap();
        let lock = "[[artifact]]\npath = \"Dockerfile\"\nstrategy = \"file\"\n\
                    [[artifact]]\npath = \"Makefile\"\nstrategy = \"block\"\n";
        std::fs::write(root.path().join("shipway.lock"), lock).unwrap();
        let files = files(root.path());
        assert_eq!(
            files,
            BTreeSet::from([RelPath::parse("Dockerfile").unwrap()])
        );
    }
}
