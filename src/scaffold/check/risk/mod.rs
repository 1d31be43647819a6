//! Risks that came in by hand: each file is compared with what it was generated as. Of the user's
//! own files only what is a risk by itself is said.

mod compose;
mod dev_container;
mod dockerfile;
mod workflow;

use super::image::{self, Image};
use super::text::{Format, Text};
use super::validity::{file, looked, name};
use super::{Finding, Kind};
use crate::detect::structured::{Node, parse_jsonc, parse_yaml};
use crate::hooks::check::Options;
use std::collections::BTreeSet;

pub(super) use workflow::Action;

/// What is known of all generated files together.
pub(super) struct Known {
    /// Services of generated Compose files, as they were generated.
    services: Vec<compose::Service>,
}

impl Known {
    pub(super) fn of(texts: &[Text]) -> Self {
        // Only a file that was edited is compared with it.
        let is_edited = |text: &&Text| text.edited && text.format == Format::Compose;
        if !texts.iter().any(|text| is_edited(&text)) {
            return Self {
                services: Vec::new(),
            };
        }
        let generated = texts.iter().filter(|text| text.format == Format::Compose);
        let nodes = generated.filter_map(|text| parse_yaml(text.pristine?).ok()?);
        Self {
            services: nodes.flat_map(|node| compose::services(&node)).collect(),
        }
    }
}

/// What a file names of others.
#[derive(Default)]
pub(super) struct Read {
    pub images: Vec<Image>,
    pub actions: Vec<Action>,
    /// Features of a dev container, as images.
    pub features: Vec<Image>,
}

impl Read {
    pub(super) fn of(format: Format, text: &str) -> Self {
        match format {
            Format::Dockerfile => Self {
                images: dockerfile::Read::of(text).map_or_else(Vec::new, |read| read.images),
                ..Self::default()
            },
            Format::Other => Self::default(),
            Format::Compose | Format::Workflow | Format::DevContainer => node(format, text)
                .map_or_else(Self::default, |node| Self::of_node(format, text, &node)),
        }
    }

    fn of_node(format: Format, text: &str, node: &Node) -> Self {
        match format {
            Format::Compose => Self {
                images: compose::images(node),
                ..Self::default()
            },
            Format::Workflow => Self {
                images: workflow::images(node),
                actions: workflow::actions(node, text),
                ..Self::default()
            },
            Format::DevContainer => Self {
                images: dev_container::images(node),
                features: dev_container::features(node),
                ..Self::default()
            },
            Format::Dockerfile | Format::Other => Self::default(),
        }
    }
}

/// None for what does not parse: that is said elsewhere.
fn node(format: Format, text: &str) -> Option<Node> {
    match format {
        Format::DevContainer => parse_jsonc(text).ok()?,
        _ => parse_yaml(text).ok()?,
    }
}

pub(super) fn findings(text: &Text, known: &Known, secrets: &Options) -> Vec<Finding> {
    if !text.edited {
        return Vec::new();
    }
    let mut findings = pasted(text, secrets);
    if text.format == Format::Dockerfile {
        findings.extend(dockerfile::findings(text));
        return findings;
    }
    let Some(now) = node(text.format, &text.text).filter(|_| text.format != Format::Other) else {
        return findings;
    };
    let before = (text.pristine).and_then(|text_before| node(text.format, text_before));
    let read = Read::of_node(text.format, &text.text, &now);
    let read_before = before.as_ref().map(|node| {
        let pristine = text.pristine.unwrap_or_default();
        Read::of_node(text.format, pristine, node)
    });
    let images = read_before.as_ref().map(|read| read.images.as_slice());
    findings.extend(image::floating(text, &read.images, images));
    findings.extend(match text.format {
        Format::Compose => compose::findings(text, &now, before.as_ref(), known),
        Format::Workflow => {
            let actions = read_before.as_ref().map(|read| read.actions.as_slice());
            let mut found = workflow::unpinned(text, &read.actions, actions);
            found.extend(workflow::permissions(text, &now, before.as_ref()));
            found
        }
        Format::DevContainer => dev_container::findings(text, &now, before.as_ref()),
        Format::Dockerfile | Format::Other => Vec::new(),
    });
    findings
}

/// Secrets in lines that were not generated.
fn pasted(text: &Text, options: &Options) -> Vec<Finding> {
    let generated: BTreeSet<&str> = text.pristine.unwrap_or_default().lines().collect();
    let lines: Vec<&str> = text.text.lines().collect();
    let is_generated = |finding: &Finding| {
        let line = finding
            .line
            .and_then(|line| lines.get(line.checked_sub(1)?));
        line.is_some_and(|line| generated.contains(line))
    };
    let name = name(text);
    let file = file(text, &name);
    looked(
        text,
        &file,
        &["secrets", "private-keys"],
        options,
        Kind::Risk,
    )
    .filter(|finding| !is_generated(finding))
    .collect()
}

/// Whether a user is root, by name or number; a group may stand behind it.
fn is_root(user: &str) -> bool {
    matches!(
        user.split(':').next().unwrap_or_default().trim(),
        "root" | "0"
    )
}
