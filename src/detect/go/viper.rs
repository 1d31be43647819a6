//! What viper looks for in the environment where it is told to look there for every setting
//! (<https://pkg.go.dev/github.com/spf13/viper#AutomaticEnv>).

use super::value;
use crate::detect::serving::is_name;
use crate::detect::syntax;
use crate::detect::variable::Read;
use tree_sitter::Node;

/// What one file tells viper.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) is_automatic: bool,
    pub(super) prefix: Option<String>,
    /// In pairs: what stands in a name of a setting, and what in that of its variable.
    pub(super) replaced: Vec<String>,
    /// Whether those are computed.
    pub(super) is_computed: bool,
    /// Settings, by their own names.
    pub(super) settings: Vec<Read>,
}

impl Told {
    /// Takes in a call of `name` on `object`, in a file that imports viper where `of_viper`; gives whether
    /// it is one of those that tell viper something.
    pub(super) fn hear(
        &mut self,
        object: &str,
        name: &str,
        arguments: &[Node<'_>],
        source: &str,
        of_viper: bool,
    ) -> bool {
        let first = arguments.first().copied();
        let text = first.and_then(|one| value::literal(one, source));
        match (object, name) {
            (_, "AutomaticEnv") if of_viper => self.is_automatic = true,
            (_, "SetEnvPrefix") if of_viper => self.prefix = text,
            (_, "SetEnvKeyReplacer") if of_viper => {
                let made = first.and_then(|replacer| replacer.child_by_field_name("arguments"));
                let parts = made.map(syntax::children).unwrap_or_default();
                let texts = parts
                    .iter()
                    .filter_map(|part| value::literal(*part, source));
                self.replaced = texts.collect();
                self.is_computed = self.replaced.len() < parts.len();
            }
            ("viper" | "v", name)
                if name == "SetDefault" || name == "IsSet" || name.starts_with("Get") =>
            {
                self.settings.extend(text.map(|name| Read {
                    name,
                    default: arguments.get(1).and_then(|one| default(*one, source)),
                    required: false,
                    line: first.map_or(1, syntax::line),
                }));
            }
            _ => return false,
        }
        true
    }
}

/// What a setting is where nothing sets it.
fn default(given: Node<'_>, source: &str) -> Option<String> {
    let is_plain = matches!(given.kind(), "int_literal" | "true" | "false");
    let plain = is_plain.then(|| syntax::text(given, source).to_owned());
    plain.or_else(|| value::literal(given, source))
}

/// How all files of a program together name the variables of settings.
#[derive(Debug, Default)]
pub(super) struct Naming {
    is_automatic: bool,
    prefix: String,
    replaced: Vec<(String, String)>,
    is_computed: bool,
}

impl Naming {
    pub(super) fn new<'t>(all: impl Iterator<Item = &'t Told>) -> Self {
        let mut naming = Self::default();
        for told in all {
            naming.is_automatic |= told.is_automatic;
            naming.is_computed |= told.is_computed;
            if let Some(prefix) = &told.prefix {
                naming.prefix = format!("{prefix}_");
            }
            let pairs = told.replaced.chunks_exact(2);
            let pairs = pairs.map(|pair| (pair[0].clone(), pair[1].clone()));
            naming.replaced.extend(pairs);
        }
        naming
    }

    /// The variable behind a setting; None where no shell could set it, or none is looked for.
    pub(super) fn variable(&self, setting: &Read) -> Option<Read> {
        let mut words = String::new();
        for letter in setting.name.chars() {
            // What is computed is the words of a name, as everybody writes them.
            if self.is_computed && letter.is_ascii_uppercase() && !words.is_empty() {
                words.push('_');
            }
            words.push(letter);
        }
        let mut name = format!("{}{words}", self.prefix).to_uppercase();
        for (there, instead) in &self.replaced {
            name = name.replace(there.as_str(), instead);
        }
        let read = Read {
            name,
            ..setting.clone()
        };
        Some(read).filter(|read| self.is_automatic && is_name(&read.name))
    }
}
