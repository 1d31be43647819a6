//! A detected value together with why we believe it.

use super::RelPath;
use serde::{Deserialize, Serialize};

/// How sure detection is. Ordered: `Guess` < `Likely` < `Certain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A convention of the ecosystem and nothing in the tree against it.
    Guess,
    /// One indirect sign, such as a client library among the dependencies.
    Likely,
    /// Written down in the tree.
    Certain,
}

/// A place in the tree that speaks for a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Evidence {
    pub file: RelPath,
    /// 1-based; 0 where the file's mere presence is the evidence.
    pub line: usize,
    /// The line or its decisive part, at most 120 characters, never a secret's value.
    pub excerpt: String,
}

/// A value that lost against the one chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The value as a person would write it.
    pub value: String,
    pub evidence: Vec<Evidence>,
}

/// One detected value with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact<T> {
    pub value: T,
    pub confidence: Confidence,
    pub evidence: Vec<Evidence>,
    /// Places that say something else; empty when nothing contradicts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<Claim>,
    /// The rule that decided, one sentence; present where it is not obvious from the evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl Evidence {
    /// Evidence at `line` (1-based) of `file`; the excerpt is trimmed and cut to 120 characters.
    pub fn new(file: RelPath, line: usize, excerpt: &str) -> Self {
        let excerpt = excerpt.trim();
        let excerpt = match excerpt.char_indices().nth(120) {
            Some((end, _)) => format!("{}…", &excerpt[..end]),
            None => excerpt.to_owned(),
        };
        Self {
            file,
            line,
            excerpt,
        }
    }

    /// Evidence that `file` exists.
    pub fn file(file: RelPath) -> Self {
        Self {
            file,
            line: 0,
            excerpt: String::new(),
        }
    }
}

impl<T> Fact<T> {
    pub fn new(value: T, confidence: Confidence, evidence: Vec<Evidence>) -> Self {
        Self {
            value,
            confidence,
            evidence,
            against: Vec::new(),
            because: None,
        }
    }

    pub fn certain(value: T, evidence: Evidence) -> Self {
        Self::new(value, Confidence::Certain, vec![evidence])
    }

    pub fn likely(value: T, evidence: Evidence) -> Self {
        Self::new(value, Confidence::Likely, vec![evidence])
    }

    /// A convention that nothing in the tree speaks for or against.
    pub fn guess(value: T, because: impl Into<String>) -> Self {
        Self::new(value, Confidence::Guess, Vec::new()).because(because)
    }

    #[must_use]
    pub fn because(mut self, rule: impl Into<String>) -> Self {
        self.because = Some(rule.into());
        self
    }

    #[must_use]
    pub fn against(mut self, claim: Claim) -> Self {
        self.against.push(claim);
        self
    }

    /// What the first of `claims` says, None where there is none: those that say the same are
    /// evidence, too, the others stand against it.
    pub fn first_of(
        confidence: Confidence,
        claims: impl IntoIterator<Item = (T, Evidence)>,
    ) -> Option<Self>
    where
        T: PartialEq + std::fmt::Display,
    {
        let mut claims = claims.into_iter();
        let (value, at) = claims.next()?;
        let mut fact = Self::new(value, confidence, vec![at]);
        for (other, at) in claims {
            if other != fact.value {
                fact = fact.against(Claim {
                    value: other.to_string(),
                    evidence: vec![at],
                });
            } else if !fact.evidence.contains(&at) {
                fact.evidence.push(at);
            }
        }
        Some(fact)
    }

    /// The same evidence for a value made of this one.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Fact<U> {
        Fact {
            value: f(self.value),
            confidence: self.confidence,
            evidence: self.evidence,
            against: self.against,
            because: self.because,
        }
    }
}

impl std::fmt::Display for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line == 0 {
            write!(f, "{}", self.file)
        } else {
            write!(f, "{}:{}", self.file, self.line)
        }
    }
}

impl std::fmt::Display for Confidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Confidence::Guess => "guess",
            Confidence::Likely => "likely",
            Confidence::Certain => "certain",
        })
    }
}
