//! A file of JSON lines beside git's own: one is added at the end of a run, the oldest go when it
//! grows large.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::io::{Result, Write};
use std::path::{Path, PathBuf};

/// Where the lines lie, and how many of them stay.
pub(super) struct KeptLines {
    pub(super) file: PathBuf,
    /// Bytes from which on the file is cut.
    pub(super) large: u64,
    /// Lines that stay then.
    pub(super) kept: usize,
}

impl KeptLines {
    /// Adds one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn add(&self, value: &impl Serialize) -> Result<()> {
        fs::create_dir_all(self.folder())?;
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        // One write, so that runs side by side do not mix.
        let mut target = fs::File::options()
            .create(true)
            .append(true)
            .open(&self.file)?;
        target.write_all(&line)?;
        if target.metadata()?.len() > self.large {
            self.cut()?;
        }
        Ok(())
    }

    /// All of them, oldest first. A line that cannot be read is passed over.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Vec<T> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    fn cut(&self) -> Result<()> {
        let text = fs::read_to_string(&self.file)?;
        let lines: Vec<&str> = text.lines().collect();
        let kept = lines[lines.len().saturating_sub(self.kept)..].join("\n");
        let mut draft = tempfile::NamedTempFile::new_in(self.folder())?;
        draft.write_all(kept.as_bytes())?;
        draft.write_all(b"\n")?;
        draft.persist(&self.file)?;
        Ok(())
    }

    fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stay_when_the_file_grows_large() {
        let folder = tempfile::tempdir().unwrap();
        let lines = KeptLines {
            file: folder.path().join("a/b.jsonl"),
            large: 20,
            kept: 3,
        };
        assert_eq!(lines.read::<u32>(), Vec::<u32>::new());
        // Lines of five bytes: the fifth makes 25, more than 20, and three of them stay.
        for number in 1001..=1004 {
            lines.add(&number).unwrap();
        }
        assert_eq!(lines.read::<u32>(), [1001, 1002, 1003, 1004]);
        lines.add(&1005).unwrap();
        assert_eq!(lines.read::<u32>(), [1003, 1004, 1005]);
    }

    #[test]
    fn a_line_that_is_none_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("b.jsonl");
        fs::write(&file, "1\nnot JSON\n\n2\n3").unwrap();
        let lines = KeptLines {
            file,
            large: 100,
            kept: 3,
        };
        assert_eq!(lines.read::<u32>(), [1, 2, 3]);
    }
}
