//! What one check found, with its mend.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Ok,
    Warning,
    Error,
}

/// One sentence about this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which check says so.
    pub check: &'static str,
    pub level: Level,
    /// Whether something is absent that must be there; only with [`Level::Error`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
    pub message: String,
    /// The command or edit that mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl Finding {
    pub(super) fn ok(message: impl Into<String>) -> Self {
        Self {
            check: "",
            level: Level::Ok,
            missing: false,
            message: message.into(),
            mend: None,
        }
    }

    pub(super) fn warning(message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            level: Level::Warning,
            mend: Some(mend.into()),
            ..Self::ok(message)
        }
    }

    pub(super) fn error(message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            ..Self::warning(message, mend)
        }
    }

    /// Something that must be there is not.
    pub(super) fn missing(message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            missing: true,
            ..Self::error(message, mend)
        }
    }
}
