//! How much a WSGI server takes at once, as the repository's own commands and configuration say.

use super::code::Code;
use super::manifest::{Package, Section};
use super::mention::Mention;
use super::syntax::{Expr, Kind};
use crate::project::{Capacity, Evidence, Fact, RelPath};

/// What is said of it, and where; a command for production goes before a configuration file.
pub(super) fn find(code: &Code<'_>, package: &Package, mentions: &[Mention]) -> Capacity {
    let mut capacity = Capacity::default();
    let gunicorn = || mentions.iter().filter(|one| one.program() == "gunicorn");
    let commands = gunicorn()
        .filter(|mention| mention.production)
        .chain(gunicorn().filter(|mention| !mention.production));
    for mention in commands {
        let said = |names: &[&str]| {
            let number = written(mention.option(names)?)?;
            Some(Fact::certain(number, mention.at.clone()))
        };
        add(&mut capacity.workers, said(&["--workers", "-w"]));
        add(&mut capacity.threads, said(&["--threads"]));
        add(&mut capacity.timeout, said(&["--timeout", "-t"]));
    }
    for path in configurations(code, package, mentions) {
        let Some(module) = code.module(&path) else {
            continue;
        };
        let said = |name: &str| {
            let value = module.assigned(name)?;
            Some(Fact::certain(number(value)?, module.at(value.line)))
        };
        add(&mut capacity.workers, said("workers"));
        add(&mut capacity.threads, said("threads"));
        add(&mut capacity.timeout, said("timeout"));
    }
    for path in uwsgi(code, package) {
        let said = |names: &[&str]| of_ini(code, &path, names);
        add(&mut capacity.workers, said(&["processes", "workers"]));
        add(&mut capacity.threads, said(&["threads"]));
        add(&mut capacity.timeout, said(&["harakiri"]));
    }
    capacity
}

/// The first place that says it stays.
fn add(known: &mut Option<Fact<u32>>, more: Option<Fact<u32>>) {
    if known.is_none() {
        *known = more;
    }
}

/// Configuration files of gunicorn: those that a command names, else the usual ones.
pub(super) fn configurations(
    code: &Code<'_>,
    package: &Package,
    mentions: &[Mention],
) -> Vec<RelPath> {
    let usual = ["gunicorn.conf.py", "gunicorn_config.py", "gunicorn_conf.py"];
    let mut found: Vec<RelPath> = mentions
        .iter()
        .filter(|mention| mention.program() == "gunicorn")
        .filter_map(|mention| {
            let said = mention.option(&["--config", "-c"])?;
            let said = said.strip_prefix("file:").unwrap_or(said);
            here(code, &[&mention.folder, &package.root], said)
        })
        .collect();
    found.extend(
        usual
            .iter()
            .filter_map(|name| package.root.join(name).ok())
            .filter(|path| code.tree.has(path)),
    );
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|path| seen.insert(path.clone()));
    found
}

/// The file of the tree that a path of a command means: below one of `folders`, or, where it
/// begins somewhere else (`/app/…`, `$HOME/…`), what its end is there.
fn here(code: &Code<'_>, folders: &[&RelPath], path: &str) -> Option<RelPath> {
    let elsewhere = path.starts_with(['/', '$']);
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let ends = if elsewhere { parts.len() } else { 1 };
    (0..ends)
        .flat_map(|from| {
            let end = parts.get(from..).unwrap_or_default().join("/");
            folders
                .iter()
                .filter_map(|folder| folder.join(&end).ok())
                .collect::<Vec<_>>()
        })
        .find(|path| code.tree.has(path))
}

/// Configuration files of uWSGI that are part of the project.
pub(super) fn uwsgi(code: &Code<'_>, package: &Package) -> Vec<RelPath> {
    code.tree
        .with_extension("ini")
        .filter(|path| path.is_within(&package.root) && !super::role::beside(&path.parent()))
        .filter(|path| {
            code.tree
                .text(path)
                .is_some_and(|text| text.contains("[uwsgi]"))
        })
        .cloned()
        .collect()
}

/// The section of uWSGI in a text; flags that stand alone on a line (`master`) are left out.
pub(super) fn uwsgi_section(text: &str) -> Option<Section> {
    let valued: Vec<&str> = text
        .lines()
        .map(|line| {
            let header = line.trim_start().starts_with('[');
            if header || line.contains('=') {
                line
            } else {
                ""
            }
        })
        .collect();
    Section::read_all(&valued.join("\n"))?
        .into_iter()
        .find(|section| section.name == "uwsgi")
}

fn of_ini(code: &Code<'_>, path: &RelPath, names: &[&str]) -> Option<Fact<u32>> {
    let text = code.tree.text(path)?;
    let section = uwsgi_section(&text)?;
    let (name, value) = names
        .iter()
        .find_map(|name| Some((*name, section.get(name)?)))?;
    let line = text
        .lines()
        .position(|line| line.split('=').next().map(str::trim) == Some(name))?
        + 1;
    let at = Evidence::new(path.clone(), line, &format!("{name} = {value}"));
    Some(Fact::certain(value.trim().parse().ok()?, at))
}

/// `4`, `${WORKERS:-4}`.
fn written(text: &str) -> Option<u32> {
    let text = text.split_once(":-").map_or(text, |(_, default)| default);
    text.trim_end_matches('}').parse().ok()
}

/// The number in a literal, or the default of a variable that is read.
fn number(expr: &Expr) -> Option<u32> {
    match &expr.kind {
        Kind::Number(text) | Kind::Str(text) => text.parse().ok(),
        Kind::Call(function, args) => {
            let reads = matches!(
                function.last_name(),
                Some("int" | "str" | "get" | "getenv" | "config" | "env")
            );
            args.iter()
                .rev()
                .filter(|_| reads)
                .find_map(|arg| number(&arg.value))
        }
        Kind::Binary(left, operator, right) if operator == "or" => {
            number(right).or_else(|| number(left))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_alone_hides_no_setting_of_uwsgi() {
        let section = uwsgi_section("[uwsgi]\nmaster\ndie-on-term\nprocesses = 4\n").unwrap();
        assert_eq!(section.get("processes"), Some("4"));
        assert!(uwsgi_section("[other]\na = 1\n").is_none());
    }

    #[test]
    fn numbers_of_a_command() {
        assert_eq!(written("4"), Some(4));
        assert_eq!(written("${WEB_WORKERS:-6}"), Some(6));
        assert_eq!(written("$WORKERS"), None);
        assert_eq!(written("many"), None);
    }
}
