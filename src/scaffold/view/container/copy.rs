//! What an image is told to copy, and where that lies in it.

use super::APP;
use crate::project::{RelPath, Service};
use std::collections::{BTreeMap, BTreeSet};

/// Absolute place of `path` in the image.
pub(in super::super) fn in_image(path: &RelPath) -> String {
    if path.is_root() {
        APP.to_owned()
    } else {
        format!("{APP}/{path}")
    }
}

/// Arguments of COPY for each source, outermost only.
pub(super) fn copies<'a>(sources: impl Iterator<Item = &'a RelPath>) -> Vec<String> {
    outermost(sources)
        .iter()
        .map(|path| copy(&[path.to_string()], &in_image(path)))
        .collect()
}

/// Sorted, without what lies in another of them.
pub(in super::super) fn outermost<'a>(paths: impl Iterator<Item = &'a RelPath>) -> Vec<RelPath> {
    let mut paths: Vec<RelPath> = paths.cloned().collect();
    paths.sort();
    paths.dedup();
    let all = paths.clone();
    paths.retain(|path| {
        !all.iter()
            .any(|other| other != path && path.is_within(other))
    });
    paths
}

/// One line for each folder with what an installation reads: the manifest, what it includes and the
/// lock, where `wanted`.
pub(super) fn copy_manifests(service: &Service, wanted: impl Fn(&RelPath) -> bool) -> Vec<String> {
    let files: BTreeSet<RelPath> = service
        .manifest
        .iter()
        .chain(&service.lock)
        .map(|fact| fact.value.clone())
        .chain(service.manifest_includes.iter().cloned())
        .filter(|file| wanted(file))
        .collect();
    let mut folders: BTreeMap<RelPath, Vec<String>> = BTreeMap::new();
    for file in files {
        let here = folders.entry(file.parent()).or_default();
        here.push(file.to_string());
    }
    folders
        .iter()
        .map(|(folder, here)| copy(here, &format!("{}/", in_image(folder))))
        .collect()
}

/// Arguments of COPY, in the JSON form where a name needs it.
pub(super) fn copy(sources: &[String], target: &str) -> String {
    let words: Vec<&str> = sources.iter().map(String::as_str).chain([target]).collect();
    if words
        .iter()
        .any(|word| word.contains([' ', '"', '$', '\\']))
    {
        return serde_json::to_string(&words).unwrap_or_default();
    }
    words.join(" ")
}
