//! Walks a module and notes each place that reads a variable, with what stands around it.

use super::parse::Module;
use super::reading::{Read, Reading};
use super::syntax::{Arg, Expr, Kind, Stmt, StmtKind, argument};

/// Methods of django-environ that have a name of their own where none is given.
pub(super) const UNNAMED: &[(&str, &str)] = &[
    ("db", "DATABASE_URL"),
    ("db_url", "DATABASE_URL"),
    ("cache", "CACHE_URL"),
    ("cache_url", "CACHE_URL"),
    ("email", "EMAIL_URL"),
    ("email_url", "EMAIL_URL"),
    ("search_url", "SEARCH_URL"),
];

/// What `module` reads; `starts` says that the service begins in it, so that its functions run.
pub(super) fn reads(reading: &Reading<'_, '_>, module: &Module, starts: bool) -> Vec<Read> {
    let mut reader = Reader {
        reading,
        module,
        starts,
        reads: Vec::new(),
    };
    reader.block(&module.body, &At::default());
    reader.reads
}

/// Where a statement stands.
#[derive(Debug, Clone, Default)]
struct At {
    /// Whether it runs whenever the module is imported.
    conditional: bool,
    /// Joined prefixes of `with env.prefixed(…)` around it.
    prefix: String,
}

struct Reader<'r, 'a, 't> {
    reading: &'r Reading<'a, 't>,
    module: &'r Module,
    /// Whether the service begins here, so that its functions run at the start.
    starts: bool,
    reads: Vec<Read>,
}

impl<'r> Reader<'r, '_, '_> {
    fn block(&mut self, body: &'r [Stmt], at: &At) {
        for statement in body {
            self.statement(statement, at);
        }
    }

    fn statement(&mut self, statement: &'r Stmt, at: &At) {
        let mut inner = at.clone();
        match &statement.kind {
            StmtKind::Assign { targets, value, .. } => {
                let used_as = targets.first().and_then(|target| match &target.kind {
                    Kind::Index(_, key) => key.text(),
                    _ => target.last_name(),
                });
                // `os.environ["X"] = …` sets.
                for target in targets {
                    if !matches!(target.kind, Kind::Index(..)) {
                        self.expr(target, None, None, at);
                    }
                }
                if let Some(value) = value {
                    self.expr(value, None, used_as, at);
                }
            }
            StmtKind::Class { name, .. } => {
                let key = (self.module.path.clone(), name.clone());
                self.reads
                    .extend(self.reading.settings.reads(&self.module.path, &key));
            }
            StmtKind::Function(_) => {
                inner.conditional |= !self.starts;
                for expr in statement.expressions() {
                    self.expr(expr, None, None, at);
                }
            }
            StmtKind::If { test, .. } => {
                inner.conditional = true;
                self.expr(test, None, None, at);
            }
            StmtKind::Block { heads, body } => {
                for head in heads {
                    if let Some(prefix) = self.prefixed(head) {
                        inner.prefix.push_str(prefix);
                    } else {
                        self.expr(head, None, None, at);
                    }
                }
                inner.conditional |= catches(body);
            }
            _ => {
                for expr in statement.expressions() {
                    self.expr(expr, None, None, at);
                }
            }
        }
        for one in statement.inner() {
            self.statement(one, &inner);
        }
    }

    /// The prefix of `env.prefixed("SHOP_")`.
    fn prefixed(&self, expr: &'r Expr) -> Option<&'r str> {
        let mut found = None;
        expr.walk(&mut |inner| {
            if let Some((function, args)) = inner.call()
                && let Kind::Attr(object, method) = &function.kind
                && method == "prefixed"
                && self.reading.instance(self.module, object).is_some()
            {
                found = argument(args, Some(0), "prefix").and_then(Expr::text);
            }
        });
        found
    }

    /// `fallback` is what stands after `or`; `used_as` where the value goes.
    fn expr(&mut self, expr: &'r Expr, fallback: Option<&'r Expr>, used_as: Option<&str>, at: &At) {
        match &expr.kind {
            Kind::Binary(left, operator, right) if operator == "or" => {
                self.expr(left, Some(right), used_as, at);
                self.expr(right, fallback, used_as, at);
                return;
            }
            Kind::Binary(left, operator, right)
                if (operator == "in" || operator == "not in")
                    && self.reading.is_environ(self.module, right) =>
            {
                if let Some(name) = self.literal(left) {
                    self.push(&name, expr.line, None, false, used_as);
                    return;
                }
            }
            Kind::Index(object, key) if self.reading.is_environ(self.module, object) => {
                if let Some(name) = self.literal(key) {
                    self.push(&name, expr.line, None, !at.conditional, used_as);
                    return;
                }
            }
            Kind::Index(object, key)
                if let Some(prefix) = self.reading.dynaconf(self.module, object) =>
            {
                if let Some(name) = key.text() {
                    let name = format!("{prefix}{}", name.to_uppercase());
                    self.push(&name, expr.line, None, false, used_as);
                    return;
                }
            }
            Kind::Attr(object, name)
                if let Some(prefix) = self.reading.dynaconf(self.module, object) =>
            {
                if !matches!(name.as_str(), "validators" | "current_env" | "store") {
                    let name = format!("{prefix}{}", name.to_uppercase());
                    self.push(&name, expr.line, None, false, used_as);
                }
                return;
            }
            Kind::Call(function, args) => {
                if self.call(expr.line, function, args, fallback, used_as, at) {
                    for arg in args {
                        self.expr(&arg.value, None, used_as, at);
                    }
                    return;
                }
                self.expr(function, fallback, used_as, at);
                for arg in args {
                    let name = arg.name.as_deref().filter(|name| *name != "*");
                    self.expr(&arg.value, None, name.or(used_as), at);
                }
                return;
            }
            Kind::Dict(pairs) => {
                for (key, value) in pairs {
                    self.expr(key, None, None, at);
                    self.expr(value, None, key.text().or(used_as), at);
                }
                return;
            }
            _ => {}
        }
        for child in expr.children() {
            self.expr(child, fallback, used_as, at);
        }
    }

    fn literal(&self, expr: &Expr) -> Option<String> {
        self.reading.literal(self.module, expr)
    }

    /// Whether the call reads a variable.
    fn call(
        &mut self,
        line: usize,
        function: &'r Expr,
        args: &'r [Arg],
        fallback: Option<&'r Expr>,
        used_as: Option<&str>,
        at: &At,
    ) -> bool {
        let (reading, module) = (self.reading, self.module);
        let literal = |given: Option<&Expr>| {
            given
                .and_then(|expr| reading.literal(module, expr))
                .or_else(|| {
                    fallback
                        .and_then(Expr::literal)
                        .filter(|text| !text.is_empty())
                })
        };
        if let Kind::Attr(object, method) = &function.kind
            && let Some(prefix) = self.reading.dynaconf(self.module, object)
        {
            // `settings.get("PORT", 80)`; its other methods read nothing.
            if matches!(
                method.as_str(),
                "get" | "as_int" | "as_bool" | "as_float" | "as_json"
            ) && let Some(name) = argument(args, Some(0), "key").and_then(Expr::text)
            {
                let name = format!("{prefix}{}", name.to_uppercase());
                let default = literal(argument(args, Some(1), "default"));
                self.push(&name, line, default, false, used_as);
            }
            return true;
        }
        let outside = self.module.outside(function);
        if outside.as_deref() == Some("dj_database_url.config") {
            let name = argument(args, None, "env")
                .and_then(Expr::text)
                .unwrap_or("DATABASE_URL");
            let default = argument(args, Some(0), "default").and_then(Expr::literal);
            self.push(name, line, default, false, used_as);
            return true;
        }
        if function.last_name() == Some("from_envvar")
            && let Some(name) = argument(args, Some(0), "variable_name").and_then(Expr::text)
        {
            let silent = argument(args, Some(1), "silent").is_some();
            self.push(name, line, None, !silent && !at.conditional, used_as);
            return true;
        }
        if let Some(wrapper) = self.reading.wrapper_of(self.module, function) {
            let key = wrapper.key.of(args);
            let Some(name) = key.and_then(|key| reading.literal(module, key)) else {
                return false;
            };
            let default = literal(wrapper.default.as_ref().and_then(|one| one.of(args)));
            self.push(&name, line, default, false, used_as);
            return true;
        }
        if !self.reading.reads(self.module, function) {
            return false;
        }
        let owner = match &function.kind {
            Kind::Attr(object, method) => self
                .reading
                .instance(self.module, object)
                .map(|scheme| (scheme, method.as_str())),
            _ => self
                .reading
                .instance(self.module, function)
                .map(|scheme| (scheme, "")),
        };
        let unnamed = owner.and_then(|(_, method)| {
            UNNAMED
                .iter()
                .find(|(known, _)| *known == method)
                .map(|(_, name)| *name)
        });
        let Some(name) = ["key", "name", "var"]
            .iter()
            .find_map(|key| argument(args, Some(0), key))
            .and_then(|key| reading.literal(module, key))
            .or_else(|| unnamed.map(str::to_owned))
        else {
            return false;
        };
        let given = argument(args, Some(1), "default");
        let known = owner.and_then(|(scheme, _)| scheme.get(&name));
        let default = literal(given).or_else(|| known.cloned().flatten());
        let environ_like = owner.is_none()
            && outside
                .as_deref()
                .is_none_or(|name| name.starts_with("os."));
        let required = !environ_like
            && given.is_none()
            && known.is_none()
            && fallback.is_none()
            && !at.conditional;
        let name = format!("{}{name}", at.prefix);
        self.push(&name, line, default, required, unnamed.or(used_as));
        true
    }

    fn push(
        &mut self,
        name: &str,
        line: usize,
        default: Option<String>,
        required: bool,
        used_as: Option<&str>,
    ) {
        self.reads.push(Read {
            name: name.to_owned(),
            line,
            default,
            required,
            secret: false,
            used_as: used_as.map(str::to_owned),
        });
    }
}

/// Whether a `try` catches what an absent variable raises.
fn catches(body: &[Stmt]) -> bool {
    body.iter().any(|statement| match &statement.kind {
        StmtKind::Block { heads, .. } => heads.iter().any(|head| {
            let mut names = false;
            head.walk(&mut |inner| {
                names |= matches!(
                    inner.last_name(),
                    Some("KeyError" | "Exception" | "LookupError" | "ImproperlyConfigured")
                );
            });
            names
        }),
        _ => false,
    })
}
