//! The commands that build and start a package, by its scripts and the files beside it.

use super::manifest::{Package, Script};
use super::{env_file, source};
use crate::detect::{Tree, existing, shell};
use crate::project::{Dockerfile, Evidence, PackageManager, RelPath};

/// A command, where it is written, and the file that it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Started {
    pub(super) command: String,
    pub(super) at: Evidence,
    /// As the command names it, relative to the package.
    pub(super) file: Option<String>,
    pub(super) port: Option<u16>,
}

/// Scripts for production, best first.
const PRODUCTION: &[&str] = &[
    "start:prod",
    "start:production",
    "prod",
    "production",
    "serve:prod",
    "start",
    "server",
    "start:server",
];

const DEVELOPMENT: &[&str] = &[
    "dev",
    "start:dev",
    "develop",
    "dev:server",
    "watch",
    "serve",
];

pub(super) const BUILD: &[&str] = &["build:prod", "build:production", "build", "build:all"];

/// Parts of an application that a script `build:…` builds, where no script builds the whole.
pub(super) const PARTS: &[&str] = &[
    "api", "app", "assets", "backend", "bundle", "client", "css", "front", "frontend", "js",
    "scripts", "server", "static", "styles", "ts", "ui", "vite", "web", "webapp", "webpack",
];

/// Programs that only a developer starts.
const TOOLS: &[&str] = &[
    "nodemon",
    "ts-node-dev",
    "tsnd",
    "webpack-dev-server",
    "pm2-dev",
];

/// Programs that serve in development, each with the words that do.
const SERVES: &[(&str, &[&str])] = &[
    ("next", &["dev"]),
    ("nuxt", &["dev"]),
    ("nuxi", &["dev"]),
    ("astro", &["dev"]),
    ("ng", &["serve", "s"]),
    ("nx", &["serve", "run"]),
    ("react-scripts", &["start"]),
    ("vue-cli-service", &["serve"]),
    ("webpack", &["serve"]),
    ("gatsby", &["develop", "start"]),
    ("docusaurus", &["start"]),
    ("strapi", &["develop", "dev"]),
    ("nest", &["start"]),
    ("remix", &["dev"]),
    ("react-router", &["dev"]),
    ("parcel", &[]),
    ("vite", &[]),
    ("eleventy", &["--serve"]),
];

/// Programs that run several scripts one after another.
pub(super) const IN_A_ROW: &[&str] = &["npm-run-all", "npm-run-all2", "run-s"];

/// Interpreters of JavaScript and TypeScript.
const RUNS: &[&str] = &["node", "tsx", "ts-node", "bun", "ts-node-esm"];

/// Files that start a server by custom, best first.
const USUAL: &[&str] = &[
    "server.js",
    "index.js",
    "app.js",
    "main.js",
    "server.mjs",
    "index.mjs",
    "server/index.js",
    "server/server.js",
    "src/server.js",
    "src/index.js",
    "src/app.js",
    "src/main.js",
    "src/index.mjs",
    "bin/www",
];

/// How the package manager runs a script.
pub(super) fn run(manager: PackageManager, script: &str) -> String {
    let program = match manager {
        PackageManager::Pnpm => "pnpm",
        PackageManager::Yarn => "yarn",
        PackageManager::Bun => "bun",
        _ => "npm",
    };
    match (program, script) {
        ("npm" | "pnpm" | "yarn", "start" | "test") => format!("{program} {script}"),
        _ => format!("{program} run {script}"),
    }
}

/// How the package manager runs a program that a dependency installs.
pub(super) fn execute(manager: PackageManager, command: &str) -> String {
    match manager {
        PackageManager::Pnpm => format!("pnpm exec {command}"),
        PackageManager::Yarn => format!("yarn {command}"),
        PackageManager::Bun => format!("bunx {command}"),
        _ => format!("npx {command}"),
    }
}

/// The name of the script that words run through a package manager: `npm run x`, `yarn x`.
pub(super) fn script_of<'w>(words: &'w [String], package: &Package) -> Option<&'w str> {
    let (program, rest) = words.split_first()?;
    if !matches!(program.as_str(), "npm" | "pnpm" | "yarn" | "bun") {
        return None;
    }
    let mut names = rest
        .iter()
        .map(String::as_str)
        .filter(|word| !word.starts_with('-'));
    let first = names.next()?;
    match first {
        "run" | "run-script" => names.next(),
        "start" | "test" => Some(first),
        name if program != "npm" && package.script(name).is_some() => Some(name),
        _ => None,
    }
}

/// The words without what only wraps them.
pub(super) fn bare(words: &[String]) -> &[String] {
    let mut words = words;
    while let Some(first) = words.first() {
        if let Some((_, command)) = env_file::wrapped(words) {
            words = command;
            continue;
        }
        let name = first.rsplit('/').next().unwrap_or(first);
        let wraps = matches!(
            name,
            "exec"
                | "tini"
                | "dumb-init"
                | "npx"
                | "cross-env"
                | "cross-env-shell"
                | "env"
                | "--"
                | "-s"
                | "-g"
        ) || first.starts_with("NODE_ENV=")
            || first.starts_with("NODE_OPTIONS=");
        if !wraps {
            break;
        }
        words = &words[1..];
    }
    words
}

fn is_development(words: &[String]) -> bool {
    let Some(program) = words
        .first()
        .map(|word| word.rsplit('/').next().unwrap_or(word))
    else {
        return true;
    };
    if TOOLS.contains(&program)
        || words
            .iter()
            .any(|word| word == "--watch" || word == "watch")
    {
        return true;
    }
    SERVES.iter().any(|(name, ways)| {
        *name == program
            && (ways.is_empty()
                && !words
                    .iter()
                    .any(|word| word == "preview" || word == "build")
                || words
                    .iter()
                    .skip(1)
                    .any(|word| ways.contains(&word.as_str())))
    })
}

/// Whether an image starts something with Node.js or one of its package managers.
pub(super) fn is_started(image: &Dockerfile) -> bool {
    image.cmd.iter().chain(&image.entrypoint).any(|evidence| {
        shell::commands(&evidence.excerpt).iter().any(|command| {
            let texts = command.texts();
            let program = bare(&texts)
                .first()
                .map_or("", |word| word.rsplit('/').next().unwrap_or(word));
            RUNS.contains(&program) || matches!(program, "npm" | "pnpm" | "yarn")
        })
    })
}

/// The file that an interpreter is given.
fn file_of(words: &[String]) -> Option<&str> {
    let (program, rest) = words.split_first()?;
    let name = program.rsplit('/').next().unwrap_or(program);
    if !RUNS.contains(&name) {
        return None;
    }
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            // Modules that are loaded first.
            "-r" | "--require" | "--import" | "--loader" | "--env-file" | "--project" | "-P" => {
                rest.next();
            }
            "run" if name == "bun" => {}
            option if option.starts_with('-') => {}
            file => return Some(file),
        }
    }
    None
}

fn port_of(words: &[String]) -> Option<u16> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), None),
        };
        if matches!(name, "-p" | "--port" | "PORT") {
            let value = inline.or_else(|| words.next().map(String::as_str))?;
            // `${FRONT_PORT:-3001}` has its default in it.
            let default = value
                .strip_suffix('}')
                .and_then(|text| text.rsplit_once(":-"));
            let value = default.map_or(value, |(_, default)| default);
            return value.parse().ok().filter(|port| *port > 0);
        }
    }
    None
}

/// Commands of one package.
pub(super) struct Commands<'a> {
    pub(super) tree: &'a Tree,
    pub(super) package: &'a Package,
    pub(super) manager: PackageManager,
    pub(super) images: &'a [&'a Dockerfile],
}

impl Commands<'_> {
    /// The command that serves in production, as an image or a Procfile says, else a script.
    pub(super) fn start(&self) -> Option<Started> {
        let by_script = || {
            let mut scripts = PRODUCTION
                .iter()
                .filter_map(|name| self.package.script(name));
            scripts.find_map(|script| self.of_script(script, 4))
        };
        let told = self.by_image().or_else(|| self.by_procfile());
        // Where an image puts what is built elsewhere, the script knows its place in the tree.
        let moved = |told: &Started, script: &Started| {
            let stem = |one: &Started| {
                let file = one.file.as_deref()?;
                let name = file.rsplit('/').next()?;
                Some(name.split('.').next()?.to_owned())
            };
            told.file != script.file && stem(told).is_some() && stem(told) == stem(script)
        };
        match told {
            Some(told)
                if told
                    .file
                    .as_deref()
                    .is_some_and(|file| !self.is_there(file)) =>
            {
                Some(
                    by_script()
                        .filter(|script| moved(&told, script))
                        .unwrap_or(told),
                )
            }
            Some(told) => Some(told),
            None => by_script(),
        }
    }

    /// A file that starts a server when it is run, as `main` or custom name it.
    pub(super) fn file(&self) -> Option<Started> {
        let main = self.package.text(self.tree, &["main"]);
        let named = main
            .iter()
            .map(|(name, _)| name.trim_start_matches("./"))
            .chain(USUAL.iter().copied());
        let bun = self.manager == PackageManager::Bun;
        named
            .flat_map(|name| {
                // Bun runs TypeScript as it is.
                let typed = name.replace(".js", ".ts").replace(".mjs", ".mts");
                [bun.then_some(typed), Some(name.to_owned())]
            })
            .flatten()
            .filter_map(|name| Some((self.package.root.join(&name).ok()?, name)))
            .find_map(|(path, name)| {
                let listens = source::listens(self.tree, &path).into_iter().next();
                let at = match listens {
                    Some((_, at)) => at,
                    None if bun => self.served(&path)?,
                    None => return None,
                };
                let program = if bun { "bun" } else { "node" };
                Some(Started {
                    command: format!("{program} {name}"),
                    at,
                    file: Some(name),
                    port: None,
                })
            })
    }

    /// The default export of a file, which Bun serves where it has a `fetch`.
    fn served(&self, path: &RelPath) -> Option<Evidence> {
        let text = self.tree.text(path)?;
        let line = text
            .lines()
            .position(|line| line.starts_with("export default"))?;
        Some(self.tree.at(path, line + 1))
    }

    /// What a script starts in production; None where it is for development.
    fn of_script(&self, script: &Script, depth: usize) -> Option<Started> {
        let depth = depth.checked_sub(1)?;
        let statements: Vec<Vec<String>> = shell::commands(&script.command)
            .into_iter()
            .map(|command| command.texts())
            .collect();
        let last = statements.last()?;
        let words = bare(last);
        if let Some(name) = script_of(words, self.package)
            && let Some(inner) = self.package.script(name)
            && inner.name != script.name
        {
            return self.of_script(inner, depth);
        }
        // Of several scripts in a row, what runs last is what stays.
        if words
            .first()
            .is_some_and(|word| IN_A_ROW.contains(&word.as_str()))
        {
            let last = words.iter().skip(1).rfind(|word| !word.starts_with('-'))?;
            return self.of_script(self.package.script(last)?, depth);
        }
        if is_development(words) || file_of(words).is_some_and(|file| !self.is_file(file)) {
            return None;
        }
        // What a build of the image does already is not done again at each start.
        let builds = |words: &Vec<String>| {
            let words = bare(words);
            script_of(words, self.package).is_some_and(|name| name.contains("build"))
                || words.first().is_some_and(|word| word == "tsc")
                || words.iter().any(|word| word == "build")
        };
        let before = &statements[..statements.len() - 1];
        let alone = before.iter().all(builds) && !script.command.contains(['|', ';']);
        let before = &last[..last.len() - words.len()];
        let is_packed = |file: &str| self.package.packs(self.tree, file);
        let sets = before
            .iter()
            .any(|word| word.contains('=') && !word.starts_with("NODE_ENV="))
            || (0..before.len()).any(|from| env_file::gives(&before[from..], &is_packed));
        let command = if alone && !sets && !words.iter().any(|word| word.contains('$')) {
            shell::join(&env_file::without(words, &is_packed))
        } else {
            run(self.manager, &script.name)
        };
        Some(Started {
            command,
            at: script.at.clone(),
            file: file_of(words).map(|file| file.trim_start_matches("./").to_owned()),
            port: port_of(words).or_else(|| port_of(&last[..last.len() - words.len()])),
        })
    }

    /// A command line that starts the package: by a script, or a file that is there or is built.
    pub(super) fn of_line(&self, line: &str, at: &Evidence) -> Option<Started> {
        let command = shell::commands(line).pop()?.texts();
        let words = bare(&command);
        if let Some(name) = script_of(words, self.package) {
            let mut started = self.of_script(self.package.script(name)?, 4)?;
            started.at = at.clone();
            return Some(started);
        }
        if is_development(words) {
            return None;
        }
        let file = file_of(words)?.trim_start_matches("./");
        let is_packed = |file: &str| self.package.packs(self.tree, file);
        self.is_file(file).then(|| Started {
            command: shell::join(&env_file::without(words, &is_packed)),
            at: at.clone(),
            file: Some(file.to_owned()),
            port: port_of(words),
        })
    }

    /// Whether a file that an interpreter is given is in the tree, with or without its extension,
    /// or is made by a build.
    fn is_file(&self, file: &str) -> bool {
        let file = file.trim_start_matches("./").trim_end_matches('/');
        let made = ["dist", "build", "lib", "out", ".next", ".output", "bin"];
        made.contains(&file.split('/').next().unwrap_or_default()) || self.is_there(file)
    }

    /// Whether a file that an interpreter is given is in the tree, with or without its extension.
    fn is_there(&self, file: &str) -> bool {
        let file = file.trim_start_matches("./").trim_end_matches('/');
        ["", ".js", ".mjs", ".cjs", ".ts", "/index.js", "/index.ts"]
            .iter()
            .filter_map(|end| self.package.root.join(&format!("{file}{end}")).ok())
            .any(|path| self.tree.has(&path))
            || file == "."
            || file.is_empty()
    }

    fn by_image(&self) -> Option<Started> {
        self.images.iter().find_map(|image| {
            let commands = image.cmd.iter().chain(&image.entrypoint);
            commands
                .into_iter()
                .find_map(|evidence| self.of_line(&evidence.excerpt, evidence))
        })
    }

    fn by_procfile(&self) -> Option<Started> {
        self.processes()
            .into_iter()
            .find(|(name, ..)| name == "web")
            .and_then(|(_, command, at)| self.of_line(&command, &at))
    }

    /// Name, command and place of the processes of a Procfile beside the manifest.
    pub(super) fn processes(&self) -> Vec<(String, String, Evidence)> {
        let Ok(path) = self.package.root.join("Procfile") else {
            return Vec::new();
        };
        let Some(text) = self.tree.text(&path) else {
            return Vec::new();
        };
        existing::processes(&text)
            .into_iter()
            .map(|(line, name, command)| (name, command, self.tree.at(&path, line)))
            .collect()
    }

    /// The script for development, as the package manager runs it.
    pub(super) fn development(&self) -> Option<(String, Evidence)> {
        let named = DEVELOPMENT
            .iter()
            .find_map(|name| self.package.script(name));
        let script = named.or_else(|| {
            // `start` of a builder is its development server.
            self.package
                .script("start")
                .filter(|script| self.of_script(script, 4).is_none())
        })?;
        Some((run(self.manager, &script.name), script.at.clone()))
    }

    /// Workers and schedulers that a Procfile or a script starts: name, what it is, command.
    pub(super) fn beside(&self) -> Vec<(String, bool, Started)> {
        let mut found: Vec<(String, bool, Started)> = Vec::new();
        let lines = self
            .processes()
            .into_iter()
            .filter_map(|(name, command, at)| {
                let started = self.of_line(&command, &at)?;
                Some((name, started))
            });
        let scripts = self.package.scripts.iter().filter_map(|script| {
            let started = self.of_script(script, 4)?;
            started.file.as_ref()?;
            Some((script.name.clone(), started))
        });
        for (name, started) in lines.chain(scripts) {
            let words: Vec<&str> = name.split([':', '-', '_', '.']).collect();
            let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
            if has(&[
                "dev", "watch", "test", "debug", "build", "local", "lint", "types", "css",
            ]) {
                continue;
            }
            let clock = has(&["cron", "scheduler", "clock", "schedule"]);
            let works = has(&["worker", "workers", "queue", "queues", "consumer", "jobs"]);
            let known = found.iter().any(|(_, _, known)| {
                known.file == started.file || known.command == started.command
            });
            if (clock || works) && !known {
                let short = if clock { "scheduler" } else { "worker" };
                found.push((short.to_owned(), clock, started));
            }
        }
        found
    }
}
