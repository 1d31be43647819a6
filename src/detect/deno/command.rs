//! Which command starts a project in production, and which one for developers.

use super::manifest::{Manifest, Task};
use crate::detect::shell;
use crate::project::{Dockerfile, Evidence};

/// A call of `deno run` or `deno serve`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Started {
    /// Without what only developers need: `deno run --allow-net main.ts`.
    pub(super) words: Vec<String>,
    /// The file that it starts, as it is written.
    pub(super) entry: String,
    pub(super) at: Evidence,
}

/// Tasks that start a project, the most telling first.
const TASKS: &[&str] = &[
    "start",
    "serve",
    "prod",
    "production",
    "preview",
    "server",
    "web",
    "run",
];

/// Options whose value is the next word.
const VALUED: &[&str] = &[
    "--config",
    "-c",
    "--import-map",
    "--port",
    "--host",
    "--lock",
    "--cert",
    "--location",
    "--seed",
    "--v8-flags",
];

/// Options that only developers need.
const FOR_DEVELOPERS: &[&str] = &[
    "--watch",
    "--inspect",
    "--env",
    "--reload",
    "-r",
    "--no-clear-screen",
    "--coverage",
];

/// What starts it in production: the task for it, else what an image starts.
pub(super) fn production(manifest: &Manifest, images: &[&Dockerfile]) -> Option<Started> {
    let mut tasks = TASKS.iter().filter_map(|name| manifest.task(name));
    let task = tasks
        .find_map(|task| of_task(manifest, task, 4).filter(|_| !is_for_developers(&task.command)));
    task.or_else(|| images.iter().find_map(|image| of_image(manifest, image)))
}

/// What starts it with everything that watches.
pub(super) fn development(manifest: &Manifest) -> Option<(String, &Task)> {
    let names = ["dev", "start", "watch"];
    let task = names
        .iter()
        .filter_map(|name| manifest.task(name))
        .find(|task| is_for_developers(&task.command))?;
    Some((format!("deno task {}", task.name), task))
}

/// Whether a command watches, or starts what is called for developers.
fn is_for_developers(command: &str) -> bool {
    command.split_whitespace().any(|word| {
        word.starts_with("--watch")
            || matches!(
                word.trim_start_matches("./"),
                "dev.ts" | "dev.tsx" | "dev.js" | "vite"
            )
    })
}

/// What a task starts, through the tasks that it calls.
pub(super) fn of_task(manifest: &Manifest, task: &Task, depth: usize) -> Option<Started> {
    let depth = depth.checked_sub(1)?;
    shell::commands(&task.command).iter().find_map(|command| {
        let words = command.texts();
        match words
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .as_slice()
        {
            ["deno", "task", name, ..] => of_task(manifest, manifest.task(name)?, depth),
            _ => of_words(&words, &task.at),
        }
    })
}

fn of_image(manifest: &Manifest, image: &Dockerfile) -> Option<Started> {
    let said = image.entrypoint.iter().chain(&image.cmd);
    let line: Vec<String> = said.map(|evidence| evidence.excerpt.clone()).collect();
    let at = image.cmd.as_ref().or(image.entrypoint.as_ref())?;
    let line = line.join(" ");
    let mut words: Vec<String> = shell::commands(&line).first()?.texts();
    while words.first().is_some_and(|word| {
        word.ends_with("tini") || word == "--" || word.ends_with("docker-entrypoint.sh")
    }) {
        words.remove(0);
    }
    // The image's own entry point is Deno.
    if matches!(
        words.first().map(String::as_str),
        Some("run" | "serve" | "task")
    ) {
        words.insert(0, "deno".to_owned());
    }
    if let [deno, task, name, ..] = words.as_slice()
        && deno == "deno"
        && task == "task"
    {
        let task = manifest.task(name)?;
        return of_task(manifest, task, 4).filter(|_| !is_for_developers(&task.command));
    }
    of_words(&words, at)
}

/// A call without what only developers need; None where it starts no file.
fn of_words(words: &[String], at: &Evidence) -> Option<Started> {
    let start = words.iter().position(|word| word == "deno")?;
    let words = &words[start..];
    let kind = words.get(1)?;
    matches!(kind.as_str(), "run" | "serve").then_some(())?;
    let mut kept = words[..2].to_vec();
    let mut entry = None;
    let mut rest = words[2..].iter();
    while let Some(word) = rest.next() {
        if entry.is_some() || !word.starts_with('-') {
            entry.get_or_insert_with(|| word.clone());
            kept.push(word.clone());
            continue;
        }
        let name = word.split('=').next().unwrap_or_default();
        if FOR_DEVELOPERS.iter().any(|option| {
            name == *option
                || name.starts_with("--watch")
                || name.starts_with("--inspect")
                || name.starts_with("--env")
        }) {
            continue;
        }
        kept.push(word.clone());
        if VALUED.contains(&word.as_str()) {
            kept.extend(rest.next().cloned());
        }
    }
    let entry = entry.filter(|entry| !entry.contains("://"))?;
    Some(Started {
        words: kept,
        entry,
        at: at.clone(),
    })
}

impl Started {
    /// Whether Deno itself listens, for a file that only answers.
    pub(super) fn serves(&self) -> bool {
        self.words.get(1).is_some_and(|word| word == "serve")
    }

    /// The value of an option of `deno serve`.
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            if word == name {
                return words.next().map(String::as_str);
            }
            if let Some(value) = word
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('='))
            {
                return Some(value);
            }
        }
        None
    }

    /// As production is told it: where it listens, and that nobody is asked for what it may do.
    pub(super) fn command(&self) -> String {
        let mut words = self.words.clone();
        if self.serves() {
            let mut kept = Vec::new();
            let mut rest = words.into_iter();
            while let Some(word) = rest.next() {
                if matches!(word.as_str(), "--port" | "--host") {
                    rest.next();
                } else if !word.starts_with("--port=") && !word.starts_with("--host=") {
                    kept.push(word);
                }
            }
            let place = 2.min(kept.len());
            for word in ["--port={port}", "--host=0.0.0.0"] {
                kept.insert(place, word.to_owned());
            }
            words = kept;
        }
        shell::join(&words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::RelPath;

    fn started(line: &str) -> Option<(String, String)> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let at = Evidence::file(RelPath::root());
        of_words(&words, &at).map(|one| (one.command(), one.entry))
    }

    #[test]
    fn permissions_are_kept_and_what_watches_is_not() {
        for (line, command, entry) in [
            (
                "deno run --watch --allow-net=:8000 --allow-env main.ts --verbose",
                "deno run --allow-net=:8000 --allow-env main.ts --verbose",
                "main.ts",
            ),
            (
                "deno run -A --watch=static/ --env src/server.ts",
                "deno run -A src/server.ts",
                "src/server.ts",
            ),
            (
                "deno serve --port 9000 -A _fresh/server.js",
                "deno serve --host=0.0.0.0 --port={port} -A _fresh/server.js",
                "_fresh/server.js",
            ),
            (
                "FOO=1 deno run --config deno.prod.json a.ts",
                "deno run --config deno.prod.json a.ts",
                "a.ts",
            ),
        ] {
            assert_eq!(
                started(line),
                Some((command.to_owned(), entry.to_owned())),
                "{line}"
            );
        }
        for line in [
            "deno test -A",
            "deno run",
            "node a.js",
            "deno run -A https://x.example/y.ts",
            "deno task start",
        ] {
            assert_eq!(started(line), None, "{line}");
        }
    }
}
