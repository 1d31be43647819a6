//! What a source reads of the environment: by `ENV`, by Figaro, and by methods of the project that hand a name on.

use super::source::{DEPTH, Source, arguments, block_value};
use crate::detect::serving::is_name;
use crate::detect::syntax;
use crate::detect::variable::Read;
use tree_sitter::Node;

impl Source<'_> {
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
    use super::super::source::with_tree;
    use super::*;
    use crate::detect::Tree;
    use crate::detect::variable::read;
    use crate::project::RelPath;

    fn found(name: &str, text: &str) -> Vec<Read> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        let path = RelPath::parse(name).unwrap();
        let reads = with_tree(&tree, &path, &["ENV", "Figaro"], |source, root| {
            let wrappers = wrappers(source, root);
            reads(source, root, &wrappers)
        });
        reads.unwrap_or_default()
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
}
