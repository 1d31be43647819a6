//! What a Dockerfile says about the application, by the grammar of Containerfiles.

use crate::detect::{secret, shell, syntax};
use crate::project::{Dockerfile, Evidence, Port, RelPath};
use std::collections::BTreeMap;
use tree_sitter::Node;

/// Images that are a language's runtime, by the last part of their name.
const RUNTIMES: &[(&str, &str)] = &[
    ("python", "python"),
    ("node", "node"),
    ("golang", "go"),
    ("ruby", "ruby"),
    ("php", "php"),
    ("rust", "rust"),
    ("openjdk", "java"),
    ("eclipse-temurin", "java"),
];

/// Options of `apt-get` and `apk` that take the next word.
const WITH_VALUE: &[&str] = &[
    "-t",
    "-o",
    "-c",
    "--virtual",
    "--repository",
    "-X",
    "--target-release",
    "--option",
];

/// What one stage says, what it inherits included.
#[derive(Clone)]
struct Stage {
    name: Option<String>,
    said: Dockerfile,
    variables: BTreeMap<String, String>,
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
    reader.stages.pop().map_or_else(
        || empty(path),
        |stage| Dockerfile {
            requirements: listed,
            ..stage.said
        },
    )
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
            "run_instruction" => self.run(node, said),
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
            "copy_instruction" | "add_instruction" => said.copied.extend(self.sources(node)),
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

    /// What a RUN installs.
    fn run(&self, run: Node<'_>, said: &mut Dockerfile) {
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
                if !foreign {
                    let names = installed(&command).map(|word| evidence(word, name_of(&word.text)));
                    said.system_packages.extend(names);
                }
                said.requirements
                    .extend(listed(&command).map(|word| evidence(word, &word.text)));
            }
        }
    }

    /// Sources of COPY or ADD that come from the build context.
    fn sources(&self, node: Node<'_>) -> Vec<Evidence> {
        let children = syntax::children(node);
        let elsewhere = children.iter().any(|child| {
            child.kind() == "param" && syntax::text(*child, self.text).starts_with("--from=")
        });
        if elsewhere {
            return Vec::new();
        }
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
        paths.pop();
        paths
            .into_iter()
            .filter(|path| !path.contains("://") && !path.starts_with("<<"))
            .map(|path| self.evidence(node, &path))
            .collect()
    }
}

/// The packages that `apt-get install` and `apk add` name.
fn installed(command: &shell::Command) -> impl Iterator<Item = &shell::Word> {
    let installs = match command.program() {
        "apt-get" | "apt" | "aptitude" => command.has("install"),
        "apk" => command.has("add"),
        _ => false,
    };
    let mut takes_next = false;
    command
        .words
        .iter()
        .filter(move |_| installs)
        .skip_while(|word| word.text != "install" && word.text != "add")
        .skip(1)
        .filter(move |word| {
            let is_value =
                std::mem::replace(&mut takes_next, WITH_VALUE.contains(&word.text.as_str()));
            !is_value && is_package(name_of(&word.text))
        })
}

/// Whether it may be the name of a package, by the policy of Debian and of Alpine.
fn is_package(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-._:".contains(c))
}

/// `libpq5` of `libpq5=15.*`.
fn name_of(package: &str) -> &str {
    package
        .split(['=', '<', '>', '~'])
        .next()
        .unwrap_or_default()
}

/// The files that `pip install -r` names.
fn listed(command: &shell::Command) -> impl Iterator<Item = &shell::Word> {
    let installs = command.words.iter().any(|word| {
        let program = word.text.rsplit('/').next().unwrap_or_default();
        program.starts_with("pip") || program == "uv"
    }) && command.has("install");
    let mut takes_next = false;
    command
        .words
        .iter()
        .filter(move |_| installs)
        .filter(move |word| {
            let is_option = matches!(
                word.text.as_str(),
                "-r" | "--requirement" | "--requirements"
            );
            std::mem::replace(&mut takes_next, is_option)
        })
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
        healthcheck: None,
        entrypoint: None,
        cmd: None,
        requirements: Vec::new(),
        copied: Vec::new(),
    }
}

/// `python` and `3.10` of `docker.io/library/python:3.10-slim@sha256:…`; also where a tag
/// names the runtime, as in `uv:python3.12-bookworm`.
fn runtime(image: &str) -> Option<(String, String)> {
    let image = image.split('@').next()?;
    let last = image.rsplit('/').next()?;
    let (name, tag) = last.split_once(':').unwrap_or((last, ""));
    let named = RUNTIMES
        .iter()
        .find(|(image, _)| *image == name)
        .and_then(|(_, runtime)| Some((*runtime, version(tag)?)));
    let tagged = || {
        RUNTIMES.iter().find_map(|(_, runtime)| {
            let at = tag.find(runtime)?;
            Some((
                *runtime,
                version(tag[at + runtime.len()..].trim_start_matches('-'))?,
            ))
        })
    };
    named
        .or_else(tagged)
        .map(|(runtime, version)| (runtime.to_owned(), version))
}

/// The leading `digits.digits…` of a tag.
fn version(tag: &str) -> Option<String> {
    let end = tag
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(tag.len());
    let version = tag[..end].trim_end_matches('.');
    (!version.is_empty()).then(|| version.to_owned())
}

/// Replaces `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}` as a build does;
/// an unknown name becomes nothing.
fn expand(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(body) = after.strip_prefix('{') {
            let Some(end) = closing(body) else {
                out.push_str(&rest[at..]);
                return out;
            };
            let inner = &body[..end];
            let name_end = name_length(inner);
            let (name, modifier) = inner.split_at(name_end);
            let value = variables.get(name).filter(|value| !value.is_empty());
            let word = modifier.trim_start_matches(':');
            match (word.chars().next(), value) {
                (Some('-'), None) | (Some('+'), Some(_)) => {
                    out.push_str(&expand(&word[1..], variables));
                }
                (Some('+'), None) => {}
                (_, value) => out.push_str(value.map_or("", String::as_str)),
            }
            rest = &body[end + 1..];
        } else {
            let end = name_length(after);
            if end == 0 {
                out.push('$');
            } else if let Some(value) = variables.get(&after[..end]) {
                out.push_str(value);
            }
            rest = &after[end..];
        }
    }
    out + rest
}

fn closing(body: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in body.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn name_length(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len())
}

fn absolute(folder: &str, path: &str) -> String {
    if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{}/{path}", folder.trim_end_matches('/'))
    }
}

fn unquoted(text: &str) -> String {
    text.trim().replace(['"', '\''], "")
}

/// An instruction over several lines as one, its comment lines left out.
fn one_line(text: &str) -> String {
    without_comments(text)
        .replace("\\\r\n", " ")
        .replace("\\\n", " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Comment and empty lines between continued lines vanish in a build; here they become bare
/// continuations, so that line numbers stay.
fn without_comments(text: &str) -> String {
    let mut lines = text.lines().enumerate().peekable();
    let mut out = String::new();
    while let Some((number, line)) = lines.next() {
        let bare = line.trim();
        if number > 0 && lines.peek().is_some() && (bare.is_empty() || bare.starts_with('#')) {
            out.push('\\');
        } else {
            out.push_str(&without_inline_comments(line.trim_end_matches('\r')));
        }
        if lines.peek().is_some() {
            out.push('\n');
        }
    }
    out
}

/// A line without `` `# a comment` ``, as some write between the lines of one command.
fn without_inline_comments(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("`#") {
        out.push_str(before);
        let Some((_, behind)) = after.split_once('`') else {
            out.push_str("`#");
            rest = after;
            continue;
        };
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_between_backticks_is_no_package() {
        let said = parsed(
            "FROM debian:12\n\
             RUN apt-get update && apt-get install -y \\\n\
             \x20 libpq5 \\\n\
             \x20 `# needed by the parser` \\\n\
             \x20 libxslt1.1 \\\n\
             \x20 && apt-get clean\n",
        );
        let names: Vec<&str> = said
            .system_packages
            .iter()
            .map(|package| package.excerpt.as_str())
            .collect();
        assert_eq!(names, ["libpq5", "libxslt1.1"]);
    }

    fn parsed(text: &str) -> Dockerfile {
        read(&RelPath::parse("Dockerfile").unwrap(), text)
    }

    fn shown(evidence: Option<&Evidence>) -> Option<(usize, &str)> {
        evidence.map(|evidence| (evidence.line, evidence.excerpt.as_str()))
    }

    #[test]
    fn packages_of_another_archive_are_none_of_the_base_image() {
        let said = parsed(
            "FROM debian:12\n\
             RUN apt-get update && apt-get install -y xmlsec1\n\
             RUN curl https://archive.example/list > /etc/apt/sources.list.d/other.list \\\n\
             \x20 && apt-get update && apt-get install -y vendor-driver\n",
        );
        let names: Vec<&str> = said
            .system_packages
            .iter()
            .map(|package| package.excerpt.as_str())
            .collect();
        assert_eq!(names, ["xmlsec1"]);
    }

    #[test]
    fn reads_what_the_last_stage_says() {
        let said = parsed(
            "FROM python:3.11-slim\n\
             RUN apt-get update && apt-get install -y gcc \\\n\
             # for the driver\n\
             \x20 libpq-dev=15.* curl\n\
             COPY --chown=1:1 backend/ frontend/ /app/\n\
             WORKDIR /app\n\
             WORKDIR backend\n\
             ENV PYTHONPATH=/app SECRET_KEY=x\n\
             EXPOSE 5000/tcp 53/udp\n\
             USER 10001:10001\n\
             HEALTHCHECK --interval=30s CMD curl -f http://localhost:5000/ || exit 1\n\
             ENTRYPOINT [\"/app/entry.sh\"]\n\
             CMD [\"flask\", \"run\", \"--host\", \"0.0.0.0\"]\n",
        );
        assert_eq!(shown(said.from.as_ref()), Some((1, "python:3.11-slim")));
        assert_eq!(said.runtime, Some(("python".into(), "3.11".into())));
        let packages: Vec<_> = said
            .system_packages
            .iter()
            .map(|package| (package.line, package.excerpt.as_str()))
            .collect();
        assert_eq!(packages, [(2, "gcc"), (4, "libpq-dev"), (4, "curl")]);
        let copied: Vec<_> = said
            .copied
            .iter()
            .map(|path| path.excerpt.as_str())
            .collect();
        assert_eq!(copied, ["backend/", "frontend/"]);
        assert_eq!(shown(said.workdir.as_ref()), Some((7, "/app/backend")));
        assert_eq!(
            said.env.len(),
            1,
            "a secret's name is left out with its value"
        );
        assert_eq!(shown(said.env.first()), Some((8, "PYTHONPATH=/app")));
        assert_eq!(said.exposed.len(), 1);
        assert_eq!(said.exposed[0].0.get(), 5000);
        assert_eq!(shown(said.user.as_ref()), Some((10, "10001:10001")));
        assert_eq!(
            shown(said.healthcheck.as_ref()),
            Some((11, "curl -f http://localhost:5000/ || exit 1"))
        );
        assert_eq!(shown(said.entrypoint.as_ref()), Some((12, "/app/entry.sh")));
        assert_eq!(
            shown(said.cmd.as_ref()),
            Some((13, "flask run --host 0.0.0.0"))
        );
    }

    #[test]
    fn follows_stages_and_argument_defaults() {
        let said = parsed(
            "ARG VERSION=3.12\n\
             ARG BASE=docker.io/library/python:${VERSION}-slim\n\
             FROM $BASE AS base\n\
             WORKDIR /srv\n\
             FROM node:22 AS assets\n\
             RUN npm run build\n\
             FROM base\n\
             COPY --from=assets /dist /srv/dist\n\
             ARG PORT=8000\n\
             EXPOSE ${PORT}\n\
             CMD gunicorn app:app\n",
        );
        assert_eq!(
            shown(said.from.as_ref()),
            Some((3, "docker.io/library/python:3.12-slim"))
        );
        assert_eq!(said.runtime, Some(("python".into(), "3.12".into())));
        assert_eq!(shown(said.workdir.as_ref()), Some((4, "/srv")));
        assert!(said.copied.is_empty());
        assert_eq!(said.exposed[0].0.get(), 8000);
        assert_eq!(shown(said.cmd.as_ref()), Some((11, "gunicorn app:app")));
    }

    #[test]
    fn a_runtime_shows_in_the_name_or_in_the_tag() {
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(
            runtime("python:3.10-slim@sha256:00"),
            pair("python", "3.10")
        );
        assert_eq!(runtime("registry:5000/x/golang:1.22"), pair("go", "1.22"));
        assert_eq!(
            runtime("ghcr.io/astral-sh/uv:python3.12-bookworm"),
            pair("python", "3.12")
        );
        assert_eq!(runtime("python:slim"), None);
        assert_eq!(runtime("debian:13"), None);
    }

    #[test]
    fn expands_as_a_build_does() {
        let variables = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        assert_eq!(
            expand("$A-${A}-${B:-${A}x}-${A:+y}-$B-$", &variables),
            "1-1-1x-y--$"
        );
    }

    #[test]
    fn nonsense_is_no_panic() {
        assert!(parsed("").from.is_none());
        assert!(parsed("FROM\n\u{0}RUN [\nCOPY").cmd.is_none());
    }
}
