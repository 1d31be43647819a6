//! Whose secrets are known, and what one of theirs looks like.
//!
//! The tables are data, an entry for each kind of secret, after its provider's own documentation.
//! A pattern is compiled when one of its words is met for the first time: a commit pays for what
//! is in it.

mod development;
mod infrastructure;
mod service;

use regex::bytes::Regex;
use std::sync::OnceLock;

/// One kind of secret.
pub(super) struct Provider {
    /// Provider and kind, unique.
    pub(super) id: &'static str,
    /// What it is called behind "a" or "an".
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// Where one that is out is made worthless.
    pub(super) revoke: &'static str,
    /// The provider's page about it.
    pub(super) page: &'static str,
    /// What must be there for the pattern to be tried, in ASCII; case does not count.
    pub(super) words: &'static [&'static str],
    pattern: &'static str,
}

/// A provider with its pattern, once that was asked for.
pub(super) struct Known {
    pub(super) provider: &'static Provider,
    regex: OnceLock<Option<Regex>>,
}

/// How a kind of secret is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// It begins with one of its words; the pattern is of all of it.
    Begins,
    /// One of its words stands in it or just before it; what the pattern's group 1 holds, or all
    /// of it, is the secret.
    Holds,
    /// It has no shape of its own: the pattern is of a value that is given to a name with one of
    /// its words in it.
    Named,
}

impl Provider {
    const fn new(
        shape: Shape,
        [id, name]: [&'static str; 2],
        words: &'static [&'static str],
        pattern: &'static str,
        [revoke, page]: [&'static str; 2],
    ) -> Self {
        Self {
            id,
            name,
            shape,
            revoke,
            page,
            words,
            pattern,
        }
    }
}

impl Known {
    /// The pattern; anchored at the beginning where it is known by that, at both ends where it
    /// is of a value. None for one that does not compile, which a test rules out.
    pub(super) fn regex(&self) -> Option<&Regex> {
        let text = || match self.provider.shape {
            Shape::Begins => format!("(?-u)^(?:{})", self.provider.pattern),
            Shape::Holds => format!("(?-u){}", self.provider.pattern),
            Shape::Named => format!("(?-u)^(?:{})$", self.provider.pattern),
        };
        self.regex.get_or_init(|| Regex::new(&text()).ok()).as_ref()
    }
}

const fn begins(
    about: [&'static str; 2],
    words: &'static [&'static str],
    pattern: &'static str,
    mend: [&'static str; 2],
) -> Provider {
    Provider::new(Shape::Begins, about, words, pattern, mend)
}

const fn holds(
    about: [&'static str; 2],
    words: &'static [&'static str],
    pattern: &'static str,
    mend: [&'static str; 2],
) -> Provider {
    Provider::new(Shape::Holds, about, words, pattern, mend)
}

const fn named(
    about: [&'static str; 2],
    words: &'static [&'static str],
    pattern: &'static str,
    mend: [&'static str; 2],
) -> Provider {
    Provider::new(Shape::Named, about, words, pattern, mend)
}

/// Every kind.
pub(super) fn all() -> Vec<Known> {
    [
        infrastructure::PROVIDERS,
        development::PROVIDERS,
        service::PROVIDERS,
    ]
    .into_iter()
    .flatten()
    .map(|provider| Known {
        provider,
        regex: OnceLock::new(),
    })
    .collect()
}
