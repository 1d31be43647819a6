//! Front ends that a service of another language hands out: what builds one, and where what it makes
//! belongs. An image of the repository says it, else what the build makes and the code looks for.

use super::checks::{Checks, built_by};
use super::command::{bare, script_of};
use super::manager::Managed;
use super::manifest::{Package, Script};
use super::output;
use crate::detect::{Tree, shell};
use crate::project::{
    Built, Confidence, Copied, Dockerfile, Evidence, Existing, Fact, FrontEnd, Made, RelPath,
    Service, ServiceKind,
};

/// What is built of one package for a service.
pub(super) struct Handed {
    /// Its index.
    pub(super) service: usize,
    /// The stage that builds it in an image of the repository.
    pub(super) maker: Option<Dockerfile>,
    build: Fact<String>,
    /// What the build reads.
    sources: Vec<RelPath>,
    outputs: Vec<Fact<Made>>,
}

pub(super) struct Search<'a> {
    pub(super) tree: &'a Tree,
    pub(super) existing: &'a Existing,
    /// The services of other languages.
    pub(super) services: &'a [Service],
    pub(super) packages: &'a [Package],
    pub(super) package: &'a Package,
    pub(super) managed: &'a Managed,
}

/// Folders of an application whose files frameworks hand out or render.
const HANDED_OUT: &[&str] = &["assets", "public", "static", "templates"];

/// Endings of what a build makes for a browser.
const BROWSER: &[&str] = &["js", "mjs", "css", "html"];

impl Handed {
    pub(super) fn kind(&self) -> Fact<ServiceKind> {
        self.build.clone().map(|_| ServiceKind::Static)
    }

    /// `package` is everything else that is known of it.
    pub(super) fn into_front_end(self, mut package: Service) -> FrontEnd {
        package.build = Some(self.build);
        package.sources = self.sources;
        package.output = self
            .outputs
            .first()
            .cloned()
            .map(|fact| fact.map(|made| made.from));
        // Only the build counts.
        package.requirements.clear();
        package.env.clear();
        package.signs.clear();
        package.test = None;
        package.lint.clear();
        package.single = None;
        FrontEnd {
            package,
            outputs: self.outputs,
        }
    }
}

impl Search<'_> {
    pub(super) fn find(&self, checks: &Checks<'_>) -> Option<Handed> {
        let mut handed = self
            .of_image(checks)
            .or_else(|| self.of_rails(checks))
            .or_else(|| self.of_code(checks))?;
        for fact in &mut handed.outputs {
            fact.value.shared = self.is_shared(&fact.value.from);
        }
        Some(handed)
    }

    /// What an image of the repository builds of it, and where it puts that.
    fn of_image(&self, checks: &Checks<'_>) -> Option<Handed> {
        let others = self.existing.dockerfiles.iter().filter(|file| {
            let runtime = file.runtime.as_ref();
            runtime.is_some_and(|(name, _)| name != "node")
        });
        for file in others {
            let mut outputs: Vec<Fact<Made>> = Vec::new();
            let mut sources: Vec<RelPath> = Vec::new();
            let mut maker = None;
            for built in &file.built {
                let context = self.context(file, built);
                let reads = self.read(&context, built);
                let Some(made) = self.made(&context, built, &reads) else {
                    continue;
                };
                for fact in made {
                    if outputs.iter().all(|known| known.value != fact.value) {
                        outputs.push(fact);
                    }
                }
                sources.extend(reads);
                maker.get_or_insert(built);
            }
            let Some(built) = maker else { continue };
            let Some(build) = self.build_of(built, checks) else {
                continue;
            };
            let Some(service) = self.handing(|service| {
                outputs
                    .iter()
                    .any(|fact| fact.value.to.is_within(&service.root))
            }) else {
                continue;
            };
            sources.sort();
            sources.dedup();
            return Some(Handed {
                service,
                maker: Some((*built.maker).clone()),
                build,
                sources,
                outputs,
            });
        }
        None
    }

    /// The folder that an image is built from.
    fn context(&self, file: &Dockerfile, built: &Built) -> RelPath {
        let composed = self
            .existing
            .compose_files
            .iter()
            .flat_map(|compose| &compose.services)
            .find(|service| service.dockerfile.as_ref() == Some(&file.path))
            .and_then(|service| service.build.clone());
        composed.unwrap_or_else(|| {
            let there = |context: &RelPath| {
                built.inside.iter().any(|copied| {
                    let source = context.join(trimmed(&copied.source.excerpt));
                    source.is_ok_and(|path| {
                        path != *context && (self.tree.has(&path) || self.tree.has_folder(&path))
                    })
                })
            };
            let folder = file.path.parent();
            if there(&folder) && !there(&RelPath::root()) {
                folder
            } else {
                RelPath::root()
            }
        })
    }

    /// What of this package a COPY takes, where the build `reads` those; None where it takes something
    /// else, or nobody knows where that lies in the repository.
    fn made(&self, context: &RelPath, built: &Built, reads: &[RelPath]) -> Option<Vec<Fact<Made>>> {
        let (source, all) = match built.source.rsplit_once('/') {
            // Every file of a folder.
            Some((folder, name)) if name.contains('*') => (folder, true),
            _ => (built.source.as_str(), false),
        };
        let from = self.place(context, &built.inside, source)?;
        if !self.is_of_package(context, built, &from) {
            return None;
        }
        let mut to = self.place(context, &built.outside, &built.target)?;
        let name = from.file_name();
        if !all && is_folder(&built.target) && is_file(name) && to.file_name() != name {
            to = to.join(name).ok()?;
        }
        let fact = |from: RelPath, to: RelPath| {
            let made = Made {
                from,
                to,
                shared: false,
            };
            Fact::certain(made, built.at.clone())
        };
        let all_of_it =
            |folder: &RelPath| self.package.path.is_within(folder) || reads.contains(folder);
        if !all_of_it(&from) {
            return Some(vec![fact(from, to)]);
        }
        // It takes what the build reads as well: only what the build makes is of interest.
        let mut scripts = self.scripts(built);
        if scripts.is_empty() {
            scripts = built_by(self.package);
        }
        let made: Vec<Fact<Made>> = output::of(self.tree, self.package, &scripts)
            .into_iter()
            .filter(|made| !all_of_it(&made.value))
            .filter_map(|made| {
                let below = made.value.below(&from)?;
                let to = to.join(below.as_str()).ok()?;
                Some(fact(made.value, to))
            })
            .collect();
        (!made.is_empty()).then_some(made)
    }

    /// Where `path` of a stage lies in the repository, by what the stage copies from there.
    fn place(&self, context: &RelPath, copies: &[Copied], path: &str) -> Option<RelPath> {
        let path = parts(path);
        let mut best: Option<(usize, RelPath)> = None;
        for copied in copies {
            let Ok(mut here) = context.join(trimmed(&copied.source.excerpt)) else {
                continue;
            };
            let mut there = parts(&copied.target);
            if here.file_name().contains('*') {
                here = here.parent();
            } else if self.tree.has(&here) {
                // A file goes into a folder, or takes the name that it is given.
                if !is_folder(&copied.target) && there.last() == Some(&here.file_name()) {
                    there.pop();
                }
                here = here.parent();
            } else if !here.is_root() && !self.tree.has_folder(&here) {
                continue;
            }
            while !here.is_root() && there.last() == Some(&here.file_name()) {
                there.pop();
                here = here.parent();
            }
            let Some(below) = path.strip_prefix(there.as_slice()) else {
                continue;
            };
            if best.as_ref().is_none_or(|(depth, _)| *depth < there.len())
                && let Ok(place) = here.join(&below.join("/"))
            {
                best = Some((there.len(), place));
            }
        }
        best.map(|(_, place)| place)
    }

    /// Whether a stage builds this package and no other one.
    fn is_of_package(&self, context: &RelPath, built: &Built, from: &RelPath) -> bool {
        let copies = |package: &Package| {
            built.inside.iter().any(|copied| {
                let path = context.join(trimmed(&copied.source.excerpt));
                path.is_ok_and(|path| {
                    path == package.path
                        || !package.root.is_root()
                            && !path.is_root()
                            && path.is_within(&package.root)
                })
            })
        };
        let named: Vec<&Package> = self.packages.iter().filter(|one| copies(one)).collect();
        if let Some(first) = named.first() {
            // Of several that it copies, the one that the files lie in.
            let nearest = innermost(named.iter().copied(), from);
            return nearest.unwrap_or(first).path == self.package.path;
        }
        let whole = |copied: &Copied| {
            let path = context.join(trimmed(&copied.source.excerpt));
            path.is_ok_and(|path| self.package.root.is_within(&path))
        };
        built.inside.iter().any(whole)
            && innermost(self.packages, from)
                .is_some_and(|nearest| nearest.path == self.package.path)
    }

    /// What the stage copies to build from, but for what an installation reads.
    fn read(&self, context: &RelPath, built: &Built) -> Vec<RelPath> {
        let installs = |path: &RelPath| {
            *path == self.package.path
                || self.managed.lock.as_ref() == Some(path)
                || self.managed.includes.contains(path)
        };
        let mut found: Vec<RelPath> = built
            .inside
            .iter()
            .filter_map(|copied| context.join(trimmed(&copied.source.excerpt)).ok())
            .filter(|path| !installs(path))
            .filter(|path| path.is_root() || self.tree.has(path) || self.tree.has_folder(path))
            .collect();
        if found.is_empty() {
            found.push(self.managed.home.clone());
        }
        found
    }

    /// The scripts of the package that a stage runs to build.
    fn scripts(&self, built: &Built) -> Vec<&Script> {
        let mut found: Vec<&Script> = Vec::new();
        for command in built.runs.iter().flat_map(|line| shell::commands(line)) {
            let words = command.texts();
            let script = script_of(bare(&words), self.package);
            let script = script.and_then(|name| self.package.script(name));
            let checks = |one: &&Script| {
                ["test", "lint", "install"]
                    .iter()
                    .any(|part| one.name.contains(part))
            };
            found.extend(script.filter(|one| !checks(one) && !found.contains(one)));
        }
        found
    }

    fn build_of(&self, built: &Built, checks: &Checks<'_>) -> Option<Fact<String>> {
        let scripts = self.scripts(built);
        match scripts.first() {
            Some(first) if scripts != built_by(self.package) => {
                Some(Fact::certain(checks.in_a_row(&scripts), first.at.clone()))
            }
            _ => checks.build(),
        }
    }

    /// What Rails takes from builds with Node.js: the scripts that its tasks run leave it in one folder.
    fn of_rails(&self, checks: &Checks<'_>) -> Option<Handed> {
        let takes = |service: &Service| {
            service.ecosystem == "ruby"
                && service.root == self.package.root
                && !service.expected.is_empty()
        };
        let service = self.handing(takes)?;
        let names = ["build", "build:css"].iter();
        let scripts: Vec<&Script> = names.filter_map(|name| self.package.script(name)).collect();
        let at = scripts.first()?.at.clone();
        let outputs = self.services[service].expected.iter().map(|fact| {
            let made = fact.clone().map(|path| Made {
                from: path.clone(),
                to: path,
                shared: false,
            });
            made.because("what these gems let Node.js build goes there by convention")
        });
        Some(Handed {
            service,
            maker: None,
            build: Fact::certain(checks.in_a_row(&scripts), at),
            sources: vec![self.managed.home.clone()],
            outputs: outputs.collect(),
        })
    }

    /// What its build makes, where the code of a service looks for it and git does not hold it.
    fn of_code(&self, checks: &Checks<'_>) -> Option<Handed> {
        let build = checks.build()?;
        let scripts = built_by(self.package);
        let made: Vec<Fact<RelPath>> = output::of(self.tree, self.package, &scripts)
            .into_iter()
            .filter(|fact| !self.is_committed(&fact.value))
            .collect();
        let looked_for = |service: &Service, fact: &Fact<RelPath>| looks_for(service, &fact.value);
        let service =
            self.handing(|service| made.iter().any(|fact| looked_for(service, fact).is_some()))?;
        let outputs = made
            .into_iter()
            .filter_map(|fact| {
                let at = looked_for(&self.services[service], &fact)?;
                let confidence = fact.confidence.min(Confidence::Likely);
                let mut made = fact.map(|path| Made {
                    from: path.clone(),
                    to: path,
                    shared: false,
                });
                made.confidence = confidence;
                made.evidence.extend(at);
                Some(made.because("the build makes it, and the code looks for it there"))
            })
            .collect();
        let mut sources = vec![self.managed.home.clone()];
        if self.package.any("tailwindcss").is_some() {
            // It looks for the names of classes in them.
            let templates = &self.services[service].templates;
            sources.extend(templates.iter().map(|fact| fact.value.clone()));
        }
        Some(Handed {
            service,
            maker: None,
            build,
            sources,
            outputs,
        })
    }

    /// The web service that `hands` a front end out: the innermost of several.
    fn handing(&self, hands: impl Fn(&Service) -> bool) -> Option<usize> {
        self.services
            .iter()
            .enumerate()
            .filter(|(_, service)| {
                matches!(service.ecosystem, "python" | "php" | "ruby")
                    && service.kind.value == ServiceKind::Web
                    && hands(service)
            })
            .max_by_key(|(index, service)| (service.root.depth(), std::cmp::Reverse(*index)))
            .map(|(index, _)| index)
    }

    /// Whether what a build makes is kept in git.
    fn is_committed(&self, path: &RelPath) -> bool {
        let is_made = |file: &RelPath| {
            file == path || BROWSER.contains(&file.extension()) && file.is_within(path)
        };
        self.tree.tracked().iter().any(is_made) || self.tree.files().any(is_made)
    }

    /// Whether files of the repository lie in what a build makes.
    fn is_shared(&self, made: &RelPath) -> bool {
        let inside = |file: &RelPath| file != made && file.is_within(made);
        self.tree.files().any(inside) || self.tree.tracked().iter().any(inside)
    }
}

/// The places that show that `service` looks for `path`, where it does; none of them where a
/// framework does by itself.
fn looks_for(service: &Service, path: &RelPath) -> Option<Vec<Evidence>> {
    let named = service
        .expected
        .iter()
        .chain(&service.static_dirs)
        .chain(&service.templates)
        .filter(|fact| !fact.value.is_root())
        .find(|fact| fact.value.is_within(path) || path.is_within(&fact.value));
    if let Some(fact) = named {
        return Some(fact.evidence.iter().take(1).cloned().collect());
    }
    let handed_out = |part: &str| HANDED_OUT.contains(&part);
    let inside = service
        .sources
        .iter()
        .any(|source| path.is_within(source) && path != source);
    (inside && path.as_str().split('/').any(handed_out)).then(Vec::new)
}

/// The package that a place lies in.
fn innermost<'p>(
    packages: impl IntoIterator<Item = &'p Package>,
    place: &RelPath,
) -> Option<&'p Package> {
    let around = packages
        .into_iter()
        .filter(|package| place.is_within(&package.root));
    around.max_by_key(|package| package.root.depth())
}

fn trimmed(source: &str) -> &str {
    let source = source.trim_start_matches('/');
    if source.is_empty() { "." } else { source }
}

/// The parts of an absolute path in a stage.
fn parts(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts
}

/// Whether a target of COPY is written as a folder.
fn is_folder(target: &str) -> bool {
    target.ends_with(['/', '.'])
}

fn is_file(name: &str) -> bool {
    name.trim_start_matches('.').contains('.')
}
