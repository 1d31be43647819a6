//! The environment variables of one package of Node.js.

use super::service::Surroundings;
use super::{configuration, migration, settings};
use crate::detect::variable::{self, Engines};
use crate::detect::{client, existing, javascript};
use crate::project::{BackingKind, EnvVar, Sought};

/// Prefixes of variables that end up in a browser, where nothing is secret.
const PUBLIC: &[&str] = &[
    "NEXT_PUBLIC_",
    "NUXT_PUBLIC_",
    "VITE_",
    "REACT_APP_",
    "VUE_APP_",
    "PUBLIC_",
    "GATSBY_",
];

impl Surroundings<'_> {
    /// Whether production installs a client of `kind`.
    pub(super) fn speaks_to(&self, kind: BackingKind) -> bool {
        self.package.requirements.iter().any(|requirement| {
            !requirement.development
                && client::of_npm(&requirement.name) == Some(Sought::Backing(kind))
        })
    }

    fn engines(&self) -> Engines {
        let schema = migration::Search {
            tree: self.tree,
            package: self.package,
            members: self.members,
            manager: self.managed.manager.value,
        }
        .engine()
        .and_then(|(sign, _)| Some(sign?.of));
        Engines::of(|kind| self.speaks_to(kind) || schema == Some(Sought::Backing(kind)))
    }

    /// The variables that the package reads, with what its images and compose files give them.
    pub(super) fn env(&self) -> Vec<EnvVar> {
        let engines = self.engines();
        let mut found = javascript::variables(self.tree, self.files);
        settings::add(self.tree, self.files, &mut found);
        if let Some(path) = configuration::find(self.tree, &self.package.root, "nuxt.config") {
            settings::of_nuxt(self.tree, &path, &mut found);
        }
        let composed = self.composed();
        existing::add_passed(&composed, &mut found);
        let mut found: Vec<EnvVar> = found.into_values().collect();
        // Next replaces these when it builds.
        if let Some(path) = configuration::find(self.tree, &self.package.root, "next.config") {
            let inlined = configuration::keys(self.tree, &path, "env");
            found.retain(|variable| !inlined.contains(&variable.name));
        }
        for variable in &mut found {
            if PUBLIC
                .iter()
                .any(|prefix| variable.name.starts_with(prefix))
            {
                variable.secret = false;
                variable.insecure_default = false;
                continue;
            }
            variable.role = variable::role(&variable.name, engines);
            variable::guard(variable);
        }
        variable::set(
            &mut found,
            self.images.iter().take(1).flat_map(|image| &image.env),
            composed.iter().flat_map(|(_, one)| &one.settings),
        );
        // What Node.js and its package managers set themselves.
        found.retain(|variable| {
            !matches!(
                variable.name.as_str(),
                "NODE_ENV" | "NEXT_RUNTIME" | "HOME" | "PATH"
            ) && !variable.name.starts_with("npm_")
        });
        found
    }
}
