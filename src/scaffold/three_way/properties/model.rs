//! Documents and edits at random, written in each format.

use proptest::prelude::*;
use std::fmt::Write;

#[derive(Debug, Clone)]
pub(super) enum Node {
    Scalar(String),
    List(Vec<String>),
    Map(Vec<Entry>),
    /// Mappings with a name each.
    Items(Vec<Vec<Entry>>),
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    key: String,
    above: Vec<String>,
    behind: String,
    node: Node,
}

/// A place among the entries of all mappings, and what to do there.
pub(super) type Edit = (usize, u8);

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

pub(super) fn document() -> impl Strategy<Value = Vec<Entry>> {
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

pub(super) fn edited(entries: &[Entry], edits: &[Edit], who: &str) -> Vec<Entry> {
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
                for item in items {
                    writeln!(text, "{pad}- {item}").unwrap();
                }
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

fn above(entry: &Entry) -> String {
    (entry.above.iter()).fold(String::new(), |text, comment| {
        format!("{text}# {comment}\n")
    })
}

fn toml(entries: &[Entry], path: &str, text: &mut String) {
    for entry in entries {
        let value = match &entry.node {
            Node::Scalar(value) => format!("\"{value}\""),
            Node::List(items) => format!("{items:?}"),
            Node::Map(_) | Node::Items(_) => continue,
        };
        let comments = above(entry);
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
        let comments = above(entry);
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

pub(super) fn rendered(path: &str, entries: &[Entry]) -> String {
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
