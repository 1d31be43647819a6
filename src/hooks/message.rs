//! The message of a commit, as the hooks that are given its file see it.

use super::SnapshotError;
use super::check::{self, Cleanup, Finding, Look, Message};
use super::job;
use crate::config::hooks::{Fix, Job};
use crate::git::MessageSettings;
use bstr::ByteSlice;
use std::path::Path;

/// What the checks say of a message.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Findings that stand, by job.
    pub(super) findings: Vec<(usize, Finding)>,
    /// Jobs that mended it.
    pub(super) mended: Vec<usize>,
    /// The message as mended.
    pub(super) fixed: Option<Vec<u8>>,
}

/// Shows the message `text` to `jobs`, to each what the one before made of it.
pub(super) fn look(jobs: &[&Job], text: &[u8], settings: &MessageSettings, fix: bool) -> Said {
    let mut said = Said::default();
    for (number, job) in jobs.iter().enumerate() {
        let Some(check) = job.check() else { continue };
        let options = job::options(&check.options);
        for look in check::find(check.id.name()).map_or(&[][..], |check| check.looks) {
            let Look::Message(look) = look else { continue };
            let message = Message {
                text: said.fixed.as_deref().unwrap_or(text),
                comment: settings.comment.as_bytes().as_bstr(),
                cleanup: cleanup(settings),
            };
            let outcome = look(&message, &options);
            let mends = fix && job.fix != Fix::No && outcome.fixed.is_some();
            let stand = outcome
                .findings
                .into_iter()
                .filter(|finding| !(mends && finding.fixable));
            said.findings.extend(stand.map(|finding| (number, finding)));
            if mends {
                said.fixed = outcome.fixed;
                said.mended.push(number);
            }
        }
    }
    said
}

/// git's default depends on whether an editor was used: where not, hooks get `GIT_EDITOR=:`.
fn cleanup(settings: &MessageSettings) -> Cleanup {
    match settings.cleanup.as_deref() {
        Some("strip") => Cleanup::Strip,
        Some("whitespace") => Cleanup::Whitespace,
        Some("verbatim") => Cleanup::Verbatim,
        Some("scissors") if settings.editor => Cleanup::Scissors,
        _ if settings.editor => Cleanup::Strip,
        _ => Cleanup::Whitespace,
    }
}

/// Puts `text` into the file of the message, at once or not at all.
pub(super) fn write(file: &Path, text: &[u8]) -> Result<(), SnapshotError> {
    let failed = |source| SnapshotError::Io {
        path: file.to_owned(),
        source,
    };
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    std::io::Write::write_all(&mut draft, text).map_err(failed)?;
    if let Ok(metadata) = file.metadata() {
        draft
            .as_file()
            .set_permissions(metadata.permissions())
            .map_err(failed)?;
    }
    draft.persist(file).map_err(|error| failed(error.error))?;
    Ok(())
}
