//! Which files one hook of pre-commit looks at.

use super::super::{Taken, glob};
use super::{Defaults, Entry, text};
use crate::hooks::draft::When;
use crate::hooks::import::known::Known;
use crate::hooks::import::node::texts;

/// Which files it looks at; None where that cannot be said.
pub(super) fn conditions(
    taken: &mut Taken<'_>,
    entry: &Entry<'_>,
    known: Option<&Known>,
    defaults: &Defaults,
) -> Option<When> {
    let mut when = When::default();
    for key in ["files", "exclude"] {
        if entry
            .node
            .get(key)
            .is_some_and(|node| node.text().is_none())
        {
            taken.left(
                entry.id.clone(),
                entry.place.clone(),
                format!("its {key} are no expression; write them as globs"),
            );
            return None;
        }
    }
    let own = text(entry.node, "files");
    if own.is_some() && defaults.files.is_some() {
        taken.note(format!(
            "{}: {} looks at its own files, whatever the files of the whole configuration.",
            entry.place, entry.id
        ));
    }
    match own.as_ref().or(defaults.files.as_ref()) {
        Some(expression) => match taken.globs(expression) {
            Ok(globs) if globs == ["*"] => {}
            Ok(globs) if globs.is_empty() => {
                taken.left(
                    entry.id.clone(),
                    entry.place.clone(),
                    format!("its files are {expression}, which is no file"),
                );
                return None;
            }
            Ok(globs) => when.files = globs,
            Err(why) => {
                taken.left(
                    entry.id.clone(),
                    entry.place.clone(),
                    format!("its files are {expression}, and {why}; write them as globs"),
                );
                return None;
            }
        },
        None => {
            if let Some(known) = known {
                if known.needs_files {
                    taken.note(format!(
                        "{}: {} names no files and looks at none.",
                        entry.place, entry.id
                    ));
                    return None;
                }
                when.files.clone_from(&known.files);
            }
        }
    }
    if let Some(expression) = text(entry.node, "exclude")
        && expression != "^$"
    {
        match taken.globs(&expression) {
            Ok(globs) => when.exclude = globs,
            Err(why) => {
                taken.left(
                    entry.id.clone(),
                    entry.place.clone(),
                    format!("it leaves out {expression}, and {why}; write that as globs"),
                );
                return None;
            }
        }
    }
    if !types(taken, entry, known, &mut when) {
        return None;
    }
    Some(when)
}

/// Puts the types in; false where they cannot be said.
fn types(taken: &mut Taken<'_>, entry: &Entry<'_>, known: Option<&Known>, when: &mut When) -> bool {
    let all = texts(entry.node.get("types"));
    let any = texts(entry.node.get("types_or"));
    let is_language = |tag: &&String| {
        !file_identify::tags::is_type_tag(tag)
            && !file_identify::tags::is_mode_tag(tag)
            && !file_identify::tags::is_encoding_tag(tag)
    };
    let languages = all.iter().filter(is_language).count();
    if languages > 1 || (languages == 1 && any.iter().any(|tag| is_language(&tag))) {
        taken.left(
            entry.id.clone(),
            entry.place.clone(),
            format!(
                "a file has to be of several types at once: {}",
                all.join(", ")
            ),
        );
        return false;
    }
    if let Some(known) = known
        && all.is_empty()
        && any.is_empty()
    {
        when.types.clone_from(&known.types);
    } else {
        // Every file is one.
        when.types = all
            .into_iter()
            .chain(any)
            .filter(|tag| tag != "file")
            .collect();
    }
    for tag in texts(entry.node.get("exclude_types")) {
        match glob::of_type(&tag) {
            Some(globs) => when.exclude.extend(globs),
            None => taken.note(format!(
                "{}: {} left out files of the type {tag}, for which there are no globs.",
                entry.place, entry.id
            )),
        }
    }
    true
}
