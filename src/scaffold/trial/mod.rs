//! All templates rendered for projects of many kinds, as a check of those that a repository has of
//! its own.

use super::feature::{Features, is_partial};
use super::moved::Moves;
use super::render::Renderer;
use super::{Choice, Fresh, Journey, Options, PlanError, plan_of};
use crate::config::Config;
use crate::git::Repository;
use crate::project::{Project, RelPath};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// A small project that is built in.
#[derive(Debug)]
pub struct Sample {
    pub name: &'static str,
    /// What it is, in some words.
    pub summary: &'static str,
    /// Its files: after a line `=== path` each, the content.
    text: &'static str,
}

macro_rules! samples {
    ($($name:literal: $summary:literal,)*) => {
        /// Every one, sorted by name.
        pub const SAMPLES: &[Sample] = &[$(Sample {
            name: $name,
            summary: $summary,
            text: include_str!(concat!($name, ".txt")),
        },)*];
    };
}

samples! {
    "deno": "a server on Deno",
    "django": "Django with PostgreSQL and files of its users",
    "dotnet": "ASP.NET Core",
    "elixir": "Plug on Elixir",
    "fastapi-worker": "FastAPI with PostgreSQL, Redis and a worker of Celery",
    "flask": "Flask with PostgreSQL",
    "flask-front-end": "Flask that hands out a built front end",
    "go": "a server in Go",
    "java": "a server in Java, built by Maven",
    "library": "a package of Python that nothing runs",
    "node": "Express with PostgreSQL, in TypeScript",
    "node-site": "a site that Vite builds",
    "pages": "pages that MkDocs makes",
    "php": "PHP with Composer",
    "r": "plumber on R",
    "ruby": "Sinatra on Ruby",
    "rust": "a server in Rust",
    "static": "plain pages",
    "supabase": "Flask on Supabase, with migrations and an edge function",
}

impl Sample {
    /// Writes its files into `folder`.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        for file in self.text.split("=== ").skip(1) {
            let (path, content) = file.split_once('\n').unwrap_or((file, ""));
            let path = folder.join(path);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(path, content)?;
        }
        Ok(())
    }
}

/// What the templates made of the samples.
#[derive(Debug, Default, Serialize)]
pub struct Trial {
    pub samples: Vec<Tried>,
    pub faults: Vec<Fault>,
    /// Templates that none of the samples needs, sorted; they were parsed alone.
    pub unrendered: Vec<String>,
    #[serde(skip)]
    rendered: BTreeSet<String>,
}

/// One sample after all features were made for it.
#[derive(Debug, Serialize)]
pub struct Tried {
    pub name: &'static str,
    /// The files that came out right, sorted.
    pub files: BTreeSet<RelPath>,
}

/// Something wrong with a template.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Names file and line.
    pub message: String,
    /// Names of the samples that showed it; none where the template alone did.
    pub samples: Vec<&'static str>,
}

impl Trial {
    /// Makes every feature for `project`, which `sample` in the folder `root` was found to be.
    ///
    /// # Errors
    /// When the fault is none of a template.
    pub fn take(
        &mut self,
        sample: &Sample,
        root: &Path,
        project: &Project,
        features: &Features,
    ) -> Result<(), PlanError> {
        let options = Options {
            journey: Journey::Init,
            choice: Choice {
                only: Some(features.all.keys().cloned().collect()),
                before: Vec::new(),
                without: Vec::new(),
            },
            fresh: Fresh {
                now: 0,
                random: &|buffer| buffer.fill(0x5a),
            },
            config_text: None,
            tools: Vec::new(),
            moves: &Moves::default(),
        };
        let mut files = BTreeSet::new();
        let mut faults = Vec::new();
        let mut heard = |template: &str, outcome: Result<&RelPath, PlanError>| {
            self.rendered.insert(template.to_owned());
            match outcome {
                Ok(path) => {
                    files.insert(path.clone());
                }
                Err(error) => faults.push(error),
            }
            Ok(())
        };
        let config = Config::default();
        let repository = alone(root);
        let planned = plan_of(
            features,
            project,
            &config,
            &repository,
            &options,
            &mut heard,
        );
        match planned {
            Ok(_) => {}
            Err(
                error @ (PlanError::Feature(_)
                | PlanError::Render(_)
                | PlanError::Path { .. }
                | PlanError::Element { .. }),
            ) => faults.push(error),
            Err(error) => return Err(error),
        }
        for error in faults {
            self.note(&error.to_string(), Some(sample.name));
        }
        let name = sample.name;
        self.samples.push(Tried { name, files });
        Ok(())
    }

    /// After all samples: parses what none of them needed.
    ///
    /// # Errors
    /// When a partial cannot be parsed.
    pub fn end(&mut self, features: &Features) -> Result<(), PlanError> {
        let used: BTreeSet<&str> = self
            .rendered
            .iter()
            .flat_map(|name| features.with_partials(name))
            .collect();
        let mut faults = Vec::new();
        let mut renderer = Renderer::new(features)?;
        for one in features.listed() {
            let is_template = one.name.ends_with(".hbs");
            if is_template && !used.contains(one.name) {
                self.unrendered.push(one.name.to_owned());
                if !is_partial(one.name) {
                    faults.extend(renderer.parsed(one.name).err());
                }
            }
        }
        for error in faults {
            self.note(&error.to_string(), None);
        }
        Ok(())
    }

    fn note(&mut self, message: &str, sample: Option<&'static str>) {
        let known = self.faults.iter().position(|one| one.message == message);
        let at = known.unwrap_or_else(|| {
            self.faults.push(Fault {
                message: message.to_owned(),
                samples: Vec::new(),
            });
            self.faults.len() - 1
        });
        self.faults[at].samples.extend(sample);
    }
}

/// A folder as a repository without a history.
fn alone(root: &Path) -> Repository {
    let git_dir = root.join(".git");
    Repository {
        root: root.to_owned(),
        private_dir: git_dir.join("shipway"),
        under_way: None,
        head: None,
        branch: Some("main".to_owned()),
        origin: Some("https://github.com/example/sample".to_owned()),
        linked_worktree: None,
        common_dir: git_dir.clone(),
        git_dir,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_are_sorted() {
        assert!(SAMPLES.is_sorted_by_key(|sample| sample.name));
    }
}
