//! What shipway itself wrote into the tree: no evidence of what the project is.

use crate::project::RelPath;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::Path;

const BEGIN: &str = "# >>> shipway ";
/// What the name of a proposal ends with, after that of its file.
const PROPOSAL: &str = ".shipway-proposal";
const END: &str = "# <<< shipway ";

/// The whole files that the lock at `root` names, without what was released and edited since, and what was proposed for them. None where it
/// cannot be read: whoever needs the lock says so. One with the marks of a merge conflict names
/// those of both sides.
pub(super) fn files(root: &Path) -> BTreeSet<RelPath> {
    let Ok(text) = crate::config::file::read(&root.join("shipway.lock")) else {
        return BTreeSet::new();
    };
    let mut files = BTreeSet::new();
    for block in text.split("[[artifact]]").skip(1) {
        let value = |key: &str| {
            let line = block.lines().find(|line| line.starts_with(key))?;
            let table: toml::Table = line.parse().ok()?;
            Some(table.get(key)?.as_str()?.to_owned())
        };
        let place = value("moved_to").or_else(|| value("path"));
        let Some(path) = place.and_then(|path| RelPath::parse(&path).ok()) else {
            continue;
        };
        if block.contains("\nproposal = ")
            && let Ok(beside) = RelPath::parse(&format!("{path}{PROPOSAL}"))
        {
            files.insert(beside);
        }
        // What was released is the user's from the first edit on.
        let is_released = block.contains("\nreleased = true");
        let is_edited = || !is_as_made(root, &path, value("pristine").as_deref());
        if value("strategy").as_deref() == Some("file") && !(is_released && is_edited()) {
            files.insert(path);
        }
    }
    files
}

/// Whether the file has the hash that the lock says; CRLF is no difference.
fn is_as_made(root: &Path, path: &RelPath, pristine: Option<&str>) -> bool {
    let content = std::fs::read(path.under(root)).unwrap_or_default();
    let text = String::from_utf8_lossy(&content).replace("\r\n", "\n");
    pristine == Some(hex::encode(Sha256::digest(text.as_bytes())).as_str())
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
                    [[artifact]]\npath = \"d.yml\"\nmoved_to = \"e/d.yml\"\nstrategy = \"file\"\nproposal = \"1\"\n\
                    [[artifact]]\npath = \"c.yml\"\nstrategy = \"file\"\nreleased = true\n\
                    [[artifact]]\npath = \"Makefile\"\nstrategy = \"block\"\nproposal = \"1\"\n\
                    <<<<<<< HEAD\n[[artifact]]\npath = \"a.yml\"\nstrategy = \"file\"\n\
                    =======\n[[artifact]]\npath = \"b.yml\"\nstrategy = \"file\"\n>>>>>>> b\n";
        std::fs::write(root.path().join("shipway.lock"), lock).unwrap();
        let found = files(root.path());
        let names: Vec<&str> = found.iter().map(RelPath::as_str).collect();
        assert_eq!(
            names,
            [
                "Dockerfile",
                "Makefile.shipway-proposal",
                "a.yml",
                "b.yml",
                "e/d.yml",
                "e/d.yml.shipway-proposal"
            ]
        );
    }
}
