//! Python text to a [`Module`], by tree-sitter's grammar.

use super::convert::{Reader, first_error};
use super::syntax::{Expr, Import, Kind, Stmt, StmtKind};
use crate::detect::secret;
use crate::project::{Evidence, RelPath};
use std::cell::RefCell;
use std::sync::Arc;
use tree_sitter::Parser;

/// One parsed file.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) path: RelPath,
    pub(super) body: Vec<Stmt>,
    /// Everything that it imports, inside functions too.
    pub(super) imports: Vec<Import>,
    /// Line of the first thing that is no Python, if there is one.
    pub(super) error: Option<usize>,
    text: Arc<str>,
}

/// Names that stand for one thing wherever a star import brings them from.
const STARRED: &[(&str, &str)] = &[
    ("os", "os"),
    ("Path", "pathlib.Path"),
    ("environ", "environ"),
];

/// Calls that import what a text names, by their last word: of importlib, Werkzeug and Django, and
/// Flask's `app.config.from_object`.
const LOADERS: &[&str] = &["import_module", "import_string", "from_object"];

thread_local! {
    static PARSER: RefCell<Option<Parser>> = RefCell::new({
        let mut parser = Parser::new();
        parser
            .set_language(&tree_sitter_python::LANGUAGE.into())
            .ok()
            .map(|()| parser)
    });
}

/// What a call of one of [`LOADERS`] imports, bound to no name.
fn loaded(expr: &Expr) -> Option<Import> {
    let Kind::Call(function, args) = &expr.kind else {
        return None;
    };
    let (Kind::Name(loader) | Kind::Attr(_, loader)) = &function.kind else {
        return None;
    };
    let dotted = args.first()?.value.text()?;
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && word.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    if !LOADERS.contains(&loader.as_str()) || !dotted.split('.').all(is_word) {
        return None;
    }
    let (module, name) = match dotted.rsplit_once('.') {
        Some((module, name)) => (module, Some(name.to_owned())),
        None => (dotted, None),
    };
    Some(Import {
        line: expr.line,
        level: 0,
        module: module.to_owned(),
        name,
        local: String::new(),
    })
}

impl Module {
    /// Parses `text`; what is no Python is left out and its line kept.
    pub(super) fn parse(path: RelPath, text: Arc<str>) -> Option<Self> {
        let tree = PARSER.with_borrow_mut(|parser| parser.as_mut()?.parse(&*text, None))?;
        let root = tree.root_node();
        let body = Reader { text: &text }.module(root);
        let error = if root.has_error() {
            first_error(root)
        } else {
            None
        };
        let mut imports = Vec::new();
        super::syntax::each_statement(&body, &mut |statement| {
            if let StmtKind::Import(names) = &statement.kind {
                imports.extend(names.iter().cloned());
            }
        });
        if LOADERS.iter().any(|loader| text.contains(loader)) {
            super::syntax::each_expression(&body, &mut |expr| imports.extend(loaded(expr)));
        }
        Some(Self {
            path,
            body,
            imports,
            error,
            text,
        })
    }

    /// The text of a line (1-based).
    pub(super) fn line(&self, line: usize) -> &str {
        self.text.lines().nth(line.saturating_sub(1)).unwrap_or("")
    }

    pub(super) fn at(&self, line: usize) -> Evidence {
        Evidence::new(self.path.clone(), line, &secret::redacted(self.line(line)))
    }

    /// The dotted name that an expression means outside this file: `os.environ` for `env`
    /// after `from os import environ as env`. None for names of this file and relative imports.
    pub(super) fn outside(&self, expr: &Expr) -> Option<String> {
        match &expr.kind {
            Kind::Name(name) => self
                .imports
                .iter()
                .rfind(|import| import.local == *name && import.level == 0)
                .map(|import| match &import.name {
                    Some(inner) => format!("{}.{inner}", import.module),
                    // `import a.b` binds `a`.
                    None if import.module.starts_with(&format!("{name}.")) => name.clone(),
                    None => import.module.clone(),
                })
                // Settings that begin with `from .base import *` have what that one imports.
                .or_else(|| {
                    let known = STARRED.iter().find(|(starred, _)| starred == name);
                    let (_, outside) =
                        known.filter(|_| self.has_star() && self.binding(name).is_none())?;
                    Some((*outside).to_owned())
                }),
            Kind::Attr(object, name) => Some(format!("{}.{name}", self.outside(object)?)),
            _ => None,
        }
    }

    /// Whether it takes every name of another module.
    pub(super) fn has_star(&self) -> bool {
        let mut imports = self.imports.iter();
        imports.any(|import| import.name.as_deref() == Some("*"))
    }

    /// The import that binds `local` at the top of the file or anywhere in it.
    pub(super) fn binding(&self, local: &str) -> Option<&Import> {
        self.imports.iter().rfind(|import| import.local == local)
    }

    /// The value last assigned to `name` when the module is imported.
    pub(super) fn assigned(&self, name: &str) -> Option<&Expr> {
        super::syntax::on_import(&self.body)
            .into_iter()
            .rev()
            .find_map(|statement| match &statement.kind {
                StmtKind::Assign {
                    targets,
                    value: Some(value),
                    ..
                } if targets.iter().any(|target| target.name() == Some(name)) => Some(value),
                _ => None,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(text: &str) -> Module {
        Module::parse(RelPath::parse("a.py").unwrap(), text.into()).unwrap()
    }

    #[test]
    fn names_from_outside() {
        let module = module(
            "from os import environ as env\nimport os.path as p, json.decoder\nx = env['A']\n",
        );
        let Some(Kind::Index(object, key)) = module.assigned("x").map(|value| &value.kind) else {
            panic!("no index");
        };
        assert_eq!(module.outside(object).as_deref(), Some("os.environ"));
        assert_eq!(key.text(), Some("A"));
        assert_eq!(module.binding("p").unwrap().module, "os.path");
        assert_eq!(module.binding("json").unwrap().module, "json.decoder");
    }

    #[test]
    fn what_a_text_names_is_imported_and_bound_to_nothing() {
        let module = module(
            "app.config.from_object('shelf.settings.Production')\n\
             import_module('shelf.jobs')\n\
             import_string(name)\n\
             import_module('.near', package='shelf')\n\
             app.config.from_object('')\n",
        );
        let imports: Vec<(usize, &str, Option<&str>, &str)> = module
            .imports
            .iter()
            .map(|one| {
                let name = one.name.as_deref();
                (one.line, one.module.as_str(), name, one.local.as_str())
            })
            .collect();
        assert_eq!(
            imports,
            [
                (1, "shelf.settings", Some("Production"), ""),
                (2, "shelf", Some("jobs"), "")
            ]
        );
    }

    #[test]
    fn relative_and_star_imports() {
        let module = module("from ..a import b as c\nfrom . import d\nfrom .e import *\n");
        let seen: Vec<_> = module
            .imports
            .iter()
            .map(|i| {
                (
                    i.level,
                    i.module.as_str(),
                    i.name.as_deref(),
                    i.local.as_str(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (2, "a", Some("b"), "c"),
                (1, "", Some("d"), "d"),
                (1, "e", Some("*"), "*"),
            ]
        );
    }

    #[test]
    fn an_error_has_its_line() {
        let module =
            module("import os\n\n\ndef survey(path:\n    return os.environ[\"X\"] + path\n");
        assert_eq!(module.error, Some(4));
    }

    #[test]
    fn a_long_sum_does_not_overflow() {
        let text = format!("x = {}1\n", "1 + ".repeat(20_000));
        assert!(module(&text).assigned("x").is_some());
    }

    #[test]
    fn a_long_comparison_does_not_overflow() {
        let module = module(&format!("x = a{}\n", " < b".repeat(20_000)));
        assert_eq!(module.error, None);
        let mut names = 0;
        module.assigned("x").unwrap().walk(&mut |expr| {
            names += usize::from(expr.name().is_some());
        });
        assert!(names > 100, "{names}");
    }

    #[test]
    fn an_error_far_below_is_found() {
        for text in [
            format!("x = (a b){}\n", " + b".repeat(20_000)),
            format!("x = f(a b){}\n", ".b()".repeat(20_000)),
            format!("x = {}1 2{}\n", "[".repeat(20_000), "]".repeat(20_000)),
        ] {
            assert_eq!(module(&text).error, Some(1), "{}", &text[..20]);
        }
    }

    #[test]
    fn main_guard_and_parameters() {
        let module = module(
            "def make(a, b=1, *args, c: int = 2, **rest):\n    pass\n\nif __name__ == \"__main__\":\n    make(1)\n",
        );
        let required: Vec<_> = module
            .body
            .iter()
            .find_map(|statement| match &statement.kind {
                StmtKind::Function(function) => Some(function),
                _ => None,
            })
            .unwrap()
            .params
            .iter()
            .map(|p| (p.name.as_str(), p.required))
            .collect();
        assert_eq!(required, [("a", true), ("b", false), ("c", false)]);
        assert!(module.body[1].is_main_guard());
    }
}
