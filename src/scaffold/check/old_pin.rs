//! Pins: an edited file names a version that is older than the one that shipway was built with.
//!
//! What nobody edited follows an update. Of a digest or a commit without its version nobody can
//! say how old it is.

use super::image::Reference;
use super::text::Text;
use super::{Finding, risk, rule};
use crate::scaffold::pins::Pins;
use pep440_rs::Version;
use regex::Regex;
use std::str::FromStr;
use std::sync::LazyLock;

/// A requirement of pip with its exact version. None only where the pattern is broken, which a
/// test rules out.
static REQUIREMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\b([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[\w,-]*\])?==([0-9][\w.]*)").ok()
});

pub(super) fn findings(text: &Text, pins: &Pins) -> Vec<Finding> {
    let Some(pristine) = text.pristine.filter(|_| text.edited) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    // What is generated so is what the project asks for.
    let mut say = |line: usize, old: &str, written: &str, new: &str| {
        if pristine.contains(written) {
            return;
        }
        // The digest and the commit stand in what to write.
        let short = |text: &'_ str| text.split('@').next().unwrap_or_default().to_owned();
        let (was, is) = (short(old), short(new));
        let message = if was == is {
            format!("{was} is older than the one that this shipway knows")
        } else {
            format!("{was} is older than {is}, which this shipway knows")
        };
        let mend = format!("write {new}");
        findings.extend(text.finding(rule::OLD_PIN, line, message, mend));
    };
    let read = risk::Read::of(text.format, &text.text);
    for image in &read.images {
        if let Some(new) = newer_image(&image.reference, pins) {
            say(image.line, &image.reference, &image.reference, &new);
        }
    }
    for action in &read.actions {
        let Some(known) = pins.action(&action.name) else {
            continue;
        };
        let said = action.version.as_deref().unwrap_or(&action.reference);
        if action.reference != known.sha && is_older(said, &known.version) {
            let old = format!("{} of {said}", action.name);
            let new = format!("{}@{} # {}", action.name, known.sha, known.version);
            say(action.line, &old, &action.reference, &new);
        }
    }
    for feature in &read.features {
        let reference = Reference::of(&feature.reference);
        let last = reference.name.rsplit('/').next().unwrap_or_default();
        let Some(known) = pins.devcontainer_feature(last) else {
            continue;
        };
        if known.id == reference.name && is_older(reference.tag.unwrap_or_default(), &known.version)
        {
            let (line, old) = (feature.line, &feature.reference);
            say(line, old, old, &known.reference());
        }
    }
    for (line, content) in text.text.lines().enumerate() {
        let Some(pattern) = REQUIREMENT.as_ref() else {
            break;
        };
        for found in pattern.captures_iter(content) {
            let (name, version) = (&found[1], &found[2]);
            let Some(known) = pins.tool(name) else {
                continue;
            };
            let parsed = (Version::from_str(version), Version::from_str(known));
            if let (Ok(old), Ok(new)) = parsed
                && old < new
            {
                let (old, new) = (format!("{name}=={version}"), format!("{name}=={known}"));
                say(line + 1, &old, &old, &new);
            }
        }
    }
    findings
}

/// The reference of the same image in the same series, where that is newer.
fn newer_image(reference: &str, pins: &Pins) -> Option<String> {
    let now = Reference::of(reference);
    let (version, variant) = split(now.tag?);
    let known: Vec<_> = pins
        .images()
        .values()
        .filter(|image| Reference::of(&image.name).name == now.name)
        .filter_map(|image| {
            let (other, other_variant) = split(&image.tag);
            let same = other_variant == variant && other.len() == version.len();
            same.then_some((other, image))
        })
        .collect();
    let shared = |other: &[u64]| {
        let pairs = other.iter().zip(&version);
        pairs.take_while(|(a, b)| a == b).count()
    };
    let most = known.iter().map(|(other, _)| shared(other)).max()?;
    let mut series = known.iter().filter(|(other, _)| shared(other) == most);
    // Where several share as much, none of them is of its series.
    let (newest, image) = series.next()?;
    let is_only = most > 0 && series.all(|(other, _)| other == newest);
    (is_only && version < *newest).then(|| image.reference())
}

/// The numbers at the start of a tag, and what is behind them.
fn split(tag: &str) -> (Vec<u64>, &str) {
    let end = tag
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(tag.len());
    let numbers = tag[..end].split('.').filter_map(|part| part.parse().ok());
    (numbers.collect(), &tag[end..])
}

/// Whether `v4`, or `4.1.0`, is older than `known`, as far as both say it.
fn is_older(version: &str, known: &str) -> bool {
    let numbers = |text: &str| split(text.trim().trim_start_matches('v')).0;
    let (version, known) = (numbers(version), numbers(known));
    let length = version.len().min(known.len());
    length > 0 && version[..length] < known[..length]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_compared_within_its_series() {
        let pins = Pins::builtin().unwrap();
        let newest = |key: &str| Some(pins.image(key).unwrap().reference());
        let cases = [
            ("python:3.12.1-slim-trixie", newest("python-3.12-slim")),
            (
                "docker.io/library/node:22.1.0-bookworm-slim@sha256:0",
                newest("node-22-slim"),
            ),
            ("postgres:17.1-alpine", newest("postgres-17")),
            // Newer, of another variant, of a series that is not known, of no version.
            ("python:3.12.99-slim-trixie", None),
            ("python:3.12.1-bullseye", None),
            ("node:20.1.0-bookworm-slim", None),
            ("postgres:12.1-alpine", None),
            ("python", None),
            ("python:latest", None),
        ];
        for (reference, expected) in cases {
            assert_eq!(newer_image(reference, &pins), expected, "{reference}");
        }
        let current = newest("python-3.12-slim").unwrap();
        assert_eq!(newer_image(&current, &pins), None);
    }

    #[test]
    fn versions_are_compared_as_far_as_both_say_them() {
        assert!(is_older("v4", "v7.0.1") && is_older("v7.0.0", "v7.0.1"));
        assert!(!is_older("v7", "v7.0.1") && !is_older("v8.0.0", "v7.0.1"));
        assert!(!is_older("main", "v7.0.1") && !is_older("", "v7.0.1"));
        assert!(REQUIREMENT.is_some());
    }
}
