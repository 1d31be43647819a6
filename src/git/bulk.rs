//! Many dated files at once: one process, one pack, and commits of many files each.

use super::events::{AUTHOR, Dated, Filed, path};
use super::{CommitId, Executable, GitError, RefError, refs, signed};
use jiff::civil::Date;
use std::collections::HashSet;
use std::io::{self, BufWriter, Write};
use std::process::{Child, Stdio};

/// How many files one commit holds at most; its message lists those of each.
const PER_COMMIT: usize = 1000;

impl Dated {
    /// Adds the files of `files`, which come in order of their dates, and gives how many were
    /// new. The ref moves once, when all of them are there.
    ///
    /// # Errors
    /// When `files` gives an error, git cannot be run or cannot write, or the ref cannot be
    /// moved. Then the ref is as it was.
    pub fn add_all(
        &self,
        files: &mut dyn Iterator<Item = io::Result<Filed>>,
    ) -> Result<usize, RefError> {
        let tip = self.tip()?;
        let git = Executable::new(self.repository.path(), self.repository.workdir());
        let side = format!("refs/shipway/import/{}", std::process::id());
        let mut command = git.command(&["fast-import", "--quiet", "--force", "--done"]);
        let mut child = command
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|error| git.failure(&format!("git cannot be run: {error}")))?;
        let fed = self.feed(&mut child, &side, tip, files);
        let output = child
            .wait_with_output()
            .map_err(|error| git.failure(&error.to_string()))?;
        let new = match fed {
            Err(Fed::Source(error)) => return Err(git.failure(&error.to_string()).into()),
            Err(Fed::Ref(error)) => return Err(error),
            Ok(new) if output.status.success() => new,
            Ok(_) | Err(Fed::Git(_)) => {
                let said = String::from_utf8_lossy(&output.stderr);
                let said = said.lines().next().unwrap_or("it gave no reason");
                let said = said.trim_start_matches("fatal: ");
                return Err(self.unwritten(&format!("git fast-import: {said}")).into());
            }
        };
        if new > 0 {
            let made = self
                .repository
                .find_reference(&side)
                .and_then(|mut made| {
                    let id = made.target().unwrap_or(git2::Oid::ZERO_SHA1);
                    made.delete().map(|()| CommitId::from(id))
                })
                .map_err(|error| self.failed(&error))?;
            let made = if self.signs {
                self.signed(made, tip)?
            } else {
                made
            };
            let mut moved = true;
            refs::advance(&self.repository, &self.name, |now| {
                moved = now.id().map(CommitId::from) == tip;
                Ok(moved.then(|| made.oid()))
            })?;
            if !moved {
                self.join(made, tip, &|_, _, _| Ok(()))?;
            }
        }
        Ok(new)
    }

    /// One signed commit in place of those between `tip` and `made`.
    fn signed(&self, made: CommitId, tip: Option<CommitId>) -> Result<CommitId, GitError> {
        let last = self
            .repository
            .find_commit(made.oid())
            .map_err(|error| self.failed(&error))?;
        let parents: Vec<git2::Oid> = tip.iter().map(|tip| tip.oid()).collect();
        let message = last.message().unwrap_or_default().trim_end();
        let second = last.time().seconds();
        signed::commit(&self.repository, last.tree_id(), &parents, second, message)
            .map(CommitId::from)
    }

    /// Writes what is new of `files` to git and gives how many that were.
    fn feed(
        &self,
        child: &mut Child,
        side: &str,
        tip: Option<CommitId>,
        files: &mut dyn Iterator<Item = io::Result<Filed>>,
    ) -> Result<usize, Fed> {
        let stdin = child
            .stdin
            .take()
            .ok_or_else(|| Fed::Git(io::Error::other("git takes no input")))?;
        let mut stream = BufWriter::new(stdin);
        let mut parent = tip.map(|id| id.to_string());
        let mut present: Option<(Date, HashSet<String>)> = None;
        let mut waiting: Vec<Filed> = Vec::new();
        let mut new = 0;
        for file in files {
            let file = file.map_err(Fed::Source)?;
            if present.as_ref().is_none_or(|(date, _)| *date != file.date) {
                let names = match tip {
                    Some(tip) => self.names(tip, file.date).map_err(Fed::Ref)?,
                    None => HashSet::new(),
                };
                present = Some((file.date, names));
            }
            let known = present
                .as_mut()
                .is_some_and(|(_, names)| !names.insert(file.name.clone()));
            if known {
                continue;
            }
            new += 1;
            waiting.push(file);
            if waiting.len() == PER_COMMIT {
                write_commit(&mut stream, side, parent.take().as_deref(), &waiting)
                    .map_err(Fed::Git)?;
                waiting.clear();
            }
        }
        if !waiting.is_empty() {
            write_commit(&mut stream, side, parent.take().as_deref(), &waiting)
                .map_err(Fed::Git)?;
        }
        stream
            .write_all(b"done\n")
            .and_then(|()| stream.flush())
            .map_err(Fed::Git)?;
        Ok(new)
    }

    /// The names of the files of a day.
    fn names(&self, commit: CommitId, date: Date) -> Result<HashSet<String>, RefError> {
        let tree = self.tree_of(commit.oid())?;
        let folder = path(date, "");
        let day = match tree.get_path(std::path::Path::new(folder.trim_end_matches('/'))) {
            Ok(entry) => self
                .repository
                .find_tree(entry.id())
                .map_err(|error| self.failed(&error))?,
            Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(HashSet::new()),
            Err(error) => return Err(self.failed(&error).into()),
        };
        Ok(day
            .iter()
            .map(|entry| String::from_utf8_lossy(entry.name_bytes()).into_owned())
            .collect())
    }
}

/// Why feeding stopped.
enum Fed {
    /// The files could not be had.
    Source(io::Error),
    /// Git reads no more; it says why.
    Git(#[expect(dead_code, reason = "git's own words say more")] io::Error),
    Ref(RefError),
}

/// One commit in the form of git-fast-import(1).
fn write_commit(
    stream: &mut impl Write,
    side: &str,
    parent: Option<&str>,
    files: &[Filed],
) -> io::Result<()> {
    let (name, mail) = AUTHOR;
    let second = files
        .iter()
        .map(|file| file.second)
        .max()
        .unwrap_or_default();
    let mut message = String::new();
    for file in files {
        message.push_str(&file.message);
        message.push('\n');
    }
    write!(
        stream,
        "commit {side}\ncommitter {name} <{mail}> {second} +0000\ndata {}\n{message}",
        message.len()
    )?;
    if let Some(parent) = parent {
        writeln!(stream, "from {parent}")?;
    }
    for file in files {
        let path = path(file.date, &file.name);
        write!(
            stream,
            "M 100644 inline {path}\ndata {}\n",
            file.content.len()
        )?;
        stream.write_all(&file.content)?;
        stream.write_all(b"\n")?;
    }
    Ok(())
}

impl From<GitError> for Fed {
    fn from(error: GitError) -> Self {
        Self::Ref(error.into())
    }
}
