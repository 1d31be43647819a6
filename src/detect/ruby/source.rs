//! What a file of Ruby says, by the grammar of Ruby; of ERB, what stands between its marks.

use super::erb;
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
pub(super) const DEPTH: usize = 8;

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
    let ruby;
    let text: &str = if matches!(path.extension(), "erb" | "yml" | "yaml") {
        ruby = erb::code(&text, path.extension() != "erb");
        &ruby
    } else {
        &text
    };
    let parsed = syntax::parse(&tree_sitter_ruby::LANGUAGE.into(), text)?;
    Some(look(&Source { path, text }, parsed.root_node()))
}

/// The arguments of a call, in order.
pub(super) fn arguments(call: Node<'_>) -> Vec<Node<'_>> {
    let list = call.child_by_field_name("arguments");
    list.map(syntax::children)
        .unwrap_or_default()
        .into_iter()
        .filter(|node| node.kind() != "comment")
        .collect()
}

impl<'t> Source<'t> {
    pub(super) fn of(&self, node: Node<'_>) -> &'t str {
        syntax::text(node, self.text)
    }

    /// The line as the file has it.
    pub(super) fn at(&self, tree: &Tree, node: Node<'_>) -> Evidence {
        tree.at(self.path, syntax::line(node))
    }

    /// The name of the method that is called.
    pub(super) fn method(&self, call: Node<'_>) -> &'t str {
        let method = call.child_by_field_name("method");
        method.map_or("", |method| self.of(method))
    }

    /// Every call of the method `name` that names no receiver.
    pub(super) fn calls<'n>(&self, root: Node<'n>, name: &str) -> Vec<Node<'n>> {
        let all = syntax::all(root, "call").into_iter();
        all.filter(|call| {
            call.child_by_field_name("receiver").is_none() && self.method(*call) == name
        })
        .collect()
    }

    /// A text without anything computed in it, or the name of a symbol.
    pub(super) fn string(&self, node: Node<'_>) -> Option<String> {
        match node.kind() {
            "string" => {
                let parts = syntax::children(node);
                let plain = parts.iter().all(|part| part.kind() == "string_content");
                plain.then(|| parts.iter().map(|part| self.of(*part)).collect())
            }
            "simple_symbol" => Some(self.of(node).trim_start_matches(':').to_owned()),
            "hash_key_symbol" | "bare_string" => Some(self.of(node).to_owned()),
            _ => None,
        }
    }

    /// The value of a keyword argument: `group: :test`, `:group => :test`.
    pub(super) fn option<'n>(&self, call: Node<'n>, name: &str) -> Option<Node<'n>> {
        arguments(call).into_iter().find_map(|pair| {
            let key = pair.child_by_field_name("key")?;
            (self.string(key)? == name).then(|| pair.child_by_field_name("value"))?
        })
    }

    /// The texts of one or of a list: `:test`, `[:development, :test]`, `%i[a b]`.
    pub(super) fn strings(&self, node: Node<'_>) -> Vec<String> {
        match node.kind() {
            "array" => syntax::children(node)
                .into_iter()
                .filter_map(|one| self.string(one))
                .collect(),
            "symbol_array" | "string_array" => {
                let all = syntax::children(node).into_iter();
                all.map(|one| self.of(one).to_owned()).collect()
            }
            _ => self.string(node).into_iter().collect(),
        }
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
        if let Some(read) = self.read(node) {
            let block = node.child_by_field_name("block").and_then(block_value);
            let default = read.default.or_else(|| {
                let inner = block.and_then(|inner| self.valued(inner, names, depth));
                inner.map(|said| said.text)
            });
            return Some(Said {
                text: default?,
                variable: Some(read.name),
            });
        }
        match node.kind() {
            "integer" => Some(plain(self.of(node).replace('_', ""))),
            "simple_symbol" => self.string(node).map(plain),
            "string" => {
                let mut said = plain(String::new());
                for part in syntax::children(node) {
                    if part.kind() == "interpolation" {
                        let inner = self.valued(syntax::children(part).pop()?, names, depth)?;
                        said.text.push_str(&inner.text);
                        said.variable = said.variable.or(inner.variable);
                    } else {
                        said.text.push_str(self.of(part));
                    }
                }
                Some(said)
            }
            "identifier" | "constant" => {
                let value = names.get(self.of(node)).copied()?;
                self.valued(value, names, depth)
            }
            "parenthesized_statements" => self.valued(syntax::children(node).pop()?, names, depth),
            "binary"
                if node.child_by_field_name("operator").map(|it| self.of(it)) == Some("||") =>
            {
                let left = node.child_by_field_name("left")?;
                let right = || self.valued(node.child_by_field_name("right")?, names, depth);
                match self.read(self.inner(left)) {
                    Some(read) => Some(Said {
                        text: right()?.text,
                        variable: Some(read.name),
                    }),
                    None => self.valued(left, names, depth).or_else(right),
                }
            }
            "call" => {
                let inner = self.inner(node);
                (inner != node).then(|| self.valued(inner, names, depth))?
            }
            _ => None,
        }
    }

    /// What a call that only converts is made of: `x.to_i`, `Integer(x)`, `x.presence`.
    pub(super) fn inner<'n>(&self, node: Node<'n>) -> Node<'n> {
        let mut inner = node;
        for _ in 0..DEPTH {
            let next = match inner.kind() {
                "parenthesized_statements" => syntax::children(inner).pop(),
                "call" => match (self.method(inner), inner.child_by_field_name("receiver")) {
                    ("Integer" | "Float" | "String", None) => arguments(inner).into_iter().next(),
                    (
                        "to_i" | "to_s" | "to_f" | "to_sym" | "presence" | "freeze" | "strip"
                        | "chomp" | "downcase" | "present?" | "blank?",
                        receiver,
                    ) => receiver,
                    _ => None,
                },
                _ => None,
            };
            match next {
                Some(next) => inner = next,
                None => break,
            }
        }
        inner
    }
}

/// The value of a block that holds nothing else.
pub(super) fn block_value(block: Node<'_>) -> Option<Node<'_>> {
    let body = block.child_by_field_name("body")?;
    let parts = syntax::children(body);
    (parts.len() == 1).then(|| parts[0])
}

/// The values that names stand for in a file.
pub(super) type Names<'t> = BTreeMap<&'t str, Node<'t>>;

/// What each name is set to first.
pub(super) fn names<'s, 't: 's>(
    source: &Source<'s>,
    root: Node<'t>,
) -> BTreeMap<&'s str, Node<'t>> {
    let mut found = BTreeMap::new();
    for set in syntax::all(root, "assignment") {
        let left = set.child_by_field_name("left");
        let right = set.child_by_field_name("right");
        if let (Some(left), Some(right)) = (left, right)
            && matches!(left.kind(), "identifier" | "constant")
        {
            found.entry(source.of(left)).or_insert(right);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_follow_names_and_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let text = "HOST = '0.0.0.0'\nport_number = ENV.fetch('PORT', 3_000)\nbind \"tcp://#{HOST}:#{port_number}\"\nloop_a = loop_b\nloop_b = loop_a\nworkers loop_a\n";
        std::fs::write(folder.path().join("puma.rb"), text).unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        let path = RelPath::parse("puma.rb").unwrap();
        let said = with_tree(&tree, &path, &[], |source, root| {
            let names = names(source, root);
            ["bind", "workers"].map(|name| {
                let call = source.calls(root, name)[0];
                source.value(arguments(call)[0], &names)
            })
        });
        let bind = Said {
            text: "tcp://0.0.0.0:3000".to_owned(),
            variable: Some("PORT".to_owned()),
        };
        assert_eq!(said, Some([Some(bind), None]));
    }
}
