//! Which runtime an image brings, by its name and its tag.

/// Images that are a language's runtime, by the last part of their name.
const RUNTIMES: &[(&str, &str)] = &[
    ("python", "python"),
    ("node", "node"),
    ("golang", "go"),
    ("ruby", "ruby"),
    ("php", "php"),
    ("rust", "rust"),
    ("r-ver", "r"),
    ("r-base", "r"),
    ("shiny", "r"),
    ("shiny-verse", "r"),
    ("tidyverse", "r"),
    ("verse", "r"),
    ("geospatial", "r"),
    ("rstudio", "r"),
    ("elixir", "elixir"),
    ("deno", "deno"),
    ("openjdk", "java"),
    ("eclipse-temurin", "java"),
    ("amazoncorretto", "java"),
    ("zulu-openjdk", "java"),
    ("zulu-openjdk-alpine", "java"),
    ("liberica-openjdk-alpine", "java"),
    ("liberica-openjdk-debian", "java"),
    ("liberica-openjre-alpine", "java"),
    ("liberica-openjre-debian", "java"),
];

/// What stands before the version of Java where another program's image, or the name, brings it:
/// `maven:3.9-eclipse-temurin-21`, `gradle:8-jdk21`, `ubi9/openjdk-21`, `distroless/java21-debian12`.
const JAVA: &[&str] = &[
    "temurin-",
    "corretto-",
    "openjdk-",
    "jdk-",
    "jdk",
    "jre-",
    "java",
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
        // One letter is part of anything.
        let mut named = RUNTIMES.iter().filter(|(_, runtime)| runtime.len() > 1);
        named.find_map(|(_, runtime)| {
            let at = tag.find(runtime)?;
            Some((
                *runtime,
                version(tag[at + runtime.len()..].trim_start_matches('-'))?,
            ))
        })
    };
    let java = || {
        let brings = matches!(name, "maven" | "gradle" | "tomcat" | "jetty");
        let text = if brings { tag } else { name };
        JAVA.iter().find_map(|start| {
            let at = text.find(start)?;
            Some(("java", version(&text[at + start.len()..])?))
        })
    };
    // `mcr.microsoft.com/dotnet/aspnet:8.0-alpine`
    let dotnet = || {
        let of_dotnet = matches!(name, "aspnet" | "runtime" | "runtime-deps" | "sdk");
        let above = image.strip_suffix(last).unwrap_or_default();
        (of_dotnet && above.contains("dotnet/")).then(|| Some(("dotnet", version(tag)?)))?
    };
    named
        .or_else(tagged)
        .or_else(dotnet)
        .or_else(java)
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
