//! The branches beside the main lines of a repository, and what each of them adds.

use super::{CommitId, GitError, discover, failure};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Branches of these names live on whatever is merged, beside those that a remote names as its
/// head.
const MAIN: [&str; 4] = ["main", "master", "trunk", "develop"];

/// The branches of one repository.
pub struct Branches {
    repository: git2::Repository,
    root: PathBuf,
    /// Where the main lines are; none where it is not known which they are.
    mains: BTreeSet<git2::Oid>,
    others: BTreeSet<git2::Oid>,
}

/// How long after 1970 a branch was last made, moved or taken away: each is a change of the folder
/// that its ref lies in, or of the file of packed refs. None where that cannot be told.
#[must_use]
pub fn moved_at(common_dir: &Path) -> Option<Duration> {
    let refs = common_dir.join("refs");
    let packed = std::fs::metadata(common_dir.join("packed-refs"));
    let times = [
        newest(&refs.join("heads")),
        newest(&refs.join("remotes")),
        packed.and_then(|file| file.modified()),
    ];
    let mut moved_at = SystemTime::UNIX_EPOCH;
    for time in times {
        match time {
            Ok(time) => moved_at = moved_at.max(time),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => return None,
        }
    }
    moved_at.duration_since(SystemTime::UNIX_EPOCH).ok()
}

/// When `folder` or one below it last changed.
fn newest(folder: &Path) -> io::Result<SystemTime> {
    let mut newest_time = std::fs::metadata(folder)?.modified()?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            newest_time = newest_time.max(newest(&entry.path())?);
        }
    }
    Ok(newest_time)
}

/// What a branch adds to the main lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Where it left them.
    pub base: CommitId,
    pub tip: CommitId,
    /// Its commits that are no merges, parents first; at least one.
    pub commits: Vec<Own>,
}

/// A commit of a branch; times in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own {
    pub id: CommitId,
    pub committed_at: i64,
    pub authored_at: i64,
}

impl Branches {
    /// # Errors
    /// When the refs cannot be read.
    pub fn open(root: &Path) -> Result<Self, GitError> {
        let repository = discover(root)?;
        let listed = list(&repository).map_err(|error| failure(root, &error))?;
        let mut names: BTreeSet<&str> = MAIN.into_iter().collect();
        names.extend(listed.heads.iter().map(String::as_str));
        let is_main = |name: &str| names.contains(name);
        // Where no name is known, what is checked out is taken for the main line.
        let known = listed.branches.iter().any(|(name, _)| is_main(name));
        let is_main = |name: &str| {
            if known {
                is_main(name)
            } else {
                name == listed.current
            }
        };
        let (mains, others): (Vec<_>, Vec<_>) =
            listed.branches.iter().partition(|(name, _)| is_main(name));
        let ids =
            |branches: Vec<&(String, git2::Oid)>| branches.iter().map(|(_, id)| *id).collect();
        Ok(Self {
            mains: ids(mains),
            others: ids(others),
            root: root.to_owned(),
            repository,
        })
    }

    /// Tips of the branches that are no main lines: of those made here, and of those of remotes as
    /// they were when last seen.
    pub fn tips(&self) -> impl Iterator<Item = CommitId> + '_ {
        self.others.iter().copied().map(CommitId::from)
    }

    /// The committer date of the newest end of a main line, in seconds since 1970.
    pub fn newest(&self) -> Option<i64> {
        let times = self.mains.iter().filter_map(|id| self.time(*id));
        times.max()
    }

    /// The committer date of `commit` in seconds since 1970; None where it is no commit here.
    pub fn date(&self, commit: CommitId) -> Option<i64> {
        self.time(commit.oid())
    }

    fn time(&self, id: git2::Oid) -> Option<i64> {
        let commit = self.repository.find_commit(id).ok()?;
        Some(commit.time().seconds())
    }

    /// What the branch that ends at `tip` adds. None where that is nothing, more than `most`
    /// commits, or where it has no commit in common with a main line.
    ///
    /// # Errors
    /// When a commit is missing or broken.
    pub fn beside(&self, tip: CommitId, most: usize) -> Result<Option<Beside>, GitError> {
        self.look(tip.oid(), most)
            .map_err(|error| failure(&self.root, &error))
    }

    fn look(&self, tip: git2::Oid, most: usize) -> Result<Option<Beside>, git2::Error> {
        let mut ends = vec![tip];
        ends.extend(&self.mains);
        if ends.len() == 1 {
            return Ok(None);
        }
        // The best of the common ancestors with any of them.
        let base = match self.repository.merge_base_many(&ends) {
            Ok(base) if base != tip => base,
            Ok(_) => return Ok(None),
            Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut walk = self.repository.revwalk()?;
        walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::REVERSE)?;
        walk.push(tip)?;
        for main in &self.mains {
            walk.hide(*main)?;
        }
        let mut commits = Vec::new();
        for id in walk {
            let commit = self.repository.find_commit(id?)?;
            if commit.parent_count() > 1 {
                continue;
            }
            if commits.len() == most {
                return Ok(None);
            }
            commits.push(Own {
                id: commit.id().into(),
                committed_at: commit.time().seconds(),
                authored_at: commit.author().when().seconds(),
            });
        }
        Ok((!commits.is_empty()).then(|| Beside {
            base: base.into(),
            tip: tip.into(),
            commits,
        }))
    }
}

#[derive(Default)]
struct Listed {
    /// By name; that of a remote's branch is without the remote.
    branches: Vec<(String, git2::Oid)>,
    /// Names that remotes give as their heads.
    heads: BTreeSet<String>,
    /// What is checked out; empty where that is no branch.
    current: String,
}

fn list(repository: &git2::Repository) -> Result<Listed, git2::Error> {
    let mut listed = Listed::default();
    for reference in repository.references_glob("refs/heads/*")? {
        let reference = reference?;
        let name = reference
            .name()
            .ok()
            .and_then(|name| name.strip_prefix("refs/heads/"));
        if let (Some(name), Some(id)) = (name, reference.target()) {
            listed.branches.push((name.to_owned(), id));
        }
    }
    for reference in repository.references_glob("refs/remotes/*")? {
        let reference = reference?;
        let name = reference.name().ok();
        let name = name.and_then(|name| name.strip_prefix("refs/remotes/")?.split_once('/'));
        let Some((remote, name)) = name else { continue };
        let to = reference.symbolic_target().ok().flatten();
        if let Some(to) = to {
            let head = to.strip_prefix(&format!("refs/remotes/{remote}/"));
            listed.heads.extend(head.map(str::to_owned));
        } else if let Some(id) = reference.target() {
            listed.branches.push((name.to_owned(), id));
        }
    }
    let head = repository.head().ok().filter(git2::Reference::is_branch);
    if let Some(Ok(name)) = head.as_ref().map(git2::Reference::shorthand) {
        name.clone_into(&mut listed.current);
    }
    Ok(listed)
}
