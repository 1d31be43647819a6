//! What a user does to files: by chance, and put down in the ledger.

use super::parser::Parser;
use super::world::{Cut, World, above};
use std::fs;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt as _;

/// How a line that is nothing but a remark begins.
fn remark(path: &str) -> &'static str {
    if path.ends_with(".json") { "//" } else { "#" }
}

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yaml") || path.ends_with(".yml")
}

fn is_dockerfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.ends_with("Dockerfile") || name.starts_with("Dockerfile.") && !name.ends_with("ignore")
}

fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

/// The key that a line begins with, with its indentation and the colon.
fn key(line: &str) -> Option<&str> {
    let rest = line.trim_start();
    let end = rest.find(':')?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_key = end > 0 && rest[..end].chars().all(is_word);
    let begin = line.len() - rest.len();
    (is_key && matches!(rest[end + 1..].chars().next(), None | Some(' ')))
        .then(|| &line[..=begin + end])
}

/// The line at `at` with what is nested in it.
fn nested(lines: &[String], at: usize) -> Range<usize> {
    let depth = indent(&lines[at]).len();
    let below = lines[at + 1..]
        .iter()
        .take_while(|line| indent(line).len() > depth && !line.trim().is_empty());
    at..at + 1 + below.count()
}

/// A file while it is edited.
struct Text {
    lines: Vec<String>,
    crlf: bool,
}

impl Text {
    fn parse(content: &str) -> Self {
        Self {
            crlf: content.contains("\r\n"),
            lines: content.lines().map(str::to_owned).collect(),
        }
    }

    fn whole(&self) -> String {
        let end = if self.crlf { "\r\n" } else { "\n" };
        self.lines
            .iter()
            .fold(String::new(), |text, line| text + line + end)
    }
}

/// Words of lines that later versions and other projects change.
const WARM: &[&str] = &[
    "STOPSIGNAL",
    "EXPOSE",
    "--retries",
    "PIP_",
    "PORT",
    "security_opt",
    "retries:",
    "stop_grace_period",
    "shutdownAction",
    "\"vscode\"",
    "timeout-minutes",
    "name: Check out",
    "internal: true",
    "python",
    "50",
    "VARIABLE",
    ".npmrc",
    ".secrets",
    "umask",
    "budget",
];

/// The index of a line; every second time of one that is bound to be met by others' changes.
fn spot(world: &mut World, text: &Text) -> usize {
    let is_warm = |line: &String| WARM.iter().any(|word| line.contains(word));
    let warm: Vec<usize> = (0..text.lines.len())
        .filter(|at| is_warm(&text.lines[*at]))
        .collect();
    if warm.is_empty() || world.rng.bool() {
        world.rng.usize(0..text.lines.len())
    } else {
        warm[world.rng.usize(0..warm.len())]
    }
}

/// One edit of a file that was generated. None where chance chose something that this file does
/// not have, or that no parser would take.
pub(super) fn edit(world: &mut World, parser: &mut Parser) -> Option<String> {
    let all = world.generated();
    let path = all[world.rng.usize(0..all.len())].clone();
    match world.rng.u8(0..80) {
        0 => return delete(world, &path),
        1..4 => return rename(world, &path),
        4 => return Some(change_mode(world, &path)),
        5 => return change_line_ends(world, &path),
        6 => return Some(format!("app.py: {}", world.edit_application())),
        _ => {}
    }
    let content = fs::read_to_string(world.sandbox.path(&path)).unwrap();
    let mut text = Text::parse(&content);
    if text.lines.is_empty() {
        return None;
    }
    let cuts = world.ledger.cuts.len();
    let tokens = world.ledger.tokens.clone();
    // Its keys are checked by more than its format.
    let kinds = if path == "shipway.toml" { 2 } else { 8 };
    let said = match world.rng.u8(0..kinds) {
        0 => add_remark(world, &path, &mut text),
        1 => extend_line(world, &path, &mut text),
        2 | 3 => change_value(world, &path, &mut text),
        4 => add_entry(world, &path, &mut text),
        5 => rename_key(world, &path, &mut text),
        6 => cut(world, &path, &mut text),
        _ => swap(world, &path, &mut text),
    };
    let place = world.sandbox.path(&path);
    if said.is_some() {
        fs::write(&place, text.whole()).unwrap();
    }
    if said.is_none() || parser.wrong(&place, &path).is_some() {
        fs::write(&place, content).unwrap();
        world.ledger.cuts.truncate(cuts);
        world.ledger.tokens = tokens;
        return None;
    }
    world.ledger.touched.insert(path.clone());
    Some(format!("{path}: {}", said?))
}

fn add_remark(world: &mut World, path: &str, text: &mut Text) -> Option<String> {
    let at = spot(world, text);
    // A remark in the middle of a command ends it.
    if at > 0 && text.lines[at - 1].ends_with('\\') || at == 0 && path.ends_with("initialize") {
        return None;
    }
    let token = world.token(path);
    let before = text
        .lines
        .get(at)
        .map_or("", |line| indent(line))
        .to_owned();
    text.lines
        .insert(at, format!("{before}{} {token}", remark(path)));
    Some(format!("a remark at line {}: {token}", at + 1))
}

fn extend_line(world: &mut World, path: &str, text: &mut Text) -> Option<String> {
    let at = spot(world, text);
    let line = &text.lines[at];
    let is_remark = line.trim_start().starts_with(remark(path)) && !line.contains(" shipway ");
    let may = is_remark || is_yaml(path) && !line.trim().is_empty() && !line.contains('#');
    if !may || line.starts_with("#!") {
        return None;
    }
    let token = world.token(path);
    let joint = if is_remark { " " } else { " # " };
    text.lines[at] = format!("{}{joint}{token}", text.lines[at]);
    Some(format!("line {} is longer: {token}", at + 1))
}

/// Puts down that the line `at` of `path`, which is or begins with `line`, is no more, where it was
/// there once and is of shipway's.
fn note_cut(world: &mut World, path: &str, text: &Text, at: usize, line: &str, is_key: bool) {
    let within = is_yaml(path).then(|| above(&text.lines, at));
    let cut = Cut {
        path: path.to_owned(),
        line: line.to_owned(),
        is_key,
        within,
    };
    let generated = super::pristine(&world.sandbox, path).unwrap_or_default();
    let is_blank = line.trim().is_empty();
    if !is_blank && cut.count(&text.whole()) == 1 && cut.count(&generated) == 1 {
        world.ledger.cuts.push(cut);
    }
}

fn change_value(world: &mut World, path: &str, text: &mut Text) -> Option<String> {
    let at = spot(world, text);
    let line = text.lines[at].clone();
    let end = if is_yaml(path) {
        let key = key(&line)?;
        (line.len() > key.len() + 1 && !line.contains(['[', '{', '|', '>', '#', '&', '*']))
            .then(|| key.len() + 1)?
    } else if is_dockerfile(path) && !line.trim_start().starts_with('#') && !line.ends_with('\\') {
        line.find('=').map(|at| at + 1)?
    } else if path.ends_with(".json") && line.ends_with("\",") {
        line.find("\": \"").map(|at| at + 3)?
    } else if path.contains(".env") && !line.starts_with('#') {
        line.find('=').map(|at| at + 1)?
    } else {
        return None;
    };
    forget_tokens(world, path, text, at..at + 1);
    note_cut(world, path, text, at, &line, false);
    let token = world.token(path);
    text.lines[at] = if path.ends_with(".json") {
        format!("{}\"{token}\",", &line[..end])
    } else {
        format!("{}{token}", &line[..end])
    };
    Some(format!("line {} is {token} instead of {line:?}", at + 1))
}

fn add_entry(world: &mut World, path: &str, text: &mut Text) -> Option<String> {
    let at = spot(world, text);
    let line = text.lines[at].clone();
    let before = indent(&line).to_owned();
    let token = world.token(path);
    let new = if is_yaml(path) {
        if let Some(item) = line.trim_start().strip_prefix("- ") {
            let is_word = !item.contains(": ") && !item.ends_with(':');
            is_word.then(|| format!("{before}- {token}"))?
        } else {
            key(&line)?;
            format!("{before}x-{token}: 1")
        }
    } else if path.ends_with(".json") {
        if line.contains("\": ") {
            format!("{before}\"{token}\": true,")
        } else {
            line.trim_start()
                .starts_with('"')
                .then(|| format!("{before}\"{token}\","))?
        }
    } else if is_dockerfile(path) {
        let instructions = ["RUN ", "COPY ", "ENV ", "USER ", "WORKDIR ", "EXPOSE "];
        let is_one = instructions.iter().any(|one| line.starts_with(one));
        is_one.then(|| format!("LABEL {token}=1"))?
    } else if path == "Makefile" {
        line.starts_with(".PHONY")
            .then(|| format!("{token}:\n\t@true\n"))?
    } else if path.ends_with("ignore") {
        (!line.starts_with('#')).then(|| format!("/{token}"))?
    } else if path.contains(".env") {
        format!("MY_{}=1", token.to_uppercase())
    } else {
        return None;
    };
    if path.contains(".env") {
        world.ledger.tokens.remove(&token);
        let upper = token.to_uppercase();
        world.ledger.tokens.insert(upper, path.to_owned());
    }
    for (more, new) in new.split('\n').enumerate() {
        text.lines.insert(at + more, new.to_owned());
    }
    Some(format!("an entry at line {}: {token}", at + 1))
}

fn rename_key(world: &mut World, path: &str, text: &mut Text) -> Option<String> {
    if !is_yaml(path) {
        return None;
    }
    let at = spot(world, text);
    let line = text.lines[at].clone();
    let old = key(&line)?;
    forget_tokens_named(world, path, text, old, at);
    note_cut(world, path, text, at, old, true);
    let token = world.token(path);
    text.lines[at] = format!("{}{token}{}", indent(&line), &line[old.len() - 1..]);
    Some(format!("line {}: {} is {token}", at + 1, old.trim()))
}

fn cut(world: &mut World, path: &str, text: &mut Text) -> Option<String> {
    let at = spot(world, text);
    let line = text.lines[at].clone();
    let range = if is_yaml(path) && key(&line).is_some() {
        nested(&text.lines, at)
    } else {
        at..at + 1
    };
    // All of a file is a deletion of its own.
    if range.len() * 2 > text.lines.len() || line.contains(" shipway ") {
        return None;
    }
    forget_tokens(world, path, text, range.clone());
    if is_yaml(path) {
        match key(&line) {
            Some(key) => note_cut(world, path, text, at, key, true),
            None => note_cut(world, path, text, at, &line, false),
        }
    } else {
        note_cut(world, path, text, at, &line, false);
    }
    let count = range.len();
    text.lines.drain(range);
    Some(format!(
        "without {count} lines from line {}: {line:?}",
        at + 1
    ))
}

fn swap(world: &mut World, path: &str, text: &mut Text) -> Option<String> {
    let at = spot(world, text);
    if is_yaml(path) {
        key(&text.lines[at])?;
        let first = nested(&text.lines, at);
        let second = first.end;
        key(text.lines.get(second)?)?;
        if indent(&text.lines[second]) != indent(&text.lines[at]) {
            return None;
        }
        let second = nested(&text.lines, second);
        text.lines[first.start..second.end].rotate_left(first.len());
    } else {
        let ends_in_comma = |line: &String| line.ends_with(',') || !path.ends_with(".json");
        if at + 1 >= text.lines.len()
            || text.lines[at..=at + 1].iter().any(|line| {
                line.ends_with('\\') || line.contains(" shipway ") || !ends_in_comma(line)
            })
            || at == 0
            || text.lines[at - 1].ends_with('\\')
        {
            return None;
        }
        text.lines.swap(at, at + 1);
    }
    Some(format!("line {} changes places with what follows", at + 1))
}

/// What the user wrote in `lines`, he gives up.
fn forget_tokens(world: &mut World, path: &str, text: &Text, lines: Range<usize>) {
    let gone = text.lines[lines].join("\n");
    world
        .ledger
        .tokens
        .retain(|token, place| place != path || !gone.contains(token.as_str()));
}

fn forget_tokens_named(world: &mut World, path: &str, text: &Text, key: &str, at: usize) {
    if text.lines[at].contains(key) {
        let name = key.to_owned();
        world
            .ledger
            .tokens
            .retain(|token, place| place != path || !name.contains(token.as_str()));
    }
}

fn delete(world: &mut World, path: &str) -> Option<String> {
    // Variables are made again where they are needed.
    if path == ".env" || path == "shipway.toml" {
        return None;
    }
    fs::remove_file(world.sandbox.path(path)).unwrap();
    let ledger = &mut world.ledger;
    ledger.tokens.retain(|_, place| place != path);
    ledger.cuts.retain(|cut| cut.path != path);
    ledger.modes.remove(path);
    ledger.crlf.remove(path);
    ledger.gone.insert(path.to_owned());
    Some(format!("{path} is deleted"))
}

fn rename(world: &mut World, path: &str) -> Option<String> {
    if matches!(
        path,
        ".env" | "shipway.toml" | ".gitignore" | ".dockerignore" | "Makefile"
    ) {
        return None;
    }
    let name = path.rsplit('/').next()?;
    let new = if world.rng.bool() {
        format!("moved/{name}")
    } else {
        format!("{}here.{name}", &path[..path.len() - name.len()])
    };
    let place = world.sandbox.path(&new);
    if place.exists() {
        return None;
    }
    fs::create_dir_all(place.parent()?).unwrap();
    let is_tracked = !world.sandbox.git(&["ls-files", "--", path]).is_empty();
    let how = if is_tracked && world.rng.bool() {
        world.sandbox.git(&["mv", path, &new]);
        "git mv"
    } else {
        fs::rename(world.sandbox.path(path), place).unwrap();
        "mv"
    };
    let ledger = &mut world.ledger;
    for place in ledger.tokens.values_mut().filter(|place| *place == path) {
        place.clone_from(&new);
    }
    for cut in ledger.cuts.iter_mut().filter(|cut| cut.path == path) {
        cut.path.clone_from(&new);
    }
    if let Some(mode) = ledger.modes.remove(path) {
        ledger.modes.insert(new.clone(), mode);
    }
    if ledger.crlf.remove(path) {
        ledger.crlf.insert(new.clone());
    }
    ledger.gone.insert(path.to_owned());
    ledger.gone.remove(&new);
    if ledger.touched.contains(path) {
        ledger.touched.insert(new.clone());
    }
    ledger.moves.push((path.to_owned(), new.clone()));
    Some(format!("{how} {path} {new}"))
}

fn change_mode(world: &mut World, path: &str) -> String {
    let mode = [0o755, 0o640, 0o600][world.rng.usize(0..3)];
    let permissions = fs::Permissions::from_mode(mode);
    fs::set_permissions(world.sandbox.path(path), permissions).unwrap();
    world.ledger.modes.insert(path.to_owned(), mode);
    format!("{path} has mode {mode:o}")
}

fn change_line_ends(world: &mut World, path: &str) -> Option<String> {
    let is_script = path.ends_with(".sh") || path.ends_with("initialize") || path == "Makefile";
    if is_script || is_dockerfile(path) {
        return None;
    }
    let place = world.sandbox.path(path);
    let text = fs::read_to_string(&place).unwrap();
    fs::write(&place, text.replace("\r\n", "\n").replace('\n', "\r\n")).unwrap();
    world.ledger.crlf.insert(path.to_owned());
    Some(format!("{path} has CRLF"))
}
