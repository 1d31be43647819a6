//! Random files, edited at random by both sides: nobody's edit is lost.

mod model;

use super::value::Value;
use super::{Format, Side, Structured, Texts, three_way};
use crate::project::RelPath;
use model::{Edit, Entry, document, edited, rendered};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use std::collections::{BTreeMap, BTreeSet};

/// Every path to a key or an item of a list, with the scalar there, in order.
fn paths(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Scalar(scalar) => found.push((path.to_owned(), scalar.text.clone())),
        Value::List(items) => {
            found.push((path.to_owned(), "list".to_owned()));
            for item in items {
                match item.get("name").and_then(Value::text).or(item.text()) {
                    Some(name) => paths(item, &format!("{path}/={name}"), found),
                    None => found.push((format!("{path}/?"), format!("{item:?}"))),
                }
            }
        }
        Value::Map(entries) => {
            found.push((path.to_owned(), "map".to_owned()));
            for (key, value) in entries {
                paths(value, &format!("{path}/{key}"), found);
            }
        }
    }
}

fn all(path: &RelPath, text: &str) -> Vec<(String, String)> {
    let value = Format::of(path).value(text);
    let mut found = Vec::new();
    paths(
        &value.unwrap_or_else(|| panic!("invalid:\n{text}")),
        "",
        &mut found,
    );
    found
}

fn comments(text: &str) -> BTreeSet<&str> {
    let marks = ["# ", "// "];
    let comment = |line| marks.iter().find_map(|mark| str::split_once(line, mark));
    text.lines()
        .filter_map(comment)
        .map(|(_, comment)| comment)
        .collect()
}

/// What a file has at which path.
type Values = BTreeMap<String, String>;

/// The three files of a merge by their paths.
struct Case<'t> {
    path: RelPath,
    texts: [&'t str; 3],
    before: Values,
    present: Values,
    wanted: Values,
}

impl<'t> Case<'t> {
    fn new(name: &str, texts: [&'t str; 3]) -> Self {
        let path = RelPath::parse(name).unwrap();
        let [before, present, wanted] = texts.map(|text| all(&path, text).into_iter().collect());
        Self {
            path,
            texts,
            before,
            present,
            wanted,
        }
    }

    fn merge(&self, favour: Option<Side>) -> Option<String> {
        let [base, present, wanted] = self.texts;
        three_way(&self.path, base, present, wanted, favour)
    }

    /// What lines cannot do is looked at where they can, too.
    fn by_entry(&self) -> Option<String> {
        let [base, present, wanted] = self.texts;
        let texts = Texts {
            path: &self.path,
            base,
            present,
            wanted,
        };
        Structured::parse(texts, Format::of(&self.path))?.by_entry(None)
    }

    fn is_changed(&self, side: &Values, path: &str) -> bool {
        self.before.get(path) != side.get(path)
    }

    /// Whether `path`, or something around it, was deleted on a side.
    fn is_deleted(&self, side: &Values, path: &str) -> bool {
        (path.match_indices('/').map(|(at, _)| &path[..at]))
            .chain([path])
            .any(|path| self.before.contains_key(path) && !side.contains_key(path))
    }

    /// Every value and comment of the user's is there, in its order, and nothing that was deleted.
    fn keeps_the_users(&self, text: &str) -> Result<(), TestCaseError> {
        let [base, present, _] = self.texts;
        let kept = comments(text);
        for comment in comments(present).difference(&comments(base)) {
            prop_assert!(kept.contains(comment), "{comment} lost:\n{text}");
        }
        let result = all(&self.path, text);
        let values: Values = result.iter().cloned().collect();
        for path in self.before.keys() {
            let is_back = !self.present.contains_key(path) && values.contains_key(path);
            prop_assert!(!is_back, "{path} came back:\n{text}");
        }
        for (path, value) in &self.present {
            let is_lost = self.is_changed(&self.present, path) && values.get(path) != Some(value);
            prop_assert!(!is_lost, "{path} lost:\n{text}");
        }
        let own = all(&self.path, present);
        let order = |all: &[(String, String)], others: &Values| -> Vec<String> {
            let paths = all.iter().map(|(path, _)| path.clone());
            paths.filter(|path| others.contains_key(path)).collect()
        };
        prop_assert_eq!(order(&result, &self.present), order(&own, &values));
        Ok(())
    }

    /// Whatever shipway changed is there, save in what the user deleted; with a conflict only
    /// because `favoured`.
    fn brings_the_wanted(&self, text: &str, favoured: bool) -> Result<(), TestCaseError> {
        let values: Values = all(&self.path, text).into_iter().collect();
        for (path, value) in &self.wanted {
            let is_due = self.is_changed(&self.wanted, path)
                && (favoured || !self.is_changed(&self.present, path))
                && !self.is_deleted(&self.present, path);
            let is_in = values.get(path) == Some(value);
            prop_assert!(!is_due || is_in, "{path} is not in:\n{text}");
        }
        for path in self.before.keys() {
            let stays = !self.wanted.contains_key(path) && values.contains_key(path);
            prop_assert!(!stays, "{path} stayed:\n{text}");
        }
        Ok(())
    }

    /// A favoured other side takes nothing that it did not change; a contested list it takes whole.
    fn keeps_what_is_apart(&self, text: &str) -> Result<(), TestCaseError> {
        let values: Values = all(&self.path, text).into_iter().collect();
        for (path, value) in &self.present {
            let is_apart = self.is_changed(&self.present, path)
                && !self.is_changed(&self.wanted, path)
                && !self.is_deleted(&self.wanted, path)
                && !path.contains("/=");
            let is_in = values.get(path) == Some(value);
            prop_assert!(!is_apart || is_in, "{path} lost in:\n{text}");
        }
        Ok(())
    }
}

/// Checks the results; whether there was one without a side.
fn check(name: &str, texts: [&str; 3]) -> Result<bool, TestCaseError> {
    let case = Case::new(name, texts);
    let [base, present, wanted] = texts;
    let unchanged = |present, wanted| three_way(&case.path, base, present, wanted, None);
    prop_assert_eq!(unchanged(present, base), Some(present.to_owned()));
    prop_assert_eq!(unchanged(base, wanted), Some(wanted.to_owned()));
    let merged = case.merge(None);
    for text in [&merged, &case.by_entry()].into_iter().flatten() {
        case.keeps_the_users(text)?;
        case.brings_the_wanted(text, false)?;
    }
    let sides = [Side::Ours, Side::Theirs].map(|side| case.merge(Some(side)));
    let [Some(ours), Some(theirs)] = &sides else {
        return Err(TestCaseError::fail(format!("{sides:?}")));
    };
    case.keeps_the_users(ours)?;
    case.brings_the_wanted(theirs, true)?;
    case.keeps_what_is_apart(theirs)?;
    Ok(merged.is_some())
}

/// Random documents of one format, each edited by both.
fn no_edit_is_lost(name: &str) {
    let edits = || prop::collection::vec((0..6_usize, 0..12_u8), 1..5);
    let merged = std::cell::Cell::new(0_u32);
    let mut runner = TestRunner::new_with_rng(
        Config {
            failure_persistence: None,
            cases: 300,
            ..Config::default()
        },
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let texts = |document: &[Entry], ours: &[Edit], theirs: &[Edit]| {
        [
            rendered(name, document),
            rendered(name, &edited(document, ours, "mine")),
            rendered(name, &edited(document, theirs, "new")),
        ]
    };
    let result = runner.run(
        &(document(), edits(), edits()),
        |(document, ours, theirs)| {
            let texts = texts(&document, &ours, &theirs);
            let done = check(name, texts.each_ref().map(String::as_str))?;
            merged.set(merged.get() + u32::from(done));
            Ok(())
        },
    );
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, (document, ours, theirs))) => {
            let texts = texts(&document, &ours, &theirs);
            panic!("{name}: {reason}\n\n{}", texts.join("\n----\n"));
        }
        Err(error) => panic!("{name}: {error}"),
    }
    // A merge that gives up keeps everything, too.
    assert!(merged.get() > 200, "{name}: {} of 300 merged", merged.get());
}

#[test]
fn no_edit_of_yaml_is_lost() {
    no_edit_is_lost("a.yml");
}

#[test]
fn no_edit_of_json_is_lost() {
    no_edit_is_lost("a.jsonc");
}

#[test]
fn no_edit_of_toml_is_lost() {
    no_edit_is_lost("a.toml");
}
