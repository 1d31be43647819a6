//! Environment variables that a service's code reads, each folded from all the places that read
//! it.

use super::code::Code;
use super::place::Place;
use super::reader::UNNAMED;
use super::reading::{Read, Reading};
use crate::detect::secret;
use crate::detect::variable::{self, Engines, role};
use crate::project::{Confidence, EnvRole, EnvVar, Evidence, RelPath};
use std::collections::{BTreeMap, BTreeSet};

/// What is read in `files`, by name; the first of `starts` is where the service begins.
pub(super) fn find(
    code: &Code<'_>,
    files: &BTreeSet<RelPath>,
    place: &Place,
    entry: Option<&RelPath>,
    engines: Engines,
) -> Vec<EnvVar> {
    let reading = Reading::of(code, files, place);
    let mut found: BTreeMap<String, EnvVar> = BTreeMap::new();
    for (module, reads) in reading.all(entry) {
        // What a module looks for before it reads it may be absent.
        let optional: BTreeSet<&str> = reads
            .iter()
            .filter(|read| !read.required)
            .map(|read| read.name.as_str())
            .collect();
        for read in &reads {
            let line = module.line(read.line);
            let required = read.required && !optional.contains(read.name.as_str());
            add(&mut found, &module.path, line, read, required, engines);
        }
    }
    for variable in found.values_mut() {
        variable
            .read_at
            .sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        variable.read_at.dedup();
    }
    found
        .into_values()
        .filter(|known| !variable::is_of_system(&known.name))
        .collect()
}

/// Adds to `known` what a command reads by itself: `--concurrency=${WORKERS:-1}`.
pub(super) fn of_command(command: &str, at: &Evidence, known: &mut Vec<EnvVar>) {
    for (name, default) in crate::detect::shell::variables(command) {
        let is_known = known.iter().any(|variable| variable.name == name);
        if is_known || variable::is_of_system(&name) {
            continue;
        }
        let confidence = secret::secrecy(&name);
        known.push(EnvVar {
            secret: confidence.is_some(),
            secret_confidence: confidence.unwrap_or(Confidence::Likely),
            insecure_default: false,
            set_at: None,
            read_at: vec![at.clone()],
            default: default.filter(|_| confidence.is_none()),
            required: false,
            role: role(&name, Engines::default()),
            name,
        });
    }
    known.sort_by(|a, b| a.name.cmp(&b.name));
}

fn add(
    found: &mut BTreeMap<String, EnvVar>,
    path: &RelPath,
    line: &str,
    read: &Read,
    required: bool,
    engines: Engines,
) {
    let is_name = read
        .name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '-');
    if read.name.is_empty() || !is_name {
        return;
    }
    let use_name = read.used_as.as_deref().unwrap_or_default();
    // `env.db("POND_URL")` is the address of the database, whatever it is called.
    let meant = UNNAMED.iter().any(|(_, name)| *name == use_name);
    let meant = meant.then_some(use_name);
    let secrecy = secret::secrecy(&read.name).or_else(|| secret::secrecy(meant?));
    let secrecy = secrecy.or(if read.secret || is_password_use(use_name) {
        Some(Confidence::Certain)
    } else {
        None
    });
    let default = read.default.clone();
    let secrecy = secrecy.filter(|_| {
        let value = default.as_deref();
        !value.is_some_and(|value| secret::is_scheme(&read.name, value))
    });
    let role = if is_other_broker(default.as_deref()) {
        None
    } else {
        role(&read.name, engines)
            .or_else(|| role(meant?, engines))
            .or_else(|| role_by_use(use_name))
    };
    // A URL of a database or a broker carries its password.
    let carries_password = role.is_some_and(EnvRole::is_url_with_password);
    let secrecy = secrecy.or(carries_password.then_some(Confidence::Likely));
    let insecure = secrecy.is_some()
        && default.as_deref().is_some_and(is_usable_secret)
        && !is_for_developers(path);
    let excerpt = match default
        .as_deref()
        .filter(|text| secrecy.is_some() && !text.is_empty())
    {
        Some(text) => line.replace(text, "…"),
        None => line.to_owned(),
    };
    let variable = found.entry(read.name.clone()).or_insert_with(|| EnvVar {
        name: read.name.clone(),
        read_at: Vec::new(),
        default: None,
        required: false,
        secret: false,
        secret_confidence: Confidence::Certain,
        insecure_default: false,
        set_at: None,
        role: None,
    });
    variable
        .read_at
        .push(Evidence::new(path.clone(), read.line, &excerpt));
    variable.required |= required;
    if let Some(confidence) = secrecy {
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

/// Whether the scheme of a default is that of a broker which is no Redis, whatever the name.
fn is_other_broker(default: Option<&str>) -> bool {
    default
        .and_then(|text| text.split_once("://"))
        .is_some_and(|(scheme, _)| {
            matches!(
                scheme.split('+').next(),
                Some(
                    "amqp"
                        | "amqps"
                        | "pyamqp"
                        | "sqs"
                        | "kafka"
                        | "nats"
                        | "memory"
                        | "filesystem"
                )
            )
        })
}

fn is_password_use(name: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        "password"
            | "passwd"
            | "secret_key"
            | "secret"
            | "api_key"
            | "auth_token"
            | "token"
            | "jwt_secret_key"
            | "aws_secret_access_key"
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
/// Settings that only a developer or a test starts with.
fn is_for_developers(path: &RelPath) -> bool {
    let in_settings = path.parent().file_name() == "settings";
    in_settings
        && matches!(
            path.stem(),
            "dev" | "develop" | "development" | "local" | "test" | "testing" | "tests" | "ci"
        )
}

fn is_usable_secret(default: &str) -> bool {
    // `os.getenv("S3_KEY", False)` asks whether there is one.
    if default.is_empty() || matches!(default.to_ascii_lowercase().as_str(), "false" | "none") {
        return false;
    }
    match default.split_once("://") {
        Some((_, rest)) => rest.split_once('@').is_some_and(|(user, _)| {
            user.split_once(':')
                .is_some_and(|(_, word)| !word.is_empty())
        }),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Tree;

    /// What the modules of a tree read.
    fn read_all(files: &[(&str, &str)]) -> Vec<EnvVar> {
        read_with(files, Engines::default())
    }

    fn read_with(files: &[(&str, &str)], engines: Engines) -> Vec<EnvVar> {
        let (_folder, tree) = Tree::laid_out(files);
        let code = Code::new(&tree);
        let all: BTreeSet<RelPath> = tree.with_extension("py").cloned().collect();
        let place = Place {
            base: RelPath::root(),
            roots: vec![RelPath::root()],
        };
        find(&code, &all, &place, None, engines)
    }

    fn read(text: &str) -> Vec<EnvVar> {
        read_all(&[("a.py", text)])
    }

    fn one(text: &str) -> EnvVar {
        let mut all = read(text);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    fn seen(all: &[EnvVar]) -> Vec<(&str, Option<&str>, bool, bool)> {
        all.iter()
            .map(|v| (v.name.as_str(), v.default.as_deref(), v.required, v.secret))
            .collect()
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
        assert!(
            read("import os\nos.environ['X'] = '1'\nos.environ.setdefault('Y', '2')\n").is_empty()
        );
        let f = one("import os\nenv = os.environ\nx = env.get('SIDE', 'left')\n");
        assert_eq!(f.default.as_deref(), Some("left"));
    }

    #[test]
    fn only_what_is_read_at_the_start_is_required() {
        let in_a_branch = one("import os\nif True:\n    x = os.environ['A']\n");
        assert!(!in_a_branch.required);
        let caught = "import os\ntry:\n    x = os.environ['A']\nexcept KeyError:\n    x = 1\n";
        assert!(!one(caught).required);
        let later = one("import os\ndef view():\n    return os.environ['A']\n");
        assert!(!later.required);
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
    fn settings_of_dynaconf_are_variables_with_its_prefix() {
        let made = "from dynaconf import Dynaconf\nsettings = Dynaconf(envvar_prefix='SHOP', settings_files=['settings.toml'])\n";
        let used = "from conf import settings\nport = settings.get('port', 8000)\nkey = settings.SECRET_KEY\nname = settings['title']\nsettings.validators.validate()\n";
        let found = read_all(&[("conf.py", made), ("app.py", used)]);
        let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["SHOP_PORT", "SHOP_SECRET_KEY", "SHOP_TITLE"]);
        assert_eq!(found[0].default.as_deref(), Some("8000"));
        assert!(found[1].secret && !found[1].required);
        let bare = "from dynaconf import Dynaconf\nsettings = Dynaconf()\nx = settings.DEPTH\n";
        assert_eq!(read_all(&[("app.py", bare)])[0].name, "DYNACONF_DEPTH");
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
    fn a_broker_that_is_no_redis_has_no_role_of_redis() {
        let a = one("import os\nb = os.getenv('REDIS_URL', 'amqp://localhost')\n");
        assert_eq!(a.role, None);
    }

    #[test]
    fn libraries() {
        let a = one("from decouple import config\nx = config('TIMEOUT', default=3, cast=int)\n");
        assert_eq!(a.default.as_deref(), Some("3"));
        let b = one("import environ\nenv = environ.Env()\nX = env.bool('DEBUG', False)\n");
        assert_eq!(
            (b.name.as_str(), b.default.as_deref()),
            ("DEBUG", Some("False"))
        );
        let c = one(
            "from environs import Env\nenv = Env()\nenv.read_env()\nx = env.str('HOME_PAGE')\n",
        );
        assert!(c.required);
        let d = one("import os\ndef need(name):\n    return os.environ[name]\nx = need('PLACE')\n");
        assert_eq!(d.name, "PLACE");
        let e = one(
            "from flask import Flask\napp = Flask(__name__)\napp.config.from_envvar('SHOP_SETTINGS')\n",
        );
        assert_eq!((e.name.as_str(), e.required), ("SHOP_SETTINGS", true));
        let f = one("from dotenv import dotenv_values\nc = dotenv_values('.env')\nx = c['TANK']\n");
        assert_eq!(f.name, "TANK");
    }

    #[test]
    fn prefixes_and_schemes() {
        let text = "from environs import Env\nenv = Env()\nwith env.prefixed('SHOP_'):\n    x = env('NAME', 'x')\n    with env.prefixed('MAIL_'):\n        y = env.int('PORT', 25)\nz = env('OTHER', '')\n";
        assert_eq!(
            seen(&read(text)),
            [
                ("OTHER", Some(""), false, false),
                ("SHOP_MAIL_PORT", Some("25"), false, false),
                ("SHOP_NAME", Some("x"), false, false),
            ]
        );
        let text = "import environ\nenv = environ.Env(DEBUG=(bool, False))\nD = env('DEBUG')\nB = env.db()\nC = env.cache('CACHE_URL', default='locmem://')\n";
        assert_eq!(
            seen(&read(text)),
            [
                ("CACHE_URL", None, false, true),
                ("DATABASE_URL", None, true, true),
                ("DEBUG", Some("False"), false, false),
            ]
        );
    }

    #[test]
    fn what_another_module_reads_with() {
        let all = read_all(&[
            (
                "config/env.py",
                "import os\n\ndef inner(key, default=None):\n    return os.getenv(key, default)\n\ndef setting(section, name, fallback=None):\n    return inner(name, fallback)\n",
            ),
            ("config/__init__.py", "from .env import setting\n"),
            (
                "app.py",
                "from config import setting\nX = setting('a', 'POND_DEPTH', 3)\nY = setting('a', name='POND_TOKEN')\n",
            ),
            ("base.py", "from environs import Env\nenv = Env()\n"),
            ("more.py", "from base import env\nZ = env.str('REED')\n"),
        ]);
        assert_eq!(
            seen(&all),
            [
                ("POND_DEPTH", Some("3"), false, false),
                ("POND_TOKEN", None, false, true),
                ("REED", None, true, false),
            ]
        );
    }

    #[test]
    fn how_passwords_are_hashed_is_no_secret() {
        for (default, secret) in [("pbkdf2_sha512", false), ("$2b$12$abcdefghijk", true)] {
            let all = read(&format!(
                "import os\nGULL_PASSWORD_HASH = os.getenv('GULL_PASSWORD_HASH', '{default}')\n"
            ));
            assert_eq!(all[0].secret, secret, "{default}");
            assert_eq!(all[0].default.as_deref(), (!secret).then_some(default));
        }
    }

    #[test]
    fn what_a_star_import_brings_is_read_with() {
        let all = read_all(&[
            (
                "settings/base.py",
                "import os\nimport environ\nenv = environ.Env()\nDEPTH = os.environ.get('DEPTH', '3')\n",
            ),
            (
                "settings/live.py",
                "from .base import *\nLEVEL = os.environ.get('LEVEL', 'WARNING')\nDATABASES = {'default': env.db('POND_URL')}\n",
            ),
        ]);
        assert_eq!(
            seen(&all),
            [
                ("DEPTH", Some("3"), false, false),
                ("LEVEL", Some("WARNING"), false, false),
                ("POND_URL", None, true, true),
            ]
        );
        let engines = Engines {
            postgres: true,
            ..Engines::default()
        };
        let text = "import environ\nenv = environ.Env()\nX = env.db('POND_URL')\n";
        let address = &read_with(&[("a.py", text)], engines)[0];
        assert_eq!(address.role, Some(EnvRole::PostgresUrl));
        // Without one it is a name that nobody knows.
        assert!(read("X = os.environ.get('LEVEL')\n").is_empty());
    }

    #[test]
    fn the_typed_fields_of_a_class_that_is_given_the_environment() {
        let all = read_all(&[
            (
                "config.py",
                "class Config:\n    SECRET_KEY: str\n    DEPTH: int = 3\n    plain: str = 'x'\n    LIMIT = 4\n",
            ),
            (
                "app.py",
                "import os\nfrom config import Config\nconfig = Config(os.environ)\n",
            ),
        ]);
        assert_eq!(
            seen(&all),
            [
                ("DEPTH", Some("3"), false, false),
                ("SECRET_KEY", None, true, true),
            ]
        );
    }

    #[test]
    fn settings_of_pydantic() {
        let text = "from pydantic_settings import BaseSettings, SettingsConfigDict\nclass S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='READER_')\n    database_url: PostgresDsn\n    wells: int = 96\n    debug: bool = False\n    note: str | None = None\n    other: str = Field('x', alias='OTHER_NAME')\n";
        assert_eq!(
            seen(&read(text)),
            [
                ("OTHER_NAME", Some("x"), false, false),
                ("READER_DATABASE_URL", None, true, true),
                ("READER_DEBUG", Some("False"), false, false),
                ("READER_NOTE", None, false, false),
                ("READER_WELLS", Some("96"), false, false),
            ]
        );
    }

    #[test]
    fn settings_inherit_across_modules() {
        let all = read_all(&[
            (
                "settings/base.py",
                "from pydantic import BaseSettings\nclass Base(BaseSettings):\n    app_env: str = 'prod'\n    class Config:\n        env_prefix = 'KELP_'\n",
            ),
            (
                "settings/app.py",
                "from settings.base import Base\nclass App(Base):\n    secret_key: SecretStr\n    max_depth: int = 10\n",
            ),
        ]);
        assert_eq!(
            seen(&all),
            [
                ("KELP_APP_ENV", Some("prod"), false, false),
                ("KELP_MAX_DEPTH", Some("10"), false, false),
                ("KELP_SECRET_KEY", None, true, true),
            ]
        );
    }
}
