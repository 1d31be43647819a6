//! A repository in a temporary folder, and the binary run in it.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
    /// What programs remember of this user.
    state: tempfile::TempDir,
}

/// Content and permission bits by path; `.git` left out.
pub(crate) type Tree = BTreeMap<PathBuf, (Vec<u8>, u32)>;

impl Sandbox {
    /// A repository with `files` (path, content) committed, what git ignores included.
    pub(crate) fn new<'f>(files: impl IntoIterator<Item = &'f (&'f str, &'f str)>) -> Self {
        Self::without_git(files).committed()
    }

    /// As [`Sandbox::new`], in a folder below `parent`.
    pub(crate) fn new_in<'f>(
        parent: &Path,
        files: impl IntoIterator<Item = &'f (&'f str, &'f str)>,
    ) -> Self {
        Self {
            folder: tempfile::tempdir_in(parent).unwrap(),
            state: tempfile::tempdir().unwrap(),
        }
        .with(files)
        .committed()
    }

    /// A plain folder of these files.
    pub(crate) fn without_git<'f>(files: impl IntoIterator<Item = &'f (&'f str, &'f str)>) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            state: tempfile::tempdir().unwrap(),
        }
        .with(files)
    }

    fn with<'f>(self, files: impl IntoIterator<Item = &'f (&'f str, &'f str)>) -> Self {
        for (path, content) in files {
            self.write(path, content);
        }
        self
    }

    /// The repository that a text of `tests/fixtures` describes.
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
        let sandbox = Self::without_git([]);
        for (path, content) in files {
            sandbox.write(path, &content);
        }
        sandbox.committed()
    }

    /// The files below `folder` of this crate that git tracks, as they are now.
    pub(crate) fn copy_of(folder: &str) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let listed = Command::new("git")
            .args(["ls-files", "-z"])
            .current_dir(&source)
            .output()
            .unwrap();
        assert!(listed.status.success(), "{listed:?}");
        let sandbox = Self::without_git([]);
        let listed = String::from_utf8(listed.stdout).unwrap();
        for path in listed.split_terminator('\0') {
            let from = source.join(path);
            if from.exists() {
                let to = sandbox.path(path);
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(from, to).unwrap();
            }
        }
        sandbox.committed()
    }

    fn committed(self) -> Self {
        self.git(&["init", "--quiet", "--initial-branch=main"]);
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message=begin"]);
        self
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root().join(below)
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.org"])
            .args(["-c", "commit.gpgsign=false"])
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
            .env("XDG_STATE_HOME", self.state.path())
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

    /// As [`Sandbox::run`]; gives standard output.
    pub(crate) fn report(&self, code: i32, arguments: &[&str]) -> String {
        text(&self.run(code, arguments).stdout)
    }

    /// As [`Sandbox::run`]; gives standard error.
    pub(crate) fn error(&self, code: i32, arguments: &[&str]) -> String {
        text(&self.run(code, arguments).stderr)
    }

    /// What `shipway detect --format json` says of the folder, whatever its exit code.
    pub(crate) fn detected(&self) -> Value {
        let output = self
            .command(&["detect", "--format", "json", "."])
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    /// Waits until `child`, a run of shipway in here, begins to write or has ended.
    pub(crate) fn until_it_writes(&self, child: &mut Child) {
        let begun = self.path(".git/shipway/apply");
        while !begun.exists() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
    }

    pub(crate) fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        collect(self.root(), Path::new(""), &mut tree);
        tree
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Says that a test is passed over because `what`; where everything must be there, it fails.
#[allow(clippy::print_stderr, reason = "what a test skips is said")]
pub(crate) fn skipped(what: &str) {
    let required = std::env::var("SHIPWAY_REQUIRE").is_ok_and(|all| all == "all");
    assert!(!required, "{what}");
    eprintln!("skipped: {what}");
}

/// Runs `script` with a file system of `size` of its own at `place`; None, which is said, where
/// this user may not mount one.
pub(crate) fn in_small_file_system(
    size: &str,
    place: &Path,
    variables: &[(&str, &str)],
    script: &str,
) -> Option<Output> {
    let mount = format!(
        "mount -t tmpfs -o size={size} none {} || exit 99; {script}",
        place.display()
    );
    let output = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", &mount])
        .env_remove("CI")
        .envs(variables.iter().copied())
        .output();
    let may = output.as_ref().is_ok_and(|output| {
        let refused = String::from_utf8_lossy(&output.stderr).contains("unshare failed");
        output.status.code() != Some(99) && !refused
    });
    if !may {
        skipped("a small file system cannot be mounted in a namespace of this user's own");
        return None;
    }
    output.ok()
}

/// How often a test with chance in it is repeated: `SHIPWAY_SCALE`, else once.
pub(crate) fn scale() -> usize {
    std::env::var("SHIPWAY_SCALE")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1)
}

/// A part of `whole`, by chance.
pub(crate) fn random_part(whole: Duration) -> Duration {
    let mut random = [0; 4];
    getrandom::fill(&mut random).unwrap();
    whole.mul_f64(f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX))
}

/// Waits for `moment`, or until `child` has ended.
pub(crate) fn wait(moment: Duration, child: &mut Child) {
    let deadline = Instant::now() + moment;
    while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
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
        } else if metadata.is_symlink() {
            let target = fs::read_link(entry.path()).unwrap();
            tree.insert(path, (target.into_os_string().into_encoded_bytes(), 0));
        } else {
            let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
            tree.insert(path, (fs::read(entry.path()).unwrap(), mode & 0o777));
        }
    }
}
