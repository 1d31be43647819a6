//! Relative paths that one file of Go names.

use super::source::Reader;
use super::value;
use crate::detect::serving;
use tree_sitter::Node;

impl<'t> Reader<'t> {
    /// A relative path, such as that of templates.
    pub(super) fn literal(&mut self, node: Node<'t>) {
        let text = value::unquoted(self.source.of(node));
        let text = text.strip_prefix("file://").unwrap_or(text);
        if let Some(path) = serving::relative_path(text, || self.opens(node)) {
            let at = self.source.at(node);
            self.file.paths.push((path.to_owned(), at));
        }
    }

    /// Whether the word `node` is given to something that opens files, or kept under such a name.
    fn opens(&self, node: Node<'t>) -> bool {
        let mut above = node.parent();
        for _ in 0..4 {
            let Some(parent) = above else { return false };
            let named = match parent.kind() {
                "call_expression" => parent.child_by_field_name("function"),
                "short_var_declaration" | "assignment_statement" => {
                    parent.child_by_field_name("left")
                }
                "var_spec" | "const_spec" => parent.child_by_field_name("name"),
                "keyed_element" => parent.named_child(0),
                _ => None,
            };
            if let Some(named) = named {
                // Of a chain of calls the last one is given the word.
                let chain = named
                    .child_by_field_name("operand")
                    .is_some_and(|operand| operand.kind() == "call_expression");
                let last = named.child_by_field_name("field").filter(|_| chain);
                return serving::opens(self.source.of(last.unwrap_or(named)));
            }
            above = parent.parent();
        }
        false
    }
}
