//! Settings classes of pydantic: each field is a variable, also one that a class inherits.

use super::code::Code;
use super::parse::Module;
use super::place::Place;
use super::reading::{Read, is_environ};
use super::syntax::{Expr, Kind, Stmt, StmtKind, argument, each_expression, on_import};
use crate::project::RelPath;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A file, and a class in it.
type Key = (RelPath, String);

/// Classes inherit through at most this many others.
const HOPS: usize = 8;

/// One settings class.
struct Class {
    module: Rc<Module>,
    /// Other settings classes of the project that it inherits from, nearest first.
    bases: Vec<Key>,
    fields: Vec<Field>,
    /// `env_prefix` where it says one.
    prefix: Option<String>,
}

#[derive(Clone)]
struct Field {
    name: String,
    alias: Option<String>,
    line: usize,
    default: Option<String>,
    required: bool,
    secret: bool,
}

/// The settings classes of a service.
pub(super) struct Classes {
    classes: BTreeMap<Key, Class>,
    /// Those that another one inherits from.
    inherited: BTreeSet<Key>,
    /// Classes of the project that are made with the whole environment: each field in capitals that
    /// has a type is a variable.
    given: BTreeSet<Key>,
}

impl Classes {
    /// Finds them in `modules`; a base is followed through imports.
    pub(super) fn of(code: &Code<'_>, modules: &[Rc<Module>], place: &Place) -> Self {
        let mut found = Self {
            classes: BTreeMap::new(),
            inherited: BTreeSet::new(),
            given: given(code, modules, place),
        };
        // A class may stand before its base in the order of the files.
        for _ in 0..HOPS {
            let before = found.classes.len();
            for module in modules {
                for statement in on_import(&module.body) {
                    found.take(code, module, statement, place);
                }
            }
            if found.classes.len() == before {
                break;
            }
        }
        found.inherited = found
            .classes
            .values()
            .flat_map(|class| class.bases.iter().cloned())
            .collect();
        found
    }

    fn take(&mut self, code: &Code<'_>, module: &Rc<Module>, statement: &Stmt, place: &Place) {
        let StmtKind::Class {
            name, bases, body, ..
        } = &statement.kind
        else {
            return;
        };
        let key = (module.path.clone(), name.clone());
        if self.classes.contains_key(&key) {
            return;
        }
        let own: Vec<Key> = bases
            .iter()
            .filter_map(|base| {
                let definition = super::application::definition(code, module, &base.value, place)?;
                let key = (definition.file, definition.name);
                self.classes.contains_key(&key).then_some(key)
            })
            .collect();
        let is_settings = bases.iter().any(|base| {
            module
                .outside(&base.value)
                .is_some_and(|name| name.starts_with("pydantic") && name.ends_with(".BaseSettings"))
        });
        let is_given = self.given.contains(&key);
        if !is_settings && own.is_empty() && !is_given {
            return;
        }
        let mut fields = fields(body);
        if is_given {
            fields.retain(|field| !field.name.chars().any(char::is_lowercase));
        }
        self.classes.insert(
            key,
            Class {
                module: module.clone(),
                bases: own,
                fields,
                prefix: prefix(body),
            },
        );
    }

    /// What the fields of the class `key` read that stand in `path`: its own, and with its
    /// prefix those that it inherits. A class that others inherit from reads through them.
    pub(super) fn reads(&self, path: &RelPath, key: &Key) -> Vec<Read> {
        // Every class that has this one's fields reads them, each with its own prefix.
        let Some(class) = self
            .classes
            .get(key)
            .filter(|class| class.module.path == *path)
        else {
            return Vec::new();
        };
        let mut readers: Vec<&Key> = self
            .classes
            .keys()
            .filter(|other| !self.inherited.contains(*other) && self.inherits(other, key, HOPS))
            .collect();
        if readers.is_empty() {
            readers.push(key);
        }
        let mut reads: Vec<Read> = Vec::new();
        for reader in readers {
            let prefix = self.prefix(reader, HOPS).unwrap_or_default();
            for field in &class.fields {
                let name = field
                    .alias
                    .clone()
                    .unwrap_or_else(|| format!("{prefix}{}", field.name))
                    .to_uppercase();
                if reads
                    .iter()
                    .any(|known| known.name == name && known.line == field.line)
                {
                    continue;
                }
                reads.push(Read {
                    name,
                    line: field.line,
                    default: field.default.clone(),
                    required: field.required,
                    secret: field.secret,
                    used_as: None,
                });
            }
        }
        reads
    }

    fn inherits(&self, class: &Key, from: &Key, hops: usize) -> bool {
        class == from
            || hops > 0
                && self.classes.get(class).is_some_and(|known| {
                    known
                        .bases
                        .iter()
                        .any(|base| self.inherits(base, from, hops - 1))
                })
    }

    fn prefix(&self, class: &Key, hops: usize) -> Option<String> {
        let known = self.classes.get(class)?;
        known.prefix.clone().or_else(|| {
            let hops = hops.checked_sub(1)?;
            known.bases.iter().find_map(|base| self.prefix(base, hops))
        })
    }
}

/// The classes that `Settings(os.environ)` makes instances of.
fn given(code: &Code<'_>, modules: &[Rc<Module>], place: &Place) -> BTreeSet<Key> {
    let mut found = BTreeSet::new();
    for module in modules {
        each_expression(&module.body, &mut |expr| {
            if let Some((class, args)) = expr.call()
                && args.iter().any(|arg| is_environ(module, &arg.value))
                && let Some(definition) = super::application::definition(code, module, class, place)
            {
                found.insert((definition.file, definition.name));
            }
        });
    }
    found
}

fn fields(body: &[Stmt]) -> Vec<Field> {
    let mut found = Vec::new();
    for statement in body {
        let StmtKind::Assign {
            targets,
            annotation: Some(annotation),
            value,
        } = &statement.kind
        else {
            continue;
        };
        let Some(name) = targets.first().and_then(Expr::name) else {
            continue;
        };
        if name == "model_config" || name.starts_with('_') || says(annotation, "ClassVar") {
            continue;
        }
        let (default, has_default, alias) = default_of(value.as_ref());
        found.push(Field {
            name: name.to_owned(),
            alias,
            line: statement.line,
            default,
            required: !has_default && !says(annotation, "Optional") && !says_none(annotation),
            secret: says(annotation, "SecretStr")
                || ["PostgresDsn", "RedisDsn", "MongoDsn", "MySQLDsn", "AmqpDsn"]
                    .iter()
                    .any(|dsn| says(annotation, dsn)),
        });
    }
    found
}

fn says(expr: &Expr, name: &str) -> bool {
    let mut found = false;
    expr.walk(&mut |inner| found |= inner.last_name() == Some(name));
    found
}

fn says_none(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |inner| found |= inner.kind == Kind::Constant("None"));
    found
}

/// Default, whether there is one, and the variable's own name, of a field's right side.
fn default_of(value: Option<&Expr>) -> (Option<String>, bool, Option<String>) {
    let Some(value) = value else {
        return (None, false, None);
    };
    let Some((function, args)) = value.call() else {
        return (value.literal(), value.kind != Kind::Constant("..."), None);
    };
    match function.last_name() {
        Some("Field") => {}
        // `SecretStr("…")`, `AnyUrl("…")`: the text inside.
        Some("SecretStr" | "AnyUrl" | "AnyHttpUrl" | "HttpUrl" | "Path" | "PostgresDsn") => {
            let inner = args.first().and_then(|arg| arg.value.literal());
            return (inner, true, None);
        }
        _ => return (None, true, None),
    }
    let default = argument(args, Some(0), "default");
    let factory = argument(args, None, "default_factory").is_some();
    let alias = ["validation_alias", "alias", "env"]
        .iter()
        .find_map(|name| argument(args, None, name))
        .and_then(|alias| match &alias.kind {
            Kind::Str(text) => Some(text.clone()),
            Kind::List(names) => names.first()?.text().map(str::to_owned),
            Kind::Call(_, args) => argument(args, Some(0), "first")
                .and_then(Expr::text)
                .map(str::to_owned),
            _ => None,
        });
    let given = factory || default.is_some_and(|default| default.kind != Kind::Constant("..."));
    (default.and_then(Expr::literal), given, alias)
}

/// `env_prefix` of `model_config` or of the inner class `Config`.
fn prefix(body: &[Stmt]) -> Option<String> {
    let mut found = None;
    super::syntax::each_statement(body, &mut |statement| {
        let StmtKind::Assign {
            targets,
            value: Some(value),
            ..
        } = &statement.kind
        else {
            return;
        };
        let text = match (targets.first().and_then(Expr::name), &value.kind) {
            (Some("env_prefix"), Kind::Str(text)) => Some(text.clone()),
            (Some("model_config"), Kind::Call(_, args)) => argument(args, None, "env_prefix")
                .and_then(Expr::text)
                .map(str::to_owned),
            (Some("model_config"), Kind::Dict(pairs)) => pairs
                .iter()
                .find(|(key, _)| key.text() == Some("env_prefix"))
                .and_then(|(_, value)| value.text())
                .map(str::to_owned),
            _ => None,
        };
        found = found.take().or(text);
    });
    found
}
