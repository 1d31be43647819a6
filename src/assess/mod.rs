//! How a repository is deployed today, where the time goes, and what would help most.
//!
//! In: a folder of a repository. Out: an [`Assessment`], in which every statement has its
//! evidence and every number was measured. Called by `cli`. Reads the tree as `detect` does.

mod advice;
mod command;
mod history;
mod way;

pub use advice::{Advice, Bottleneck};
pub use command::Purpose;
pub use history::{History, Measured};
pub use way::{Step, Trigger};

use crate::detect::{Tree, TreeError};
use crate::git::graph::GraphError;
use crate::git::{GitError, Repository};
use serde::Serialize;

/// Version of the assessment's JSON.
const SCHEMA: u32 = 1;

#[derive(Debug, Clone, Serialize)]
pub struct Assessment {
    pub schema: u32,
    pub project: String,
    /// What brings the project to where it runs, as far as the tree says, in the order in which
    /// it would be done.
    pub steps: Vec<Step>,
    /// How many of them are started by hand.
    pub by_hand: usize,
    /// Paths of workflows that run tests when a change is proposed or pushed.
    pub tested_by: Vec<String>,
    pub history: History,
    pub bottleneck: Option<Bottleneck>,
    /// At most three, the one that would bring most first.
    pub advice: Vec<Advice>,
}

/// Why a repository cannot be assessed.
#[derive(Debug, thiserror::Error)]
pub enum AssessError {
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// Assesses the repository; `project` is its name, `now` the second at which this is done, and
/// `recorded` says whether a delivery record is kept.
///
/// # Errors
/// A tree or history that cannot be read.
pub fn assess(
    repository: &Repository,
    project: &str,
    recorded: bool,
    now: i64,
) -> Result<Assessment, AssessError> {
    let tree = Tree::read(&repository.root)?;
    let (steps, tested_by) = way::find(&tree);
    let history = history::measure(repository, now)?;
    let bottleneck = advice::bottleneck(&steps, &history);
    let advice = advice::advise(&tree, &steps, &tested_by, &history, recorded);
    Ok(Assessment {
        schema: SCHEMA,
        project: project.to_owned(),
        by_hand: steps
            .iter()
            .filter(|step| step.trigger == Trigger::Hand)
            .count(),
        steps,
        tested_by,
        history,
        bottleneck,
        advice,
    })
}
