//! Whether the shells are there that generated scripts are written for.

use super::{Finding, Subject};

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    if subject.machine.find("sh").is_none() {
        return vec![Finding::error(
            "no POSIX shell is on PATH: make and the generated scripts need sh",
            "use WSL or Git for Windows, or put the folder of sh on PATH",
        )];
    }
    let own = subject
        .machine
        .variable("SHELL")
        .and_then(|path| path.rsplit('/').next())
        .unwrap_or("unknown");
    vec![match own {
        "bash" | "zsh" | "fish" | "elvish" => Finding::ok(format!(
            "sh is there; your shell is {own}, which completes commands with: shipway completions {own}"
        )),
        _ => Finding::ok(format!("sh is there; your shell is {own}")),
    }]
}
