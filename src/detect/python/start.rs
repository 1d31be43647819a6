//! Where an application is started, and which folders must be on its import path.

use super::commands::dockerfiles;
use super::paths::Paths;
use super::place::Place;
use super::service::Surroundings;
use super::syntax::{Kind, each_expression};
use crate::project::{Confidence, Evidence, Fact, RelPath};
use std::collections::BTreeSet;

/// The folder that the service must be started in.
pub(super) fn working_dir(
    around: &Surroundings<'_, '_>,
    place: &Place,
    files: &BTreeSet<RelPath>,
) -> Fact<RelPath> {
    let root = &around.package.root;
    let source = root.join("src").ok();
    let below_root = place.base.is_within(root) && place.base != *root;
    // `manage.py` is run where it lies.
    let has_manage = place
        .base
        .join("manage.py")
        .is_ok_and(|path| around.code.tree.has(&path));
    let is_source = Some(&place.base) == source.as_ref() && !has_manage;
    let (folder, because) = if below_root && !is_source {
        (
            place.base.clone(),
            "the folder that the application's imports start at",
        )
    } else {
        (root.clone(), "the folder of the manifest")
    };
    let evidence = evidence(around, place, &folder, files);
    if evidence.is_empty() {
        return Fact::guess(folder, because);
    }
    let certain = evidence.iter().any(|(_, certain)| *certain);
    Fact::new(
        folder,
        if certain {
            Confidence::Certain
        } else {
            Confidence::Likely
        },
        evidence.into_iter().map(|(at, _)| at).collect(),
    )
}

/// What speaks for `folder`, and whether it is written down there.
fn evidence(
    around: &Surroundings<'_, '_>,
    place: &Place,
    folder: &RelPath,
    files: &BTreeSet<RelPath>,
) -> Vec<(Evidence, bool)> {
    let mut found = Vec::new();
    for file in dockerfiles(around.existing, &around.package.root, around.alone) {
        if let Some(workdir) = &file.workdir {
            let path = workdir.excerpt.trim_end_matches('/');
            if !folder.is_root() && path.ends_with(folder.as_str()) {
                found.push((workdir.clone(), true));
            }
        }
    }
    let paths = Paths {
        code: around.code,
        working_dir: folder,
        roots: &place.roots,
    };
    for path in files {
        let Some(text) = around.code.tree.text(path) else {
            continue;
        };
        if !text.contains("../") {
            continue;
        }
        let Some(module) = around.code.module(path) else {
            continue;
        };
        each_expression(&module.body, &mut |expr| {
            if let Kind::Str(text) = &expr.kind
                && text.starts_with("../")
                && let Some(target) = paths.of(&module, expr)
                && around.code.tree.has_folder(&target)
            {
                found.push((module.at(expr.line), true));
            }
        });
    }
    for mention in around.mentions {
        let serves = mention.server().is_some()
            || mention.is_python()
            || matches!(mention.program(), "flask" | "celery");
        if serves && mention.folder == *folder && mention.at.file.extension() == "sh" {
            found.push((mention.at.clone(), false));
        }
    }
    found.truncate(6);
    found
}

/// Folders beside the working directory that imports are found in.
pub(super) fn import_roots(
    around: &Surroundings<'_, '_>,
    place: &Place,
    working_dir: &RelPath,
    files: &BTreeSet<RelPath>,
) -> Vec<Fact<RelPath>> {
    let starts: Vec<RelPath> = files.iter().cloned().collect();
    let mut needed = around.code.reach(&starts, &place.roots).roots;
    if place.base != *working_dir {
        let first = starts.first().cloned().unwrap_or_else(RelPath::root);
        needed.entry(place.base.clone()).or_insert((first, 0));
    }
    needed
        .into_iter()
        .filter(|(root, _)| root != working_dir)
        .map(|(root, (file, line))| {
            let import = match around.code.module(&file) {
                Some(module) if line > 0 => module.at(line),
                _ => Evidence::file(file),
            };
            let mut fact = Fact::likely(root.clone(), import);
            for at in declared(around, &root, working_dir) {
                fact.confidence = Confidence::Certain;
                fact.evidence.push(at);
            }
            fact
        })
        .collect()
}

/// Places that set PYTHONPATH to this folder.
fn declared(around: &Surroundings<'_, '_>, root: &RelPath, working_dir: &RelPath) -> Vec<Evidence> {
    let mut found = Vec::new();
    for mention in around.mentions {
        for word in &mention.words {
            let Some(value) = word.strip_prefix("PYTHONPATH=") else {
                continue;
            };
            let names = value.trim_matches('"').split(':').any(|part| {
                let part = part
                    .trim_start_matches("$(pwd)")
                    .trim_start_matches("$PWD")
                    .trim_start_matches("${PWD}")
                    .trim_start_matches('/');
                let part = if part.is_empty() { "." } else { part };
                mention.folder.join(part).is_ok_and(|path| path == *root)
                    || working_dir.join(part).is_ok_and(|path| path == *root)
            });
            if names {
                found.push(mention.at.clone());
            }
        }
    }
    for file in dockerfiles(around.existing, &around.package.root, around.alone) {
        found.extend(
            file.env
                .iter()
                .filter(|env| env.excerpt.contains("PYTHONPATH"))
                .cloned(),
        );
    }
    found
}
