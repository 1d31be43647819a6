//! Whether git may have changed a file's bytes on their way into the object database.

use super::index::native;
use bstr::{BStr, ByteSlice};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The strongest conversion that any file of a set may have gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conversion {
    /// A file's bytes are its blob's.
    None,
    /// Only CRLF may have become LF: a file without a carriage return is its blob.
    LineEndings,
    /// A filter, `ident` or another encoding is in use somewhere.
    Any,
}

/// Settings and files that decide beside what lies in the work tree.
#[derive(Debug, Clone, Default)]
pub struct AttributeSources {
    /// `core.autocrlf` is `true` or `input`.
    pub autocrlf: bool,
    /// `info/attributes`, `core.attributesFile` or its default, the system's file; those that
    /// exist.
    pub files: Vec<PathBuf>,
}

/// The conversion that the files at `paths` in the work tree `root` may have. Looks at every
/// `.gitattributes` that could speak of them.
pub fn conversion<'p>(
    sources: &AttributeSources,
    root: &Path,
    paths: impl Iterator<Item = &'p BStr>,
) -> Conversion {
    let mut found = if sources.autocrlf {
        Conversion::LineEndings
    } else {
        Conversion::None
    };
    let mut weigh = |file: &Path| {
        if let Ok(text) = std::fs::read(file) {
            found = found.max(of_text(&text));
        }
    };
    for file in &sources.files {
        weigh(file);
    }
    let mut folders: HashSet<&[u8]> = HashSet::new();
    for path in paths {
        let mut folder: &[u8] = path;
        while let Some(slash) = folder.rfind_byte(b'/') {
            folder = &folder[..slash];
            if !folders.insert(folder) {
                break;
            }
        }
    }
    folders.insert(b"");
    for folder in folders {
        if let Ok(folder) = native(folder.as_bstr()) {
            weigh(&root.join(folder).join(".gitattributes"));
        }
    }
    found
}

fn of_text(text: &[u8]) -> Conversion {
    let mut found = Conversion::None;
    for line in text.lines() {
        let line = line.trim_start();
        if line.starts_with(b"#") {
            continue;
        }
        for word in line.fields().skip(usize::from(!line.starts_with(b"["))) {
            let word = word.trim_start_with(|c| c == '-' || c == '!');
            if word.starts_with(b"filter")
                || word.starts_with(b"ident")
                || word.starts_with(b"working-tree-encoding")
            {
                return Conversion::Any;
            }
            if word.starts_with(b"text") || word.starts_with(b"eol") || word == b"crlf" {
                found = Conversion::LineEndings;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_attributes_may_do_to_bytes_is_seen() {
        for (text, expected) in [
            ("", Conversion::None),
            ("# * filter=lfs\n*.png binary\n", Conversion::None),
            ("*.sh diff=bash\n", Conversion::None),
            ("* text=auto\n", Conversion::LineEndings),
            ("*.bat  eol=crlf\n", Conversion::LineEndings),
            ("*.c crlf\n", Conversion::LineEndings),
            ("* text\n*.bin filter=lfs -text\n", Conversion::Any),
            ("[attr]big filter=lfs\n", Conversion::Any),
            ("*.c ident\n", Conversion::Any),
            ("*.txt working-tree-encoding=UTF-16\n", Conversion::Any),
            // The pattern of a line is no attribute.
            ("identity.txt -diff\n", Conversion::None),
        ] {
            assert_eq!(of_text(text.as_bytes()), expected, "{text:?}");
        }
    }
}
