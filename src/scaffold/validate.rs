//! Every rendered file is parsed in its own format before anything may be written.

use crate::project::RelPath;
use saphyr::LoadableYamlNode;

/// A rendered file that its own format refuses.
#[derive(Debug, thiserror::Error)]
#[error("{template} gave a {path} that is no valid {format}, in its line {line}: {message}")]
pub struct InvalidFile {
    /// The template's file.
    pub template: String,
    pub path: RelPath,
    pub format: &'static str,
    /// 1-based line of the rendered file.
    pub line: usize,
    pub message: String,
}

/// Parses `text` as what the name of `path` says; other names are not looked at.
pub(super) fn check(path: &RelPath, text: &str, template: &str) -> Result<(), InvalidFile> {
    let (format, result) = match path.extension() {
        "yml" | "yaml" => ("YAML", yaml(text)),
        "json" if path.file_name() == "devcontainer.json" => ("JSON with comments", jsonc(text)),
        "jsonc" | "code-workspace" => ("JSON with comments", jsonc(text)),
        "json" => ("JSON", json(text)),
        "toml" => ("TOML", toml(text)),
        _ => return Ok(()),
    };
    result.map_err(|(line, message)| InvalidFile {
        template: template.to_owned(),
        path: path.clone(),
        format,
        line,
        message,
    })
}

type Parsed = Result<(), (usize, String)>;

fn yaml(text: &str) -> Parsed {
    saphyr::Yaml::load_from_str(text)
        .map(|_| ())
        .map_err(|error| (error.marker().line(), error.info().to_owned()))
}

fn json(text: &str) -> Parsed {
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map(|_| ())
        .map_err(|error| (error.line(), error.to_string()))
}

fn jsonc(text: &str) -> Parsed {
    let options = jsonc_parser::ParseOptions::default();
    jsonc_parser::parse_to_value(text, &options)
        .map(|_| ())
        .map_err(|error| {
            (
                super::line_of(text, error.range().start),
                error.kind().to_string(),
            )
        })
}

fn toml(text: &str) -> Parsed {
    text.parse::<toml::Table>().map(|_| ()).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        (super::line_of(text, at), error.message().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, text: &str) -> Option<usize> {
        check(&RelPath::parse(name).unwrap(), text, "t.hbs")
            .err()
            .map(|error| error.line)
    }

    #[test]
    fn each_format_is_parsed_by_its_name() {
        assert_eq!(line("a.yml", "a: 1\nb: [\n"), Some(3));
        assert_eq!(line("a.json", "{\n\"a\": 1,\n}"), Some(3));
        assert_eq!(
            line(".devcontainer/devcontainer.json", "{\n// c\n\"a\": }"),
            Some(3)
        );
        assert_eq!(line("a.toml", "a = 1\na = 2\n"), Some(2));
        assert_eq!(line("a.yml", "a: {\"b\": 1}\n"), None);
        assert_eq!(
            line(".devcontainer/devcontainer.json", "{\n// c\n\"a\": 1,\n}"),
            None
        );
        assert_eq!(line("Dockerfile", "{"), None);
    }
}
