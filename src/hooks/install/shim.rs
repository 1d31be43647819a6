//! The file that git calls, and how it is told from everybody else's.

use super::platform;
use crate::config::hooks::Hook;
use std::path::Path;

const TEMPLATE: &str = include_str!("../../../hooks/shim.sh");

/// What a shim begins with, whichever shipway made it.
const MARK: &str = "#!/bin/sh\n# Made by shipway, shim ";

/// Variable under which a shim answers instead of running anything: a file to write into.
pub const SELF_TEST: &str = "SHIPWAY_SELF_TEST";

/// How a shim ends where shipway is gone.
pub const GONE: u8 = 97;

/// The shim of `hook`, which calls `program` where no shipway is on PATH. None where its path is
/// not UTF-8.
pub(super) fn text(hook: Hook, program: &Path) -> Option<String> {
    let program = platform::for_shell(program)?;
    Some(TEMPLATE.replacen("@HOOK@", hook.name(), 1).replacen(
        "@PINNED@",
        &shell_words::quote(&program),
        1,
    ))
}

/// Whether a file of this content is a shim.
pub(super) fn is_ours(content: &[u8]) -> bool {
    content.starts_with(MARK.as_bytes())
}

/// The program that a shim calls where none is on PATH.
pub(super) fn pinned(content: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(content).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("pinned="))?;
    shell_words::split(line).ok()?.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shim_is_known_again_with_its_program() {
        let program = Path::new("/opt/it's here/shipway");
        let text = text(Hook::PrePush, program).unwrap();
        assert!(is_ours(text.as_bytes()));
        assert_eq!(pinned(text.as_bytes()).as_deref(), program.to_str());
        assert!(
            text.contains("hook=pre-push\n") && !text.contains('@'.to_string().repeat(2).as_str())
        );
        assert!(!is_ours(b"#!/bin/sh\necho\n"));
    }

    #[test]
    fn a_shim_is_short_and_ends_with_its_own_code() {
        assert!(TEMPLATE.lines().count() < 40);
        assert!(TEMPLATE.contains(&format!("exit {GONE} ")));
        assert!(TEMPLATE.contains(SELF_TEST));
    }
}
