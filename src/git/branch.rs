//! The branches beside the main lines of a repository, and what each of them adds.

use super::{CommitId, GitError, discover, failure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Branches of these names live on whatever is merged, beside those that a remote names as its
/// head.
const MAIN: [&str; 4] = ["main", "master", "trunk", "develop"];

/// The branches of one repository.
pub struct Branches {
    repository: git2::Repository,
    root: PathBuf,
    /// Where the main lines are; none where it is not known which they are.
    mains: BTreeSet<git2::Oid>,
    local: BTreeSet<git2::Oid>,
    remote: BTreeSet<git2::Oid>,
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
        let known = listed.all().any(|(name, _)| is_main(name));
        let is_main = |name: &str| {
            if known {
                is_main(name)
            } else {
                name == listed.current
            }
        };
        let side = |branches: &BTreeMap<(String, String), git2::Oid>| -> BTreeSet<git2::Oid> {
            let others = branches.iter().filter(|((_, name), _)| !is_main(name));
            others.map(|(_, id)| *id).collect()
        };
        let mains = listed.all().filter(|(name, _)| is_main(name));
        let mains = mains.map(|(_, id)| id).collect();
        Ok(Self {
            mains,
            local: side(&listed.local),
            remote: side(&listed.remote),
            root: root.to_owned(),
            repository,
        })
    }

    /// Tips of the local branches that are no main lines.
    pub fn local(&self) -> impl Iterator<Item = CommitId> + '_ {
        self.local.iter().copied().map(CommitId::from)
    }

    /// Tips of the branches of remotes, as they were when last seen, that are no main lines.
    pub fn remote(&self) -> impl Iterator<Item = CommitId> + '_ {
        self.remote.iter().copied().map(CommitId::from)
    }

    /// Whether there is a ref of this name.
    pub fn has(&self, reference: &str) -> bool {
        self.repository.refname_to_id(reference).is_ok()
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

/// The branches by remote (empty for local ones) and name.
#[derive(Default)]
struct Listed {
    local: BTreeMap<(String, String), git2::Oid>,
    remote: BTreeMap<(String, String), git2::Oid>,
    /// Names that remotes give as their heads.
    heads: BTreeSet<String>,
    /// What is checked out; empty where that is no branch.
    current: String,
}

impl Listed {
    fn all(&self) -> impl Iterator<Item = (&str, git2::Oid)> {
        let all = self.local.iter().chain(&self.remote);
        all.map(|((_, name), id)| (name.as_str(), *id))
    }
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
            listed.local.insert((String::new(), name.to_owned()), id);
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
            let key = (remote.to_owned(), name.to_owned());
            listed.remote.insert(key, id);
        }
    }
    let head = repository.head().ok().filter(git2::Reference::is_branch);
    if let Some(Ok(name)) = head.as_ref().map(git2::Reference::shorthand) {
        name.clone_into(&mut listed.current);
    }
    Ok(listed)
}
