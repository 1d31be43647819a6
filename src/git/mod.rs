//! The only door to git2 and to the git executable.
//!
//! In: a folder. Out: plain values. Every core may call it. Nothing of a repository's
//! configuration is run: libgit2 runs none, and the executable is called with hooks,
//! file-system monitor and external protocols off.

mod attributes;
pub mod branch;
mod bulk;
mod commit;
pub mod diff;
pub mod events;
mod executable;
mod filing;
pub mod footprint;
pub mod foreign;
pub mod graph;
mod hook;
mod id;
mod index;
mod introduced;
mod join;
pub mod kept;
pub mod manifest;
pub mod moved;
mod objects;
mod opened;
pub mod origin;
pub mod past;
pub mod patch;
pub mod patch_id;
mod recent;
mod refs;
mod revision;
pub mod signed;
mod stage;
pub mod sync;
pub mod touch;
mod tree;
pub mod union;
mod untracked;

pub use attributes::{AttributeSources, Conversion, conversion};
pub use commit::{RevisionError, resolve};
pub use executable::{Executable, is_of_a_hook, without_hook_environment};
pub use gix_hash::ObjectId;
pub use hook::{Call, HooksPath, call_hook, hooks_folder, hooks_path};
pub use id::{BlobId, CommitId, IdError, PatchId, TreeId};
pub use index::{Entry, FileStat, Index, Mode, native};
pub use introduced::Introduced;
pub use join::{Accept, Joined};
pub use objects::{Objects, Reader, blob_id, empty_blob};
pub use opened::Opened;
pub use refs::RefError;
pub use revision::{Commit, Revisions, empty_tree};
pub use stage::{Draft, Replacement};
pub use untracked::{IgnoreSources, untracked, walkers};

use crate::project::{PathError, RelPath};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("{} is not inside a git repository", .0.display())]
    NotARepository(PathBuf),
    #[error("{} cannot be read, so that no repository is found: {source}", path.display())]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{} is a bare repository: it has no work tree", .0.display())]
    Bare(PathBuf),
    #[error("git could not read {}: {message}", path.display())]
    Git { path: PathBuf, message: String },
    #[error("{} does not lead to a commit: {message}", path.display())]
    Head { path: PathBuf, message: String },
    #[error("the index {} cannot be read: {message}", path.display())]
    Index { path: PathBuf, message: String },
    #[error("another git process holds {}", .0.display())]
    Locked(PathBuf),
    #[error("the index {} was changed by another process", .0.display())]
    Changed(PathBuf),
    #[error("object {id} {message}")]
    Object { id: String, message: String },
    #[error("{} cannot be written: {message}", path.display())]
    Unwritten { path: PathBuf, message: String },
    #[error("this system cannot have a file named {0:?}")]
    Name(String),
    #[error(transparent)]
    Path(#[from] PathError),
}

/// Where a repository lies and what is going on in it.
#[derive(Debug, Clone)]
pub struct Repository {
    /// Top of the work tree, absolute, symlinks resolved.
    pub root: PathBuf,
    /// `git rev-parse --git-path shipway`: journal, backups, caches; of this work tree.
    pub private_dir: PathBuf,
    /// What is under way: `rebase`, `merge`, `cherry-pick`, `revert`, `bisect`, ….
    pub under_way: Option<&'static str>,
    /// Full id of HEAD's commit; None before the first one.
    pub head: Option<String>,
    /// Branch name; None when HEAD is detached.
    pub branch: Option<String>,
    /// URL of `origin`, without credentials.
    pub origin: Option<String>,
    /// The name by which git keeps this linked work tree (`git worktree add`); None in the main one.
    pub linked_worktree: Option<String>,
    /// The common git directory, absolute.
    pub common_dir: PathBuf,
    /// The git directory of this work tree, absolute.
    pub git_dir: PathBuf,
}

impl Repository {
    /// HEAD's commit; None before the first one.
    #[must_use]
    pub fn head_id(&self) -> Option<ObjectId> {
        ObjectId::from_hex(self.head.as_ref()?.as_bytes()).ok()
    }
}

/// A repository as git shows it to a hook.
#[derive(Debug, Clone)]
pub struct Surroundings {
    pub repository: Repository,
    /// The index of the commit to be: a temporary one under `git commit PATH`, `-a` and `-p`.
    pub index: PathBuf,
    /// Where attributes come from beside the work tree.
    pub attributes: AttributeSources,
    pub ignores: IgnoreSources,
    pub message: MessageSettings,
}

/// How git treats a commit's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageSettings {
    /// `core.commentString` or `core.commentChar`; `#` where neither is set.
    pub comment: String,
    /// `commit.cleanup`.
    pub cleanup: Option<String>,
    /// Whether an editor is used: where not, git sets `GIT_EDITOR=:` for its hooks.
    pub editor: bool,
}

/// Whether the commit to be is a merge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merging {
    pub is_merge: bool,
    /// Its parents beside HEAD, as far as git tells.
    pub others: Vec<ObjectId>,
}

impl Surroundings {
    /// `hook_says` is true in the hook that git runs for merges alone: there no file names the
    /// parents yet, and the environment does (`GITHEAD_…`).
    #[must_use]
    pub fn merging(&self, hook_says: bool) -> Merging {
        let file = self.repository.git_dir.join("MERGE_HEAD");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let mut others: Vec<ObjectId> = text
            .lines()
            .filter_map(|line| ObjectId::from_hex(line.trim().as_bytes()).ok())
            .collect();
        if hook_says && others.is_empty() {
            others = std::env::vars_os()
                .filter_map(|(name, _)| {
                    let id = name.to_str()?.strip_prefix("GITHEAD_")?.to_owned();
                    ObjectId::from_hex(id.as_bytes()).ok()
                })
                .collect();
        }
        Merging {
            is_merge: hook_says || !others.is_empty(),
            others,
        }
    }
}

/// Opens the repository that the variables `GIT_DIR`, `GIT_WORK_TREE` and `GIT_INDEX_FILE` of
/// this process name, else the one that holds the current folder.
///
/// # Errors
/// As [`open`].
pub fn open_from_environment() -> Result<Surroundings, GitError> {
    let start = Path::new(".");
    let opened = git2::Repository::open_from_env().map_err(|error| not_opened(start, &error))?;
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let settings = opened
        .config()
        .and_then(|mut settings| settings.snapshot())
        .map_err(|error| failure(start, &error))?;
    // As git has it (git(1), GIT_WORK_TREE), which libgit2 does not follow.
    let tree = set("GIT_WORK_TREE").map(PathBuf::from).or_else(|| {
        let here = set("GIT_DIR").is_some()
            && settings.get_string("core.worktree").is_err()
            && !settings.get_bool("core.bare").unwrap_or(false);
        here.then(|| start.to_owned())
    });
    if let Some(tree) = tree {
        opened
            .set_workdir(&tree, false)
            .map_err(|error| failure(&tree, &error))?;
    }
    let repository = describe(&opened, start)?;
    let index = set("GIT_INDEX_FILE")
        .and_then(|value| std::path::absolute(value).ok())
        .unwrap_or_else(|| repository.git_dir.join("index"));
    let autocrlf = settings
        .get_string("core.autocrlf")
        .is_ok_and(|value| value.eq_ignore_ascii_case("input"))
        || settings.get_bool("core.autocrlf").unwrap_or(false);
    let own = |setting: &str, name: &str| {
        settings.get_path(setting).ok().or_else(|| {
            let home = |below: &str| Some(PathBuf::from(std::env::var_os("HOME")?).join(below));
            let folder = match std::env::var_os("XDG_CONFIG_HOME").filter(|value| !value.is_empty())
            {
                Some(folder) => PathBuf::from(folder),
                None => home(".config")?,
            };
            Some(folder.join("git").join(name))
        })
    };
    let files = own("core.attributesFile", "attributes")
        .into_iter()
        .chain([
            repository.common_dir.join("info/attributes"),
            PathBuf::from("/etc/gitattributes"),
        ])
        .collect();
    let ignores = IgnoreSources {
        files: own("core.excludesFile", "ignore")
            .into_iter()
            .chain([repository.common_dir.join("info/exclude")])
            .collect(),
        ignore_case: settings.get_bool("core.ignoreCase").unwrap_or(false),
    };
    let message = MessageSettings {
        comment: settings
            .get_string("core.commentString")
            .or_else(|_| settings.get_string("core.commentChar"))
            .unwrap_or_else(|_| "#".to_owned()),
        cleanup: settings.get_string("commit.cleanup").ok(),
        editor: std::env::var_os("GIT_EDITOR").is_none_or(|editor| editor != ":"),
    };
    Ok(Surroundings {
        repository,
        index,
        attributes: AttributeSources { autocrlf, files },
        ignores,
        message,
    })
}

/// Opens the repository that holds `start`.
///
/// # Errors
/// When there is none, it is bare, or it cannot be read.
pub fn open(start: &Path) -> Result<Repository, GitError> {
    describe(&discover(start)?, start)
}

fn describe(repository: &git2::Repository, start: &Path) -> Result<Repository, GitError> {
    let root = repository
        .workdir()
        .ok_or_else(|| GitError::Bare(start.to_owned()))?;
    describe_at(repository, root)
}

fn describe_at(repository: &git2::Repository, root: &Path) -> Result<Repository, GitError> {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let under_way = match repository.state() {
        git2::RepositoryState::Clean => None,
        git2::RepositoryState::Merge => Some("merge"),
        git2::RepositoryState::Revert | git2::RepositoryState::RevertSequence => Some("revert"),
        git2::RepositoryState::CherryPick | git2::RepositoryState::CherryPickSequence => {
            Some("cherry-pick")
        }
        git2::RepositoryState::Bisect => Some("bisect"),
        git2::RepositoryState::Rebase
        | git2::RepositoryState::RebaseInteractive
        | git2::RepositoryState::RebaseMerge => Some("rebase"),
        git2::RepositoryState::ApplyMailbox | git2::RepositoryState::ApplyMailboxOrRebase => {
            Some("am")
        }
    };
    let head = match repository.head() {
        Ok(head) => Some(head),
        Err(error)
            if matches!(
                error.code(),
                git2::ErrorCode::UnbornBranch | git2::ErrorCode::NotFound
            ) =>
        {
            None
        }
        Err(error) => {
            return Err(GitError::Head {
                path: absolute(repository.path()).join("HEAD"),
                message: error.message().to_owned(),
            });
        }
    };
    let branch = head
        .as_ref()
        .filter(|head| head.is_branch())
        .and_then(|head| head.shorthand().ok())
        .map(str::to_owned);
    let commit = head
        .as_ref()
        .and_then(git2::Reference::target)
        .map(|id| id.to_string());
    let origin = repository
        .find_remote("origin")
        .ok()
        .and_then(|remote| remote.url().ok().map(without_credentials));
    Ok(Repository {
        private_dir: absolute(repository.path()).join("shipway"),
        root,
        under_way,
        head: commit,
        branch,
        origin,
        linked_worktree: linked_worktree(repository),
        common_dir: absolute(repository.commondir()),
        git_dir: absolute(repository.path()),
    })
}

/// A linked work tree's git directory is `worktrees/NAME` (gitrepository-layout(5)).
fn linked_worktree(repository: &git2::Repository) -> Option<String> {
    let name = repository.path().file_name()?.to_string_lossy();
    repository.is_worktree().then(|| name.into_owned())
}

/// The paths in the index of the repository that holds `root`, relative to `root`.
/// Names that are not UTF-8 are left out.
///
/// # Errors
/// As [`open`].
pub fn tracked(root: &Path) -> Result<BTreeSet<RelPath>, GitError> {
    let repository = discover(root)?;
    let top = repository
        .workdir()
        .ok_or_else(|| GitError::Bare(root.to_owned()))?;
    let top = top.canonicalize().unwrap_or_else(|_| top.to_owned());
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let below = RelPath::from_path(root.strip_prefix(&top).unwrap_or(Path::new("")))?;
    let index = Index::read(&absolute(repository.path()).join("index"))?;
    Ok(index
        .entries()
        .filter_map(|entry| std::str::from_utf8(entry.path).ok())
        .filter_map(|path| RelPath::parse(path).ok())
        .filter_map(|path| path.below(&below))
        .collect())
}

/// Whether git ignores `path` (relative to the root of the work tree) by its rules alone,
/// tracked or not.
pub fn is_ignored(root: &Path, path: &RelPath) -> bool {
    discover(root)
        .and_then(|repository| {
            repository
                .is_path_ignored(path.as_str())
                .map_err(|error| failure(root, &error))
        })
        .unwrap_or(false)
}

/// Whether the repository at `root` has the ref `name`, given in full.
pub fn has_ref(root: &Path, name: &str) -> bool {
    discover(root).is_ok_and(|repository| repository.find_reference(name).is_ok())
}

/// What git is set to, from all its configuration files together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    pub user_name: Option<String>,
    pub user_email: Option<String>,
    /// `true`, `input` or `false`.
    pub autocrlf: Option<String>,
}

/// The settings that hold in the repository of `start`, or outside of one.
pub fn settings(start: &Path) -> Settings {
    let configuration = discover(start)
        .ok()
        .and_then(|repository| repository.config().ok())
        .or_else(|| git2::Config::open_default().ok())
        .and_then(|mut configuration| configuration.snapshot().ok());
    let get = |name: &str| configuration.as_ref()?.get_string(name).ok();
    Settings {
        user_name: get("user.name"),
        user_email: get("user.email"),
        autocrlf: get("core.autocrlf"),
    }
}

fn discover(start: &Path) -> Result<git2::Repository, GitError> {
    // Not `discover`, which forgets the work tree of a git directory that lies elsewhere.
    let flags = git2::RepositoryOpenFlags::CROSS_FS;
    git2::Repository::open_ext(start, flags, std::iter::empty::<&Path>())
        .map_err(|error| not_opened(start, &error))
}

fn not_opened(start: &Path, error: &git2::Error) -> GitError {
    if error.code() != git2::ErrorCode::NotFound {
        return failure(start, error);
    }
    match barred(start) {
        Some((path, source)) => GitError::Unreadable { path, source },
        None => GitError::NotARepository(start.to_owned()),
    }
}

/// The folder at or above `start`, or its `.git`, that this user may not look into.
fn barred(start: &Path) -> Option<(PathBuf, std::io::Error)> {
    let denied = |error: &std::io::Error| error.kind() == std::io::ErrorKind::PermissionDenied;
    std::path::absolute(start)
        .ok()?
        .ancestors()
        .find_map(|folder| {
            let git = folder.join(".git");
            match git.symlink_metadata() {
                Err(error) if denied(&error) => Some((folder.to_owned(), error)),
                Ok(metadata) if metadata.is_dir() => std::fs::read_dir(&git)
                    .err()
                    .filter(denied)
                    .map(|error| (git, error)),
                _ => None,
            }
        })
}

/// libgit2 gives a relative path where `GIT_DIR` is one.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn failure(path: &Path, error: &git2::Error) -> GitError {
    GitError::Git {
        path: path.to_owned(),
        message: error.message().to_owned(),
    }
}

fn without_credentials(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!("{}{}", &url[..scheme + 3], &url[at + 1..])
        }
        _ => url.to_owned(),
    }
}
