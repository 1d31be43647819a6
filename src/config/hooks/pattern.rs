//! Patterns of files and of branches.

use crate::project::RelPath;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Globs over paths relative to the repository's root. As in `.gitignore`, one without a slash
/// matches a name in every folder and one that ends in a slash what lies in that folder; one
/// with a slash holds from the folder of the configuration that it stands in.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    texts: Vec<String>,
    set: GlobSet,
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl Patterns {
    /// `folder` is that of the configuration that holds `texts`.
    ///
    /// # Errors
    /// Index of the first that cannot be parsed, and why.
    pub fn new(
        texts: impl IntoIterator<Item = impl AsRef<str>>,
        folder: &RelPath,
    ) -> Result<Self, (usize, String)> {
        let mut patterns = Self::default();
        let mut set = GlobSetBuilder::new();
        for (index, text) in texts.into_iter().enumerate() {
            let whole = from_root(text.as_ref(), folder);
            let glob = GlobBuilder::new(&whole)
                .literal_separator(true)
                .build()
                .map_err(|error| (index, error.kind().to_string()))?;
            set.add(glob);
            patterns.texts.push(whole);
        }
        patterns.set = set.build().map_err(|error| (0, error.kind().to_string()))?;
        Ok(patterns)
    }

    /// Both together.
    ///
    /// # Errors
    /// When they are too many for one matcher.
    pub(super) fn join(&mut self, other: &Self) -> Result<(), (usize, String)> {
        let texts = self.texts.iter().chain(&other.texts);
        // They hold from the root by now.
        *self = Self::new(texts, &RelPath::root())?;
        Ok(())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Whether one of them matches `path`, `/`-separated and relative to the root.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.set.is_match(path)
    }

    /// As they hold from the root.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }
}

fn from_root(text: &str, folder: &RelPath) -> String {
    let mut whole = String::new();
    if !folder.is_root() {
        whole.push_str(&globset::escape(folder.as_str()));
        whole.push('/');
    }
    let rest = text.strip_prefix("./").unwrap_or(text);
    let (rest, anchored) = match rest.strip_prefix('/') {
        Some(rest) => (rest, true),
        None => (rest, rest.trim_end_matches('/').contains('/')),
    };
    if !anchored {
        whole.push_str("**/");
    }
    whole.push_str(rest);
    if rest.ends_with('/') {
        whole.push_str("**");
    }
    whole
}

/// Patterns of branch names: `main`, `release/*`, `feature/**`; with `!` before it, one that
/// does not match. Nothing but `!` patterns means every other branch.
#[derive(Debug, Clone, Default)]
pub struct Branches {
    texts: Vec<String>,
    with: GlobSet,
    without: GlobSet,
}

impl PartialEq for Branches {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl Branches {
    /// # Errors
    /// Index of the first that cannot be parsed, and why.
    pub fn new(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, (usize, String)> {
        let mut branches = Self::default();
        let (mut with, mut without) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for (index, text) in texts.into_iter().enumerate() {
            let text = text.as_ref();
            let (set, pattern) = match text.strip_prefix('!') {
                Some(pattern) => (&mut without, pattern),
                None => (&mut with, text),
            };
            let glob = GlobBuilder::new(pattern)
                .literal_separator(true)
                .build()
                .map_err(|error| (index, error.kind().to_string()))?;
            set.add(glob);
            branches.texts.push(text.to_owned());
        }
        let failed = |error: globset::Error| (0, error.kind().to_string());
        branches.with = with.build().map_err(failed)?;
        branches.without = without.build().map_err(failed)?;
        Ok(branches)
    }

    /// Names that are no patterns.
    pub(super) fn of(names: &[&str]) -> Self {
        Self::new(names).unwrap_or_default()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Whether the branch `name` (without `refs/heads/`) is meant. None (a detached HEAD) is
    /// meant only by a list that says nothing or only what is not.
    #[must_use]
    pub fn matches(&self, name: Option<&str>) -> bool {
        match name {
            None => self.with.is_empty(),
            Some(name) => {
                (self.with.is_empty() || self.with.is_match(name)) && !self.without.is_match(name)
            }
        }
    }

    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, folder: &str, path: &str) -> bool {
        Patterns::new([pattern], &RelPath::parse(folder).unwrap())
            .unwrap()
            .matches(path)
    }

    #[test]
    fn a_pattern_is_read_as_gitignore_reads_it() {
        assert!(matches("*.py", ".", "a.py") && matches("*.py", ".", "x/y/a.py"));
        assert!(matches("/*.py", ".", "a.py") && !matches("/*.py", ".", "x/a.py"));
        assert!(matches("src/*.py", ".", "src/a.py") && !matches("src/*.py", ".", "x/src/a.py"));
        assert!(!matches("src/*.py", ".", "src/x/a.py") && matches("src/**", ".", "src/x/a.py"));
        assert!(matches("vendor/", ".", "x/vendor/y/a") && !matches("vendor/", ".", "vendor"));
        assert!(matches("**/*.{js,ts}", ".", "a.ts") && !matches("*.js", ".", "a.jsx"));
    }

    #[test]
    fn a_pattern_of_a_subfolder_stays_in_it() {
        assert!(matches("*.py", "a[b]", "a[b]/x/a.py") && !matches("*.py", "a[b]", "ab/a.py"));
        assert!(matches("x/*", "sub", "sub/x/a") && !matches("x/*", "sub", "x/a"));
    }

    #[test]
    fn branches_are_named_or_left_out() {
        let of = |texts: &[&str]| Branches::new(texts).unwrap();
        assert!(of(&[]).matches(Some("x")) && of(&[]).matches(None));
        assert!(of(&["main"]).matches(Some("main")) && !of(&["main"]).matches(Some("a/main")));
        assert!(!of(&["main"]).matches(None) && of(&["!main"]).matches(None));
        assert!(of(&["release/*"]).matches(Some("release/1")));
        assert!(!of(&["**", "!wip/**"]).matches(Some("wip/a/b")));
        assert_eq!(Branches::new(["ok", "[x"]).unwrap_err().0, 1);
    }
}
