//! One blob, with what several checks want to know of it found once.

use super::{Finding, Position};
use bstr::{BStr, ByteSlice};
use file_identify::{Classification, Meta, Tag, TagSet};
use std::cell::OnceCell;

/// git takes a file for binary when its first bytes, this many, hold a NUL.
const BINARY_PROBE: usize = 8000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Regular,
    Executable,
    Symlink,
    Submodule,
}

impl Mode {
    /// As git's index has it.
    #[must_use]
    pub fn bits(self) -> u32 {
        match self {
            Self::Regular => 0o100_644,
            Self::Executable => 0o100_755,
            Self::Symlink => 0o120_000,
            Self::Submodule => 0o160_000,
        }
    }
}

/// A path of the index or of a commit, and what it holds.
#[derive(Debug, Clone, Copy)]
pub struct Blob<'a> {
    /// Relative to the root, `/`-separated.
    pub path: &'a BStr,
    pub mode: Mode,
    /// As git stores it: a symlink's target, nothing for a submodule.
    pub content: &'a [u8],
    /// Size in bytes of what stood at this path, or where it was moved from; None where the
    /// commit adds it. Where all files are asked for, the size of `content`.
    pub before: Option<u64>,
    /// Whether `.gitattributes` gives it `filter=lfs`.
    pub lfs: bool,
}

/// The rest of the commit, for a check of one file that names others. Paths are relative to the
/// root, `/`-separated.
pub struct Beside<'a> {
    /// Whether the commit has it, or a folder of that name.
    pub has: &'a dyn Fn(&BStr) -> bool,
    /// What it holds; None where the commit has no such file.
    pub read: &'a dyn Fn(&BStr) -> Option<Vec<u8>>,
}

/// A [`Blob`] that checks look at. Cheap until something is asked; not for sharing.
pub struct File<'a> {
    blob: Blob<'a>,
    beside: Option<&'a Beside<'a>>,
    tags: OnceCell<TagSet>,
    text: OnceCell<bool>,
    lines: OnceCell<Lines>,
}

/// What one pass over the lines of a text says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lines {
    /// Lines that end in LF alone.
    pub(super) lf: usize,
    pub(super) crlf: usize,
    /// Start of the first line that has blanks before its end.
    pub(super) blank: Option<usize>,
    /// Start of the first line that begins like a conflict marker.
    pub(super) marker: Option<usize>,
}

impl<'a> File<'a> {
    #[must_use]
    pub fn new(blob: Blob<'a>) -> Self {
        Self {
            blob,
            beside: None,
            tags: OnceCell::new(),
            text: OnceCell::new(),
            lines: OnceCell::new(),
        }
    }

    /// The same file, in the commit that it is of.
    #[must_use]
    pub fn within(self, beside: &'a Beside<'a>) -> Self {
        Self {
            beside: Some(beside),
            ..self
        }
    }

    /// The rest of the commit; None where this content is looked at alone.
    pub fn beside(&self) -> Option<&'a Beside<'a>> {
        self.beside
    }

    pub fn path(&self) -> &'a BStr {
        self.blob.path
    }

    pub fn mode(&self) -> Mode {
        self.blob.mode
    }

    pub fn content(&self) -> &'a [u8] {
        self.blob.content
    }

    pub fn before(&self) -> Option<u64> {
        self.blob.before
    }

    pub fn lfs(&self) -> bool {
        self.blob.lfs
    }

    /// The last part of its path.
    pub fn name(&self) -> &'a BStr {
        let path: &[u8] = self.blob.path;
        let start = path.rfind_byte(b'/').map_or(0, |slash| slash + 1);
        path[start..].as_bstr()
    }

    /// Whether it is a file (no symlink, no submodule) that holds text: neither its name nor a
    /// NUL or other control byte at its start says otherwise.
    pub fn is_text(&self) -> bool {
        *self.text.get_or_init(|| {
            let content = self.blob.content;
            let probe = &content[..content.len().min(BINARY_PROBE)];
            matches!(self.blob.mode, Mode::Regular | Mode::Executable)
                && !self.tags().contains_tag(Tag::BINARY)
                && memchr::memchr(0, probe).is_none()
        })
    }

    /// What kind of file it is, by name, shebang and content: the tags of pre-commit's
    /// `identify`, which `types` of a job names.
    pub fn tags(&self) -> TagSet {
        *self.tags.get_or_init(|| {
            let Some(meta) = Meta::from_git_mode(self.blob.mode.bits()) else {
                return TagSet::EMPTY;
            };
            match file_identify::classify(meta, self.blob.path) {
                Classification::Done(tags) => tags,
                Classification::NeedsContent(pending) => pending.finish_bytes(self.blob.content),
            }
        })
    }

    /// Whether it has the tag; false for an unknown one.
    pub fn is(&self, tag: &str) -> bool {
        Tag::from_name(tag).is_some_and(|tag| self.tags().contains_tag(tag))
    }

    pub(super) fn lines(&self) -> Lines {
        *self.lines.get_or_init(|| Lines::of(self.blob.content))
    }

    /// Where byte `at` of the content is.
    pub(super) fn position(&self, at: usize) -> Position {
        position(self.blob.content, at)
    }

    /// `finding`, at byte `at` of this file.
    pub(super) fn place(&self, finding: Finding, at: usize) -> Finding {
        finding.at(self.path(), self.position(at))
    }
}

/// Where byte `at` of `content` is; behind the end is the end.
pub(super) fn position(content: &[u8], at: usize) -> Position {
    let before = &content[..at.min(content.len())];
    let mut line = 1;
    let mut start = 0;
    for end in memchr::memchr2_iter(b'\n', b'\r', before) {
        // The CR of a CRLF ends nothing by itself, not even where `at` is its LF.
        if content[end] == b'\r' && content.get(end + 1) == Some(&b'\n') {
            continue;
        }
        line += 1;
        start = end + 1;
    }
    let line_text = before[start..]
        .strip_prefix(b"\xEF\xBB\xBF")
        .filter(|_| start == 0);
    let column = line_text.unwrap_or(&before[start..]).chars().count() + 1;
    Position { line, column }
}

/// The lines from byte `start` on, where one begins: each with its place and its end.
pub(super) fn lines_from(content: &[u8], start: usize) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = start;
    std::iter::from_fn(move || {
        let rest = content.get(at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let place = at;
        at += length;
        Some((place, &rest[..length]))
    })
}

impl Lines {
    fn of(content: &[u8]) -> Self {
        let mut lines = Self::default();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', content) {
            let mut stop = end;
            if stop > start && content[stop - 1] == b'\r' {
                stop -= 1;
                lines.crlf += 1;
            } else {
                lines.lf += 1;
            }
            lines.take(content, start, stop);
            start = end + 1;
        }
        lines.take(content, start, content.len());
        lines
    }

    /// Looks at the line `start..stop`, without its end.
    fn take(&mut self, content: &[u8], start: usize, stop: usize) {
        let line = &content[start..stop];
        match line {
            [.., b' ' | b'\t' | b'\r'] if self.blank.is_none() => self.blank = Some(start),
            _ => {}
        }
        match line {
            [first @ (b'<' | b'=' | b'>' | b'|'), second, ..]
                if first == second && self.marker.is_none() =>
            {
                self.marker = Some(start);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &'static str, mode: Mode, content: &'static [u8]) -> File<'static> {
        File::new(Blob {
            path: path.into(),
            mode,
            content,
            before: None,
            lfs: false,
        })
    }

    #[test]
    fn a_place_counts_characters_and_every_kind_of_line_end() {
        let at = |content: &[u8], byte: usize| {
            let position = position(content, byte);
            (position.line, position.column)
        };
        assert_eq!(at(b"", 0), (1, 1));
        assert_eq!(at(b"ab\ncd", 4), (2, 2));
        assert_eq!(at(b"ab\r\ncd", 5), (2, 2));
        assert_eq!(at(b"ab\r\ncd", 3), (1, 4), "the LF of a CRLF");
        assert_eq!(at(b"ab\rcd", 4), (2, 2));
        assert_eq!(at("é\u{1F6A2}x".as_bytes(), 6), (1, 3));
        assert_eq!(at(b"\xff\xfex", 2), (1, 3), "bytes that are no UTF-8");
        assert_eq!(at(b"\xEF\xBB\xBFab", 4), (1, 2), "the mark is no column");
        assert_eq!(at(b"a\n", 99), (2, 1));
    }

    #[test]
    fn text_and_types_come_from_name_shebang_and_content() {
        assert!(file("a.py", Mode::Regular, b"x").is("python"));
        assert!(file("tool", Mode::Executable, b"#!/usr/bin/env python3\n").is("python"));
        assert!(!file("tool", Mode::Regular, b"#!/usr/bin/env python3\n").is("python"));
        assert!(file("a", Mode::Regular, b"").is_text());
        assert!(file("a", Mode::Regular, b"caf\xe9\n").is_text(), "Latin-1");
        assert!(!file("a.txt", Mode::Regular, b"a\0").is_text());
        assert!(!file("a.pdf", Mode::Regular, b"%PDF-1.7\n").is_text());
        assert!(!file("a", Mode::Symlink, b"b").is_text());
        assert!(!file("a", Mode::Submodule, b"").is_text());
        assert!(!file("a", Mode::Regular, b"x").is("no-such-type"));
        assert_eq!(file("x/y/z.c", Mode::Regular, b"").name(), "z.c");
    }
}
