//! Secrets of Kubernetes: what a manifest of `kind: Secret` holds, in base64 under `data` and as it
//! is under `stringData` (<https://kubernetes.io/docs/concepts/configuration/secret/>).
//!
//! Base64 hides nothing. A manifest that SOPS, Sealed Secrets or an operator fills has other kinds
//! or other values, and is none.

use super::assignment::{speaks, words_of};
use super::{Secret, value};
use crate::detect::secret;
use crate::detect::structured::{Entry, Node, parse_yaml_documents};
use crate::hooks::check::File;
use crate::hooks::check::file::lines_from;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bstr::ByteSlice;
use memchr::memmem;

/// What a manifest is called that holds several.
const LISTS: [&str; 2] = ["List", "SecretList"];

/// Where a line begins, and the line.
type Line<'l> = (usize, &'l [u8]);

pub(super) fn secrets(file: &File) -> Vec<Secret> {
    let content = file.content();
    let mut found = Vec::new();
    if memmem::find(content, b"Secret").is_none()
        || memmem::find(content, b"kind").is_none()
        || !file.is("yaml")
    {
        return found;
    }
    let Ok(text) = std::str::from_utf8(content) else {
        return found;
    };
    let lines: Vec<Line> = lines_from(content, 0).collect();
    for document in parse_yaml_documents(text).unwrap_or_default() {
        manifest(&document, &lines, &mut found);
    }
    found
}

fn manifest(node: &Node, lines: &[Line], found: &mut Vec<Secret>) {
    let kind = node.get("kind").and_then(Node::text).unwrap_or_default();
    if LISTS.contains(&kind) {
        for item in node.get("items").map(Node::items).unwrap_or_default() {
            manifest(item, lines, found);
        }
    }
    // What SOPS encrypted says so at the top.
    if kind != "Secret" || node.get("sops").is_some() {
        return;
    }
    for (key, encoded) in [("data", true), ("stringData", false)] {
        for entry in node.entries_at(&[key]) {
            if holds_secret(entry, encoded) {
                found.push(at(entry, lines));
            }
        }
    }
}

fn holds_secret(entry: &Entry, encoded: bool) -> bool {
    let Some(text) = entry.node.text() else {
        return false;
    };
    let bytes = if encoded {
        let bare: String = text.split_whitespace().collect();
        match STANDARD.decode(&bare) {
            Ok(bytes) => bytes,
            Err(_) => return false,
        }
    } else {
        text.as_bytes().to_vec()
    };
    let Ok(text) = std::str::from_utf8(&bytes) else {
        // A keystore, or a key as it is.
        return bytes.len() >= 16;
    };
    let text = text.trim();
    if text.contains("PRIVATE KEY") || text.contains("\"auth") {
        return true;
    }
    if text.contains("-----BEGIN ") || secret::is_placeholder(text) || is_shown(text) {
        return false;
    }
    let name = words_of(entry.key.as_bytes());
    // The name of a user is no secret, though it stands beside one.
    let user = name.to_ascii_lowercase().ends_with("user")
        || name.to_ascii_lowercase().ends_with("username");
    if secret::url_has_password(text) || is_pair(text) {
        return true;
    }
    !user
        && !value::is_elsewhere(text)
        && (speaks(&name).is_some() || value::is_password(text) || value::is_random(text, false))
}

/// Whether it is the example of a document; one of few letters may be meant.
fn is_shown(text: &str) -> bool {
    text.len() < 4 || text.len() > 12 && value::is_fake(text.as_bytes())
}

/// `user:password`
fn is_pair(text: &str) -> bool {
    text.split_once(':').is_some_and(|(user, password)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
        !user.is_empty()
            && user.chars().all(plain)
            && user.chars().any(|c| c.is_ascii_alphabetic())
            && password.len() >= 6
            && !password.starts_with('/')
            && !password.contains(char::is_whitespace)
            && !password.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The value on its line; the line's own text where it begins on a later one.
fn at(entry: &Entry, lines: &[Line]) -> Secret {
    let line = lines.get(entry.line.saturating_sub(1));
    let (start, line) = line.copied().unwrap_or_default();
    let line = line.trim_end_with(|c| matches!(c, '\n' | '\r'));
    let first = entry.node.text().and_then(|text| text.lines().next());
    let range = first
        .filter(|first| !first.is_empty())
        .and_then(|first| Some(line.rfind(first)?).map(|at| at..at + first.len()));
    let blank = line.len() - line.trim_start().len();
    let range = range.unwrap_or(blank..line.len());
    Secret {
        range: start + range.start..start + range.end,
        provider: Some("kubernetes-secret"),
        rank: 2,
        name: "value of a Kubernetes Secret",
        mend: "let the cluster get it from elsewhere, or encrypt the manifest (SOPS, Sealed Secrets); base64 hides nothing, so change the value if it was ever pushed".to_owned(),
    }
}
