//! A file of the user's goes over to shipway: what it says and the new one does not is carried over
//! where that is understood, and named where it is not. Reads with `detect::{syntax, secret}`.

mod dockerfile;
mod entries;
pub mod facts;
mod kept;
mod rule;

pub use kept::Kept;
pub use rule::Rule;

use super::three_way::Content;
use crate::project::RelPath;
use serde::Serialize;

/// What adopting one file, or a rule of one, comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Takeover {
    pub path: RelPath,
    /// The file that was put beside it before, which goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<RelPath>,
    /// What the old file said, the new one would not have, and now has.
    pub carried: Vec<String>,
    /// What the old file said and the new one does not.
    pub lost: Vec<Lost>,
    /// Where the old content stays.
    pub kept: Kept,
}

/// Something that an adopted file said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// 1-based, of the old file; absent where it has no line of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    pub what: String,
    /// Why it is not carried over, or what has its place.
    pub why: String,
}

/// A new text with what of an old one could be put into it.
#[derive(Debug, Default)]
pub(super) struct Carried {
    pub text: String,
    pub carried: Vec<String>,
    pub lost: Vec<Lost>,
}

impl Carried {
    fn of(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }

    fn lose(&mut self, line: Option<usize>, what: impl Into<String>, why: impl Into<String>) {
        self.lost.push(Lost {
            line,
            what: what.into(),
            why: why.into(),
        });
    }
}

/// Puts into `wanted`, the text that would lie at `path`, what `old`, the user's there, says and
/// it does not. Both with line feeds only.
pub(super) fn carry(path: &RelPath, old: &str, wanted: &str) -> Carried {
    let name = path.file_name();
    if name == "Dockerfile" || name.starts_with("Dockerfile.") || name == "Containerfile" {
        return dockerfile::carry(old, wanted);
    }
    let both = Content::read(path, old).zip(Content::read(path, wanted));
    let Some((old, new)) = both else {
        let mut carried = Carried::of(wanted);
        let why = "its format is not understood; the difference shows it";
        carried.lose(None, "everything that the new file does not say", why);
        return carried;
    };
    if path.extension() == "json" {
        entries::settings(wanted, old.top(), new.top())
    } else if path.as_str().starts_with(".github/workflows/") {
        entries::workflow(path, wanted, old.top(), new.top())
    } else {
        entries::compose(path, wanted, old.top(), new.top())
    }
}
