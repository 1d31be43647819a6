//! Features become artifacts, artifacts a plan, and the plan is applied.
//!
//! In: a [`Project`], a [`Config`], a [`Repository`] and the answers of the user. Out: a
//! [`Plan`]; [`apply`] alone writes. Called by `cli`.

pub mod adopt;
mod ahead;
pub mod answer;
pub mod apply;
mod block;
mod cause;
pub mod check;
pub mod current;
mod dotenv;
mod draft;
pub mod eject;
mod endless;
mod expand;
pub mod feature;
mod foreign;
mod jobs;
mod layer;
mod located;
pub mod lock;
mod made;
mod merge;
pub mod moved;
mod own;
mod parsed;
pub mod pins;
mod place;
pub mod plan;
mod pristine;
pub mod release;
pub mod render;
mod select;
pub mod shadow;
pub mod source;
mod three_way;
pub mod trial;
mod validate;
mod view;

pub use plan::{Action, Change, Entry, Plan, Skipped};
pub use select::{Choice, UnknownFeature};
pub use three_way::Side;
pub use view::{Fresh, RepositoryFacts};

use crate::config::Config;
use crate::git::{self, Repository};
use crate::project::{PathError, Project, RelPath};
use cause::Causes;
use draft::Draft;
use expand::Wanted;
use feature::{FeatureError, Features, Strategy};
use lock::{LOCK_FILE, Lock, LockError, sha256};
use moved::Moves;
use pins::Pins;
use place::{Place, Places, Present};
use rayon::prelude::*;
use render::{RenderError, Renderer};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use view::Input;

/// The name of the configuration at the root.
pub const CONFIG_FILE: &str = "shipway.toml";

/// Why no plan could be made.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    Feature(#[from] FeatureError),
    #[error(transparent)]
    UnknownFeature(#[from] UnknownFeature),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Invalid(#[from] validate::InvalidFile),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error("the built-in pins are malformed: {0}")]
    Pins(#[from] toml::de::Error),
    #[error("{LOCK_FILE} cannot be written as TOML: {0}")]
    LockText(#[from] toml::ser::Error),
    #[error("a view cannot be written as JSON: {0}")]
    View(#[from] serde_json::Error),
    #[error("{place}: {source}")]
    Path { place: String, source: PathError },
    #[error("{place}: an element of {each} has no name")]
    Element { place: String, each: String },
    #[error("cannot read {}: {source}; make it readable or move it away", path.display())]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{0}; move it away, then run shipway init again")]
    Barred(String),
    #[error("{path} cannot be adopted: {because}")]
    Adopt { path: RelPath, because: String },
    #[error(transparent)]
    Source(#[from] source::SourceError),
    #[error("{path} cannot be let go: {because}")]
    Eject { path: RelPath, because: String },
}

/// Which way of making a plan.
#[derive(Debug, Clone, Default)]
pub enum Journey {
    /// Whatever is not there is made.
    #[default]
    Init,
    /// What was made before is brought up to date: what the user deleted stays deleted, what is no
    /// longer made goes unless it was edited.
    Update {
        /// Whose side is taken in a conflict; a deleted file is made again for `Theirs`.
        favour: BTreeMap<RelPath, Side>,
    },
    /// As an update; the user's file at this path goes over to shipway.
    Adopt(RelPath),
    /// As an update; a rule of the user's Makefile at this path does.
    AdoptRule(RelPath, adopt::Rule),
}

impl Journey {
    fn adopted(&self) -> Option<&RelPath> {
        match self {
            Self::Adopt(path) => Some(path),
            Self::Init | Self::Update { .. } | Self::AdoptRule(..) => None,
        }
    }
}

/// What a plan is made from beside the project.
pub struct Options<'a> {
    pub journey: Journey,
    pub choice: Choice,
    pub fresh: Fresh<'a>,
    /// New text of `shipway.toml`, where answers changed it.
    pub config_text: Option<String>,
    /// Tools that the user accepted for hooks beside those that the project uses.
    pub tools: Vec<String>,
    /// Generated files that lie elsewhere than the lock says; detection took them for shipway's.
    pub moves: &'a Moves,
}

/// Plans what `init` or `update` would write. Reads the tree, writes nothing.
///
/// # Errors
/// When a template or feature is malformed, a chosen feature does not exist, the lock cannot be
/// trusted, or a rendered file cannot be parsed in its own format.
pub fn plan(
    project: &Project,
    config: &Config,
    repository: &Repository,
    options: &Options,
) -> Result<Plan, PlanError> {
    let features = features(repository, config)?;
    plan_of(
        &features,
        project,
        config,
        repository,
        options,
        &mut |_, outcome| outcome.map(drop),
    )
}

/// The features of `repository`: its own templates over those of its organisation, these over the
/// built-in ones.
///
/// # Errors
/// When a template is malformed or cannot be read, or those of the organisation were not fetched.
pub fn features(repository: &Repository, config: &Config) -> Result<Features, PlanError> {
    let copy = copy(repository, config)?;
    let root = Some(repository.root.as_path());
    Ok(Features::layered(copy.as_ref(), root)?)
}

/// As [`features`], without the repository's own.
///
/// # Errors
/// As [`features`].
pub fn features_below(repository: &Repository, config: &Config) -> Result<Features, PlanError> {
    let copy = copy(repository, config)?;
    Ok(Features::layered(copy.as_ref(), None)?)
}

fn copy(repository: &Repository, config: &Config) -> Result<Option<source::Copy>, PlanError> {
    let Some(from) = &config.templates else {
        return Ok(None);
    };
    let (lock, _) = joined_lock(&repository.root)?;
    let copy = source::copy(repository, from, lock.templates.as_ref())?;
    Ok(Some(copy))
}

/// Hears of a template what it was rendered to, or why that is nothing; the plan goes on without
/// the file where that is no error.
type Heard<'h> = &'h mut dyn FnMut(&str, Result<&RelPath, PlanError>) -> Result<(), PlanError>;

/// As [`plan`], with these `features`.
fn plan_of(
    features: &Features,
    project: &Project,
    config: &Config,
    repository: &Repository,
    options: &Options,
    heard: Heard,
) -> Result<Plan, PlanError> {
    let root = repository.root.as_path();
    let is_update = !matches!(options.journey, Journey::Init);
    let (mut lock, note) = if is_update {
        joined_lock(root)?
    } else {
        (read_lock(root)?, None)
    };
    options.moves.enter(&mut lock);
    let pins = Pins::builtin()?;
    let mut places = Places::new(root, &lock);
    if let Some(path) = options.journey.adopted() {
        places.adopt(path.clone());
    }
    let dockerfile = RelPath::parse("Dockerfile").map_err(own_path)?;
    let origin = repository
        .origin
        .as_deref()
        .and_then(git::origin::web_address);
    // A fork reaches its own repository, and its files are those of this one.
    let kept = lock.facts.get(cause::ORIGIN).filter(|_| is_update);
    let facts = RepositoryFacts {
        origin: kept.cloned().or(origin),
        branch: repository.branch.clone(),
        linked_worktree: repository.linked_worktree.clone(),
        dockerfile_is_taken: !lock.owns(&dockerfile)
            && options.journey.adopted() != Some(&dockerfile)
            && places.present(&dockerfile) != Present::Nothing,
    };
    let dotenv = match read(
        &mut places,
        root,
        &RelPath::parse(".env").map_err(own_path)?,
    ) {
        Ok(Some(content)) => dotenv::values(&content),
        Ok(None) | Err(PlanError::Barred(_)) => BTreeMap::new(),
        Err(error) => return Err(error),
    };
    let (theirs, unmade) = made::only(own::without_ours(project, &lock, root));
    let present = lock.artifacts.iter().map(|a| a.feature.as_str());
    let only = options.choice.only.iter().flatten();
    let named: BTreeSet<&str> = only
        .chain(&config.features.enable)
        .map(String::as_str)
        .chain(present.clone())
        .collect();
    let make = |chosen: &BTreeSet<String>, wanted: &[Wanted]| {
        let input = Input {
            project: &theirs,
            config,
            paths: &expand::paths(wanted),
            moved: &expand::moved(wanted),
            features: chosen,
            named: &named,
            tools: &options.tools,
            pins: &pins,
            facts: &facts,
            dotenv: &dotenv,
            fresh: options.fresh,
        };
        let context = view::context(&input, features.all.keys().map(String::as_str))?;
        let mut findings = view::findings(&input);
        findings.extend(unmade.clone());
        Ok::<_, serde_json::Error>((context, findings))
    };

    let (mut chosen, mut skipped) =
        select::wanted(features, &config.features, &options.choice, present)?;
    let (first, _) = make(&chosen, &[])?;
    let mut renderer = Renderer::new(features)?;
    let impossible: Vec<&str> = chosen
        .iter()
        .filter_map(|name| features.all.get(name))
        .filter(|feature| !select::is_possible(feature, &first))
        .map(|feature| feature.name.as_str())
        .collect();
    if !impossible.is_empty() {
        let context = handlebars::Context::from(first.clone());
        for name in impossible {
            let text = features.all.get(name).map_or("", |one| &one.otherwise);
            skipped.push(Skipped {
                feature: name.to_owned(),
                reason: renderer.text(name, text, &context)?,
            });
        }
        chosen.retain(|name| !skipped.iter().any(|one| one.feature == *name));
    }
    skipped.sort_by(|a, b| a.feature.cmp(&b.feature));

    let mut wanted = expand::expand(features, &chosen, first, &renderer, &mut places)?;
    keep_secrets_out_of_git(&mut wanted, &theirs);
    expand::leave_out_with(&mut wanted);
    let (second, findings) = make(&chosen, &wanted)?;
    let mut context = handlebars::Context::from(second);

    let changed = Causes::between(&lock, config, &chosen, &theirs, facts.origin.as_deref());
    let has_source = config.templates.is_some();
    let mut draft = Draft::new(
        repository,
        places,
        &options.journey,
        &lock,
        changed,
        has_source,
        options.moves,
    );
    if let Some(text) = &options.config_text {
        draft.config(text)?;
    }
    if let Journey::AdoptRule(path, rule) = &options.journey {
        draft.leave_out_rule(path, rule)?;
    }
    let mut rendered = Vec::with_capacity(wanted.len());
    for file in &wanted {
        file.enter(context.data_mut(), &wanted);
        let reason = renderer.text(file.feature, &file.rule.reason, &context)?;
        let Some(path) = file.target() else {
            draft.left_out(file, &reason);
            continue;
        };
        match renderer.file(&file.template(), &context) {
            Ok(text) => rendered.push((file, path, ended(text), reason)),
            Err(error) => heard(&file.template(), Err(error.into()))?,
        }
    }
    let checked: Vec<_> = rendered
        .par_iter()
        .map(|(file, _, text, _)| match file.rule.strategy {
            Strategy::File => validate::check(&file.path, text, &features.origin(&file.template())),
            Strategy::Block | Strategy::Env | Strategy::Jobs => Ok(()),
        })
        .collect();
    // In order, whichever was found first.
    for ((file, path, ..), checked) in rendered.iter().zip(checked) {
        let template = file.template();
        let outcome = checked.map(|()| *path).map_err(|mut error| {
            file.enter(context.data_mut(), &wanted);
            let found = located::place(features, &template, &context, error.line);
            if let Some((name, line)) = found {
                error.template = format!("{name}:{line}");
            }
            error.into()
        });
        heard(&template, outcome)?;
    }
    for (file, path, text, reason) in rendered {
        let template = features.hash(&file.template());
        if options.journey.adopted() == Some(path) && file.rule.strategy == Strategy::File {
            draft.take_over(file, path, &text, &template, reason)?;
        } else {
            draft.artifact(file, path, &text, &template, reason)?;
        }
    }
    if is_update {
        draft.leave(&wanted)?;
    }
    if let Journey::AdoptRule(path, rule) = &options.journey {
        draft.take_over_rule(path, rule)?;
    }
    let mut executes = foreign::executes(features, &wanted);
    let mut plan = draft.finish()?;
    plan.skipped = skipped;
    // What lies there already was agreed to when it was written.
    executes.retain(|(path, _)| plan.changes.iter().any(|change| change.path == *path));
    plan.executes = executes.into_iter().map(|(_, sentence)| sentence).collect();
    plan.findings = findings;
    plan.notes.extend(note);
    plan.notes.extend(options.moves.notes.iter().cloned());
    Ok(plan)
}

/// A text ends in one line break, whatever blocks of its template were left out.
fn ended(mut text: String) -> String {
    let end = text.trim_end_matches('\n').len();
    if end > 0 && end < text.len() {
        text.truncate(end + 1);
    }
    text
}

/// The lock at `root`; an empty one where there is none.
///
/// # Errors
/// When it cannot be read or trusted.
pub fn read_lock(root: &Path) -> Result<Lock, PlanError> {
    let path = root.join(LOCK_FILE);
    match crate::config::file::read(&path) {
        Ok(text) => Ok(Lock::parse(&text)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Lock::default()),
        Err(source) => Err(PlanError::Io { path, source }),
    }
}

/// As [`read_lock`]; one with the marks of a merge conflict is joined from both sides, which the
/// sentence then says.
///
/// # Errors
/// When it, or one of its sides, cannot be read or trusted.
pub fn joined_lock(root: &Path) -> Result<(Lock, Option<String>), PlanError> {
    let path = root.join(LOCK_FILE);
    match read_lock(root) {
        Err(PlanError::Lock(LockError::Conflict { .. })) => {}
        other => return Ok((other?, None)),
    }
    let text = crate::config::file::read(&path).map_err(|source| PlanError::Io { path, source })?;
    let lies_there = |artifact: &lock::Artifact| {
        let content = std::fs::read(artifact.place().under(root)).unwrap_or_default();
        let part = match artifact.strategy {
            Strategy::Block => match block::find(&content, &artifact.id) {
                block::Found::Block { text, .. } => text,
                block::Found::Absent | block::Found::Broken => return false,
            },
            _ => &content,
        };
        artifact.pristine == Some(sha256(&block::with_line_feeds(part)))
    };
    let lock = Lock::joined(&text, lies_there)?;
    let note = format!("{LOCK_FILE} had the marks of a merge conflict: both sides were joined");
    Ok((lock, Some(note)))
}

/// The content at `path`, where there is a file.
fn read(places: &mut Places, root: &Path, path: &RelPath) -> Result<Option<Vec<u8>>, PlanError> {
    match places.present(path) {
        Present::Nothing => Ok(None),
        Present::Barred(because) => Err(PlanError::Barred(because)),
        Present::File => {
            let path = path.under(root);
            std::fs::read(&path)
                .map(Some)
                .map_err(|source| PlanError::Io { path, source })
        }
    }
}

/// Generated secrets never go into a file that git has.
fn keep_secrets_out_of_git(wanted: &mut [Wanted], project: &Project) {
    for file in wanted
        .iter_mut()
        .filter(|file| file.rule.strategy == Strategy::Env)
    {
        let committed = file.target().is_some_and(|path| {
            project
                .env_files
                .iter()
                .any(|known| known.path == *path && known.committed)
        });
        if committed {
            let because = format!(
                "{path} is committed and would publish the secrets: git rm --cached {path}, then run \
                 this again",
                path = file.path
            );
            file.place = Place::Out { because };
        }
    }
}

fn own_path(source: PathError) -> PlanError {
    PlanError::Path {
        place: "shipway".to_owned(),
        source,
    }
}

/// 1-based line of byte `at`.
fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).matches('\n').count() + 1
}
