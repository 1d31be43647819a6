//! Which runtime an image brings, by its name and its tag.

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

/// `python` and `3.10` of `docker.io/library/python:3.10-slim@sha256:…`; also where a tag
/// names the runtime, as in `uv:python3.12-bookworm`.
pub(super) fn runtime(image: &str) -> Option<(String, String)> {
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

/// Whether an image brings Node.js, whatever its version.
pub(super) fn is_node(image: &str) -> bool {
    let path = image.split(['@', ':']).next().unwrap_or_default();
    matches!(path.rsplit('/').next(), Some("node" | "bun"))
}
