//! `executables`: what may be executed can be, and what looks like a script may be.
//!
//! A text without a shebang is not executed by the kernel; one with a shebang is only where its
//! mode says so (execve(2)). A byte order mark or a CR in that line spoils it.

use super::{File, Finding, Mode, Options, Outcome, byte_order_mark};
use bstr::ByteSlice;

const ID: &str = "executables";

pub(super) fn look(file: &File, _: &Options) -> Outcome {
    if !file.is_text() {
        return Outcome::clean();
    }
    let content = file.content();
    let marked = content.strip_prefix(byte_order_mark::MARK);
    let line = shebang(marked.unwrap_or(content));
    let executable = file.mode() == Mode::Executable;
    let path = file.path();
    let finding = match line {
        None if executable => Finding::error(
            ID,
            "the file is executable, and no shebang says what executes it",
            format!("start it with a shebang (#!/bin/sh), or git add --chmod=-x {path}"),
        ),
        Some(_) if marked.is_some() => Finding::error(
            ID,
            "a byte order mark before the shebang keeps the kernel from seeing it",
            "save the file as UTF-8 without the mark",
        ),
        Some(line) if line.ends_with(b"\r") => Finding::error(
            ID,
            "the shebang's line ends in CRLF, so the kernel looks for an interpreter whose name ends in CR",
            "let the lines of the file end in LF, and keep it so with `eol=lf` in .gitattributes",
        ),
        Some(_) if !executable => Finding::error(
            ID,
            "the file has a shebang and is not executable",
            format!("git add --chmod=+x {path}, or take the shebang away"),
        ),
        _ => return Outcome::clean(),
    };
    vec![file.place(finding, 0)].into()
}

/// The first line where it is a shebang: `#![…]` is an attribute of Rust. The kernel takes any name.
fn shebang(content: &[u8]) -> Option<&[u8]> {
    let line = content.lines_with_terminator().next()?;
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let interpreter = line.strip_prefix(b"#!")?.trim_ascii_start();
    interpreter
        .first()
        .is_some_and(|byte| *byte != b'[')
        .then_some(line)
}

#[cfg(test)]
mod tests {
    use crate::hooks::check::tests::look_at;
    use crate::hooks::check::{Blob, Mode};

    #[test]
    fn bits_and_shebangs_agree() {
        let cases: &[(Mode, &str, bool)] = &[
            (Mode::Regular, "#!/bin/sh\n", true),
            (Mode::Regular, "#! /usr/bin/env python3\n", true),
            (Mode::Executable, "#!/bin/sh\n", false),
            (Mode::Executable, "#!/bin/sh", false),
            (Mode::Executable, "echo\n", true),
            (Mode::Executable, "", true),
            (Mode::Executable, "#!\u{2603}\n", false),
            (Mode::Executable, "#!\n", true),
            (Mode::Executable, "#!/bin/sh\r\necho\r\n", true),
            (Mode::Executable, "\u{feff}#!/bin/sh\n", true),
            (Mode::Executable, "\n#!/bin/sh\n", true),
            (Mode::Regular, "#![forbid(unsafe_code)]\n", false),
            (Mode::Regular, "x\n#!/bin/sh\n", false),
            (Mode::Executable, "\u{7f}ELF\0", false),
            (Mode::Symlink, "#!/bin/sh", false),
        ];
        for (mode, content, found) in cases {
            let blob = Blob {
                path: "a".into(),
                mode: *mode,
                content: content.as_bytes(),
                before: None,
                lfs: false,
            };
            let outcome = look_at("executables", blob);
            assert_eq!(!outcome.findings.is_empty(), *found, "{mode:?} {content:?}");
        }
    }
}
