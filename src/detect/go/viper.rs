//! What viper looks for in the environment where it is told to look there for every setting
//! (<https://pkg.go.dev/github.com/spf13/viper#AutomaticEnv>).

use crate::detect::serving::is_name;
use crate::detect::variable::Read;

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
