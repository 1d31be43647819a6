//! What the hooks after a checkout, a merge or a rebase are told, and what changed by it. Takes
//! from `detect` how the project migrates its database; nothing that arrived is run.

use super::check::{Kind, Migration};
use crate::config::Config;
use crate::config::hooks::Hook;
use crate::git::{GitError, Index, ObjectId, Objects, Repository, Revisions, diff};
use bstr::ByteSlice;

/// The commits before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrivalRequest {
    from: String,
    to: String,
}

impl ArrivalRequest {
    /// From a hook's arguments and standard input (githooks(5)); None where nothing arrived, or
    /// where another hook will say it.
    #[must_use]
    pub fn parse(
        hook: Hook,
        arguments: &[String],
        input: &[u8],
        under_way: Option<&str>,
    ) -> Option<Self> {
        let new = |from: &str, to: &str| {
            let nothing = |id: &str| id.bytes().all(|byte| byte == b'0');
            (from != to && !nothing(from) && !nothing(to)).then(|| Self {
                from: from.to_owned(),
                to: to.to_owned(),
            })
        };
        match (hook, arguments) {
            // A rebase begins with a checkout; what it brought is said at its end.
            (Hook::PostCheckout, _) if under_way == Some("rebase") => None,
            // 0 is for files that were taken from the index or another commit.
            (Hook::PostCheckout, [from, to, flag]) if flag == "1" => new(from, to),
            // 1 is for a squash: nothing has been committed yet.
            (Hook::PostMerge, [flag]) if flag == "1" => None,
            (Hook::PostMerge, _) => new("ORIG_HEAD", "HEAD"),
            (Hook::PostRewrite, [command, ..]) if command == "rebase" => {
                let last = input.lines().rfind(|line| !line.trim_ascii().is_empty())?;
                let mut words = last.to_str().ok()?.split_ascii_whitespace();
                new(words.next()?, words.next()?)
            }
            _ => None,
        }
    }
}

/// What came of it.
pub(super) struct Arrived {
    pub(super) changed: Vec<(String, Kind)>,
    pub(super) migrations: Vec<Migration>,
}

/// Every path that differs between the two commits.
pub(super) fn changed(
    request: &ArrivalRequest,
    repository: &Repository,
    objects: &Objects,
) -> Result<Vec<(String, Kind)>, GitError> {
    let revisions = Revisions::open(repository)?;
    let tree = |text: &str| revisions.commit(text).map(|commit| commit.tree);
    // A commit that is not here any more tells nothing.
    let (Some(from), Some(to)) = (tree(&request.from), tree(&request.to)) else {
        return Ok(Vec::new());
    };
    between(from, to, objects)
}

fn between(
    from: ObjectId,
    to: ObjectId,
    objects: &Objects,
) -> Result<Vec<(String, Kind)>, GitError> {
    if from == to {
        return Ok(Vec::new());
    }
    let reader = objects.reader();
    let index = Index::of_tree(to, &reader)?;
    let found = diff::changes(&index, Some(from), &reader)?;
    let mut changed: Vec<(String, Kind)> = found
        .changed
        .iter()
        .map(|change| {
            let path = index
                .entry(change.position)
                .path
                .to_str_lossy()
                .into_owned();
            let kind = match change.before {
                Some(_) => Kind::Modified,
                None => Kind::Added,
            };
            (path, kind)
        })
        .collect();
    changed.extend(
        found
            .deleted
            .iter()
            .map(|(path, _)| (path.to_str_lossy().into_owned(), Kind::Removed)),
    );
    Ok(changed)
}

/// How the services migrate; looked for only where something that may be a migration is new.
pub(super) fn migrations(repository: &Repository, changed: &[(String, Kind)]) -> Vec<Migration> {
    let may_be = |(path, kind): &(String, Kind)| {
        *kind == Kind::Added
            && [".py", ".sql", ".rb", ".js", ".ts", ".php"]
                .iter()
                .any(|end| path.ends_with(end))
            && ["migrat", "alembic", "versions"]
                .iter()
                .any(|part| path.contains(part))
    };
    if !changed.iter().any(may_be) {
        return Vec::new();
    }
    // What cannot be read is said by the commands that need it.
    let config = Config::load(&repository.root).unwrap_or_default();
    let Ok(project) = crate::detect::detect(&repository.root, &config) else {
        return Vec::new();
    };
    project
        .services
        .iter()
        .filter_map(|service| {
            let migration = &service.migration.as_ref()?.value;
            Some(Migration {
                folder: migration.folder.to_string(),
                working_dir: service.working_dir.value.to_string(),
                command: migration.command.clone(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(hook: Hook, arguments: &[&str], input: &str) -> Option<(String, String)> {
        let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
        ArrivalRequest::parse(hook, &arguments, input.as_bytes(), None)
            .map(|request| (request.from, request.to))
    }

    #[test]
    fn what_git_tells_each_hook() {
        let pair = |from: &str, to: &str| Some((from.to_owned(), to.to_owned()));
        let nothing = "0".repeat(40);
        let checkout = |arguments: &[&str]| parsed(Hook::PostCheckout, arguments, "");
        assert_eq!(checkout(&["a", "b", "1"]), pair("a", "b"));
        assert_eq!(checkout(&["a", "b", "0"]), None);
        assert_eq!(checkout(&["a", "a", "1"]), None);
        assert_eq!(checkout(&[&nothing, "b", "1"]), None);
        assert_eq!(checkout(&[]), None);
        let merge = |arguments: &[&str]| parsed(Hook::PostMerge, arguments, "");
        assert_eq!(merge(&["0"]), pair("ORIG_HEAD", "HEAD"));
        assert_eq!(merge(&["1"]), None);
        let rewrite = |command: &str, input: &str| parsed(Hook::PostRewrite, &[command], input);
        assert_eq!(rewrite("rebase", "a b\nc d extra\n"), pair("c", "d"));
        assert_eq!(rewrite("amend", "a b\n"), None);
        assert_eq!(rewrite("rebase", ""), None);
    }

    #[test]
    fn a_rebase_under_way_is_not_spoken_of_yet() {
        let arguments = ["a", "b", "1"].map(str::to_owned);
        let request = ArrivalRequest::parse(Hook::PostCheckout, &arguments, b"", Some("rebase"));
        assert_eq!(request, None);
    }
}
