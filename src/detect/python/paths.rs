//! What path an expression means: `BASE_DIR / "media"`, `os.path.abspath("../static")`.

use super::code::Code;
use super::parse::Module;
use super::syntax::{Expr, Kind, argument};
use crate::project::RelPath;

/// Where paths are looked up.
pub(super) struct Paths<'a, 't> {
    pub(super) code: &'a Code<'t>,
    /// Folder that relative paths start at.
    pub(super) working_dir: &'a RelPath,
    /// Import path, for names that other modules define.
    pub(super) roots: &'a [RelPath],
}

const DEPTH: usize = 12;

impl Paths<'_, '_> {
    /// The path that `expr` of `module` means, where it lies in the repository.
    pub(super) fn of(&self, module: &Module, expr: &Expr) -> Option<RelPath> {
        self.eval(module, expr, DEPTH)
    }

    fn eval(&self, module: &Module, expr: &Expr, depth: usize) -> Option<RelPath> {
        let depth = depth.checked_sub(1)?;
        match &expr.kind {
            Kind::Str(text) => self.relative(text),
            Kind::Name(name) if name == "__file__" => Some(module.path.clone()),
            Kind::Name(name) => {
                if let Some(value) = module.assigned(name) {
                    return self.eval(module, value, depth);
                }
                let definition = self.code.define(&module.path, name, self.roots)?;
                let other = self.code.module(&definition.file)?;
                let value = other.assigned(&definition.name)?;
                self.eval(&other, value, depth)
            }
            Kind::Attr(object, name) => match name.as_str() {
                "parent" => Some(self.eval(module, object, depth)?.parent()),
                _ => None,
            },
            Kind::Index(object, index) => {
                let Kind::Attr(path, name) = &object.kind else {
                    return None;
                };
                let Kind::Number(count) = &index.kind else {
                    return None;
                };
                if name != "parents" {
                    return None;
                }
                let mut path = self.eval(module, path, depth)?;
                for _ in 0..=count.parse::<usize>().ok()? {
                    path = path.parent();
                }
                Some(path)
            }
            Kind::Binary(left, operator, right) if operator == "/" => {
                let left = self.eval(module, left, depth)?;
                left.join(right.text()?).ok()
            }
            // `environ.Path(__file__) - 3`: so many folders up.
            Kind::Binary(left, operator, right) if operator == "-" => {
                let Kind::Number(count) = &right.kind else {
                    return None;
                };
                let mut path = self.eval(module, left, depth)?;
                for _ in 0..count.parse::<u8>().ok()? {
                    path = path.parent();
                }
                Some(path)
            }
            Kind::Binary(left, operator, right) if operator == "or" => self
                .eval(module, left, depth)
                .or_else(|| self.eval(module, right, depth)),
            Kind::Call(function, args) => {
                if let Kind::Attr(object, method) = &function.kind
                    && matches!(
                        method.as_str(),
                        "resolve"
                            | "absolute"
                            | "expanduser"
                            | "as_posix"
                            | "joinpath"
                            | "path"
                            | "__str__"
                    )
                {
                    let mut path = self.eval(module, object, depth)?;
                    if method == "joinpath" || method == "path" {
                        for arg in args {
                            path = path.join(arg.value.text()?).ok()?;
                        }
                    }
                    return Some(path);
                }
                let name = module.outside(function).or_else(|| function.dotted())?;
                match name.as_str() {
                    "os.getcwd" | "pathlib.Path.cwd" => Some(self.working_dir.clone()),
                    "os.path.dirname" => {
                        Some(self.eval(module, &args.first()?.value, depth)?.parent())
                    }
                    "os.path.join" | "pathlib.Path" | "pathlib.PurePath" | "environ.Path" => {
                        let mut path = self.eval(module, &args.first()?.value, depth)?;
                        for arg in &args[1..] {
                            path = path.join(arg.value.text()?).ok()?;
                        }
                        Some(path)
                    }
                    "os.path.abspath" | "os.path.realpath" | "os.path.normpath" | "str"
                    | "os.fspath" => self.eval(module, &args.first()?.value, depth),
                    // `config.get("files", "data", fallback=…)` of configparser.
                    _ if argument(args, None, "fallback").is_some() => {
                        self.eval(module, argument(args, None, "fallback")?, depth)
                    }
                    // A variable with a default: `getenv("DATA_DIR", "./data")`.
                    _ if args.first().is_some_and(|arg| names_variable(&arg.value)) => {
                        self.eval(module, argument(args, Some(1), "default")?, depth)
                    }
                    // A path of django-environ is called with what lies below it.
                    _ if function.name().is_some() && !args.is_empty() => {
                        let mut path = self.eval(module, function, depth)?;
                        for arg in args {
                            path = path.join(arg.value.text()?).ok()?;
                        }
                        Some(path)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn relative(&self, text: &str) -> Option<RelPath> {
        if text.is_empty() || text.contains(['\n', '{', '%', '*', '?', ':', '<']) {
            return None;
        }
        self.working_dir.join(text).ok()
    }
}

/// Whether a literal is written as the name of a variable.
fn names_variable(expr: &Expr) -> bool {
    expr.text().is_some_and(|text| {
        text.len() > 1
            && text
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    })
}
