//! `secrets`: no password, token or key is committed.
//!
//! One pass over the bytes finds words that secrets of known providers begin with, words that
//! stand beside them and words of names that speak of a secret; only there is a pattern tried or
//! the value looked at that the name is given. A value never leaves this module.

mod assignment;
mod kubernetes;
mod provider;
mod value;

use super::finding::Findings;
use super::{File, Finding, Options, Outcome, allow};
use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use assignment::Assignment;
use provider::{Known, Provider, Shape};
use std::ops::Range;
use std::sync::LazyLock;

const ID: &str = "secrets";

/// Bytes before a word and behind it that a pattern may need.
const BEFORE: usize = 256;
const BEHIND: usize = 4096;
/// Bytes of the longest secret that is known by its beginning.
const LONGEST: usize = 1024;

/// Words of names that speak of a secret.
const NAMES: &[&str] = &[
    "secret",
    "passw",
    "passphrase",
    "pwd",
    "token",
    "key",
    "credential",
    "creds",
    "auth",
    "salt",
    "dsn",
    "_pass",
    "_pw",
    "dbpass",
];

/// What was said in other tools of a line that is meant.
const ALLOWED_ELSEWHERE: [&[u8]; 2] = [b"gitleaks:allow", b"pragma: allowlist secret"];

/// What a word leads to.
#[derive(Clone, Copy)]
enum Lead {
    /// By number.
    Provider(usize),
    Name,
}

struct Search {
    automaton: AhoCorasick,
    known: Vec<Known>,
    /// By number of the word.
    leads: Vec<Lead>,
}

/// None only where the table is broken, which a test rules out.
static SEARCH: LazyLock<Option<Search>> = LazyLock::new(|| {
    let mut words: Vec<&str> = Vec::new();
    let mut leads = Vec::new();
    let known = provider::all();
    for (number, known) in known.iter().enumerate() {
        for word in known.provider.words {
            words.push(word);
            leads.push(Lead::Provider(number));
        }
    }
    for word in NAMES {
        words.push(word);
        leads.push(Lead::Name);
    }
    let automaton = AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .build(&words)
        .ok()?;
    Some(Search {
        automaton,
        known,
        leads,
    })
});

/// A secret in a content.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Secret {
    /// Bytes of its value.
    range: Range<usize>,
    /// None where only its name and its look speak for it.
    provider: Option<&'static str>,
    rank: u8,
    name: &'static str,
    mend: String,
}

pub(super) fn look(file: &File, options: &Options) -> Outcome {
    if !file.is_text() {
        return Outcome::clean();
    }
    let content = file.content();
    let mut findings = Findings::new(file);
    for secret in secrets(file, options.entropy) {
        if is_allowed(content, &secret, options) {
            continue;
        }
        let article = if secret
            .name
            .starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o'])
        {
            "an"
        } else {
            "a"
        };
        let message = format!("{article} {} is in the file", secret.name);
        findings.push(Finding::error(ID, message, secret.mend), secret.range.start);
    }
    findings.finish("secrets are in the file")
}

fn is_allowed(content: &[u8], secret: &Secret, options: &Options) -> bool {
    let value = &content[secret.range.clone()];
    allow::allows(content, secret.range.start, ID)
        || options.allow.allows(value)
        || ALLOWED_ELSEWHERE.iter().any(|mark| {
            let line = line_of(content, secret.range.start, BEFORE, BEHIND);
            memchr::memmem::find(&content[line], mark).is_some()
        })
}

/// Every secret of the file, by place; where two are in one place, the better known.
fn secrets(file: &File, entropy: bool) -> Vec<Secret> {
    let Some(search) = SEARCH.as_ref() else {
        return Vec::new();
    };
    let content = file.content();
    let names = assignment::counts_in(file);
    let bare = assignment::is_bare_in(file);
    let mut found: Vec<Secret> = kubernetes::secrets(file);
    // The same assignment is met once for each word of its name.
    let mut last_name = usize::MAX;
    let mut assignment: Option<Assignment> = None;
    // Up to where each pattern was tried already.
    let mut tried = vec![0; search.known.len()];
    for hit in search.automaton.find_overlapping_iter(content) {
        let (known, tried) = match search.leads[hit.pattern().as_usize()] {
            Lead::Provider(number) => (Some(&search.known[number]), &mut tried[number]),
            Lead::Name => (None, &mut 0),
        };
        match known.map(|known| (known, known.provider.shape)) {
            Some((known, Shape::Begins)) => found.extend(begins(content, hit.start(), known)),
            Some((known, Shape::Holds)) => {
                if hit.start() >= *tried {
                    *tried = holds(content, hit.start(), known, &mut found);
                }
            }
            _ if !names || known.is_none() && !entropy => {}
            known => {
                let start = assignment::name_start(content, hit.start());
                if start != last_name {
                    last_name = start;
                    assignment = Assignment::around(content, hit.range());
                }
                let Some(given) = &assignment else { continue };
                found.extend(match known {
                    Some((known, _)) => named(content, hit.range(), given, known),
                    None => random(content, given, bare),
                });
            }
        }
    }
    found.sort_by_key(|secret| (secret.rank, secret.range.start));
    let mut kept: Vec<Secret> = Vec::new();
    for secret in found {
        let overlaps = kept.iter().any(|other| {
            secret.range.start < other.range.end && other.range.start < secret.range.end
        });
        if !overlaps {
            kept.push(secret);
        }
    }
    kept.sort_by_key(|secret| secret.range.start);
    kept
}

fn secret(range: Range<usize>, provider: &'static Provider, rank: u8) -> Secret {
    Secret {
        range,
        provider: Some(provider.id),
        rank,
        name: provider.name,
        mend: format!(
            "take it out and make it worthless ({}; {})",
            provider.revoke, provider.page
        ),
    }
}

fn begins(content: &[u8], start: usize, known: &Known) -> Option<Secret> {
    if !value::may_begin(content, start) {
        return None;
    }
    let reach = &content[start..content.len().min(start + LONGEST)];
    let end = start + known.regex()?.find(reach)?.end();
    let whole = content
        .get(end)
        .is_none_or(|byte| !value::is_word(*byte) && *byte != b'-');
    let token = &content[start..end];
    (whole && value::is_live(known.provider.id, token, token))
        .then(|| secret(start..end, known.provider, 0))
}

/// Gives up to where a later word leads to nothing else.
fn holds(content: &[u8], at: usize, known: &Known, found: &mut Vec<Secret>) -> usize {
    let Some(regex) = known.regex() else {
        return content.len();
    };
    let window = line_of(content, at, BEFORE, BEHIND);
    for captures in regex.captures_iter(&content[window.clone()]) {
        let Some(group) = captures.iter().skip(1).flatten().next() else {
            continue;
        };
        let range = window.start + group.start()..window.start + group.end();
        let is_there = found.iter().rev().any(|other| other.range == range);
        if !is_there
            && value::is_live(
                known.provider.id,
                &content[range.clone()],
                &content[window.clone()],
            )
        {
            found.push(secret(range, known.provider, 1));
        }
    }
    let end = window.end;
    if content.get(end).is_none_or(|byte| *byte == b'\n') {
        return end;
    }
    end.saturating_sub(BEHIND / 2)
}

fn named(content: &[u8], word: Range<usize>, given: &Assignment, known: &Known) -> Option<Secret> {
    let value = &content[given.value.clone()];
    let is_one = value::is_whole_word(content, word)
        && given.speaks.is_some()
        && known.regex()?.is_match(value)
        && value::is_mixed(value)
        && !value::is_fake(value);
    is_one.then(|| secret(given.value.clone(), known.provider, 2))
}

fn random(content: &[u8], given: &Assignment, bare: bool) -> Option<Secret> {
    let value = &content[given.value.clone()];
    given.is_secret(value, bare).then(|| Secret {
        range: given.value.clone(),
        provider: None,
        rank: 3,
        name: "value that looks secret, given to a name that speaks of one,",
        mend: "take it from the environment or a file outside the repository, and change it if it was ever pushed".to_owned(),
    })
}

/// The line that holds byte `at`, no further than so many bytes away.
fn line_of(content: &[u8], at: usize, before: usize, behind: usize) -> Range<usize> {
    let from = at.saturating_sub(before);
    let to = content.len().min(at + behind);
    let start = memchr::memrchr(b'\n', &content[from..at]).map_or(from, |end| from + end + 1);
    let end = memchr::memchr(b'\n', &content[at..to]).map_or(to, |end| at + end);
    start..end
}

#[cfg(test)]
mod tests;
