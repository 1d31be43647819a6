//! Puts shims where git calls them, keeps the hooks that were there, and takes it all back.
//!
//! In: the repository and the hooks that have jobs. Out: a [`Plan`], one row per hook, which
//! [`Plan::apply`] carries out. Every step is one rename or link: killed at any moment, each
//! hook is as it was or as it shall be, and the next run goes on. Writes only into a folder of
//! hooks inside this repository's own git directory.

mod platform;
mod self_test;
mod shim;

pub use platform::BARE_PATH;
pub use self_test::{Proof, self_test, self_test_bare};
pub use shim::{GONE, SELF_TEST};

use crate::config::hooks::Hook;
use crate::git::{GitError, HooksPath, Repository, hooks_folder, hooks_path};
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};

/// What follows a hook's name where the hook that was there is kept.
pub const KEPT: &str = ".before-shipway";

/// What is done about one hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A shim where there was nothing.
    Create,
    /// A shim, and the hook that was there is kept and runs first.
    Chain,
    /// A shim of another shipway or for another program is made anew.
    Update,
    /// As it would be made.
    Unchanged,
    /// A shim that nobody needs is taken away.
    Remove,
    /// The hook that was there comes back.
    Restore,
    /// Two hooks of somebody else's, of which only one can be kept: both stay.
    Conflict,
}

/// One hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    pub hook: Hook,
    pub action: Action,
    /// Who made the hook that was there, where it says so: `pre-commit`, `lefthook`, `git-lfs`, ….
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theirs: Option<&'static str>,
}

/// What would be done in a folder of hooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Absolute.
    pub folder: PathBuf,
    /// In git's order; hooks that nothing is done about are left out.
    pub rows: Vec<Row>,
    program: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("{}", elsewhere(folder, setting.as_ref()))]
    Elsewhere {
        folder: PathBuf,
        setting: Option<HooksPath>,
        /// Lines that nobody has added yet.
        missing: Vec<Line>,
    },
    #[error("{} cannot be written: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is no path that a shell script can hold", .0.display())]
    Program(PathBuf),
}

/// A line that calls shipway from a hook which is not its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub file: PathBuf,
    pub text: String,
}

/// Where git takes the hooks of a repository from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder that may be written to.
    Own(PathBuf),
    /// A folder that is somebody else's, where each hook in use calls shipway already.
    Called(PathBuf),
}

/// Asks git where hooks lie.
///
/// # Errors
/// When git cannot say, or they lie outside of the git directory and one of `hooks` is not
/// called from there.
pub fn place(repository: &Repository, hooks: &[Hook]) -> Result<Place, InstallError> {
    place_in(hooks_folder(&repository.root)?, repository, hooks)
}

/// As [`place`], where git has said that they lie in `found`.
///
/// # Errors
/// As [`place`].
pub fn place_in(
    found: PathBuf,
    repository: &Repository,
    hooks: &[Hook],
) -> Result<Place, InstallError> {
    let folder = resolved(&found);
    let own = [
        resolved(&repository.common_dir),
        // A linked work tree's own, or the same.
        resolved(
            repository
                .private_dir
                .parent()
                .unwrap_or(&repository.common_dir),
        ),
    ];
    if own
        .iter()
        .any(|own| folder.starts_with(own) && folder != *own)
    {
        return Ok(Place::Own(folder));
    }
    let missing: Vec<Line> = hooks
        .iter()
        .map(|hook| line(&folder, *hook))
        .filter(|line| {
            !std::fs::read_to_string(&line.file).is_ok_and(|text| calls(&text, &line.text))
        })
        .collect();
    if missing.is_empty() {
        return Ok(Place::Called(folder));
    }
    Err(InstallError::Elsewhere {
        folder: found,
        setting: hooks_path(&repository.root)?,
        missing,
    })
}

/// Whether a line of the script, and no comment, runs what `wanted` begins with.
fn calls(script: &str, wanted: &str) -> bool {
    let wanted = wanted.split(" --").next().unwrap_or(wanted);
    script
        .lines()
        .map(str::trim_start)
        .any(|line| !line.starts_with('#') && line.contains(wanted))
}

fn line(folder: &Path, hook: Hook) -> Line {
    // husky 9 has what git calls in a folder of its own, and its user's hooks above it.
    let folder = match (folder.parent(), folder.file_name()) {
        (Some(above), Some(name)) if name == "_" && above.ends_with(".husky") => above,
        _ => folder,
    };
    Line {
        file: folder.join(hook.name()),
        text: format!("shipway hooks run {hook} -- \"$@\""),
    }
}

/// With links followed as far as there is something.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if parent != Path::new("") => resolved(parent).join(name),
        _ => path.to_owned(),
    }
}

fn elsewhere(folder: &Path, setting: Option<&HooksPath>) -> String {
    let folder = folder.display();
    match setting {
        Some(HooksPath {
            value,
            scope,
            origin,
        }) => {
            let origin = origin.strip_prefix("file:").unwrap_or(origin);
            format!(
                "git takes this repository's hooks from {folder}, for core.hooksPath = {value} in \
                 {origin} ({scope}); that folder is not shipway's to write to"
            )
        }
        None => format!(
            "this repository's folder of hooks is a link to {folder}, which is not shipway's to \
             write to"
        ),
    }
}

/// Whether git calls shipway at a hook, by what lies in its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A shim of this shipway's kind, for whichever program.
    Installed,
    /// A shim that another shipway made, or that is not executable.
    Outdated,
    Missing,
}

/// What lies in `folder` for `hook`.
///
/// # Errors
/// When it cannot be read.
pub fn state(folder: &Path, hook: Hook) -> Result<State, InstallError> {
    let path = folder.join(hook.name());
    let Present::Ours(content) = present(&path)? else {
        return Ok(State::Missing);
    };
    let as_made = shim::pinned(&content)
        .and_then(|program| shim::text(hook, Path::new(&program)))
        .is_some_and(|text| text.as_bytes() == content);
    Ok(if as_made && platform::is_executable(&path) {
        State::Installed
    } else {
        State::Outdated
    })
}

/// The program that the shim of `hook` calls where no shipway is on PATH.
#[must_use]
pub fn pinned(folder: &Path, hook: Hook) -> Option<PathBuf> {
    let content = std::fs::read(folder.join(hook.name())).ok()?;
    shim::pinned(&content).map(PathBuf::from)
}

/// What is at a place in a folder of hooks.
enum Present {
    Nothing,
    Ours(Vec<u8>),
    Theirs,
}

impl Plan {
    /// What makes `wanted` the hooks that call `program`, a path of shipway itself.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn install(folder: &Path, wanted: &[Hook], program: &Path) -> Result<Self, InstallError> {
        Self::new(folder, program, |hook| wanted.contains(&hook))
    }

    /// What takes every shim away.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn uninstall(folder: &Path) -> Result<Self, InstallError> {
        Self::new(folder, Path::new(""), |_| false)
    }

    fn new(
        folder: &Path,
        program: &Path,
        is_wanted: impl Fn(Hook) -> bool,
    ) -> Result<Self, InstallError> {
        let mut rows = Vec::new();
        for hook in Hook::ALL {
            let path = folder.join(hook.name());
            let present = present(&path)?;
            let kept = kept(&path);
            let has_kept = kept.symlink_metadata().is_ok();
            let wanted = is_wanted(hook);
            let action = match (present, has_kept) {
                (Present::Nothing, _) if wanted => Action::Create,
                (Present::Ours(content), _) if wanted => {
                    let text = shim::text(hook, program)
                        .ok_or_else(|| InstallError::Program(program.to_owned()))?;
                    if content == text.as_bytes() && platform::is_executable(&path) {
                        Action::Unchanged
                    } else {
                        Action::Update
                    }
                }
                (Present::Theirs, false) if wanted => Action::Chain,
                (Present::Nothing | Present::Ours(_), true) => Action::Restore,
                (Present::Ours(_), false) => Action::Remove,
                // Cut short after the second name was made.
                (Present::Theirs, true) if is_same(&path, &kept) => {
                    if wanted {
                        Action::Chain
                    } else {
                        Action::Restore
                    }
                }
                (Present::Theirs, true) => Action::Conflict,
                (Present::Nothing | Present::Theirs, false) => continue,
            };
            let theirs = [&kept, &path].into_iter().find_map(|path| maker(path));
            rows.push(Row {
                hook,
                action,
                theirs,
            });
        }
        Ok(Self {
            folder: folder.to_owned(),
            rows,
            program: program.to_owned(),
        })
    }

    /// Whether nothing would be changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows
            .iter()
            .all(|row| matches!(row.action, Action::Unchanged | Action::Conflict))
    }

    /// Whether a hook could not be dealt with.
    #[must_use]
    pub fn has_conflict(&self) -> bool {
        self.rows.iter().any(|row| row.action == Action::Conflict)
    }

    /// Does it. May be cut short and done again at any moment.
    ///
    /// # Errors
    /// When a file cannot be written; each of the others is done or as it was.
    pub fn apply(&self) -> Result<(), InstallError> {
        let uninstalls = self.program.as_os_str().is_empty();
        if !uninstalls && !self.folder.is_dir() {
            std::fs::create_dir_all(&self.folder).map_err(at(&self.folder))?;
        }
        // The disk takes several files together in the time of one.
        std::thread::scope(|scope| {
            let steps: Vec<_> = self
                .rows
                .iter()
                .map(|row| {
                    let path = self.folder.join(row.hook.name());
                    scope.spawn(move || self.step(row, &path).map_err(at(&path)))
                })
                .collect();
            steps.into_iter().try_for_each(|step| {
                step.join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
        })?;
        self.sweep();
        if uninstalls {
            // One that install had to make; where it holds something, it stays.
            let _ = std::fs::remove_dir(&self.folder);
        }
        Ok(())
    }

    fn step(&self, row: &Row, path: &Path) -> io::Result<()> {
        match row.action {
            Action::Unchanged | Action::Conflict => Ok(()),
            Action::Create | Action::Update => self.put(row.hook, path),
            Action::Chain => {
                match platform::second_name(path, &kept(path)) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    other => other?,
                }
                self.put(row.hook, path)
            }
            Action::Remove => std::fs::remove_file(path),
            Action::Restore => restore(path),
        }
    }

    fn put(&self, hook: Hook, path: &Path) -> io::Result<()> {
        let text = shim::text(hook, &self.program)
            .ok_or_else(|| io::Error::other("the path of shipway is not UTF-8"))?;
        platform::put_script(path, &text)
    }

    /// Takes away what a run that was killed had not finished.
    fn sweep(&self) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return;
        };
        for entry in entries.flatten() {
            if entry
                .file_name()
                .to_string_lossy()
                .starts_with(platform::DRAFT)
            {
                // It does no harm where it stays.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Where two names are of one file, a rename does nothing: the second is taken away.
fn restore(path: &Path) -> io::Result<()> {
    let kept = kept(path);
    if is_same(path, &kept) {
        return std::fs::remove_file(kept);
    }
    std::fs::rename(kept, path)
}

fn kept(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(KEPT);
    path.with_file_name(name)
}

fn present(path: &Path) -> Result<Present, InstallError> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Present::Nothing);
        }
        Err(error) => return Err(at(path)(error)),
    };
    if metadata.is_dir() {
        return Err(at(path)(io::Error::other("it is a folder")));
    }
    if metadata.is_symlink() {
        return Ok(Present::Theirs);
    }
    let content = std::fs::read(path).map_err(at(path))?;
    if shim::is_ours(&content) {
        Ok(Present::Ours(content))
    } else {
        Ok(Present::Theirs)
    }
}

/// Whether both names are of one link or of one content.
fn is_same(one: &Path, other: &Path) -> bool {
    match (std::fs::read_link(one), std::fs::read_link(other)) {
        (Ok(one), Ok(other)) => one == other,
        (Err(_), Err(_)) => match (std::fs::read(one), std::fs::read(other)) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        },
        _ => false,
    }
}

/// Who made a hook, by what such hooks say of themselves.
fn maker(path: &Path) -> Option<&'static str> {
    let content = std::fs::read(path).ok()?;
    if shim::is_ours(&content) {
        return None;
    }
    let text = String::from_utf8_lossy(&content);
    [
        ("File generated by pre-commit", "pre-commit"),
        ("File generated by prek", "prek"),
        ("lefthook", "lefthook"),
        ("husky", "husky"),
        ("git lfs", "git-lfs"),
        ("git-lfs", "git-lfs"),
        ("simple-git-hooks", "simple-git-hooks"),
        ("overcommit", "overcommit"),
    ]
    .into_iter()
    .find(|(sign, _)| text.contains(sign))
    .map(|(_, tool)| tool)
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> InstallError {
    let path = path.to_owned();
    move |source| InstallError::Io { path, source }
}
