//! `[templates]`: where an organisation keeps templates of its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// A repository of templates, at one commit; `shipway template fetch` brings them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplatesConfig {
    /// A git repository: https://…, ssh://…, user@host:path, file://… or an absolute path.
    #[schemars(with = "String")]
    pub source: Address,
    /// Full id of a commit, as git rev-parse prints it.
    pub rev: String,
}

/// Where git fetches from; without a password, and by no way that can be listened to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(String);

/// Why a text is no [`Address`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error(
        "`{0}` holds a password, which must not be committed; leave it out: git asks its credential helper"
    )]
    Password(String),
    #[error(
        "templates are not fetched from `{0}`; give https://…, ssh://…, user@host:path, file://… or \
         an absolute path"
    )]
    Unknown(String),
}

impl Address {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        let odd = |c: char| c.is_whitespace() || c.is_control();
        if text.contains(odd) {
            return Err(AddressError::Unknown(text));
        }
        if !text.contains("://") {
            return if text.starts_with('/') || is_scp_like(&text) {
                Ok(Self(text))
            } else {
                Err(AddressError::Unknown(text))
            };
        }
        let Ok(url) = Url::parse(&text) else {
            return Err(AddressError::Unknown(text));
        };
        let has_user = !url.username().is_empty();
        match url.scheme() {
            "https" if url.password().is_some() || has_user => {
                let mut bare = url.clone();
                // Of an address with a host both can be taken out.
                let _ = bare.set_password(None);
                let _ = bare.set_username("");
                Err(AddressError::Password(bare.to_string()))
            }
            "https" | "ssh" if url.has_host() && url.password().is_none() => Ok(Self(text)),
            "file" => Ok(Self(text)),
            _ => Err(AddressError::Unknown(text)),
        }
    }
}

/// `user@host:path`, git-fetch(1), "GIT URLS".
fn is_scp_like(text: &str) -> bool {
    let Some((host, path)) = text.split_once(':') else {
        return false;
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let Some((user, host)) = host.split_once('@') else {
        return false;
    };
    let is_name =
        |name: &str| !name.is_empty() && !name.starts_with('-') && name.chars().all(plain);
    is_name(user) && is_name(host) && !path.is_empty() && !path.starts_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_reaches_safely_is_taken() {
        for text in [
            "https://example.org/team/templates.git",
            "ssh://git@example.org:2222/team/templates",
            "git@example.org:team/templates.git",
            "file:///srv/templates.git",
            "/srv/templates",
        ] {
            assert_eq!(Address::try_from(text.to_owned()).unwrap().as_str(), text);
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "templates",
            "../templates",
            "http://example.org/x",
            "git://example.org/x",
            "ext::sh -c id",
            "ext::id",
            "-oProxyCommand=x@h:p",
            "--upload-pack=id",
            "https://",
            "ssh://git:secret@example.org/x",
            "/srv/a b",
            "user@host::x",
        ] {
            let error = Address::try_from(text.to_owned()).unwrap_err();
            assert_eq!(error, AddressError::Unknown(text.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_password_is_not_said_again() {
        for text in [
            "https://me:secret@example.org/x",
            "https://secret@example.org/x",
        ] {
            let error = Address::try_from(text.to_owned()).unwrap_err().to_string();
            assert!(error.contains("`https://example.org/x`"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
