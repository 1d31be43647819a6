//! The files that the chosen features make: one per rule, or per element of a rule's list.

use super::PlanError;
use super::feature::{FeatureError, Features, FileRule};
use super::place::{Place, Places, Request};
use super::render::Renderer;
use super::select;
use crate::project::RelPath;
use handlebars::Context;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// One file that is to be made, before it is rendered.
pub(super) struct Wanted<'f> {
    pub feature: &'f str,
    pub rule: &'f FileRule,
    /// Name of the element of `each`.
    item: Option<String>,
    /// Where it was meant to go.
    pub path: RelPath,
    pub place: Place,
    /// Ids of the files that it does not work without.
    needs: Vec<String>,
}

impl Wanted<'_> {
    /// The rule's id, with the element's name where there are several: `dockerfile.web`.
    pub(super) fn id(&self) -> String {
        match &self.item {
            Some(name) => format!("{}.{name}", self.rule.id),
            None => self.rule.id.clone(),
        }
    }

    /// Where it goes; None where it is not made.
    pub(super) fn target(&self) -> Option<&RelPath> {
        self.place.path()
    }

    /// What other files call it: where it was made, if its content depends on that.
    fn named(&self) -> Option<&RelPath> {
        match &self.place {
            Place::Moved { made_at, .. } if !self.rule.anywhere => Some(made_at),
            place => place.path(),
        }
    }

    /// Name of its template.
    pub(super) fn template(&self) -> String {
        format!("{}/{}", self.feature, self.rule.template)
    }

    /// Puts its element into `context` as `item`, with the paths of every file made for it.
    pub(super) fn enter(&self, context: &mut Value, all: &[Wanted]) {
        let Some(name) = &self.item else { return };
        let found = self
            .rule
            .each
            .as_deref()
            .and_then(|each| select::look_up(context, each)?.as_array())
            .and_then(|list| list.iter().find(|one| one["name"] == **name));
        let mut item = found.cloned().unwrap_or_else(|| Value::Object(Map::new()));
        let paths: Map<String, Value> = all
            .iter()
            .filter(|other| other.item.as_ref() == Some(name))
            .filter_map(|other| Some((other.rule.id.clone(), other.named()?.as_str().into())))
            .collect();
        item["paths"] = Value::Object(paths);
        context["item"] = item;
    }
}

/// The paths of `wanted` by id, as the views see them.
pub(super) fn paths(wanted: &[Wanted]) -> BTreeMap<String, String> {
    wanted
        .iter()
        .filter_map(|file| Some((file.id(), file.named()?.as_str().to_owned())))
        .collect()
}

/// Where those lie that their user moved.
pub(super) fn moved(wanted: &[Wanted]) -> Vec<String> {
    wanted
        .iter()
        .filter(|file| matches!(file.place, Place::Moved { .. }))
        .filter_map(|file| Some(file.target()?.as_str().to_owned()))
        .collect()
}

/// Leaves out what does not work without a file that is left out, however far removed; the file
/// that stood in the way first is the one that is named.
pub(super) fn leave_out_with(wanted: &mut [Wanted]) {
    let mut out: BTreeMap<String, (RelPath, String)> = wanted
        .iter()
        .filter_map(|file| match &file.place {
            Place::Out { because } => Some((file.id(), (file.path.clone(), because.clone()))),
            _ => None,
        })
        .collect();
    while let Some((file, first)) = wanted
        .iter_mut()
        .filter(|file| file.target().is_some())
        .find_map(|file| {
            let first = file.needs.iter().find_map(|id| out.get(id))?.clone();
            Some((file, first))
        })
    {
        let (path, because) = &first;
        file.place = Place::Out {
            because: format!("it needs {path}, which is not made, because {because}"),
        };
        out.insert(file.id(), first);
    }
}

/// What a rule goes by must be there.
fn refuse_unknown(
    features: &Features,
    feature: &str,
    rule: &FileRule,
    context: &Value,
) -> Result<(), PlanError> {
    for path in rule.each.iter().chain(&rule.when) {
        if let Some(names) = select::unknown(context, path) {
            return Err(FeatureError::Rule {
                file: features.place(feature, &format!("\"{path}\"")),
                message: format!(
                    "file `{}` goes by `{path}`, which there is not; there are {}",
                    rule.id,
                    names.join(", ")
                ),
            }
            .into());
        }
    }
    Ok(())
}

/// The files of the chosen features, each with the place that it takes.
pub(super) fn expand<'f>(
    features: &'f Features,
    chosen: &BTreeSet<String>,
    context: Value,
    renderer: &Renderer,
    places: &mut Places,
) -> Result<Vec<Wanted<'f>>, PlanError> {
    let mut wanted = Vec::new();
    let mut context = Context::from(context);
    for feature in features.all.values().filter(|f| chosen.contains(&f.name)) {
        for rule in &feature.files {
            refuse_unknown(features, &feature.name, rule, context.data())?;
            let items: Vec<Option<Value>> = match &rule.each {
                None => vec![None],
                Some(each) => select::look_up(context.data(), each)
                    .and_then(Value::as_array)
                    .map(|list| list.iter().cloned().map(Some).collect())
                    .unwrap_or_default(),
            };
            for item in items {
                let name = match &item {
                    None => None,
                    Some(item) => {
                        Some(item["name"].as_str().map(str::to_owned).ok_or_else(|| {
                            PlanError::Element {
                                place: features.place(&feature.name, &format!("\"{}\"", rule.id)),
                                each: rule.each.clone().unwrap_or_default(),
                            }
                        })?)
                    }
                };
                context.data_mut()["item"] = item.unwrap_or(Value::Null);
                if !select::holds(&rule.when, context.data()) {
                    continue;
                }
                let path = |text: &str| {
                    let text = renderer.text(&feature.name, text, &context)?;
                    RelPath::parse(&text).map_err(|source| PlanError::Path {
                        place: features.place(&feature.name, &rule.path),
                        source,
                    })
                };
                let mut needs = Vec::new();
                for text in &rule.needs {
                    let ids = renderer.text(&feature.name, text, &context)?;
                    needs.extend(ids.split_whitespace().map(str::to_owned));
                }
                if let Some(id) = needs.iter().find(|id| !features.makes(id)) {
                    return Err(FeatureError::Rule {
                        file: features.place(&feature.name, &format!("\"{}\"", rule.id)),
                        message: format!(
                            "file `{}` needs the file `{id}`, which no feature makes",
                            rule.id
                        ),
                    }
                    .into());
                }
                let mut file = Wanted {
                    feature: &feature.name,
                    rule,
                    item: name,
                    path: path(&rule.path)?,
                    place: Place::At(RelPath::root()),
                    needs,
                };
                let beside = rule.beside.as_deref().map(path).transpose()?;
                let yields_to = rule
                    .yields_to
                    .iter()
                    .map(|text| path(text))
                    .collect::<Result<Vec<_>, _>>()?;
                let adopts = rule
                    .adopts
                    .iter()
                    .map(|text| path(text))
                    .collect::<Result<Vec<_>, _>>()?;
                file.place = places.take(&Request {
                    id: &file.id(),
                    adopts: &adopts,
                    strategy: rule.strategy,
                    path: &file.path,
                    beside: beside.as_ref(),
                    yields_to: &yields_to,
                });
                wanted.push(file);
            }
        }
    }
    Ok(wanted)
}
