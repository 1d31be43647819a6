//! Handlebars in strict mode, with helpers that quote a value for its target.

use super::ahead;
use super::feature::Features;
use handlebars::{
    Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderErrorReason,
};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Why a template gave no text; names the template's file and line.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("{file}:{line}: {message}")]
    At {
        file: String,
        /// 1-based.
        line: usize,
        message: String,
    },
    #[error("{file}: {message}")]
    In { file: String, message: String },
}

/// Templates ready to be filled.
pub struct Renderer<'a> {
    handlebars: Handlebars<'a>,
    features: &'a Features,
    /// Names of the templates that were not parsed from their text.
    ahead: BTreeSet<String>,
}

impl<'a> Renderer<'a> {
    /// Registers helpers and partials; templates are parsed when first rendered.
    ///
    /// # Errors
    /// When a partial is malformed.
    pub fn new(features: &'a Features) -> Result<Self, RenderError> {
        let mut renderer = Self {
            handlebars: registry(),
            features,
            ahead: BTreeSet::new(),
        };
        for (name, text) in features.partials() {
            renderer.register(name, text)?;
        }
        Ok(renderer)
    }

    /// As the build script parsed it, where it is built in; else parsed now.
    fn register(&mut self, name: &str, text: &str) -> Result<(), RenderError> {
        if !self.features.is_foreign(name)
            && let Some(template) = ahead::template(name)
        {
            self.handlebars.register_template(name, template);
            self.ahead.insert(name.to_owned());
            return Ok(());
        }
        self.parse(name, text)
    }

    fn parse(&mut self, name: &str, text: &str) -> Result<(), RenderError> {
        self.handlebars
            .register_template_string(name, text)
            .map_err(|error| malformed(self.features, name, &error))
    }

    /// The text of template `feature/name` filled from `context`.
    ///
    /// # Errors
    /// When it is not there or malformed, or names something that `context` has not.
    pub fn file(&mut self, name: &str, context: &Context) -> Result<String, RenderError> {
        if !self.handlebars.has_template(name) {
            let text = self
                .features
                .template(name)
                .ok_or_else(|| RenderError::In {
                    file: self.features.origin(name),
                    message: "is not there".to_owned(),
                })?;
            self.register(name, text)?;
        }
        let mut text = Bounded(Vec::new());
        let rendered = self
            .handlebars
            .render_with_context_to_write(name, context, &mut text);
        if rendered.is_err() && !self.ahead.is_empty() {
            self.parse_all()?;
            return self.file(name, context);
        }
        rendered.map_err(|error| failed(self.features, name, &error))?;
        String::from_utf8(text.0).map_err(|error| RenderError::In {
            file: self.features.origin(name),
            message: error.to_string(),
        })
    }

    /// Parses template `name`, where that was not done yet.
    ///
    /// # Errors
    /// When it is malformed.
    pub(super) fn parsed(&mut self, name: &str) -> Result<(), RenderError> {
        match self.features.template(name) {
            Some(text) if !self.handlebars.has_template(name) => self.register(name, text),
            _ => Ok(()),
        }
    }

    /// Parses the text of what was parsed ahead, whose lines an error names.
    fn parse_all(&mut self) -> Result<(), RenderError> {
        for name in std::mem::take(&mut self.ahead) {
            if let Some(text) = self.features.template(&name) {
                self.parse(&name, text)?;
            }
        }
        Ok(())
    }

    /// A short text of `feature`'s feature.toml (a path, a reason), filled from `context`.
    ///
    /// # Errors
    /// As [`Renderer::file`].
    pub fn text(
        &self,
        feature: &str,
        text: &str,
        context: &Context,
    ) -> Result<String, RenderError> {
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        self.handlebars
            .render_template_with_context(text, context)
            .map_err(|error| RenderError::In {
                file: self.features.place(feature, text),
                message: format!("`{text}`: {}", error.reason()),
            })
    }
}

/// Handlebars as templates are written for it, without one of them.
pub(super) fn registry<'a>() -> Handlebars<'a> {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.register_escape_fn(handlebars::no_escape);
    for (name, quote) in QUOTES {
        handlebars.register_helper(
            name,
            Box::new(Quoting {
                name,
                quote: *quote,
            }),
        );
    }
    handlebars.register_helper("join", Box::new(join));
    handlebars
}

/// A text that ends where no file of a project would: loops within loops can make one of any size.
struct Bounded(Vec<u8>);

impl Bounded {
    /// In bytes.
    const MOST: usize = 4 * 1024 * 1024;
}

impl Write for Bounded {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if self.0.len() + part.len() > Self::MOST {
            return Err(io::Error::other("makes a file of more than 4 MiB"));
        }
        self.0.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn malformed(features: &Features, name: &str, error: &handlebars::TemplateError) -> RenderError {
    let file = features.origin(name);
    let message = error.reason().to_string();
    match error.pos() {
        Some((line, _)) => RenderError::At {
            file,
            line,
            message,
        },
        None => RenderError::In { file, message },
    }
}

fn failed(features: &Features, name: &str, error: &handlebars::RenderError) -> RenderError {
    let file = features.origin(error.template_name.as_deref().unwrap_or(name));
    let message = error.reason().to_string();
    match error.line_no {
        Some(line) => RenderError::At {
            file,
            line,
            message,
        },
        None => RenderError::In { file, message },
    }
}

type Quote = fn(&Value) -> Result<String, String>;

const QUOTES: &[(&str, Quote)] = &[
    ("yaml", yaml),
    ("json", json),
    ("sh", sh),
    ("toml", toml),
    ("make", make),
    ("docker", docker),
    ("gh", gh),
];

struct Quoting {
    name: &'static str,
    quote: Quote,
}

impl handlebars::HelperDef for Quoting {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let value = parameter(helper, registry, self.name)?;
        let text = (self.quote)(value).map_err(|reason| {
            RenderErrorReason::Other(format!("{{{{{}}}}}: {reason}", self.name))
        })?;
        out.write(&text)?;
        Ok(())
    }
}

fn parameter<'h>(
    helper: &'h Helper<'_>,
    registry: &Handlebars<'_>,
    name: &'static str,
) -> Result<&'h Value, RenderErrorReason> {
    let value = helper
        .param(0)
        .ok_or(RenderErrorReason::ParamNotFoundForIndex(name, 0))?;
    if registry.strict_mode() && value.is_value_missing() {
        return Err(RenderErrorReason::MissingVariable(
            value.relative_path().cloned(),
        ));
    }
    Ok(value.value())
}

/// `{{join list ", "}}`
fn join(
    helper: &Helper<'_>,
    registry: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let list = parameter(helper, registry, "join")?;
    let separator = helper
        .param(1)
        .and_then(|value| value.value().as_str())
        .unwrap_or(" ");
    let parts: Vec<String> = list
        .as_array()
        .ok_or_else(|| RenderErrorReason::Other("{{join}}: not a list".to_owned()))?
        .iter()
        .map(plain)
        .collect();
    out.write(&parts.join(separator))?;
    Ok(())
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn json(value: &Value) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

/// A plain scalar where that is unambiguous in YAML 1.1 and 1.2, else double-quoted; lists and
/// objects in flow form, whose JSON is YAML.
fn yaml(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) if is_plain_yaml(text) => Ok(text.clone()),
        other => json(other),
    }
}

fn is_plain_yaml(text: &str) -> bool {
    const WORDS: &[&str] = &["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let mut characters = text.chars();
    let first = characters.next();
    let second = characters.next();
    let starts = match first {
        Some(c) if c.is_ascii_alphabetic() || c == '_' || c == '/' => true,
        Some('.') => second.is_some_and(|c| c == '/' || c == '.'),
        _ => false,
    };
    starts
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_./@-:+".contains(c))
        && !text.ends_with(':')
        && text != "..."
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

fn sh(value: &Value) -> Result<String, String> {
    let text = scalar(value)?;
    if !text.is_empty() && text.chars().all(is_safe_word) {
        return Ok(text);
    }
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

fn toml(value: &Value) -> Result<String, String> {
    let mut text = String::new();
    serde::Serialize::serialize(value, ::toml::ser::ValueSerializer::new(&mut text))
        .map_err(|error| error.to_string())?;
    Ok(text)
}

/// A value in a Makefile, outside of quotes of the shell.
fn make(value: &Value) -> Result<String, String> {
    Ok(scalar(value)?.replace('$', "$$").replace('#', r"\#"))
}

/// One word of a Dockerfile instruction such as ENV, ARG, LABEL, COPY.
fn docker(value: &Value) -> Result<String, String> {
    let text = scalar(value)?;
    if !text.is_empty() && text.chars().all(is_safe_word) {
        return Ok(text);
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    Ok(quoted)
}

fn gh(value: &Value) -> Result<String, String> {
    Ok(format!("${{{{ {} }}}}", scalar(value)?))
}

fn is_safe_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_./@-:+=,%".contains(c)
}

/// A text, number or truth value on one line.
fn scalar(value: &Value) -> Result<String, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return Err("neither text nor number".to_owned()),
    };
    if text.contains(['\n', '\r', '\0']) {
        return Err("a line break cannot be written here".to_owned());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn quotes_for_the_target() {
        let nasty = json!("a 'b' \"c\" $d #e");
        assert_eq!(yaml(&nasty).unwrap(), r#""a 'b' \"c\" $d #e""#);
        assert_eq!(sh(&nasty).unwrap(), r#"'a '\''b'\'' "c" $d #e'"#);
        assert_eq!(make(&nasty).unwrap(), r#"a 'b' "c" $$d \#e"#);
        assert_eq!(docker(&nasty).unwrap(), r#""a 'b' \"c\" \$d #e""#);
        assert_eq!(gh(&json!("secrets.X")).unwrap(), "${{ secrets.X }}");
        let toml = toml(&nasty).unwrap();
        let read: ::toml::Table = format!("x = {toml}").parse().unwrap();
        assert_eq!(read["x"].as_str(), nasty.as_str());
    }

    #[test]
    fn yaml_leaves_plain_only_what_stays_a_text() {
        for word in [
            "on",
            "No",
            "null",
            "1.10",
            "0x1f",
            "1e3",
            "",
            "~",
            ".5",
            "a:",
            "- a",
            "5000:5000",
            "...",
        ] {
            assert_eq!(yaml(&json!(word)).unwrap(), format!("{word:?}"));
        }
        for word in [
            "web",
            "./data",
            "docker.io/library/redis:8@sha256:ab",
            "/srv/x",
            "../..",
        ] {
            assert_eq!(yaml(&json!(word)).unwrap(), word);
        }
        assert_eq!(yaml(&json!(["a", 1])).unwrap(), r#"["a",1]"#);
    }

    #[test]
    fn a_built_in_template_that_fails_is_named_with_its_line() {
        let features = Features::builtin().unwrap();
        let mut renderer = Renderer::new(&features).unwrap();
        let error = renderer
            .file("ci/ci.yml.hbs", &Context::from(json!({})))
            .unwrap_err()
            .to_string();
        let text = features.template("ci/ci.yml.hbs").unwrap();
        let first = text.lines().position(|line| line.contains("{{")).unwrap() + 1;
        let expected = format!("templates/ci/ci.yml.hbs:{first}: ");
        assert!(error.starts_with(&expected), "{error}");
    }

    #[test]
    fn what_is_missing_is_named_with_file_and_line() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(".shipway/templates/extra");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            folder.join("a.hbs"),
            "one\n{{shipway.version}} {{nothing.here}}\n",
        )
        .unwrap();
        std::fs::write(folder.join("b.hbs"), "one\n\n{{yaml nothing}}\n").unwrap();
        std::fs::write(folder.join("c.hbs"), "one\n{{#if x}}\n").unwrap();
        let features = Features::load(root.path()).unwrap();
        let mut renderer = Renderer::new(&features).unwrap();
        let context = Context::from(json!({"shipway": {"version": "1"}}));
        let mut message = |name: &str| renderer.file(name, &context).unwrap_err().to_string();
        assert!(message("extra/a.hbs").starts_with(".shipway/templates/extra/a.hbs:2: "));
        assert!(message("extra/b.hbs").starts_with(".shipway/templates/extra/b.hbs:3: "));
        assert!(message("extra/c.hbs").starts_with(".shipway/templates/extra/c.hbs:"));
    }
}
