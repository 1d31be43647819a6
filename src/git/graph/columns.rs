//! What a walk needs of every commit, read in one pass over the commit-graph file.

use super::walk::{LAST, MORE, NONE};
use super::{Node, index};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

/// By node, in order.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) generations: Vec<u32>,
    /// The only parent, [`NONE`], or [`MORE`] and where they begin in `edges`.
    pub(super) parents: Vec<Node>,
    /// The parents of one merge after the other, the last of each with [`LAST`].
    pub(super) edges: Vec<Node>,
}

impl Columns {
    /// # Errors
    /// When the file is broken.
    pub(super) fn read(file: &gix_commitgraph::Graph) -> Result<Self, String> {
        let mut columns = Self::default();
        columns.reserve(file.num_commits() as usize);
        for commit in file.iter_commits() {
            let mut parents = commit
                .iter_parents()
                .map(|parent| parent.map_err(|error| error.to_string()));
            let parent = match parents.next().transpose()? {
                None => NONE,
                // Most have one parent, and need not be asked for another.
                Some(only) if parents.size_hint().0 == 0 => only.0,
                Some(first) => {
                    let begin = columns.edges.len();
                    columns.edges.push(first.0);
                    for parent in parents {
                        columns.edges.push(parent?.0);
                    }
                    columns.merge(begin)
                }
            };
            columns.generations.push(commit.generation());
            columns.parents.push(parent);
        }
        columns.edges.shrink_to_fit();
        Ok(columns)
    }

    /// Makes room for just so many commits more.
    pub(super) fn reserve(&mut self, commits: usize) {
        self.generations.reserve_exact(commits);
        self.parents.reserve_exact(commits);
    }

    pub(super) fn push(&mut self, generation: u32, parents: &[Node]) {
        let parent = match parents {
            [] => NONE,
            [only] => *only,
            several => {
                let begin = self.edges.len();
                self.edges.extend(several);
                self.merge(begin)
            }
        };
        self.generations.push(generation);
        self.parents.push(parent);
    }

    /// What stands for the parents that were written from `begin` on.
    fn merge(&mut self, begin: usize) -> u32 {
        if let Some(last) = self.edges.last_mut() {
            *last |= LAST;
        }
        MORE | index(begin)
    }
}

/// Bytes of the stack of a thread that reads; it calls little.
pub(super) const STACK: usize = 256 * 1024;

/// The commit-graph file of a repository, while it is read beside other work.
pub struct Ahead {
    pub(super) file: Option<Arc<gix_commitgraph::Graph>>,
    /// None where nothing is read ahead.
    pub(super) columns: Option<Reading>,
}

/// Gives the columns where the file is not broken.
pub(super) type Reading = JoinHandle<Option<Columns>>;

impl Ahead {
    /// Begins to read the file of the repository whose common git directory is `common_dir`.
    pub fn start(common_dir: &Path) -> Self {
        let file = super::find_file(common_dir).map(Arc::new);
        // Where no thread can be had, the file is read when it is needed.
        let columns = file.clone().and_then(|file| {
            let thread = std::thread::Builder::new().stack_size(STACK);
            thread.spawn(move || Columns::read(&file).ok()).ok()
        });
        Self { file, columns }
    }
}
