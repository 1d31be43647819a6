//! From events and the commit graph to what every metric is counted from: who deployed what, what
//! it delivered, what failed.

use super::account::{Account, Record};
use super::delivered::{Counting, Delivered, Sources};
use super::event::{Change, Event, EventId, Step, Time};
use super::failure::{self, Failures};
use super::identity::Identities;
use super::lineage::{Keeping, Lineage};
use crate::config::{DoraConfig, RolledBack};
use crate::git::graph::{Graph, GraphError, Node};
use crate::git::patch_id::kept_patch_ids;
use crate::git::touch::Touches;
use crate::git::{CommitId, GitError, PatchId};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Seconds in which an incident that names no deployment is put down to one, by default.
const ATTRIBUTION_WINDOW: i64 = 24 * 60 * 60;

/// What is asked of the record.
#[derive(Debug, Clone, Default)]
pub struct Question<'q> {
    /// Only this environment and this service.
    pub environment: Option<&'q str>,
    pub service: Option<&'q str>,
    /// Events after it are hidden.
    pub as_of: Option<Time>,
    pub include_baseline: bool,
    /// Look at the deployed commits alone, merges among them, and not at change events.
    pub commits_only: bool,
    /// Keep what stands behind each figure.
    pub rows: bool,
}

/// Why the question cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error(transparent)]
    Graph(#[from] GraphError),
    #[error(transparent)]
    Git(#[from] GitError),
    /// A pattern of `[dora.services.NAME] paths`.
    #[error("shipway.toml: the pattern {pattern:?} of [dora.services.{service}] paths: {message}")]
    Pattern {
        service: String,
        pattern: String,
        message: String,
    },
}

/// The record, resolved.
pub struct History<'a> {
    /// By environment, then service.
    pub accounts: Vec<Facts<'a>>,
    pub changes: Vec<(EventId, &'a Change)>,
    pub steps: Vec<(EventId, &'a Step)>,
    /// Patch ids could not be computed, for this reason: squashes and rebases that only they
    /// show stand for themselves.
    pub without_patches: Option<String>,
}

/// What is known of one environment and service.
pub struct Facts<'a> {
    pub graph: &'a Graph,
    pub account: Account<'a>,
    /// Places of the deployments in the list of those that deliver, by time.
    pub list: Vec<usize>,
    pub unknown: Vec<usize>,
    /// By place.
    pub rollback: Vec<bool>,
    pub delivered: Delivered,
    /// Taken out by a rollback and not delivered again.
    pub taken_out: Vec<Node>,
    pub failures: Failures,
    /// By place: whether a step of its pipeline is recorded.
    pub with_steps: Vec<bool>,
    pub baseline_included: bool,
}

/// Resolves `events` (in any order) against the graph of the repository at `root`.
///
/// # Errors
/// A graph or tree that cannot be read, a pattern that is none.
pub fn resolve<'a>(
    root: &Path,
    events: &'a [(EventId, Event)],
    graph: &'a mut Graph,
    config: &DoraConfig,
    question: &Question,
) -> Result<History<'a>, HistoryError> {
    let mut record = Record::new(events, question.as_of);
    let known = nodes(graph, &record, question)?;
    let graph: &'a Graph = graph;
    if question.commits_only {
        record.changes.clear();
    }
    let identities = Identities::new(&record.changes);
    let probes: Vec<Node> = identities
        .originals()
        .filter_map(|original| known.get(&original).copied())
        .collect();
    let counting = Counting {
        merges: config.merges || question.commits_only,
        keeping: match config.rolled_back {
            RolledBack::Again => Keeping::Again,
            RolledBack::First => Keeping::First,
        },
        whole: question.include_baseline,
        rows: question.rows,
    };
    let window = config
        .attribution_window
        .map_or(ATTRIBUTION_WINDOW, |window| window.seconds);
    let runs: HashSet<&str> = record
        .steps
        .iter()
        .map(|(_, step)| step.run.as_str())
        .collect();
    let mut without_patches = None;
    let mut accounts = Vec::new();
    for account in &record.accounts {
        if !question.asks(account) {
            continue;
        }
        let deployed: Vec<Option<Node>> = account
            .deployments
            .iter()
            .map(|told| known.get(&told.event.commit).copied())
            .collect();
        let mut lineage = Lineage::trace(
            account,
            &deployed,
            graph,
            &probes,
            counting.keeping,
            counting.whole,
        )?;
        graph.read_times();
        let scope = Scope::new(root, graph, config, account)?;
        let touches = |node| scope.touches(node);
        let patches = if identities.is_empty() {
            HashMap::new()
        } else {
            match patches(root, &lineage, graph, &identities, &touches) {
                Ok(patches) => patches,
                Err(error) => {
                    without_patches = Some(error.to_string());
                    HashMap::new()
                }
            }
        };
        let sources = Sources {
            graph,
            identities: &identities,
            changes: &record.changes,
            patches: &patches,
            nodes: &known,
        };
        let taken_out = lineage.taken_out();
        let delivered = Delivered::new(&mut lineage, &sources, counting, &touches);
        scope.check()?;
        let failures = failure::judge(&record, account, &lineage.rollback, window);
        accounts.push(Facts {
            graph,
            with_steps: account
                .deployments
                .iter()
                .map(|told| {
                    told.event
                        .run
                        .as_ref()
                        .is_some_and(|run| runs.contains(run.as_str()))
                })
                .collect(),
            taken_out,
            list: lineage.list,
            unknown: lineage.unknown,
            rollback: lineage.rollback,
            delivered,
            failures,
            account: account.clone(),
            baseline_included: counting.whole,
        });
    }
    Ok(History {
        accounts,
        changes: std::mem::take(&mut record.changes),
        steps: std::mem::take(&mut record.steps),
        without_patches,
    })
}

impl Question<'_> {
    fn asks(&self, account: &Account) -> bool {
        self.environment
            .is_none_or(|name| name == account.environment.as_str())
            && self
                .service
                .is_none_or(|name| name == account.service.as_str())
    }
}

/// The nodes of the commits that the record names, as far as the repository has them.
fn nodes(
    graph: &mut Graph,
    record: &Record,
    question: &Question,
) -> Result<HashMap<CommitId, Node>, GraphError> {
    let deployed = record
        .accounts
        .iter()
        .filter(|account| question.asks(account))
        .flat_map(|account| &account.deployments)
        .map(|told| told.event.commit);
    let originals = record
        .changes
        .iter()
        .flat_map(|(_, change)| &change.commits)
        .map(|original| original.id);
    let mut commits: Vec<CommitId> = deployed.chain(originals).collect();
    // Files are searched by id: one beside the other costs less than anywhere.
    commits.sort_unstable();
    commits.dedup();
    let mut nodes = HashMap::with_capacity(commits.len());
    for commit in commits {
        if let Some(node) = graph.node(&commit)? {
            nodes.insert(commit, node);
        }
    }
    Ok(nodes)
}

/// The patch ids of the delivered commits that may hide others.
fn patches(
    root: &Path,
    lineage: &Lineage,
    graph: &Graph,
    identities: &Identities,
    touches: &dyn Fn(Node) -> bool,
) -> Result<HashMap<CommitId, PatchId>, GitError> {
    let mut commits = Vec::new();
    for number in 0..lineage.list.len() {
        for node in lineage.delivered(number).iter().copied() {
            let commit = graph.id(node);
            if identities.wants_patch(&commit, graph.time(node))
                && !lineage.is_merge(node)
                && touches(node)
            {
                commits.push(commit);
            }
        }
    }
    kept_patch_ids(root, &commits)
}

/// Which commits concern a service.
struct Scope<'g> {
    graph: &'g Graph,
    /// None where every commit does.
    paths: Option<(Touches, Gitignore)>,
    known: RefCell<HashMap<Node, bool>>,
    error: RefCell<Option<GitError>>,
}

impl<'g> Scope<'g> {
    fn new(
        root: &Path,
        graph: &'g Graph,
        config: &DoraConfig,
        account: &Account,
    ) -> Result<Self, HistoryError> {
        let service = account.service.as_str();
        let patterns = config
            .services
            .get(service)
            .map(|service| service.paths.as_slice())
            .unwrap_or_default();
        let paths = if patterns.is_empty() {
            None
        } else {
            let mut builder = GitignoreBuilder::new("");
            for pattern in patterns {
                builder
                    .add_line(None, pattern)
                    .map_err(|error| wrong(service, pattern, &error))?;
            }
            let patterns = builder
                .build()
                .map_err(|error| wrong(service, &patterns.join(", "), &error))?;
            Some((Touches::open(root)?, patterns))
        };
        Ok(Self {
            graph,
            paths,
            known: RefCell::default(),
            error: RefCell::default(),
        })
    }

    fn touches(&self, node: Node) -> bool {
        let Some((touches, patterns)) = &self.paths else {
            return true;
        };
        if let Some(known) = self.known.borrow().get(&node) {
            return *known;
        }
        let wanted = |path: &Path| {
            patterns
                .matched_path_or_any_parents(path, false)
                .is_ignore()
        };
        let touched = touches
            .touches(self.graph, node, &wanted)
            .unwrap_or_else(|error| {
                self.error.borrow_mut().get_or_insert(error);
                false
            });
        self.known.borrow_mut().insert(node, touched);
        touched
    }

    /// The first tree that could not be read, if one was.
    fn check(self) -> Result<(), GitError> {
        self.error.into_inner().map_or(Ok(()), Err)
    }
}

fn wrong(service: &str, pattern: &str, error: &ignore::Error) -> HistoryError {
    HistoryError::Pattern {
        service: service.to_owned(),
        pattern: pattern.to_owned(),
        message: error.to_string(),
    }
}
