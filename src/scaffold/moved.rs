//! Generated files that their user moved: where they lie by now, and who still names them where
//! they lay before.

use super::block;
use super::feature::Strategy;
use super::lock::{Artifact, LOCK_FILE, Lock, PROPOSAL};
use super::pristine;
use crate::git::{GitError, Repository, moved};
use crate::project::RelPath;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

/// What was found to have moved since the lock was written.
#[derive(Debug, Default)]
pub struct Moves {
    /// By the artifact's id.
    found: BTreeMap<String, Move>,
    /// Sentences: what moved, and what could have.
    pub(super) notes: Vec<String>,
    /// Whether one could have moved to several places.
    pub(super) unclear: bool,
}

#[derive(Debug)]
struct Move {
    from: RelPath,
    to: RelPath,
}

impl Moves {
    /// Where the files lie that moved.
    #[must_use]
    pub fn places(&self) -> BTreeSet<RelPath> {
        self.found.values().map(|one| one.to.clone()).collect()
    }

    /// Where the artifact `id` lay before; None where it did not move.
    pub(super) fn from(&self, id: &str) -> Option<&RelPath> {
        self.found.get(id).map(|one| &one.from)
    }

    /// Notes in `lock` where they lie.
    pub fn enter(&self, lock: &mut Lock) {
        for artifact in &mut lock.artifacts {
            if let Some(Move { to, .. }) = self.found.get(&artifact.id) {
                artifact.moved_to = (artifact.path != *to).then(|| to.clone());
            }
        }
    }

    /// Takes in those of `lost` that are one of `found`.
    fn look(&mut self, lost: &[Lost], found: &[Found]) -> Result<(), GitError> {
        for (one, mut places) in lost.iter().zip(pair(lost, found)?) {
            match (places.pop(), places.is_empty()) {
                (None, _) => {}
                (Some(place), true) => self.add(one, place),
                (Some(last), false) => {
                    self.notes.push(unclear(&one.place, &places, &last));
                    self.unclear = true;
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, lost: &Lost, to: RelPath) {
        let from = lost.place.clone();
        self.notes.push(format!("{from}: moved by you to {to}"));
        self.found.insert(lost.id.clone(), Move { from, to });
    }
}

/// A line of a generated file that names another one where it does not lie any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldName {
    pub path: RelPath,
    /// From 1.
    pub line: usize,
    pub name: RelPath,
    pub lies_at: RelPath,
}

impl fmt::Display for OldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            name,
            lies_at,
        } = self;
        write!(f, "{path}:{line} still names {name}, which is at {lies_at}")
    }
}

/// An artifact that is not where it was.
struct Lost {
    id: String,
    place: RelPath,
    /// With line feeds only: as it was committed, and as it was generated.
    contents: Vec<Vec<u8>>,
}

/// A file that could be one of those that are lost.
struct Found {
    path: RelPath,
    content: Vec<u8>,
}

/// Looks where the files of `lock` are that are gone. One that is like none of the new files was
/// deleted, as it was where git cannot tell.
#[must_use]
pub fn follow(lock: &Lock, repository: &Repository) -> Moves {
    let root = &repository.root;
    let is_gone = |one: &&Artifact| {
        one.strategy == Strategy::File && !one.released && is_nothing(&one.place().under(root))
    };
    let gone: Vec<Artifact> = lock.artifacts.iter().filter(is_gone).cloned().collect();
    if gone.is_empty() {
        return Moves::default();
    }
    find(lock, &gone, repository).unwrap_or_default()
}

fn is_nothing(path: &Path) -> bool {
    let kind = path.symlink_metadata().map_err(|error| error.kind());
    matches!(kind, Err(ErrorKind::NotFound | ErrorKind::NotADirectory))
}

fn find(lock: &Lock, gone: &[Artifact], repository: &Repository) -> Result<Moves, GitError> {
    let root = &repository.root;
    let written = moved::Written::find(repository, LOCK_FILE)?;
    let own = RelPath::parse(LOCK_FILE)?;
    let committed = lock_of(written.content(&own));
    let former = lock_of(written.content_before(&own));
    let mut since = Vec::new();
    let mut within = Vec::new();
    // Where they lay before may be one of those places again.
    let mut earlier = BTreeSet::new();
    for artifact in gone {
        let known = committed.by_id(&artifact.id).map(Artifact::place);
        // It may lie elsewhere since the lock was committed.
        let mut places = [Some(artifact.place()), known].into_iter().flatten();
        let content = places.find_map(|place| written.content(place));
        earlier.insert(artifact.path.clone());
        earlier.extend(known.cloned());
        if content.is_some() || known.is_none() {
            since.extend(Lost::of(artifact, content, repository));
            continue;
        }
        let former = former.by_id(&artifact.id).map(Artifact::place);
        let mut places = [known, former].into_iter().flatten();
        let content = places.find_map(|place| written.content_before(place));
        // One that was not there before either was deleted long ago.
        if content.is_some() || former.is_none() {
            within.extend(Lost::of(artifact, content, repository));
        }
    }
    let mut moves = Moves::default();
    if !since.is_empty() {
        let new = written.new_since()?.into_iter().chain(earlier);
        moves.look(&since, &candidates(new.collect(), lock, &since, root))?;
    }
    if !within.is_empty() {
        let new = written.new_in()?.into_iter();
        moves.look(&within, &candidates(new.collect(), lock, &within, root))?;
    }
    Ok(moves)
}

/// An empty one where there is none, or none that can be read.
fn lock_of(content: Option<Vec<u8>>) -> Lock {
    content
        .and_then(|text| Lock::parse(std::str::from_utf8(&text).ok()?).ok())
        .unwrap_or_default()
}

impl Lost {
    /// None where nothing is known of what it was.
    fn of(
        artifact: &Artifact,
        committed: Option<Vec<u8>>,
        repository: &Repository,
    ) -> Option<Self> {
        let copy = pristine::path(&artifact.path).ok()?.under(&repository.root);
        let generated = pristine::of(artifact, std::fs::read(copy).ok().as_ref(), repository);
        let committed = committed.map(|content| block::with_line_feeds(&content));
        let mut contents: Vec<Vec<u8>> = committed
            .into_iter()
            .chain(generated)
            .filter(|content| !content.is_empty())
            .collect();
        contents.dedup();
        (!contents.is_empty()).then(|| Self {
            id: artifact.id.clone(),
            place: artifact.place().clone(),
            contents,
        })
    }
}

/// The files at `paths` that are the user's and, for git, could be one of `lost`: no more than half
/// of the larger one may be different.
fn candidates(paths: BTreeSet<RelPath>, lock: &Lock, lost: &[Lost], root: &Path) -> Vec<Found> {
    let taken: BTreeSet<&RelPath> = lock.artifacts.iter().map(Artifact::place).collect();
    let is_users = |path: &RelPath| {
        let is_own = path.as_str().starts_with(".shipway/") || path.as_str().ends_with(PROPOSAL);
        !is_own && !taken.contains(path)
    };
    let sizes = || {
        lost.iter()
            .flat_map(|one| one.contents.iter().map(Vec::len))
    };
    let largest = sizes().max().unwrap_or(0);
    let read = |path: RelPath| {
        let file = path.under(root);
        let metadata = file.symlink_metadata().ok()?;
        // At most every byte has a carriage return beside it.
        if !metadata.is_file() || metadata.len() > 4 * largest as u64 {
            return None;
        }
        let content = std::fs::read(file).ok()?;
        let content = block::with_line_feeds(&content);
        let length = content.len();
        let is_near = |size: usize| length.max(size) <= 2 * length.min(size);
        sizes().any(is_near).then_some(Found { path, content })
    };
    paths
        .into_iter()
        .filter(is_users)
        .filter_map(read)
        .collect()
}

/// For each of `lost` the places of those that are like it, sorted.
fn pair(lost: &[Lost], found: &[Found]) -> Result<Vec<Vec<RelPath>>, GitError> {
    let mut places = vec![BTreeSet::new(); lost.len()];
    let mut owners = Vec::new();
    let mut old = Vec::new();
    for (at, one) in lost.iter().enumerate() {
        owners.extend(one.contents.iter().map(|_| at));
        old.extend(one.contents.iter().map(Vec::as_slice));
    }
    let new: Vec<&[u8]> = found.iter().map(|one| one.content.as_slice()).collect();
    let pairs = moved::similar(&old, &new)?;
    for (from, to) in &pairs {
        places[owners[*from]].insert(*to);
    }
    // One may be more like a file that was deleted than git lets it be, and like another one yet.
    let rest: Vec<usize> = (0..found.len())
        .filter(|at| !pairs.iter().any(|(_, to)| to == at))
        .collect();
    let new: Vec<&[u8]> = rest
        .iter()
        .map(|at| found[*at].content.as_slice())
        .collect();
    for (one, places) in lost.iter().zip(&mut places) {
        let old: Vec<&[u8]> = one.contents.iter().map(Vec::as_slice).collect();
        let more = moved::similar(&old, &new)?;
        places.extend(more.into_iter().map(|(_, to)| rest[to]));
    }
    let path = |at: usize| found[at].path.clone();
    Ok(places
        .into_iter()
        .map(|places| places.into_iter().map(path).collect())
        .collect())
}

fn unclear(place: &RelPath, others: &[RelPath], last: &RelPath) -> String {
    let names: Vec<String> = others.iter().map(RelPath::to_string).collect();
    format!(
        "{place} is gone, and could be {} or {last}: none is followed; leave one of them in the \
         tree, or let go of it: shipway release-file {place}",
        names.join(", ")
    )
}

/// The lines of `text`, the file at `path`, that name a file of `lock` where it was made and does
/// not lie any more. Remarks are not read.
pub(super) fn old_names(path: &RelPath, text: &str, lock: &Lock) -> Vec<OldName> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._-/@".contains(c);
    let is_place = |path: &RelPath| lock.artifacts.iter().any(|one| one.place() == path);
    let is_it = |word: &str, name: &RelPath| match path.parent().join(word) {
        Ok(beside) if beside == *name => true,
        Ok(beside) if is_place(&beside) => false,
        _ => RelPath::parse(word).as_ref() == Ok(name),
    };
    let mut found = Vec::new();
    for artifact in lock.artifacts.iter().filter(|one| one.place() != path) {
        let Some(lies_at) = artifact.moved_to.as_ref().filter(|_| !artifact.released) else {
            continue;
        };
        let lines = text.lines().enumerate().filter(|(_, line)| {
            let line = line.trim_start();
            let is_remark = line.starts_with('#') || line.starts_with("//");
            let mut words = line.split(|c| !is_part(c)).filter(|word| !word.is_empty());
            !is_remark && words.any(|word| is_it(word, &artifact.path))
        });
        found.extend(lines.map(|(at, _)| OldName {
            path: path.clone(),
            line: at + 1,
            name: artifact.path.clone(),
            lies_at: lies_at.clone(),
        }));
    }
    found
}
