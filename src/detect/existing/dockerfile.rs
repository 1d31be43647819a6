//! What a Dockerfile says about the application, by the grammar of Containerfiles.

mod image;
mod install;
#[cfg(test)]
mod tests;
mod text;

use crate::detect::{secret, shell, syntax};
use crate::project::{Built, Copied, Dockerfile, Evidence, Port, RelPath};
use image::runtime;
use install::{features, installed, listed, name_of, named, removed};
use std::collections::{BTreeMap, BTreeSet};
use text::{absolute, expand, one_line, unquoted, without_comments};
use tree_sitter::Node;

/// What one stage says, what it inherits included.
#[derive(Clone)]
struct Stage {
    name: Option<String>,
    said: Dockerfile,
    variables: BTreeMap<String, String>,
    /// What it copies from the context.
    copied: Vec<Copied>,
    /// What it takes out of other stages.
    taken: Vec<Taken>,
    /// The command lines that it runs.
    runs: Vec<String>,
}

/// What one COPY takes out of another stage.
#[derive(Clone)]
struct Taken {
    /// Name or number of the stage, or an image.
    stage: String,
    source: String,
    target: String,
    at: Evidence,
}

/// Reads the Dockerfile at `path`. What the grammar does not know is passed over.
pub(super) fn read(path: &RelPath, text: &str) -> Dockerfile {
    let Some(tree) = syntax::parse(&tree_sitter_containerfile::LANGUAGE.into(), text) else {
        return empty(path);
    };
    let mut reader = Reader {
        path,
        text,
        global: BTreeMap::new(),
        stages: Vec::new(),
    };
    for instruction in syntax::children(tree.root_node()) {
        reader.take(instruction);
    }
    // What an earlier stage installs is often copied into the last one.
    let mut listed: Vec<Evidence> = Vec::new();
    for evidence in reader.stages.iter().flat_map(|one| &one.said.requirements) {
        if !listed.contains(evidence) {
            listed.push(evidence.clone());
        }
    }
    let features = reader.stages.iter().flat_map(|one| &one.said.features);
    let features = features.cloned().collect();
    let bases = reader.stages.iter().filter_map(|one| one.said.from.clone());
    let bases = bases.collect();
    let built = built(&reader.stages);
    let Some(last) = reader.stages.pop() else {
        return empty(path);
    };
    // A stage for development may install more; only what ends in the last one counts.
    let mut installs = last.said.installs.clone();
    for stage in &reader.stages {
        let copied = stage.name.as_ref().is_some_and(|name| {
            last.taken
                .iter()
                .any(|taken| taken.stage.eq_ignore_ascii_case(name))
        });
        if copied {
            installs.extend(stage.said.installs.iter().cloned());
        }
    }
    let mut seen = BTreeSet::new();
    installs.retain(|one| seen.insert((one.line, one.excerpt.clone())));
    let assets = reader
        .stages
        .iter()
        .filter(|stage| stage.is_node())
        .flat_map(|stage| stage.said.copied.iter().cloned())
        .collect();
    Dockerfile {
        requirements: listed,
        installs,
        assets,
        built,
        features,
        bases,
        ..last.said
    }
}

impl Stage {
    fn is_node(&self) -> bool {
        let from = self.said.from.as_ref();
        from.is_some_and(|from| image::is_node(&from.excerpt))
    }
}

/// What stages on Node.js make for stages on something else.
fn built(stages: &[Stage]) -> Vec<Built> {
    let mut found: Vec<Built> = Vec::new();
    for stage in stages.iter().filter(|stage| !stage.is_node()) {
        for taken in &stage.taken {
            let called = |(number, other): &(usize, &Stage)| {
                let name = other.name.as_ref();
                name.is_some_and(|name| name.eq_ignore_ascii_case(&taken.stage))
                    || taken.stage == number.to_string()
            };
            let Some((_, maker)) = stages.iter().enumerate().find(called) else {
                continue;
            };
            // A stage on another one has that one's instructions, too.
            if maker.is_node() && !found.iter().any(|known| known.at == taken.at) {
                found.push(Built {
                    at: taken.at.clone(),
                    maker: Box::new(maker.said.clone()),
                    source: taken.source.clone(),
                    target: taken.target.clone(),
                    inside: maker.copied.clone(),
                    outside: stage.copied.clone(),
                    runs: maker.runs.clone(),
                });
            }
        }
    }
    found
}

struct Reader<'t> {
    path: &'t RelPath,
    text: &'t str,
    /// `ARG` defaults before the first FROM.
    global: BTreeMap<String, String>,
    stages: Vec<Stage>,
}

impl<'t> Reader<'t> {
    fn take(&mut self, node: Node<'t>) {
        match node.kind() {
            "from_instruction" => self.take_from(node),
            "arg_instruction" => self.take_arg(node),
            _ => {
                let Some(mut stage) = self.stages.pop() else {
                    return;
                };
                self.take_into(node, &mut stage);
                self.stages.push(stage);
            }
        }
    }

    fn take_from(&mut self, node: Node<'t>) {
        let part = |kind: &str| {
            syntax::children(node)
                .into_iter()
                .find(|child| child.kind() == kind)
                .map(|child| syntax::text(child, self.text))
        };
        let Some(image) = part("image_spec").map(|image| expand(image, &self.global)) else {
            return;
        };
        let name = part("image_alias").map(str::to_owned);
        let known = self.stages.iter().find(|stage| {
            stage
                .name
                .as_ref()
                .is_some_and(|name| name.eq_ignore_ascii_case(&image))
        });
        let stage = if let Some(base) = known {
            Stage {
                name,
                ..base.clone()
            }
        } else {
            let mut said = empty(self.path);
            said.runtime = runtime(&image);
            said.from = Some(self.evidence(node, &image));
            Stage {
                name,
                said,
                variables: BTreeMap::new(),
                copied: Vec::new(),
                taken: Vec::new(),
                runs: Vec::new(),
            }
        };
        self.stages.push(stage);
    }

    fn take_arg(&mut self, node: Node<'t>) {
        for pair in syntax::all(node, "arg_pair") {
            let Some(name) = pair.child_by_field_name("name") else {
                continue;
            };
            let name = syntax::text(name, self.text).to_owned();
            let default = syntax::text(pair, self.text)
                .split_once('=')
                .map(|(_, value)| unquoted(value));
            match self.stages.last_mut() {
                None => {
                    let value = default.map(|value| expand(&value, &self.global));
                    self.global.insert(name, value.unwrap_or_default());
                }
                Some(stage) => {
                    let value = default
                        .map(|value| expand(&value, &stage.variables))
                        .or_else(|| self.global.get(&name).cloned())
                        .unwrap_or_default();
                    stage.variables.insert(name, value);
                }
            }
        }
    }

    fn take_into(&self, node: Node<'t>, stage: &mut Stage) {
        let said = &mut stage.said;
        let variables = &mut stage.variables;
        match node.kind() {
            "run_instruction" => {
                self.run(node, said, variables);
                let lines = syntax::children(node).into_iter();
                let lines = lines.filter(|child| child.kind() == "shell_command");
                stage
                    .runs
                    .extend(lines.map(|line| without_comments(syntax::text(line, self.text))));
            }
            "expose_instruction" => {
                for port in syntax::all(node, "expose_port") {
                    let written = expand(syntax::text(port, self.text), variables);
                    let number = written.split(['/', '-']).next().unwrap_or_default();
                    if written.to_ascii_lowercase().ends_with("/udp") {
                        continue;
                    }
                    if let Some(port) = number.parse().ok().and_then(Port::new) {
                        said.exposed.push((port, self.evidence(node, &written)));
                    }
                }
            }
            "env_instruction" => {
                for pair in syntax::all(node, "env_pair") {
                    let (Some(name), value) = (
                        pair.child_by_field_name("name"),
                        pair.child_by_field_name("value"),
                    ) else {
                        continue;
                    };
                    let name = syntax::text(name, self.text);
                    let value = value.map_or("", |value| {
                        self.text
                            .get(value.start_byte()..pair.end_byte())
                            .unwrap_or_default()
                    });
                    let value = expand(&unquoted(value), variables);
                    variables.insert(name.to_owned(), value.clone());
                    if secret::secrecy(name).is_none() && !secret::url_has_password(&value) {
                        said.env
                            .push(self.evidence(pair, &format!("{name}={value}")));
                    }
                }
            }
            "workdir_instruction" => {
                let to = expand(&self.rest(node), variables);
                let before = said.workdir.as_ref().map(|known| known.excerpt.as_str());
                let to = absolute(before.unwrap_or("/"), &to);
                said.workdir = Some(self.evidence(node, &to));
            }
            "volume_instruction" => {
                let array = syntax::all(node, "json_string_array");
                let named: Vec<String> = match array.first() {
                    Some(array) => self.strings(*array),
                    None => self
                        .rest(node)
                        .split_whitespace()
                        .map(str::to_owned)
                        .collect(),
                };
                let before = said.workdir.as_ref().map(|known| known.excerpt.as_str());
                for folder in named {
                    let folder = absolute(before.unwrap_or("/"), &expand(&folder, variables));
                    said.volumes.push(self.evidence(node, &folder));
                }
            }
            "user_instruction" => {
                said.user = Some(self.evidence(node, &expand(&self.rest(node), variables)));
            }
            "healthcheck_instruction" => {
                said.healthcheck = syntax::all(node, "cmd_instruction")
                    .first()
                    .and_then(|cmd| self.command(*cmd))
                    .map(|command| self.evidence(node, &command));
            }
            "entrypoint_instruction" => {
                said.entrypoint = self
                    .command(node)
                    .map(|command| self.evidence(node, &command));
                // A new ENTRYPOINT resets the CMD of the base image, not one of this file's
                // stages that stands above it: the build keeps whichever CMD comes last.
            }
            "cmd_instruction" => {
                said.cmd = self
                    .command(node)
                    .map(|command| self.evidence(node, &command));
            }
            "copy_instruction" | "add_instruction" => self.copy(node, stage),
            _ => {}
        }
    }

    fn evidence(&self, node: Node<'_>, excerpt: &str) -> Evidence {
        Evidence::new(self.path.clone(), syntax::line(node), excerpt)
    }

    /// What stands behind the instruction's keyword.
    fn rest(&self, node: Node<'_>) -> String {
        let text = one_line(syntax::text(node, self.text));
        let rest = text
            .split_once(char::is_whitespace)
            .map_or("", |(_, rest)| rest);
        unquoted(rest.trim())
    }

    /// The command of CMD, ENTRYPOINT or HEALTHCHECK as a shell would read it.
    fn command(&self, node: Node<'_>) -> Option<String> {
        let command = syntax::children(node)
            .into_iter()
            .find_map(|child| match child.kind() {
                "json_string_array" => Some(shell::join(&self.strings(child))),
                "shell_command" => Some(one_line(syntax::text(child, self.text))),
                _ => None,
            })?;
        Some(secret::redacted(&command))
    }

    fn strings(&self, array: Node<'_>) -> Vec<String> {
        serde_json::from_str(&one_line(syntax::text(array, self.text))).unwrap_or_default()
    }

    /// What a RUN installs, and the features that it builds with.
    fn run(&self, run: Node<'_>, said: &mut Dockerfile, variables: &BTreeMap<String, String>) {
        for child in syntax::children(run) {
            let (text, first) = match child.kind() {
                "shell_command" => (
                    without_comments(syntax::text(child, self.text)),
                    syntax::line(child),
                ),
                "json_string_array" => (shell::join(&self.strings(child)), syntax::line(child)),
                "heredoc_block" => {
                    let content = syntax::all(child, "heredoc_content");
                    let Some(content) = content.first() else {
                        continue;
                    };
                    (
                        syntax::text(*content, self.text).to_owned(),
                        syntax::line(*content),
                    )
                }
                _ => continue,
            };
            // What comes from another archive than the base image's is not in the base image's.
            let foreign =
                text.contains("/etc/apt/sources.list.d") || text.contains("add-apt-repository");
            for command in shell::commands(&text) {
                let evidence = |word: &shell::Word, excerpt: &str| {
                    Evidence::new(self.path.clone(), first + word.line - 1, excerpt)
                };
                // What only the build needed is taken out again.
                let gone: Vec<&str> = removed(&command).map(|word| name_of(&word.text)).collect();
                said.system_packages
                    .retain(|package| !gone.contains(&package.excerpt.as_str()));
                if !foreign {
                    let names = installed(&command).map(|word| evidence(word, name_of(&word.text)));
                    said.system_packages.extend(names);
                }
                said.requirements
                    .extend(listed(&command).map(|word| evidence(word, &word.text)));
                said.installs
                    .extend(named(&command).map(|word| evidence(word, &word.text)));
                said.features.extend(
                    features(&command)
                        .map(|word| evidence(word, &expand(&word.text, variables)))
                        .filter(|at| !at.excerpt.trim().is_empty()),
                );
            }
        }
    }

    /// The stage or image that COPY takes from.
    fn stage_of(&self, node: Node<'_>) -> Option<&'t str> {
        syntax::children(node)
            .into_iter()
            .filter(|child| child.kind() == "param")
            .find_map(|child| syntax::text(child, self.text).strip_prefix("--from="))
    }

    /// Takes a COPY or ADD from the build context or from another stage.
    fn copy(&self, node: Node<'_>, stage: &mut Stage) {
        let children = syntax::children(node);
        let mut paths: Vec<String> = match children
            .iter()
            .find(|child| child.kind() == "json_string_array")
        {
            Some(array) => self.strings(*array),
            None => children
                .iter()
                .filter(|child| child.kind() == "path")
                .map(|path| syntax::text(*path, self.text).to_owned())
                .collect(),
        };
        let Some(target) = paths.pop() else {
            return;
        };
        let here = stage.said.workdir.as_ref();
        let here = here.map_or("/", |known| known.excerpt.as_str()).to_owned();
        let target = absolute(&here, &expand(&target, &stage.variables));
        let from = self.stage_of(node);
        for path in paths {
            if path.contains("://") || path.starts_with("<<") {
                continue;
            }
            let at = self.evidence(node, &path);
            if let Some(from) = from {
                stage.taken.push(Taken {
                    stage: from.to_owned(),
                    source: absolute("/", &expand(&path, &stage.variables)),
                    target: target.clone(),
                    at,
                });
            } else {
                stage.copied.push(Copied {
                    source: at.clone(),
                    target: target.clone(),
                });
                stage.said.copied.push(at);
            }
        }
    }
}

fn empty(path: &RelPath) -> Dockerfile {
    Dockerfile {
        path: path.clone(),
        from: None,
        runtime: None,
        system_packages: Vec::new(),
        exposed: Vec::new(),
        workdir: None,
        env: Vec::new(),
        user: None,
        volumes: Vec::new(),
        healthcheck: None,
        entrypoint: None,
        cmd: None,
        requirements: Vec::new(),
        installs: Vec::new(),
        assets: Vec::new(),
        built: Vec::new(),
        features: Vec::new(),
        bases: Vec::new(),
        copied: Vec::new(),
    }
}
