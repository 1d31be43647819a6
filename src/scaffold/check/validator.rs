//! The programs that know a format best, where they are installed: hadolint, actionlint,
//! shellcheck and Docker Compose. They are given files and no command of the repository.

use super::text::{self, Format, Text};
use super::{Finding, Rule, Severity, Subject, rule};
use rayon::prelude::*;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;
use wait_timeout::ChildExt;

/// How long one may take for one file.
const PATIENCE: Duration = Duration::from_mins(1);

/// A validator that said nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skipped {
    pub validator: &'static str,
    pub reason: String,
}

/// What the validators say of generated files. `find` gives where a program lies.
pub fn findings(
    subject: Subject,
    find: &(dyn Fn(&str) -> Option<PathBuf> + Sync),
) -> (Vec<Finding>, Vec<Skipped>) {
    let texts = text::all(subject);
    let generated = texts.iter().filter(|text| text.pristine.is_some());
    let asked: Vec<(&Text, &'static Rule)> = generated
        .filter_map(|text| Some((text, validator(text)?)))
        .collect();
    let answers: Vec<Result<Vec<Finding>, Skipped>> = asked
        .par_iter()
        .map(|(text, rule)| {
            let skipped = |reason: String| Skipped {
                validator: rule.id,
                reason,
            };
            let name = program(rule);
            let Some(path) = find(name) else {
                return Err(skipped(format!("{name} is not on PATH")));
            };
            let run = Run {
                rule,
                program: &path,
                root: subject.root,
                text,
            };
            run.findings(&texts).map_err(skipped)
        })
        .collect();
    let mut findings = Vec::new();
    let mut skipped = BTreeSet::new();
    for answer in answers {
        match answer {
            Ok(found) => findings.extend(found),
            Err(reason) => {
                skipped.insert(reason);
            }
        }
    }
    findings.sort_by(|a, b| (&a.path, a.line, &a.message).cmp(&(&b.path, b.line, &b.message)));
    (findings, skipped.into_iter().collect())
}

fn validator(text: &Text) -> Option<&'static Rule> {
    match text.format {
        Format::Dockerfile => Some(rule::HADOLINT),
        Format::Workflow => Some(rule::ACTIONLINT),
        Format::Compose => Some(rule::COMPOSE_CONFIG),
        Format::DevContainer => None,
        Format::Other => {
            let first = text.text.lines().next().unwrap_or_default();
            let is_shell = text.path.extension() == "sh"
                || first.starts_with("#!") && first.trim_end().ends_with("sh");
            is_shell.then_some(rule::SHELLCHECK)
        }
    }
}

fn program(rule: &Rule) -> &'static str {
    if rule.id == rule::COMPOSE_CONFIG.id {
        "docker"
    } else {
        rule.id
    }
}

/// One validator before one file.
struct Run<'r> {
    rule: &'static Rule,
    program: &'r Path,
    root: &'r Path,
    text: &'r Text<'r>,
}

/// A line of hadolint's and of shellcheck's JSON.
#[derive(Deserialize)]
struct Comment {
    line: usize,
    level: String,
    message: String,
    code: serde_json::Value,
}

impl Run<'_> {
    fn findings(&self, texts: &[Text]) -> Result<Vec<Finding>, String> {
        let path = self.text.path.as_str();
        let id = self.rule.id;
        if id == rule::HADOLINT.id || id == rule::SHELLCHECK.id {
            let (_, said, trouble) = self.run(&["--format", "json", path])?;
            let comments: Vec<Comment> =
                serde_json::from_str(&said).map_err(|_| self.unclear(&said, &trouble))?;
            return Ok(comments
                .iter()
                .filter_map(|one| self.comment(one))
                .collect());
        }
        if id == rule::ACTIONLINT.id {
            let (success, said, trouble) = self.run(&[path])?;
            let findings: Vec<Finding> = said.lines().filter_map(|line| self.line(line)).collect();
            return if findings.is_empty() && !success {
                Err(self.unclear(&said, &trouble))
            } else {
                Ok(findings)
            };
        }
        self.compose(texts)
    }

    fn comment(&self, comment: &Comment) -> Option<Finding> {
        let severity = match comment.level.as_str() {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            _ => return None,
        };
        let code = match &comment.code {
            serde_json::Value::String(code) => code.clone(),
            number => format!("SC{number}"),
        };
        let message = format!("{code}: {}", comment.message);
        let mend = format!("see what {} says of {code}", self.rule.id);
        let finding = Finding::of(self.rule, self.text.path, comment.line, message, mend);
        Some(Finding {
            severity,
            ..finding
        })
    }

    /// `path:line:column: message [kind]`
    fn line(&self, line: &str) -> Option<Finding> {
        let rest = line
            .strip_prefix(self.text.path.as_str())?
            .strip_prefix(':')?;
        let mut parts = rest.splitn(3, ':');
        let number = parts.next()?.parse::<usize>().ok()?;
        parts.next()?.parse::<usize>().ok()?;
        let message = parts.next()?.trim();
        let mend = "correct it here";
        Some(Finding::of(
            self.rule,
            self.text.path,
            number,
            message,
            mend,
        ))
    }

    /// Docker Compose reads an overlay behind the file that it belongs to.
    fn compose(&self, texts: &[Text]) -> Result<Vec<Finding>, String> {
        let path = self.text.path;
        let mut arguments = vec!["compose"];
        let is_base = |text: &&Text| {
            let name = text.made_at.file_name();
            matches!(name, "compose.yaml" | "compose.shipway.yaml") && text.made_at.depth() == 1
        };
        let base = texts.iter().find(is_base).filter(|base| base.path != path);
        for file in base.map(|base| base.path).into_iter().chain([path]) {
            arguments.extend(["--file", file.as_str()]);
        }
        arguments.extend(["config", "--quiet"]);
        let (success, _, trouble) = self.run(&arguments)?;
        if success {
            return Ok(Vec::new());
        }
        let said = trouble.lines().rfind(|line| !line.trim().is_empty());
        let Some(said) = said else {
            return Err(self.unclear("", &trouble));
        };
        let (is_there, ..) = self.run(&["compose", "version"])?;
        if !is_there {
            return Err("Docker Compose is not installed".to_owned());
        }
        let message = format!("docker compose config refuses it: {}", said.trim());
        let mend = format!("docker {} shows it", arguments.join(" "));
        Ok(vec![Finding::of(self.rule, path, None, message, mend)])
    }

    fn unclear(&self, said: &str, trouble: &str) -> String {
        let line = trouble
            .lines()
            .chain(said.lines())
            .find(|line| !line.trim().is_empty());
        format!(
            "{} failed: {}",
            self.rule.id,
            line.unwrap_or("it said nothing")
        )
    }

    /// Whether it ended well, its standard output and its standard error.
    fn run(&self, arguments: &[&str]) -> Result<(bool, String, String), String> {
        let cannot = |error: std::io::Error| format!("{}: {error}", self.program.display());
        let mut command = Command::new(self.program);
        command
            .args(arguments)
            .current_dir(self.root)
            .envs(self.required())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(cannot)?;
        let (out, error) = (child.stdout.take(), child.stderr.take());
        std::thread::scope(|scope| {
            let errors = scope.spawn(move || whole(error));
            let said = scope.spawn(move || whole(out));
            let ended = child.wait_timeout(PATIENCE).map_err(cannot)?;
            let Some(status) = ended else {
                // It may have ended in this moment.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{} took too long", self.rule.id));
            };
            let text = |handle: std::thread::ScopedJoinHandle<'_, String>| {
                handle.join().unwrap_or_default()
            };
            Ok((status.success(), text(said), text(errors)))
        })
    }

    /// Variables that a Compose file insists on and that each machine has of its own.
    fn required(&self) -> Vec<(String, String)> {
        static NAMES: LazyLock<Option<Regex>> =
            LazyLock::new(|| Regex::new(r"\$\{([A-Za-z_][A-Za-z0-9_]*):?\?").ok());
        let Some(names) = NAMES.as_ref() else {
            return Vec::new();
        };
        let captures = names.captures_iter(&self.text.text);
        captures
            .map(|found| found[1].to_owned())
            .filter(|name| std::env::var_os(name).is_none())
            .map(|name| (name, "given".to_owned()))
            .collect()
    }
}

fn whole(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What could be read is what it said.
        let _ = pipe.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
