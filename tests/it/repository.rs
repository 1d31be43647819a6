//! Lays a repository out in a temporary folder and runs the binary in it.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    /// A git repository of these files (path, content), all of them in the index.
    pub(crate) fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let repository = Self::without_git(files);
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.git(&["add", "--all", "--force"]);
        repository
    }

    /// A plain folder of these files.
    pub(crate) fn without_git<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let place = folder.path().join(path);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(place, content).unwrap();
        }
        Self { folder }
    }

    /// The repository that a manifest of `tests/fixtures` describes.
    pub(crate) fn from_manifest(manifest: &str) -> Self {
        let mut files: Vec<(&str, String)> = Vec::new();
        for line in manifest.lines() {
            match (line.strip_prefix("=== "), files.last_mut()) {
                (Some(path), _) => files.push((path, String::new())),
                (None, Some((_, content))) => {
                    content.push_str(line);
                    content.push('\n');
                }
                (None, None) => {}
            }
        }
        Self::new(
            files
                .iter()
                .map(|(path, content)| (*path, content.as_str())),
        )
    }

    /// A copy of the files below `folder` of this crate that git tracks.
    pub(crate) fn copy_of(folder: &str) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let listed = Command::new("git")
            .args(["ls-files", "-z"])
            .current_dir(&source)
            .output()
            .unwrap();
        let target = tempfile::tempdir().unwrap();
        for path in String::from_utf8(listed.stdout)
            .unwrap()
            .split_terminator('\0')
        {
            let place = target.path().join(path);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::copy(source.join(path), place).unwrap();
        }
        let repository = Self { folder: target };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.git(&["add", "--all", "--force"]);
        repository
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root().join(below)
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.root())
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
    }

    pub(crate) fn shipway(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_shipway"))
            .args(arguments)
            .current_dir(self.root())
            .output()
            .unwrap()
    }

    /// What `shipway detect --format json` says.
    pub(crate) fn detected(&self) -> Value {
        let output = self.shipway(&["detect", "--format", "json", "."]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
