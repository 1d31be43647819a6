//! Features: what `templates/<feature>/feature.toml` declares.

use super::endless;
use super::layer::{self, Sources};
use super::source::Copy;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

pub use super::layer::Layer;

/// The file of a feature's folder that declares it.
const MANIFEST: &str = "feature.toml";

/// A coherent set of generated files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// The folder's name.
    #[serde(skip)]
    pub name: String,
    pub summary: String,
    /// Whether it is made unless turned off.
    #[serde(default)]
    pub default: bool,
    /// Features that come along with it.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Context paths that must be truthy, else the feature is skipped; `!x` negates.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Why it was skipped, said in the plan.
    #[serde(default)]
    pub otherwise: String,
    #[serde(default, rename = "file")]
    pub files: Vec<FileRule>,
}

/// One file that a feature makes, or one per element of a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRule {
    /// Unique over all features.
    pub id: String,
    /// Name below the feature's folder.
    pub template: String,
    /// Destination, a template itself.
    pub path: String,
    /// Context path of a list; one file per element.
    #[serde(default)]
    pub each: Option<String>,
    /// Context paths that must be truthy.
    #[serde(default)]
    pub when: Vec<String>,
    /// One line for the plan, a template itself.
    pub reason: String,
    /// Ids of the files that it does not work without, separated by blanks; templates
    /// themselves. Where one of these is left out, this one is left out as well; one that is
    /// not made for this project is not missed.
    #[serde(default)]
    pub needs: Vec<String>,
    #[serde(default)]
    pub mode: Mode,
    #[serde(default)]
    pub strategy: Strategy,
    /// Destination where `path` is the user's; a template itself.
    #[serde(default)]
    pub beside: Option<String>,
    /// Files of the user's that `path` would take precedence over, or lose against.
    #[serde(default)]
    pub yields_to: Vec<String>,
    /// Files of the user's beside `path` that it can take the place of, under their names.
    #[serde(default)]
    pub adopts: Vec<String>,
    /// Whether nothing in it depends on where it lies: where its user moves it, the files that name
    /// it do so there.
    #[serde(default)]
    pub anywhere: bool,
}

/// How a file gets its content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// The whole file is the artifact.
    #[default]
    File,
    /// A marked block in a file that may be the user's.
    Block,
    /// Variables appended to a file whose lines are never changed.
    Env,
    /// Jobs of `[hooks]`, put into a configuration that may be the user's.
    Jobs,
}

/// Permission bits of a generated file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Mode {
    #[default]
    #[serde(rename = "0644")]
    Plain,
    #[serde(rename = "0755")]
    Executable,
    #[serde(rename = "0600")]
    Private,
}

impl Mode {
    /// As `chmod` takes it.
    #[must_use]
    pub fn bits(self) -> u32 {
        match self {
            Mode::Plain => 0o644,
            Mode::Executable => 0o755,
            Mode::Private => 0o600,
        }
    }
}

/// Why the templates could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum FeatureError {
    #[error("{file}:{line}: {message}")]
    Invalid {
        file: String,
        /// 1-based.
        line: usize,
        message: String,
    },
    #[error("cannot read {file}: {source}")]
    Io {
        file: String,
        source: std::io::Error,
    },
    #[error("{file}: {message}")]
    Rule { file: String, message: String },
}

/// Every feature with the texts of its templates; a repository's own shadow the built-in ones.
#[derive(Debug)]
pub struct Features {
    /// By name.
    pub all: BTreeMap<String, Feature>,
    /// Templates, partials and every feature.toml.
    sources: Sources,
}

/// A file that templates are made of.
#[derive(Debug, serde::Serialize)]
pub struct Listed<'f> {
    /// `feature/name`
    pub name: &'f str,
    pub from: Layer,
    /// The file that a person edits to change it.
    pub file: &'f str,
}

impl Features {
    /// The built-in features alone.
    ///
    /// # Errors
    /// When one of them is malformed.
    pub fn builtin() -> Result<Self, FeatureError> {
        Self::from_sources(layer::built_in())
    }

    /// The built-in features, shadowed by those under `root/.shipway/templates`.
    ///
    /// # Errors
    /// When a file there cannot be read, is no UTF-8 or is malformed.
    pub fn load(root: &Path) -> Result<Self, FeatureError> {
        Self::layered(None, Some(root))
    }

    /// The built-in features, shadowed by those of `copy`, and these by those under
    /// `root/.shipway/templates`.
    ///
    /// # Errors
    /// As [`Features::load`].
    pub(super) fn layered(copy: Option<&Copy>, root: Option<&Path>) -> Result<Self, FeatureError> {
        let mut sources = layer::built_in();
        if let Some(copy) = copy {
            layer::put(&mut sources, copy.texts.clone(), Layer::Source, &copy.shown);
        }
        if let Some(root) = root {
            layer::put_own(&mut sources, root)?;
        }
        Self::from_sources(sources)
    }

    fn from_sources(mut sources: Sources) -> Result<Self, FeatureError> {
        sources.retain(|name, _| is_template(name));
        let mut all = BTreeMap::new();
        for (path, source) in &sources {
            let Some(folder) = path.strip_suffix("/feature.toml") else {
                continue;
            };
            let text = &source.text;
            let mut feature: Feature =
                toml::from_str(text).map_err(|error| FeatureError::Invalid {
                    line: super::line_of(text, error.span().map_or(0, |span| span.start)),
                    message: error.message().to_owned(),
                    file: source.file.clone(),
                })?;
            folder.clone_into(&mut feature.name);
            all.insert(folder.to_owned(), feature);
        }
        Self { all, sources }.checked()
    }

    /// Nothing where there is a feature `name`.
    ///
    /// # Errors
    /// With the names that there are, where there is none.
    pub fn known(&self, name: &str) -> Result<(), super::UnknownFeature> {
        if self.all.contains_key(name) {
            return Ok(());
        }
        let known: Vec<&str> = self.all.keys().map(String::as_str).collect();
        Err(super::UnknownFeature {
            name: name.to_owned(),
            known: known.join(", "),
        })
    }

    /// Whether a rule makes files with this id, `rule` or `rule.element`.
    #[must_use]
    pub fn makes(&self, id: &str) -> bool {
        let rule = id.split('.').next().unwrap_or(id);
        self.all
            .values()
            .flat_map(|feature| &feature.files)
            .any(|file| file.id == rule)
    }

    /// The text of template `feature/name`.
    #[must_use]
    pub fn template(&self, name: &str) -> Option<&str> {
        self.sources.get(name).map(|source| source.text.as_ref())
    }

    /// Every file that templates are made of, sorted by name.
    pub fn listed(&self) -> impl Iterator<Item = Listed<'_>> {
        self.sources.iter().map(|(name, source)| Listed {
            name,
            from: source.layer,
            file: &source.file,
        })
    }

    /// Names of the partials that template `name` draws in itself, in order.
    pub(super) fn drawn_in(&self, name: &str) -> impl Iterator<Item = &str> {
        // `{{> feature/_name}}`
        let text = self.template(name).unwrap_or_default();
        text.match_indices("{{").filter_map(move |(at, _)| {
            let blank = |c: char| c.is_whitespace() || c == '~';
            let inside = text[at + 2..].trim_start_matches(|c| blank(c) || c == '#');
            let name = inside.strip_prefix('>')?.trim_start();
            let name = name.split(|c| blank(c) || c == '}').next()?;
            let (known, _) = self.sources.get_key_value(name)?;
            Some(known.as_str())
        })
    }

    /// Template `name` and the partials that it draws in, however far removed.
    pub(super) fn with_partials<'f>(&'f self, name: &'f str) -> Vec<&'f str> {
        let mut names = vec![name];
        let mut at = 0;
        while let Some(name) = names.get(at).copied() {
            for partial in self.drawn_in(name) {
                if !names.contains(&partial) {
                    names.push(partial);
                }
            }
            at += 1;
        }
        names
    }

    /// SHA-256 of template `feature/name` and of the partials that it draws in.
    #[must_use]
    pub fn hash(&self, name: &str) -> String {
        let names = self.with_partials(name);
        let texts: Vec<&str> = names
            .into_iter()
            .filter_map(|name| self.template(name))
            .collect();
        super::sha256(texts.join("\0").as_bytes())
    }

    /// Whether template or feature.toml `feature/name` is not the built-in one.
    #[must_use]
    pub fn is_foreign(&self, name: &str) -> bool {
        let source = self.sources.get(name);
        source.is_some_and(|source| source.layer != Layer::BuiltIn)
    }

    /// Whether there is any that is not built in.
    #[must_use]
    pub fn has_foreign(&self) -> bool {
        self.sources
            .values()
            .any(|source| source.layer != Layer::BuiltIn)
    }

    /// Names and texts of the partials, sorted.
    pub fn partials(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sources
            .iter()
            .filter(|(name, _)| is_partial(name))
            .map(|(name, source)| (name.as_str(), source.text.as_ref()))
    }

    /// The file that a person edits to change template `name`.
    #[must_use]
    pub fn origin(&self, name: &str) -> String {
        match self.sources.get(name) {
            Some(source) => source.file.clone(),
            None => format!("templates/{name}"),
        }
    }

    /// The feature.toml of `feature`, with the line that has `text` where one has.
    #[must_use]
    pub fn place(&self, feature: &str, text: &str) -> String {
        let name = format!("{feature}/{MANIFEST}");
        let file = self.origin(&name);
        let at = self.template(&name).and_then(|all| {
            let at = all.find(text).filter(|_| !text.is_empty())?;
            Some(super::line_of(all, at))
        });
        match at {
            Some(line) => format!("{file}:{line}"),
            None => file,
        }
    }

    fn checked(self) -> Result<Self, FeatureError> {
        for name in self.sources.keys().filter(|name| self.is_foreign(name)) {
            let file = self.origin(name);
            match endless::fault(&self, name) {
                None => {}
                Some((None, message)) => return Err(FeatureError::Rule { file, message }),
                Some((Some(line), message)) => {
                    return Err(FeatureError::Invalid {
                        file,
                        line,
                        message,
                    });
                }
            }
        }
        let mut ids = BTreeMap::new();
        for feature in self.all.values() {
            let fail = |text: &str, message| FeatureError::Rule {
                file: self.place(&feature.name, text),
                message,
            };
            for other in &feature.requires {
                if !self.all.contains_key(other) {
                    return Err(fail(
                        other,
                        format!("requires feature `{other}`, which does not exist"),
                    ));
                }
            }
            for rule in &feature.files {
                let template = format!("{}/{}", feature.name, rule.template);
                if self.template(&template).is_none() {
                    return Err(fail(
                        &rule.template,
                        format!(
                            "file `{}` names the template {}, which is not there",
                            rule.id, rule.template
                        ),
                    ));
                }
                if let Some(other) = ids.insert(rule.id.clone(), feature.name.clone()) {
                    let id = toml::Value::from(rule.id.as_str()).to_string();
                    return Err(fail(
                        &id,
                        format!("file id `{}` is taken by feature `{other}`", rule.id),
                    ));
                }
            }
        }
        Ok(self)
    }
}

/// Whether a file with this path is something that files are made of: a template, a partial or a
/// feature.toml.
pub(super) fn is_template(path: &str) -> bool {
    path.split_once('/').is_some_and(|(_, name)| {
        name == MANIFEST || Path::new(name).extension().is_some_and(|end| end == "hbs")
    })
}

/// Whether `feature/name` is drawn in by templates and makes no file itself.
pub(super) fn is_partial(name: &str) -> bool {
    let last = name.rsplit('/').next();
    last.is_some_and(|last| last.starts_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_features_are_well_formed() {
        let features = Features::builtin().unwrap();
        assert!(features.listed().all(|one| one.from == Layer::BuiltIn));
    }

    #[test]
    fn a_file_of_the_same_path_shadows() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(".shipway/templates/extra");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            folder.join("feature.toml"),
            "summary = \"x\"\n[[file]]\nid = \"extra\"\ntemplate = \"a.hbs\"\npath = \"a\"\nreason = \"r\"\n",
        )
        .unwrap();
        std::fs::write(folder.join("a.hbs"), "text").unwrap();
        let features = Features::load(root.path()).unwrap();
        assert_eq!(features.template("extra/a.hbs"), Some("text"));
        assert_eq!(
            features.origin("extra/a.hbs"),
            ".shipway/templates/extra/a.hbs"
        );
    }

    #[test]
    fn a_malformed_feature_is_named_with_its_line() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(".shipway/templates/extra");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("feature.toml"), "summary = \"x\"\nneed = []\n").unwrap();
        let error = Features::load(root.path()).unwrap_err().to_string();
        assert!(
            error.starts_with(".shipway/templates/extra/feature.toml:2: "),
            "{error}"
        );
    }
}
