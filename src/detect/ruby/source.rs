//! What a file of Ruby says, by the grammar of Ruby; of ERB, what stands between its marks.

use super::erb;
use crate::detect::serving::is_name;
use crate::detect::variable::Read;
use crate::detect::{Tree, syntax};
use crate::project::{Evidence, RelPath};
use std::collections::BTreeMap;
use tree_sitter::Node;

/// A file that is looked at.
pub(super) struct Source<'t> {
    pub(super) path: &'t RelPath,
    pub(super) text: &'t str,
}

/// A value as code has it: the text, and the variable of the environment that may replace it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) variable: Option<String>,
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

    /// The variable that an expression reads: `ENV["X"]`, `ENV.fetch("X", 1)`, `ENV.key?("X")`.
    pub(super) fn read(&self, node: Node<'_>) -> Option<Read> {
        let (object, name, default, required) = match node.kind() {
            "element_reference" => {
                let parts = syntax::children(node);
                (*parts.first()?, *parts.get(1)?, None, false)
            }
            "call" => {
                let all = arguments(node);
                let method = self.method(node);
                if !matches!(method, "fetch" | "key?" | "has_key?" | "include?" | "dig") {
                    return None;
                }
                let default = all.get(1).copied();
                let required = method == "fetch"
                    && default.is_none()
                    && node.child_by_field_name("block").is_none();
                let object = node.child_by_field_name("receiver")?;
                (object, *all.first()?, default, required)
            }
            _ => return None,
        };
        if !matches!(self.of(object), "ENV" | "::ENV") {
            return None;
        }
        let block = node.child_by_field_name("block").and_then(block_value);
        let literal = default.or(block).and_then(|value| self.literal(value));
        Some(Read {
            name: self.string(name).filter(|name| is_variable(name))?,
            line: syntax::line(node),
            default: literal.or_else(|| self.fallback(node)),
            required,
        })
    }

    /// The literal behind `||` or in `||=`.
    fn fallback(&self, node: Node<'_>) -> Option<String> {
        let mut inner = node;
        let mut outer = node.parent()?;
        for _ in 0..DEPTH {
            if outer.kind() == "argument_list" || self.inner(outer) != node {
                break;
            }
            inner = outer;
            outer = outer.parent()?;
        }
        let operator = outer.child_by_field_name("operator");
        let operator = operator.map_or("", |operator| self.of(operator));
        let is_left = outer.child_by_field_name("left") == Some(inner);
        if !is_left || !matches!(operator, "||" | "||=") {
            return None;
        }
        self.literal(outer.child_by_field_name("right")?)
    }

    /// The text of a text, a number or a boolean.
    fn literal(&self, node: Node<'_>) -> Option<String> {
        let node = self.inner(node);
        match node.kind() {
            "string" => self.string(node),
            "integer" | "float" => Some(self.of(node).replace('_', "")),
            "true" | "false" => Some(self.of(node).to_owned()),
            "simple_symbol" => self.string(node),
            _ => None,
        }
    }
}

/// Whether a shell could set a variable of this name, and somebody would take it for one.
fn is_variable(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    is_name(name) || name.contains('_') && name.chars().all(plain)
}

/// The value of a block that holds nothing else.
fn block_value(block: Node<'_>) -> Option<Node<'_>> {
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

/// Everything that a source reads of the environment, by itself or through the methods `wrappers`.
pub(super) fn reads(source: &Source<'_>, root: Node<'_>, wrappers: &[String]) -> Vec<Read> {
    let mut found = Vec::new();
    for node in syntax::all_of(root, &["element_reference", "call"]) {
        // What is written is none.
        let is_set = node.parent().is_some_and(|parent| {
            parent.kind() == "assignment" && parent.child_by_field_name("left") == Some(node)
        });
        if is_set {
            continue;
        }
        if let Some(read) = source.read(node) {
            found.push(read);
            continue;
        }
        if node.kind() != "call" {
            continue;
        }
        let method = source.method(node);
        let receiver = node.child_by_field_name("receiver").map(|it| source.of(it));
        let all = arguments(node);
        let read = |name: String, default: Option<String>| Read {
            name,
            line: syntax::line(node),
            default,
            required: false,
        };
        match receiver {
            Some("ENV") if matches!(method, "values_at" | "slice") => {
                found.extend(
                    all.iter()
                        .filter_map(|one| source.string(*one))
                        .map(|name| read(name, None)),
                );
            }
            Some("Figaro.env") => {
                let name = method.trim_end_matches(['!', '?']).to_uppercase();
                found.extend(is_name(&name).then(|| read(name, None)));
            }
            _ if wrappers.iter().any(|known| known == method) => {
                let name = all.first().and_then(|first| source.string(*first));
                let default = all.get(1).and_then(|second| source.literal(*second));
                found.extend(
                    name.filter(|name| is_name(name))
                        .map(|name| read(name, default)),
                );
            }
            _ => {}
        }
    }
    found
}

/// Methods that hand their first parameter to the environment.
pub(super) fn wrappers(source: &Source<'_>, root: Node<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for method in syntax::all_of(root, &["method", "singleton_method"]) {
        let parameter = method
            .child_by_field_name("parameters")
            .and_then(|all| all.named_child(0))
            .map(|first| first.child_by_field_name("name").unwrap_or(first))
            .map(|name| source.of(name));
        let (Some(parameter), Some(name), Some(body)) = (
            parameter,
            method.child_by_field_name("name"),
            method.child_by_field_name("body"),
        ) else {
            continue;
        };
        let asked = |node: Node<'_>| {
            let (object, key) = match node.kind() {
                "element_reference" => {
                    let parts = syntax::children(node);
                    (parts.first().copied(), parts.get(1).copied())
                }
                _ if source.method(node) == "fetch" => (
                    node.child_by_field_name("receiver"),
                    arguments(node).first().copied(),
                ),
                _ => return false,
            };
            let key = key.map_or("", |key| source.of(key));
            object.is_some_and(|object| source.of(object) == "ENV")
                && key.trim_matches(['"', '#', '{', '}']) == parameter
        };
        if syntax::all_of(body, &["element_reference", "call"])
            .into_iter()
            .any(asked)
        {
            found.push(source.of(name).to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, text: &str) -> Vec<(String, usize, Option<String>, bool)> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        let path = RelPath::parse(name).unwrap();
        let reads = with_tree(&tree, &path, &["ENV", "Figaro"], |source, root| {
            let wrappers = wrappers(source, root);
            reads(source, root, &wrappers)
        });
        reads
            .unwrap_or_default()
            .into_iter()
            .map(|read| (read.name, read.line, read.default, read.required))
            .collect()
    }

    fn read(
        name: &str,
        line: usize,
        default: Option<&str>,
        required: bool,
    ) -> (String, usize, Option<String>, bool) {
        (name.to_owned(), line, default.map(str::to_owned), required)
    }

    #[test]
    fn every_form_of_reading() {
        let text = "a = ENV['PORT'] || 3000\n\
                    b = ENV.fetch('API_KEY')\n\
                    c = ENV.fetch('DEPTH', 4).to_i\n\
                    d = ENV.fetch('SIDE') { 'left' }\n\
                    e = Integer(ENV['COUNT'].presence || '7')\n\
                    f = ENV.values_at('A_B', 'C_D')\n\
                    g if ENV.key?('SWITCH')\n\
                    ENV['KEPT'] ||= 'x'\n\
                    h = Figaro.env.mail_host!\n";
        assert_eq!(
            found("a.rb", text),
            [
                read("PORT", 1, Some("3000"), false),
                read("API_KEY", 2, None, true),
                read("DEPTH", 3, Some("4"), false),
                read("SIDE", 4, Some("left"), false),
                read("COUNT", 5, Some("7"), false),
                read("A_B", 6, None, false),
                read("C_D", 6, None, false),
                read("SWITCH", 7, None, false),
                read("KEPT", 8, Some("x"), false),
                read("MAIL_HOST", 9, None, false),
            ]
        );
    }

    #[test]
    fn what_reads_no_variable_is_none() {
        for text in [
            "ENV['SET'] = '1'",
            "ENV[name]",
            "ENV.fetch(\"A_#{b}\")",
            "# ENV['COMMENTED']",
            "'ENV[\"QUOTED\"]'",
            "other['NAME']",
            "ENV.to_h",
            "ENV[",
            "def x(",
            "ENV['sleep']",
            "ENV['NOT-A-NAME']",
        ] {
            assert_eq!(found("a.rb", text), [], "{text}");
        }
    }

    #[test]
    fn methods_that_hand_a_name_on_are_followed() {
        let text = "def setting(name, fallback = nil)\n  ENV.fetch(name.to_s, fallback) || ENV[name]\nend\n\
                    setting('TIDE_HIGH', 'noon')\nother('TIDE_LOW')\n";
        assert_eq!(
            found("a.rb", text),
            [read("TIDE_HIGH", 4, Some("noon"), false)]
        );
    }

    #[test]
    fn of_a_template_only_what_is_code_is_read() {
        let text = "ENV['TEXT']\n<%# ENV['SAID'] %>\n<p><%= ENV.fetch('TITLE', 'x') -%></p>\n<% if ENV['OPEN'] %>\n";
        assert_eq!(
            found("a.html.erb", text),
            [
                read("TITLE", 3, Some("x"), false),
                read("OPEN", 4, None, false)
            ]
        );
    }

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
