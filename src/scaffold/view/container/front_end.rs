//! The stages that build the front ends which a service of another language hands out.

use super::super::Input;
use super::{base, copies, copy, in_image, node, outermost};
use crate::project::{RelPath, Service};
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Debug, Serialize)]
pub(in super::super) struct Stage {
    /// The folder of its package.json, for people.
    pub(in super::super) folder: String,
    /// `in ui`, `at the root`.
    pub(in super::super) place: String,
    /// The argument that names its base, and what that is by default.
    argument: String,
    base: String,
    base_comment: Vec<String>,
    node: node::Node,
    /// Arguments of COPY for what the build reads.
    sources: Vec<String>,
    /// Arguments of COPY for what the build makes.
    outputs: Vec<String>,
}

impl Stage {
    pub(in super::super) fn name(&self) -> &str {
        &self.node.stage
    }
}

/// The stages for `services`, which share an image.
pub(super) fn stages(input: &Input, services: &[&Service]) -> Vec<Stage> {
    let all: Vec<_> = services.iter().flat_map(|one| &one.front_ends).collect();
    let mut stages = Vec::new();
    for (index, front_end) in all.iter().enumerate() {
        let package = &front_end.package;
        let number = if index == 0 {
            String::new()
        } else {
            format!("-{}", index + 1)
        };
        let name = format!("front-end{number}");
        let argument = format!("NODE_BASE{}", number.replace('-', "_"));
        let chosen = base::node(input, package);
        let mut node = node::image(input, &[package]);
        node.from = format!("${{{argument}}}");
        node.stage.clone_from(&name);
        let made = || front_end.outputs.iter().map(|fact| &fact.value);
        let read = outermost(package.sources.iter());
        let is_read = |path: &RelPath| read.iter().any(|source| path.is_within(source));
        let emptied = made().filter(|one| one.shared && is_read(&one.from));
        let emptied: Vec<RelPath> = emptied.map(|one| one.from.clone()).collect();
        let folders = made().map(|one| match one.from.extension() {
            "" => one.from.clone(),
            _ => one.from.parent(),
        });
        let folders = folders.filter(|folder| emptied.contains(folder) || !is_read(folder));
        let folders: BTreeSet<RelPath> = folders.collect();
        node.folders = folders.iter().map(in_image).collect();
        node.emptied = emptied.iter().map(in_image).collect();
        stages.push(Stage {
            folder: package.root.to_string(),
            place: if package.root.is_root() {
                "at the root".to_owned()
            } else {
                format!("in {}", package.root)
            },
            argument,
            base: chosen.reference,
            base_comment: chosen.comment,
            node,
            sources: copies(read.iter()),
            outputs: made()
                .map(|one| {
                    let paths = copy(&[in_image(&one.from)], &in_image(&one.to));
                    format!("--from={name} {paths}")
                })
                .collect(),
        });
    }
    stages
}
