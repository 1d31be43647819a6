//! One requirement, from the text of PEP 508 or from a package manager's own notation.

use crate::detect::secret;
use crate::project::{Evidence, Requirement};
use pep440_rs::{Operator, Version, VersionSpecifiers};
use pep508_rs::{Requirement as Pep508, VerbatimUrl, VersionOrUrl};
use std::str::FromStr;

/// A distribution's name as PEP 503 normalises it.
pub(in super::super) fn normalise(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for part in name
        .trim()
        .split(['-', '_', '.'])
        .filter(|part| !part.is_empty())
    {
        if !normal.is_empty() {
            normal.push('-');
        }
        normal.push_str(&part.to_lowercase());
    }
    normal
}

/// Parses `flask[async]>=3; python_version > "3.8"`; None for what is no requirement.
pub(super) fn pep508(text: &str, declared: Evidence, development: bool) -> Option<Requirement> {
    if !names_end(text.trim()) {
        return None;
    }
    let parsed = Pep508::<VerbatimUrl>::from_str(text.trim()).ok()?;
    let (specifier, exact) = match &parsed.version_or_url {
        None => (String::new(), false),
        Some(VersionOrUrl::Url(url)) => {
            let url = url.to_string();
            let shown = if secret::url_has_password(&url) {
                "…"
            } else {
                &url
            };
            (format!(" @ {shown}"), true)
        }
        Some(VersionOrUrl::VersionSpecifier(specifiers)) => {
            let exact = specifiers
                .iter()
                .any(|one| matches!(one.operator(), Operator::Equal | Operator::ExactEqual));
            let texts: Vec<String> = specifiers.iter().map(ToString::to_string).collect();
            (texts.join(","), exact)
        }
    };
    Some(Requirement {
        name: normalise(parsed.name.as_ref()),
        extras: parsed.extras.iter().map(ToString::to_string).collect(),
        specifier,
        exact,
        development,
        direct: true,
        declared,
        imported: None,
    })
}

/// Whether the name and each extra end in a letter or digit, as PEP 508 demands: the parser does not
/// return where one does not, it panics.
fn names_end(text: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let ends = |name: &str| !name.ends_with(['-', '_', '.']);
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let extras = text[end..]
        .trim_start()
        .strip_prefix('[')
        .map_or("", |rest| rest.split(']').next().unwrap_or_default());
    ends(&text[..end]) && extras.split(|c| !is_name(c)).all(ends)
}

/// A name and a version in the notation of Poetry, Pipenv or conda.
pub(super) fn loose(
    name: &str,
    version: &str,
    bare_is_exact: bool,
    declared: Evidence,
    development: bool,
) -> Requirement {
    let version = version.trim();
    let version = if version == "*" { "" } else { version };
    let bare = version.starts_with(|first: char| first.is_ascii_digit());
    let exact = (version.starts_with("==") || (bare && bare_is_exact)) && !version.contains('*');
    Requirement {
        name: normalise(name),
        extras: Vec::new(),
        specifier: version.to_owned(),
        exact,
        development,
        direct: true,
        declared,
        imported: None,
    }
}

/// Whether `version` satisfies a requirement's specifier; one that cannot be read allows all.
pub(in super::super) fn allows(requirement: &Requirement, version: &str) -> bool {
    let (Ok(range), Ok(version)) = (
        VersionSpecifiers::from_str(&requirement.specifier),
        Version::from_str(version),
    ) else {
        return true;
    };
    range.contains(&version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::RelPath;

    fn parse(text: &str) -> Requirement {
        let at = Evidence::file(RelPath::parse("requirements.txt").unwrap());
        pep508(text, at, false).unwrap()
    }

    #[test]
    fn names_and_specifiers() {
        let one = parse("Flask_Limiter[redis] >= 3.5, <4 ; python_version > '3.8'");
        assert_eq!(one.name, "flask-limiter");
        assert_eq!(one.specifier, ">=3.5,<4");
        assert!(!one.exact);
        assert!(parse("a==1.0").exact);
        assert!(!parse("a==1.*").exact);
        assert_eq!(parse("a").specifier, "");
    }

    #[test]
    fn a_name_that_does_not_end_is_no_requirement() {
        let at = || Evidence::file(RelPath::parse("requirements.txt").unwrap());
        for text in [
            "django-debug-\u{feff}toolbar",
            "a- ==1",
            "a._[b]",
            "a[b-]",
            "a [b, c_]==1",
            "a[b.",
            "-",
            "",
        ] {
            assert!(pep508(text, at(), false).is_none(), "{text:?}");
        }
        assert_eq!(parse("a-b[c.d, e]==1").extras, ["c-d", "e"]);
    }
}
