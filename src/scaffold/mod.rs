//! Features become artifacts, artifacts a plan, and the plan is applied.
//!
//! In: a [`Project`], a [`Config`], a [`Repository`] and the answers of the user. Out: a
//! [`Plan`]; [`apply`] alone writes. Called by `cli`.

pub mod feature;
pub mod pins;
pub mod plan;
pub mod render;
mod select;
mod view;

pub use plan::{Action, Change, Entry, Plan, Skipped};
pub use select::{Choice, UnknownFeature};

use crate::config::Config;
use crate::git::Repository;
use crate::project::{PathError, Project, RelPath};
use feature::{FeatureError, Features, FileRule};
use pins::Pins;
use render::{RenderError, Renderer};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use view::Input;
pub use view::{Fresh, RepositoryFacts};

/// Why no plan could be made.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    Feature(#[from] FeatureError),
    #[error(transparent)]
    UnknownFeature(#[from] UnknownFeature),
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error("the built-in pins are malformed: {0}")]
    Pins(#[from] toml::de::Error),
    #[error("a view cannot be written as JSON: {0}")]
    View(#[from] serde_json::Error),
    #[error("feature `{feature}`: {source}")]
    Path { feature: String, source: PathError },
}

/// What a plan is made from beside the project.
pub struct Options<'a> {
    pub choice: Choice,
    pub fresh: Fresh<'a>,
}

/// One file that is to be made, before it is rendered.
struct Wanted<'f> {
    feature: &'f str,
    rule: &'f FileRule,
    /// The element of `each`.
    item: Option<Value>,
    path: RelPath,
}

/// Plans what `init` would write. Reads the tree, writes nothing.
///
/// # Errors
/// When a template or feature is malformed, a chosen feature does not exist, or a rendered
/// file cannot be parsed in its own format.
pub fn plan(
    project: &Project,
    config: &Config,
    repository: &Repository,
    options: &Options,
) -> Result<Plan, PlanError> {
    let features = Features::load(&repository.root)?;
    let pins = Pins::builtin()?;
    let facts = RepositoryFacts {
        origin: repository.origin.clone(),
        branch: repository.branch.clone(),
        linked_worktree: repository.linked_worktree,
    };
    let dotenv = BTreeMap::new();
    let (mut chosen, mut skipped) = select::wanted(&features, &config.features, &options.choice)?;
    let known = || features.all.keys().map(String::as_str);
    let make = |chosen: &BTreeSet<String>, paths: &BTreeMap<String, String>| {
        let input = Input {
            project,
            config,
            paths,
            features: chosen,
            pins: &pins,
            facts: &facts,
            dotenv: &dotenv,
            fresh: options.fresh,
        };
        view::context(&input, known())
    };
    let first = make(&chosen, &BTreeMap::new())?;
    chosen.retain(|name| {
        let feature = &features.all[name];
        let possible = select::is_possible(feature, &first);
        if !possible {
            skipped.push(Skipped {
                feature: name.clone(),
                reason: feature.otherwise.clone(),
            });
        }
        possible
    });
    let mut renderer = Renderer::new(&features)?;
    let wanted = expand(&features, &chosen, &first, &renderer)?;
    let mut paths = BTreeMap::new();
    for file in &wanted {
        paths.insert(file.id(), file.path.as_str().to_owned());
    }
    let context = make(&chosen, &paths)?;
    let mut entries = Vec::new();
    let mut changes = Vec::new();
    for file in &wanted {
        let context = file.context(&context, &wanted);
        let template = format!("{}/{}", file.feature, file.rule.template);
        let text = renderer.file(&template, &context)?;
        entries.push(Entry {
            path: file.path.clone(),
            feature: file.feature.to_owned(),
            action: Action::Create,
            strategy: file.rule.strategy,
            reason: renderer.text(file.feature, &file.rule.reason, &context)?,
        });
        changes.push(Change {
            path: file.path.clone(),
            content: text.into_bytes(),
            mode: Some(file.rule.mode.bits()),
        });
    }
    Ok(Plan {
        entries,
        skipped,
        executes: Vec::new(),
        changes,
    })
}

impl Wanted<'_> {
    fn item_name(&self) -> Option<&str> {
        self.item.as_ref()?.get("name")?.as_str()
    }

    fn id(&self) -> String {
        match self.item_name() {
            Some(name) => format!("{}.{name}", self.rule.id),
            None => self.rule.id.clone(),
        }
    }

    /// The context with `item`, which has the paths of every file made for the same element.
    fn context(&self, context: &Value, all: &[Wanted]) -> Value {
        let Some(item) = &self.item else {
            return context.clone();
        };
        // The element of the second context knows the paths, that of the first does not.
        let name = self.item_name();
        let mut item = self
            .rule
            .each
            .as_deref()
            .and_then(|each| select::look_up(context, each)?.as_array())
            .and_then(|list| list.iter().find(|one| one["name"].as_str() == name))
            .unwrap_or(item)
            .clone();
        let paths: serde_json::Map<String, Value> = all
            .iter()
            .filter(|other| other.item_name() == name)
            .map(|other| (other.rule.id.clone(), json!(other.path.as_str())))
            .collect();
        item["paths"] = Value::Object(paths);
        let mut context = context.clone();
        context["item"] = item;
        context
    }
}

/// The files of the chosen features, one per element where a rule has `each`.
fn expand<'f>(
    features: &'f Features,
    chosen: &BTreeSet<String>,
    context: &Value,
    renderer: &Renderer,
) -> Result<Vec<Wanted<'f>>, PlanError> {
    let mut wanted = Vec::new();
    for feature in features.all.values().filter(|f| chosen.contains(&f.name)) {
        for rule in &feature.files {
            let items: Vec<Option<Value>> = match &rule.each {
                None => vec![None],
                Some(each) => select::look_up(context, each)
                    .and_then(Value::as_array)
                    .map(|list| list.iter().cloned().map(Some).collect())
                    .unwrap_or_default(),
            };
            for item in items {
                let mut seen = context.clone();
                if let Some(item) = &item {
                    seen["item"] = item.clone();
                }
                if !select::holds(&rule.when, &seen) {
                    continue;
                }
                let path = renderer.text(&feature.name, &rule.path, &seen)?;
                let path = RelPath::parse(&path).map_err(|source| PlanError::Path {
                    feature: feature.name.clone(),
                    source,
                })?;
                wanted.push(Wanted {
                    feature: &feature.name,
                    rule,
                    item,
                    path,
                });
            }
        }
    }
    Ok(wanted)
}

/// 1-based line of byte `at`.
fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).matches('\n').count() + 1
}
