//! Other tools' hooks, taken over into `[hooks]`.
//!
//! In: the tree and its `shipway.toml`. Out: an [`Import`], with the text that the configuration
//! would have and everything that has no equivalent. Writes nothing, runs nothing and fetches
//! nothing. Takes the parsers that know lines from `detect::structured`.

mod extglob;
mod glob;
mod husky;
mod known;
mod lefthook;
mod line;
mod lint_staged;
mod node;
mod pre_commit;
mod source;

pub use source::{Manager, Source, farewell, sources};

use super::draft::{self, Draft, What, When};
use crate::config::hooks::{Hook, Patterns};
use crate::config::{Config, ConfigError, FILE};
use crate::project::RelPath;
use glob::Dot;
use serde::Serialize;
use std::path::Path;

/// Why nothing is taken over into a hook that comes after something arrived.
const NOTHING_AFTER: &str = "at this hook nothing runs, for what has just arrived would run \
                             unseen; the check `arrivals` says what to run";
/// Why nothing that asks a person is taken over.
const NO_TERMINAL: &str = "it talks to a terminal, which a job has not";

/// What taking over would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// What `shipway.toml` would be.
    pub text: String,
    pub added: Vec<Draft>,
    /// Jobs that the configuration has already.
    pub present: Vec<Draft>,
    /// In the order of the sources.
    pub left: Vec<Left>,
    /// What is different although it was taken over; whole sentences.
    pub notes: Vec<String>,
}

/// Something without an equivalent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    pub what: String,
    /// `lefthook.yml:12`.
    pub place: String,
    pub why: String,
}

/// Why a source could not be taken over at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{path}:{line}: {message}")]
    Invalid {
        path: RelPath,
        /// 1-based.
        line: usize,
        message: String,
    },
    #[error("{path} cannot be read: {source}")]
    Io {
        path: RelPath,
        source: std::io::Error,
    },
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Plans to take `sources` of the tree at `root` over into `text`, its `shipway.toml`.
/// `tracked` are the paths of the repository: patterns are compared on them.
///
/// # Errors
/// When a source or the configuration is malformed.
pub fn import(
    root: &Path,
    sources: &[Source],
    tracked: &[&str],
    text: &str,
) -> Result<Import, ImportError> {
    Config::parse(text, FILE)?;
    let mut taken = Taken {
        root,
        tracked,
        drafts: Vec::new(),
        left: Vec::new(),
        notes: Vec::new(),
        exclude: Vec::new(),
        lint_staged: false,
    };
    for source in sources {
        match source.manager {
            Manager::PreCommit => pre_commit::read(&mut taken, &source.path)?,
            Manager::Lefthook => lefthook::read(&mut taken, &source.path)?,
            Manager::Husky | Manager::SimpleGitHooks => husky::read(&mut taken, source)?,
            Manager::LintStaged => lint_staged::read_uncalled(&mut taken, &source.path)?,
        }
    }
    taken.drop_what_cannot_be();
    let written =
        draft::write(text, &taken.drafts, &taken.exclude, true).map_err(|error| ConfigError {
            file: FILE.to_owned(),
            line: 1,
            column: 1,
            message: error.to_string(),
            mend: None,
        })?;
    Config::parse(&written.text, FILE)?;
    Ok(Import {
        text: written.text,
        added: written.added,
        present: written.present,
        left: taken.left,
        notes: taken.notes,
    })
}

/// What has been taken over so far.
struct Taken<'t> {
    root: &'t Path,
    tracked: &'t [&'t str],
    drafts: Vec<Draft>,
    left: Vec<Left>,
    notes: Vec<String>,
    /// Patterns of files that no job looks at.
    exclude: Vec<String>,
    /// Whether a hook called lint-staged, whose jobs were then taken over into that hook.
    lint_staged: bool,
}

impl Taken<'_> {
    fn left(&mut self, what: impl Into<String>, place: impl Into<String>, why: impl Into<String>) {
        self.left.push(Left {
            what: what.into(),
            place: place.into(),
            why: why.into(),
        });
    }

    fn note(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        if !self.notes.contains(&sentence) {
            self.notes.push(sentence);
        }
    }

    fn add(&mut self, hook: Hook, name: &str, what: What, when: When, from: &str) {
        self.drafts.push(Draft {
            hook,
            name: name.to_owned(),
            what,
            when,
            from: from.to_owned(),
        });
    }

    fn file(&self, path: &RelPath) -> Result<String, ImportError> {
        std::fs::read_to_string(path.under(self.root)).map_err(|source| ImportError::Io {
            path: path.clone(),
            source,
        })
    }

    /// The globs for an expression of Python that pick the same of the tracked files.
    fn globs(&self, expression: &str) -> Result<Vec<String>, String> {
        let mut differs = String::new();
        for dot in [Dot::Literal, Dot::Any] {
            let globs = glob::globs(expression, dot)?;
            match self.difference(expression, &globs)? {
                None => return Ok(globs),
                Some(path) => path.clone_into(&mut differs),
            }
        }
        Err(format!("no glob was found that says the same of {differs}"))
    }

    /// The first tracked file of which `globs` say something else than `expression`.
    fn difference(&self, expression: &str, globs: &[String]) -> Result<Option<&str>, String> {
        let patterns = Patterns::new(globs, &RelPath::root()).map_err(|(_, why)| why)?;
        let Ok(regex) = regex::Regex::new(&expression.replace("\\Z", "\\z")) else {
            return Ok(None);
        };
        let mut tracked = self.tracked.iter().copied();
        Ok(tracked.find(|path| regex.is_match(path) != patterns.matches(path)))
    }

    /// Takes out drafts that a configuration may not hold, each with its reason.
    fn drop_what_cannot_be(&mut self) {
        let mut kept = Vec::with_capacity(self.drafts.len());
        for draft in std::mem::take(&mut self.drafts) {
            let written = draft::write("", std::slice::from_ref(&draft), &[], true);
            let why = match written {
                Ok(written) => Config::parse(&written.text, FILE).err(),
                Err(_) => None,
            };
            match why {
                None => kept.push(draft),
                Some(error) => {
                    let mend = error.mend.map(|mend| format!("; {mend}"));
                    self.left(
                        draft.name,
                        draft.from,
                        format!("{}{}", error.message, mend.unwrap_or_default()),
                    );
                }
            }
        }
        self.drafts = kept;
    }
}
