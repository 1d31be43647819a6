//! Why a second container of a service may not run beside the first, whatever it is written in.

use crate::project::{Evidence, Fact, Single};

/// The file that `at` keeps the data in has one writer.
pub(super) fn sqlite(at: &Evidence) -> Fact<Single> {
    of(
        "sqlite",
        "the database is a SQLite file, which one container at a time may write",
        at,
    )
}

/// What is uploaded lies in a folder that `at` names.
pub(super) fn uploads(at: &Evidence) -> Fact<Single> {
    of(
        "local-uploads",
        "uploads lie in a local folder that two containers would not share",
        at,
    )
}

/// What a clock starts, as `at` says, is started by each of them.
pub(super) fn scheduler(at: &Evidence) -> Fact<Single> {
    of("scheduler", "two of them would do every job twice", at)
}

fn of(reason: &'static str, message: &str, at: &Evidence) -> Fact<Single> {
    let single = Single {
        reason,
        message: message.to_owned(),
    };
    Fact::certain(single, at.clone())
}
