//! Which features are made, and which files of them.

use super::feature::{Feature, Features};
use super::plan::Skipped;
use crate::config::FeatureConfig;
use serde_json::Value;
use std::collections::BTreeSet;

/// What the user asked for beside `shipway.toml`.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Only these (and what they require); all that are on by default where absent.
    pub only: Option<Vec<String>>,
    /// Those of the records, too; one that is none any more is passed over.
    pub before: Vec<String>,
    pub without: Vec<String>,
}

/// A name that is no feature.
#[derive(Debug, thiserror::Error)]
#[error("there is no feature `{name}`; there are {known}")]
pub struct UnknownFeature {
    pub name: String,
    pub known: String,
}

/// The features that are asked for, what they require included, and those made before; those
/// turned off are skipped.
pub(super) fn wanted<'f>(
    features: &'f Features,
    config: &FeatureConfig,
    choice: &'f Choice,
    made_before: impl Iterator<Item = &'f str>,
) -> Result<(BTreeSet<String>, Vec<Skipped>), UnknownFeature> {
    let only = choice.only.as_deref().unwrap_or_default();
    let named = [only, &choice.without, &config.enable, &config.disable];
    for name in named.into_iter().flatten() {
        features.known(name)?;
    }
    let has = |list: &[String], name: &str| list.iter().any(|one| one == name);
    let off =
        |name: &str| has(&choice.without, name) || (has(&config.disable, name) && !has(only, name));
    let mut open: Vec<&str> = match &choice.only {
        None => features
            .all
            .iter()
            .filter(|(name, feature)| feature.default || config.enable.contains(name))
            .map(|(name, _)| name.as_str())
            .collect(),
        Some(only) => only.iter().map(String::as_str).collect(),
    };
    open.extend(choice.before.iter().map(String::as_str));
    open.extend(made_before);
    let mut wanted = BTreeSet::new();
    let mut skipped = Vec::new();
    while let Some(name) = open.pop() {
        if off(name) {
            let by = if has(&choice.without, name) {
                "left out with --without"
            } else {
                "turned off in shipway.toml"
            };
            if !skipped.iter().any(|s: &Skipped| s.feature == name) {
                skipped.push(Skipped {
                    feature: name.to_owned(),
                    reason: by.to_owned(),
                });
            }
            continue;
        }
        if let Some(feature) = features.all.get(name)
            && wanted.insert(name.to_owned())
        {
            open.extend(feature.requires.iter().map(String::as_str));
        }
    }
    skipped.sort_by(|a, b| a.feature.cmp(&b.feature));
    Ok((wanted, skipped))
}

/// Whether the project has what `feature` needs.
pub(super) fn is_possible(feature: &Feature, context: &Value) -> bool {
    holds(&feature.needs, context)
}

/// Whether every path of `conditions` is truthy in `context` (`!x` negates).
pub(super) fn holds(conditions: &[String], context: &Value) -> bool {
    conditions
        .iter()
        .all(|condition| match condition.strip_prefix('!') {
            Some(path) => !is_truthy(look_up(context, path)),
            None => is_truthy(look_up(context, condition)),
        })
}

/// The value at a dotted path.
pub(super) fn look_up<'v>(context: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(context, |value, key| match value {
        Value::Array(list) => list.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    })
}

/// The names that there are where a dotted path, or a condition, names none of them: of the context
/// itself, or of one of its views, which have all their keys whatever the project is.
pub(super) fn unknown(context: &Value, path: &str) -> Option<Vec<String>> {
    let mut keys = path.trim_start_matches('!').split('.');
    let first = keys.next()?;
    let names = |value: &Value| {
        let names = value.as_object()?.keys().filter(|name| *name != "item");
        let mut names: Vec<String> = names.cloned().collect();
        names.sort_unstable();
        Some(names)
    };
    if ["project", "paths", "features", "item"].contains(&first) {
        return None;
    }
    let Some(view) = context.get(first) else {
        return names(context);
    };
    let second = keys.next()?;
    view.as_object()
        .filter(|map| !map.contains_key(second))
        .and_then(|_| names(view))
}

fn is_truthy(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(value)) => *value,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(map)) => !map.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_name_that_there_is_not_is_told_from_what_is_absent() {
        let context = json!({"project": {}, "paths": {}, "item": null, "compose": {"edge": null, "x": 1}, "ci": null});
        let unknown = |path: &str| super::unknown(&context, path);
        for path in [
            "project.a",
            "paths.b",
            "item.c.d",
            "compose.edge",
            "!compose.x",
            "ci.y",
            "compose",
        ] {
            assert_eq!(unknown(path), None, "{path}");
        }
        assert_eq!(unknown("compose.y").unwrap(), ["edge", "x"]);
        assert_eq!(
            unknown("!services").unwrap(),
            ["ci", "compose", "paths", "project"]
        );
    }

    #[test]
    fn conditions_are_read_from_the_context() {
        let context = json!({"compose": {"edge": true, "services": [], "name": "x"}});
        let holds = |text: &str| super::holds(&[text.to_owned()], &context);
        assert!(holds("compose.edge") && holds("compose.name") && holds("!compose.services"));
        assert!(!holds("compose.services") && !holds("compose.nothing") && !holds("!compose.edge"));
    }
}
