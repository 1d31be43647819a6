//! Which Elixir, on which release of Erlang/OTP, a project runs on, and every place that says so.

use super::application::Application;
use crate::detect::Tree;
use crate::detect::pin::{self, number};
use crate::project::{Evidence, Fact, RelPath};

/// The version where a project says only the least that it needs.
pub(crate) const USUAL: &str = "1.18-otp-27";

const USUAL_MINOR: (u32, u32) = (1, 18);

/// The rule by which one of several is taken.
const ORDER: &str = "what developers run goes first: .tool-versions, then mise.toml; after them the image, and the least that \
                     mix.exs asks for";

/// The version as asdf and the official images write it: `1.18.4-otp-27`, without what is not known.
pub(super) fn find(application: &Application<'_>) -> Option<Fact<String>> {
    pin::first(pins(application), agree, ORDER).or_else(|| required(application))
}

/// Whether one says the same as the other of Elixir and of Erlang/OTP.
fn agree(one: &str, other: &str) -> bool {
    let (version, otp) = split(one);
    let (other, other_otp) = split(other);
    pin::agree(version, other) && pin::agree(otp, other_otp)
}

/// Elixir and the release of Erlang/OTP, which may be empty.
fn split(version: &str) -> (&str, &str) {
    version.split_once("-otp-").unwrap_or((version, ""))
}

fn pins(application: &Application<'_>) -> Vec<(String, Evidence)> {
    let tree = application.tree;
    let mut found = pin::nearest(tree, &[&application.root], pin::FILES, |path| {
        of_file(tree, path)
    });
    for image in application.images() {
        let named = image
            .bases
            .iter()
            .find_map(|from| Some((of_image(&from.excerpt)?, from.clone())));
        found.extend(named);
    }
    found
}

/// What a file of a version manager says.
fn of_file(tree: &Tree, path: &RelPath) -> Option<(String, Evidence)> {
    let (elixir, line) = pin::said(tree, path, "elixir")?;
    let (version, otp) = split(&elixir);
    let beside = || number(&pin::said(tree, path, "erlang")?.0);
    let otp = number(otp).or_else(beside);
    Some((
        joined(&number(version)?, otp.as_deref()),
        tree.at(path, line),
    ))
}

/// `1.18.4-otp-27` of `hexpm/elixir:1.18.4-erlang-27.3.4-debian-…` and of `elixir:1.18.4-otp-27-slim`.
fn of_image(image: &str) -> Option<String> {
    let image = image.split('@').next()?;
    let (name, tag) = image.rsplit('/').next()?.split_once(':')?;
    (name == "elixir").then_some(())?;
    let otp = ["-erlang-", "-otp-"]
        .iter()
        .find_map(|mark| Some(tag.split_once(mark)?.1));
    Some(joined(&number(tag)?, otp.and_then(number).as_deref()))
}

fn joined(version: &str, otp: Option<&str>) -> String {
    let major = otp.and_then(|otp| otp.split('.').next());
    major.map_or_else(
        || version.to_owned(),
        |major| format!("{version}-otp-{major}"),
    )
}

/// What `elixir: "~> 1.15"` allows: the usual version, or the least where that is newer.
fn required(application: &Application<'_>) -> Option<Fact<String>> {
    let (text, at) = application
        .manifests()
        .find_map(|manifest| manifest.elixir.as_ref())?;
    let (major, minor) = least(text)?;
    let version = if (major, minor) <= USUAL_MINOR && !is_capped(text) {
        USUAL.to_owned()
    } else {
        format!("{major}.{minor}")
    };
    Some(Fact::likely(version, at.clone()).because(format!(
        "`{text}` allows it, and nothing else names a version"
    )))
}

/// The least version of a requirement.
fn least(text: &str) -> Option<(u32, u32)> {
    let first = text
        .split(|c: char| c.is_whitespace())
        .find(|word| word.contains(|c: char| c.is_ascii_digit()))?;
    let version = number(first.trim_start_matches(['~', '>', '=', '<']))?;
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next().flatten()?))
}

/// Whether a requirement ends before the usual version: `~> 1.14.0`, `< 1.16.0`, `== 1.15.7`.
fn is_capped(text: &str) -> bool {
    let below = |version: &str| least(version).is_some_and(|version| version <= USUAL_MINOR);
    text.split(" and ").any(|part| {
        let part = part.trim();
        let exact = part
            .strip_prefix("~>")
            .filter(|rest| rest.matches('.').count() > 1);
        let exact = exact.or_else(|| part.strip_prefix("==")).or_else(|| {
            part.starts_with(|c: char| c.is_ascii_digit())
                .then_some(part)
        });
        let capped = part
            .strip_prefix('<')
            .map(|rest| rest.trim_start_matches('='));
        exact.is_some_and(|version| least(version).is_some_and(|version| version != USUAL_MINOR))
            || capped.is_some_and(below)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_images() {
        for (image, version) in [
            (
                "hexpm/elixir:1.18.4-erlang-27.3.4-debian-bookworm-20250630-slim",
                Some("1.18.4-otp-27"),
            ),
            (
                "docker.io/library/elixir:1.17-otp-26-alpine",
                Some("1.17-otp-26"),
            ),
            ("elixir:1.16.3-slim@sha256:00", Some("1.16.3")),
            ("elixir:latest", None),
            ("debian:bookworm-slim", None),
            ("elixir", None),
        ] {
            assert_eq!(of_image(image).as_deref(), version, "{image}");
        }
        assert!(agree("1.18", "1.18.4-otp-27") && agree("1.18.4-otp-27", "1.18.4"));
        assert!(!agree("1.18.4-otp-26", "1.18.4-otp-27") && !agree("1.1", "1.18"));
    }

    #[test]
    fn a_requirement_is_capped_or_open() {
        for (text, version, capped) in [
            ("~> 1.15", Some((1, 15)), false),
            (">= 1.16.0 and < 2.0.0", Some((1, 16)), false),
            ("~> 1.14.0", Some((1, 14)), true),
            (">= 1.12.0 and < 1.16.0", Some((1, 12)), true),
            ("== 1.15.7", Some((1, 15)), true),
            ("~> 1.18.2", Some((1, 18)), false),
            ("~> 1.20", Some((1, 20)), false),
            ("", None, false),
        ] {
            assert_eq!(least(text), version, "{text}");
            assert_eq!(is_capped(text), capped, "{text}");
        }
    }
}
