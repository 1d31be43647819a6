//! What becomes of the files that a fixer was given: taken, refused, or laid out as before.

use super::process::End;
use super::report::{JobReport, State};
use super::runner::{All, Tool};
use super::snapshot::{Refused, SnapshotError};
use crate::git::{Mode, native, patch};
use bstr::{BStr, BString, ByteSlice};
use std::path::Path;

/// A file: its content and whether it is executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mended {
    pub(super) content: Vec<u8>,
    pub(super) mode: Mode,
}

impl Mended {
    /// The file at `path` of `root`; None where there is none.
    pub(super) fn of_file(root: &Path, path: &BString) -> Option<Self> {
        let place = root.join(native(path.as_bstr()).ok()?);
        let metadata = place.symlink_metadata().ok()?;
        if metadata.is_symlink() {
            let target = place.read_link().ok()?;
            return Some(Self {
                content: target.into_os_string().into_encoded_bytes(),
                mode: Mode::Symlink,
            });
        }
        if !metadata.is_file() {
            return None;
        }
        #[cfg(unix)]
        let executable =
            std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0;
        #[cfg(not(unix))]
        let executable = false;
        Some(Self {
            content: std::fs::read(&place).ok()?,
            mode: if executable {
                Mode::Executable
            } else {
                Mode::Regular
            },
        })
    }
}

/// A file of a job after it ran; None where it is gone.
type Change = (usize, Option<Mended>);

impl All<'_> {
    fn path(&self, position: usize) -> &BStr {
        self.runner.source.index.entry(position).path
    }

    /// Keeps what the files of `tool` are before it runs.
    pub(super) fn remember(&self, tool: &Tool<'_>) {
        let mut shared = self.lock();
        for position in &tool.positions {
            if shared.lying.contains_key(position) {
                continue;
            }
            let now = match &shared.folder {
                Some(folder) => folder.read(self.path(*position)),
                None => None,
            };
            if let Some(now) = now {
                shared.lying.insert(*position, now);
            }
        }
    }

    /// Files of `tool` that are other than before it ran.
    pub(super) fn changes(&self, tool: &Tool<'_>) -> Vec<Change> {
        let shared = self.lock();
        let Some(folder) = &shared.folder else {
            return Vec::new();
        };
        let mut changed = Vec::new();
        for position in &tool.positions {
            let now = folder.read(self.path(*position));
            if now.as_ref() != shared.lying.get(position) {
                changed.push((*position, now));
            }
        }
        changed
    }

    /// Takes what a fixer made of its files, or throws it away.
    pub(super) fn take(
        &self,
        tool: &Tool<'_>,
        end: &End,
        report: &mut JobReport,
    ) -> Result<(), SnapshotError> {
        let changed = self.changes(tool);
        if changed.is_empty() {
            return Ok(());
        }
        let gone: Vec<&BStr> = changed
            .iter()
            .filter(|(_, now)| now.is_none())
            .map(|(position, _)| self.path(*position))
            .collect();
        if let Some(path) = gone.first() {
            let more = match gone.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            report.fail(
                format!("it deleted {path}{more}, which a fix must not; nothing of it was taken"),
                None,
            );
        }
        let sound = matches!(end, End::Code(_)) && gone.is_empty();
        let files: Vec<(usize, Mended)> = changed
            .into_iter()
            .filter_map(|(position, now)| Some((position, now?)))
            .collect();
        if sound && self.runner.fix {
            return self.accept(files, report);
        }
        if sound {
            self.refuse(&files, report);
        }
        self.restore(tool)
    }

    fn accept(
        &self,
        files: Vec<(usize, Mended)>,
        report: &mut JobReport,
    ) -> Result<(), SnapshotError> {
        let mut shared = self.lock();
        let Some(folder) = &shared.folder else {
            return Ok(());
        };
        let named: Vec<(BString, Vec<u8>)> = files
            .iter()
            .map(|(position, now)| (self.path(*position).to_owned(), now.content.clone()))
            .collect();
        let reader = self.runner.objects.reader();
        let blobs = folder.as_blobs(&named, &reader, self.runner.source.conversion)?;
        for ((position, now), (_, content)) in files.into_iter().zip(blobs) {
            report.fixed.push(self.path(position).to_owned());
            let mode = now.mode;
            shared.lying.insert(position, now);
            shared.mended.insert(position, Mended { content, mode });
        }
        if report.state == State::Passed {
            report.state = State::Fixed;
        }
        Ok(())
    }

    /// A fixer in a run that only checks: what it would have done is what it found.
    fn refuse(&self, files: &[(usize, Mended)], report: &mut JobReport) {
        let shared = self.lock();
        for (position, now) in files {
            let path = self.path(*position);
            let before = shared
                .lying
                .get(position)
                .map_or(&[][..], |before| &before.content);
            report.refused.push(Refused {
                path: path.to_owned(),
                patch: patch::unified(&path.to_str_lossy(), before, &now.content),
            });
        }
        if report.state == State::Passed {
            report.fail("it would change files, and this run only checks", None);
        }
    }

    /// Lays the files of a job out as they were before it.
    fn restore(&self, tool: &Tool<'_>) -> Result<(), SnapshotError> {
        let shared = self.lock();
        let Some(folder) = &shared.folder else {
            return Ok(());
        };
        for position in &tool.positions {
            if let Some(before) = shared.lying.get(position) {
                folder.put_back(self.path(*position), before)?;
            }
        }
        Ok(())
    }
}
