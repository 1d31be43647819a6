//! Commands that the repository itself uses to start the application: Dockerfile, Procfile,
//! scripts, the package manager's scripts.

use super::code::Code;
use super::manifest::Package;
use super::shell;
use crate::project::{Dockerfile, Evidence, Existing, Port, RelPath};

/// One command with its place.
#[derive(Debug, Clone)]
pub(super) struct Mention {
    pub(super) words: Vec<String>,
    pub(super) at: Evidence,
    /// Folder in which it runs, as far as the file tells.
    pub(super) folder: RelPath,
    /// Whether it is meant for production.
    pub(super) production: bool,
}

const SERVERS: &[&str] = &[
    "gunicorn",
    "uvicorn",
    "hypercorn",
    "daphne",
    "waitress-serve",
    "granian",
];

impl Mention {
    /// The server program among the words.
    pub(super) fn server(&self) -> Option<&'static str> {
        self.words.iter().find_map(|word| {
            let name = word.rsplit('/').next().unwrap_or(word);
            SERVERS.iter().copied().find(|server| *server == name)
        })
    }

    /// `module:object` as the command names it.
    pub(super) fn target(&self) -> Option<&str> {
        self.words
            .iter()
            .map(String::as_str)
            .find(|word| is_target(word))
            .or_else(|| {
                let place = self
                    .words
                    .iter()
                    .position(|word| word == "--app" || word == "-A")?;
                self.words.get(place + 1).map(String::as_str)
            })
            .or_else(|| {
                // `gunicorn wsgi` means `wsgi:application`.
                let server = self
                    .words
                    .iter()
                    .position(|word| word.ends_with("gunicorn"))?;
                self.words[server + 1..]
                    .iter()
                    .map(String::as_str)
                    .find(|word| {
                        word.contains('.') && !word.starts_with('-') && !word.contains(['/', ':'])
                    })
            })
    }

    /// The port that it listens on.
    pub(super) fn port(&self) -> Option<Port> {
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            let (name, inline) = match word.split_once('=') {
                Some((name, value)) if name.starts_with('-') => (name, Some(value)),
                _ => (word.as_str(), None),
            };
            if !matches!(
                name,
                "--port" | "-p" | "--bind" | "-b" | "--server.port" | "-P"
            ) {
                continue;
            }
            let value = inline.or_else(|| words.next().map(String::as_str))?;
            if let Some(port) = port_of(value) {
                return Some(port);
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

fn is_target(word: &str) -> bool {
    let Some((module, object)) = word.split_once(':') else {
        return false;
    };
    let object = object.split('(').next().unwrap_or_default();
    let names = |text: &str| {
        !text.is_empty()
            && text.split('.').all(|part| {
                part.starts_with(|c: char| c.is_alphabetic() || c == '_')
                    && part.chars().all(|c| c.is_alphanumeric() || c == '_')
            })
    };
    names(module) && names(object)
}

/// Dockerfiles that speak of the project in `root`, nearest first.
pub(super) fn dockerfiles<'e>(
    existing: &'e Existing,
    root: &RelPath,
    alone: bool,
) -> Vec<&'e Dockerfile> {
    let mut found: Vec<&Dockerfile> = existing
        .dockerfiles
        .iter()
        .filter(|file| {
            let folder = file.path.parent();
            if folder == *root {
                return true;
            }
            if !root.is_within(&folder) && !folder.is_within(root) {
                return alone && super::role::beside(&folder);
            }
            let speaks = |evidence: &Evidence| {
                let name = root.file_name();
                !name.is_empty()
                    && evidence
                        .excerpt
                        .split(|c: char| c == '/' || c.is_whitespace() || c == '"' || c == ',')
                        .any(|part| part == name)
            };
            alone || file.workdir.as_ref().is_some_and(&speaks) || file.copied.iter().any(&speaks)
        })
        .filter(|file| {
            file.runtime
                .as_ref()
                .is_none_or(|(name, _)| name == "python")
        })
        .collect();
    found.sort_by_key(|file| {
        (
            file.path.parent() != *root,
            file.path.file_name() != "Dockerfile",
            file.path.depth(),
        )
    });
    found
}

/// All commands that may start the project in `package`, in order of trust.
pub(super) fn gather(
    code: &Code<'_>,
    existing: &Existing,
    package: &Package,
    alone: bool,
) -> Vec<Mention> {
    let root = &package.root;
    let mut found = Vec::new();
    for file in dockerfiles(existing, root, alone) {
        for evidence in file.entrypoint.iter().chain(&file.cmd) {
            found.push(Mention {
                words: exec_words(&evidence.excerpt),
                at: evidence.clone(),
                folder: root.clone(),
                production: true,
            });
        }
    }
    for path in code.tree.named("Procfile") {
        let folder = path.parent();
        if !(folder == *root || (alone && root.is_within(&folder))) {
            continue;
        }
        let Some(text) = code.tree.text(path) else {
            continue;
        };
        for (index, line) in text.lines().enumerate() {
            if let Some((_, command)) = line.split_once(':').filter(|_| !line.starts_with('#')) {
                for inner in shell::commands(command) {
                    found.push(Mention {
                        words: inner.words,
                        at: Evidence::new(path.clone(), index + 1, line),
                        folder: folder.clone(),
                        production: true,
                    });
                }
            }
        }
    }
    for script in &package.scripts {
        for inner in shell::commands(&script.command) {
            found.push(Mention {
                words: inner.words,
                at: script.at.clone(),
                folder: root.clone(),
                production: false,
            });
        }
    }
    for path in code.tree.with_extension("sh") {
        let folder = path.parent();
        let near =
            folder == *root || folder.parent() == *root || (alone && root.is_within(&folder));
        if !near || super::role::beside(&folder) || path.stem().contains("test") {
            continue;
        }
        let Some(text) = code.tree.text(path) else {
            continue;
        };
        let mut at = folder.clone();
        for line in shell::commands(&text) {
            if let [name, target] = line.words.as_slice()
                && name == "cd"
                && let Ok(inner) = at.join(target)
                && code.tree.has_folder(&inner)
            {
                at = inner;
            }
            found.push(Mention {
                at: Evidence::new(
                    path.clone(),
                    line.line,
                    text.lines().nth(line.line - 1).unwrap_or(""),
                ),
                words: line.words,
                folder: at.clone(),
                production: false,
            });
        }
    }
    found
}

/// The words of a CMD or ENTRYPOINT in either form.
fn exec_words(excerpt: &str) -> Vec<String> {
    if let Some(start) = excerpt.find('[')
        && let Ok(words) = serde_json::from_str::<Vec<String>>(&excerpt[start..])
    {
        return words;
    }
    let text = excerpt
        .strip_prefix("CMD")
        .or_else(|| excerpt.strip_prefix("ENTRYPOINT"))
        .unwrap_or(excerpt);
    shell::commands(text)
        .into_iter()
        .flat_map(|line| line.words)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mention(command: &str) -> Mention {
        Mention {
            words: command.split(' ').map(str::to_owned).collect(),
            at: Evidence::file(RelPath::root()),
            folder: RelPath::root(),
            production: true,
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
    }
}
