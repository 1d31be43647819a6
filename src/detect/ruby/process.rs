//! The commands that start processes of a project: those of a Procfile, of compose files, of images.

use super::application::Application;
use crate::detect::{existing, shell};
use crate::project::{Evidence, RelPath};

/// One process.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) name: String,
    /// Without what only wraps it: `bundle exec`, an init, Thruster.
    pub(super) words: Vec<String>,
    /// `NAME=value` before the command.
    pub(super) set: Vec<String>,
    pub(super) at: Evidence,
    /// Whether it is started in production, and not for a developer alone.
    pub(super) deployed: bool,
}

impl Process {
    fn of(name: &str, command: &str, at: Evidence, deployed: bool) -> Option<Self> {
        let mut set = Vec::new();
        let mut words = None;
        for statement in shell::statements(command) {
            if statement.is_assignment() {
                set.extend(
                    statement
                        .texts()
                        .into_iter()
                        .filter(|text| !text.contains('$')),
                );
            } else if !matches!(
                statement.program(),
                "unset" | "cd" | "export" | "sleep" | "rm" | "test"
            ) {
                words = Some(statement.texts());
            }
        }
        let words = bare(words?);
        set.retain(|text| {
            !["PORT=", "RAILS_ENV=", "RACK_ENV="]
                .iter()
                .any(|start| text.starts_with(start))
        });
        (!words.is_empty()).then(|| Self {
            name: name.to_owned(),
            words,
            set,
            at,
            deployed,
        })
    }

    /// The name of the program without its folder.
    pub(super) fn program(&self) -> &str {
        let first = self.words.first().map_or("", String::as_str);
        first.rsplit('/').next().unwrap_or(first)
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.words.iter().skip(1).any(|known| known == word)
    }

    /// What follows one of `options`, or stands behind it: `-p 3000`, `-p3000`, `--port=3000`.
    pub(super) fn option(&self, options: &[&str]) -> Option<&str> {
        let mut words = self.words.iter().skip(1);
        while let Some(word) = words.next() {
            for option in options {
                if word == option {
                    return words.next().map(String::as_str);
                }
                let rest = word.strip_prefix(option).filter(|rest| !rest.is_empty());
                match rest {
                    Some(rest) if option.starts_with("--") => {
                        if let Some(value) = rest.strip_prefix('=') {
                            return Some(value);
                        }
                    }
                    Some(rest) => return Some(rest),
                    None => {}
                }
            }
        }
        None
    }

    /// As a shell is told it, with the gems of the project.
    pub(super) fn command(&self) -> String {
        let mut words = Vec::new();
        if !self.set.is_empty() {
            words.push("env".to_owned());
            words.extend(self.set.iter().cloned());
        }
        let own = self.words.first().is_some_and(|first| first.contains('/'));
        if !own {
            words.extend(["bundle", "exec"].map(str::to_owned));
        }
        words.extend(self.words.iter().cloned());
        shell::join(&words)
    }
}

/// The words without what only wraps them.
fn bare(mut words: Vec<String>) -> Vec<String> {
    loop {
        let program = words
            .first()
            .map_or("", |first| first.rsplit('/').next().unwrap_or(first));
        let wraps = match program {
            "exec" | "tini" | "dumb-init" | "thrust" | "--" | "-g" | "spring" | "env" | "-s" => 1,
            "bundle" if words.get(1).is_some_and(|word| word == "exec") => 2,
            // `ruby bin/rails server`
            "ruby" if words.get(1).is_some_and(|word| word.ends_with("bin/rails")) => 1,
            _ if program.contains('=') => 1,
            _ => 0,
        };
        if wraps == 0 || words.is_empty() {
            break;
        }
        words.drain(..wraps);
    }
    if let Some(first) = words.first_mut()
        && let Some(rest) = first.strip_prefix("./")
    {
        *first = rest.to_owned();
    }
    // `bin/puma` and `bin/sidekiq` only start what the bundle has.
    if let Some(first) = words.first_mut()
        && let Some(name) = first.strip_prefix("bin/")
        && matches!(
            name,
            "puma" | "sidekiq" | "rake" | "unicorn" | "good_job" | "clockwork" | "rackup"
        )
    {
        *first = name.to_owned();
    }
    words
}

/// Everything that starts a process of the project: what is deployed first.
pub(super) fn all(application: &Application<'_>) -> Vec<Process> {
    let tree = application.tree;
    let mut found = Vec::new();
    let folders = [application.root.clone(), RelPath::root()];
    let of_file = |name: &str, deployed: bool, found: &mut Vec<Process>| {
        let paths = folders.iter().filter_map(|folder| folder.join(name).ok());
        let path = paths.into_iter().find(|path| tree.has(path));
        let Some((path, text)) = path.and_then(|path| Some((path.clone(), tree.text(&path)?)))
        else {
            return;
        };
        let elsewhere = path.parent() != application.root && !application.alone;
        for (line, name, command) in existing::processes(&text) {
            let here = application.root.file_name();
            if elsewhere && !command.contains(&format!("cd {here}")) {
                continue;
            }
            let at = tree.at(&path, line);
            found.extend(Process::of(&name, &command, at, deployed));
        }
    };
    of_file("Procfile", true, &mut found);
    for image in application.images() {
        let said = image.entrypoint.iter().chain(&image.cmd);
        let command: Vec<String> = said.map(|evidence| evidence.excerpt.clone()).collect();
        let at = image.cmd.as_ref().or(image.entrypoint.as_ref());
        if let Some(at) = at {
            let deployed = !existing::is_for_developers(image);
            found.extend(Process::of("web", &command.join(" "), at.clone(), deployed));
        }
    }
    let own = existing::own_services(
        application.existing,
        &application.root,
        None,
        application.alone,
    );
    for (file, service) in own {
        if let Some(command) = &service.command {
            let at = tree.at(&file.path, service.line);
            found.extend(Process::of(&service.name, command, at, true));
        }
    }
    of_file("Procfile.dev", false, &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(command: &str) -> Process {
        Process::of("x", command, Evidence::file(RelPath::root()), true).unwrap()
    }

    #[test]
    fn what_only_wraps_a_command_is_left_out() {
        for (command, words, whole) in [
            (
                "bundle exec thrust ./bin/rails server",
                "bin/rails server",
                "bin/rails server",
            ),
            (
                "unset PORT; bundle exec puma -C config/puma.rb",
                "puma -C config/puma.rb",
                "bundle exec puma -C config/puma.rb",
            ),
            (
                "PORT=3000 RAILS_ENV=production bin/puma",
                "puma",
                "bundle exec puma",
            ),
            (
                "FORK_PER_JOB=false bundle exec resque-pool",
                "resque-pool",
                "env FORK_PER_JOB=false bundle exec resque-pool",
            ),
            (
                "cd web && exec bundle exec sidekiq",
                "sidekiq",
                "bundle exec sidekiq",
            ),
        ] {
            let process = process(command);
            assert_eq!(process.words.join(" "), words);
            assert_eq!(process.command(), whole);
        }
    }

    #[test]
    fn options_are_written_in_three_ways() {
        for command in [
            "puma -p 80",
            "puma -p80",
            "puma --port=80",
            "puma --port 80",
        ] {
            assert_eq!(
                process(command).option(&["-p", "--port"]),
                Some("80"),
                "{command}"
            );
        }
        assert_eq!(process("puma --pidfile x").option(&["--port"]), None);
    }
}
