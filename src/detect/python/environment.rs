//! Environment variables that a service's code reads.

use super::code::Code;
use super::parse::Module;
use super::secret::{Engines, is_secret, role};
use super::syntax::{Arg, Expr, Kind, Stmt, StmtKind, argument};
use crate::project::{Confidence, EnvRole, EnvVar, Evidence, RelPath};
use std::collections::{BTreeMap, BTreeSet};

/// One place that reads one variable.
#[derive(Debug, Clone)]
struct Read {
    name: String,
    line: usize,
    default: Option<String>,
    required: bool,
    /// A type that says that it is a secret.
    secret: bool,
    /// The setting, argument or key that the value goes to.
    used_as: Option<String>,
}

/// What is read in `files`, by name.
pub(super) fn find<'p>(
    code: &Code<'_>,
    files: impl IntoIterator<Item = &'p RelPath>,
    engines: Engines,
) -> Vec<EnvVar> {
    let mut found: BTreeMap<String, EnvVar> = BTreeMap::new();
    for path in files {
        let worth_it = code.tree.text(path).is_some_and(|text| {
            text.contains("env") || text.contains("Settings") || text.contains("config")
        });
        if !worth_it {
            continue;
        }
        let Some(module) = code.module(path) else {
            continue;
        };
        let (reads, optional) = Reader::of(&module);
        for read in reads {
            add(&mut found, &module, read, &optional, engines);
        }
    }
    for variable in found.values_mut() {
        variable
            .read_at
            .sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        variable.read_at.dedup();
    }
    found.into_values().collect()
}

fn add(
    found: &mut BTreeMap<String, EnvVar>,
    module: &Module,
    read: Read,
    optional: &BTreeSet<String>,
    engines: Engines,
) {
    if read.name.is_empty() || read.name.contains(char::is_whitespace) {
        return;
    }
    let use_name = read.used_as.as_deref().unwrap_or_default();
    let by_use = is_password_use(use_name);
    let secret = is_secret(&read.name).or(if read.secret || by_use {
        Some(Confidence::Certain)
    } else {
        None
    });
    let role = role(&read.name, engines).or_else(|| role_by_use(use_name));
    let default = read.default.clone();
    let insecure = secret.is_some() && default.as_deref().is_some_and(is_usable_secret);
    let line = module.line(read.line);
    let excerpt = match default.as_deref().filter(|text| secret.is_some() && !text.is_empty()) {
        Some(text) => line.replace(text, "…"),
        None => line.to_owned(),
    };
    let at = Evidence::new(module.path.clone(), read.line, &excerpt);
    let required = read.required && !optional.contains(&read.name);
    let variable = found.entry(read.name.clone()).or_insert_with(|| EnvVar {
        name: read.name.clone(),
        read_at: Vec::new(),
        default: None,
        required: false,
        secret: false,
        secret_confidence: Confidence::Certain,
        insecure_default: false,
        role: None,
    });
    variable.read_at.push(at);
    variable.required |= required;
    if let Some(confidence) = secret {
        variable.secret_confidence = if variable.secret {
            variable.secret_confidence.max(confidence)
        } else {
            confidence
        };
        variable.secret = true;
        variable.default = None;
    } else if variable.read_at.len() == 1 {
        variable.secret_confidence = Confidence::Likely;
    }
    variable.insecure_default |= insecure;
    variable.role = variable.role.or(role);
    if !variable.secret && variable.default.is_none() {
        variable.default = default;
    }
}

fn is_password_use(name: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        "password" | "passwd" | "secret_key" | "secret" | "api_key" | "auth_token" | "token"
            | "jwt_secret_key" | "aws_secret_access_key"
    )
}

/// Roles of arguments and settings that mean one thing wherever they stand.
fn role_by_use(name: &str) -> Option<EnvRole> {
    Some(match name {
        "SECRET_KEY" | "secret_key" => EnvRole::AppSecret,
        "ALLOWED_HOSTS" => EnvRole::AllowedHosts,
        "DEBUG" => EnvRole::Debug,
        "UPLOAD_FOLDER" | "MEDIA_ROOT" => EnvRole::WritableFolder,
        "EMAIL_HOST" => EnvRole::SmtpHost,
        "EMAIL_HOST_PASSWORD" => EnvRole::SmtpPassword,
        "EMAIL_HOST_USER" => EnvRole::SmtpUser,
        "EMAIL_PORT" => EnvRole::SmtpPort,
        "aws_access_key_id" => EnvRole::S3AccessKey,
        "aws_secret_access_key" => EnvRole::S3SecretKey,
        "endpoint_url" => EnvRole::S3Endpoint,
        _ => return None,
    })
}

/// Whether a default could be used as the secret: a URL only where it carries a password.
fn is_usable_secret(default: &str) -> bool {
    if default.is_empty() {
        return false;
    }
    match default.split_once("://") {
        Some((_, rest)) => rest
            .split_once('@')
            .is_some_and(|(user, _)| user.split_once(':').is_some_and(|(_, word)| !word.is_empty())),
        None => true,
    }
}

/// Callables of libraries that read one variable each.
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

struct Reader<'m> {
    module: &'m Module,
    /// Names of this module that are an instance of one of [`READERS`].
    instances: BTreeSet<String>,
    /// Functions of this module that read the variable named by their first argument.
    wrappers: BTreeSet<String>,
    reads: Vec<Read>,
    /// Names that are looked for before they are read.
    optional: BTreeSet<String>,
}

impl<'m> Reader<'m> {
    fn of(module: &'m Module) -> (Vec<Read>, BTreeSet<String>) {
        let mut reader = Self {
            module,
            instances: BTreeSet::new(),
            wrappers: BTreeSet::new(),
            reads: Vec::new(),
            optional: BTreeSet::new(),
        };
        reader.prepare();
        reader.block(&module.body);
        (reader.reads, reader.optional)
    }

    fn prepare(&mut self) {
        let module = self.module;
        super::syntax::each_statement(&module.body, &mut |statement| match &statement.kind {
            StmtKind::Assign {
                targets,
                value: Some(value),
                ..
            } => {
                if let (Some(name), Some((function, _))) =
                    (targets.first().and_then(Expr::name), value.call())
                    && module
                        .outside(function)
                        .is_some_and(|class| READERS.contains(&class.as_str()))
                {
                    self.instances.insert(name.to_owned());
                }
            }
            StmtKind::Function(function) => {
                let Some(first) = function.params.first() else {
                    return;
                };
                super::syntax::each_expression(&function.body, &mut |expr| {
                    let key = match &expr.kind {
                        Kind::Call(callee, args) => module
                            .outside(callee)
                            .filter(|name| CALLS.contains(&name.as_str()))
                            .and_then(|_| argument(args, Some(0), "key")),
                        Kind::Index(object, key) => module
                            .outside(object)
                            .filter(|name| name == "os.environ")
                            .map(|_| &**key),
                        _ => None,
                    };
                    if key.and_then(Expr::name) == Some(&first.name) {
                        self.wrappers.insert(function.name.clone());
                    }
                });
            }
            _ => {}
        });
    }

    fn block(&mut self, body: &'m [Stmt]) {
        for statement in body {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &'m Stmt) {
        match &statement.kind {
            StmtKind::Assign { targets, value, .. } => {
                let used_as = targets.first().and_then(|target| match &target.kind {
                    Kind::Index(_, key) => key.text(),
                    _ => target.last_name(),
                });
                // `os.environ["X"] = …` sets.
                for target in targets {
                    if !matches!(target.kind, Kind::Index(..)) {
                        self.expr(target, None, None);
                    }
                }
                if let Some(value) = value {
                    self.expr(value, None, used_as);
                }
            }
            StmtKind::Class {
                name, bases, body, ..
            } => self.settings(name, bases, body),
            _ => {
                for expr in statement.expressions() {
                    self.expr(expr, None, None);
                }
            }
        }
        for inner in statement.inner() {
            self.statement(inner);
        }
    }

    /// `fallback` is what stands after `or`; `used_as` where the value goes.
    fn expr(&mut self, expr: &'m Expr, fallback: Option<&'m Expr>, used_as: Option<&str>) {
        match &expr.kind {
            Kind::Binary(left, operator, right) if operator == "or" => {
                self.expr(left, Some(right), used_as);
                self.expr(right, fallback, used_as);
                return;
            }
            Kind::Binary(left, operator, right) if operator == "in" || operator == "not in" => {
                if self.module.outside(right).as_deref() == Some("os.environ")
                    && let Some(name) = left.text()
                {
                    self.optional.insert(name.to_owned());
                    self.push(name, expr.line, None, false, used_as);
                    return;
                }
            }
            Kind::Index(object, key) => {
                if self.module.outside(object).as_deref() == Some("os.environ")
                    && let Some(name) = key.text()
                {
                    self.push(name, expr.line, None, true, used_as);
                    return;
                }
            }
            Kind::Call(function, args) => {
                if self.call(expr.line, function, args, fallback, used_as) {
                    for arg in args {
                        self.expr(&arg.value, None, used_as);
                    }
                    return;
                }
                self.expr(function, fallback, used_as);
                for arg in args {
                    let name = arg.name.as_deref().filter(|name| *name != "*");
                    self.expr(&arg.value, None, name.or(used_as));
                }
                return;
            }
            Kind::Dict(pairs) => {
                for (key, value) in pairs {
                    self.expr(key, None, None);
                    self.expr(value, None, key.text().or(used_as));
                }
                return;
            }
            _ => {}
        }
        for child in expr.children() {
            self.expr(child, fallback, used_as);
        }
    }

    /// Whether the call reads a variable.
    fn call(
        &mut self,
        line: usize,
        function: &'m Expr,
        args: &'m [Arg],
        fallback: Option<&'m Expr>,
        used_as: Option<&str>,
    ) -> bool {
        let outside = self.module.outside(function);
        let library = outside.as_deref().is_some_and(|name| CALLS.contains(&name));
        let instance = match &function.kind {
            Kind::Name(name) => self.instances.contains(name) || self.wrappers.contains(name),
            Kind::Attr(object, method) => {
                object.name().is_some_and(|name| self.instances.contains(name))
                    && !matches!(method.as_str(), "read_env" | "prefixed" | "read_envfile")
            }
            _ => false,
        };
        let django_url = outside.as_deref() == Some("dj_database_url.config");
        if django_url {
            let name = argument(args, None, "env")
                .and_then(Expr::text)
                .unwrap_or("DATABASE_URL");
            let default = argument(args, Some(0), "default").and_then(Expr::literal);
            self.push(name, line, default, false, used_as);
            return true;
        }
        if !library && !instance {
            return false;
        }
        let Some(name) = argument(args, Some(0), "key").and_then(Expr::text) else {
            return false;
        };
        let given = argument(args, Some(1), "default");
        let default = given
            .and_then(Expr::literal)
            .or_else(|| fallback.and_then(Expr::literal).filter(|text| !text.is_empty()));
        let environ_like = outside.as_deref().is_some_and(|name| name.starts_with("os."));
        let required = !environ_like && given.is_none() && fallback.is_none() && {
            // A wrapper's own default is not known here.
            !matches!(&function.kind, Kind::Name(name) if self.wrappers.contains(name))
        };
        self.push(name, line, default, required, used_as);
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

    /// The fields of pydantic's `BaseSettings`.
    fn settings(&mut self, _name: &str, bases: &'m [Arg], body: &'m [Stmt]) {
        let is_settings = bases.iter().any(|base| {
            self.module.outside(&base.value).is_some_and(|name| {
                matches!(
                    name.as_str(),
                    "pydantic_settings.BaseSettings" | "pydantic.BaseSettings"
                        | "pydantic.v1.BaseSettings"
                )
            }) || base
                .value
                .last_name()
                .is_some_and(|name| name == "BaseSettings" || name.ends_with("BaseSettings"))
        });
        if !is_settings {
            return;
        }
        let prefix = prefix(body);
        for statement in body {
            let StmtKind::Assign {
                targets,
                annotation: Some(annotation),
                value,
            } = &statement.kind
            else {
                continue;
            };
            let Some(field) = targets.first().and_then(Expr::name) else {
                continue;
            };
            if field == "model_config" || field.starts_with('_') || says(annotation, "ClassVar") {
                continue;
            }
            let (default, has_default, alias) = field_default(value.as_ref());
            let optional = says(annotation, "Optional") || says_none(annotation);
            let name = alias.unwrap_or_else(|| format!("{prefix}{field}")).to_uppercase();
            self.reads.push(Read {
                name,
                line: statement.line,
                default,
                required: !has_default && !optional,
                secret: says(annotation, "SecretStr")
                    || ["PostgresDsn", "RedisDsn", "MongoDsn", "MySQLDsn", "AmqpDsn"]
                        .iter()
                        .any(|dsn| says(annotation, dsn)),
                used_as: None,
            });
        }
    }
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
fn field_default(value: Option<&Expr>) -> (Option<String>, bool, Option<String>) {
    let Some(value) = value else {
        return (None, false, None);
    };
    let Some((function, args)) = value.call() else {
        return (value.literal(), value.kind != Kind::Constant("..."), None);
    };
    if function.last_name() != Some("Field") {
        return (None, true, None);
    }
    let default = argument(args, Some(0), "default");
    let factory = argument(args, None, "default_factory").is_some();
    let alias = ["validation_alias", "alias", "env"]
        .iter()
        .find_map(|name| argument(args, None, name))
        .and_then(|alias| match &alias.kind {
            Kind::Str(text) => Some(text.clone()),
            Kind::Call(_, args) => argument(args, Some(0), "first")
                .and_then(Expr::text)
                .map(str::to_owned),
            _ => None,
        });
    let given = factory
        || default.is_some_and(|default| default.kind != Kind::Constant("..."));
    (default.and_then(Expr::literal), given, alias)
}

/// `env_prefix` of `model_config` or of the inner class `Config`.
fn prefix(body: &[Stmt]) -> String {
    let mut found = String::new();
    super::syntax::each_statement(body, &mut |statement| {
        let StmtKind::Assign {
            targets,
            value: Some(value),
            ..
        } = &statement.kind
        else {
            return;
        };
        let target = targets.first().and_then(Expr::name);
        if target == Some("env_prefix")
            && let Some(text) = value.text()
        {
            text.clone_into(&mut found);
        }
        if target == Some("model_config") {
            match &value.kind {
                Kind::Call(_, args) => {
                    if let Some(text) = argument(args, None, "env_prefix").and_then(Expr::text) {
                        text.clone_into(&mut found);
                    }
                }
                Kind::Dict(pairs) => {
                    for (key, value) in pairs {
                        if let (Some("env_prefix"), Some(text)) = (key.text(), value.text()) {
                            text.clone_into(&mut found);
                        }
                    }
                }
                _ => {}
            }
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<EnvVar> {
        let module = Module::parse(RelPath::parse("a.py").unwrap(), text.into()).unwrap();
        let (reads, optional) = Reader::of(&module);
        let mut found = BTreeMap::new();
        for one in reads {
            add(&mut found, &module, one, &optional, Engines::default());
        }
        found.into_values().collect()
    }

    fn one(text: &str) -> EnvVar {
        let mut all = read(text);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    #[test]
    fn forms_of_the_standard_library() {
        let a = one("import os\nX = os.getenv('LOG_LEVEL', 'INFO')\n");
        assert_eq!(a.default.as_deref(), Some("INFO"));
        assert!(!a.required && !a.secret);
        assert_eq!(a.read_at[0].line, 2);
        let b = one("from os import environ as env\nx = env['SOMETHING']\n");
        assert!(b.required);
        let c = one("from os import getenv\nx = (getenv('MODE') or 'fast').strip()\n");
        assert_eq!(c.default.as_deref(), Some("fast"));
        let d = one("import os\nif 'MAIL_TO' in os.environ:\n    x = os.environ['MAIL_TO']\n");
        assert!(!d.required);
        assert_eq!(d.read_at.len(), 2);
        let e = one("import os\nport = int(os.environ.get('PORT', 8000))\n");
        assert_eq!(e.default.as_deref(), Some("8000"));
        assert_eq!(e.role, Some(EnvRole::ListenPort));
        assert!(read("import os\nos.environ['X'] = '1'\nos.environ.setdefault('Y', '2')\n").is_empty());
    }

    #[test]
    fn an_insecure_default_is_said_but_not_shown() {
        let a = one("import os\nk = os.getenv('SECRET_KEY', 'microbes-are-fun')\n");
        assert!(a.secret && a.insecure_default);
        assert_eq!(a.default, None);
        assert_eq!(a.read_at[0].excerpt, "k = os.getenv('SECRET_KEY', '…')");
        let b = one("import os\nk = os.getenv('REDIS_URL', 'redis://localhost:6379')\n");
        assert!(b.secret && !b.insecure_default);
    }

    #[test]
    fn secret_by_use() {
        let a = one("import os, psycopg2\npsycopg2.connect(password=os.environ['PG_WORD'])\n");
        assert!(a.secret);
        let b = one("import os\napp.config['SECRET_KEY'] = os.environ['SALTY']\n");
        assert!(b.secret);
        assert_eq!(b.role, Some(EnvRole::AppSecret));
    }

    #[test]
    fn libraries() {
        let a = one("from decouple import config\nx = config('TIMEOUT', default=3, cast=int)\n");
        assert_eq!(a.default.as_deref(), Some("3"));
        let b = one("import environ\nenv = environ.Env()\nX = env.bool('DEBUG', False)\n");
        assert_eq!((b.name.as_str(), b.default.as_deref()), ("DEBUG", Some("False")));
        let c = one("from environs import Env\nenv = Env()\nenv.read_env()\nx = env.str('HOME_PAGE')\n");
        assert!(c.required);
        let d = one("import os\ndef need(name):\n    return os.environ[name]\nx = need('PLACE')\n");
        assert_eq!(d.name, "PLACE");
    }

    #[test]
    fn settings_of_pydantic() {
        let text = "from pydantic_settings import BaseSettings, SettingsConfigDict\nclass S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='READER_')\n    database_url: PostgresDsn\n    wells: int = 96\n    debug: bool = False\n    note: str | None = None\n    other: str = Field('x', alias='OTHER_NAME')\n";
        let all = read(text);
        let seen: Vec<_> = all
            .iter()
            .map(|v| (v.name.as_str(), v.default.as_deref(), v.required, v.secret))
            .collect();
        assert_eq!(
            seen,
            [
                ("OTHER_NAME", Some("x"), false, false),
                ("READER_DATABASE_URL", None, true, true),
                ("READER_DEBUG", Some("False"), false, false),
                ("READER_NOTE", None, false, false),
                ("READER_WELLS", Some("96"), false, false),
            ]
        );
    }
}
