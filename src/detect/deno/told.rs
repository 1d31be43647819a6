//! What the sources of a project say that no manifest does.

use super::manifest::{self, Manifest};
use super::project::Project;
use crate::detect::node::source::{Listening, Source, listens, method, with_tree};
use crate::detect::{serving, syntax};
use crate::project::{Evidence, RelPath, Requirement};
use tree_sitter::Node;

#[derive(Default)]
pub(super) struct Told {
    pub(super) listens: Vec<Listening>,
    pub(super) cron: Option<Evidence>,
    /// `Deno.openKv`, with the file that it names.
    pub(super) kept: Option<(Option<String>, Evidence)>,
    pub(super) health: Vec<(String, Evidence)>,
    pub(super) imports: Vec<Requirement>,
}

/// What the sources of `project` say.
pub(super) fn of(project: &Project<'_>) -> Told {
    let mut told = Told::default();
    for path in &project.files {
        told.listens.extend(listens(project.tree, path));
        let words = [
            "Deno.cron",
            "openKv",
            "health",
            "ping",
            "livez",
            "npm:",
            "jsr:",
            "deno.land/x/",
        ];
        with_tree(project.tree, path, &words, |source, root| {
            told.look(project, source, root);
        });
        told.health.extend(by_place(path, project.manifest));
    }
    told
}

impl Told {
    fn look(&mut self, project: &Project<'_>, source: &Source<'_>, root: Node<'_>) {
        for call in syntax::all(root, "call_expression") {
            let Some((object, name, arguments)) = method(call) else {
                continue;
            };
            let at = || source.at(project.tree, call);
            match (source.of(object), source.of(name)) {
                ("Deno", "cron") => self.cron = self.cron.take().or_else(|| Some(at())),
                ("Deno", "openKv") => {
                    let named = arguments.first().and_then(|first| source.string(*first));
                    let elsewhere = named.as_deref().is_some_and(|text| text.contains("://"));
                    if !elsewhere {
                        self.kept = self.kept.take().or_else(|| Some((named, at())));
                    }
                }
                (_, "get" | "all" | "use") => {
                    let route = arguments.first().and_then(|first| source.string(*first));
                    self.health.extend(
                        route
                            .filter(|route| serving::is_health(route))
                            .map(|route| (route, at())),
                    );
                }
                _ => {}
            }
        }
        for import in syntax::all(root, "import_statement") {
            let specifier = import
                .child_by_field_name("source")
                .and_then(|node| source.string(node));
            let found = specifier
                .and_then(|text| manifest::requirement(&text, source.at(project.tree, import)));
            self.imports.extend(found);
        }
    }
}

/// A route by the place of its file: `routes/api/health.ts` of Fresh.
fn by_place(path: &RelPath, manifest: &Manifest) -> Option<(String, Evidence)> {
    let below = path.below(&manifest.root)?;
    let route = below.as_str().strip_prefix("routes")?;
    let route = route.rsplit_once('.')?.0;
    serving::is_health(route).then(|| (route.to_owned(), Evidence::file(path.clone())))
}
