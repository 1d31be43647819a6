//! A repository in a temporary folder, and the binary run in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
}

/// Content and permission bits by path; `.git` left out.
pub(crate) type Tree = BTreeMap<PathBuf, (Vec<u8>, u32)>;

impl Sandbox {
    /// A repository with `files` committed.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let sandbox = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        sandbox.git(&["init", "--quiet", "--initial-branch=main"]);
        for (path, content) in files {
            sandbox.write(path, content);
        }
        sandbox.git(&["add", "--all"]);
        sandbox.git(&["commit", "--quiet", "--allow-empty", "--message=begin"]);
        sandbox
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.org"])
            .args(arguments)
            .current_dir(self.root())
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shipway"));
        command
            .args(arguments)
            .current_dir(self.root())
            .stdin(Stdio::null());
        command
    }

    /// Runs shipway and checks its exit code.
    pub(crate) fn run(&self, code: i32, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {output:?}"
        );
        output
    }

    /// As [`Sandbox::run`]; gives standard error.
    pub(crate) fn error(&self, code: i32, arguments: &[&str]) -> String {
        String::from_utf8(self.run(code, arguments).stderr).unwrap()
    }

    pub(crate) fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        collect(self.root(), Path::new(""), &mut tree);
        tree
    }
}

fn collect(root: &Path, below: &Path, tree: &mut Tree) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        if path == Path::new(".git") {
            continue;
        }
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            tree.insert(path.join(""), (Vec::new(), 0));
            collect(root, &path, tree);
        } else {
            let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
            tree.insert(path, (fs::read(entry.path()).unwrap(), mode & 0o777));
        }
    }
}
