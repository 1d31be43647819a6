//! A Python module as the values that detection looks at.

/// An expression with the line it begins on (1-based).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expr {
    pub(super) line: usize,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Name(String),
    /// A literal, adjacent ones joined, escapes as written.
    Str(String),
    /// An f-string: the literal parts joined, and what is interpolated.
    Template(String, Vec<Expr>),
    Number(String),
    /// `True`, `False`, `None`, `...`.
    Constant(&'static str),
    Attr(Box<Expr>, String),
    Index(Box<Expr>, Box<Expr>),
    Call(Box<Expr>, Vec<Arg>),
    /// A list, tuple or set.
    List(Vec<Expr>),
    Dict(Vec<(Expr, Expr)>),
    /// Binary, boolean and comparison operators; a chain of comparisons is nested to the left.
    Binary(Box<Expr>, String, Box<Expr>),
    /// Anything else, with the expressions inside it.
    Other(Vec<Expr>),
}

/// An argument of a call; `name` for a keyword, `*` and `**` for unpacked ones.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arg {
    pub(super) name: Option<String>,
    pub(super) value: Expr,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stmt {
    pub(super) line: usize,
    pub(super) kind: StmtKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum StmtKind {
    Import(Vec<Import>),
    Assign {
        targets: Vec<Expr>,
        annotation: Option<Expr>,
        value: Option<Expr>,
    },
    Function(Function),
    Class {
        name: String,
        bases: Vec<Arg>,
        decorators: Vec<Expr>,
        body: Vec<Stmt>,
    },
    If {
        test: Expr,
        body: Vec<Stmt>,
        otherwise: Vec<Stmt>,
    },
    Return(Option<Expr>),
    Expr(Expr),
    /// `for`, `while`, `with`, `try`, `match`: what they evaluate and what they hold.
    Block {
        heads: Vec<Expr>,
        body: Vec<Stmt>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) params: Vec<Param>,
    pub(super) decorators: Vec<Expr>,
    pub(super) body: Vec<Stmt>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Param {
    pub(super) name: String,
    /// Whether a call without it fails.
    pub(super) required: bool,
    pub(super) default: Option<Expr>,
}

/// One imported name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) line: usize,
    /// Number of leading dots.
    pub(super) level: usize,
    /// Dotted module; empty in `from . import x`.
    pub(super) module: String,
    /// None for `import module`; `*` for a star import.
    pub(super) name: Option<String>,
    /// The name that it is bound to here.
    pub(super) local: String,
}

impl Expr {
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Str(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Name(name) => Some(name),
            _ => None,
        }
    }

    /// `a.b.c` as text, where it is nothing but names.
    pub(super) fn dotted(&self) -> Option<String> {
        match &self.kind {
            Kind::Name(name) => Some(name.clone()),
            Kind::Attr(object, name) => Some(format!("{}.{name}", object.dotted()?)),
            _ => None,
        }
    }

    /// The name or attribute that stands last: `config` in `app.config`.
    pub(super) fn last_name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Name(name) | Kind::Attr(_, name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn call(&self) -> Option<(&Expr, &[Arg])> {
        match &self.kind {
            Kind::Call(function, args) => Some((function, args)),
            _ => None,
        }
    }

    pub(super) fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            Kind::Name(_) | Kind::Str(_) | Kind::Number(_) | Kind::Constant(_) => Vec::new(),
            Kind::Template(_, parts) | Kind::List(parts) | Kind::Other(parts) => {
                parts.iter().collect()
            }
            Kind::Attr(object, _) => vec![object],
            Kind::Index(object, key) => vec![object, key],
            Kind::Call(function, args) => std::iter::once(&**function)
                .chain(args.iter().map(|arg| &arg.value))
                .collect(),
            Kind::Dict(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
            Kind::Binary(left, _, right) => vec![left, right],
        }
    }

    /// Calls `visit` with this expression and everything inside, outermost first.
    pub(super) fn walk<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// A literal as a person would write it: text without quotes, numbers, `True`.
    pub(super) fn literal(&self) -> Option<String> {
        match &self.kind {
            Kind::Str(text) | Kind::Number(text) => Some(text.clone()),
            Kind::Constant(name) if *name != "None" && *name != "..." => Some((*name).to_owned()),
            _ => None,
        }
    }
}

/// The argument with this name, or the positional one at `place`.
pub(super) fn argument<'a>(args: &'a [Arg], place: Option<usize>, name: &str) -> Option<&'a Expr> {
    if let Some(arg) = args.iter().find(|arg| arg.name.as_deref() == Some(name)) {
        return Some(&arg.value);
    }
    args.iter()
        .filter(|arg| arg.name.is_none())
        .nth(place?)
        .map(|arg| &arg.value)
}

impl Stmt {
    /// The expressions that belong to this statement itself, not to statements inside it.
    pub(super) fn expressions(&self) -> Vec<&Expr> {
        match &self.kind {
            StmtKind::Import(_) => Vec::new(),
            StmtKind::Assign {
                targets,
                annotation,
                value,
            } => targets.iter().chain(annotation).chain(value).collect(),
            StmtKind::Function(function) => function
                .decorators
                .iter()
                .chain(
                    function
                        .params
                        .iter()
                        .filter_map(|param| param.default.as_ref()),
                )
                .collect(),
            StmtKind::Class {
                bases, decorators, ..
            } => decorators
                .iter()
                .chain(bases.iter().map(|arg| &arg.value))
                .collect(),
            StmtKind::If { test, .. } => vec![test],
            StmtKind::Return(value) => value.iter().collect(),
            StmtKind::Expr(value) => vec![value],
            StmtKind::Block { heads, .. } => heads.iter().collect(),
        }
    }

    /// The statements directly inside.
    pub(super) fn inner(&self) -> Vec<&Stmt> {
        match &self.kind {
            StmtKind::Function(Function { body, .. })
            | StmtKind::Class { body, .. }
            | StmtKind::Block { body, .. } => body.iter().collect(),
            StmtKind::If {
                body, otherwise, ..
            } => body.iter().chain(otherwise).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn is_main_guard(&self) -> bool {
        let StmtKind::If { test, .. } = &self.kind else {
            return false;
        };
        let Kind::Binary(left, operator, right) = &test.kind else {
            return false;
        };
        operator == "=="
            && [(left, right), (right, left)]
                .iter()
                .any(|(a, b)| a.name() == Some("__name__") && b.text() == Some("__main__"))
    }
}

/// Calls `visit` with every statement, functions and classes included, in order.
pub(super) fn each_statement<'s>(body: &'s [Stmt], visit: &mut dyn FnMut(&'s Stmt)) {
    for statement in body {
        visit_statement(statement, visit);
    }
}

fn visit_statement<'s>(statement: &'s Stmt, visit: &mut dyn FnMut(&'s Stmt)) {
    visit(statement);
    for inner in statement.inner() {
        visit_statement(inner, visit);
    }
}

/// Calls `visit` with every expression of every statement.
pub(super) fn each_expression<'s>(body: &'s [Stmt], visit: &mut dyn FnMut(&'s Expr)) {
    each_statement(body, &mut |statement| {
        for expression in statement.expressions() {
            expression.walk(visit);
        }
    });
}

/// The statements that run when the module is imported: those inside `if`, `try` and `with`
/// too, but not what `if __name__ == "__main__"` guards.
pub(super) fn on_import(body: &[Stmt]) -> Vec<&Stmt> {
    let mut all = Vec::new();
    for statement in body {
        gather(statement, &mut all);
    }
    all
}

fn gather<'s>(statement: &'s Stmt, all: &mut Vec<&'s Stmt>) {
    all.push(statement);
    if statement.is_main_guard() {
        return;
    }
    if matches!(statement.kind, StmtKind::If { .. } | StmtKind::Block { .. }) {
        for inner in statement.inner() {
            gather(inner, all);
        }
    }
}
