//! The files of a repository that detection may read.

use super::structured::Node;
use crate::git::GitError;
use crate::project::{Evidence, Finding, RelPath, Severity};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Files above this are never read (bytes).
pub(super) const MAX_FILE: u64 = 1024 * 1024;

/// Folders that hold other people's code or generated files, whatever git says of them.
const VENDORED: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    ".venv",
    "venv",
    "node_modules",
    "bower_components",
    "vendor",
    "third_party",
    "site-packages",
    "__pycache__",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".eggs",
    "target",
    "dist",
    "build",
    ".shipway",
];

/// Extensions of files that somebody wrote to be run, compiled or handed to a browser. HTML is none:
/// a page may lie in a folder of uploads only to hide its list.
const CODE: &[&str] = &[
    "py", "pyi", "pyx", "ipynb", "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "vue",
    "svelte", "css", "scss", "sass", "less", "go", "rs", "rb", "php", "java", "kt", "scala", "cs",
    "fs", "ex", "exs", "erl", "clj", "c", "h", "cc", "cpp", "hpp", "swift", "dart", "lua", "pl",
    "pm", "r", "R", "jl", "sh", "bash", "ps1",
];

/// Files that make a folder a project of some language.
const MANIFESTS: &[&str] = &[
    "package.json",
    "pyproject.toml",
    "setup.cfg",
    "requirements.txt",
    "Pipfile",
    "Cargo.toml",
    "go.mod",
    "Gemfile",
    "composer.json",
    "pom.xml",
    "build.gradle",
    "mix.exs",
    "Makefile",
    "Dockerfile",
];

fn is_code(path: &RelPath) -> bool {
    CODE.contains(&path.extension()) || MANIFESTS.contains(&path.file_name())
}

#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    #[error("cannot read {}: {source}", path.display())]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    Git(#[from] GitError),
}

/// What git tracks; nothing where git cannot be asked. An index that cannot be read is said: what it
/// hides (a committed `.env`, bytecode) would pass for not being there.
fn tracked(root: &Path) -> Result<BTreeSet<RelPath>, TreeError> {
    match crate::git::tracked(root) {
        Err(error @ GitError::Index { .. }) => Err(error.into()),
        other => Ok(other.unwrap_or_default()),
    }
}

/// Size (bytes) of a file of the tree that no link leads to, outside vendored folders; None where it
/// is none.
fn plain_file(root: &Path, path: &RelPath) -> Option<u64> {
    let text = path.as_str();
    if text.contains(char::is_control) || text.split('/').any(|part| VENDORED.contains(&part)) {
        return None;
    }
    let mut folder = path.parent();
    while !folder.is_root() {
        let meta = std::fs::symlink_metadata(folder.under(root)).ok()?;
        meta.is_dir().then_some(())?;
        folder = folder.parent();
    }
    let meta = std::fs::symlink_metadata(path.under(root)).ok()?;
    meta.is_file().then_some(meta.len())
}

/// The files of one repository: those that git does not ignore, outside vendored folders.
/// Contents are read when asked for, at most once, never above [`MAX_FILE`].
pub struct Tree {
    root: PathBuf,
    /// Size in bytes by path, sorted.
    files: BTreeMap<RelPath, u64>,
    /// Files by their last extension and by their name, each sorted.
    extensions: HashMap<String, Vec<RelPath>>,
    names: HashMap<String, Vec<RelPath>>,
    folders: BTreeSet<RelPath>,
    tracked: BTreeSet<RelPath>,
    read: Mutex<HashMap<RelPath, Option<Arc<str>>>>,
    parsed: Mutex<HashMap<RelPath, Option<Arc<Node>>>>,
    findings: Mutex<Vec<Finding>>,
}

impl Tree {
    /// Walks the tree under `root`. Symlinks are not followed; a link to a file inside the
    /// root is not read either, its target is.
    ///
    /// # Errors
    /// When `root` is no folder or cannot be listed.
    pub fn read(root: &Path) -> Result<Self, TreeError> {
        if !root.is_dir() {
            return Err(TreeError::NotAFolder(root.to_owned()));
        }
        std::fs::read_dir(root).map_err(|source| TreeError::Io {
            path: root.to_owned(),
            source,
        })?;
        let mut files = BTreeMap::new();
        let mut folders = BTreeSet::new();
        let mut findings = Vec::new();
        let mut unwritable = Vec::new();
        let walk = ignore::WalkBuilder::new(root)
            .hidden(false)
            .follow_links(false)
            .parents(false)
            .ignore(false)
            .require_git(false)
            .filter_entry(|entry| {
                entry.depth() == 0
                    || !entry.file_type().is_some_and(|kind| kind.is_dir())
                    || !entry
                        .file_name()
                        .to_str()
                        .is_some_and(|name| VENDORED.contains(&name))
            })
            .build();
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    findings.push(unreadable(root, &error));
                    continue;
                }
            };
            if entry.depth() == 0 {
                continue;
            }
            let Ok(below) = entry.path().strip_prefix(root) else {
                continue;
            };
            let Some(kind) = entry.file_type() else {
                continue;
            };
            let named = RelPath::from_path(below)
                .ok()
                .filter(|path| !path.as_str().contains(char::is_control));
            let Some(path) = named else {
                if kind.is_file() {
                    unwritable.push(below.to_owned());
                }
                continue;
            };
            if kind.is_dir() {
                folders.insert(path);
            } else if kind.is_file() {
                let size = entry.metadata().map_or(0, |meta| meta.len());
                files.insert(path, size);
            }
        }
        findings.extend(unwritten(&unwritable));
        let tracked = tracked(root)?;
        for path in &tracked {
            // What git tracks it does not ignore, whatever a pattern says.
            if !files.contains_key(path)
                && let Some(size) = plain_file(root, path)
            {
                files.insert(path.clone(), size);
                let mut folder = path.parent();
                while !folder.is_root() && folders.insert(folder.clone()) {
                    folder = folder.parent();
                }
            }
        }
        for path in super::generated::files(root) {
            files.remove(&path);
            let folder = path.parent();
            if !files.keys().any(|file| file.is_within(&folder)) {
                folders.remove(&folder);
            }
        }
        Ok(Self {
            folders,
            tracked,
            findings: Mutex::new(findings),
            ..Self::of(root, files)
        })
    }

    fn of(root: &Path, files: BTreeMap<RelPath, u64>) -> Self {
        let mut extensions: HashMap<String, Vec<RelPath>> = HashMap::new();
        let mut names: HashMap<String, Vec<RelPath>> = HashMap::new();
        for path in files.keys() {
            for (index, key) in [
                (&mut extensions, path.extension()),
                (&mut names, path.file_name()),
            ] {
                match index.get_mut(key) {
                    Some(paths) => paths.push(path.clone()),
                    None => {
                        index.insert(key.to_owned(), vec![path.clone()]);
                    }
                }
            }
        }
        Self {
            root: root.to_owned(),
            files,
            extensions,
            names,
            folders: BTreeSet::new(),
            tracked: BTreeSet::new(),
            read: Mutex::new(HashMap::new()),
            parsed: Mutex::new(HashMap::new()),
            findings: Mutex::new(Vec::new()),
        }
    }

    /// Only those of the files `names` that lie in `root` itself, without a walk.
    pub(super) fn top(root: &Path, names: &[&str]) -> Self {
        let files = names
            .iter()
            .filter_map(|name| {
                let meta = std::fs::symlink_metadata(root.join(name)).ok()?;
                let path = RelPath::parse(name).ok()?;
                meta.is_file().then_some((path, meta.len()))
            })
            .collect();
        Self::of(root, files)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// All files that may be read, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = &RelPath> {
        self.files.keys()
    }

    /// Files with this last extension, sorted by path.
    pub fn with_extension<'t>(
        &'t self,
        extension: &str,
    ) -> impl Iterator<Item = &'t RelPath> + use<'t> {
        self.extensions.get(extension).into_iter().flatten()
    }

    /// Files with this name in any folder, sorted by path.
    pub fn named<'t>(&'t self, name: &str) -> impl Iterator<Item = &'t RelPath> + use<'t> {
        self.names.get(name).into_iter().flatten()
    }

    pub fn has(&self, path: &RelPath) -> bool {
        self.files.contains_key(path)
    }

    pub fn has_folder(&self, path: &RelPath) -> bool {
        path.is_root() || self.folders.contains(path)
    }

    /// Size in bytes.
    pub fn size(&self, path: &RelPath) -> Option<u64> {
        self.files.get(path).copied()
    }

    /// Everything in git's index, vendored and ignored paths included; empty without git.
    pub fn tracked(&self) -> &BTreeSet<RelPath> {
        &self.tracked
    }

    /// Whether git tracks code or a manifest of any language in `folder` or below; where git tracks
    /// nothing, whether one is there.
    pub(super) fn holds_code(&self, folder: &RelPath) -> bool {
        let is = |path: &RelPath| path.is_within(folder) && is_code(path);
        if self.tracked.is_empty() {
            self.files.keys().any(is)
        } else {
            self.tracked.iter().any(is)
        }
    }

    /// The text of a file. None where it is absent, above [`MAX_FILE`], binary, not UTF-8
    /// or unreadable; the last two are findings.
    pub fn text(&self, path: &RelPath) -> Option<Arc<str>> {
        let size = *self.files.get(path)?;
        if size > MAX_FILE {
            return None;
        }
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.get(path) {
            return known.clone();
        }
        let text = self.load(path);
        read.insert(path.clone(), text.clone());
        text
    }

    fn load(&self, path: &RelPath) -> Option<Arc<str>> {
        let mut bytes = Vec::new();
        let outcome = std::fs::File::open(path.under(&self.root))
            .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes));
        if let Err(error) = outcome {
            self.report(Finding {
                id: "unreadable",
                severity: Severity::Warning,
                message: format!("{path} cannot be read: {error}"),
                evidence: vec![Evidence::file(path.clone())],
                mend: format!("make it readable (chmod u+r {path}) or let git ignore it"),
            });
            return None;
        }
        if bytes.contains(&0) {
            return None;
        }
        if let Ok(text) = String::from_utf8(bytes) {
            Some(super::generated::without_blocks(text).into())
        } else {
            self.report(Finding {
                id: "not-utf8",
                severity: Severity::Note,
                message: format!("{path} is not UTF-8 and was not read"),
                evidence: vec![Evidence::file(path.clone())],
                mend: format!("convert it: iconv -t UTF-8 {path}"),
            });
            None
        }
    }

    /// Evidence at a line (1-based) of a file, with the text of that line.
    pub(super) fn at(&self, path: &RelPath, line: usize) -> Evidence {
        let text = self.text(path);
        let excerpt = text
            .as_deref()
            .and_then(|text| text.lines().nth(line.saturating_sub(1)))
            .unwrap_or_default();
        Evidence::new(path.clone(), line, excerpt)
    }

    /// Whether `structured` looked at a file already.
    pub(super) fn is_parsed(&self, path: &RelPath) -> bool {
        let parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        parsed.contains_key(path)
    }

    /// What `parse` makes of a file; it is called once for each.
    pub(super) fn parsed(
        &self,
        path: &RelPath,
        parse: impl FnOnce() -> Option<Arc<Node>>,
    ) -> Option<Arc<Node>> {
        let mut parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = parsed.get(path) {
            return known.clone();
        }
        let node = parse();
        parsed.insert(path.clone(), node.clone());
        node
    }

    /// Adds something that the maintainers should know (an invalid file, …).
    pub fn report(&self, finding: Finding) {
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }

    /// What was reported so far, in order.
    pub fn findings(&self) -> Vec<Finding> {
        self.findings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn unreadable(root: &Path, error: &ignore::Error) -> Finding {
    Finding {
        id: "unreadable",
        severity: Severity::Warning,
        message: format!("part of the tree cannot be read: {}", reason(error)),
        evidence: vec![],
        mend: format!(
            "make it readable (chmod -R u+rX) below {}, or let git ignore it",
            root.display()
        ),
    }
}

/// Names that are not UTF-8 or hold a control character cannot be written into a generated file.
fn unwritten(paths: &[PathBuf]) -> Option<Finding> {
    let first = paths.iter().min()?.to_string_lossy();
    let (count, are) = match paths.len() {
        1 => ("1 file".to_owned(), "is"),
        many => (format!("{many} files"), "are"),
    };
    Some(Finding {
        id: "unwritable-name",
        severity: Severity::Note,
        message: format!(
            "{count} {are} left out, because a path that is not UTF-8 or holds a line break cannot \
             be written into a generated file: {first:?}"
        ),
        evidence: vec![],
        mend: "rename what matters with git mv".to_owned(),
    })
}

/// The place once and then the system's own words.
fn reason(error: &ignore::Error) -> String {
    match error {
        ignore::Error::WithPath { path, err } => match err.io_error() {
            Some(error) => format!("{}: {error}", path.display()),
            None => error.to_string(),
        },
        ignore::Error::WithDepth { err, .. } => reason(err),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(tree: &Tree) -> Vec<&str> {
        tree.files().map(RelPath::as_str).collect()
    }

    #[test]
    fn generated_ignored_and_vendored_files_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let place = folder.path().join(path);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(place, text).unwrap();
        };
        write("app.py", "");
        write("Dockerfile", "FROM x\n");
        write("Makefile", "");
        write("x.log", "");
        write(".gitignore", "*.log\n");
        write("node_modules/x/index.js", "");
        write(
            "shipway.lock",
            "schema = 1\n[[artifact]]\npath = \"Dockerfile\"\nstrategy = \"file\"\n[[artifact]]\npath = \"Makefile\"\nstrategy = \"block\"\n",
        );
        let tree = Tree::read(folder.path()).unwrap();
        assert_eq!(
            names(&tree),
            [".gitignore", "Makefile", "app.py", "shipway.lock"]
        );
    }

    #[test]
    fn code_of_any_language_is_code_and_data_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "front/app/package.json",
            "front/app/src/main.ts",
            "uploads/.gitkeep",
            "uploads/index.html",
            "uploads/reef.csv",
            "uploads-old/a.R",
        ] {
            let place = folder.path().join(path);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(place, "x").unwrap();
        }
        let tree = Tree::read(folder.path()).unwrap();
        let holds = |path: &str| tree.holds_code(&RelPath::parse(path).unwrap());
        assert!(holds("front") && holds("front/app") && holds("front/app/src"));
        assert!(!holds("uploads"));
        assert!(holds("uploads-old"));
        assert!(!holds("absent"));
    }

    #[test]
    fn a_large_or_binary_file_has_no_text() {
        let folder = tempfile::tempdir().unwrap();
        let large = std::fs::File::create(folder.path().join("large")).unwrap();
        large.set_len(MAX_FILE + 1).unwrap();
        std::fs::write(folder.path().join("binary"), b"a\0b").unwrap();
        std::fs::write(folder.path().join("latin"), b"\xe9").unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        for name in ["large", "binary", "latin", "absent"] {
            assert!(
                tree.text(&RelPath::parse(name).unwrap()).is_none(),
                "{name}"
            );
        }
        let ids: Vec<&str> = tree.findings().iter().map(|finding| finding.id).collect();
        assert_eq!(ids, ["not-utf8"]);
    }
}
