//! Random files, edited at random by both sides: nobody's edit is lost.

use super::value::Value;
use super::{Format, Side, Structured, Texts, three_way};
use crate::project::RelPath;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

#[derive(Debug, Clone)]
enum Node {
    Scalar(String),
    List(Vec<String>),
    Map(Vec<Entry>),
    /// Mappings with a name each.
    Items(Vec<Vec<Entry>>),
}

#[derive(Debug, Clone)]
struct Entry {
    key: String,
    above: Vec<String>,
    behind: String,
    node: Node,
}

/// A place among the entries of all mappings, and what to do there.
type Edit = (usize, u8);

fn node() -> impl Strategy<Value = Node> {
    let scalar = || "[a-z]{1,3}".prop_map(Node::Scalar);
    let list = || {
        prop::collection::btree_set("[a-z]{1,3}", 1..4)
            .prop_map(|items| Node::List(items.into_iter().collect()))
    };
    let leaf = prop_oneof![3 => scalar(), 1 => list()];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let map = prop::collection::btree_map("k[a-f]", (any::<bool>(), inner), 1..5);
        let entries = map.prop_map(|entries| {
            let entry = |(key, (is_told, node)): (String, (bool, Node))| Entry {
                above: is_told
                    .then(|| format!("about {key}"))
                    .into_iter()
                    .collect(),
                key,
                behind: String::new(),
                node,
            };
            entries.into_iter().map(entry).collect::<Vec<_>>()
        });
        let items = prop::collection::vec(entries.clone(), 1..4);
        prop_oneof![
            2 => entries.prop_map(Node::Map),
            1 => items.prop_map(|items| Node::Items(items.into_iter().zip(0..).map(item).collect())),
        ]
    })
}

fn item((mut entries, number): (Vec<Entry>, usize)) -> Vec<Entry> {
    let name = scalar("name", &format!("item{number}"));
    entries.insert(0, name);
    entries
}

fn scalar(key: &str, value: &str) -> Entry {
    Entry {
        key: key.to_owned(),
        above: Vec::new(),
        behind: String::new(),
        node: Node::Scalar(value.to_owned()),
    }
}

fn document() -> impl Strategy<Value = Vec<Entry>> {
    prop::collection::vec(node(), 1..5).prop_map(|nodes| {
        let entry = |(at, node)| Entry {
            key: format!("r{at}"),
            above: Vec::new(),
            behind: String::new(),
            node,
        };
        nodes.into_iter().enumerate().map(entry).collect()
    })
}

fn places(entries: &[Entry]) -> usize {
    let nested = |entry: &Entry| match &entry.node {
        Node::Map(entries) => places(entries),
        Node::Items(items) => items.iter().map(|item| places(item)).sum(),
        _ => 0,
    };
    entries.len() + entries.iter().map(nested).sum::<usize>()
}

/// Does one edit at the place that is `at` steps on.
fn edit(entries: &mut Vec<Entry>, at: &mut usize, kind: u8, name: &str) -> bool {
    for place in 0..entries.len() {
        if *at == 0 {
            change(entries, place, kind, name);
            return true;
        }
        *at -= 1;
        let nested: Vec<&mut Vec<Entry>> = match &mut entries[place].node {
            Node::Map(nested) => vec![nested],
            Node::Items(items) => items.iter_mut().collect(),
            Node::Scalar(_) | Node::List(_) => Vec::new(),
        };
        for nested in nested {
            if edit(nested, at, kind, name) {
                return true;
            }
        }
    }
    false
}

fn change(entries: &mut Vec<Entry>, place: usize, kind: u8, name: &str) {
    let is_alone = entries.len() == 1;
    let entry = &mut entries[place];
    match (kind % 6, &mut entry.node) {
        (0, Node::Scalar(text)) => name.clone_into(text),
        (0, Node::List(items)) => items.push(name.to_owned()),
        (1, Node::List(items)) if items.len() > 1 => drop(items.remove(0)),
        (0, Node::Items(items)) => items.push(vec![scalar("name", name)]),
        (1, Node::Items(items)) if items.len() > 1 => drop(items.remove(0)),
        (0 | 1, _) => entries.insert(
            place + usize::from(kind > 5),
            Entry {
                key: name.to_owned(),
                above: vec![format!("about {name}")],
                behind: String::new(),
                node: Node::Scalar(name.to_owned()),
            },
        ),
        (2, _) if !is_alone && entry.key != "name" => drop(entries.remove(place)),
        (3, _) => entry.above.push(name.to_owned()),
        (4, Node::Scalar(_)) => name.clone_into(&mut entry.behind),
        _ => {}
    }
}

fn edited(entries: &[Entry], edits: &[Edit], who: &str) -> Vec<Entry> {
    let mut entries = entries.to_vec();
    for (number, (place, kind)) in edits.iter().enumerate() {
        let mut at = place % places(&entries);
        edit(&mut entries, &mut at, *kind, &format!("{who}{number}"));
    }
    entries
}

fn yaml(entries: &[Entry], indent: usize, text: &mut String) {
    let pad = " ".repeat(indent);
    for entry in entries {
        for comment in &entry.above {
            writeln!(text, "{pad}# {comment}").unwrap();
        }
        let behind = behind("#", entry);
        match &entry.node {
            Node::Scalar(value) => writeln!(text, "{pad}{}: {value}{behind}", entry.key).unwrap(),
            Node::List(items) => {
                writeln!(text, "{pad}{}:", entry.key).unwrap();
                items
                    .iter()
                    .for_each(|item| writeln!(text, "{pad}- {item}").unwrap());
            }
            Node::Items(items) => {
                writeln!(text, "{pad}{}:", entry.key).unwrap();
                for item in items {
                    let mut inner = String::new();
                    yaml(item, indent + 2, &mut inner);
                    // The dash stands before the first key, or before the comment above it.
                    writeln!(text, "{pad}- {}", inner.trim()).unwrap();
                }
            }
            Node::Map(entries) => {
                writeln!(text, "{pad}{}:", entry.key).unwrap();
                yaml(entries, indent + 2, text);
            }
        }
    }
}

fn behind(mark: &str, entry: &Entry) -> String {
    if entry.behind.is_empty() {
        String::new()
    } else {
        format!(" {mark} {}", entry.behind)
    }
}

fn json(entries: &[Entry], indent: usize, text: &mut String) {
    let pad = " ".repeat(indent);
    text.push_str("{\n");
    for (at, entry) in entries.iter().enumerate() {
        for comment in &entry.above {
            writeln!(text, "{pad}// {comment}").unwrap();
        }
        write!(text, "{pad}\"{}\": ", entry.key).unwrap();
        match &entry.node {
            Node::Scalar(value) => write!(text, "\"{value}\"").unwrap(),
            Node::List(items) => {
                let items: Vec<_> = items
                    .iter()
                    .map(|item| format!("{pad}  \"{item}\""))
                    .collect();
                write!(text, "[\n{}\n{pad}]", items.join(",\n")).unwrap();
            }
            Node::Items(items) => {
                text.push('[');
                for (at, item) in items.iter().enumerate() {
                    text.push_str(if at > 0 { ", " } else { "" });
                    json(item, indent + 2, text);
                }
                text.push(']');
            }
            Node::Map(entries) => json(entries, indent + 2, text),
        }
        text.push_str(if at + 1 < entries.len() { "," } else { "" });
        writeln!(text, "{}", behind("//", entry)).unwrap();
    }
    write!(text, "{}}}", &pad[2..]).unwrap();
}

fn toml(entries: &[Entry], path: &str, text: &mut String) {
    for entry in entries {
        let comments = || entry.above.iter().map(|comment| format!("# {comment}\n"));
        let value = match &entry.node {
            Node::Scalar(value) => format!("\"{value}\""),
            Node::List(items) => format!("{items:?}"),
            Node::Map(_) | Node::Items(_) => continue,
        };
        let comments: String = comments().collect();
        writeln!(
            text,
            "{comments}{} = {value}{}",
            entry.key,
            behind("#", entry)
        )
        .unwrap();
    }
    for entry in entries {
        let path = format!("{path}{}", entry.key);
        let comments: String = entry.above.iter().map(|c| format!("# {c}\n")).collect();
        match &entry.node {
            Node::Map(nested) => {
                writeln!(text, "\n{comments}[{path}]").unwrap();
                toml(nested, &format!("{path}."), text);
            }
            Node::Items(items) => {
                for (at, item) in items.iter().enumerate() {
                    let comments = if at == 0 { comments.as_str() } else { "" };
                    writeln!(text, "\n{comments}[[{path}]]").unwrap();
                    toml(item, &format!("{path}."), text);
                }
            }
            Node::Scalar(_) | Node::List(_) => {}
        }
    }
}

fn rendered(path: &str, entries: &[Entry]) -> String {
    let mut text = String::new();
    match path {
        "a.yml" => yaml(entries, 0, &mut text),
        "a.jsonc" => {
            json(entries, 2, &mut text);
            text.push('\n');
        }
        _ => toml(entries, "", &mut text),
    }
    text
}

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

#[test]
fn no_edit_is_lost() {
    use proptest::test_runner::{Config, TestError, TestRunner};
    for name in ["a.yml", "a.jsonc", "a.toml"] {
        let edits = || prop::collection::vec((0..6_usize, 0..12_u8), 1..5);
        let merged = std::cell::Cell::new(0_u32);
        let mut runner = TestRunner::new_with_rng(
            Config {
                failure_persistence: None,
                cases: 300,
                ..Config::default()
            },
            proptest::test_runner::TestRng::deterministic_rng(
                proptest::test_runner::RngAlgorithm::ChaCha,
            ),
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
}
