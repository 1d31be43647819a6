//! A path inside the repository that cannot leave it.

use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Relative, `/`-separated, UTF-8, without `.`, `..` or empty parts. The root itself is `.`.
///
/// Says nothing about symlinks on disk: whoever writes resolves the folder first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct RelPath {
    text: Arc<str>,
    /// Where the last part begins (bytes); the text alone decides it.
    name: usize,
}

/// Why a text is no path inside the repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("{0:?} is absolute; a path relative to the repository's root is needed")]
    Absolute(String),
    #[error("{0:?} leaves the repository")]
    Outside(String),
    #[error("{0:?} is not valid UTF-8")]
    NotUtf8(PathBuf),
}

impl RelPath {
    /// Of a text that is resolved.
    fn of(text: &str) -> Self {
        Self {
            text: text.into(),
            name: text.rfind('/').map_or(0, |slash| slash + 1),
        }
    }

    /// The repository's root.
    #[must_use]
    pub fn root() -> Self {
        Self::of("")
    }

    /// Parses a path as a user writes it; `.` parts are dropped and inner `..` are resolved.
    ///
    /// # Errors
    /// When it is absolute or leaves the root.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        Self::from_path(Path::new(text))
    }

    /// As [`RelPath::parse`].
    ///
    /// # Errors
    /// When it is absolute, leaves the root or is not UTF-8.
    pub fn from_path(path: &Path) -> Result<Self, PathError> {
        if let Some(text) = path.to_str()
            && is_resolved(text)
        {
            return Ok(Self::of(text));
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in path.components() {
            match part {
                Component::CurDir => {}
                Component::Normal(name) => parts.push(
                    name.to_str()
                        .ok_or_else(|| PathError::NotUtf8(path.to_owned()))?,
                ),
                Component::ParentDir => {
                    if parts.pop().is_none() {
                        return Err(PathError::Outside(path.display().to_string()));
                    }
                }
                Component::RootDir | Component::Prefix(_) => {
                    return Err(PathError::Absolute(path.display().to_string()));
                }
            }
        }
        Ok(Self::of(&parts.join("/")))
    }

    /// `/`-separated; empty for the root.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn is_root(&self) -> bool {
        self.text.is_empty()
    }

    /// The last part; empty for the root.
    #[must_use]
    pub fn file_name(&self) -> &str {
        &self.text[self.name..]
    }

    /// File name without its last extension.
    #[must_use]
    pub fn stem(&self) -> &str {
        let name = self.file_name();
        match name.rfind('.') {
            Some(0) | None => name,
            Some(dot) => &name[..dot],
        }
    }

    /// Last extension in the case it is written; empty where there is none.
    #[must_use]
    pub fn extension(&self) -> &str {
        let name = self.file_name();
        match name.rfind('.') {
            Some(0) | None => "",
            Some(dot) => &name[dot + 1..],
        }
    }

    /// The folder that holds it; the root's parent is the root.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self::of(&self.text[..self.name.saturating_sub(1)])
    }

    /// This folder and those above it, the root last.
    pub fn upwards(&self) -> impl Iterator<Item = Self> {
        let next = |folder: &Self| (!folder.is_root()).then(|| folder.parent());
        std::iter::successors(Some(self.clone()), next)
    }

    /// `self/text`, resolved; an absolute text or one that leaves the root is an error.
    ///
    /// # Errors
    /// As [`RelPath::parse`].
    pub fn join(&self, text: &str) -> Result<Self, PathError> {
        if Path::new(text).is_absolute() {
            return Err(PathError::Absolute(text.to_owned()));
        }
        if self.is_root() {
            Self::parse(text)
        } else {
            Self::parse(&format!("{}/{text}", self.text))
        }
    }

    /// Whether it is `folder` or lies below it.
    #[must_use]
    pub fn is_within(&self, folder: &RelPath) -> bool {
        folder.is_root()
            || (self.text.starts_with(&*folder.text)
                && matches!(
                    self.text.as_bytes().get(folder.text.len()),
                    None | Some(b'/')
                ))
    }

    /// The part below `folder`, if it lies there; the root for `folder` itself.
    #[must_use]
    pub fn below(&self, folder: &RelPath) -> Option<RelPath> {
        if !self.is_within(folder) {
            return None;
        }
        if folder.is_root() {
            return Some(self.clone());
        }
        Some(Self::of(
            self.text[folder.text.len()..].trim_start_matches('/'),
        ))
    }

    /// How to write `self` seen from `folder`: `../frontend/templates`.
    #[must_use]
    pub fn relative_to(&self, folder: &RelPath) -> String {
        if let Some(below) = self.below(folder) {
            return if below.is_root() {
                ".".to_owned()
            } else {
                below.as_str().to_owned()
            };
        }
        let mut up = folder.clone();
        let mut prefix = String::new();
        while !self.is_within(&up) {
            up = up.parent();
            prefix.push_str("../");
        }
        match self.below(&up) {
            Some(rest) if rest.is_root() => prefix.trim_end_matches('/').to_owned(),
            Some(rest) => prefix + rest.as_str(),
            None => prefix,
        }
    }

    /// Number of parts; 0 for the root.
    #[must_use]
    pub fn depth(&self) -> usize {
        if self.is_root() {
            0
        } else {
            self.text.split('/').count()
        }
    }

    /// Its place under `root` on disk.
    #[must_use]
    pub fn under(&self, root: &Path) -> PathBuf {
        if self.is_root() {
            root.to_owned()
        } else {
            root.join(&*self.text)
        }
    }
}

/// Whether nothing about `text` depends on the platform or is left to resolve: most paths.
fn is_resolved(text: &str) -> bool {
    !text.contains(['\\', ':']) && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

impl Default for RelPath {
    /// The root.
    fn default() -> Self {
        Self::root()
    }
}

impl TryFrom<String> for RelPath {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        Self::parse(&text)
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "." } else { &self.text })
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl Serialize for RelPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_and_refuses() {
        assert_eq!(RelPath::parse("./a//b/../c").unwrap().as_str(), "a/c");
        assert!(RelPath::parse(".").unwrap().is_root());
        let above = RelPath::parse("a/b").unwrap();
        let above: Vec<String> = above.upwards().map(|one| one.to_string()).collect();
        assert_eq!(above, ["a/b", "a", "."]);
        assert!(matches!(RelPath::parse("../a"), Err(PathError::Outside(_))));
        assert!(matches!(
            RelPath::parse("a/../../b"),
            Err(PathError::Outside(_))
        ));
        assert!(matches!(
            RelPath::parse("/etc"),
            Err(PathError::Absolute(_))
        ));
        for (text, resolved) in [
            ("a/b.py", "a/b.py"),
            ("...", "..."),
            ("a/.b", "a/.b"),
            ("a/", "a"),
            ("a/.", "a"),
            ("", ""),
        ] {
            assert_eq!(RelPath::parse(text).unwrap().as_str(), resolved, "{text}");
        }
        assert!(matches!(RelPath::parse(".."), Err(PathError::Outside(_))));
    }

    #[test]
    fn relates_two_paths() {
        let backend = RelPath::parse("backend").unwrap();
        let templates = RelPath::parse("frontend/templates").unwrap();
        assert_eq!(templates.relative_to(&backend), "../frontend/templates");
        assert_eq!(RelPath::root().relative_to(&backend), "..");
        assert_eq!(backend.relative_to(&backend), ".");
        assert!(!RelPath::parse("backend2/x").unwrap().is_within(&backend));
        assert_eq!(backend.join("../frontend/templates").unwrap(), templates);
        assert!(backend.join("/etc/passwd").is_err());
    }
}
