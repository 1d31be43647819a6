//! A name that is given a value: in code, configuration, JSON, XML, a call.

use super::value;
use crate::detect::secret;
use crate::hooks::check::File;
use crate::project::Confidence;
use bstr::ByteSlice;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Bytes of a name on either side of the word that led to it.
const NAME: usize = 60;
/// Bytes behind a name in which its value ends.
const REACH: usize = 400;

/// What stands between a name and its value.
const OPERATOR: &str = r"[ \t]{0,20}(?:=>|\?=|\|\|=|\+=|\.=|={1,3}|!={1,2}|:{1,3}=?|->|,|\(|>|value[ \t]{0,3}=)[ \t]{0,20}";
/// The same behind an option of a command line.
const OPTION: &str = r"[ \t]{0,4}[ \t=][ \t]{0,4}";

static BEHIND_NAME: LazyLock<Option<Regex>> = LazyLock::new(|| behind(OPERATOR));
static BEHIND_OPTION: LazyLock<Option<Regex>> = LazyLock::new(|| behind(OPTION));
/// A quoted value and a blank: `password "…"`, as configurations and calls without brackets have it.
static BEHIND_BLANK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?-u)^[ \t]{1,20}(?:"([^"\n\\]{4,300})"|'([^'\n\\]{4,300})')"#).ok()
});
/// A quoted value that the name behind it is compared with: `"…" == password`.
static BEFORE_NAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?-u)(?:"([^"\n\\]{4,300})"|'([^'\n\\]{4,300})')[ \t]{0,4}(?:={2,3}|!={1,2}|\.equals\()[ \t]{0,4}[$@&*(]{0,2}$"#,
    )
    .ok()
});

/// A value behind its name: quoted (groups 1 to 3), or up to a blank.
fn behind(operator: &str) -> Option<Regex> {
    let closing = r#"(?:\\?["'`\])]|\[[0-9]{0,6}\]){0,3}"#;
    let kind = r"(?:[ \t]{0,3}:[ \t]{0,3}[A-Za-z&][A-Za-z_.<>\[\]?&*' ]{0,24}(?:8|16|32|64)?|[ \t]{1,4}(?:string|String|str|NSString[ *]{0,3}))?";
    let line = r"(?:\r?\n[ \t]{0,40})?";
    let quoted = r#"[@bfru(\[]{0,2}(?:\\?"([^"\n\\]{4,300})\\?"|\\?'([^'\n\\]{4,300})\\?'|`([^`\n]{4,300})`)"#;
    let bare = r#"([^\s"'`<>,;&(){}\[\]\\]{6,300})(?:[\s"'`<>,;&}\]\\]|$)"#;
    let text = format!("(?-u)^{closing}{kind}{operator}(?:{quoted}|{line}{bare})");
    Regex::new(&text).ok()
}

/// Files whose long values are checksums that a tool writes.
const LOCKS: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "go.sum",
    "go.work.sum",
    "pipfile.lock",
    "packages.lock.json",
    ".secrets.baseline",
    "flake.lock",
    "bun.lock",
];

/// Whether names that are given values are looked at in this file.
pub(super) fn counts_in(file: &File) -> bool {
    let name = file.name().to_str_lossy().to_ascii_lowercase();
    !name.ends_with(".lock")
        && !LOCKS.contains(&name.as_str())
        && !name.ends_with(".svg")
        && !name.ends_with(".min.js")
        && !name.ends_with(".map")
}

/// Whether a value without quotes is a text in this file, and not the name of something.
pub(super) fn is_bare_in(file: &File) -> bool {
    let name = file.name().to_str_lossy().to_ascii_lowercase();
    file.is("yaml")
        || name.starts_with(".env")
        || [".env", ".ini", ".cfg", ".conf", ".properties"]
            .iter()
            .any(|end| name.ends_with(end))
}

#[derive(Debug, Clone)]
pub(super) struct Assignment {
    /// Bytes of the value, without quotes.
    pub(super) value: Range<usize>,
    quoted: bool,
    /// Whether it begins on a later line than its name.
    below: bool,
    /// How sure it is that the name is a secret's; None where it is none's.
    pub(super) speaks: Option<Confidence>,
}

/// Where the name begins that holds byte `at`.
pub(super) fn name_start(content: &[u8], at: usize) -> usize {
    let from = at.saturating_sub(NAME);
    content[from..at]
        .iter()
        .rposition(|byte| !is_name(*byte))
        .map_or(from, |before| from + before + 1)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

impl Assignment {
    /// The one whose name holds `word`; None where that is given no literal.
    pub(super) fn around(content: &[u8], word: Range<usize>) -> Option<Self> {
        let start = name_start(content, word.start);
        let end = content[word.end..]
            .iter()
            .take(NAME)
            .position(|byte| !is_name(*byte))
            .map(|length| word.end + length)?;
        let behind = &content[end..content.len().min(end + REACH)];
        let pattern = if content[start..].starts_with(b"--") {
            &BEHIND_OPTION
        } else {
            &BEHIND_NAME
        };
        let speaks = || speaks(&words_of(&content[start..end]));
        if let Some(captures) = pattern.as_ref()?.captures(behind) {
            let (group, found) = captures
                .iter()
                .enumerate()
                .skip(1)
                .find_map(|(number, group)| Some((number, group?)))?;
            return Some(Self {
                value: end + found.start()..end + found.end(),
                quoted: group < 4,
                below: behind[..found.start()].contains(&b'\n'),
                speaks: speaks(),
            });
        }
        let from = start.saturating_sub(REACH);
        let before = &content[from..start];
        let (captures, at) = match BEHIND_BLANK.as_ref()?.captures(behind) {
            Some(captures) => (captures, end),
            None if before.trim_end().ends_with(b"=") || before.ends_with(b"(") => {
                (BEFORE_NAME.as_ref()?.captures(before)?, from)
            }
            None => return None,
        };
        let found = captures.iter().skip(1).flatten().next()?;
        Some(Self {
            value: at + found.start()..at + found.end(),
            quoted: true,
            below: false,
            speaks: speaks(),
        })
    }

    /// Whether `value`, which is its value, is one that must not be shown; `bare` says that in
    /// this file a text needs no quotes.
    pub(super) fn is_secret(&self, value: &[u8], bare: bool) -> bool {
        let Some(sure) = self.speaks else {
            return false;
        };
        let Ok(text) = std::str::from_utf8(value) else {
            return false;
        };
        if secret::is_placeholder(text)
            || value::is_elsewhere(text)
            || value::is_fake(value)
            || value::is_encoded_placeholder(value)
        {
            return false;
        }
        let literal = self.quoted || bare && !self.below && !text.contains('$');
        if literal && sure == Confidence::Certain && value::is_password(text) {
            return true;
        }
        // Without quotes it may be an attribute of something: `model.i18n_key`.
        let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
        if !self.quoted && value.contains(&b'.') && digits < 4 {
            return false;
        }
        value::is_random(text, sure == Confidence::Certain)
    }
}

/// `apiToken`, `api-token` and `api.token` as `api_token`.
pub(super) fn words_of(name: &[u8]) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    let mut before = b'_';
    for byte in name {
        if byte.is_ascii_uppercase() && before.is_ascii_lowercase() {
            words.push('_');
        }
        let plain = byte.is_ascii_alphanumeric();
        words.push(if plain { char::from(*byte) } else { '_' });
        before = *byte;
    }
    words
}

/// How sure it is that a name, as [`words_of`] gives it, is a secret's.
pub(super) fn speaks(name: &str) -> Option<Confidence> {
    const NO: &[&str] = &[
        "hash",
        "digest",
        "checksum",
        "sha",
        "sha1",
        "sha256",
        "sha512",
        "md5",
        "integrity",
        "fingerprint",
        "commit",
        "revision",
        "etag",
        "id",
        "csrf",
        "nonce",
        "foreign",
        "primary",
        "unique",
        "cache",
        "pubkey",
        "icon",
        "class",
        "color",
        "label",
        "placeholder",
        "selector",
    ];
    let lower = name.to_ascii_lowercase();
    if lower.split('_').any(|word| NO.contains(&word)) && !lower.contains("secret") {
        return None;
    }
    secret::secrecy(name).or_else(|| {
        lower
            .split('_')
            .any(|word| {
                matches!(word, "auth" | "creds" | "pw")
                    || ["apikey", "accesskey", "secretkey", "authkey"]
                        .iter()
                        .any(|end| word.ends_with(end))
            })
            .then_some(Confidence::Likely)
    })
}

#[cfg(test)]
pub(super) fn compiles() -> bool {
    [&BEHIND_NAME, &BEHIND_OPTION, &BEHIND_BLANK, &BEFORE_NAME]
        .into_iter()
        .all(|pattern| pattern.is_some())
}
