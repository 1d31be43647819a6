//! A job's command line made into what the system runs: program, arguments, pieces.

use super::guardian::Task;
use crate::config::hooks::{CommandLine, Job, Word};
use crate::project::RelPath;
use bstr::{BStr, ByteSlice};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Folders of a project that hold its own programs, the first before the last.
const OWN_PROGRAMS: &[&str] = &[".venv/bin", "venv/bin", "node_modules/.bin"];

/// Bytes that every system leaves to arguments and environment together.
const FLOOR: usize = 128 * 1024;
/// No system takes more.
const CEILING: usize = 6 * 1024 * 1024;

/// What a command needs and is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) name: String,
    /// The command that installs it, as configured.
    pub(super) install: Option<String>,
}

/// Where the programs of `job` are looked for: those of its folder and of the root, then `path`.
/// Of the project's own folders only those count of which `is_tracked` says no, for a program
/// that came with a branch is not what its name says.
pub(super) fn search_path(
    job: &Job,
    root: &Path,
    path: Option<&OsStr>,
    is_tracked: &dyn Fn(&str) -> bool,
) -> OsString {
    let mut folders: Vec<PathBuf> = Vec::new();
    for base in [&job.working_dir, &job.folder, &RelPath::root()] {
        for own in OWN_PROGRAMS {
            let Ok(below) = base.join(own) else { continue };
            let folder = below.under(root);
            if folder.is_dir() && !is_tracked(below.as_str()) && !folders.contains(&folder) {
                folders.push(folder);
            }
        }
    }
    if let Some(path) = path {
        folders.extend(std::env::split_paths(path));
    }
    // A folder with a colon in its name cannot be on the list.
    std::env::join_paths(&folders).unwrap_or_else(|_| path.unwrap_or_default().to_owned())
}

/// The program of `job` as a path.
///
/// # Errors
/// What is missing: the program, or the tool that it needs.
pub(super) fn program(
    job: &Job,
    command: &CommandLine,
    search: &OsStr,
    folder: &Path,
) -> Result<PathBuf, Missing> {
    let find = |name: &str| which::which_in(name, Some(search), folder).ok();
    let install = job.tool.as_ref().and_then(|tool| tool.install.clone());
    let missing = |name: &str| Missing {
        name: name.to_owned(),
        install: install.clone(),
    };
    if let Some(tool) = &job.tool
        && find(&tool.name).is_none()
    {
        return Err(missing(&tool.name));
    }
    find(command.program()).ok_or_else(|| missing(command.program()))
}

/// The calls of `job` in `folder` for `files` (relative to the root): one, or as many as the
/// system's limit asks for.
pub(super) fn tasks(
    job: &Job,
    command: &CommandLine,
    program: &Path,
    folder: &Path,
    files: &[&BStr],
    message: Option<&Path>,
    env: &[(OsString, OsString)],
) -> Vec<Task> {
    let names: Vec<OsString> = files
        .iter()
        .map(|file| argument(file, &job.working_dir))
        .collect();
    let fixed: usize = command.text.len() + env.iter().map(weight).sum::<usize>();
    let pieces: Vec<&[OsString]> = if command.takes_files() {
        split(&names, limit().saturating_sub(fixed))
    } else {
        vec![&[]]
    };
    pieces
        .into_iter()
        .map(|piece| {
            let mut arguments = Vec::new();
            for word in &command.words[1..] {
                match word {
                    Word::Text(text) => arguments.push(text.into()),
                    Word::Files => arguments.extend_from_slice(piece),
                    Word::Message => arguments.extend(message.map(|path| path.as_os_str().into())),
                }
            }
            Task {
                program: program.into(),
                arguments,
                folder: folder.into(),
                env: env.to_vec(),
                input: None,
            }
        })
        .collect()
}

fn weight((name, value): &(OsString, OsString)) -> usize {
    name.len() + value.len() + 2 + size_of::<usize>()
}

/// As the command names the file in its folder; one that looks like an option gets a `./`.
fn argument(file: &BStr, working_dir: &RelPath) -> OsString {
    let mut name: Vec<u8> = Vec::new();
    let mut rest: &[u8] = file;
    if !working_dir.is_root() {
        let parts = working_dir.as_str().split('/');
        let mut common = true;
        for part in parts {
            let inside = rest
                .strip_prefix(part.as_bytes())
                .and_then(|rest| rest.strip_prefix(b"/"));
            match inside {
                Some(inside) if common => rest = inside,
                _ => {
                    common = false;
                    name.extend_from_slice(b"../");
                }
            }
        }
    }
    if name.is_empty() && rest.starts_with(b"-") {
        name.extend_from_slice(b"./");
    }
    name.extend_from_slice(rest);
    name.to_os_str_lossy().into_owned()
}

/// Bytes that arguments and environment may take on this system.
fn limit() -> usize {
    #[cfg(target_os = "linux")]
    let most = {
        // execve(2): a quarter of the stack that is allowed.
        let stack = rustix::process::getrlimit(rustix::process::Resource::Stack).current;
        stack
            .map_or(CEILING, |bytes| {
                usize::try_from(bytes / 4).unwrap_or(CEILING)
            })
            .clamp(FLOOR, CEILING)
    };
    #[cfg(not(target_os = "linux"))]
    let most = FLOOR;
    let environment: usize = std::env::vars_os().map(|one| weight(&one)).sum();
    // The guardian's own words, and some air.
    most.saturating_sub(environment + 8192)
}

/// As few pieces as hold within `limit` bytes each, none without a name.
fn split(names: &[OsString], limit: usize) -> Vec<&[OsString]> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut size = 0;
    for (at, name) in names.iter().enumerate() {
        let weight = name.len() + 1 + size_of::<usize>();
        if at > start && size + weight > limit {
            pieces.push(&names[start..at]);
            start = at;
            size = 0;
        }
        size += weight;
    }
    if start < names.len() {
        pieces.push(&names[start..]);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_from_the_folder_of_its_command() {
        let name = |file: &str, folder: &str| {
            argument(file.into(), &RelPath::parse(folder).unwrap())
                .into_string()
                .unwrap()
        };
        assert_eq!(name("a/b.py", "."), "a/b.py");
        assert_eq!(name("a/b.py", "a"), "b.py");
        assert_eq!(name("ab/c", "a"), "../ab/c");
        assert_eq!(name("a/x/c", "a/b"), "../x/c");
        assert_eq!(name("c", "a/b"), "../../c");
        assert_eq!(name("-rf", "."), "./-rf");
        assert_eq!(name("a/-rf", "a"), "./-rf");
    }

    #[test]
    fn pieces_hold_within_the_limit() {
        let names: Vec<OsString> = (0..10).map(|n| format!("file-{n}").into()).collect();
        let weight = 6 + 1 + size_of::<usize>();
        let lengths = |limit: usize| {
            split(&names, limit)
                .iter()
                .map(|p| p.len())
                .collect::<Vec<_>>()
        };
        assert_eq!(lengths(10 * weight), [10]);
        assert_eq!(lengths(4 * weight), [4, 4, 2]);
        assert_eq!(lengths(0), [1; 10]);
        assert!(split(&[], 100).is_empty());
    }
}
