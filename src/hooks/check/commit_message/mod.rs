//! `commit-message`: a commit's message says in the conventional form what the commit does.
//!
//! Conventional Commits 1.0.0, read by `git-conventional`. What git and its tools write
//! themselves (merges, reverts, `fixup!`, versions) is left as it is.

mod subject;

use super::message::{self, Line};
use super::{Finding, Message, Options, Outcome, Position};
use git_conventional::{Commit, ErrorKind};

const ID: &str = "commit-message";

/// Types where the configuration names none: the specification's own and those that it refers
/// to (commitlint's conventional configuration).
pub(super) const TYPES: &[&str] = &[
    "build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style", "test",
];

/// How subjects begin that git and its tools write.
const MACHINES: &[&str] = &[
    "fixup! ",
    "squash! ",
    "amend! ",
    "Merge ",
    "Merged ",
    "Revert \"",
    "Reapply \"",
    "Automatic merge",
    "Auto-merged ",
];

/// What a subject may be made of.
pub(super) struct Rules<'o> {
    types: Vec<&'o str>,
    scopes: &'o [String],
    longest: Option<usize>,
}

impl<'o> Rules<'o> {
    fn of(options: &'o Options) -> Self {
        Self {
            types: if options.commit_types.is_empty() {
                TYPES.to_vec()
            } else {
                options.commit_types.iter().map(String::as_str).collect()
            },
            scopes: &options.scopes,
            longest: options.max_subject,
        }
    }
}

pub(super) fn look(message: &Message, options: &Options) -> Outcome {
    let text = String::from_utf8_lossy(message.text);
    let lines = message::kept(message, &text);
    let Some(first) = lines.first() else {
        // git itself makes no commit of an empty message.
        return Outcome::clean();
    };
    if MACHINES.iter().any(|start| first.text.starts_with(start)) || is_version(first.text) {
        return Outcome::clean();
    }
    let rules = Rules::of(options);
    let mut findings = Vec::new();
    let mended = subject::mended(first.text, &rules);
    if let Some((column, problem)) = subject::problem(first.text, &rules) {
        let mend = match &mended {
            Some(mended) => format!("write it as `{}`", mended.text),
            None => problem.mend(&rules),
        };
        let finding = Finding {
            fixable: mended.as_ref().is_some_and(|mended| mended.certain),
            position: Some(Position {
                line: first.number,
                column,
            }),
            ..Finding::error(ID, problem.message(&rules), mend)
        };
        findings.push(finding);
    }
    let body = lines.get(1).filter(|line| !line.text.is_empty());
    if let Some(body) = body {
        let finding = Finding::error(
            ID,
            "no empty line separates the subject from the rest",
            "put an empty line behind the first",
        );
        findings.push(at(finding.fixable(), body));
    }
    if findings.is_empty() {
        findings.extend(breaking(&lines));
        findings.extend(rest(&lines));
    }
    let fixable = !findings.is_empty() && findings.iter().all(|finding| finding.fixable);
    if !fixable || matches!(text, std::borrow::Cow::Owned(_)) {
        for finding in &mut findings {
            finding.fixable = false;
        }
        return findings.into();
    }
    let new = mended.filter(|mended| mended.text != first.text);
    let mut fixed = text.to_string();
    if body.is_some() {
        let end = fixed[first.at..]
            .find('\n')
            .map_or(fixed.len(), |end| first.at + end + 1);
        fixed.insert(end, '\n');
    }
    if let Some(new) = new {
        fixed.replace_range(first.at..first.at + first.text.len(), &new.text);
    }
    Outcome {
        findings,
        fixed: Some(fixed.into_bytes()),
    }
}

fn at(finding: Finding, line: &Line) -> Finding {
    Finding {
        position: Some(Position {
            line: line.number,
            column: 1,
        }),
        ..finding
    }
}

/// A footer that is meant to announce a breaking change and does not (rule 15: upper case).
fn breaking(lines: &[Line]) -> Option<Finding> {
    let line = lines.iter().skip(1).find(|line| {
        line.text.split_once(':').is_some_and(|(token, _)| {
            let upper = token.to_ascii_uppercase();
            token != upper
                && matches!(
                    upper.as_str(),
                    "BREAKING CHANGE" | "BREAKING-CHANGE" | "BREAKING CHANGES" | "BREAKING"
                )
        })
    })?;
    let finding = Finding::error(
        ID,
        "this does not announce a breaking change: that is written in upper case",
        "begin the line with `BREAKING CHANGE: `",
    );
    Some(at(finding.warning(), line))
}

/// What the parser says of the whole, where all else is well.
fn rest(lines: &[Line]) -> Option<Finding> {
    let whole: Vec<&str> = lines.iter().map(|line| line.text).collect();
    let error = Commit::parse(&whole.join("\n")).err()?;
    let what = match error.kind() {
        ErrorKind::InvalidFooter => "a footer is not of the form `Token: value`",
        ErrorKind::InvalidBody => "the body does not begin behind an empty line",
        _ => "the message is not of the conventional form",
    };
    let finding = Finding::error(
        ID,
        what,
        "write it as `type: subject`, an empty line, a body, an empty line, and `Token: value` footers",
    );
    lines.first().map(|line| at(finding, line))
}

/// `1.2.3` and `v1.2.3`, as release tools write them.
fn is_version(subject: &str) -> bool {
    let number = subject.strip_prefix('v').unwrap_or(subject);
    let parts: Vec<&str> = number.splitn(3, '.').collect();
    parts.len() == 3
        && parts
            .iter()
            .all(|part| part.starts_with(|c: char| c.is_ascii_digit()))
        && number
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'))
}

#[cfg(test)]
mod tests;
