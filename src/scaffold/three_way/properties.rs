//! Random files, edited at random by both sides: nobody's edit is lost.

use super::value::Value;
use super::{Format, Side, three_way};
use crate::project::RelPath;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

#[derive(Debug, Clone)]
enum Node {
    Scalar(String),
    List(Vec<String>),
    Map(Vec<Entry>),
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
        prop::collection::btree_map("k[a-f]", (any::<bool>(), inner), 1..5).prop_map(|entries| {
            let entry = |(key, (is_told, node)): (String, (bool, Node))| Entry {
                above: is_told
                    .then(|| format!("about {key}"))
                    .into_iter()
                    .collect(),
                key,
                behind: String::new(),
                node,
            };
            Node::Map(entries.into_iter().map(entry).collect())
        })
    })
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
        if let Node::Map(nested) = &mut entries[place].node
            && edit(nested, at, kind, name)
        {
            return true;
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
        (0 | 1, _) => entries.insert(
            place + usize::from(kind > 5),
            Entry {
                key: name.to_owned(),
                above: vec![format!("about {name}")],
                behind: String::new(),
                node: Node::Scalar(name.to_owned()),
            },
        ),
        (2, _) if !is_alone => drop(entries.remove(place)),
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
            Node::Map(_) => continue,
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
        if let Node::Map(nested) = &entry.node {
            let path = format!("{path}{}", entry.key);
            let comments: String = entry.above.iter().map(|c| format!("# {c}\n")).collect();
            writeln!(text, "\n{comments}[{path}]").unwrap();
            toml(nested, &format!("{path}."), text);
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
                found.push((format!("{path}/={}", item.text().unwrap()), String::new()));
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

fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// Checks a result; whether there was one.
fn check(name: &str, base: &str, present: &str, wanted: &str) -> Result<bool, TestCaseError> {
    let path = RelPath::parse(name).unwrap();
    let merge = |favour| three_way(&path, base, present, wanted, favour);
    prop_assert_eq!(
        three_way(&path, base, present, base, None),
        Some(present.to_owned())
    );
    prop_assert_eq!(
        three_way(&path, base, base, wanted, None),
        Some(wanted.to_owned())
    );
    let favoured = merge(Some(Side::Ours));
    prop_assert!(favoured.is_some());
    prop_assert!(merge(Some(Side::Theirs)).is_some_and(|text| !all(&path, &text).is_empty()));
    let mine = comments(present);
    let old = comments(base);
    let texts = [merge(None), favoured];
    let own: Vec<_> = all(&path, present);
    let [before, now, next] = [base, present, wanted]
        .map(|text| all(&path, text).into_iter().collect::<BTreeMap<_, _>>());
    for text in texts.iter().flatten() {
        for comment in mine.difference(&old) {
            prop_assert!(
                comments(text).contains(comment),
                "{} lost:\n{}",
                comment,
                text
            );
        }
        let result = all(&path, text);
        let values: BTreeMap<_, _> = result.iter().cloned().collect();
        for gone in before.keys().filter(|path| !now.contains_key(*path)) {
            prop_assert!(!values.contains_key(gone), "{} came back:\n{}", gone, text);
        }
        for (path, value) in &now {
            if before.get(path) != Some(value) {
                prop_assert_eq!(values.get(path), Some(value), "{} lost:\n{}", path, text);
            }
        }
        // In the order of the user's.
        let order: Vec<_> = result
            .iter()
            .filter(|(path, _)| now.contains_key(path))
            .collect();
        let kept: Vec<_> = own
            .iter()
            .filter(|(path, _)| values.contains_key(path))
            .collect();
        let keys = |all: Vec<&(String, String)>| {
            all.into_iter()
                .map(|(path, _)| path.clone())
                .collect::<Vec<_>>()
        };
        prop_assert_eq!(keys(order), keys(kept));
    }
    let Some(text) = &texts[0] else {
        return Ok(false);
    };
    let values: BTreeMap<_, _> = all(&path, text).into_iter().collect();
    let deleted =
        |path: &str| parents(path).any(|path| before.contains_key(path) && !now.contains_key(path));
    for (path, value) in &next {
        if before.get(path) != Some(value) && before.get(path) == now.get(path) && !deleted(path) {
            prop_assert_eq!(
                values.get(path),
                Some(value),
                "{} is not in:\n{}",
                path,
                text
            );
        }
    }
    for gone in before.keys().filter(|path| !next.contains_key(*path)) {
        prop_assert!(!values.contains_key(gone), "{} stayed:\n{}", gone, text);
    }
    Ok(true)
}

#[test]
fn no_edit_is_lost() {
    use proptest::test_runner::{Config, TestRunner};
    for name in ["a.yml", "a.jsonc", "a.toml"] {
        let edits = || prop::collection::vec((any::<usize>(), 0..12_u8), 1..5);
        let merged = std::cell::Cell::new(0_u32);
        let mut runner = TestRunner::new_with_rng(
            Config {
                failure_persistence: None,
                cases: 1000,
                ..Config::default()
            },
            proptest::test_runner::TestRng::deterministic_rng(
                proptest::test_runner::RngAlgorithm::ChaCha,
            ),
        );
        runner
            .run(
                &(document(), edits(), edits()),
                |(document, ours, theirs)| {
                    let base = rendered(name, &document);
                    let present = rendered(name, &edited(&document, &ours, "mine"));
                    let wanted = rendered(name, &edited(&document, &theirs, "new"));
                    let done = check(name, &base, &present, &wanted)?;
                    merged.set(merged.get() + u32::from(done));
                    Ok(())
                },
            )
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        // A merge that gives up keeps everything, too.
        assert!(
            merged.get() > 700,
            "{name}: {} of 1000 merged",
            merged.get()
        );
    }
}
