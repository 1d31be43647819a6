//! YAML as nodes that know their lines. Aliases stay aliases: nothing is expanded.

use super::value::{Scalar, Value};
use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};
use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

/// Collections nested deeper are no configuration; walks recurse.
const MAX_DEPTH: usize = 200;

pub(super) struct Document<'t> {
    /// With their ends.
    pub lines: Vec<&'t str>,
    /// One of each document of the file.
    roots: Vec<Node>,
}

#[derive(Debug)]
pub(super) struct Node {
    pub shape: Shape,
    /// In block style and without a key that is no scalar: entries begin on lines of their own.
    pub is_block: bool,
    /// Its last line (from 0) that has content.
    pub last: usize,
    /// Where a scalar of one line stands in it: line (from 0) and bytes.
    pub raw: Option<(usize, Range<usize>)>,
}

#[derive(Debug)]
pub(super) enum Shape {
    Scalar(Scalar),
    Map(Vec<Entry>),
    List(Vec<Node>),
}

#[derive(Debug)]
pub(super) struct Entry {
    pub key: String,
    /// Line (from 0) and column (from 0, in characters) of the key.
    pub at: (usize, usize),
    pub node: Node,
}

impl<'t> Document<'t> {
    /// None where it is no YAML, nested too deeply, or has a key twice.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut reader = Reader {
            text,
            lines: &lines,
            open: Vec::new(),
            roots: Vec::new(),
        };
        for event in Parser::new_from_str(text) {
            let (event, span) = event.ok()?;
            reader.read(event, &span)?;
        }
        let roots = reader.roots;
        Some(Self { lines, roots })
    }

    /// The node of a file with one document.
    pub(super) fn root(&self) -> Option<&Node> {
        match self.roots.as_slice() {
            [root] => Some(root),
            _ => None,
        }
    }

    pub(super) fn value(&self) -> Value {
        let numbered = self.roots.iter().zip(0_usize..);
        Value::Map(
            numbered
                .map(|(root, at)| (at.to_string(), root.value()))
                .collect(),
        )
    }
}

impl Node {
    pub(super) fn value(&self) -> Value {
        match &self.shape {
            Shape::Scalar(scalar) => Value::Scalar(scalar.clone()),
            Shape::Map(entries) => Value::Map(
                (entries.iter())
                    .map(|entry| (entry.key.clone(), entry.node.value()))
                    .collect(),
            ),
            Shape::List(items) => Value::List(items.iter().map(Self::value).collect()),
        }
    }
}

/// A collection whose end is still to come.
struct Open {
    node: Node,
    /// The key whose value comes next.
    key: Option<(String, (usize, usize))>,
}

struct Reader<'t> {
    text: &'t str,
    lines: &'t [&'t str],
    open: Vec<Open>,
    roots: Vec<Node>,
}

impl Reader<'_> {
    fn read(&mut self, event: Event, span: &Span) -> Option<()> {
        let line = span.start.line().saturating_sub(1);
        let collection = |shape, style| Open {
            node: Node {
                shape,
                is_block: style == StructureStyle::Block,
                last: line,
                raw: None,
            },
            key: None,
        };
        match event {
            Event::SequenceStart(style, ..) => {
                self.open.push(collection(Shape::List(Vec::new()), style));
            }
            Event::MappingStart(style, ..) => {
                self.open.push(collection(Shape::Map(Vec::new()), style));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let mut node = self.open.pop()?.node;
                if !node.is_block {
                    node.last = node.last.max(span.end.line().saturating_sub(1));
                }
                if let Shape::Map(entries) = &node.shape {
                    let mut keys = HashSet::new();
                    if !entries.iter().all(|entry| keys.insert(&entry.key)) {
                        return None;
                    }
                }
                self.put(node, span);
            }
            Event::Scalar(text, style, _, tag) => {
                let is_text = style != ScalarStyle::Plain
                    || tag.is_none()
                        && matches!(
                            saphyr::Scalar::parse_from_cow(Cow::Borrowed(&*text)),
                            saphyr::Scalar::String(_)
                        );
                let text = match tag {
                    Some(tag) => format!("{tag} {text}"),
                    None => text.into_owned(),
                };
                let is_long = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                self.leaf(Scalar { is_text, text }, is_long, span);
            }
            Event::Alias(_) => {
                let text = span.slice(self.text)?.to_owned();
                let is_text = false;
                self.leaf(Scalar { is_text, text }, false, span);
            }
            _ => {}
        }
        (self.open.len() <= MAX_DEPTH).then_some(())
    }

    fn leaf(&mut self, scalar: Scalar, is_long: bool, span: &Span) {
        let (start, end) = (span.start.line().saturating_sub(1), span.end.line() - 1);
        let last = if is_long {
            self.last_of_long(span)
        } else {
            end
        };
        let raw = (!is_long && start == end)
            .then(|| {
                let bytes = span.byte_range()?;
                let before =
                    bytes.start - self.text[..bytes.start].rfind('\n').map_or(0, |at| at + 1);
                Some((start, before..before + bytes.len()))
            })
            .flatten();
        let node = Node {
            shape: Shape::Scalar(scalar),
            is_block: false,
            last,
            raw,
        };
        self.put(node, span);
    }

    /// The span of a block scalar goes on to what follows it.
    fn last_of_long(&self, span: &Span) -> usize {
        let (start, column) = (span.start.line().saturating_sub(1), span.start.col());
        let mut last = (span.end.line() - 1).min(self.lines.len().saturating_sub(1));
        let is_content = |at: usize| {
            let line = self.lines[at];
            !line.trim().is_empty() && line.len() - line.trim_start_matches(' ').len() >= column
        };
        while last > start && !is_content(last) {
            last -= 1;
        }
        last
    }

    fn put(&mut self, node: Node, span: &Span) {
        let Some(parent) = self.open.last_mut() else {
            self.roots.push(node);
            return;
        };
        parent.node.last = parent.node.last.max(node.last);
        match &mut parent.node.shape {
            Shape::List(items) => items.push(node),
            Shape::Map(entries) => {
                if let Some((key, at)) = parent.key.take() {
                    entries.push(Entry { key, at, node });
                } else {
                    parent.node.is_block &= node.raw.is_some();
                    let at = (span.start.line().saturating_sub(1), span.start.col());
                    parent.key = Some((key_of(&node), at));
                }
            }
            Shape::Scalar(_) => {}
        }
    }
}

/// `1` and `"1"` are two keys.
fn key_of(node: &Node) -> String {
    match &node.shape {
        Shape::Scalar(scalar) if scalar.is_text => scalar.text.clone(),
        _ => format!("{:?}", node.value()),
    }
}
