//! The facts of a project by name, each with everything that is kept of why it is believed.

use super::{Confidence, EnvVar, Fact, Project, Unknown};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One fact under its name.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// `web.port`, `backing.redis`, `web.env.PORT`, `name`: the keys of the report, the services'
    /// without `services.` before them.
    pub fact: String,
    #[serde(flatten)]
    pub answer: Answer,
}

/// What is known of a fact.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// It was found, and this decided.
    Found(Fact<Value>),
    /// It was looked for and not found.
    NotFound {
        looked_at: Vec<String>,
        /// The key of `shipway.toml` that answers it.
        answer_with: String,
    },
}

/// Why a name says of no fact what is to be explained.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("no fact of this repository is called {0:?}")]
    Unknown(String),
    #[error("{name:?} may be any of {}", .names.join(", "))]
    Ambiguous { name: String, names: Vec<String> },
}

/// Every fact of `project`, in the order of the report, then those that were not found.
#[must_use]
pub fn explanations(project: &Project) -> Vec<Explanation> {
    let mut found = Vec::new();
    // The report has every fact that there is, so none can be forgotten here.
    if let Ok(report) = serde_json::to_value(project) {
        walk(&report, "", &mut found);
    }
    found.extend(project.unknown.iter().map(not_found));
    found
}

/// Those of `all` that `name` names: a fact (`web.port`, or `port` where there is one alone) with
/// what is below it, or everything below a part (`web`, `web.env`).
///
/// # Errors
/// When there is none, or when facts of different names end in `name`.
pub fn named(all: Vec<Explanation>, name: &str) -> Result<Vec<Explanation>, NameError> {
    let wanted = name.strip_prefix("services.").unwrap_or(name);
    let is = |fact: &str| {
        fact == wanted
            || fact
                .strip_suffix(wanted)
                .is_some_and(|before| before.ends_with('.'))
    };
    let mut names: Vec<String> = Vec::new();
    for one in &all {
        if is(&one.fact) && !names.contains(&one.fact) {
            names.push(one.fact.clone());
        }
    }
    // The whole name goes before those that end in it.
    if names.iter().any(|fact| fact == wanted) {
        names = vec![wanted.to_owned()];
    }
    let parts: Vec<Explanation> = match names.as_slice() {
        [] => {
            let inside = format!("{wanted}.");
            all.into_iter()
                .filter(|one| {
                    one.fact.starts_with(&inside) || one.fact.contains(&format!(".{inside}"))
                })
                .collect()
        }
        [only] => {
            let below = format!("{only}.");
            all.into_iter()
                .filter(|one| one.fact == *only || one.fact.starts_with(&below))
                .collect()
        }
        _ => {
            return Err(NameError::Ambiguous {
                name: name.to_owned(),
                names,
            });
        }
    };
    if parts.is_empty() || wanted.is_empty() {
        return Err(NameError::Unknown(name.to_owned()));
    }
    Ok(parts)
}

/// The facts in `value`, which stands at `path` in the report.
fn walk(value: &Value, path: &str, found: &mut Vec<Explanation>) {
    let below = |name: &str| match path {
        "" | "services" => name.to_owned(),
        _ => format!("{path}.{name}"),
    };
    match value {
        Value::Object(entries) => {
            let fact = Fact::deserialize(value);
            if let Ok(fact) = fact.or_else(|_| EnvVar::deserialize(value).map(of_variable)) {
                found.push(Explanation {
                    fact: path.to_owned(),
                    answer: Answer::Found(fact),
                });
                return;
            }
            for (key, entry) in entries {
                // That a thing was found is the fact of that thing.
                let name = if key == "found" {
                    path.to_owned()
                } else {
                    below(key)
                };
                walk(entry, &name, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                let name = ["name", "kind"].iter().find_map(|key| {
                    let name = &item[key];
                    name.as_str().or_else(|| name["value"].as_str())
                });
                walk(item, &name.map_or_else(|| path.to_owned(), below), found);
            }
        }
        _ => {}
    }
}

fn not_found(unknown: &Unknown) -> Explanation {
    Explanation {
        fact: unknown.fact.clone(),
        answer: Answer::NotFound {
            looked_at: unknown.looked_at.clone(),
            answer_with: unknown.answer_with.clone(),
        },
    }
}

/// A variable as a fact: that it is read, what it is where nothing sets it, whether it is a secret.
fn of_variable(variable: EnvVar) -> Fact<Value> {
    let mut value = serde_json::Map::new();
    if let Some(default) = variable.default {
        value.insert("default".to_owned(), default.into());
    }
    value.insert("required".to_owned(), variable.required.into());
    value.insert("secret".to_owned(), variable.secret.into());
    let because = match (&variable.set_at, variable.secret) {
        (_, true) => "its name, or what the code does with it, says that it is a secret",
        (Some(_), false) => "the repository itself sets it, which goes before the code's default",
        (None, false) if variable.required => "the code fails without it",
        (None, false) => "the code reads it",
    };
    let confidence = if variable.secret {
        variable.secret_confidence
    } else {
        Confidence::Certain
    };
    let places = variable.set_at.into_iter().chain(variable.read_at);
    Fact::new(Value::Object(value), confidence, places.collect()).because(because)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Evidence, RelPath};

    fn all(names: &[&str]) -> Vec<Explanation> {
        let file = Evidence::file(RelPath::parse("a").unwrap());
        let one = |name: &&str| Explanation {
            fact: (*name).to_owned(),
            answer: Answer::Found(Fact::certain(Value::Null, file.clone())),
        };
        names.iter().map(one).collect()
    }

    fn of(names: &[&str], name: &str) -> Result<Vec<String>, NameError> {
        let found = named(all(names), name)?;
        Ok(found.into_iter().map(|one| one.fact).collect())
    }

    #[test]
    fn a_name_is_a_fact_its_end_or_a_part() {
        let names = [
            "name",
            "web.port",
            "web.env.PORT",
            "worker.kind",
            "web.lint",
            "web.lint",
            "backing.redis",
            "backing.redis.version",
        ];
        assert_eq!(of(&names, "port").unwrap(), ["web.port"]);
        assert_eq!(of(&names, "services.web.port").unwrap(), ["web.port"]);
        assert_eq!(of(&names, "lint").unwrap(), ["web.lint", "web.lint"]);
        assert_eq!(
            of(&names, "redis").unwrap(),
            ["backing.redis", "backing.redis.version"]
        );
        assert_eq!(of(&names, "env").unwrap(), ["web.env.PORT"]);
        assert_eq!(
            of(&names, "web").unwrap(),
            ["web.port", "web.env.PORT", "web.lint", "web.lint"]
        );
    }

    #[test]
    fn no_name_and_two_names_are_refused() {
        let names = ["name", "web.port", "api.port", "tools.ruff.name"];
        for name in ["prot", "", ".", "ort", "web.", "services."] {
            assert_eq!(of(&names, name), Err(NameError::Unknown(name.to_owned())));
        }
        let error = of(&names, "port").unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"port\" may be any of web.port, api.port"
        );
        assert_eq!(of(&names, "name").unwrap(), ["name"], "the whole name");
    }
}
