//! The context of the templates: the project and one view per feature.

mod backing;
mod ci;
mod component;
mod compose;
pub(super) mod container;
mod devcontainer;
mod env;
mod hooks;
mod make;
mod node;
#[cfg(test)]
mod tests;

use super::pins::Pins;
use crate::config::Config;
use crate::project::{Finding, Project};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What a view may look at.
///
/// Views are made twice: first to find out which files there will be (then `paths` is empty),
/// then with the paths known. Which files there are must not depend on `paths`.
pub(super) struct Input<'a> {
    pub project: &'a Project,
    pub config: &'a Config,
    /// Resolved path of each file by its id: `compose`; `dockerfile.web` for one of an `each`.
    pub paths: &'a BTreeMap<String, String>,
    /// Where those lie that their user moved.
    pub moved: &'a [String],
    /// Names of the features that are made.
    pub features: &'a BTreeSet<String>,
    /// Those of them that somebody asked for by name, now or before.
    pub named: &'a BTreeSet<&'a str>,
    /// Tools that hooks run though the project does not use them yet.
    pub tools: &'a [String],
    pub pins: &'a Pins,
    pub facts: &'a RepositoryFacts,
    /// What the present `.env` at the root holds; these values stay.
    pub dotenv: &'a BTreeMap<String, String>,
    pub fresh: Fresh<'a>,
}

/// What is read from the repository beside its tree.
#[derive(Debug, Clone, Default)]
pub struct RepositoryFacts {
    /// Where a person opens the repository.
    pub origin: Option<String>,
    pub branch: Option<String>,
    /// Name of the linked work tree; None in the main one.
    pub linked_worktree: Option<String>,
    /// Whether the root has a `Dockerfile` of the user's, be it a symbolic link or a folder.
    pub dockerfile_is_taken: bool,
}

/// Time and randomness, given from outside so that a run can be repeated.
#[derive(Clone, Copy)]
pub struct Fresh<'a> {
    /// Seconds since 1970.
    pub now: i64,
    /// Fills its argument with random bytes.
    pub random: &'a dyn Fn(&mut [u8]),
}

impl Input<'_> {
    /// Path of file `id`; None while names are not resolved and where the file is not made.
    #[must_use]
    pub(super) fn path(&self, id: &str) -> Option<&str> {
        self.paths.get(id).map(String::as_str)
    }

    /// Path of file `id` of the element `name`.
    #[must_use]
    pub(super) fn path_of(&self, id: &str, name: &str) -> Option<&str> {
        self.path(&format!("{id}.{name}"))
    }

    /// Whether feature `name` is made.
    #[must_use]
    pub(super) fn has(&self, name: &str) -> bool {
        self.features.contains(name)
    }
}

/// The context; `known` are the names of all features.
///
/// # Errors
/// When a view cannot be written as JSON.
pub(super) fn context<'k>(
    input: &Input,
    known: impl Iterator<Item = &'k str>,
) -> Result<Value, serde_json::Error> {
    let mut context = Map::new();
    let mut put = |name: &str, value: Value| context.insert(name.to_owned(), value);
    put("shipway", json!({ "version": env!("CARGO_PKG_VERSION") }));
    put("project", to_value(input.project)?);
    put(
        "features",
        known
            .map(|name| (name.to_owned(), Value::Bool(input.has(name))))
            .collect(),
    );
    put("paths", nested(input.paths));
    put("container", to_value(container::view(input))?);
    let compose = compose::view(input);
    put("env", to_value(env::view(input, &compose))?);
    let compose = to_value(compose)?;
    put(
        "devcontainer",
        to_value(devcontainer::view(input, &compose))?,
    );
    put("compose", compose);
    put("make", to_value(make::view(input))?);
    put("ci", to_value(ci::view(input))?);
    put("hooks", to_value(hooks::view(input))?);
    Ok(Value::Object(context))
}

/// What the owner of the repository should know of what stays as it is.
pub(super) fn findings(input: &Input) -> Vec<Finding> {
    if input.has("env") {
        env::findings(input)
    } else {
        Vec::new()
    }
}

fn to_value(view: impl Serialize) -> Result<Value, serde_json::Error> {
    serde_json::to_value(view)
}

/// `dockerfile.web` becomes `{"dockerfile": {"web": …}}`.
fn nested(paths: &BTreeMap<String, String>) -> Value {
    let mut root = Map::new();
    for (id, path) in paths {
        let path = Value::String(path.clone());
        match id.split_once('.') {
            None => {
                root.insert(id.clone(), path);
            }
            Some((id, name)) => {
                let list = root.entry(id).or_insert_with(|| Value::Object(Map::new()));
                if let Some(list) = list.as_object_mut() {
                    list.insert(name.to_owned(), path);
                }
            }
        }
    }
    Value::Object(root)
}
