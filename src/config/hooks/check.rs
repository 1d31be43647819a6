//! The built-in checks by id: where each may stand, whether it mends, and its own options.

use super::{Hook, Patterns};
use std::sync::LazyLock;

/// A check that is part of shipway. What it looks for is in `hooks/check/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckId {
    TrailingWhitespace,
    FinalNewline,
    LineEndings,
    ByteOrderMark,
    MergeMarkers,
    CaseConflicts,
    LargeFiles,
    PrivateKeys,
    Secrets,
    BrokenSymlinks,
    Executables,
    JsonSyntax,
    TomlSyntax,
    YamlSyntax,
    XmlSyntax,
    DockerfileSyntax,
    ComposeSyntax,
    CommitMessage,
    ProtectedBranch,
    CommittedEnv,
    PersonalData,
    /// After a checkout, a merge or a rebase: which lock file or migration changed, and what to
    /// run.
    Arrivals,
}

/// What is known of a check without running it.
struct Facts {
    id: CheckId,
    name: &'static str,
    /// Whether `fix` may be asked of it.
    fixes: bool,
    /// Keys of `[[hooks.…]]` that are its alone.
    options: &'static [&'static str],
    /// Hooks in which it runs where `shipway.toml` does not say otherwise.
    default: &'static [Hook],
}

const fn facts(
    id: CheckId,
    name: &'static str,
    fixes: bool,
    options: &'static [&'static str],
    default: &'static [Hook],
) -> Facts {
    Facts {
        id,
        name,
        fixes,
        options,
        default,
    }
}

const COMMIT: &[Hook] = &[Hook::PreCommit];
const COMMIT_AND_PUSH: &[Hook] = &[Hook::PreCommit, Hook::PrePush];
const AFTER: &[Hook] = &[Hook::PostCheckout, Hook::PostMerge, Hook::PostRewrite];

/// One line per check. What only tidies is not on by default, for it would change or refuse
/// what a repository's people write the way they like.
const FACTS: &[Facts] = {
    use CheckId as Id;
    &[
        facts(
            Id::TrailingWhitespace,
            "trailing-whitespace",
            true,
            &["markdown_breaks"],
            &[],
        ),
        facts(Id::FinalNewline, "final-newline", true, &[], &[]),
        facts(Id::LineEndings, "line-endings", true, &["ending"], &[]),
        facts(Id::ByteOrderMark, "byte-order-mark", true, &[], &[]),
        facts(Id::MergeMarkers, "merge-markers", false, &[], COMMIT),
        facts(Id::CaseConflicts, "case-conflicts", false, &[], COMMIT),
        facts(Id::LargeFiles, "large-files", false, &["max_size"], COMMIT),
        facts(Id::PrivateKeys, "private-keys", false, &[], COMMIT_AND_PUSH),
        facts(
            Id::Secrets,
            "secrets",
            false,
            &["allow", "allow_file", "entropy"],
            COMMIT_AND_PUSH,
        ),
        facts(Id::BrokenSymlinks, "broken-symlinks", false, &[], COMMIT),
        facts(Id::Executables, "executables", false, &[], &[]),
        facts(Id::JsonSyntax, "json-syntax", false, &["comments"], COMMIT),
        facts(Id::TomlSyntax, "toml-syntax", false, &[], COMMIT),
        facts(Id::YamlSyntax, "yaml-syntax", false, &[], COMMIT),
        facts(Id::XmlSyntax, "xml-syntax", false, &[], COMMIT),
        facts(
            Id::DockerfileSyntax,
            "dockerfile-syntax",
            false,
            &[],
            COMMIT,
        ),
        facts(Id::ComposeSyntax, "compose-syntax", false, &[], COMMIT),
        facts(
            Id::CommitMessage,
            "commit-message",
            true,
            &["commit_types", "scopes", "max_subject"],
            &[],
        ),
        facts(
            Id::ProtectedBranch,
            "protected-branch",
            false,
            &["protected"],
            &[],
        ),
        facts(Id::CommittedEnv, "committed-env", false, &[], COMMIT),
        facts(
            Id::PersonalData,
            "personal-data",
            false,
            &["columns", "allow_columns"],
            COMMIT,
        ),
        facts(Id::Arrivals, "arrivals", false, &[], AFTER),
    ]
};

impl CheckId {
    /// Every check, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        FACTS.iter().map(|facts| facts.id)
    }

    /// None where there is no such check.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        FACTS
            .iter()
            .find(|facts| facts.name == name)
            .map(|facts| facts.id)
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// Whether `fix` may be asked of it.
    #[must_use]
    pub fn can_fix(self) -> bool {
        self.facts().fixes
    }

    /// Keys of a job that are this check's alone.
    #[must_use]
    pub fn options(self) -> &'static [&'static str] {
        self.facts().options
    }

    /// Whether it runs in `hook` where `shipway.toml` says nothing.
    #[must_use]
    pub fn is_default(self, hook: Hook) -> bool {
        self.facts().default.contains(&hook)
    }

    /// Whether it has anything to look at in `hook`.
    #[must_use]
    pub fn fits(self, hook: Hook) -> bool {
        match self {
            Self::CommitMessage => hook == Hook::CommitMsg,
            Self::Arrivals => hook.is_after(),
            _ => hook.has_files(),
        }
    }

    /// What a failure of it means where nothing is said.
    #[must_use]
    pub fn level(self) -> super::Level {
        match self {
            // Columns look personal more often than they are.
            Self::PersonalData | Self::Arrivals => super::Level::Warning,
            _ => super::Level::Error,
        }
    }

    fn facts(self) -> &'static Facts {
        // The order is that of the enum, which a test holds to.
        &FACTS[self as usize]
    }
}

impl std::fmt::Display for CheckId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A check with what the configuration says of it; an option of another check is at its default.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    pub id: CheckId,
    pub options: Box<CheckOptions>,
}

/// The options of all checks.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckOptions {
    /// trailing-whitespace: two spaces at the end of a Markdown line are a line break and stay.
    pub markdown_breaks: bool,
    /// line-endings: what every line shall end with.
    pub ending: Ending,
    /// large-files: bytes of the largest file that may be added.
    pub max_size: u64,
    /// secrets: SHA-256 of values that are none, in lower-case hex, whole or their first 16
    /// digits and more.
    pub allow: Vec<String>,
    /// secrets: a file of such hashes, one a line, relative to the root.
    pub allow_file: Option<crate::project::RelPath>,
    /// secrets: whether random-looking values are looked for beside known patterns.
    pub entropy: bool,
    /// json-syntax: files that may hold comments and trailing commas, beside those known to.
    pub comments: Patterns,
    /// commit-message: types that may be used; those of Conventional Commits where empty.
    pub commit_types: Vec<String>,
    /// commit-message: scopes that may be used; any where empty.
    pub scopes: Vec<String>,
    /// commit-message: characters of the longest subject; any length where absent.
    pub max_subject: Option<usize>,
    /// protected-branch: patterns of branches that take no commit and no push.
    pub protected: super::Branches,
    /// personal-data: names of columns that are personal here, beside those known to be.
    pub columns: Vec<String>,
    /// personal-data: names of columns that look personal and are not.
    pub allow_columns: Vec<String>,
}

#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// What most lines of the file end with.
    #[default]
    Auto,
    Lf,
    Crlf,
}

/// Made once: every check has a copy, and patterns take long to make.
static PROTECTED: LazyLock<super::Branches> =
    LazyLock::new(|| super::Branches::of(&["main", "master"]));

impl Default for CheckOptions {
    fn default() -> Self {
        Self {
            markdown_breaks: true,
            ending: Ending::Auto,
            max_size: 1024 * 1024,
            allow: Vec::new(),
            allow_file: None,
            entropy: true,
            comments: Patterns::default(),
            commit_types: Vec::new(),
            scopes: Vec::new(),
            max_subject: None,
            protected: PROTECTED.clone(),
            columns: Vec::new(),
            allow_columns: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_finds_its_own_facts() {
        for (index, facts) in FACTS.iter().enumerate() {
            assert_eq!(facts.id as usize, index, "{}", facts.name);
            assert_eq!(CheckId::parse(facts.id.name()), Some(facts.id));
            let word = serde_json::to_value(facts.id).unwrap();
            assert_eq!(word, facts.name);
            for hook in facts.default {
                assert!(facts.id.fits(*hook), "{} in {hook}", facts.name);
            }
        }
    }
}
