//! The text of instructions as a build reads it: variables, quotes, continued lines, comments.

use std::collections::BTreeMap;

/// Replaces `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}` as a build does;
/// an unknown name becomes nothing.
pub(super) fn expand(text: &str, variables: &BTreeMap<String, String>) -> String {
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

pub(super) fn absolute(folder: &str, path: &str) -> String {
    if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{}/{path}", folder.trim_end_matches('/'))
    }
}

pub(super) fn unquoted(text: &str) -> String {
    text.trim().replace(['"', '\''], "")
}

/// An instruction over several lines as one, its comment lines left out.
pub(super) fn one_line(text: &str) -> String {
    without_comments(text)
        .replace("\\\r\n", " ")
        .replace("\\\n", " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Comment and empty lines between continued lines vanish in a build; here they become bare
/// continuations, so that line numbers stay.
pub(super) fn without_comments(text: &str) -> String {
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
