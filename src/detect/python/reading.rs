//! Which variables modules read: by the standard library, by libraries for settings, and by the
//! project's own functions around them, also where those are defined in another module.

use super::code::Code;
use super::parse::Module;
use super::place::Place;
use super::settings;
use super::syntax::{
    Arg, Expr, Function, Kind, Stmt, StmtKind, argument, each_expression, on_import,
};
use crate::project::RelPath;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// One place that reads one variable.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) default: Option<String>,
    /// Whether the module cannot be imported without it.
    pub(super) required: bool,
    /// A type that says that it is a secret.
    pub(super) secret: bool,
    /// The setting, argument or key that the value goes to.
    pub(super) used_as: Option<String>,
}

/// Callables of libraries that read the variable that their first argument names.
const CALLS: &[&str] = &[
    "os.getenv",
    "os.environ.get",
    "os.environ.pop",
    "os.environb.get",
    "decouple.config",
    "decouple.AutoConfig",
];

/// Classes whose instances are called with a variable's name.
const READERS: &[&str] = &[
    "environs.Env",
    "environs.FileAwareEnv",
    "environ.Env",
    "environ.FileAwareEnv",
    "starlette.config.Config",
    "decouple.Config",
    "decouple.AutoConfig",
];

/// Methods of those that read nothing.
const NO_READS: &[&str] = &[
    "read_env",
    "prefixed",
    "read_envfile",
    "parser_for",
    "add_parser",
    "seal",
    "dump",
];

/// Methods of django-environ that have a name of their own where none is given.
const UNNAMED: &[(&str, &str)] = &[
    ("db", "DATABASE_URL"),
    ("db_url", "DATABASE_URL"),
    ("cache", "CACHE_URL"),
    ("cache_url", "CACHE_URL"),
    ("email", "EMAIL_URL"),
    ("email_url", "EMAIL_URL"),
    ("search_url", "SEARCH_URL"),
];

/// A file, and a name in it.
type Key = (RelPath, String);

/// A function of the project's own that reads the variable that an argument names.
#[derive(Debug, Clone)]
struct Wrapper {
    key: Parameter,
    default: Option<Parameter>,
}

#[derive(Debug, Clone)]
struct Parameter {
    place: usize,
    name: String,
}

impl Parameter {
    fn of<'a>(&self, args: &'a [Arg]) -> Option<&'a Expr> {
        argument(args, Some(self.place), &self.name)
    }
}

/// What an instance of [`READERS`] knows of its variables: names with a default.
type Scheme = BTreeMap<String, Option<String>>;

/// The modules of a service, and what they read variables with.
pub(super) struct Reading<'a, 't> {
    code: &'a Code<'t>,
    files: &'a BTreeSet<RelPath>,
    place: &'a Place,
    instances: BTreeMap<Key, Scheme>,
    /// Names that stand for `os.environ`.
    environs: BTreeSet<Key>,
    wrappers: BTreeMap<Key, Wrapper>,
    settings: settings::Classes,
}

impl<'a, 't> Reading<'a, 't> {
    pub(super) fn of(code: &'a Code<'t>, files: &'a BTreeSet<RelPath>, place: &'a Place) -> Self {
        let modules: Vec<Rc<Module>> = files
            .iter()
            .filter(|path| code.tree.text(path).is_some_and(|text| speaks(&text)))
            .filter_map(|path| code.module(path))
            .collect();
        let mut reading = Self {
            code,
            files,
            place,
            settings: settings::Classes::of(code, &modules, place),
            instances: BTreeMap::new(),
            environs: BTreeSet::new(),
            wrappers: BTreeMap::new(),
        };
        for module in &modules {
            reading.objects(module);
        }
        // A function around another one that reads is one as well.
        for _ in 0..3 {
            let before = reading.wrappers.len();
            for module in &modules {
                reading.functions(module);
            }
            if reading.wrappers.len() == before {
                break;
            }
        }
        reading
    }

    /// What each module reads; `entry` is where the service begins.
    pub(super) fn all(&self, entry: Option<&RelPath>) -> Vec<(Rc<Module>, Vec<Read>)> {
        let names: BTreeSet<&str> = self
            .wrappers
            .keys()
            .chain(self.instances.keys())
            .chain(&self.environs)
            .map(|(_, name)| name.as_str())
            .collect();
        self.files
            .iter()
            .filter(|path| {
                self.code.tree.text(path).is_some_and(|text| {
                    speaks(&text) || names.iter().any(|name| text.contains(name))
                })
            })
            .filter_map(|path| self.code.module(path))
            .map(|module| {
                let mut reader = Reader {
                    reading: self,
                    module: &module,
                    starts: entry == Some(&module.path),
                    reads: Vec::new(),
                };
                reader.block(&module.body, &At::default());
                let reads = reader.reads;
                (module, reads)
            })
            .collect()
    }

    /// Instances of libraries, and other names of the environment.
    fn objects(&mut self, module: &Module) {
        super::syntax::each_statement(&module.body, &mut |statement| {
            let StmtKind::Assign {
                targets,
                value: Some(value),
                ..
            } = &statement.kind
            else {
                return;
            };
            let Some(name) = targets.first().and_then(Expr::name) else {
                return;
            };
            let key = (module.path.clone(), name.to_owned());
            if is_environ(module, value) {
                self.environs.insert(key);
            } else if let Some((function, args)) = value.call()
                && module
                    .outside(function)
                    .is_some_and(|class| READERS.contains(&class.as_str()))
            {
                self.instances.insert(key, scheme(args));
            }
        });
    }

    /// Functions that read what an argument names.
    fn functions(&mut self, module: &Module) {
        let mut found: Vec<(Key, Wrapper)> = Vec::new();
        for statement in on_import(&module.body) {
            if let StmtKind::Function(function) = &statement.kind {
                let key = (module.path.clone(), function.name.clone());
                if !self.wrappers.contains_key(&key)
                    && let Some(wrapper) = self.wrapper(module, function)
                {
                    found.push((key, wrapper));
                }
            }
        }
        self.wrappers.extend(found);
    }

    fn wrapper(&self, module: &Module, function: &Function) -> Option<Wrapper> {
        let parameter = |expr: &Expr| {
            let name = expr.name()?;
            let place = function
                .params
                .iter()
                .position(|param| param.name == name)?;
            Some(Parameter {
                place,
                name: name.to_owned(),
            })
        };
        let mut found: Option<Wrapper> = None;
        each_expression(&function.body, &mut |expr| {
            let (key, default) = match &expr.kind {
                Kind::Call(callee, args) => {
                    if let Some(inner) = self.wrapper_of(module, callee) {
                        let default = inner.default.as_ref().and_then(|one| one.of(args));
                        (inner.key.of(args), default)
                    } else if self.reads(module, callee) {
                        (
                            argument(args, Some(0), "key"),
                            argument(args, Some(1), "default"),
                        )
                    } else {
                        return;
                    }
                }
                Kind::Index(object, key) if self.is_environ(module, object) => (Some(&**key), None),
                Kind::Binary(key, operator, object)
                    if operator == "in" && self.is_environ(module, object) =>
                {
                    (Some(&**key), None)
                }
                _ => return,
            };
            if let Some(key) = key.and_then(parameter) {
                let default = default.and_then(parameter).or_else(|| {
                    function
                        .params
                        .iter()
                        .position(|param| matches!(param.name.as_str(), "default" | "fallback"))
                        .map(|place| Parameter {
                            place,
                            name: function.params[place].name.clone(),
                        })
                });
                found.get_or_insert(Wrapper { key, default });
            }
        });
        found
    }

    /// The key in `known` that `expr` of `module` stands for.
    fn resolve<V>(&self, known: &BTreeMap<Key, V>, module: &Module, expr: &Expr) -> Option<Key> {
        let name = expr.last_name()?;
        if let Kind::Name(name) = &expr.kind {
            let here = (module.path.clone(), name.clone());
            if known.contains_key(&here) {
                return Some(here);
            }
        }
        let binding = match &expr.kind {
            Kind::Name(name) => module.binding(name)?.name.as_deref(),
            _ => Some(name),
        };
        if !known
            .keys()
            .any(|(_, other)| Some(other.as_str()) == binding)
        {
            return None;
        }
        let definition = super::application::definition(self.code, module, expr, self.place)?;
        let key = (definition.file, definition.name);
        known.contains_key(&key).then_some(key)
    }

    fn wrapper_of(&self, module: &Module, callee: &Expr) -> Option<&Wrapper> {
        let key = self.resolve(&self.wrappers, module, callee)?;
        self.wrappers.get(&key)
    }

    /// The scheme of the instance that `expr` is.
    fn instance(&self, module: &Module, expr: &Expr) -> Option<&Scheme> {
        let key = self.resolve(&self.instances, module, expr)?;
        self.instances.get(&key)
    }

    fn is_environ(&self, module: &Module, expr: &Expr) -> bool {
        if is_environ(module, expr) {
            return true;
        }
        let Some(name) = expr.name() else {
            return false;
        };
        self.environs
            .contains(&(module.path.clone(), name.to_owned()))
            || module.binding(name).is_some_and(|import| {
                self.environs
                    .iter()
                    .any(|(_, other)| Some(other.as_str()) == import.name.as_deref())
            }) && self
                .code
                .define(&module.path, name, &self.place.roots)
                .is_some_and(|found| self.environs.contains(&(found.file, found.name)))
    }

    /// Whether a call of `callee` reads the variable that its first argument names.
    fn reads(&self, module: &Module, callee: &Expr) -> bool {
        if module
            .outside(callee)
            .is_some_and(|name| CALLS.contains(&name.as_str()))
        {
            return true;
        }
        match &callee.kind {
            Kind::Name(_) => self.instance(module, callee).is_some(),
            Kind::Attr(object, method) => {
                method == "get" && self.is_environ(module, object)
                    || !NO_READS.contains(&method.as_str())
                        && self.instance(module, object).is_some()
            }
            _ => false,
        }
    }
}

/// Whether a module's text may read a variable.
fn speaks(text: &str) -> bool {
    ["env", "Settings", "config", "settings"]
        .iter()
        .any(|word| text.contains(word))
}

/// `os.environ`, a copy of it, or what a `.env` file holds.
fn is_environ(module: &Module, expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Name(_) | Kind::Attr(..) => module.outside(expr).as_deref() == Some("os.environ"),
        Kind::Call(function, args) => {
            let name = module.outside(function).unwrap_or_default();
            let copies = function.last_name() == Some("copy")
                && matches!(&function.kind, Kind::Attr(object, _) if is_environ(module, object));
            name == "dotenv.dotenv_values"
                || copies
                || function.name() == Some("dict")
                    && args
                        .first()
                        .is_some_and(|arg| is_environ(module, &arg.value))
        }
        _ => false,
    }
}

/// `Env(DEBUG=(bool, False))`: names with their defaults.
fn scheme(args: &[Arg]) -> Scheme {
    args.iter()
        .filter_map(|arg| {
            let name = arg.name.as_deref().filter(|name| *name != "*")?;
            let Kind::List(parts) = &arg.value.kind else {
                return None;
            };
            Some((name.to_owned(), parts.get(1).and_then(Expr::literal)))
        })
        .collect()
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
                if let Some(name) = left.text() {
                    self.push(name, expr.line, None, false, used_as);
                    return;
                }
            }
            Kind::Index(object, key) if self.reading.is_environ(self.module, object) => {
                if let Some(name) = key.text() {
                    self.push(name, expr.line, None, !at.conditional, used_as);
                    return;
                }
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
        let literal = |given: Option<&Expr>| {
            given.and_then(Expr::literal).or_else(|| {
                fallback
                    .and_then(Expr::literal)
                    .filter(|text| !text.is_empty())
            })
        };
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
            let Some(name) = wrapper.key.of(args).and_then(Expr::text) else {
                return false;
            };
            let default = literal(wrapper.default.as_ref().and_then(|one| one.of(args)));
            self.push(name, line, default, false, used_as);
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
            .and_then(Expr::text)
            .or(unnamed)
        else {
            return false;
        };
        let given = argument(args, Some(1), "default");
        let known = owner.and_then(|(scheme, _)| scheme.get(name));
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
        self.push(&name, line, default, required, used_as);
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
