//! What a file of Elixir says, by the grammar of Elixir: calls, keyword lists, and values as far as they
//! can be told without running anything.

use super::read;
use crate::detect::variable::Said;
use crate::detect::{Tree, syntax};
use crate::project::{Evidence, RelPath};
use std::collections::BTreeMap;
use tree_sitter::Node;

/// A file that is looked at.
pub(super) struct Source<'t> {
    pub(super) path: &'t RelPath,
    pub(super) text: &'t str,
}

/// How deep values are followed.
const DEPTH: usize = 8;

/// Parses a source that holds one of `words` (any source where there is none), and looks at it.
pub(super) fn with_tree<T>(
    tree: &Tree,
    path: &RelPath,
    words: &[&str],
    look: impl FnOnce(&Source<'_>, Node<'_>) -> T,
) -> Option<T> {
    let text = tree.text(path)?;
    if !words.is_empty() && !words.iter().any(|word| text.contains(word)) {
        return None;
    }
    let parsed = syntax::parse(&tree_sitter_elixir::LANGUAGE.into(), &text)?;
    Some(look(&Source { path, text: &text }, parsed.root_node()))
}

/// The named children of `node` that are no comments.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut all = syntax::children(node);
    all.retain(|node| node.kind() != "comment");
    all
}

fn child<'t>(node: Node<'t>, kind: &str) -> Option<Node<'t>> {
    children(node).into_iter().find(|node| node.kind() == kind)
}

/// The arguments of a call, in order; keywords are one of them, the last.
pub(super) fn arguments(call: Node<'_>) -> Vec<Node<'_>> {
    child(call, "arguments").map(children).unwrap_or_default()
}

/// What stands between `do` and `end`, or behind `do:`.
pub(super) fn body(call: Node<'_>) -> Option<Node<'_>> {
    child(call, "do_block")
}

impl<'t> Source<'t> {
    pub(super) fn of(&self, node: Node<'_>) -> &'t str {
        syntax::text(node, self.text)
    }

    /// The line as the file has it.
    pub(super) fn at(&self, tree: &Tree, node: Node<'_>) -> Evidence {
        tree.at(self.path, syntax::line(node))
    }

    /// What is called: `config`, `System.get_env`.
    pub(super) fn target(&self, call: Node<'_>) -> &'t str {
        let target = call.child_by_field_name("target");
        target.map_or("", |target| self.of(target))
    }

    /// Every call of `name`.
    pub(super) fn calls<'n>(&self, root: Node<'n>, name: &str) -> Vec<Node<'n>> {
        let all = syntax::all(root, "call").into_iter();
        all.filter(|call| self.target(*call) == name).collect()
    }

    /// The text of a string or charlist without anything computed in it.
    pub(super) fn string(&self, node: Node<'_>) -> Option<String> {
        if !matches!(node.kind(), "string" | "charlist" | "sigil") {
            return None;
        }
        let parts = children(node);
        // `~c"NAME"` and `~s(text)`; other sigils are lists or patterns.
        let sigil = parts.iter().find(|part| part.kind() == "sigil_name");
        if sigil.is_some_and(|name| !matches!(self.of(*name), "c" | "s" | "C" | "S")) {
            return None;
        }
        let parts = parts.iter().filter(|part| part.kind() != "sigil_name");
        let plain = |part: &&Node<'_>| matches!(part.kind(), "quoted_content" | "escape_sequence");
        parts
            .clone()
            .all(|part| plain(&part))
            .then(|| parts.map(|part| self.of(*part)).collect())
    }

    /// The name of an atom: `:prod`, `:"with space"`.
    pub(super) fn atom(&self, node: Node<'_>) -> Option<String> {
        match node.kind() {
            "atom" => Some(self.of(node).trim_start_matches(':').to_owned()),
            "quoted_atom" => Some(
                self.of(node)
                    .trim_start_matches(':')
                    .trim_matches('"')
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// The names in `[:dev, :test]`, `~w(dev test)a` or of one atom.
    pub(super) fn atoms(&self, node: Node<'_>) -> Vec<String> {
        match node.kind() {
            "list" => children(node)
                .into_iter()
                .filter_map(|one| self.atom(one))
                .collect(),
            "sigil" => {
                let content = child(node, "quoted_content").map_or("", |node| self.of(node));
                content.split_whitespace().map(str::to_owned).collect()
            }
            _ => self.atom(node).into_iter().collect(),
        }
    }

    /// The keys and values of keywords, of a list or a map of them, and of a list of pairs.
    pub(super) fn entries<'n>(&self, node: Node<'n>) -> Vec<(String, Node<'n>)> {
        match node.kind() {
            "list" | "keywords" | "arguments" | "map" | "map_content" => children(node)
                .into_iter()
                .flat_map(|one| self.entries(one))
                .collect(),
            "pair" => {
                let key = node.child_by_field_name("key");
                let value = node.child_by_field_name("value");
                key.zip(value)
                    .map(|(key, value)| (self.key(key), value))
                    .into_iter()
                    .collect()
            }
            "tuple" => {
                let parts = children(node);
                match parts.as_slice() {
                    [key, value] => self
                        .atom(*key)
                        .map(|key| (key, *value))
                        .into_iter()
                        .collect(),
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    fn key(&self, node: Node<'_>) -> String {
        let text = self.of(node).trim_end().trim_end_matches(':');
        text.trim_matches('"').to_owned()
    }

    /// The value of `key` among keywords.
    pub(super) fn entry<'n>(&self, node: Node<'n>, key: &str) -> Option<Node<'n>> {
        let mut all = self.entries(node).into_iter();
        all.find_map(|(known, value)| (known == key).then_some(value))
    }

    /// The value of `key` among the keywords of a call.
    pub(super) fn option<'n>(&self, call: Node<'n>, key: &str) -> Option<Node<'n>> {
        let all = arguments(call).into_iter();
        all.rev().find_map(|one| match one.kind() {
            "keywords" | "list" => self.entry(one, key),
            _ => None,
        })
    }

    /// What a value is, following names of this file and the defaults of variables.
    pub(super) fn value(&self, node: Node<'_>, names: &Names<'_>) -> Option<Said> {
        self.valued(node, names, DEPTH)
    }

    fn valued(&self, node: Node<'_>, names: &Names<'_>, depth: usize) -> Option<Said> {
        let depth = depth.checked_sub(1)?;
        let plain = |text: String| Said {
            text,
            variable: None,
        };
        if let Some(read) = read::one(self, node, names) {
            return Some(Said {
                text: read.default?,
                variable: Some(read.name),
            });
        }
        match node.kind() {
            "integer" => Some(plain(self.of(node).replace('_', ""))),
            "boolean" => Some(plain(self.of(node).to_owned())),
            "string" | "charlist" | "sigil" => self.string(node).map(plain),
            "atom" => self.atom(node).map(plain),
            "block" => self.valued(children(node).pop()?, names, depth),
            "identifier" => self.valued(names.get(self.of(node)).copied()?, names, depth),
            "unary_operator" => self.valued(names.get(self.of(node)).copied()?, names, depth),
            "binary_operator" => {
                let left = node.child_by_field_name("left")?;
                let right = node.child_by_field_name("right")?;
                match self.operator(node) {
                    "|>" => self.valued(left, names, depth),
                    "||" => match read::one(self, read::inner(self, left), names) {
                        Some(read) => {
                            let default = read
                                .default
                                .or_else(|| Some(self.valued(right, names, depth)?.text));
                            Some(Said {
                                text: default?,
                                variable: Some(read.name),
                            })
                        }
                        None => self
                            .valued(left, names, depth)
                            .or_else(|| self.valued(right, names, depth)),
                    },
                    _ => None,
                }
            }
            "call" => {
                let inner = read::inner(self, node);
                if inner != node {
                    return self.valued(inner, names, depth);
                }
                // A function of this file.
                let known = names
                    .get(self.target(node))
                    .copied()
                    .filter(|_| arguments(node).is_empty())?;
                self.valued(known, names, depth)
            }
            _ => None,
        }
    }

    pub(super) fn operator(&self, node: Node<'_>) -> &'t str {
        let operator = node.child_by_field_name("operator");
        operator.map_or("", |operator| self.of(operator))
    }

    /// Name, parameters and the expression that a function gives, of each clause.
    pub(super) fn functions<'n>(&self, root: Node<'n>) -> Vec<Function<'t, 'n>> {
        let mut found = Vec::new();
        for call in syntax::all(root, "call") {
            if !matches!(self.target(call), "def" | "defp" | "defmacro") {
                continue;
            }
            let all = arguments(call);
            let Some(mut head) = all.first().copied() else {
                continue;
            };
            if head.kind() == "binary_operator" && self.operator(head) == "when" {
                head = head.child_by_field_name("left").unwrap_or(head);
            }
            let (name, parameters) = match head.kind() {
                "call" => (self.target(head), arguments(head)),
                _ => (self.of(head), Vec::new()),
            };
            let inline = || self.option(call, "do");
            let whole = body(call).or_else(inline);
            found.extend(whole.map(|whole| Function {
                name,
                parameters,
                whole,
            }));
        }
        found
    }
}

/// One clause of a function.
pub(super) struct Function<'t, 'n> {
    pub(super) name: &'t str,
    pub(super) parameters: Vec<Node<'n>>,
    pub(super) whole: Node<'n>,
}

impl<'n> Function<'_, 'n> {
    /// The last expression, which it gives.
    pub(super) fn given(&self) -> Option<Node<'n>> {
        match self.whole.kind() {
            "do_block" => children(self.whole).into_iter().rfind(|node| {
                !matches!(
                    node.kind(),
                    "rescue_block" | "after_block" | "catch_block" | "else_block"
                )
            }),
            _ => Some(self.whole),
        }
    }
}

/// The values that names stand for in a file: variables, `@attributes`, functions without parameters.
pub(super) type Names<'t> = BTreeMap<&'t str, Node<'t>>;

/// What each name is set to first.
pub(super) fn names<'s, 't: 's>(
    source: &Source<'s>,
    root: Node<'t>,
) -> BTreeMap<&'s str, Node<'t>> {
    let mut found = BTreeMap::new();
    for node in syntax::all_of(root, &["binary_operator", "unary_operator"]) {
        if node.kind() == "binary_operator" {
            let left = node.child_by_field_name("left");
            let right = node.child_by_field_name("right");
            if let (Some(left), Some(right)) = (left, right)
                && left.kind() == "identifier"
                && source.operator(node) == "="
            {
                found.entry(source.of(left)).or_insert(right);
            }
            continue;
        }
        // `@version "1.0.0"` is a call below the sign.
        let call = node
            .child_by_field_name("operand")
            .filter(|operand| operand.kind() == "call");
        let Some(call) = call.filter(|_| source.operator(node) == "@") else {
            continue;
        };
        if let [value] = arguments(call).as_slice() {
            let start = node.start_byte();
            let end = call
                .child_by_field_name("target")
                .map_or(start, |target| target.end_byte());
            found
                .entry(source.text.get(start..end).unwrap_or_default())
                .or_insert(*value);
        }
    }
    for function in source.functions(root) {
        if function.parameters.is_empty()
            && let Some(given) = function.given()
        {
            found.entry(function.name).or_insert(given);
        }
    }
    found
}
