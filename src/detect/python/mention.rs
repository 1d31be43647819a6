//! A command that the repository itself uses to start the application, and what it says.

use super::manifest::EntryPoint;
use crate::project::{Evidence, Port, RelPath};

/// One command with its place.
#[derive(Debug, Clone)]
pub(super) struct Mention {
    /// The words of the command without what only wraps it (`exec`, `poetry run`, `python -m`
    /// before a server).
    pub(super) words: Vec<String>,
    pub(super) at: Evidence,
    /// Folder in which it runs, as far as the file tells.
    pub(super) folder: RelPath,
    /// Whether it is meant for production.
    pub(super) production: bool,
    /// The name that a Procfile, a compose file, a unit or supervisor gives the process.
    pub(super) process: Option<String>,
}

/// Programs that serve a WSGI or ASGI application.
const SERVERS: &[&str] = &[
    "gunicorn",
    "uvicorn",
    "hypercorn",
    "daphne",
    "waitress-serve",
    "granian",
    "uwsgi",
];

/// Modules that are run by `python -m` and are the program of the same or another name.
const PROGRAMS: &[(&str, &str)] = &[
    ("gunicorn", "gunicorn"),
    ("gunicorn.app.wsgiapp", "gunicorn"),
    ("uvicorn", "uvicorn"),
    ("hypercorn", "hypercorn"),
    ("daphne", "daphne"),
    ("waitress", "waitress-serve"),
    ("granian", "granian"),
    ("celery", "celery"),
    ("flask", "flask"),
    ("fastapi", "fastapi"),
    ("streamlit", "streamlit"),
    ("sanic", "sanic"),
    ("dramatiq", "dramatiq"),
];

/// Programs that run what follows them, and how many words are their own: the name, and options
/// up to `--` where the second is true.
const WRAPPERS: &[(&[&str], bool)] = &[
    (&["exec"], false),
    (&["command"], false),
    (&["nohup"], false),
    (&["time"], false),
    (&["sudo"], false),
    (&["env"], false),
    (&["ddtrace-run"], false),
    (&["opentelemetry-instrument"], false),
    (&["newrelic-admin", "run-program"], false),
    (&["poetry", "run"], false),
    (&["uv", "run"], false),
    (&["pipenv", "run"], false),
    (&["pdm", "run"], false),
    (&["rye", "run"], false),
    (&["hatch", "run"], false),
    (&["hupper", "-m"], false),
    (&["gosu"], false),
    (&["su-exec"], false),
    (&["s6-setuidgid"], false),
    (&["setpriv"], false),
    (&["runuser"], true),
    (&["monofy"], false),
    (&["tini"], true),
    (&["dumb-init"], true),
    (&["catatonit"], true),
    (&["watchmedo", "auto-restart"], true),
    (&["dockerize"], true),
];

/// Wrappers whose first word is the user that the rest runs as.
const WITH_USER: &[&str] = &["gosu", "su-exec", "s6-setuidgid"];

impl Mention {
    /// The program, without its folder.
    pub(super) fn program(&self) -> &str {
        let first = self.words.first().map_or("", String::as_str);
        first.rsplit('/').next().unwrap_or_default()
    }

    /// The words behind the program.
    pub(super) fn arguments(&self) -> &[String] {
        self.words.get(1..).unwrap_or_default()
    }

    /// Whether it runs a Python interpreter.
    pub(super) fn is_python(&self) -> bool {
        let program = self.program();
        program
            .strip_prefix("python")
            .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
    }

    /// The value of an option, written `--name value`, `--name=value` or `-nvalue`.
    pub(super) fn option(&self, names: &[&str]) -> Option<&str> {
        let words = self.arguments();
        words.iter().enumerate().find_map(|(at, word)| {
            names.iter().find_map(|name| {
                if word == name {
                    return words.get(at + 1).map(String::as_str);
                }
                let rest = word.strip_prefix(name)?;
                if name.starts_with("--") {
                    return rest.strip_prefix('=');
                }
                (!name.starts_with("--") && !rest.is_empty()).then(|| rest.trim_start_matches('='))
            })
        })
    }

    /// The server program that it is.
    pub(super) fn server(&self) -> Option<&'static str> {
        let program = self.program();
        SERVERS.iter().copied().find(|server| *server == program)
    }

    /// Whether it serves in production: a file for production says so, or the server is one that
    /// nobody develops with.
    pub(super) fn deploys(&self) -> bool {
        let server = self.server();
        self.production && server.is_some()
            || matches!(
                server,
                Some("gunicorn" | "uwsgi" | "waitress-serve" | "granian")
            ) && !self.words.iter().any(|word| word.starts_with("--reload"))
    }

    /// Whether it starts something that answers HTTP.
    pub(super) fn serves(&self) -> bool {
        self.server().is_some()
            || matches!(
                self.program(),
                "flask" | "fastapi" | "streamlit" | "gradio" | "sanic" | "litestar" | "quart"
            ) && self
                .arguments()
                .iter()
                .any(|word| matches!(word.as_str(), "run" | "dev") || word.contains(':'))
            || self.words.iter().any(|word| word == "runserver")
            || self.program() == "sanic"
    }

    /// `module:object` as the command names it.
    pub(super) fn target(&self) -> Option<&str> {
        // `-c python:shop.gunicorn` is gunicorn's configuration.
        let is = |word: &&String| {
            is_target(word) && !word.starts_with("python:") && !word.starts_with("file:")
        };
        if let Some(word) = self.words.iter().find(is) {
            return Some(word);
        }
        if let Some(app) = self.option(&["--app", "-A"]) {
            return Some(app);
        }
        if self.program() == "uwsgi" {
            return self.option(&["--module", "-w"]);
        }
        // `gunicorn shop.wsgi` means `shop.wsgi:application`.
        if self.program() != "gunicorn" {
            return None;
        }
        self.arguments()
            .iter()
            .map(String::as_str)
            .rfind(|word| !word.starts_with('-') && names_of(word) && word.contains('.'))
    }

    /// The port that it listens on.
    pub(super) fn port(&self) -> Option<Port> {
        let mut words = self.arguments().iter();
        while let Some(word) = words.next() {
            let (name, inline) = match word.split_once('=') {
                Some((name, value)) if name.starts_with('-') => (name, Some(value)),
                _ => (word.as_str(), None),
            };
            if matches!(
                name,
                "--port" | "-p" | "--bind" | "-b" | "--server.port" | "-P" | "--http" | "--listen"
            ) {
                let value = inline.or_else(|| words.next().map(String::as_str))?;
                if let Some(port) = port_of(value) {
                    return Some(port);
                }
            }
        }
        // `manage.py runserver 0.0.0.0:8000`
        let run = self.words.iter().position(|word| word == "runserver")?;
        self.words.get(run + 1).and_then(|word| port_of(word))
    }
}

/// The port in `8000`, `0.0.0.0:8000`, `:8000`, `${PORT:-8000}`.
pub(super) fn port_of(text: &str) -> Option<Port> {
    let text = text.trim_end_matches('}');
    let tail = text
        .rsplit(|c: char| !c.is_ascii_digit())
        .next()
        .unwrap_or(text);
    Port::new(tail.parse().ok()?)
}

/// Whether it is names joined by dots.
fn names_of(text: &str) -> bool {
    !text.is_empty()
        && text.split('.').all(|part| {
            part.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_alphanumeric() || c == '_')
        })
}

fn is_target(word: &str) -> bool {
    let Some((module, object)) = word.split_once(':') else {
        return false;
    };
    names_of(module) && names_of(object.split('(').next().unwrap_or_default())
}

/// The words of a command without what wraps it; `entry_points` are names that the package
/// installs.
pub(super) fn bare(words: &[String], entry_points: &[EntryPoint]) -> Vec<String> {
    let mut words = words;
    loop {
        let first = words
            .first()
            .map_or("", |word| word.rsplit('/').next().unwrap_or_default());
        let set = first.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        });
        let wrapper = WRAPPERS.iter().find(|(wrapper, _)| {
            wrapper[0] == first
                && wrapper[1..]
                    .iter()
                    .zip(words.get(1..).unwrap_or_default())
                    .all(|(a, b)| a == b)
                && words.len() >= wrapper.len()
        });
        words = match wrapper {
            _ if set => &words[1..],
            Some((wrapper, to_dashes)) => {
                let mut rest = &words[wrapper.len()..];
                let dashes = rest.iter().position(|word| word == "--");
                if *to_dashes && let Some(dashes) = dashes {
                    rest = &rest[dashes + 1..];
                }
                while rest.first().is_some_and(|word| word.starts_with('-')) {
                    rest = &rest[1..];
                }
                if WITH_USER.contains(&wrapper[0]) {
                    rest = rest.get(1..).unwrap_or_default();
                }
                rest
            }
            None => break,
        };
    }
    let program = words
        .first()
        .map_or("", |word| word.rsplit('/').next().unwrap_or_default());
    // A script that its first line gives to Python.
    if program.ends_with(".py") && program != "huey_consumer.py" {
        return renamed("python", words);
    }
    if program.starts_with("python")
        && words.get(1).is_some_and(|word| word == "-m")
        && let Some(module) = words.get(2)
        && let Some((_, name)) = PROGRAMS.iter().find(|(known, _)| known == module)
    {
        return renamed(name, &words[3..]);
    }
    // `python -m manage …` is the file.
    if program.starts_with("python")
        && words.get(1..3) == Some(&["-m", "manage"].map(str::to_owned)[..])
    {
        let rest = &words[3..];
        return std::iter::once(program.to_owned())
            .chain(std::iter::once("manage.py".to_owned()))
            .chain(rest.iter().cloned())
            .collect();
    }
    if let Some(point) = entry_points.iter().find(|point| point.name == program)
        && let Some((_, name)) = PROGRAMS
            .iter()
            .find(|(known, _)| point.target.split(':').next() == Some(known))
    {
        return renamed(name, &words[1..]);
    }
    words.to_vec()
}

fn renamed(program: &str, arguments: &[String]) -> Vec<String> {
    std::iter::once(program.to_owned())
        .chain(arguments.iter().cloned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mention(command: &str) -> Mention {
        let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
        Mention {
            words: bare(&words, &[]),
            at: Evidence::file(RelPath::root()),
            folder: RelPath::root(),
            production: true,
            process: None,
        }
    }

    #[test]
    fn targets_and_ports() {
        let one = mention("gunicorn --bind 0.0.0.0:8000 aviary:app");
        assert_eq!(one.server(), Some("gunicorn"));
        assert_eq!(one.target(), Some("aviary:app"));
        assert_eq!(one.port(), Port::new(8000));
        assert_eq!(mention("flask run --port=5000").port(), Port::new(5000));
        assert_eq!(mention("gunicorn shop.wsgi").target(), Some("shop.wsgi"));
        assert_eq!(
            mention("gunicorn -b :${PORT:-81} a:b()").port(),
            Port::new(81)
        );
        assert_eq!(mention("gunicorn -b :80 a:b()").target(), Some("a:b()"));
        assert_eq!(
            mention("gunicorn -c gunicorn-prod.conf.py warehouse.wsgi").target(),
            Some("warehouse.wsgi")
        );
    }

    #[test]
    fn wrappers_are_left_out() {
        for command in [
            "exec gunicorn a:b",
            "/srv/venv/bin/gunicorn a:b",
            "env A=1 ddtrace-run python -m gunicorn.app.wsgiapp a:b",
            "DEBUG=1 poetry run gunicorn a:b",
            "newrelic-admin run-program gunicorn a:b",
            "tini -s -- uv run gunicorn a:b",
            "watchmedo auto-restart --directory=. -- gunicorn a:b",
            "exec gosu app gunicorn a:b",
            "su-exec 1000:1000 gunicorn a:b",
            "s6-setuidgid app gunicorn a:b",
            "setpriv --reuid=1000 --clear-groups gunicorn a:b",
            "runuser -u app -- gunicorn a:b",
        ] {
            let one = mention(command);
            assert_eq!(one.program(), "gunicorn", "{command}");
            assert_eq!(one.arguments(), ["a:b"], "{command}");
        }
        assert!(mention("python3 -m bot").is_python());
        assert!(mention("./manage.py runserver").is_python());
        assert_eq!(
            mention("uv run python -m manage qcluster").words,
            ["python", "manage.py", "qcluster"]
        );
        let point = EntryPoint {
            name: "serve-it".to_owned(),
            target: "gunicorn.app.wsgiapp:run".to_owned(),
        };
        let words = ["/venv/bin/serve-it", "a:b"].map(str::to_owned);
        assert_eq!(bare(&words, &[point]), ["gunicorn", "a:b"]);
    }

    #[test]
    fn a_configuration_is_no_target() {
        let one = mention("gunicorn -c python:shop.gunicorn shop.app:app");
        assert_eq!(one.target(), Some("shop.app:app"));
        assert!(one.deploys());
        let somewhere = |command: &str| Mention {
            production: false,
            ..mention(command)
        };
        assert!(somewhere("gunicorn shop.app:app").deploys());
        assert!(!somewhere("gunicorn --reload shop.app:app").deploys());
        assert!(!somewhere("uvicorn shop.app:app").deploys());
        assert!(!mention("flask run").deploys());
    }

    #[test]
    fn options_in_each_form() {
        let one = mention("celery --app=shop worker -Qhigh -l info");
        assert_eq!(one.option(&["-A", "--app"]), Some("shop"));
        assert_eq!(one.option(&["-Q"]), Some("high"));
        assert_eq!(one.option(&["-l"]), Some("info"));
        assert_eq!(one.option(&["-B"]), None);
    }
}
