//! `committed-env`: no file of environment variables is committed with its secrets.

use super::{File, Finding, Mode, Options, Outcome};
use crate::detect::secret;
use bstr::ByteSlice;

const ID: &str = "committed-env";

/// Endings of names that only show what such a file looks like.
const TEMPLATES: &[&str] = &[
    "example",
    "sample",
    "template",
    "tmpl",
    "dist",
    "defaults",
    "default",
    "schema",
    "vault",
    "enc",
    "encrypted",
    "age",
    "gpg",
    "sops",
    "j2",
    "tpl",
    "hbs",
    "erb",
    "md",
    "txt",
    "py",
    "js",
    "ts",
    "mjs",
    "cjs",
    "d.ts",
    "json",
    "yaml",
    "yml",
];

pub(super) fn look(file: &File, _: &Options) -> Outcome {
    if !matches!(file.mode(), Mode::Regular | Mode::Executable) {
        return Outcome::clean();
    }
    let Some(kind) = file.name().to_str().ok().and_then(kind) else {
        return Outcome::clean();
    };
    let path = file.path();
    let text = String::from_utf8_lossy(file.content());
    let mend = format!(
        "git rm --cached {path}, add it to .gitignore, keep its names in {}.example, and change secrets that were ever pushed",
        file.name()
    );
    if let Some((name, at)) = first_secret(&text) {
        let message = format!("the file is committed with the value of {name}");
        let finding = Finding::error(ID, message, mend);
        // Offsets are those of the text, which is the content where it is UTF-8.
        return vec![file.place(finding, at)].into();
    }
    let sets = assignments(&text).next().is_some();
    let finding = match kind {
        Kind::Local if sets => Finding::error(
            ID,
            "the file holds what is of one machine alone, and is committed",
            mend,
        ),
        Kind::Plain if sets => Finding::error(
            ID,
            "the file is committed; it holds no secret yet, and the next person will put one in",
            mend,
        )
        .warning(),
        _ => return Outcome::clean(),
    };
    vec![finding.at(path, None)].into()
}

enum Kind {
    /// `.env`
    Plain,
    /// `.env.local`, `.env.production.local`
    Local,
    /// `.env.production`, `.envrc`, `production.env`: some projects keep what is public in them.
    Named,
}

fn kind(name: &str) -> Option<Kind> {
    let lower = name.to_ascii_lowercase();
    if TEMPLATES
        .iter()
        .any(|end| lower.ends_with(&format!(".{end}")))
        || ["example", "sample", "template"]
            .iter()
            .any(|word| lower.contains(word))
    {
        return None;
    }
    match lower.as_str() {
        ".env" => Some(Kind::Plain),
        ".envrc" => Some(Kind::Named),
        _ if lower.starts_with(".env.") && lower.ends_with(".local") => Some(Kind::Local),
        _ if lower.starts_with(".env.") || lower.ends_with(".env") => Some(Kind::Named),
        _ => None,
    }
}

/// Name and place of the first variable with a value that must not be shown.
fn first_secret(text: &str) -> Option<(&str, usize)> {
    assignments(text)
        .find(|(name, value, _)| {
            !secret::is_placeholder(value) && !value.starts_with('$') && secret::hides(name, value)
        })
        .map(|(name, _, at)| (name, at))
}

/// Name, value and place of each line `NAME=value` whose value is not empty. A value over
/// several lines is known by its first.
fn assignments(text: &str) -> impl Iterator<Item = (&str, &str, usize)> {
    let mut at = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        let bare = line.trim_start();
        let place = start + line.len() - bare.len();
        let bare = bare.strip_prefix("export ").unwrap_or(bare);
        let (name, value) = bare.split_once('=')?;
        let name = name.trim();
        let value = value.trim();
        let value = match value.chars().next()? {
            quote @ ('"' | '\'') => value[1..].split(quote).next().unwrap_or_default(),
            _ => value.split(" #").next().unwrap_or_default().trim(),
        };
        let named = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
        (named && !value.is_empty()).then_some((name, value, place))
    })
}

/// Names that a file of variables or an example of one shows, in comments and without a value, too.
pub(super) fn names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim_start().trim_start_matches('#').trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let name = line.split('=').next()?.trim();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        (!name.is_empty() && name.chars().all(plain)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use crate::hooks::check::Severity;
    use crate::hooks::check::tests::look;

    #[test]
    fn files_with_values_are_told_from_templates() {
        use Severity::{Error, Warning};
        type Case = (&'static str, &'static str, Option<(Severity, usize)>);
        let cases: &[Case] = &[
            (
                ".env",
                "A=1\nexport DB_PASSWORD='hunter2'\n",
                Some((Error, 2)),
            ),
            (
                ".env",
                "DATABASE_URL=postgres://u:hunter2@db/x\n",
                Some((Error, 1)),
            ),
            (".env", "A=1\nSECRET_KEY=${OTHER}\n", Some((Warning, 0))),
            (".env", "# nothing\nSECRET_KEY=\n", None),
            ("web/.env.local", "A=1\n", Some((Error, 0))),
            (".env.production", "API_URL=https://x\n", None),
            (".env.production", "API_TOKEN=abc123\n", Some((Error, 1))),
            ("prod.env", "API_TOKEN=abc123\n", Some((Error, 1))),
            (
                ".envrc",
                "use nix\nexport API_TOKEN=abc123\n",
                Some((Error, 2)),
            ),
            (".env.example", "API_TOKEN=abc123\n", None),
            (".env.local.sample", "API_TOKEN=abc123\n", None),
            ("env.py", "API_TOKEN=abc123\n", None),
        ];
        for (path, text, expected) in cases {
            let outcome = look("committed-env", path, text);
            let found = outcome.findings.first().map(|finding| {
                assert!(
                    !format!("{finding:?}").contains("hunter2"),
                    "the value is shown"
                );
                (finding.severity, finding.position.map_or(0, |at| at.line))
            });
            assert_eq!(found, *expected, "{path} {text}");
        }
    }
}
