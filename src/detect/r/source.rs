//! What a file of R says, by the grammar of R.

use crate::detect::serving::is_name;
use crate::detect::variable::{Read, Said};
use crate::detect::{Tree, syntax};
use crate::project::{Evidence, RelPath};
use std::collections::BTreeMap;
use tree_sitter::Node;

/// A file that is looked at.
pub(super) struct Source<'t> {
    pub(super) path: &'t RelPath,
    pub(super) text: &'t str,
}

/// One argument of a call.
pub(super) struct Argument<'t> {
    pub(super) name: Option<&'t str>,
    pub(super) value: Node<'t>,
}

/// How deep values are followed.
const DEPTH: usize = 8;

/// The values that names stand for in a file.
pub(super) type Names<'t> = BTreeMap<&'t str, Node<'t>>;

/// Parses a source that holds one of `words` (any source where there is none), and looks at it.
pub(super) fn with_tree<T>(
    tree: &Tree,
    path: &RelPath,
    words: &[&str],
    look: impl for<'s> FnOnce(&'s Source<'s>, Node<'s>) -> T,
) -> Option<T> {
    let text = tree.text(path)?;
    if !words.is_empty() && !words.iter().any(|word| text.contains(word)) {
        return None;
    }
    let parsed = syntax::parse(&tree_sitter_r::LANGUAGE.into(), &text)?;
    let source = Source { path, text: &text };
    Some(look(&source, parsed.root_node()))
}

impl<'t> Source<'t> {
    pub(super) fn of(&self, node: Node<'_>) -> &'t str {
        syntax::text(node, self.text)
    }

    pub(super) fn at(&self, tree: &Tree, node: Node<'_>) -> Evidence {
        tree.at(self.path, syntax::line(node))
    }

    /// The name of the function or method that is called, without its package or object.
    pub(super) fn function(&self, call: Node<'_>) -> &'t str {
        let function = call.child_by_field_name("function");
        let last = function.and_then(|node| match node.kind() {
            "namespace_operator" | "extract_operator" => node.child_by_field_name("rhs"),
            _ => Some(node),
        });
        last.map_or("", |node| self.of(node))
    }

    pub(super) fn arguments(&self, call: Node<'t>) -> Vec<Argument<'t>> {
        let list = call.child_by_field_name("arguments");
        list.map(syntax::children)
            .unwrap_or_default()
            .into_iter()
            .filter(|node| node.kind() == "argument")
            .filter_map(|node| {
                Some(Argument {
                    name: node.child_by_field_name("name").map(|name| self.of(name)),
                    value: node.child_by_field_name("value")?,
                })
            })
            .collect()
    }

    /// The argument `name`, else the one at this place among those without a name.
    pub(super) fn argument(&self, call: Node<'t>, name: &str, place: usize) -> Option<Node<'t>> {
        let all = self.arguments(call);
        let named = all.iter().find(|one| one.name == Some(name));
        let plain = || all.iter().filter(|one| one.name.is_none()).nth(place);
        named.or_else(plain).map(|one| one.value)
    }

    /// The argument that is called `name`.
    pub(super) fn named(&self, call: Node<'t>, name: &str) -> Option<Node<'t>> {
        let mut all = self.arguments(call).into_iter();
        all.find_map(|one| (one.name == Some(name)).then_some(one.value))
    }

    /// The text of a string.
    pub(super) fn string(&self, node: Node<'_>) -> Option<String> {
        (node.kind() == "string").then(|| {
            let content = node.child_by_field_name("content");
            content.map_or_else(String::new, |content| self.of(content).to_owned())
        })
    }

    /// What a value is, following names of this file and the defaults of variables.
    pub(super) fn value(&self, node: Node<'t>, names: &Names<'t>) -> Option<Said> {
        self.valued(node, names, DEPTH)
    }

    fn valued(&self, node: Node<'t>, names: &Names<'t>, depth: usize) -> Option<Said> {
        let depth = depth.checked_sub(1)?;
        let plain = |text: String| Said {
            text,
            variable: None,
        };
        match node.kind() {
            "string" => self.string(node).map(plain),
            "integer" | "float" => Some(plain(self.of(node).trim_end_matches('L').to_owned())),
            "true" | "false" => Some(plain(self.of(node).to_owned())),
            "identifier" => {
                let value = names.get(self.of(node)).copied()?;
                self.valued(value, names, depth)
            }
            "parenthesized_expression" => self.valued(syntax::children(node).pop()?, names, depth),
            // `Sys.getenv("X") %||% "y"`
            "binary_operator" => {
                let operator = node.child_by_field_name("operator")?;
                if self.of(operator) != "%||%" {
                    return None;
                }
                let left = node.child_by_field_name("lhs")?;
                let right = self.valued(node.child_by_field_name("rhs")?, names, depth)?;
                Some(Said {
                    text: right.text,
                    variable: self.reads(left).pop().map(|read| read.name),
                })
            }
            "call" => match self.function(node) {
                "Sys.getenv" => {
                    let read = self.reads(node).pop()?;
                    Some(Said {
                        text: read.default?,
                        variable: Some(read.name),
                    })
                }
                "as.integer" | "as.numeric" | "as.character" | "strtoi" | "as.double"
                | "identity" | "trimws" | "here" | "file.path" => {
                    let first = self.arguments(node).into_iter().next()?;
                    self.valued(first.value, names, depth)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The variables that a call of `Sys.getenv` reads.
    pub(super) fn reads(&self, call: Node<'t>) -> Vec<Read> {
        if call.kind() != "call" || self.function(call) != "Sys.getenv" {
            return Vec::new();
        }
        let Some(first) = self.argument(call, "x", 0) else {
            return Vec::new();
        };
        let names: Vec<String> = if first.kind() == "call" && self.function(first) == "c" {
            let all = self.arguments(first).into_iter();
            all.filter_map(|one| self.string(one.value)).collect()
        } else {
            self.string(first).into_iter().collect()
        };
        let unset = self.argument(call, "unset", 1);
        let default = unset.and_then(|node| self.literal(node));
        let default = default.or_else(|| {
            let outer = call.parent()?;
            let operator = outer.child_by_field_name("operator")?;
            let right = outer.child_by_field_name("rhs")?;
            (self.of(operator) == "%||%" && right != call).then(|| self.literal(right))?
        });
        names
            .into_iter()
            .filter(|name| is_variable(name))
            .map(|name| Read {
                name,
                line: syntax::line(call),
                default: default.clone(),
                required: false,
            })
            .collect()
    }

    /// The text of a text, a number or a boolean.
    fn literal(&self, node: Node<'_>) -> Option<String> {
        match node.kind() {
            "string" => self.string(node),
            "integer" | "float" => Some(self.of(node).trim_end_matches('L').to_owned()),
            "true" | "false" => Some(self.of(node).to_owned()),
            _ => None,
        }
    }
}

/// Whether a shell could set a variable of this name, and somebody would take it for one.
fn is_variable(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    is_name(name) || name.contains('_') && name.chars().all(plain)
}

/// What each name is set to first.
pub(super) fn names<'t>(source: &Source<'t>, root: Node<'t>) -> Names<'t> {
    let mut found = BTreeMap::new();
    for (name, value) in assignments(source, root) {
        found.entry(name).or_insert(value);
    }
    found
}

/// Every `name <- value`, in order.
pub(super) fn assignments<'t>(source: &Source<'t>, root: Node<'t>) -> Vec<(&'t str, Node<'t>)> {
    let all = syntax::all(root, "binary_operator").into_iter();
    all.filter_map(|node| {
        let operator = source.of(node.child_by_field_name("operator")?);
        let (left, right) = (
            node.child_by_field_name("lhs")?,
            node.child_by_field_name("rhs")?,
        );
        match operator {
            "<-" | "<<-" | "=" if left.kind() == "identifier" => Some((source.of(left), right)),
            "->" if right.kind() == "identifier" => Some((source.of(right), left)),
            _ => None,
        }
    })
    .collect()
}

/// Functions of a file that hand a name of theirs on to the environment: `env <- function(name, d) Sys.getenv(name, d)`.
pub(super) fn wrappers<'t>(source: &Source<'t>, root: Node<'t>) -> Vec<String> {
    let all = assignments(source, root).into_iter();
    all.filter(|(_, value)| value.kind() == "function_definition")
        .filter(|(_, value)| {
            let parameters: Vec<&str> = syntax::all(*value, "parameter")
                .into_iter()
                .filter_map(|one| one.child_by_field_name("name"))
                .map(|name| source.of(name))
                .collect();
            let calls = syntax::all(*value, "call").into_iter();
            calls
                .filter(|call| source.function(*call) == "Sys.getenv")
                .filter_map(|call| source.argument(call, "x", 0))
                .any(|first| {
                    parameters
                        .first()
                        .is_some_and(|name| *name == source.of(first))
                })
        })
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Everything that a source reads of the environment, by itself or through the functions `handed`.
pub(super) fn reads<'t>(source: &Source<'t>, root: Node<'t>, handed: &[String]) -> Vec<Read> {
    let mut found = Vec::new();
    for call in syntax::all(root, "call") {
        found.extend(source.reads(call));
        if !handed.iter().any(|name| name == source.function(call)) {
            continue;
        }
        let mut all = source.arguments(call).into_iter();
        let name = all.next().and_then(|one| source.string(one.value));
        if let Some(name) = name.filter(|name| is_variable(name)) {
            found.push(Read {
                name,
                line: syntax::line(call),
                default: all.next().and_then(|one| source.literal(one.value)),
                required: false,
            });
        }
    }
    found
}

/// The packages that a source loads or calls, with the line of the first place.
pub(super) fn loads<'t>(source: &Source<'t>, root: Node<'t>) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for node in syntax::all_of(root, &["call", "namespace_operator"]) {
        let name = if node.kind() == "namespace_operator" {
            node.child_by_field_name("lhs")
                .map(|name| source.of(name).to_owned())
        } else if matches!(
            source.function(node),
            "library" | "require" | "requireNamespace" | "loadNamespace" | "p_load"
        ) {
            source.argument(node, "package", 0).and_then(|first| {
                let bare = (first.kind() == "identifier").then(|| source.of(first).to_owned());
                source.string(first).or(bare)
            })
        } else {
            None
        };
        found.extend(name.map(|name| (name, syntax::line(node))));
    }
    found
}
