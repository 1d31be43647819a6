//! A project of Ruby: its manifest, its lock, its sources, and what kind of thing it is.

use super::gemfile::{self, Manifest};
use super::lock::{self, Lock};
use super::source::with_tree;
use crate::detect::beside::{beside_or_hidden, pattern};
use crate::detect::{Tree, existing, syntax};
use crate::project::{Dockerfile, Evidence, Existing, RelPath, Requirement};
use std::collections::BTreeSet;

/// A folder with a Gemfile or a gemspec.
pub(super) struct Application<'a> {
    pub(super) tree: &'a Tree,
    pub(super) existing: &'a Existing,
    pub(super) root: RelPath,
    pub(super) gemfile: Manifest,
    pub(super) gemspec: Option<Manifest>,
    pub(super) lock: Option<Lock>,
    /// Whether there is no other one.
    pub(super) alone: bool,
    /// Sources of what runs, sorted: no tests, no tasks that are run by hand.
    pub(super) files: Vec<RelPath>,
}

/// What a project of Ruby is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// With the place that says so.
    Rails(Evidence),
    /// What `config.ru` starts.
    Rack(Evidence),
    /// A program of Sinatra that serves by itself.
    Program(RelPath, Evidence),
    Gem,
    /// Gems that something else is built or documented with.
    Other,
}

/// Folders of a project that hold nothing which runs.
const ASIDE: &[&str] = &[
    "spec",
    "test",
    "tests",
    "features",
    "node_modules",
    "vendor",
    "tmp",
    "log",
    "coverage",
    "db",
    "script",
    "scripts",
    "bin",
    "doc",
    "docs",
    "tasks",
    "sorbet",
    "rbi",
    "gemfiles",
    "benchmarks",
    "generators",
    "docker",
];

/// Files that are read when somebody works on the project.
const BY_HAND: &[&str] = &[
    "Rakefile",
    "Guardfile",
    "Capfile",
    "Fastfile",
    "Appraisals",
    "puma_dev.rb",
    "deploy.rb",
    "spring.rb",
    "boot.rb",
    "ci.rb",
];

/// What makes a folder a project, Gemfiles first.
pub(super) fn manifests(tree: &Tree) -> impl Iterator<Item = &RelPath> {
    let gemfiles = tree.named("Gemfile").chain(tree.named("gems.rb"));
    gemfiles.chain(tree.with_extension("gemspec"))
}

/// Every project of the tree, the outermost first.
pub(super) fn all<'a>(tree: &'a Tree, existing: &'a Existing) -> Vec<Application<'a>> {
    let is_project = |path: &&RelPath| {
        let folder = path.parent();
        !beside_or_hidden(&folder)
            && !pattern(&folder)
            && !folder
                .as_str()
                .split('/')
                .any(|part| matches!(part, "spec" | "vendor" | "gemfiles"))
    };
    let mut roots: BTreeSet<RelPath> = BTreeSet::new();
    for path in manifests(tree).filter(is_project) {
        let folder = path.parent();
        // A gem may be a part of a bigger project, which its Gemfile names.
        let is_part = || roots.iter().any(|root| folder.is_within(root));
        if path.extension() != "gemspec" || !is_part() {
            roots.insert(folder);
        }
    }
    let alone = roots.len() == 1;
    roots
        .iter()
        .map(|root| Application::read(tree, existing, root, &roots, alone))
        .collect()
}

impl<'a> Application<'a> {
    fn read(
        tree: &'a Tree,
        existing: &'a Existing,
        root: &RelPath,
        roots: &BTreeSet<RelPath>,
        alone: bool,
    ) -> Self {
        let of = |name: &str| root.join(name).ok().filter(|path| tree.has(path));
        let manifest = of("Gemfile").or_else(|| of("gems.rb"));
        let spec = tree
            .with_extension("gemspec")
            .find(|path| path.parent() == *root);
        let gemspec = spec.and_then(|path| gemfile::gemspec(tree, path));
        let path = manifest.clone().or_else(|| spec.cloned());
        let read = manifest.and_then(|path| gemfile::read(tree, &path));
        let mut gemfile = read.unwrap_or_else(|| Manifest::empty(path.as_ref().unwrap_or(root)));
        if let Some(spec) = &gemspec {
            for requirement in &spec.requirements {
                let name = &requirement.name;
                if gemfile.requirements.iter().all(|known| known.name != *name) {
                    gemfile.requirements.push(requirement.clone());
                }
            }
        }
        let lock = of("Gemfile.lock").or_else(|| of("gems.locked"));
        Self {
            tree,
            existing,
            root: root.clone(),
            lock: lock.and_then(|path| lock::read(tree, &path)),
            files: files(tree, root, roots),
            gemfile,
            gemspec,
            alone,
        }
    }

    /// A file or folder of the project that is there.
    pub(super) fn path(&self, name: &str) -> Option<RelPath> {
        let path = self.root.join(name).ok()?;
        (self.tree.has(&path) || self.tree.has_folder(&path)).then_some(path)
    }

    /// A gem that runs in production.
    pub(super) fn gem(&self, name: &str) -> Option<&Requirement> {
        self.any(name).filter(|one| !one.development)
    }

    /// A gem of any group; one for production goes first.
    pub(super) fn any(&self, name: &str) -> Option<&Requirement> {
        let named = || {
            self.gemfile
                .requirements
                .iter()
                .filter(|one| one.name == name)
        };
        named()
            .find(|one| !one.development)
            .or_else(|| named().next())
    }

    /// The first of `names` that runs in production.
    pub(super) fn first(&self, names: &[&str]) -> Option<&Requirement> {
        names.iter().find_map(|name| self.gem(name))
    }

    /// Whether a gem is installed for production, by itself or because another one needs it.
    pub(super) fn installs(&self, name: &str) -> bool {
        let locked = self.lock.as_ref().is_some_and(|lock| lock.has(name));
        self.gem(name).is_some() || locked && self.any(name).is_none()
    }

    /// What starts a command of Rails.
    pub(super) fn rails_program(&self) -> &'static str {
        if self.path("bin/rails").is_some() {
            "bin/rails"
        } else {
            "bundle exec rails"
        }
    }

    /// Version of Rails, major and minor.
    pub(super) fn rails(&self) -> Option<(u32, u32)> {
        let locked = self.lock.as_ref().and_then(|lock| {
            let version = lock.version("rails").or_else(|| lock.version("railties"));
            version.map(str::to_owned)
        });
        let text = locked.or_else(|| {
            let gem = self.gem("rails").or_else(|| self.gem("railties"))?;
            let text = gem
                .specifier
                .trim_start_matches(|c: char| !c.is_ascii_digit());
            Some(text.to_owned())
        })?;
        let mut parts = text.split(['.', ',']).map(|part| part.trim().parse().ok());
        Some((parts.next()??, parts.next().flatten().unwrap_or_default()))
    }

    /// Dockerfiles of the project, nearest first, those for developers last.
    pub(super) fn images(&self) -> Vec<&'a Dockerfile> {
        let mut found: Vec<&Dockerfile> = self
            .existing
            .dockerfiles
            .iter()
            .filter(|file| {
                let folder = file.path.parent();
                folder == self.root
                    || self.root.is_within(&folder)
                        && (self.alone || existing::names_folder(file, &self.root))
                    || self.alone && !beside_or_hidden(&folder)
            })
            .filter(|file| file.runtime.as_ref().is_none_or(|(name, _)| name == "ruby"))
            .collect();
        existing::nearest_first(&mut found, &self.root);
        found.sort_by_key(|file| existing::is_for_developers(file));
        found
    }

    pub(super) fn shape(&self) -> Shape {
        let application = self.path("config/application.rb");
        if let Some(path) = &application {
            let at = self
                .first(&["rails", "railties"])
                .map_or_else(|| Evidence::file(path.clone()), |gem| gem.declared.clone());
            return Shape::Rails(at);
        }
        let is_deployed = || {
            let procfile = self.path("Procfile").is_some();
            procfile || self.images().iter().any(|image| image.cmd.is_some())
        };
        if self.gemspec.is_some() && !is_deployed() {
            return Shape::Gem;
        }
        if let Some(path) = self.path("config.ru") {
            return Shape::Rack(Evidence::file(path));
        }
        match self.program() {
            Some((path, at)) => Shape::Program(path, at),
            None if self.gemspec.is_some() => Shape::Gem,
            None => Shape::Other,
        }
    }

    /// The file at the top that requires Sinatra, and by that serves when it is run.
    fn program(&self) -> Option<(RelPath, Evidence)> {
        self.gem("sinatra")?;
        let top = self.files.iter().filter(|path| path.parent() == self.root);
        let usual = |path: &&RelPath| {
            let names = ["app.rb", "main.rb", "server.rb", "application.rb"];
            names
                .iter()
                .position(|name| *name == path.file_name())
                .unwrap_or(names.len())
        };
        let mut top: Vec<&RelPath> = top.collect();
        top.sort_by_key(usual);
        top.into_iter().find_map(|path| {
            let at = with_tree(self.tree, path, &["sinatra"], |source, root| {
                let calls = source.calls(root, "require").into_iter();
                let mut calls = calls.filter(|call| {
                    let first = super::source::arguments(*call).into_iter().next();
                    first.and_then(|first| source.string(first)).as_deref() == Some("sinatra")
                });
                calls
                    .next()
                    .map(|call| self.tree.at(path, syntax::line(call)))
            });
            Some((path.clone(), at.flatten()?))
        })
    }
}

/// The sources below `root` that belong to no project inside it.
fn files(tree: &Tree, root: &RelPath, roots: &BTreeSet<RelPath>) -> Vec<RelPath> {
    let is_own = |path: &&RelPath| {
        let Some(below) = path.below(root) else {
            return false;
        };
        let folder = below.parent();
        let runs = !folder
            .as_str()
            .split('/')
            .any(|part| ASIDE.contains(&part) || part.starts_with('.'));
        let inner = roots
            .iter()
            .any(|other| other != root && other.is_within(root) && path.is_within(other));
        let by_hand = BY_HAND.contains(&path.file_name())
            || [
                "config/deploy",
                "config/examples",
                "config/kamal",
                "lib/capistrano",
                "lib/generators",
            ]
            .iter()
            .any(|start| below.as_str().starts_with(start))
            || folder.as_str() == "config/environments" && path.file_name() != "production.rb";
        runs && !inner && !by_hand
    };
    let configured = |path: &&RelPath| {
        let below = path.below(root);
        below.is_some_and(|below| below.as_str().starts_with("config/"))
    };
    let code = ["rb", "ru", "erb"]
        .iter()
        .flat_map(|extension| tree.with_extension(extension));
    let yaml = ["yml", "yaml"]
        .iter()
        .flat_map(|extension| tree.with_extension(extension));
    let mut found: Vec<RelPath> = code
        .filter(is_own)
        .chain(yaml.filter(configured).filter(is_own))
        .cloned()
        .collect();
    found.sort();
    found
}
