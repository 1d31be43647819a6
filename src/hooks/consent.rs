//! Consent: a command of a repository runs only after this user agreed to its exact text.
//!
//! What was agreed to is kept outside of the repository, in one file per repository and
//! machine, as hashes. A hash covers the command's text, its variables, its folder and, where
//! it names a script of the tree, the script's content: another branch that changes one of them
//! is asked about again.

use crate::config::hooks::{CommandLine, Job, Word};
use crate::git::Repository;
use crate::project::RelPath;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Programs that run a script that is their first argument which is no option.
const INTERPRETERS: &[&str] = &[
    "bash", "bun", "dash", "deno", "fish", "ksh", "lua", "node", "perl", "php", "pwsh", "python",
    "python2", "python3", "Rscript", "ruby", "sh", "ts-node", "tsx", "zsh",
];

/// What this user agreed to in one repository.
#[derive(Debug, Clone)]
pub struct Consent {
    root: PathBuf,
    /// Where it is kept; None where this machine has no place for it.
    file: Option<PathBuf>,
    given: Given,
    everything: bool,
}

/// The file's content: for whoever looks into it, the repository and the commands by name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Given {
    repository: String,
    /// The command's text by hash.
    commands: BTreeMap<String, String>,
}

/// Why consent could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    #[error("this user has no folder for what programs remember: HOME is not set")]
    NoPlace,
    #[error("{} cannot be written: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl Consent {
    /// Reads what was agreed to in `repository`. `state` is the user's folder for the state of
    /// programs; where `everything`, as in CI, every command is agreed to. What cannot be read
    /// counts as not agreed to.
    #[must_use]
    pub fn read(state: Option<&Path>, repository: &Repository, everything: bool) -> Self {
        let common = &repository.common_dir;
        let common = common.canonicalize().unwrap_or_else(|_| common.clone());
        let name = hex::encode(&Sha256::digest(common.as_os_str().as_encoded_bytes())[..16]);
        let file = state.map(|state| state.join("shipway/consent").join(format!("{name}.json")));
        let given = file
            .as_ref()
            .and_then(|file| std::fs::read(file).ok())
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        Self {
            root: repository.root.clone(),
            file,
            given: Given {
                repository: common.display().to_string(),
                ..given
            },
            everything,
        }
    }

    /// Whether `job` may run: it is a check, or its command was agreed to as it is now.
    #[must_use]
    pub fn holds(&self, job: &Job) -> bool {
        self.everything
            || job
                .command()
                .is_none_or(|command| self.given.commands.contains_key(&self.hash(job, command)))
    }

    /// Those of `jobs` that run a command which was not agreed to, each command once.
    pub fn missing<'j>(&self, jobs: impl IntoIterator<Item = &'j Job>) -> Vec<&'j Job> {
        let mut seen = std::collections::BTreeSet::new();
        jobs.into_iter()
            .filter(|job| !self.holds(job))
            .filter(|job| {
                job.command()
                    .is_some_and(|command| seen.insert(self.hash(job, command)))
            })
            .collect()
    }

    /// Agrees to the commands of these jobs, beside what was agreed to before: two branches may
    /// have commands of their own.
    ///
    /// # Errors
    /// When it cannot be written; what was agreed to is then as before.
    pub fn give<'j>(
        &mut self,
        jobs: impl IntoIterator<Item = &'j Job>,
    ) -> Result<(), ConsentError> {
        let mut commands = self.given.commands.clone();
        commands.extend(jobs.into_iter().filter_map(|job| {
            let command = job.command()?;
            Some((self.hash(job, command), command.text.clone()))
        }));
        self.keep(commands)
    }

    /// Takes all of it back.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn withdraw(&mut self) -> Result<(), ConsentError> {
        self.keep(BTreeMap::new())
    }

    /// Whether anything was agreed to.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.given.commands.is_empty()
    }

    fn keep(&mut self, commands: BTreeMap<String, String>) -> Result<(), ConsentError> {
        if commands == self.given.commands {
            return Ok(());
        }
        let file = self.file.as_deref().ok_or(ConsentError::NoPlace)?;
        let given = Given {
            repository: self.given.repository.clone(),
            commands,
        };
        write(file, &given).map_err(|source| ConsentError::Io {
            path: file.to_owned(),
            source,
        })?;
        self.given = given;
        Ok(())
    }

    fn hash(&self, job: &Job, command: &CommandLine) -> String {
        let script = script(&self.root, &job.working_dir, command)
            .map(|content| hex::encode(Sha256::digest(content)));
        let text = serde_json::json!([1, command.text, job.working_dir.as_str(), job.env, script]);
        hex::encode(Sha256::digest(text.to_string()))
    }
}

/// Whether the value of the variable `CI` says that this is no person's machine.
#[must_use]
pub fn is_ci(value: Option<&str>) -> bool {
    value.is_some_and(|value| !matches!(value, "" | "0" | "false" | "no"))
}

fn write(file: &Path, given: &Given) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    if given.commands.is_empty() {
        return match std::fs::remove_file(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
    }
    // Mode 0600, as tempfile makes its files.
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut draft, given)?;
    draft.persist(file).map_err(|error| error.error)?;
    Ok(())
}

/// The content of the tree's script that `command` runs: the program itself, or what an
/// interpreter is given. None where it runs no file of the tree.
fn script(root: &Path, working_dir: &RelPath, command: &CommandLine) -> Option<Vec<u8>> {
    let program = command.program();
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    let versioned = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let named = if program.contains('/') && !Path::new(program).is_absolute() {
        program
    } else if INTERPRETERS.contains(&name) || INTERPRETERS.contains(&versioned) {
        command.words.iter().skip(1).find_map(|word| match word {
            Word::Text(text) if !text.starts_with('-') => Some(text.as_str()),
            _ => None,
        })?
    } else {
        return None;
    };
    let path = working_dir.join(named).ok()?;
    std::fs::read(path.under(root)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::config::hooks::Hook;

    struct Place {
        folder: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            Self {
                folder: tempfile::tempdir().unwrap(),
            }
        }

        fn consent(&self) -> Consent {
            let root = self.folder.path().join("tree");
            let made = std::process::Command::new("git")
                .args(["init", "--quiet"])
                .arg(&root)
                .status();
            assert!(made.unwrap().success());
            let repository = crate::git::open(&root).unwrap();
            Consent::read(Some(&self.folder.path().join("state")), &repository, false)
        }
    }

    fn jobs(text: &str) -> Vec<Job> {
        let config = Config::parse(text, "shipway.toml").unwrap();
        let jobs = config.hooks.jobs(Hook::PreCommit);
        jobs.iter()
            .filter(|job| job.command().is_some())
            .cloned()
            .collect()
    }

    #[test]
    fn it_holds_for_the_exact_text_alone() {
        let place = Place::new();
        let one = jobs("[[hooks.pre-commit]]\nrun = \"lint {files}\"\n");
        let mut consent = place.consent();
        assert!(!consent.holds(&one[0]));
        consent.give(&one).unwrap();
        let consent = place.consent();
        assert!(consent.holds(&one[0]));
        for other in [
            "run = \"lint  {files}\"",
            "run = \"lint {files}\"\nenv = { A = \"b\" }",
            "run = \"lint {files}\"\nworking_dir = \"x\"",
        ] {
            let other = jobs(&format!("[[hooks.pre-commit]]\n{other}\n"));
            assert!(!consent.holds(&other[0]), "{other:?}");
        }
        let renamed = jobs("[[hooks.pre-commit]]\nname = \"n\"\nrun = \"lint {files}\"\n");
        assert!(consent.holds(&renamed[0]));
    }

    #[test]
    fn a_script_of_the_tree_is_part_of_the_text() {
        for run in [
            "tools/lint {files}",
            "sh -e tools/lint",
            "python3.12 tools/lint",
        ] {
            let place = Place::new();
            let mut consent = place.consent();
            let script = place.folder.path().join("tree/tools/lint");
            std::fs::create_dir_all(script.parent().unwrap()).unwrap();
            std::fs::write(&script, "one").unwrap();
            let job = jobs(&format!("[[hooks.pre-commit]]\nrun = \"{run}\"\n"));
            consent.give(&job).unwrap();
            assert!(place.consent().holds(&job[0]), "{run}");
            std::fs::write(&script, "two").unwrap();
            assert!(!place.consent().holds(&job[0]), "{run}");
        }
    }

    #[test]
    fn two_branches_have_commands_of_their_own_until_all_is_withdrawn() {
        let place = Place::new();
        let a = jobs("[[hooks.pre-commit]]\nrun = \"a\"\n");
        let b = jobs("[[hooks.pre-commit]]\nrun = \"b\"\n");
        let mut consent = place.consent();
        consent.give(&a).unwrap();
        consent.give(&b).unwrap();
        assert!(place.consent().holds(&a[0]) && place.consent().holds(&b[0]));
        consent.withdraw().unwrap();
        assert!(place.consent().is_empty());
        assert_eq!(place.consent().missing(b.iter().chain(&b)).len(), 1);
    }

    #[test]
    fn a_damaged_file_is_no_consent() {
        let place = Place::new();
        let a = jobs("[[hooks.pre-commit]]\nrun = \"a\"\n");
        let mut consent = place.consent();
        consent.give(&a).unwrap();
        std::fs::write(consent.file.as_ref().unwrap(), "{").unwrap();
        assert!(!place.consent().holds(&a[0]));
    }

    #[test]
    fn ci_is_what_says_so() {
        assert!(is_ci(Some("true")) && is_ci(Some("1")) && is_ci(Some("woodpecker")));
        assert!(!is_ci(None) && !is_ci(Some("")) && !is_ci(Some("false")) && !is_ci(Some("0")));
    }
}
