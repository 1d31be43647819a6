//! The files of a repository that detection may read.

use super::structured::Node;
use super::walk::{self, TreeError};
use crate::project::{Evidence, Finding, RelPath, Severity};
use rayon::slice::ParallelSliceMut;
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Files above this are never read (bytes).
pub(super) const MAX_FILE: u64 = 1024 * 1024;

/// Extensions of files that somebody wrote to be run, compiled or handed to a browser. HTML is none:
/// a page may lie in a folder of uploads only to hide its list.
const CODE: &[&str] = &[
    "py", "pyi", "pyx", "ipynb", "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "vue",
    "svelte", "css", "scss", "sass", "less", "go", "rs", "rb", "php", "java", "kt", "scala", "cs",
    "fs", "ex", "exs", "erl", "clj", "c", "h", "cc", "cpp", "hpp", "swift", "dart", "lua", "pl",
    "pm", "r", "R", "jl", "sh", "bash", "ps1", "vb", "razor", "cshtml", "csproj", "fsproj",
    "vbproj",
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
    "deno.json",
    "deno.jsonc",
    "Makefile",
    "Dockerfile",
];

fn is_code(path: &RelPath) -> bool {
    CODE.contains(&path.extension()) || MANIFESTS.contains(&path.file_name())
}

/// How much text is kept for a second look (bytes); what does not fit is read again.
const KEPT: usize = 32 * 1024 * 1024;

/// What was read already.
#[derive(Default)]
struct Texts {
    known: HashMap<RelPath, Option<Arc<str>>>,
    /// Length of all of it (bytes).
    length: usize,
}

/// The files of one repository: those that git does not ignore, outside vendored folders.
/// Contents are read when asked for, never above [`MAX_FILE`].
pub struct Tree {
    root: PathBuf,
    /// Sorted.
    files: Vec<RelPath>,
    /// The same, sorted by their names first.
    by_name: Vec<RelPath>,
    /// Files by their last extension, each sorted.
    extensions: HashMap<String, Vec<RelPath>>,
    folders: BTreeSet<RelPath>,
    tracked: BTreeSet<RelPath>,
    read: Mutex<Texts>,
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
        Ok(Self::listed(root, walk::list(root)?))
    }

    /// As [`Tree::read`], without the files at `paths`.
    ///
    /// # Errors
    /// As [`Tree::read`].
    pub(super) fn read_without(root: &Path, paths: &BTreeSet<RelPath>) -> Result<Self, TreeError> {
        let mut listing = walk::list(root)?;
        listing.leave_out(paths);
        Ok(Self::listed(root, listing))
    }

    fn listed(root: &Path, listing: walk::Listing) -> Self {
        Self {
            folders: listing.folders,
            tracked: listing.tracked,
            findings: Mutex::new(listing.findings),
            ..Self::of(root, listing.files)
        }
    }

    /// `files` are sorted.
    fn of(root: &Path, files: Vec<RelPath>) -> Self {
        let mut extensions: HashMap<String, Vec<RelPath>> = HashMap::new();
        for path in &files {
            match extensions.get_mut(path.extension()) {
                Some(paths) => paths.push(path.clone()),
                None => {
                    extensions.insert(path.extension().to_owned(), vec![path.clone()]);
                }
            }
        }
        let mut by_name = files.clone();
        by_name.par_sort_unstable_by(|a, b| (a.file_name(), a).cmp(&(b.file_name(), b)));
        Self {
            root: root.to_owned(),
            files,
            by_name,
            extensions,
            folders: BTreeSet::new(),
            tracked: BTreeSet::new(),
            read: Mutex::default(),
            parsed: Mutex::new(HashMap::new()),
            findings: Mutex::new(Vec::new()),
        }
    }

    /// Only those of the files `names` that lie in `root` itself, without a walk.
    pub(super) fn top(root: &Path, names: &[&str]) -> Self {
        let mut files: Vec<RelPath> = names
            .iter()
            .filter(|name| {
                std::fs::symlink_metadata(root.join(name)).is_ok_and(|meta| meta.is_file())
            })
            .filter_map(|name| RelPath::parse(name).ok())
            .collect();
        files.sort_unstable();
        Self::of(root, files)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// All files that may be read, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = &RelPath> {
        self.files.iter()
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
        let start = self.by_name.partition_point(|path| path.file_name() < name);
        let named = &self.by_name[start..];
        named[..named.partition_point(|path| path.file_name() == name)].iter()
    }

    /// Code and manifests of any language, in no order.
    pub(super) fn code(&self) -> impl Iterator<Item = &RelPath> {
        let code = CODE
            .iter()
            .flat_map(|extension| self.with_extension(extension));
        code.chain(MANIFESTS.iter().flat_map(|name| self.named(name)))
    }

    /// The manifests of any language in `folder` and above it, the nearest first.
    pub(super) fn manifests_above(&self, folder: &RelPath) -> Vec<RelPath> {
        let mut found = Vec::new();
        let mut folder = folder.clone();
        loop {
            let here = MANIFESTS.iter().filter_map(|name| folder.join(name).ok());
            found.extend(here.filter(|path| self.has(path)));
            if folder.is_root() {
                return found;
            }
            folder = folder.parent();
        }
    }

    pub fn has(&self, path: &RelPath) -> bool {
        self.file(path.as_str()).is_some()
    }

    /// The file at `path`, which is resolved.
    pub fn file(&self, path: &str) -> Option<&RelPath> {
        let by_text = |file: &RelPath| file.as_str().cmp(path);
        self.files
            .binary_search_by(by_text)
            .ok()
            .map(|at| &self.files[at])
    }

    pub fn has_folder(&self, path: &RelPath) -> bool {
        path.is_root() || self.folders.contains(path)
    }

    /// Size in bytes, where it is a file that may be read.
    pub fn size(&self, path: &RelPath) -> Option<u64> {
        if !self.has(path) {
            return None;
        }
        let meta = std::fs::symlink_metadata(path.under(&self.root));
        meta.ok().map(|meta| meta.len())
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
            self.files.iter().any(is)
        } else {
            self.tracked.iter().any(is)
        }
    }

    /// The text of a file. None where it is absent, above [`MAX_FILE`], binary, not UTF-8
    /// or unreadable; the last two are findings.
    pub fn text(&self, path: &RelPath) -> Option<Arc<str>> {
        let texts = || self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = texts().known.get(path) {
            return known.clone();
        }
        if !self.has(path) {
            return None;
        }
        // Others may read meanwhile.
        let text = self.load(path);
        let mut texts = texts();
        let length = text.as_deref().map_or(0, str::len);
        if texts.length + length <= KEPT && !texts.known.contains_key(path) {
            texts.length += length;
            texts.known.insert(path.clone(), text.clone());
        }
        text
    }

    /// Takes `text` for what the file at `path` says.
    pub(super) fn take_for(&self, path: &RelPath, text: &str) {
        let mut texts = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        texts.length += text.len();
        texts.known.insert(path.clone(), Some(text.into()));
    }

    /// Drops the text of `paths`; what is asked for again is read again.
    pub(super) fn forget<'p>(&self, paths: impl Iterator<Item = &'p RelPath>) {
        let mut texts = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        for path in paths {
            if let Some(text) = texts.known.remove(path).flatten() {
                texts.length -= text.len();
            }
        }
    }

    fn load(&self, path: &RelPath) -> Option<Arc<str>> {
        let mut bytes = Vec::new();
        let outcome = File::open(path.under(&self.root)).and_then(|file| {
            let length = file.metadata()?.len();
            if length > MAX_FILE {
                return Ok(false);
            }
            // One more, so that the end is seen without another allocation.
            bytes.reserve_exact(usize::try_from(length).unwrap_or_default() + 1);
            file.take(MAX_FILE).read_to_end(&mut bytes)?;
            Ok(true)
        });
        if let Ok(false) = outcome {
            return None;
        }
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

#[cfg(test)]
impl Tree {
    /// A tree of these files, by path and text, and the folder that they lie in.
    pub(super) fn laid_out(files: &[(&str, &str)]) -> (tempfile::TempDir, Self) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let tree = Self::read(folder.path()).unwrap();
        (folder, tree)
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
