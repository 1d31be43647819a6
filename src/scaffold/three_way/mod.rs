//! What shipway changed goes into a file that the user edited. Text and structure; no I/O.
//!
//! In: a path, whose name says the format, and three texts. Out: the merged text, or None for a
//! conflict. Lines are merged first; where they conflict, or the result does not say what both
//! meant, entries are, in the formats that have them.

mod identity;
mod json;
mod lines;
mod toml;
mod value;
mod yaml;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use super::validate;
use crate::git::patch;
use crate::project::RelPath;
use value::{Three, Value};

pub use crate::git::patch::Side;

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
    let merge = Merge {
        path,
        base,
        present,
        wanted,
    };
    match Format::of(path) {
        Format::Text => merge.text(favour, |_| true),
        Format::Dockerfile => merge.text(favour, |text| parse_dockerfile::parse(text).is_ok()),
        format => merge.structured(format, favour),
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
            _ if name == "Dockerfile" || name.starts_with("Dockerfile.") => Self::Dockerfile,
            _ => Self::Text,
        }
    }

    fn value(self, text: &str) -> Option<Value> {
        match self {
            Self::Yaml => Some(yaml::Document::parse(text)?.value()),
            Self::Json => json::value(text),
            Self::Toml => toml::value(text),
            Self::Dockerfile | Self::Text => None,
        }
    }
}

struct Merge<'t> {
    path: &'t RelPath,
    base: &'t str,
    present: &'t str,
    wanted: &'t str,
}

impl Merge<'_> {
    fn lines(&self, favour: Option<Side>) -> Option<String> {
        let [base, present, wanted] = [self.base, self.present, self.wanted].map(str::as_bytes);
        let merged = patch::merge_favouring(base, present, wanted, favour)?;
        String::from_utf8(merged).ok()
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
        let valid = |text: &String| is_valid(text);
        self.lines(None)
            .filter(valid)
            .or_else(|| self.lines(Some(favour?)).filter(valid))
            .or_else(|| self.side(favour, &is_valid))
    }

    fn structured(&self, format: Format, favour: Option<Side>) -> Option<String> {
        let base = format.value(self.base)?;
        let present = format.value(self.present)?;
        let wanted = format.value(self.wanted)?;
        let three = Three {
            base: Some(&base),
            present: Some(&present),
            wanted: Some(&wanted),
        };
        // YAML is judged by its events alone: nothing of the user's that is read here is expanded.
        let is_valid = |text: &str| {
            matches!(format, Format::Yaml) || validate::check(self.path, text, "").is_ok()
        };
        let holds = |favour| {
            move |text: &String| {
                let merged = format.value(text);
                merged.is_some() && value::holds(three, merged.as_ref(), favour) && is_valid(text)
            }
        };
        self.lines(None)
            .filter(holds(None))
            .or_else(|| self.entries(format, None).filter(holds(None)))
            .or_else(|| self.entries(format, Some(favour?)).filter(holds(favour)))
            .or_else(|| self.lines(Some(favour?)).filter(holds(favour)))
            .or_else(|| self.side(favour, is_valid))
    }

    fn entries(&self, format: Format, favour: Option<Side>) -> Option<String> {
        let (base, present, wanted) = (self.base, self.present, self.wanted);
        match format {
            Format::Yaml => {
                let [base, present, wanted] = [base, present, wanted].map(yaml::Document::parse);
                lines::merge(&base?, &present?, &wanted?, favour)
            }
            Format::Json => json::merge(base, present, wanted, favour),
            Format::Toml => toml::merge(base, present, wanted, favour),
            Format::Dockerfile | Format::Text => None,
        }
    }
}
