//! The commit graph: parents, dates and generations of commits, from git's commit-graph file
//! (split chains and those of alternates included) and, for commits that it lacks, from the
//! object database. Replace refs and grafts are not looked at.

mod columns;
mod compare;
mod walk;

pub use columns::Ahead;
pub use compare::Comparison;
pub use walk::Reach;

use super::{CommitId, GitError};
use columns::{Columns, Reading};
use gix_object::Find as _;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

/// A commit as a number, dense from 0: its place in the commit-graph file, or after that.
pub type Node = u32;

/// Why the graph could not be read.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    #[error(transparent)]
    Git(#[from] GitError),
    /// History is cut off, so that what a deployment carries cannot be known.
    #[error("{} is a shallow clone: what a deployment delivered cannot be told from it", .0.display())]
    Shallow(PathBuf),
    #[error("{}: {message}", path.display())]
    Unreadable { path: PathBuf, message: String },
    #[error("the commit {0} is missing, though another one names it as its parent")]
    Missing(CommitId),
    #[error("{}: the generation of commit {commit} is not above its parent's", path.display())]
    Generation { path: PathBuf, commit: CommitId },
}

/// A commit that the commit-graph file lacks.
#[derive(Debug)]
struct Loose {
    id: gix_hash::ObjectId,
    /// Committer date in seconds since 1970.
    time: i64,
    generation: u32,
    /// Where its parents begin in `Graph::edges`; they end where those of the next begin.
    parents: u32,
}

/// The commits of one repository. Nodes that were given out stay valid.
pub struct Graph {
    objects: PathBuf,
    file: Option<Arc<gix_commitgraph::Graph>>,
    /// How many commits the file holds: the first node of a loose one.
    in_file: u32,
    /// Says which objects are here, and opens little for it; None where it cannot take the path.
    present: Option<git2::Odb<'static>>,
    /// For commits that the file lacks; None before the first of them.
    database: Option<gix_odb::Handle>,
    loose: Vec<Loose>,
    edges: Vec<Node>,
    known: HashMap<gix_hash::ObjectId, Node>,
    buffer: Vec<u8>,
    /// By node: its committer date in seconds since 1970, once all were read; [`OUTSIDE`] for one
    /// that such a number cannot hold.
    times: OnceLock<Vec<u32>>,
    /// What is read of the file beside other work, for the first walk.
    columns: Mutex<Option<Reading>>,
}

/// Stands for a date before 1970 or after 2106.
const OUTSIDE: u32 = u32::MAX;

/// A commit while its parents are being loaded.
struct Pending {
    id: gix_hash::ObjectId,
    time: i64,
    parents: Vec<gix_hash::ObjectId>,
    next: usize,
}

impl Graph {
    /// Opens the graph of the repository whose common git directory is `common_dir`.
    ///
    /// # Errors
    /// [`GraphError::Shallow`] for a shallow clone.
    pub fn open(common_dir: &Path) -> Result<Self, GraphError> {
        let file = find_file(common_dir).map(Arc::new);
        let columns = None;
        Self::open_ahead(common_dir, Ahead { file, columns })
    }

    /// The same, with what is read ahead of it.
    ///
    /// # Errors
    /// As [`Graph::open`].
    pub fn open_ahead(common_dir: &Path, ahead: Ahead) -> Result<Self, GraphError> {
        let shallow = std::fs::metadata(common_dir.join("shallow"));
        if shallow.is_ok_and(|file| file.len() > 0) {
            return Err(GraphError::Shallow(common_dir.to_owned()));
        }
        let objects = common_dir.join("objects");
        let present = objects.to_str().and_then(|folder| {
            let present = git2::Odb::new().ok()?;
            present.add_disk_alternate(folder).ok()?;
            Some(present)
        });
        let Ahead { file, columns } = ahead;
        let in_file = file.as_ref().map_or(0, |file| file.num_commits());
        Ok(Self {
            objects,
            file,
            in_file,
            present,
            database: None,
            loose: Vec::new(),
            edges: Vec::new(),
            known: HashMap::new(),
            buffer: Vec::new(),
            times: OnceLock::new(),
            columns: Mutex::new(columns),
        })
    }

    /// Whether a commit-graph file was found.
    pub fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// How many commits are known by now; nodes are smaller.
    pub fn len(&self) -> usize {
        self.in_file as usize + self.loose.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The node of a commit; None where the repository lacks it, or it is no commit. What lies
    /// behind it is loaded as far as the commit-graph file does not hold it.
    ///
    /// # Errors
    /// When an ancestor is missing or cannot be read.
    pub fn node(&mut self, id: &CommitId) -> Result<Option<Node>, GraphError> {
        let wanted = id;
        let id = gix_hash::ObjectId::from_bytes_or_panic(id.as_bytes());
        if let Some(node) = self.lookup(&id) {
            // The file may still hold what was pruned since it was written.
            let is_here = match &self.present {
                Some(present) => present.exists_ext(wanted.oid(), git2::OdbLookupFlags::NO_REFRESH),
                None => self.read(id)?.is_some(),
            };
            return Ok(is_here.then_some(node));
        }
        match self.read(id)? {
            None => Ok(None),
            Some(pending) => self.load(pending).map(Some),
        }
    }

    fn lookup(&self, id: &gix_hash::ObjectId) -> Option<Node> {
        let in_file = self.file.as_ref().and_then(|file| file.lookup(id));
        in_file
            .map(|position| position.0)
            .or_else(|| self.known.get(id).copied())
    }

    /// Loads a commit and all its ancestors that are not known, parents first.
    fn load(&mut self, first: Pending) -> Result<Node, GraphError> {
        let mut path = vec![first];
        let mut node = 0;
        while let Some(top) = path.last_mut() {
            if let Some(parent) = top.parents.get(top.next).copied() {
                top.next += 1;
                if self.lookup(&parent).is_none() {
                    let pending = self
                        .read(parent)?
                        .ok_or_else(|| GraphError::Missing(commit_id(&parent)))?;
                    path.push(pending);
                }
            } else if let Some(done) = path.pop() {
                node = self.keep(&done);
            }
        }
        Ok(node)
    }

    /// Gives a commit its node; its parents have theirs.
    fn keep(&mut self, commit: &Pending) -> Node {
        let begin = self.edges.len();
        for parent in &commit.parents {
            let parent = self.lookup(parent).unwrap_or_default();
            self.edges.push(parent);
        }
        let generation = self.edges[begin..]
            .iter()
            .map(|parent| self.generation(*parent))
            .max()
            .map_or(1, |highest| highest + 1);
        let node = index(self.len());
        self.loose.push(Loose {
            id: commit.id,
            time: commit.time,
            generation,
            parents: index(begin),
        });
        self.known.insert(commit.id, node);
        node
    }

    fn read(&mut self, id: gix_hash::ObjectId) -> Result<Option<Pending>, GraphError> {
        let unreadable = |message: String| GraphError::Unreadable {
            path: self.objects.clone(),
            message: format!("commit {id} cannot be read: {message}"),
        };
        let database = match self.database.take() {
            Some(database) => database,
            None => open_database(&self.objects).map_err(|error| unreadable(error.to_string()))?,
        };
        let database = self.database.insert(database);
        let found = database
            .try_find(&id, &mut self.buffer)
            .map_err(|error| unreadable(error.to_string()))?;
        let Some(commit) = found.and_then(gix_object::Data::try_into_commit_iter) else {
            return Ok(None);
        };
        let time = commit
            .committer()
            .map_err(|error| unreadable(error.to_string()))?
            .seconds();
        Ok(Some(Pending {
            id,
            time,
            parents: commit.parent_ids().collect(),
            next: 0,
        }))
    }

    /// Generations and parents of all commits.
    ///
    /// # Errors
    /// When the commit-graph file is broken.
    fn columns(&self) -> Result<Columns, GraphError> {
        let ahead = (self.columns.lock().ok())
            .and_then(|mut columns| columns.take())
            .and_then(|reading| reading.join().ok().flatten());
        let mut columns = match (ahead, &self.file) {
            (Some(ahead), _) => ahead,
            (None, Some(file)) => Columns::read(file).map_err(|error| self.broken(&error))?,
            (None, None) => Columns::default(),
        };
        columns.reserve(self.loose.len());
        for (node, loose) in (self.in_file..).zip(&self.loose) {
            columns.push(loose.generation, self.loose_parents(node));
        }
        Ok(columns)
    }

    /// Reads the dates of all commits in one pass, 4 bytes each: who asks for many of them need not
    /// look for each in the file. For when no more commits are looked up.
    pub fn read_times(&self) {
        self.times.get_or_init(|| {
            let mut times = vec![OUTSIDE; self.len()];
            let (in_file, loose) = times.split_at_mut(self.in_file as usize);
            if let Some(file) = self.file.as_deref() {
                let half = in_file.len() / 2;
                let (lower, upper) = in_file.split_at_mut(half);
                let read = |from: usize, times: &mut [u32]| {
                    for (node, time) in (index(from)..).zip(times) {
                        *time = kept(time_of(&file.commit_at(gix_commitgraph::Position(node))));
                    }
                };
                let beside = std::thread::scope(|scope| {
                    let thread = std::thread::Builder::new().stack_size(columns::STACK);
                    let thread = thread.spawn_scoped(scope, || read(half, upper));
                    read(0, lower);
                    thread.is_ok()
                });
                // No thread could be had.
                if !beside {
                    read(half, upper);
                }
            }
            for (time, loose) in loose.iter_mut().zip(&self.loose) {
                *time = kept(loose.time);
            }
            times
        });
    }

    /// Committer date in seconds since 1970.
    pub fn time(&self, node: Node) -> i64 {
        let read = self.times.get().and_then(|times| times.get(node as usize));
        if let Some(time) = read.filter(|time| **time != OUTSIDE) {
            return i64::from(*time);
        }
        match self.in_file(node) {
            Some(commit) => time_of(&commit),
            None => self.loose(node).time,
        }
    }

    /// One more than the highest generation of its parents; 1 for a root.
    pub fn generation(&self, node: Node) -> u32 {
        match self.in_file(node) {
            Some(commit) => commit.generation(),
            None => self.loose(node).generation,
        }
    }

    /// Calls `each` with every parent, the first one first.
    ///
    /// # Errors
    /// When the commit-graph file is broken there.
    #[inline]
    fn parents(&self, node: Node, mut each: impl FnMut(Node)) -> Result<(), GraphError> {
        if let Some(commit) = self.in_file(node) {
            for parent in commit.iter_parents() {
                let parent = parent.map_err(|error| self.broken(&error.to_string()))?;
                each(parent.0);
            }
        } else {
            self.loose_parents(node).iter().copied().for_each(each);
        }
        Ok(())
    }

    /// The first parent, and whether there are more.
    pub fn first_parent(&self, node: Node) -> (Option<Node>, bool) {
        if let Some(commit) = self.in_file(node) {
            let mut parents = commit.iter_parents().map_while(Result::ok);
            let first = parents.next().map(|parent| parent.0);
            (first, parents.next().is_some())
        } else {
            let parents = self.loose_parents(node);
            (parents.first().copied(), parents.len() > 1)
        }
    }

    /// Whether it has more than one parent.
    #[inline]
    pub fn is_merge(&self, node: Node) -> bool {
        self.first_parent(node).1
    }

    pub fn id(&self, node: Node) -> CommitId {
        match &self.file {
            Some(file) if node < self.in_file => {
                commit_id(file.id_at(gix_commitgraph::Position(node)))
            }
            _ => commit_id(&self.loose(node).id),
        }
    }

    #[inline]
    fn in_file(&self, node: Node) -> Option<gix_commitgraph::file::commit::Commit<'_>> {
        let file = self.file.as_ref().filter(|_| node < self.in_file)?;
        Some(file.commit_at(gix_commitgraph::Position(node)))
    }

    fn loose(&self, node: Node) -> &Loose {
        &self.loose[(node - self.in_file) as usize]
    }

    fn loose_parents(&self, node: Node) -> &[Node] {
        let place = (node - self.in_file) as usize;
        let begin = self.loose[place].parents as usize;
        let end = self
            .loose
            .get(place + 1)
            .map_or(self.edges.len(), |next| next.parents as usize);
        &self.edges[begin..end]
    }

    fn broken(&self, message: &str) -> GraphError {
        GraphError::Unreadable {
            path: self.objects.join("info"),
            message: format!("the commit-graph file is broken: {message}"),
        }
    }

    /// The error for a commit that comes before its child by their generations.
    fn out_of_order(&self, child: Node) -> GraphError {
        GraphError::Generation {
            path: self.objects.join("info"),
            commit: self.id(child),
        }
    }
}

fn time_of(commit: &gix_commitgraph::file::commit::Commit<'_>) -> i64 {
    i64::try_from(commit.committer_timestamp()).unwrap_or(i64::MAX)
}

/// A date as [`Graph::read_times`] keeps it.
fn kept(time: i64) -> u32 {
    u32::try_from(time).unwrap_or(OUTSIDE)
}

/// The commit-graph file of a repository, its own or that of an alternate.
fn find_file(common_dir: &Path) -> Option<gix_commitgraph::Graph> {
    let objects = common_dir.join("objects");
    let alternates = gix_odb::alternate::resolve(objects.clone(), common_dir).unwrap_or_default();
    std::iter::once(objects)
        .chain(alternates)
        .find_map(|folder| {
            gix_commitgraph::at(folder.join("info"), gix_hash::Kind::Sha1, None).ok()
        })
        .filter(has_generations)
}

fn open_database(objects: &Path) -> std::io::Result<gix_odb::Handle> {
    let mut database = gix_odb::at(objects, gix_hash::Kind::Sha1)?;
    database.refresh_never();
    Ok(database)
}

/// Files of git before 2.19 may hold no generations, all of them 0.
fn has_generations(file: &gix_commitgraph::Graph) -> bool {
    file.num_commits() > 0 && file.commit_at(gix_commitgraph::Position(0)).generation() > 0
}

fn commit_id(id: &gix_hash::oid) -> CommitId {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(id.as_bytes());
    CommitId::from_bytes(bytes)
}

fn index(length: usize) -> u32 {
    // A repository of 2^32 commits would be some 700 GB of them.
    u32::try_from(length).unwrap_or(u32::MAX)
}
