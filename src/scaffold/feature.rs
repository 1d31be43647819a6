//! Features: what `templates/<feature>/feature.toml` declares.

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Where a repository keeps templates of its own, relative to its root.
pub const SHADOW_DIR: &str = ".shipway/templates";

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
    /// Text by `feature/name`.
    templates: BTreeMap<String, Cow<'static, str>>,
    /// Those of `templates` that come from the repository, and every foreign feature.toml.
    pub shadowed: Vec<String>,
}

impl Features {
    /// The built-in features alone.
    ///
    /// # Errors
    /// When one of them is malformed.
    pub fn builtin() -> Result<Self, FeatureError> {
        Self::from_files(builtin_files(), Vec::new())
    }

    /// The built-in features, shadowed by those under `root/.shipway/templates`.
    ///
    /// # Errors
    /// When a file there cannot be read, is no UTF-8 or is malformed.
    pub fn load(root: &Path) -> Result<Self, FeatureError> {
        let shadow = root.join(SHADOW_DIR);
        if !shadow.is_dir() {
            return Self::builtin();
        }
        let mut files = builtin_files();
        let mut shadowed = Vec::new();
        let mut found = BTreeMap::new();
        read_shadow(&shadow, "", &mut found)?;
        for (path, text) in found {
            let same = files.get(&path).is_some_and(|builtin| **builtin == text);
            if !same {
                shadowed.push(path.clone());
                files.insert(path, Cow::Owned(text));
            }
        }
        Self::from_files(files, shadowed)
    }

    fn from_files(
        files: BTreeMap<String, Cow<'static, str>>,
        shadowed: Vec<String>,
    ) -> Result<Self, FeatureError> {
        let mut all = BTreeMap::new();
        let mut templates = BTreeMap::new();
        for (path, text) in files {
            let Some((folder, name)) = path.split_once('/') else {
                continue;
            };
            if name == "feature.toml" {
                let file = origin(&path, &shadowed);
                let mut feature: Feature =
                    toml::from_str(&text).map_err(|error| FeatureError::Invalid {
                        line: super::line_of(&text, error.span().map_or(0, |span| span.start)),
                        message: error.message().to_owned(),
                        file,
                    })?;
                folder.clone_into(&mut feature.name);
                all.insert(folder.to_owned(), feature);
            } else if Path::new(name)
                .extension()
                .is_some_and(|extension| extension == "hbs")
            {
                templates.insert(path, text);
            }
        }
        let features = Self {
            all,
            templates,
            shadowed,
        };
        features.checked()
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
        self.templates.get(name).map(AsRef::as_ref)
    }

    /// SHA-256 of template `feature/name` and of the partials that it draws in.
    #[must_use]
    pub fn hash(&self, name: &str) -> String {
        let mut names = vec![name];
        let mut at = 0;
        while let Some(text) = names.get(at).and_then(|name| self.template(name)) {
            for partial in drawn_in(text) {
                if let Some((known, _)) = self.templates.get_key_value(partial)
                    && !names.contains(&known.as_str())
                {
                    names.push(known);
                }
            }
            at += 1;
        }
        let texts: Vec<&str> = names
            .iter()
            .filter_map(|name| self.template(name))
            .collect();
        super::sha256(texts.join("\0").as_bytes())
    }

    /// Whether the repository has a template `feature/name` of its own.
    #[must_use]
    pub fn is_shadowed(&self, name: &str) -> bool {
        self.shadowed.iter().any(|one| one == name)
    }

    /// Names and texts of the partials, sorted.
    pub fn partials(&self) -> impl Iterator<Item = (&str, &str)> {
        self.templates
            .iter()
            .filter(|(name, _)| {
                name.rsplit('/')
                    .next()
                    .is_some_and(|last| last.starts_with('_'))
            })
            .map(|(name, text)| (name.as_str(), text.as_ref()))
    }

    /// The file that a person edits to change template `name`.
    #[must_use]
    pub fn origin(&self, name: &str) -> String {
        origin(name, &self.shadowed)
    }

    /// The way by which template `name` draws in itself, if it does.
    fn circle<'f>(&'f self, name: &'f str, way: &mut Vec<&'f str>) -> bool {
        let partials: Vec<&str> = drawn_in(self.template(name).unwrap_or_default()).collect();
        way.push(name);
        for partial in partials {
            let Some((partial, _)) = self.templates.get_key_value(partial) else {
                continue;
            };
            if way.contains(&partial.as_str()) {
                way.push(partial);
                return true;
            }
            if self.circle(partial, way) {
                return true;
            }
        }
        way.pop();
        false
    }

    fn checked(self) -> Result<Self, FeatureError> {
        for name in &self.shadowed {
            let mut way = Vec::new();
            if self.circle(name, &mut way) {
                return Err(FeatureError::Rule {
                    file: self.origin(name),
                    message: format!("draws in itself without end: {}", way.join(" > ")),
                });
            }
        }
        let mut ids = BTreeMap::new();
        for feature in self.all.values() {
            let at = format!("{}/feature.toml", feature.name);
            let fail = |message| FeatureError::Rule {
                file: self.origin(&at),
                message,
            };
            for other in &feature.requires {
                if !self.all.contains_key(other) {
                    return Err(fail(format!(
                        "requires feature `{other}`, which does not exist"
                    )));
                }
            }
            for rule in &feature.files {
                let template = format!("{}/{}", feature.name, rule.template);
                if self.template(&template).is_none() {
                    return Err(fail(format!(
                        "file `{}` names the template {}, which is not there",
                        rule.id, rule.template
                    )));
                }
                if let Some(other) = ids.insert(rule.id.clone(), feature.name.clone()) {
                    return Err(fail(format!(
                        "file id `{}` is taken by feature `{other}`",
                        rule.id
                    )));
                }
            }
        }
        Ok(self)
    }
}

/// Names of the partials in a template: `{{> feature/_name}}`.
fn drawn_in(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("{{").filter_map(|(at, _)| {
        let inside = text[at + 2..].trim_start_matches(['~', '#', ' ']);
        let name = inside.strip_prefix('>')?.trim_start();
        name.split([' ', '}', '~', '\n']).next()
    })
}

fn origin(path: &str, shadowed: &[String]) -> String {
    if shadowed.iter().any(|name| name == path) {
        format!("{SHADOW_DIR}/{path}")
    } else {
        format!("templates/{path}")
    }
}

fn builtin_files() -> BTreeMap<String, Cow<'static, str>> {
    let mut files = BTreeMap::new();
    collect(&EMBEDDED, &mut files);
    files
}

fn collect(dir: &'static Dir<'static>, files: &mut BTreeMap<String, Cow<'static, str>>) {
    for file in dir.files() {
        if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
            files.insert(path.replace('\\', "/"), Cow::Borrowed(text));
        }
    }
    for dir in dir.dirs() {
        collect(dir, files);
    }
}

/// Links are left out: a template may not come from elsewhere.
fn read_shadow(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, String>,
) -> Result<(), FeatureError> {
    let io = |file: &Path| {
        let file = file.display().to_string();
        move |source| FeatureError::Io { file, source }
    };
    for entry in std::fs::read_dir(folder).map_err(io(folder))? {
        let entry = entry.map_err(io(folder))?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let path = entry.path();
        let kind = entry.file_type().map_err(io(&path))?;
        let key = if prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{prefix}/{name}")
        };
        if kind.is_dir() {
            read_shadow(&path, &key, files)?;
        } else if kind.is_file() {
            files.insert(key, std::fs::read_to_string(&path).map_err(io(&path))?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_features_are_well_formed() {
        let features = Features::builtin().unwrap();
        assert!(features.shadowed.is_empty());
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
