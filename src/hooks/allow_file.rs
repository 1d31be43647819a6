//! The lists of hashes that jobs name: `allow_file`.

use super::builtin::Looking;
use super::check::{NoHash, Options};
use super::source::Source;
use super::{HookError, job};
use crate::config::hooks::Hooks;
use crate::git::Objects;
use std::path::Path;

/// Why a list is none.
#[derive(Debug, thiserror::Error)]
pub enum AllowFileError {
    #[error("{job:?} takes values that are allowed from {path}, and there is no such file")]
    Missing { job: String, path: String },
    #[error("{path}:{}: {source}", .source.line)]
    Line { path: String, source: NoHash },
}

/// Reads each job's list: as the commit has it, or from the work tree at `root` where the commit
/// has none.
pub(super) fn take(
    jobs: &mut [Looking<'_>],
    source: &Source,
    objects: &Objects,
    root: &Path,
) -> Result<(), HookError> {
    for looking in jobs {
        let Some(path) = looking
            .job
            .check()
            .and_then(|check| check.options.allow_file.as_ref())
        else {
            continue;
        };
        let mut content = Vec::new();
        if let Some(position) = source.index.find(path.as_str().into()) {
            objects
                .reader()
                .blob(source.index.entry(position).id, &mut content)?;
        } else if let Ok(bytes) = std::fs::read(root.join(path.as_str())) {
            content = bytes;
        } else {
            let job = looking.job.name.clone();
            let path = path.to_string();
            return Err(AllowFileError::Missing { job, path }.into());
        }
        let list = String::from_utf8_lossy(&content);
        let path = path.to_string();
        looking
            .allow(&list)
            .map_err(|source| AllowFileError::Line { path, source })?;
    }
    Ok(())
}

/// What is configured of check `id` in any hook, with its list as the work tree at `root` has it.
///
/// # Errors
/// As [`take`].
pub(crate) fn options_of(hooks: &Hooks, id: &str, root: &Path) -> Result<Options, AllowFileError> {
    let configured = hooks
        .used()
        .flat_map(|hook| hooks.jobs(hook))
        .find_map(|job| Some((job, job.check().filter(|check| check.id.name() == id)?)));
    let Some((job, check)) = configured else {
        return Ok(Options::default());
    };
    let mut options = job::options(&check.options);
    if let Some(path) = &check.options.allow_file {
        let list = std::fs::read(path.under(root)).map_err(|_| AllowFileError::Missing {
            job: job.name.clone(),
            path: path.to_string(),
        })?;
        let list = String::from_utf8_lossy(&list);
        let path = path.to_string();
        (options.allow.read(&list)).map_err(|source| AllowFileError::Line { path, source })?;
    }
    Ok(options)
}
