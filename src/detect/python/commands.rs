//! Gathers the commands that start a project, from every file that may hold one.

use super::capacity;
use super::code::Code;
use super::manifest::{Package, Section};
use super::mention::{Mention, bare};
use crate::detect::{existing, shell, structured};
use crate::project::{ComposeFile, ComposeService, Dockerfile, Evidence, Existing, RelPath};

/// Where a search for commands looks.
pub(super) struct Commands<'a, 't> {
    pub(super) code: &'a Code<'t>,
    pub(super) existing: &'a Existing,
    pub(super) package: &'a Package,
    /// Whether it is the only project of the tree.
    pub(super) alone: bool,
}

/// Dockerfiles that speak of the project in `root`, nearest first.
pub(super) fn dockerfiles<'e>(
    present: &'e Existing,
    root: &RelPath,
    alone: bool,
) -> Vec<&'e Dockerfile> {
    let mut found: Vec<&Dockerfile> = present
        .dockerfiles
        .iter()
        // The editor's container is not the application's.
        .filter(|file| {
            !file
                .path
                .as_str()
                .split('/')
                .any(|part| part == ".devcontainer")
        })
        .filter(|file| {
            let folder = file.path.parent();
            if folder == *root {
                return true;
            }
            if !root.is_within(&folder) && !folder.is_within(root) {
                return alone && super::role::beside(&folder);
            }
            alone || existing::names_folder(file, root)
        })
        .filter(|file| {
            file.runtime
                .as_ref()
                .is_none_or(|(name, _)| name == "python")
        })
        .collect();
    existing::nearest_first(&mut found, root);
    found
}

/// Services of the compose files that run the project in `root` itself.
pub(super) fn compose_services<'e>(
    existing: &'e Existing,
    package: &Package,
    alone: bool,
) -> Vec<(&'e ComposeFile, &'e ComposeService)> {
    let name = package.name.as_ref().map(|fact| fact.value.as_str());
    existing::own_services(existing, &package.root, name, alone)
}

impl Commands<'_, '_> {
    /// All commands that may start the project, in order of trust.
    pub(super) fn gather(&self) -> Vec<Mention> {
        let mut found = Vec::new();
        self.dockerfile(&mut found);
        self.procfile(&mut found);
        self.scripts(true, &mut found);
        self.units(&mut found);
        self.supervisor(&mut found);
        self.uwsgi(&mut found);
        self.compose(&mut found);
        self.tasks(&mut found);
        self.makefile(&mut found);
        self.scripts(false, &mut found);
        self.flaskenv(&mut found);
        found
    }

    fn root(&self) -> &RelPath {
        &self.package.root
    }

    /// Adds each command of a line of shell.
    fn line(&self, text: &str, like: &Mention, found: &mut Vec<Mention>) {
        let mut folder = like.folder.clone();
        for statement in shell::statements(text) {
            let words = statement.texts();
            if let [name, target] = words.as_slice()
                && name == "cd"
                && let Ok(inner) = folder.join(target)
                && self.code.tree.has_folder(&inner)
            {
                folder = inner;
            }
            self.words(
                &words,
                statement.is_assignment(),
                &Mention {
                    folder: folder.clone(),
                    ..like.clone()
                },
                found,
            );
        }
    }

    fn words(&self, words: &[String], assigns: bool, like: &Mention, found: &mut Vec<Mention>) {
        if assigns {
            found.push(Mention {
                words: words.to_vec(),
                ..like.clone()
            });
            return;
        }
        // A list of words that runs several commands, by a program for that.
        let parts = words.split(|word| matches!(word.as_str(), "&&" | "||" | "|||"));
        if words
            .iter()
            .any(|word| matches!(word.as_str(), "&&" | "|||"))
        {
            for part in parts.filter(|part| !part.is_empty()) {
                self.words(part, false, like, found);
            }
            return;
        }
        let words = bare(words, &self.package.entry_points);
        // `sh -c "…"` is the line inside.
        if let [program, flag, inner, ..] = words.as_slice()
            && matches!(program.rsplit('/').next(), Some("sh" | "bash" | "ash"))
            && flag.starts_with('-')
            && flag.ends_with('c')
        {
            self.line(inner, like, found);
            return;
        }
        if !words.is_empty() {
            found.push(Mention {
                words,
                ..like.clone()
            });
        }
    }

    fn like(&self, at: Evidence, production: bool) -> Mention {
        Mention {
            words: Vec::new(),
            at,
            folder: self.root().clone(),
            production,
            process: None,
        }
    }

    fn dockerfile(&self, found: &mut Vec<Mention>) {
        for file in dockerfiles(self.existing, self.root(), self.alone) {
            let words: Vec<String> = file
                .entrypoint
                .iter()
                .chain(&file.cmd)
                .flat_map(|evidence| shell::commands(&evidence.excerpt))
                .flat_map(|command| command.texts())
                .collect();
            for evidence in file.entrypoint.iter().chain(&file.cmd) {
                self.line(&evidence.excerpt, &self.like(evidence.clone(), true), found);
            }
            // ENTRYPOINT ["celery"], CMD ["worker"]: only together they are a command.
            if let (Some(entrypoint), Some(_)) = (&file.entrypoint, &file.cmd) {
                self.words(&words, false, &self.like(entrypoint.clone(), true), found);
            }
        }
    }

    fn procfile(&self, found: &mut Vec<Mention>) {
        for path in self.code.tree.named("Procfile") {
            let folder = path.parent();
            if !(folder == *self.root() || (self.alone && self.root().is_within(&folder))) {
                continue;
            }
            let Some(text) = self.code.tree.text(path) else {
                continue;
            };
            for (line, name, command) in existing::processes(&text) {
                let mut like = self.like(self.code.tree.at(path, line), true);
                like.folder.clone_from(&folder);
                like.process = Some(name);
                self.line(&command, &like, found);
            }
        }
    }

    /// Shell scripts: those that a Dockerfile names, else the others.
    fn scripts(&self, named: bool, found: &mut Vec<Mention>) {
        let tree = self.code.tree;
        let files = dockerfiles(self.existing, self.root(), self.alone);
        let says = |evidence: &Evidence, path: &RelPath| {
            evidence
                .excerpt
                .split(|c: char| c.is_whitespace() || c == '/' || c == '\'' || c == '"')
                .any(|word| word == path.file_name())
        };
        let is_named = |path: &RelPath| {
            files.iter().any(|file| {
                let starts = file.entrypoint.iter().chain(&file.cmd);
                starts.into_iter().any(|command| says(command, path))
            })
        };
        // A script that is copied by name is for another command of the same image.
        let is_copied = |path: &RelPath| {
            files
                .iter()
                .any(|file| file.copied.iter().any(|copied| says(copied, path)))
        };
        for path in tree.with_extension("sh").chain(tree.with_extension("")) {
            let folder = path.parent();
            let near = folder == *self.root()
                || folder.parent() == *self.root()
                || (self.alone && self.root().is_within(&folder));
            let process = supervised(path);
            let by_extension = path.extension() == "sh";
            let of_dockerfile = is_named(path)
                || !by_extension && (is_copied(path) || process.is_some() && self.alone);
            if !(near && (by_extension || folder.file_name() == "bin")
                || of_dockerfile && self.alone)
                || super::role::beside(&folder)
                || path.stem().contains("test")
                || of_dockerfile != named
            {
                continue;
            }
            let Some(text) = tree
                .text(path)
                .filter(|text| by_extension || is_shell(text))
            else {
                continue;
            };
            let mut at = folder.clone();
            for statement in shell::statements(&text) {
                let words = statement.texts();
                if let [name, target] = words.as_slice()
                    && name == "cd"
                    && let Ok(inner) = at.join(target)
                    && tree.has_folder(&inner)
                {
                    at = inner;
                }
                let mut like = self.like(tree.at(path, statement.line()), named);
                like.folder.clone_from(&at);
                like.process.clone_from(&process);
                self.words(&words, statement.is_assignment(), &like, found);
            }
        }
    }

    /// Units of systemd: `ExecStart=`.
    fn units(&self, found: &mut Vec<Mention>) {
        for path in self.near("service") {
            self.ini(
                path,
                |section| {
                    let command = section
                        .get("ExecStart")
                        .filter(|_| section.name == "Service")?;
                    Some((
                        path.stem().to_owned(),
                        command.trim_start_matches(['-', '@', '+']).to_owned(),
                    ))
                },
                found,
            );
        }
    }

    /// Programs of supervisor: `[program:name]`, `command=`.
    fn supervisor(&self, found: &mut Vec<Mention>) {
        for path in self.near("conf").chain(self.near("ini")) {
            let is_supervisor = self
                .code
                .tree
                .text(path)
                .is_some_and(|text| text.contains("[program:"));
            if is_supervisor {
                self.ini(
                    path,
                    |section| {
                        let name = section.name.strip_prefix("program:")?;
                        Some((name.to_owned(), with_variables(section.get("command")?)))
                    },
                    found,
                );
            }
        }
    }

    /// Configuration of uWSGI: the module that it serves, and the daemons that it keeps beside.
    fn uwsgi(&self, found: &mut Vec<Mention>) {
        for path in self.near("ini") {
            let Some(text) = self
                .code
                .tree
                .text(path)
                .filter(|text| text.contains("[uwsgi]"))
            else {
                continue;
            };
            let entries = capacity::uwsgi_section(&text).map(|section| section.entries);
            for (key, value) in &entries.unwrap_or_default() {
                let line = text
                    .lines()
                    .position(|line| {
                        line.starts_with(key.as_str()) && line.contains(value.as_str())
                    })
                    .map_or(0, |index| index + 1);
                let mut like = self.like(self.code.tree.at(path, line), true);
                match key.as_str() {
                    "module" | "wsgi" => {
                        let words = ["uwsgi", "--module", value].map(str::to_owned);
                        self.words(&words, false, &like, found);
                    }
                    // What stands for a variable is only there where that is set.
                    "attach-daemon" | "attach-daemon2" | "smart-attach-daemon"
                        if !value.contains("%(") =>
                    {
                        let mut words = value.split_whitespace();
                        let name = words
                            .find(|word| !word.contains("manage.py") && !word.starts_with("python"))
                            .map(|word| word.rsplit('/').next().unwrap_or(word).to_owned());
                        like.process = name;
                        self.line(value, &like, found);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Files with this extension of the project that are part of it.
    fn near<'p>(&'p self, extension: &'p str) -> impl Iterator<Item = &'p RelPath> {
        self.code.tree.with_extension(extension).filter(|path| {
            let folder = path.parent();
            (path.is_within(self.root()) || self.alone) && !super::role::beside(&folder)
        })
    }

    fn ini(
        &self,
        path: &RelPath,
        process: impl Fn(&Section) -> Option<(String, String)>,
        found: &mut Vec<Mention>,
    ) {
        let Some(sections) = self
            .code
            .tree
            .text(path)
            .and_then(|text| Section::read_all(&text))
        else {
            return;
        };
        for section in sections {
            if let Some((name, command)) = process(&section) {
                let at = Evidence::new(path.clone(), section.line, &command);
                let production = !path.stem().split(['-', '_', '.']).any(|word| {
                    matches!(word, "dev" | "development" | "test" | "tests" | "example")
                });
                let mut like = self.like(at, production);
                like.process = Some(name);
                self.line(&command, &like, found);
            }
        }
    }

    fn compose(&self, found: &mut Vec<Mention>) {
        for (file, service) in compose_services(self.existing, self.package, self.alone) {
            let Some(command) = &service.command else {
                continue;
            };
            let line = structured::yaml(self.code.tree, &file.path)
                .and_then(|document| {
                    let service = document.at(&["services", &service.name])?;
                    Some(service.entry("command")?.line)
                })
                .unwrap_or(service.line);
            let mut like = self.like(Evidence::new(file.path.clone(), line, command), false);
            like.process = Some(service.name.clone());
            self.line(command, &like, found);
        }
    }

    /// Commands that the package manager or a task runner knows by name.
    fn tasks(&self, found: &mut Vec<Mention>) {
        for script in &self.package.scripts {
            let mut like = self.like(script.at.clone(), false);
            like.process = Some(script.name.clone());
            self.line(&script.command, &like, found);
        }
    }

    fn makefile(&self, found: &mut Vec<Mention>) {
        let Some(path) = self.root().join("Makefile").ok() else {
            return;
        };
        let Some(text) = self.code.tree.text(&path) else {
            return;
        };
        for (line, recipe) in existing::recipes(&text) {
            let like = self.like(self.code.tree.at(&path, line), false);
            self.line(&recipe, &like, found);
        }
    }

    /// `FLASK_APP` of a committed `.flaskenv` or `.env` is what `flask run` serves.
    fn flaskenv(&self, found: &mut Vec<Mention>) {
        for file in dockerfiles(self.existing, self.root(), self.alone) {
            for evidence in &file.env {
                if let Some(app) = evidence.excerpt.strip_prefix("FLASK_APP=") {
                    let words = ["flask", "--app", app, "run"].map(str::to_owned);
                    self.words(&words, false, &self.like(evidence.clone(), false), found);
                }
            }
        }
        for name in [
            ".flaskenv",
            ".env",
            ".env.example",
            ".env.sample",
            ".env.template",
            ".env.dist",
            ".env.development",
        ] {
            let Ok(path) = self.root().join(name) else {
                continue;
            };
            let Some(text) = self.code.tree.text(&path) else {
                continue;
            };
            for (index, line) in text.lines().enumerate() {
                let line = line.trim().trim_start_matches("export ");
                let Some(app) = line.strip_prefix("FLASK_APP=") else {
                    continue;
                };
                let app = app.trim_matches(['"', '\'']);
                let words = ["flask", "--app", app, "run"].map(str::to_owned);
                let at = Evidence::new(path.clone(), index + 1, line);
                self.words(&words, false, &self.like(at, false), found);
            }
        }
    }
}

/// A command of supervisor as a shell has it: `%(ENV_NAME)s` is a variable.
fn with_variables(command: &str) -> String {
    let mut out = String::new();
    let mut rest = command;
    while let Some((before, after)) = rest.split_once("%(ENV_") {
        let Some((name, behind)) = after.split_once(")s") else {
            break;
        };
        out.push_str(&format!("{before}${{{name}}}"));
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Whether the first line of a text gives it to a shell.
fn is_shell(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.starts_with("#!")
        && first
            .split(['/', ' '])
            .any(|word| matches!(word, "sh" | "bash" | "ash" | "dash" | "with-contenv"))
}

/// The process whose `run` file this is, for s6 and runit: `svc-worker/run`.
fn supervised(path: &RelPath) -> Option<String> {
    let folder = path.parent();
    let above = folder.parent();
    let kept = matches!(
        above.file_name(),
        "s6-rc.d" | "services.d" | "sv" | "service" | "runit"
    );
    (path.file_name() == "run" && kept).then(|| {
        let name = folder.file_name();
        name.strip_prefix("svc-").unwrap_or(name).to_owned()
    })
}
