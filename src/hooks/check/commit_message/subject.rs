//! The first line of a message: what is wrong with it, and what it was meant to be.

use super::Rules;
use git_conventional::{Commit, ErrorKind};

/// What is wrong with a subject.
pub(super) enum Problem<'s> {
    NoType,
    UnknownType(&'s str),
    UnknownScope(&'s str),
    NoDescription,
    /// A blank too many or too few, a scope without its end, ….
    Form,
    /// Its length in characters.
    Long(usize),
}

impl Problem<'_> {
    pub(super) fn message(&self, rules: &Rules) -> String {
        match self {
            Self::NoType => "the subject does not begin with a type".to_owned(),
            Self::UnknownType(kind) => format!("{kind:?} is none of the types used here"),
            Self::UnknownScope(scope) => format!("{scope:?} is none of the scopes used here"),
            Self::NoDescription => "nothing stands behind the type".to_owned(),
            Self::Form => "the subject is not of the form `type(scope): description`".to_owned(),
            Self::Long(length) => format!(
                "the subject has {length} characters, the limit is {}",
                rules.longest.unwrap_or_default()
            ),
        }
    }

    pub(super) fn mend(&self, rules: &Rules) -> String {
        match self {
            Self::UnknownScope(_) => format!("use one of {}", rules.scopes.join(", ")),
            Self::Long(_) => {
                "say it shorter; what explains it goes behind an empty line".to_owned()
            }
            Self::NoDescription => "say behind `type: ` what the commit does".to_owned(),
            _ => format!(
                "write it as `type: description`, with one of {}",
                rules.types.join(", ")
            ),
        }
    }
}

/// Column, in characters, and kind of the first thing that is wrong with `subject`.
pub(super) fn problem<'s>(subject: &'s str, rules: &Rules) -> Option<(usize, Problem<'s>)> {
    let column = |at: usize| subject[..at].chars().count() + 1;
    let commit = match Commit::parse(subject) {
        Ok(commit) => commit,
        Err(error) => {
            return Some(match error.kind() {
                _ if subject.ends_with(':') => (column(subject.len()), Problem::NoDescription),
                ErrorKind::MissingType if !subject.contains(':') => (1, Problem::NoType),
                _ => (1, Problem::Form),
            });
        }
    };
    let kind = commit.type_().as_str();
    if !rules
        .types
        .iter()
        .any(|known| known.eq_ignore_ascii_case(kind))
    {
        let problem = if is_word(kind) {
            Problem::UnknownType(kind)
        } else {
            Problem::NoType
        };
        return Some((1, problem));
    }
    if let Some(scope) = commit.scope().map(|scope| scope.as_str()) {
        let unknown = !rules.scopes.is_empty()
            && !scope
                .split([',', '/'])
                .all(|part| rules.scopes.iter().any(|known| known == part.trim()))
            && !rules.scopes.iter().any(|known| known == scope);
        if unknown {
            let at = column(kind.len() + 1);
            return Some((at, Problem::UnknownScope(scope)));
        }
        if scope.trim() != scope {
            return Some((column(kind.len() + 1), Problem::Form));
        }
    }
    // The specification asks for "colon and space"; the parser is content with the colon.
    let description = commit.description();
    let start = subject.len() - description.len();
    if !subject[..start].ends_with(": ")
        || description.starts_with(char::is_whitespace)
        || subject[..start].ends_with("  ")
    {
        return Some((column(start), Problem::Form));
    }
    let length = subject.chars().count();
    match rules.longest {
        Some(longest) if length > longest => Some((longest + 1, Problem::Long(length))),
        _ => None,
    }
}

/// What a subject was meant to be.
pub(super) struct Mended {
    pub(super) text: String,
    /// Whether it only writes the same properly; otherwise it is a guess.
    pub(super) certain: bool,
}

/// What `subject` was meant to be, where that can be told and has nothing wrong with it.
pub(super) fn mended(subject: &str, rules: &Rules) -> Option<Mended> {
    let subject = subject.trim();
    let mended = with_type(subject, rules).or_else(|| by_verb(subject, rules))?;
    problem(&mended.text, rules).is_none().then_some(mended)
}

/// `[Feature] x`, `bugfix : x`, `fix(api) - x`, `feat!(api):x`: a type is there.
fn with_type(subject: &str, rules: &Rules) -> Option<Mended> {
    let (head, description, separated) = split(subject)?;
    let head = head.trim();
    let head = head
        .strip_prefix(['[', '<', '('])
        .and_then(|head| head.strip_suffix([']', '>', ')']))
        .unwrap_or(head);
    let breaking = head.contains('!');
    let bare = head.replace('!', "");
    let (kind, scope) = match bare.find(['(', '[', '{', '/']) {
        Some(open) => (
            &bare[..open],
            bare[open + 1..].trim_end_matches([')', ']', '}']),
        ),
        None => (bare.as_str(), ""),
    };
    let (kind, certain) = nearest_type(kind.trim(), rules)?;
    let scope = scope.trim();
    let (scope, sure) = if scope.is_empty() || rules.scopes.is_empty() {
        (scope, true)
    } else {
        nearest(scope, rules.scopes.iter().map(String::as_str))?
    };
    let scope = if scope.is_empty() {
        String::new()
    } else {
        format!("({scope})")
    };
    let mark = if breaking { "!" } else { "" };
    let description = description
        .trim_start_matches([':', '-', '\u{2013}', ' ', '\t'])
        .trim();
    Some(Mended {
        text: format!("{kind}{scope}{mark}: {description}"),
        certain: certain && sure && separated,
    })
}

/// What stands before and behind the type's end, and whether something marks that end.
fn split(subject: &str) -> Option<(&str, &str, bool)> {
    if subject.starts_with(['[', '<']) {
        let close = subject.find([']', '>'])?;
        return Some((&subject[..=close], &subject[close + 1..], true));
    }
    if let Some((at, colon)) = subject
        .char_indices()
        .find(|(_, c)| matches!(c, ':' | '\u{ff1a}'))
    {
        return Some((&subject[..at], &subject[at + colon.len_utf8()..], true));
    }
    for dash in [" - ", " \u{2013} "] {
        if let Some((head, description)) = subject.split_once(dash) {
            return Some((head, description, true));
        }
    }
    let (head, description) = subject.split_once(' ')?;
    Some((head, description, false))
}

/// What is written for a type, and the type that it stands for.
const SYNONYMS: &[(&str, &str)] = &[
    ("feature", "feat"),
    ("features", "feat"),
    ("enhancement", "feat"),
    ("bugfix", "fix"),
    ("bug", "fix"),
    ("hotfix", "fix"),
    ("fixes", "fix"),
    ("fixed", "fix"),
    ("doc", "docs"),
    ("documentation", "docs"),
    ("tests", "test"),
    ("testing", "test"),
    ("refactoring", "refactor"),
    ("refact", "refactor"),
    ("performance", "perf"),
    ("styles", "style"),
    ("formatting", "style"),
    ("chores", "chore"),
];

/// The type that `word` stands for, and whether that is certain.
fn nearest_type<'r>(word: &str, rules: &Rules<'r>) -> Option<(&'r str, bool)> {
    let lower = word.to_lowercase();
    let known = |name: &str| {
        rules
            .types
            .iter()
            .find(|kind| kind.eq_ignore_ascii_case(name))
            .copied()
    };
    if let Some(kind) = known(&lower) {
        return Some((kind, true));
    }
    let meant = SYNONYMS.iter().find(|(synonym, _)| *synonym == lower);
    if let Some(kind) = meant.and_then(|(_, meant)| known(meant)) {
        return Some((kind, true));
    }
    nearest(&lower, rules.types.iter().copied())
}

/// The one of `known` that `word` is, or is a slip of the keys away from.
fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<(&'k str, bool)> {
    let (distance, best) = known
        .map(|name| (strsim::osa_distance(word, name), name))
        .min_by_key(|(distance, _)| *distance)?;
    let slips = usize::from(best.len() > 2) + usize::from(best.len() > 5);
    let close = distance == 0 || distance <= slips && word.get(..1) == best.get(..1);
    close.then_some((best, distance == 0))
}

/// First words of subjects without a type, and the type that such a commit usually has.
const VERBS: &[(&str, &[&str])] = &[
    (
        "feat",
        &[
            "add",
            "adds",
            "added",
            "implement",
            "introduce",
            "support",
            "create",
            "allow",
            "enable",
        ],
    ),
    (
        "fix",
        &["correct", "resolve", "repair", "prevent", "avoid", "handle"],
    ),
    ("docs", &["document", "explain", "describe"]),
    (
        "refactor",
        &[
            "rename", "move", "extract", "simplify", "clean", "cleanup", "remove", "delete",
            "rework",
        ],
    ),
    ("perf", &["speed", "optimize", "optimise"]),
    ("build", &["bump", "upgrade"]),
];

fn by_verb(subject: &str, rules: &Rules) -> Option<Mended> {
    let (verb, rest) = subject.split_once(' ')?;
    let lower = verb.to_lowercase();
    let (kind, _) = VERBS
        .iter()
        .find(|(_, verbs)| verbs.contains(&lower.as_str()))?;
    let kind = rules.types.iter().find(|known| *known == kind)?;
    Some(Mended {
        text: format!("{kind}: {lower} {}", rest.trim()),
        certain: false,
    })
}

/// Whether it could be a type: one word.
fn is_word(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
}
