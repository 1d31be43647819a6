//! What no image is to hold.

use super::super::Input;
use super::{is_site, serves_root};
use crate::project::Service;

/// What a project of Ruby makes for itself and needs in no image, or has made there anew.
const OF_RUBY: &[&str] = &[
    ".bundle",
    "coverage",
    "log",
    "spec",
    "tmp",
    "public/assets",
    "public/packs",
    "vendor/bundle",
];

/// What R and its editors keep beside a project.
const OF_R: &[&str] = &[
    ".RData",
    ".Rhistory",
    ".Rproj.user",
    "renv/library",
    "renv/staging",
    "rsconnect",
];

/// What a project of Elixir makes for itself.
const OF_ELIXIR: &[&str] = &["_build", "cover", "deps", "erl_crash.dump"];

/// What the ignore file leaves out: tests, unless a folder of that name is part of what runs, and
/// what shipway made, where a site is the whole repository and would hand it out.
pub(super) fn lines(input: &Input) -> Vec<String> {
    let services = &input.project.services;
    let has = |ecosystem: &str| services.iter().any(|one| one.ecosystem == ecosystem);
    let runs = |name: &str| {
        services
            .iter()
            .flat_map(|service| &service.sources)
            .any(|path| path.as_str().split('/').any(|part| part == name))
    };
    let mut lines: Vec<String> = ["tests", "test"]
        .into_iter()
        // A site's pages may be called anything, and so may a module of Rust or a package of Java.
        .filter(|name| {
            let any = |one: &Service| is_site(one) || matches!(one.ecosystem, "java" | "rust");
            !runs(name) && !services.iter().all(any)
        })
        .map(|name| format!("**/{name}"))
        .collect();
    if has("node") {
        let made = [".next", ".nuxt", ".output", ".svelte-kit", "coverage"];
        lines.extend(made.map(|name| format!("**/{name}")));
    }
    if has("java") {
        // A package may be called `build`, `target` or `test`.
        let made = [
            "**/.gradle",
            "**/build/classes",
            "**/build/libs",
            "**/build/tmp",
            "**/src/test",
            "**/target/*.jar",
            "**/target/classes",
            "**/target/quarkus-app",
        ];
        lines.extend(made.map(str::to_owned));
    }
    if has("dotnet") {
        let made = ["**/bin/Debug", "**/bin/Release", "**/obj"];
        lines.extend(made.map(str::to_owned));
    }
    if has("rust") {
        lines.push("**/target".to_owned());
    }
    for service in services {
        // Only there: Laravel keeps what a project changes of its packages in other folders of that name.
        let made: &[&str] = match service.ecosystem {
            "php" if service.manifest.is_some() => &["vendor"],
            "r" => OF_R,
            "ruby" => OF_RUBY,
            "elixir" => OF_ELIXIR,
            "deno" => &["_fresh", "coverage"],
            _ => &[],
        };
        let below = |name: &&str| service.root.join(name).ok();
        lines.extend(made.iter().filter_map(below).map(|path| path.to_string()));
        // What was built in the work tree is none of an image.
        let pages = service
            .output
            .iter()
            .filter(|_| service.ecosystem == "static");
        lines.extend(pages.map(|fact| fact.value.to_string()));
        let made = service.front_ends.iter().flat_map(|one| &one.outputs);
        let made = made.filter(|fact| !fact.value.shared);
        lines.extend(made.map(|fact| fact.value.from.to_string()));
        for folder in &service.writable {
            let inside = service
                .sources
                .iter()
                .any(|source| source.is_within(&folder.value));
            if !inside
                && !folder.value.is_root()
                && !service.working_dir.value.is_within(&folder.value)
            {
                lines.push(folder.value.to_string());
            }
        }
    }
    if services.iter().any(serves_root) {
        let needed = services
            .iter()
            .filter_map(|service| input.path_of("site_conf", &service.name));
        let needed: Vec<&str> = needed.collect();
        lines.extend(
            input
                .paths
                .values()
                .chain(input.moved)
                .filter(|path| !path.starts_with('.') && !needed.contains(&path.as_str()))
                .cloned(),
        );
        lines.push("shipway.*".to_owned());
    }
    lines.sort();
    lines.dedup();
    lines
}
