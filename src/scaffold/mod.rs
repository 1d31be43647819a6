//! Features become artifacts, artifacts a plan, and the plan is applied.
//!
//! In: a [`Project`], a [`Config`], a [`Repository`] and the answers of the user. Out: a
//! [`Plan`]; [`apply`] alone writes. Called by `cli`.

mod ahead;
pub mod answer;
pub mod apply;
mod block;
mod dotenv;
mod expand;
pub mod feature;
mod foreign;
mod jobs;
pub mod lock;
mod made;
mod merge;
mod own;
mod parsed;
pub mod pins;
mod place;
pub mod plan;
pub mod render;
mod select;
mod three_way;
mod validate;
mod view;

pub use plan::{Action, Change, Entry, Plan, Skipped};
pub use select::{Choice, UnknownFeature};
pub use three_way::Side;
pub use view::{Fresh, RepositoryFacts};

use crate::config::Config;
use crate::git::Repository;
use crate::project::{Finding, PathError, Project, RelPath};
use expand::Wanted;
use feature::{FeatureError, Features, Strategy};
use lock::{Artifact, LOCK_FILE, Lock, LockError, PRISTINE_DIR, sha256};
use merge::Merged;
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
    #[error("feature `{feature}`: {source}")]
    Path { feature: String, source: PathError },
    #[error("feature `{feature}`: an element of {each} has no name")]
    Element { feature: String, each: String },
    #[error("cannot read {}: {source}; make it readable or move it away", path.display())]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{0}; move it away, then run shipway init again")]
    Barred(String),
}

/// What a plan is made from beside the project.
pub struct Options<'a> {
    pub choice: Choice,
    pub fresh: Fresh<'a>,
    /// New text of `shipway.toml`, where answers changed it.
    pub config_text: Option<String>,
    /// Tools that the user accepted for hooks beside those that the project uses.
    pub tools: Vec<String>,
}

/// Plans what `init` would write. Reads the tree, writes nothing.
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
    let root = repository.root.as_path();
    let lock = read_lock(root)?;
    let features = Features::load(root)?;
    let pins = Pins::builtin()?;
    let mut places = Places::new(root, &lock);
    let dockerfile = RelPath::parse("Dockerfile").map_err(own_path)?;
    let facts = RepositoryFacts {
        origin: repository.origin.clone(),
        branch: repository.branch.clone(),
        linked_worktree: repository.linked_worktree.clone(),
        dockerfile_is_taken: !lock.owns(&dockerfile)
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
    let named: BTreeSet<&str> = [&options.choice.only, &config.features.enable]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .chain(present.clone())
        .collect();
    let make = |chosen: &BTreeSet<String>, paths: &BTreeMap<String, String>| {
        let input = Input {
            project: &theirs,
            config,
            paths,
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
        select::wanted(&features, &config.features, &options.choice, present)?;
    let (first, _) = make(&chosen, &BTreeMap::new())?;
    let mut renderer = Renderer::new(&features)?;
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

    let mut wanted = expand::expand(&features, &chosen, first, &renderer, &mut places)?;
    keep_secrets_out_of_git(&mut wanted, &theirs);
    expand::leave_out_with(&mut wanted);
    let (second, findings) = make(&chosen, &expand::paths(&wanted))?;
    let mut context = handlebars::Context::from(second);

    let mut draft = Draft {
        root,
        places,
        entries: Vec::new(),
        changes: Vec::new(),
        lock: Lock {
            answers: answers(config, &chosen),
            facts: facts_used(&theirs),
            artifacts: lock.artifacts.clone(),
            ..Lock::default()
        },
    };
    if let Some(text) = &options.config_text {
        draft.config(text)?;
    }
    let mut rendered = Vec::with_capacity(wanted.len());
    for file in &wanted {
        file.enter(context.data_mut(), &wanted);
        let reason = renderer.text(file.feature, &file.rule.reason, &context)?;
        let Some(path) = file.target() else {
            draft.left_out(file, &reason);
            continue;
        };
        let text = ended(renderer.file(&file.template(), &context)?);
        rendered.push((file, path, text, reason));
    }
    let checked: Vec<_> = rendered
        .par_iter()
        .filter(|(file, ..)| file.rule.strategy == Strategy::File)
        .map(|(file, path, text, _)| {
            validate::check(path, text, &features.origin(&file.template()))
        })
        .collect();
    // The first in order, whichever was found first.
    checked.into_iter().collect::<Result<(), _>>()?;
    for (file, path, text, reason) in rendered {
        let template = features.template(&file.template()).unwrap_or_default();
        draft.artifact(file, path, &text, &sha256(template.as_bytes()), reason)?;
    }
    let executes = foreign::executes(&features, &wanted);
    draft.finish(skipped, executes, findings)
}

/// A plan in the making.
struct Draft<'t> {
    root: &'t Path,
    places: Places<'t>,
    entries: Vec<Entry>,
    changes: Vec<Change>,
    lock: Lock,
}

impl Draft<'_> {
    fn config(&mut self, text: &str) -> Result<(), PlanError> {
        let path = RelPath::parse(CONFIG_FILE).map_err(own_path)?;
        let present = read(&mut self.places, self.root, &path)?;
        if present.as_deref() == Some(text.as_bytes()) {
            return Ok(());
        }
        self.entries.push(Entry {
            path: path.clone(),
            feature: String::new(),
            action: if present.is_some() {
                Action::Extend
            } else {
                Action::Create
            },
            strategy: Strategy::File,
            reason: "your answers, where they differ from what was detected".to_owned(),
        });
        self.change(path, present.as_deref(), text.as_bytes().to_vec(), None);
        Ok(())
    }

    fn left_out(&mut self, file: &Wanted, reason: &str) {
        let Place::Out { because } = &file.place else {
            return;
        };
        self.entries.push(Entry {
            path: file.path.clone(),
            feature: file.feature.to_owned(),
            action: Action::LeftOut,
            strategy: file.rule.strategy,
            reason: format!("{reason}; not made, because {because}"),
        });
    }

    fn artifact(
        &mut self,
        file: &Wanted,
        path: &RelPath,
        text: &str,
        template: &str,
        reason: String,
    ) -> Result<(), PlanError> {
        let id = file.id();
        let rule = file.rule;
        // What answers changed is in the plan already.
        let planned = self.changes.iter().position(|change| change.path == *path);
        let present = match planned {
            Some(at) => self.changes[at].content.clone(),
            None => read(&mut self.places, self.root, path)?,
        };
        let known = self.lock.by_id(&id).cloned();
        let offered = self.offered(known.as_ref())?;
        let Merged {
            mut action,
            content,
            pristine,
            note,
        } = merge::merge(
            rule.strategy,
            &id,
            present.as_deref(),
            text,
            known.as_ref(),
            offered.as_deref(),
        );
        let mut reason = reason;
        if let Place::Beside { because, .. } = &file.place {
            if action == Action::Create {
                action = Action::Beside;
            }
            reason = format!("{reason}; here, because {because}");
        }
        if let Some(note) = note {
            reason = format!("{reason}; {note}");
        }
        self.entries.push(Entry {
            path: path.clone(),
            feature: file.feature.to_owned(),
            action,
            strategy: rule.strategy,
            reason,
        });
        if let Some(content) = content {
            if let Some(at) = planned {
                self.changes[at].content = Some(content);
            } else {
                let mode = present.is_none().then(|| rule.mode.bits());
                self.change(path.clone(), present.as_deref(), content, mode);
            }
        }
        if action == Action::Kept {
            return Ok(());
        }
        self.lock.put(Artifact {
            path: path.clone(),
            id,
            feature: file.feature.to_owned(),
            mode: format!("{:04o}", rule.mode.bits()),
            strategy: rule.strategy,
            template: template.to_owned(),
            pristine: pristine.as_deref().map(sha256),
        });
        if let Some(pristine) = pristine {
            let copy = RelPath::parse(&format!("{PRISTINE_DIR}/{path}")).map_err(own_path)?;
            self.ours(copy, pristine)?;
        }
        Ok(())
    }

    /// What was generated before, where jobs are compared with it; None where its copy was edited
    /// or is gone.
    fn offered(&mut self, known: Option<&Artifact>) -> Result<Option<Vec<u8>>, PlanError> {
        let Some(known) = known.filter(|known| known.strategy == Strategy::Jobs) else {
            return Ok(None);
        };
        let copy = RelPath::parse(&format!("{PRISTINE_DIR}/{}", known.path)).map_err(own_path)?;
        let text = read(&mut self.places, self.root, &copy)?;
        Ok(text.map(|text| block::with_line_feeds(&text)))
    }

    /// A file of shipway's own; a checkout that writes CRLF is no change.
    fn ours(&mut self, path: RelPath, content: Vec<u8>) -> Result<(), PlanError> {
        let present = read(&mut self.places, self.root, &path)?;
        let same = present.as_deref().is_some_and(|present| {
            present == content || block::with_line_feeds(present) == content
        });
        if !same {
            self.change(path, present.as_deref(), content, None);
        }
        Ok(())
    }

    fn change(
        &mut self,
        path: RelPath,
        present: Option<&[u8]>,
        content: Vec<u8>,
        mode: Option<u32>,
    ) {
        self.changes.push(Change {
            path,
            content: Some(content),
            mode,
            before: present.map(sha256),
        });
    }

    fn finish(
        mut self,
        skipped: Vec<Skipped>,
        executes: Vec<String>,
        findings: Vec<Finding>,
    ) -> Result<Plan, PlanError> {
        if !self.lock.artifacts.is_empty() {
            let text = self.lock.to_text()?.into_bytes();
            self.ours(RelPath::parse(LOCK_FILE).map_err(own_path)?, text)?;
        }
        self.entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Plan {
            entries: self.entries,
            skipped,
            executes,
            findings,
            changes: self.changes,
        })
    }
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

fn answers(config: &Config, chosen: &BTreeSet<String>) -> BTreeMap<String, String> {
    let base = serde_json::to_value(config.container.base).unwrap_or_default();
    let chosen: Vec<&str> = chosen.iter().map(String::as_str).collect();
    [
        ("base", base.as_str().unwrap_or_default().to_owned()),
        ("features", chosen.join(" ")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn facts_used(project: &Project) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::from([("name".to_owned(), project.name.value.clone())]);
    for service in &project.services {
        let mut put = |fact: &str, value: Option<String>| {
            if let Some(value) = value {
                facts.insert(format!("{}.{fact}", service.name), value);
            }
        };
        put("root", Some(service.root.to_string()));
        put(
            "port",
            service.port.as_ref().map(|fact| fact.value.to_string()),
        );
        put(
            "entry",
            service.entry.as_ref().map(|fact| fact.value.clone()),
        );
        put(
            "runtime_version",
            service
                .runtime_version
                .as_ref()
                .map(|fact| fact.value.clone()),
        );
    }
    facts
}

fn own_path(source: PathError) -> PlanError {
    PlanError::Path {
        feature: "shipway".to_owned(),
        source,
    }
}

/// 1-based line of byte `at`.
fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).matches('\n').count() + 1
}
