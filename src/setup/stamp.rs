//! Remembers what was installed from, so that a second run has nothing to do.
//!
//! A stamp is a hash in the environment that it speaks of, and goes with it.

use super::part::Part;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

const NAME: &str = ".shipway-installed";

/// The stamp of one part.
pub(super) struct Stamp {
    file: PathBuf,
    wanted: String,
}

impl Stamp {
    /// Of `part` as its files are now. A file that is not there counts as empty.
    pub(super) fn of(part: &Part, root: &Path) -> Self {
        let mut hash = Sha256::new();
        hash.update(format!("{:?} {:?}\n", part.manager, part.version));
        for input in &part.inputs {
            let content = std::fs::read(input.under(root)).unwrap_or_default();
            hash.update(format!("{input} {}\n", content.len()));
            hash.update(content);
        }
        Self {
            file: part.venv.join(NAME),
            wanted: hex::encode(hash.finalize()),
        }
    }

    /// Whether exactly this was installed.
    pub(super) fn holds(&self) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|text| text == self.wanted)
    }

    /// Whether anything was installed before.
    pub(super) fn is_there(&self) -> bool {
        self.file.exists()
    }

    /// Remembers that it has been installed.
    pub(super) fn write(&self) -> std::io::Result<()> {
        std::fs::write(&self.file, &self.wanted)
    }

    /// Forgets it: what follows may leave the environment half made.
    pub(super) fn remove(&self) {
        // Not being there is what is wanted.
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Whether the generated Makefile installed this part after its files last changed.
pub(super) fn made_by_make(part: &Part, root: &Path) -> bool {
    let changed = |path: &Path| std::fs::metadata(path).and_then(|meta| meta.modified());
    let Ok(installed) = changed(&part.venv.join(".shipway")) else {
        return false;
    };
    part.inputs
        .iter()
        .all(|input| changed(&input.under(root)).is_ok_and(|changed| changed <= installed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{PackageManager, RelPath};

    #[test]
    fn a_stamp_holds_until_a_file_changes_or_the_environment_goes() {
        let root = tempfile::tempdir().unwrap();
        let folder = RelPath::root();
        let manifest = RelPath::parse("requirements.txt").unwrap();
        let part = Part {
            name: "web",
            folder: &folder,
            manager: PackageManager::Pip,
            manifest: Some(&manifest),
            also: &[],
            locked: false,
            inputs: vec![&manifest],
            requirements: &[],
            version: None,
            venv: root.path().join(".venv"),
        };
        std::fs::write(root.path().join("requirements.txt"), "flask\n").unwrap();
        std::fs::create_dir_all(part.programs()).unwrap();
        std::fs::write(part.python(), "").unwrap();
        let stamp = || Stamp::of(&part, root.path());
        assert!(!stamp().holds());
        stamp().write().unwrap();
        assert!(stamp().holds());
        std::fs::write(root.path().join("requirements.txt"), "flask==3.1.0\n").unwrap();
        assert!(!stamp().holds());
        stamp().write().unwrap();
        assert!(stamp().holds());
        std::fs::remove_dir_all(&part.venv).unwrap();
        assert!(!stamp().holds());
    }
}
