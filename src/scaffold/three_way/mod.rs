//! What shipway changed goes into a file that the user edited. Text and structure; no I/O.
//!
//! In: a path, whose name says the format, and three texts. Out: the merged text, or None for a
//! conflict. Lines are merged first; where they conflict, or the result does not say what both
//! meant, entries are, in the formats that have them. Reads scripts with `detect::syntax`.

mod cut;
mod identity;
mod json;
mod layout;
mod lines;
mod put;
mod toml;
mod value;
mod yaml;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use super::validate;
use crate::detect::syntax;
use crate::git::patch;
use crate::project::RelPath;
use std::collections::HashMap;
use value::{Three, Value};

pub use crate::git::patch::Side;
pub(super) use cut::cut;
pub(super) use put::{At, Content, put, put_json};

/// Merges what shipway changed (`base` to `wanted`) into what the user has (`present`). All with
/// line feeds only. None where both changed the same thing and no side is favoured, or where the
/// result would be no valid file. What the user deleted stays so.
#[inline(never)]
pub(super) fn three_way(
    path: &RelPath,
    base: &str,
    present: &str,
    wanted: &str,
    favour: Option<Side>,
) -> Option<String> {
    const BYTE_ORDER_MARK: char = '\u{feff}';
    if present == base {
        return Some(wanted.to_owned());
    }
    if wanted == base || present == wanted {
        return Some(present.to_owned());
    }
    if let Some(marked) = present.strip_prefix(BYTE_ORDER_MARK)
        && !base.starts_with(BYTE_ORDER_MARK)
    {
        let merged = three_way(path, base, marked, wanted, favour)?;
        return Some(format!("{BYTE_ORDER_MARK}{merged}"));
    }
    if has_merge_markers(present) {
        return None;
    }
    let texts = Texts {
        path,
        base,
        present,
        wanted,
    };
    match Format::of_text(path, wanted) {
        Format::Text => texts.text(favour, |_| true),
        Format::Shell => texts.script(favour, &tree_sitter_bash::LANGUAGE.into()),
        Format::Python => texts.script(favour, &tree_sitter_python::LANGUAGE.into()),
        Format::Dockerfile => texts.text(favour, |text| parse_dockerfile::parse(text).is_ok()),
        format => Structured::parse(texts, format)?.merge(favour),
    }
}

/// Whether `text` can be merged at all: it is valid in its format, without the marks of a merge.
pub(super) fn is_sound(path: &RelPath, text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    !has_merge_markers(text)
        && match Format::of(path) {
            Format::Text | Format::Shell | Format::Python => true,
            Format::Dockerfile => parse_dockerfile::parse(text).is_ok(),
            format => format.value(text).is_some(),
        }
}

/// What `git merge` leaves in a file that nobody has looked at since.
fn has_merge_markers(text: &str) -> bool {
    let begins = |mark| move |line: &str| line.starts_with(mark);
    text.lines().any(begins("<<<<<<< ")) && text.lines().any(begins(">>>>>>> "))
}

#[derive(Clone, Copy)]
enum Format {
    Yaml,
    Json,
    Toml,
    Dockerfile,
    Shell,
    Python,
    Text,
}

impl Format {
    fn of(path: &RelPath) -> Self {
        let name = path.file_name();
        match path.extension() {
            "yml" | "yaml" => Self::Yaml,
            "json" | "jsonc" | "code-workspace" => Self::Json,
            "toml" => Self::Toml,
            "dockerignore" => Self::Text,
            "sh" => Self::Shell,
            "py" => Self::Python,
            _ if name == "Dockerfile" || name.starts_with("Dockerfile.") => Self::Dockerfile,
            _ => Self::Text,
        }
    }

    /// As [`Format::of`]; a script may tell itself.
    fn of_text(path: &RelPath, text: &str) -> Self {
        match Self::of(path) {
            Self::Text if text.starts_with("#!/bin/sh") => Self::Shell,
            format => format,
        }
    }

    fn value(self, text: &str) -> Option<Value> {
        match self {
            Self::Yaml => Some(yaml::Document::parse(text)?.value()),
            Self::Json => json::value(text),
            Self::Toml => toml::value(text),
            Self::Dockerfile | Self::Shell | Self::Python | Self::Text => None,
        }
    }
}

struct Texts<'t> {
    path: &'t RelPath,
    base: &'t str,
    present: &'t str,
    wanted: &'t str,
}

impl Texts<'_> {
    fn lines(&self, favour: Option<Side>) -> Option<String> {
        let [base, present, wanted] = [self.base, self.present, self.wanted].map(str::as_bytes);
        let merged = patch::merge_favouring(base, present, wanted, favour)?;
        String::from_utf8(merged).ok()
    }

    /// As [`Texts::text`]; the result has no error of syntax that none of the three has.
    fn script(&self, favour: Option<Side>, language: &tree_sitter::Language) -> Option<String> {
        let parses = |text: &str| {
            let tree = syntax::parse(language, text);
            tree.is_some_and(|tree| !tree.root_node().has_error())
        };
        let all = [self.base, self.present, self.wanted];
        self.text(favour, |merged| {
            parses(merged) || !all.iter().all(|text| parses(text))
        })
    }

    /// Whether no line that the user took out is back in `merged`: what shipway only moved is not new.
    fn keeps_cuts(&self, merged: &str) -> bool {
        let [base, present, wanted, merged] =
            [self.base, self.present, self.wanted, merged].map(counts);
        let count = |of: &HashMap<&str, usize>, line| of.get(line).copied().unwrap_or(0);
        base.iter().all(|(line, before)| {
            let present = count(&present, line);
            let cut = before.saturating_sub(present);
            let may = present.max(count(&wanted, line).saturating_sub(cut));
            cut == 0 || line.trim().is_empty() || count(&merged, line) <= may
        })
    }

    /// The favoured side as it is, where it is valid.
    fn side(&self, favour: Option<Side>, is_valid: impl Fn(&str) -> bool) -> Option<String> {
        let text = match favour? {
            Side::Ours => self.present,
            Side::Theirs => self.wanted,
        };
        is_valid(text).then(|| text.to_owned())
    }

    fn text(&self, favour: Option<Side>, is_valid: impl Fn(&str) -> bool) -> Option<String> {
        let keeps = |text: &str| favour == Some(Side::Theirs) || self.keeps_cuts(text);
        let valid = |text: &String| is_valid(text) && keeps(text);
        self.lines(None)
            .filter(valid)
            .or_else(|| self.lines(Some(favour?)).filter(valid))
            .or_else(|| self.side(favour, &is_valid))
    }
}

/// How often each line is there.
fn counts(text: &str) -> HashMap<&str, usize> {
    let mut counts = HashMap::new();
    for line in text.lines() {
        *counts.entry(line).or_insert(0) += 1;
    }
    counts
}

/// Three texts of a format whose values can be compared.
struct Structured<'t> {
    texts: Texts<'t>,
    format: Format,
    values: [Value; 3],
}

impl<'t> Structured<'t> {
    /// None where one of them is invalid.
    fn parse(texts: Texts<'t>, format: Format) -> Option<Self> {
        let base = format.value(texts.base)?;
        let present = format.value(texts.present)?;
        let wanted = format.value(texts.wanted)?;
        Some(Self {
            texts,
            format,
            values: [base, present, wanted],
        })
    }

    fn merge(&self, favour: Option<Side>) -> Option<String> {
        self.by_line(None)
            .or_else(|| self.by_entry(None))
            .or_else(|| self.by_entry(Some(favour?)))
            .or_else(|| self.by_line(Some(favour?)))
            .or_else(|| self.texts.side(favour, |text| self.is_valid(text)))
    }

    fn by_line(&self, favour: Option<Side>) -> Option<String> {
        let merged = self.texts.lines(favour)?;
        self.holds(&merged, favour).then_some(merged)
    }

    fn by_entry(&self, favour: Option<Side>) -> Option<String> {
        let texts = [self.texts.base, self.texts.present, self.texts.wanted];
        let merged = match self.format {
            Format::Yaml => {
                let [base, present, wanted] = texts.map(yaml::Document::parse);
                lines::merge(&base?, &present?, &wanted?, favour)
            }
            Format::Json => json::merge(texts, favour),
            Format::Toml => toml::merge(texts, favour),
            Format::Dockerfile | Format::Shell | Format::Python | Format::Text => None,
        }?;
        self.holds(&merged, favour).then_some(merged)
    }

    fn holds(&self, merged: &str, favour: Option<Side>) -> bool {
        let [base, present, wanted] = &self.values;
        let three = Three {
            base: Some(base),
            present: Some(present),
            wanted: Some(wanted),
        };
        self.format
            .value(merged)
            .is_some_and(|merged| value::holds(three, Some(&merged), favour))
            && self.is_valid(merged)
    }

    /// YAML is judged by its events alone, as its values are: nothing of the user's is expanded.
    fn is_valid(&self, text: &str) -> bool {
        matches!(self.format, Format::Yaml) || validate::check(self.texts.path, text, "").is_ok()
    }
}
