//! Single values of `[hooks]`, and what is said where one is wrong.

use super::{Branches, CheckId, Patterns};
use crate::config::{ConfigError, position};
use crate::project::RelPath;
use std::time::Duration;
use toml::Spanned;

/// What is wrong, and at which byte.
pub(crate) struct Wrong {
    at: usize,
    /// Points at the key of the value at `at`, not at the value.
    key: Option<&'static str>,
    message: String,
    mend: Option<String>,
}

impl Wrong {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            at,
            key: None,
            message: message.into(),
            mend: None,
        }
    }

    /// Points at the key before the value.
    pub(super) fn at_key(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }

    pub(super) fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }

    pub(crate) fn at(self, text: &str, file: &str) -> ConfigError {
        let before = text.get(..self.at).unwrap_or(text);
        let at = self
            .key
            .and_then(|key| before.rfind(key))
            .unwrap_or(self.at);
        let (line, column) = position(text, at);
        ConfigError {
            file: file.to_owned(),
            line,
            column,
            message: self.message,
            mend: self.mend,
        }
    }
}

pub(super) fn check_id(name: &Spanned<String>) -> Result<CheckId, Wrong> {
    CheckId::parse(name.get_ref()).ok_or_else(|| {
        Wrong::new(
            name.span().start,
            format!("there is no check `{}`", name.get_ref()),
        )
        .mend(nearest(name.get_ref(), CheckId::all().map(CheckId::name)))
    })
}

/// A type as `identify` names it.
pub(super) fn file_type(name: &Spanned<String>) -> Result<&'static str, Wrong> {
    file_identify::Tag::from_name(name.get_ref())
        .map(file_identify::Tag::as_str)
        .ok_or_else(|| {
            let text = name.get_ref();
            let wrong = Wrong::new(name.span().start, format!("there is no file type `{text}`"));
            match crate::config::nearest(text, file_identify::ALL_TAGS.iter().copied()) {
                Some(likely) => wrong.mend(format!("did you mean `{likely}`?")),
                None => wrong.mend("write files = [\"*.EXTENSION\"] instead"),
            }
        })
}

pub(super) fn patterns(texts: &[Spanned<String>], folder: &RelPath) -> Result<Patterns, Wrong> {
    Patterns::new(texts.iter().map(Spanned::get_ref), folder)
        .map_err(|wrong| malformed(texts, "files", wrong))
}

pub(super) fn branches(texts: Option<&Spanned<Vec<Spanned<String>>>>) -> Result<Branches, Wrong> {
    let texts = texts.map_or(&[][..], |texts| texts.get_ref());
    Branches::new(texts.iter().map(Spanned::get_ref))
        .map_err(|wrong| malformed(texts, "branches", wrong))
}

pub(super) fn malformed(
    texts: &[Spanned<String>],
    of: &str,
    (index, why): (usize, String),
) -> Wrong {
    let Some(text) = texts.get(index) else {
        return Wrong::new(0, why);
    };
    Wrong::new(
        text.span().start,
        format!("{:?} is no pattern of {of}: {why}", text.get_ref()),
    )
    .mend("put a \\\\ before a bracket or brace that is meant as it stands")
}

/// A path of the tree, seen from `folder`.
pub(super) fn inside(folder: &RelPath, below: &Spanned<String>) -> Result<RelPath, Wrong> {
    folder.join(below.get_ref()).map_err(|error| {
        Wrong::new(below.span().start, error.to_string())
            .mend("write a path inside the repository, seen from this file")
    })
}

pub(super) fn duration(text: &str, at: usize) -> Result<Duration, Wrong> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|span| Duration::try_from(span).ok())
        .filter(|span| !span.is_zero())
        .ok_or_else(|| {
            Wrong::new(at, format!("{text:?} is no duration"))
                .mend("write a number with its unit, such as \"500ms\", \"30s\" or \"2m 30s\"")
        })
}

pub(super) fn size(text: &Spanned<String>) -> Result<u64, Wrong> {
    text.get_ref()
        .parse::<bytesize::ByteSize>()
        .map(|size| size.as_u64())
        .map_err(|_| {
            Wrong::new(
                text.span().start,
                format!("{:?} is no size of a file", text.get_ref()),
            )
            .mend("write a number with its unit, such as \"500 KiB\" or \"2 MB\"")
        })
}

/// The known name most like `name`, or all of them.
pub(super) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match crate::config::nearest(name, known.iter().copied()) {
        Some(likely) => format!("did you mean `{likely}`?"),
        None => format!("there are {}", known.join(", ")),
    }
}
