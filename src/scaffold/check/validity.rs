//! Validity: a generated file as it lies there is what its own format takes.

use super::text::Text;
use super::{Finding, Kind, rule};
use crate::hooks::check::{self, Beside, Blob, File, Look, Mode, Options};
use crate::project::RelPath;
use bstr::ByteSlice;
use std::path::Path;

/// The checks that know a format; each looks at the files that are its.
const CHECKS: &[&str] = &[
    "merge-markers",
    "json-syntax",
    "toml-syntax",
    "yaml-syntax",
    "xml-syntax",
    "dockerfile-syntax",
    "compose-syntax",
];

pub(super) fn findings(text: &Text, root: &Path) -> Vec<Finding> {
    if text.pristine.is_none() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if text.torn {
        findings.push(Finding::of(
            rule::BLOCK_MARKS,
            text.path,
            None,
            "the generated block has a mark without its partner, so no update reaches it",
            "put the line `# >>> shipway … >>>` or `# <<< shipway … <<<` back; git has it",
        ));
    }
    // Names that leave the root are not followed.
    let inside = |path: &[u8]| {
        let path = path.to_path().ok()?;
        let is_plain = |part| matches!(part, std::path::Component::Normal(_));
        path.components().all(is_plain).then(|| root.join(path))
    };
    let has = |path: &bstr::BStr| inside(path).is_some_and(|path| path.exists());
    let read = |path: &bstr::BStr| std::fs::read(inside(path)?).ok();
    let beside = Beside {
        has: &has,
        read: &read,
    };
    let name = name(text);
    let file = file(text, &name).within(&beside);
    findings.extend(looked(
        text,
        &file,
        CHECKS,
        &Options::default(),
        Kind::Validity,
    ));
    findings
}

/// The path by which the checks tell the format: what it was called when it was made. A dev
/// container's files are told by their folder.
pub(super) fn name(text: &Text) -> RelPath {
    if text.made_at.as_str().starts_with(".devcontainer/") {
        return text.made_at.clone();
    }
    let name = text.path.parent().join(text.made_at.file_name());
    name.unwrap_or_else(|_| text.path.clone())
}

/// `text` as the checks take it.
pub(super) fn file<'t>(text: &'t Text, name: &'t RelPath) -> File<'t> {
    File::new(Blob {
        path: name.as_str().into(),
        mode: Mode::Regular,
        content: &text.bytes,
        before: None,
        lfs: false,
    })
}

/// What `checks` say of `file`.
pub(super) fn looked<'t>(
    text: &'t Text,
    file: &'t File,
    checks: &'t [&str],
    options: &'t Options,
    kind: Kind,
) -> impl Iterator<Item = Finding> + 't {
    let looks = checks
        .iter()
        .filter_map(|id| check::find(id))
        .flat_map(|check| check.looks)
        .filter_map(|look| match look {
            Look::Content(look) => Some(look),
            _ => None,
        });
    looks
        .flat_map(|look| look(file, options).findings)
        .map(move |found| Finding {
            rule: found.check,
            kind,
            severity: found.severity,
            path: text.path.clone(),
            line: found.position.map(|position| position.line),
            message: found.message,
            mend: found.mend,
            why: Vec::new(),
        })
}
