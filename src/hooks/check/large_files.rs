//! `large-files`: no commit adds a large file to the history.
//!
//! What is there already is left alone, and a file that grows past the limit is not. A file
//! under Git LFS is a small pointer where git stores it; one that `.gitattributes` puts there
//! and that is no pointer was added where git-lfs was not installed.

use super::{File, Finding, Mode, Options, Outcome};
use bytesize::ByteSize;

const ID: &str = "large-files";
/// Git LFS specification, "The Pointer".
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

pub(super) fn look(file: &File, options: &Options) -> Outcome {
    if !matches!(file.mode(), Mode::Regular | Mode::Executable) {
        return Outcome::clean();
    }
    let size = file.content().len() as u64;
    let pointer = file.content().starts_with(POINTER);
    if file.lfs() && !pointer && size > 0 {
        let finding = Finding::error(
            ID,
            ".gitattributes puts this file under Git LFS, and it was added without",
            format!("git lfs install && git add --renormalize {}", file.path()),
        );
        return vec![finding.at(file.path(), None)].into();
    }
    let grown = file
        .before()
        .is_none_or(|before| before <= options.max_size);
    if size <= options.max_size || !grown {
        return Outcome::clean();
    }
    let finding = Finding::error(
        ID,
        format!(
            "the file has {}, the limit is {}; every clone will carry it from now on",
            ByteSize(size).display().iec(),
            ByteSize(options.max_size).display().iec()
        ),
        format!(
            "leave it out (git rm --cached {path}), put it under Git LFS (git lfs track {path}), or raise max_size",
            path = file.path()
        ),
    );
    vec![finding.at(file.path(), None)].into()
}

#[cfg(test)]
mod tests {
    use crate::hooks::check::tests::{look, look_at};
    use crate::hooks::check::{Blob, Mode};

    #[test]
    fn what_a_commit_adds_is_measured() {
        const LIMIT: usize = 1024 * 1024;
        let large = vec![b'x'; LIMIT + 1];
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n";
        let finds = |content: &[u8], before: Option<usize>, lfs: bool, mode: Mode| {
            let blob = Blob {
                path: "a".into(),
                mode,
                content,
                before: before.map(|size| size as u64),
                lfs,
            };
            let outcome = look_at("large-files", blob);
            !outcome.findings.is_empty()
        };
        use Mode::{Executable, Regular, Symlink};
        assert!(finds(&large, None, false, Regular) && finds(&large, None, false, Executable));
        assert!(!finds(&large[1..], None, false, Regular));
        assert!(
            finds(&large, Some(LIMIT), false, Regular),
            "it grew past the limit"
        );
        assert!(
            !finds(&large, Some(LIMIT + 1), false, Regular),
            "it was large before"
        );
        assert!(!finds(pointer, None, true, Regular) && !finds(b"", None, true, Regular));
        assert!(finds(b"small", None, true, Regular), "no pointer");
        assert!(!finds(&large, None, false, Symlink));
        let outcome = look("large-files", "a", &large);
        assert!(
            outcome.findings[0]
                .message
                .starts_with("the file has 1.0 MiB, the limit is 1.0 MiB")
        );
    }
}
