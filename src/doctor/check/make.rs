//! Whether `make` is there: the generated targets are called with it.

use super::{Finding, Subject, tool_from};

/// macOS brings this one.
const LEAST: &str = "3.81";

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let mend = "install GNU make (Debian: apt-get install make; macOS: xcode-select --install)";
    vec![tool_from(
        subject,
        "make",
        LEAST,
        || {
            Finding::warning(
                "make is not on PATH: the targets of the Makefile cannot be called",
                mend,
            )
        },
        mend,
    )]
}
