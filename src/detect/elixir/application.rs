//! A project of Elixir: its manifest, the applications of an umbrella, its sources and images, and what kind
//! of thing it is.

use super::mix::{self, Manifest, Release};
use super::source::with_tree;
use crate::detect::beside::{beside_or_hidden, pattern};
use crate::detect::{Tree, existing};
use crate::project::{Dockerfile, Evidence, Existing, RelPath, Requirement};
use std::collections::BTreeSet;

/// A folder with a mix.exs, and those of its applications where it is an umbrella.
pub(super) struct Application<'a> {
    pub(super) tree: &'a Tree,
    pub(super) existing: &'a Existing,
    pub(super) root: RelPath,
    pub(super) manifest: Manifest,
    /// The applications of an umbrella, in order of folder.
    pub(super) members: Vec<Manifest>,
    pub(super) lock: Option<RelPath>,
    /// The names of what is locked.
    locked: Vec<String>,
    /// Whether there is no other project.
    pub(super) alone: bool,
    /// Whether it lies in the folder of another one.
    pub(super) inside: bool,
    /// Sources of what runs, sorted: settings of production first.
    pub(super) files: Vec<RelPath>,
}

/// What a project is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// It answers requests.
    Web,
    /// It takes work from a queue.
    Worker,
    /// It starts something at times.
    Scheduler,
    /// Others install it.
    Library,
}

/// Packages that listen for requests.
const SERVERS: &[&str] = &["bandit", "plug_cowboy", "cowboy", "ace", "elli", "mochiweb"];

/// Every project of the tree, the outermost first.
pub(super) fn all<'a>(tree: &'a Tree, existing: &'a Existing) -> Vec<Application<'a>> {
    let is_project = |path: &&RelPath| {
        let folder = path.parent();
        let foreign = |part: &str| matches!(part, "deps" | "vendor" | "node_modules");
        !beside_or_hidden(&folder) && !pattern(&folder) && !folder.as_str().split('/').any(foreign)
    };
    let mut manifests: Vec<Manifest> = tree
        .named("mix.exs")
        .filter(is_project)
        .filter_map(|path| mix::read(tree, path))
        .collect();
    manifests.sort_by_key(|manifest| manifest.path.parent());
    let mut found: Vec<(Manifest, Vec<Manifest>)> = Vec::new();
    for manifest in manifests {
        let folder = manifest.path.parent();
        let around = found.iter_mut().find(|(umbrella, _)| {
            let apps = umbrella
                .apps
                .as_ref()
                .and_then(|(name, _)| umbrella.path.parent().join(name).ok());
            apps.is_some_and(|apps| folder.parent() == apps)
        });
        match around {
            Some((_, members)) => members.push(manifest),
            None => found.push((manifest, Vec::new())),
        }
    }
    let roots: BTreeSet<RelPath> = found
        .iter()
        .map(|(manifest, _)| manifest.path.parent())
        .collect();
    let alone = found.len() == 1;
    found
        .into_iter()
        .map(|(manifest, members)| {
            Application::of(tree, existing, manifest, members, &roots, alone)
        })
        .collect()
}

impl<'a> Application<'a> {
    fn of(
        tree: &'a Tree,
        existing: &'a Existing,
        manifest: Manifest,
        members: Vec<Manifest>,
        roots: &BTreeSet<RelPath>,
        alone: bool,
    ) -> Self {
        let root = manifest.path.parent();
        let lock = root.join("mix.lock").ok().filter(|path| tree.has(path));
        let names = lock.as_ref().and_then(|path| mix::lock(tree, path));
        let inside = roots
            .iter()
            .any(|other| *other != root && root.is_within(other));
        let folders = manifest.paths.iter().cloned();
        Self {
            files: files(tree, &root, roots, folders),
            lock: lock.filter(|_| names.is_some()),
            locked: names.unwrap_or_default(),
            tree,
            existing,
            root,
            manifest,
            members,
            alone,
            inside,
        }
    }

    /// The manifest and those of the members.
    pub(super) fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        std::iter::once(&self.manifest).chain(&self.members)
    }

    /// A dependency of production.
    pub(super) fn needs(&self, name: &str) -> Option<&Requirement> {
        self.manifests().find_map(|manifest| manifest.needs(name))
    }

    /// One of any environment.
    pub(super) fn any(&self, name: &str) -> Option<&Requirement> {
        self.needs(name)
            .or_else(|| self.manifests().find_map(|manifest| manifest.any(name)))
    }

    /// The first of `names` that is needed in production.
    pub(super) fn first(&self, names: &[&str]) -> Option<&Requirement> {
        names.iter().find_map(|name| self.needs(name))
    }

    /// Whether it is installed for production, by itself or because another one needs it.
    pub(super) fn installs(&self, name: &str) -> bool {
        self.needs(name).is_some()
            || self.any(name).is_none() && self.locked.iter().any(|known| known == name)
    }

    /// A file or folder of the project that is there.
    pub(super) fn path(&self, name: &str) -> Option<RelPath> {
        let path = self.root.join(name).ok()?;
        (self.tree.has(&path) || self.tree.has_folder(&path)).then_some(path)
    }

    /// A file or folder of the project or of a member, with the folder that it lies in.
    pub(super) fn of_any(&self, name: &str) -> Option<(RelPath, RelPath)> {
        self.manifests().find_map(|manifest| {
            let folder = manifest.path.parent();
            let path = folder.join(name).ok()?;
            (self.tree.has(&path) || self.tree.has_folder(&path)).then_some((folder, path))
        })
    }

    /// Dockerfiles of the project, nearest first, those for developers last.
    pub(super) fn images(&self) -> Vec<&'a Dockerfile> {
        let mut found: Vec<&Dockerfile> = self
            .existing
            .dockerfiles
            .iter()
            .filter(|file| {
                let folder = file.path.parent();
                let above = self.root.is_within(&folder)
                    && (self.alone || existing::names_folder(file, &self.root));
                folder == self.root || above || self.alone && !beside_or_hidden(&folder)
            })
            .filter(|file| {
                let of_other = file
                    .runtime
                    .as_ref()
                    .is_some_and(|(name, _)| name != "elixir");
                let built = file
                    .bases
                    .iter()
                    .any(|from| from.excerpt.contains("elixir"));
                !of_other || built
            })
            .collect();
        existing::nearest_first(&mut found, &self.root);
        found.sort_by_key(|file| existing::is_for_developers(file));
        found
    }

    /// The module that declares Phoenix's endpoint, with the place.
    pub(super) fn endpoint(&self) -> Option<Evidence> {
        self.declares("Phoenix.Endpoint")
    }

    /// Where a module `use`s another one.
    pub(super) fn declares(&self, module: &str) -> Option<Evidence> {
        self.files
            .iter()
            .filter(|path| path.extension() == "ex")
            .find_map(|path| {
                with_tree(self.tree, path, &[module], |source, root| {
                    let calls = source.calls(root, "use").into_iter();
                    let mut calls = calls.filter(|call| {
                        let first = super::source::arguments(*call).into_iter().next();
                        first.is_some_and(|first| source.of(first) == module)
                    });
                    calls.next().map(|call| source.at(self.tree, call))
                })?
            })
    }

    /// What is started, with the manifest that says it: that of an umbrella's web application first.
    pub(super) fn starts(&self) -> Option<&mix::At> {
        let is_web = |manifest: &&Manifest| {
            SERVERS
                .iter()
                .chain(&["phoenix"])
                .any(|name| manifest.needs(name).is_some())
        };
        let named = |manifest: &&Manifest| manifest.starts.is_some();
        let web = self.manifests().filter(named).find(is_web);
        web.or_else(|| self.manifests().find(named))?
            .starts
            .as_ref()
    }

    /// What the project is, as far as the manifest tells.
    pub(super) fn shape(&self, listens: bool) -> Shape {
        let deployed = || {
            let images = self.images();
            images
                .iter()
                .any(|image| image.cmd.is_some() || image.entrypoint.is_some())
                || self.path("Procfile").is_some()
                || !self.manifest.releases.is_empty()
                || self.endpoint().is_some()
        };
        if self.starts().is_none() || self.manifest.package.is_some() && !deployed() {
            return Shape::Library;
        }
        let serves = listens
            || self.first(SERVERS).is_some()
            || self.needs("phoenix").is_some() && self.endpoint().is_some();
        let works = [
            "broadway",
            "gen_stage",
            "oban",
            "exq",
            "kaffe",
            "brod",
            "amqp",
        ];
        if serves {
            Shape::Web
        } else if self.needs("quantum").is_some() && self.first(&works).is_none() {
            Shape::Scheduler
        } else {
            Shape::Worker
        }
    }

    /// The release that is started, by its name; that of mix itself where the manifest names none.
    pub(super) fn release(&self) -> Option<Release> {
        let all = &self.manifest.releases;
        let app = self.manifest.app.as_ref();
        let default = self.manifest.default_release.as_ref();
        let named = |name: &str| all.iter().find(|release| release.name == name);
        let chosen = default
            .and_then(|name| named(name))
            .or_else(|| app.and_then(|(name, _)| named(name)))
            .or_else(|| all.iter().find(|release| self.is_web(release)))
            .or(all.first());
        chosen.cloned().or_else(|| {
            let (name, at) = app?;
            Some(Release {
                name: name.clone(),
                at: at.clone(),
                applications: Vec::new(),
            })
        })
    }

    fn is_web(&self, release: &Release) -> bool {
        let mut members = self.members.iter();
        members.any(|member| {
            let named = member
                .app
                .as_ref()
                .is_some_and(|(name, _)| release.applications.contains(name));
            named && SERVERS.iter().any(|server| member.needs(server).is_some())
        })
    }
}

/// Settings that mix reads in production; later ones go before earlier ones.
/// <https://hexdocs.pm/mix/Mix.Tasks.Release.html#module-application-configuration>
const SETTINGS: &[&str] = &["runtime.exs", "releases.exs", "prod.exs", "config.exs"];

/// The settings of production in the order in which they hold: those that mix reads, with what these import by its
/// name. Any other file there is of an environment that is called like it.
fn settings(tree: &Tree, is_own: impl Fn(&RelPath) -> bool) -> Vec<RelPath> {
    let is_settings = |path: &&RelPath| {
        let folder = path.parent();
        let named = folder.file_name() == "config" || folder.parent().file_name() == "config";
        named && is_own(path)
    };
    let all: Vec<&RelPath> = tree.with_extension("exs").filter(is_settings).collect();
    let place = |path: &RelPath| SETTINGS.iter().position(|name| *name == path.file_name());
    let read = all.iter().filter(|path| place(path).is_some());
    let texts: Vec<_> = read.filter_map(|path| tree.text(path)).collect();
    let is_imported = |path: &RelPath| {
        let end = format!("{}\"", path.file_name());
        let is_whole = |text: &str, at: usize| text[..at].ends_with(['"', '/']);
        !matches!(path.stem(), "dev" | "test" | "dev.secret" | "test.secret")
            && texts.iter().any(|text| {
                let mut places = text.match_indices(&end);
                places.any(|(at, _)| is_whole(text, at))
            })
    };
    let mut found: Vec<RelPath> = all
        .into_iter()
        .filter(|path| place(path).is_some() || is_imported(path))
        .cloned()
        .collect();
    found.sort_by_key(|path| (place(path).unwrap_or(2), path.clone()));
    found
}

/// The sources below `root` and `others` that belong to no project inside them.
fn files(
    tree: &Tree,
    root: &RelPath,
    roots: &BTreeSet<RelPath>,
    others: impl Iterator<Item = RelPath>,
) -> Vec<RelPath> {
    let folders: Vec<RelPath> = std::iter::once(root.clone()).chain(others).collect();
    let is_own = |path: &RelPath| {
        folders.iter().any(|folder| {
            let Some(below) = path.below(folder) else {
                return false;
            };
            let inner = roots.iter().any(|other| {
                other != root
                    && !folders.contains(other)
                    && other.is_within(folder)
                    && path.is_within(other)
            });
            let parts: Vec<&str> = below.as_str().split('/').collect();
            let aside = |part: &&str| {
                matches!(
                    *part,
                    "test"
                        | "deps"
                        | "node_modules"
                        | "priv"
                        | "bench"
                        | "benchmarks"
                        | "examples"
                        | "doc"
                        | "docs"
                        | "support"
                ) || part.starts_with('.')
            };
            let of_library =
                below.as_str().contains("lib/mix/") || below.as_str().starts_with("mix/");
            !inner && !of_library && !parts[..parts.len() - 1].iter().any(aside)
        })
    };
    let mut found = settings(tree, is_own);
    let code = tree.with_extension("ex").filter(|path| is_own(path));
    let mut code: Vec<RelPath> = code.cloned().collect();
    code.sort();
    found.extend(code);
    found
}
