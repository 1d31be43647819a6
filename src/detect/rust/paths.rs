//! Relative paths that one file of Rust names: folders that are handed out, templates, files.

use super::reader::Reader;
use super::value;
use crate::detect::serving;
use tree_sitter::Node;

impl<'t> Reader<'t, '_> {
    /// Folders of what is handed out and of templates, in a call of `name` on `object`.
    pub(super) fn folders(
        &mut self,
        node: Node<'t>,
        object: &str,
        name: &str,
        arguments: &[Node<'t>],
    ) {
        let text = |index: usize| {
            let argument: &Node = arguments.get(index)?;
            value::literal(*argument, self.source.text)
        };
        let last = object.rsplit("::").next().unwrap_or_default();
        let handed_out = match (last, name) {
            ("ServeDir" | "StaticFilesEndpoint" | "StaticFileEndpoint", "new") => text(0),
            ("FileServer", "from" | "new") => text(0),
            ("Files", "new") => text(1),
            ("ServeFile", "new") | ("NamedFile", "open") => {
                text(0).and_then(|path| Some(path.rsplit_once('/')?.0.to_owned()))
            }
            ("fs", "dir") => text(0),
            _ => None,
        };
        if let Some(folder) = handed_out {
            let at = self.source.at(node);
            self.file.statics.push((folder, at));
        }
        let templates = match (last, name) {
            ("Tera", "new" | "parse") => text(0),
            (_, "path_loader") => text(0),
            (_, "register_templates_directory") => text(0)
                .filter(|path| !path.starts_with('.'))
                .or_else(|| text(1)),
            ("Template", "fairing" | "custom") => Some("templates".to_owned()),
            _ => None,
        };
        if let Some(folder) = templates {
            let at = self.source.at(node);
            let folder = folder.split('*').next().unwrap_or_default();
            self.file.templates.push((folder.to_owned(), at));
        }
    }

    /// Whether the word `node` is given to something that opens files, or kept under such a name.
    fn opens(&self, node: Node<'t>) -> bool {
        let mut above = node.parent();
        for _ in 0..3 {
            let Some(parent) = above else { return false };
            let named = match parent.kind() {
                "call_expression" => parent.child_by_field_name("function"),
                "let_declaration" => parent.child_by_field_name("pattern"),
                "const_item" | "static_item" => parent.child_by_field_name("name"),
                "field_initializer" => parent.child_by_field_name("field"),
                "macro_invocation" => return true,
                _ => None,
            };
            if let Some(named) = named {
                // Of a chain of calls the last one is given the word.
                let last = named.child_by_field_name("field").unwrap_or(named);
                let name = self.source.of(last).split("::<").next().unwrap_or_default();
                return serving::opens(name);
            }
            above = parent.parent();
        }
        false
    }

    /// A relative path that is no argument of a macro which reads it when it is built.
    pub(super) fn literal(&mut self, node: Node<'t>) {
        let built_in = node
            .parent()
            .filter(|parent| parent.kind() == "token_tree")
            .and_then(|tokens| tokens.parent())
            .is_some_and(|parent| {
                parent.kind() != "macro_invocation" || {
                    let name = parent.child_by_field_name("macro");
                    let name = name.map_or("", |name| self.source.of(name));
                    let last = name.rsplit("::").next().unwrap_or_default();
                    !matches!(last, "format" | "vec" | "println" | "info")
                }
            });
        let text = value::unquoted(self.source.of(node));
        let path = serving::relative_path(text, || self.opens(node));
        if let Some(path) = path.filter(|_| !built_in) {
            let at = self.source.at(node);
            self.file.paths.push((path.to_owned(), at));
        }
    }
}
