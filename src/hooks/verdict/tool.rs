//! Which version of a tool a job runs.
//!
//! A job that names its tool is asked for `TOOL --version`; of another the program's own content
//! is the version. Both are remembered by the program's metadata, for a program that is not
//! written anew stays what it is.

use super::super::command;
use super::super::source::Source;
use crate::config::hooks::Job;
use crate::git::Repository;
use crate::hooks::verdict::VARIABLE;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use wait_timeout::ChildExt;

/// How long a tool may take to tell its version.
const PATIENCE: Duration = Duration::from_secs(10);
/// Characters of the longest version that is written as it is.
const LONGEST: usize = 120;
/// Bytes of the answer that are read.
const ANSWER: u64 = 16 * 1024;

/// Programs that are known, in a file of the git directory.
pub(in crate::hooks) struct Tools<'t> {
    repository: &'t Repository,
    path: Option<&'t OsStr>,
    source: &'t Source,
    file: PathBuf,
    known: BTreeMap<String, Known>,
    changed: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Known {
    /// Its metadata when it was asked.
    stat: String,
    version: String,
}

impl<'t> Tools<'t> {
    pub(in crate::hooks) fn new(
        repository: &'t Repository,
        path: Option<&'t OsStr>,
        source: &'t Source,
    ) -> Self {
        let file = repository.common_dir.join("shipway/tools.json");
        let known = std::fs::read(&file)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        Self {
            repository,
            path,
            source,
            file,
            known,
            changed: false,
        }
    }

    /// None where it cannot be told.
    pub(super) fn version(&mut self, job: &Job) -> Option<String> {
        let Some(command) = job.command() else {
            return Some(format!("shipway {}", env!("CARGO_PKG_VERSION")));
        };
        let root = &self.repository.root;
        let search = command::search_path(job, root, self.path, &|folder| {
            self.source.has_below(folder)
        });
        let folder = job.working_dir.under(root);
        let program = command::program(job, command, &search, &folder).ok()?;
        match &job.tool {
            // A path could be one of a script that came with a branch.
            Some(tool) if !tool.name.contains(['/', '\\']) => {
                let asked = which::which_in(&tool.name, Some(&search), &folder).ok()?;
                self.remembered(&asked, &format!("{} --version", tool.name), &search)
            }
            _ if program.starts_with(root) && self.is_tracked(&program) => {
                Some("as in the tree".to_owned())
            }
            _ => self.remembered(&program, "", &search),
        }
    }

    fn is_tracked(&self, program: &Path) -> bool {
        program
            .strip_prefix(&self.repository.root)
            .ok()
            .and_then(Path::to_str)
            .is_some_and(|path| self.source.index.find(path.into()).is_some())
    }

    /// What `program` says, or is where `question` is empty; from the file where that knows.
    fn remembered(&mut self, program: &Path, question: &str, search: &OsStr) -> Option<String> {
        let program = program.canonicalize().ok()?;
        let stat = stat(&program)?;
        let name = format!("{}\0{question}", program.display());
        if let Some(known) = self.known.get(&name)
            && known.stat == stat
        {
            return Some(known.version.clone());
        }
        let version = if question.is_empty() {
            content(&program, &stat)?
        } else {
            ask(&program, search)?
        };
        let known = Known {
            stat,
            version: version.clone(),
        };
        self.known.insert(name, known);
        self.changed = true;
        Some(version)
    }

    /// Keeps what was learnt. What cannot be kept is asked again.
    pub(in crate::hooks) fn keep(&self) {
        if !self.changed {
            return;
        }
        let write = || -> std::io::Result<()> {
            let folder = self.file.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder)?;
            let mut draft = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer(&mut draft, &self.known)?;
            draft.persist(&self.file)?;
            Ok(())
        };
        let _ = write();
    }
}

/// What changes with every writing of the file.
#[cfg(unix)]
fn stat(program: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let metadata = program.metadata().ok()?;
    Some(format!(
        "{} {} {}.{} {}.{}",
        metadata.ino(),
        metadata.size(),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec()
    ))
}

#[cfg(not(unix))]
fn stat(program: &Path) -> Option<String> {
    let metadata = program.metadata().ok()?;
    Some(format!(
        "{} {:?}",
        metadata.len(),
        metadata.modified().ok()?
    ))
}

/// A hash of the program. A script stands for a package that lies elsewhere: it counts only as
/// the file that it is on this machine.
fn content(program: &Path, stat: &str) -> Option<String> {
    let mut file = std::fs::File::open(program).ok()?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut first = true;
    loop {
        let length = file.read(&mut buffer).ok()?;
        if length == 0 {
            return Some(hex::encode(hash.finalize()));
        }
        if first && buffer[..length].starts_with(b"#!") {
            hash.update(stat);
        }
        first = false;
        hash.update(&buffer[..length]);
    }
}

/// What `PROGRAM --version` prints; None where it does not end or ends with an error.
fn ask(program: &Path, search: &OsStr) -> Option<String> {
    let mut command = Command::new(program);
    crate::git::without_hook_environment(&mut command);
    let folder = tempfile::tempdir().ok()?;
    let mut output = tempfile::tempfile().ok()?;
    let mut child = command
        .arg("--version")
        .current_dir(folder.path())
        .env("PATH", search)
        .env_remove(VARIABLE)
        .stdin(Stdio::null())
        .stdout(output.try_clone().ok()?)
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let Some(status) = child.wait_timeout(PATIENCE).ok()? else {
        let _ = child.kill();
        let _ = child.wait();
        return None;
    };
    if !status.success() {
        return None;
    }
    let mut text = Vec::new();
    std::io::Seek::rewind(&mut output).ok()?;
    output.take(ANSWER).read_to_end(&mut text).ok()?;
    let text = String::from_utf8_lossy(&text);
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let plain = text.chars().count() <= LONGEST && !text.contains(char::is_control);
    Some(if plain {
        text.to_owned()
    } else {
        hex::encode(Sha256::digest(text))
    })
}
