//! Which variables modules read: by the standard library, by libraries for settings, and by the
//! project's own functions around them, also where those are defined in another module.

use super::code::Code;
use super::parse::Module;
use super::place::Place;
use super::syntax::{Arg, Expr, Function, Kind, StmtKind, argument, each_expression, on_import};
use super::{reader, settings};
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

/// A file, and a name in it.
type Key = (RelPath, String);

/// A function of the project's own that reads the variable that an argument names.
#[derive(Debug, Clone)]
pub(super) struct Wrapper {
    pub(super) key: Parameter,
    pub(super) default: Option<Parameter>,
}

#[derive(Debug, Clone)]
pub(super) struct Parameter {
    place: usize,
    name: String,
}

impl Parameter {
    pub(super) fn of<'a>(&self, args: &'a [Arg]) -> Option<&'a Expr> {
        argument(args, Some(self.place), &self.name)
    }
}

/// What an instance of [`READERS`] knows of its variables: names with a default.
pub(super) type Scheme = BTreeMap<String, Option<String>>;

/// The modules of a service, and what they read variables with.
pub(super) struct Reading<'a, 't> {
    code: &'a Code<'t>,
    files: &'a BTreeSet<RelPath>,
    place: &'a Place,
    instances: BTreeMap<Key, Scheme>,
    /// Names that stand for `os.environ`.
    environs: BTreeSet<Key>,
    /// Instances of Dynaconf, each with the prefix of its variables.
    dynaconf: BTreeMap<Key, String>,
    wrappers: BTreeMap<Key, Wrapper>,
    pub(super) settings: settings::Classes,
}

impl<'a, 't> Reading<'a, 't> {
    pub(super) fn of(code: &'a Code<'t>, files: &'a BTreeSet<RelPath>, place: &'a Place) -> Self {
        let modules: Vec<Rc<Module>> = code
            .whose(files, speaks)
            .into_iter()
            .filter_map(|path| code.module(path))
            .collect();
        let mut reading = Self {
            code,
            files,
            place,
            settings: settings::Classes::of(code, &modules, place),
            instances: BTreeMap::new(),
            environs: BTreeSet::new(),
            dynaconf: BTreeMap::new(),
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
            .chain(self.dynaconf.keys())
            .map(|(_, name)| name.as_str())
            .collect();
        let worth_it = |text: &str| speaks(text) || names.iter().any(|name| text.contains(name));
        self.code
            .whose(self.files, worth_it)
            .into_iter()
            .filter_map(|path| self.code.module(path))
            .map(|module| {
                let reads = reader::reads(self, &module, entry == Some(&module.path));
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
            } else if let Some(prefix) = dynaconf_prefix(module, value) {
                self.dynaconf.insert(key, prefix);
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
            Kind::Name(name) => match module.binding(name) {
                Some(import) => import.name.as_deref(),
                // `from .base import *` may bring it.
                None => module.has_star().then_some(name.as_str()),
            },
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

    /// The text of a literal, or of a constant that this or another module defines.
    pub(super) fn literal(&self, module: &Module, expr: &Expr) -> Option<String> {
        if let Some(text) = expr.literal() {
            return Some(text);
        }
        if let Some(value) = expr.name().and_then(|name| module.assigned(name)) {
            return value.literal();
        }
        let found = super::application::definition(self.code, module, expr, self.place)?;
        let other = self.code.module(&found.file)?;
        other.assigned(&found.name)?.literal()
    }

    pub(super) fn wrapper_of(&self, module: &Module, callee: &Expr) -> Option<&Wrapper> {
        let key = self.resolve(&self.wrappers, module, callee)?;
        self.wrappers.get(&key)
    }

    /// The scheme of the instance that `expr` is.
    pub(super) fn instance(&self, module: &Module, expr: &Expr) -> Option<&Scheme> {
        let key = self.resolve(&self.instances, module, expr)?;
        self.instances.get(&key)
    }

    /// The prefix of the variables that the Dynaconf instance `expr` reads.
    pub(super) fn dynaconf(&self, module: &Module, expr: &Expr) -> Option<&str> {
        let key = self.resolve(&self.dynaconf, module, expr)?;
        self.dynaconf.get(&key).map(String::as_str)
    }

    pub(super) fn is_environ(&self, module: &Module, expr: &Expr) -> bool {
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
    pub(super) fn reads(&self, module: &Module, callee: &Expr) -> bool {
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

/// `Dynaconf(envvar_prefix="SHOP")`: the prefix, in upper case.
fn dynaconf_prefix(module: &Module, value: &Expr) -> Option<String> {
    let (function, args) = value.call()?;
    let class = module.outside(function)?;
    if !matches!(
        class.as_str(),
        "dynaconf.Dynaconf" | "dynaconf.LazySettings"
    ) {
        return None;
    }
    // https://www.dynaconf.com/envvars/: `DYNACONF_` where nobody says one.
    let prefix = argument(args, None, "envvar_prefix");
    match prefix.map(|prefix| &prefix.kind) {
        None => Some("DYNACONF_".to_owned()),
        Some(Kind::Str(text)) => Some(format!("{}_", text.to_uppercase())),
        // `False`: names without a prefix.
        Some(Kind::Constant("False")) => Some(String::new()),
        Some(_) => None,
    }
}

/// Whether a module's text may read a variable.
fn speaks(text: &str) -> bool {
    ["env", "Settings", "Config", "config", "settings"]
        .iter()
        .any(|word| text.contains(word))
}

/// `os.environ`, a copy of it, or what a `.env` file holds.
pub(super) fn is_environ(module: &Module, expr: &Expr) -> bool {
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
