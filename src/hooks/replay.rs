//! What a hook's commands would find where a graphical client starts git: with next to nothing in
//! its environment.

use super::command;
use crate::config::hooks::{CommandLine, Hook, Hooks, Job};
use crate::project::RelPath;
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes of a program in which its interpreter stands.
const FIRST_LINE: u64 = 256;

/// A program that a job needs and would not find there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfound {
    pub hook: Hook,
    pub job: String,
    pub program: String,
    /// Where this shell has it.
    pub here: Option<PathBuf>,
    /// What the configuration says that installs it.
    pub install: Option<String>,
}

/// The programs that jobs of `hooks` would not find with `bare` as `PATH`, each once; `here` is
/// this process's. Programs that lie in the project are found as in a run. Starts nothing.
#[must_use]
pub fn unfound(root: &Path, hooks: &Hooks, bare: &OsStr, here: &OsStr) -> Vec<Unfound> {
    let tracked = crate::git::tracked(root).unwrap_or_default();
    let is_tracked = |folder: &str| {
        RelPath::parse(folder)
            .is_ok_and(|folder| tracked.iter().any(|path| path.is_within(&folder)))
    };
    let mut found: Vec<Unfound> = Vec::new();
    for hook in hooks.used() {
        for job in hooks.jobs(hook) {
            let Some(line) = job.command() else { continue };
            let search = |path: &OsStr| command::search_path(job, root, Some(path), &is_tracked);
            let Some(program) = lacking(job, line, &search(bare), root) else {
                continue;
            };
            if found.iter().any(|one| one.program == program) {
                continue;
            }
            found.push(Unfound {
                hook,
                job: job.name.clone(),
                here: which::which_in(&program, Some(search(here)), root).ok(),
                install: job.tool.as_ref().and_then(|tool| tool.install.clone()),
                program,
            });
        }
    }
    found
}

/// The program, the tool or the interpreter that is not there.
fn lacking(job: &Job, line: &CommandLine, search: &OsStr, root: &Path) -> Option<String> {
    let folder = job.working_dir.under(root);
    match command::program(job, line, search, &folder) {
        Err(missing) => Some(missing.name),
        Ok(program) => {
            let name = interpreter(&program)?;
            which::which_in(&name, Some(search), &folder)
                .is_err()
                .then_some(name)
        }
    }
}

/// What a script is run by: `node` of `#!/usr/bin/env node`.
fn interpreter(program: &Path) -> Option<String> {
    let mut start = Vec::new();
    let file = std::fs::File::open(program).ok()?;
    file.take(FIRST_LINE).read_to_end(&mut start).ok()?;
    let line = start.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?.strip_prefix("#!")?;
    let mut words = line.split_ascii_whitespace();
    let first = words.next()?;
    if first.rsplit('/').next() != Some("env") {
        return Some(first.to_owned());
    }
    words
        .find(|word| !word.starts_with('-') && !word.contains('='))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::os::unix::fs::PermissionsExt;

    fn script(path: &Path, first: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("{first}\n")).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn programs_and_interpreters_that_a_bare_path_has_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        let (bare, mine) = (folder.path().join("bare"), folder.path().join("mine"));
        std::fs::create_dir_all(&root).unwrap();
        script(&bare.join("plain"), "#!/bin/sh");
        script(&mine.join("node"), "#!/bin/sh");
        script(&mine.join("lint"), "#!/bin/sh");
        script(
            &root.join("node_modules/.bin/eslint"),
            "#!/usr/bin/env -S node --x",
        );
        let text = "[[hooks.pre-commit]]\nrun = \"plain\"\n[[hooks.pre-commit]]\nrun = \"eslint {files}\"\n\
            [[hooks.pre-commit]]\nrun = \"lint\"\ntool = { name = \"lint\", install = \"get lint\" }\n\
            [[hooks.pre-push]]\nname = \"again\"\nrun = \"lint --all\"\n\
            [[hooks.pre-push]]\nname = \"none\"\nrun = \"nowhere-at-all\"\n";
        let hooks = Config::parse(text, "shipway.toml").unwrap().hooks;
        let here = std::env::join_paths([&mine, &bare]).unwrap();
        let found = unfound(&root, &hooks, bare.as_os_str(), &here);
        let rows: Vec<(&str, &str, Option<PathBuf>)> = found
            .iter()
            .map(|one| (one.job.as_str(), one.program.as_str(), one.here.clone()))
            .collect();
        let expected = [
            ("eslint", "node", Some(mine.join("node"))),
            ("lint", "lint", Some(mine.join("lint"))),
            ("none", "nowhere-at-all", None),
        ];
        assert_eq!(rows, expected);
        assert_eq!(found[1].install.as_deref(), Some("get lint"));
    }
}
