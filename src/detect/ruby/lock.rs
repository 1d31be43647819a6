//! `Gemfile.lock`: which version of each gem is installed, for which platforms, by which Bundler.

use crate::detect::Tree;
use crate::project::{Evidence, RelPath};
use std::collections::BTreeMap;

/// What a lock says.
#[derive(Debug)]
pub(super) struct Lock {
    pub(super) path: RelPath,
    /// Versions by the names of the gems, those that others need included, as written: a platform may
    /// follow (`2.8.1-x86_64-linux`).
    gems: BTreeMap<String, Vec<String>>,
    /// Names of platforms with their lines.
    pub(super) platforms: Vec<(String, usize)>,
    /// `3.4.5` and its line.
    pub(super) ruby: Option<(String, usize)>,
    /// Whether a gem comes from a git repository.
    pub(super) from_git: bool,
}

/// The lock at `path`; None where there is nothing in it.
pub(super) fn read(tree: &Tree, path: &RelPath) -> Option<Lock> {
    let text = tree.text(path)?;
    let mut lock = Lock {
        path: path.clone(),
        gems: BTreeMap::new(),
        platforms: Vec::new(),
        ruby: None,
        from_git: false,
    };
    let mut section = "";
    for (index, line) in text.lines().enumerate() {
        let words = line.trim();
        if !line.starts_with(' ') && !words.is_empty() {
            section = words;
            lock.from_git |= words == "GIT";
            continue;
        }
        match section {
            "GEM" | "GIT" | "PATH" | "PLUGIN SOURCE" => {
                // Four spaces: a gem; six: what it needs.
                let gem = line
                    .strip_prefix("    ")
                    .filter(|rest| !rest.starts_with(' '));
                if let Some((name, version)) = gem.and_then(|gem| gem.split_once(" (")) {
                    let versions = lock.gems.entry(name.to_owned()).or_default();
                    versions.push(version.trim_end_matches(')').to_owned());
                }
            }
            "PLATFORMS" if !words.is_empty() => {
                lock.platforms.push((words.to_owned(), index + 1));
            }
            "RUBY VERSION" => {
                if let Some(version) = words.strip_prefix("ruby ") {
                    let version = version.split('p').next().unwrap_or_default().trim();
                    lock.ruby = Some((version.to_owned(), index + 1));
                }
            }
            _ => {}
        }
    }
    let is_empty = lock.gems.is_empty() && lock.platforms.is_empty();
    (!is_empty).then_some(lock)
}

impl Lock {
    pub(super) fn has(&self, gem: &str) -> bool {
        self.gems.contains_key(gem)
    }

    /// The version of a gem without its platform.
    pub(super) fn version(&self, gem: &str) -> Option<&str> {
        let first = self.gems.get(gem)?.first()?;
        first.split('-').next()
    }

    /// Whether a gem that holds native code comes built for Linux.
    pub(super) fn is_built(&self, gem: &str) -> bool {
        let versions = self.gems.get(gem);
        versions.is_some_and(|all| all.iter().any(|version| version.contains("-linux")))
    }

    /// The platforms where none of them is Linux: Bundler then refuses to install what is locked.
    pub(super) fn without_linux(&self, tree: &Tree) -> Option<(Vec<&str>, Evidence)> {
        let names: Vec<&str> = self
            .platforms
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let fits = |name: &&str| *name == "ruby" || name.contains("linux") || *name == "java";
        let (_, line) = self.platforms.first()?;
        (!names.iter().any(fits)).then(|| (names, tree.at(&self.path, *line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(text: &str) -> Option<Lock> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Gemfile.lock"), text).unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        read(&tree, &RelPath::parse("Gemfile.lock").unwrap())
    }

    #[test]
    fn gems_platforms_and_ruby_are_read() {
        let lock = lock(
            "GIT\n  remote: https://example.org/a.git\n  specs:\n    a (1.0)\n\nGEM\n  remote: https://rubygems.org/\n  \
             specs:\n    nokogiri (1.18.8-x86_64-linux-gnu)\n      racc (~> 1.4)\n    racc (1.8.1)\n\n\
             PLATFORMS\n  x86_64-linux\n\nDEPENDENCIES\n  nokogiri\n\nRUBY VERSION\n   ruby 2.7.5p203\n\nBUNDLED WITH\n   2.6.9\n",
        )
        .unwrap();
        assert_eq!(lock.version("nokogiri"), Some("1.18.8"));
        assert!(lock.is_built("nokogiri") && !lock.is_built("racc"));
        assert!(lock.has("racc") && lock.from_git);
        assert_eq!(lock.ruby, Some(("2.7.5".to_owned(), 20)));
        assert_eq!(lock.platforms, [("x86_64-linux".to_owned(), 14)]);
    }

    #[test]
    fn what_is_no_lock_is_none() {
        for text in ["", "\n\n", "<<<<<<< HEAD\n=======\n", "{\"specs\": []}"] {
            assert!(lock(text).is_none(), "{text}");
        }
    }
}
