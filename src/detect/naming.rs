//! Names of the project and of its services, in the form that compose accepts.

use super::Tree;
use crate::config::Config;
use crate::project::{Claim, Confidence, Evidence, Fact, Library, RelPath, Service};
use std::collections::BTreeSet;
use std::path::Path;

/// `[a-z0-9][a-z0-9_-]*`; None where nothing of `text` is left.
pub(super) fn sanitised(text: &str) -> Option<String> {
    // The scope of an npm package is its owner, not its name.
    let text = text.rsplit('/').next().unwrap_or(text);
    let mut name = String::new();
    for c in text.chars() {
        let c = c.to_ascii_lowercase();
        if c.is_ascii_alphanumeric() || c == '_' || c == '-' {
            name.push(c);
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_matches(['-', '_']);
    (!name.is_empty()).then(|| name.to_owned())
}

/// Names each `web` after its folder where services of several ecosystems stand beside each other.
pub(super) fn by_folder(services: &mut [Service]) {
    let ecosystems: BTreeSet<&str> = services.iter().map(|service| service.ecosystem).collect();
    if ecosystems.len() < 2 {
        return;
    }
    for service in services.iter_mut().filter(|one| one.name == "web") {
        if let Some(folder) = sanitised(service.root.file_name()) {
            service.name = folder;
        }
    }
}

/// Gives every service a valid name that no other has: the folder is added to a name that
/// occurs twice, then a number.
pub(super) fn make_unique(services: &mut [Service]) {
    let mut taken = BTreeSet::new();
    for service in services {
        let name = sanitised(&service.name).unwrap_or_else(|| "service".to_owned());
        let in_folder =
            || sanitised(service.root.file_name()).map(|folder| format!("{folder}-{name}"));
        // One more candidate than there are names in use: one of them is free.
        let last = taken.len() + 2;
        let unique = std::iter::once(name.clone())
            .chain(in_folder())
            .chain((2..=last).map(|number| format!("{name}-{number}")))
            .find(|candidate| !taken.contains(candidate))
            .unwrap_or(name);
        taken.insert(unique.clone());
        service.name = unique;
    }
}

/// The files at the root that [`project_name`] reads.
pub(super) const NAMING_FILES: &[&str] = &[
    "shipway.toml",
    "pyproject.toml",
    "package.json",
    "Cargo.toml",
    "composer.json",
    "go.mod",
    "pom.xml",
    "settings.gradle",
    "settings.gradle.kts",
];

/// The project's name: `shipway.toml`, a manifest at the root, the origin's repository, a manifest
/// that names what is built more than the project, the folder; the first that says one wins.
pub(super) fn project_name(tree: &Tree, config: &Config) -> Fact<String> {
    let mut said: Vec<(String, Confidence, Evidence)> = Vec::new();
    let mut say = |text: &str, confidence, evidence| {
        if let Some(name) = sanitised(text) {
            said.push((name, confidence, evidence));
        }
    };
    if let (Some(name), Ok(file)) = (&config.project.name, RelPath::parse("shipway.toml")) {
        let line = super::overrides::line_of(tree, &["project", "name"], None);
        say(name, Confidence::Certain, Evidence::new(file, line, name));
    }
    if let Some((name, evidence)) = pyproject(tree) {
        say(&name, Confidence::Certain, evidence);
    }
    if let Some((name, evidence)) = json_name(tree, "package.json") {
        say(&name, Confidence::Certain, evidence);
    }
    if let Some((name, evidence)) = toml_name(tree, "Cargo.toml", &[&["package", "name"]]) {
        say(&name, Confidence::Certain, evidence);
    }
    if let Some((name, evidence)) = origin(tree) {
        say(&name, Confidence::Likely, evidence);
    }
    let built = json_name(tree, "composer.json")
        .or_else(|| super::go::name(tree))
        .or_else(|| super::java::name(tree));
    if let Some((name, evidence)) = built {
        say(&name, Confidence::Likely, evidence);
    }
    let mut said = said.into_iter();
    let Some((name, confidence, evidence)) = said.next() else {
        return Fact::guess(
            folder(tree).unwrap_or_else(|| "app".to_owned()),
            "nothing in the repository names it; this is the folder's name",
        );
    };
    let mut fact = Fact::new(name.clone(), confidence, vec![evidence]);
    for (other, _, evidence) in said {
        if other == name {
            fact.evidence.push(evidence);
        } else {
            fact = fact.against(Claim {
                value: other,
                evidence: vec![evidence],
            });
        }
    }
    if !fact.against.is_empty() {
        fact = fact.because(
            "shipway.toml goes before the manifest at the root, that before the origin's name, and that before what Composer, Go, Maven or Gradle build",
        );
    }
    fact
}

/// Gives a package at the root that does not name itself the name of the project.
pub(super) fn of_root<'l>(packages: impl Iterator<Item = &'l mut Library>, project: &Fact<String>) {
    for package in packages.filter(|one| one.root.is_root() && one.name.value.is_empty()) {
        package.name = Fact::guess(
            project.value.clone(),
            "its manifest does not name it: the name of the project",
        );
    }
}

/// The folder's name; that of the repository where this is a linked work tree of it.
fn folder(tree: &Tree) -> Option<String> {
    let root = tree.root().canonicalize().ok()?;
    let common = crate::git::open(&root)
        .ok()
        .filter(|repository| repository.linked_worktree.is_some() && repository.root == root)
        .map(|repository| repository.common_dir);
    let folder = match &common {
        Some(common) if is_hidden(common) => common.parent()?,
        Some(common) => common,
        None => &root,
    };
    let name = folder.file_name()?.to_string_lossy();
    sanitised(name.strip_suffix(".git").unwrap_or(&name))
}

/// `.git` beside the main work tree, and not a bare `name.git`.
fn is_hidden(folder: &Path) -> bool {
    folder
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn pyproject(tree: &Tree) -> Option<(String, Evidence)> {
    let keys: &[&[&str]] = &[&["project", "name"], &["tool", "poetry", "name"]];
    // What the documentation is built with is not the project.
    toml_name(tree, "pyproject.toml", keys).filter(|(name, _)| !name.ends_with("-docs"))
}

/// The text at the first of `keys` that the TOML file `name` at the root has.
fn toml_name(tree: &Tree, name: &str, keys: &[&[&str]]) -> Option<(String, Evidence)> {
    let path = RelPath::parse(name).ok()?;
    let document = super::structured::toml(tree, &path)?;
    let entry = keys.iter().find_map(|keys| document.entry_at(keys))?;
    let value = entry.node.text()?.to_owned();
    let evidence = Evidence::new(path, entry.line, &value);
    Some((value, evidence))
}

/// The `name` that the JSON file `file` at the root gives.
fn json_name(tree: &Tree, file: &str) -> Option<(String, Evidence)> {
    let path = RelPath::parse(file).ok()?;
    let document = super::structured::json(tree, &path)?;
    let entry = document.entry("name")?;
    let name = entry.node.text()?.to_owned();
    let evidence = Evidence::new(path, entry.line, &name);
    Some((name, evidence))
}

fn origin(tree: &Tree) -> Option<(String, Evidence)> {
    let repository = crate::git::open(tree.root()).ok()?;
    // The origin names the whole repository, not a folder in it.
    if repository.root != tree.root().canonicalize().ok()? {
        return None;
    }
    let url = repository.origin?;
    let last = url.trim_end_matches('/').rsplit(['/', ':']).next()?;
    let name = last.strip_suffix(".git").unwrap_or(last).to_owned();
    let config = RelPath::parse(".git/config").ok()?;
    Some((name, Evidence::new(config, 0, &url)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::ServiceKind;

    #[test]
    fn what_only_builds_the_documentation_names_no_project() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            ("pyproject.toml", "[project]\nname = \"quay-docs\"\n"),
            ("package.json", "{ \"name\": \"quay\" }"),
        ];
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let tree = Tree::read(folder.path()).unwrap();
        let name = project_name(&tree, &Config::default());
        assert_eq!((name.value.as_str(), name.against.len()), ("quay", 0));
    }

    #[test]
    fn names_become_what_compose_accepts() {
        assert_eq!(sanitised("FAIR Database").as_deref(), Some("fair-database"));
        assert_eq!(sanitised("@scope/My.Pkg").as_deref(), Some("my-pkg"));
        assert_eq!(sanitised("_x_").as_deref(), Some("x"));
        assert_eq!(sanitised("数据"), None);
    }

    #[test]
    fn what_is_built_names_a_project_without_an_origin() {
        let named = |files: &[(&str, &str)]| {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().join("checkout");
            std::fs::create_dir(&root).unwrap();
            for (file, text) in files {
                std::fs::write(root.join(file), text).unwrap();
            }
            let whole = project_name(&Tree::read(&root).unwrap(), &Config::default());
            let top = crate::detect::project_name(&root, &Config::default());
            assert_eq!(whole.value, top);
            (whole.value, whole.confidence)
        };
        let pom = "<project><parent><artifactId>spring-boot-starter-parent</artifactId></parent>\n\
                   <artifactId>tide-tables</artifactId></project>\n";
        let likely = |name: &str| (name.to_owned(), Confidence::Likely);
        assert_eq!(named(&[("pom.xml", pom)]), likely("tide-tables"));
        let module = "module example.org/harbour/buoys/v3\n\ngo 1.24\n";
        assert_eq!(named(&[("go.mod", module)]), likely("buoys"));
        let groovy = "rootProject.name = 'signal-log'\ninclude 'api'\n";
        assert_eq!(named(&[("settings.gradle", groovy)]), likely("signal-log"));
        let kotlin = "rootProject.name = \"Signal Log\"\n";
        assert_eq!(
            named(&[("settings.gradle.kts", kotlin)]),
            likely("signal-log")
        );
        assert_eq!(
            named(&[("composer.json", "{\"name\": \"harbour/lights\"}")]),
            likely("lights")
        );
        // A front end's manifest at the root names the project before that.
        assert_eq!(
            named(&[("package.json", "{\"name\": \"pier\"}"), ("go.mod", module)]),
            ("pier".to_owned(), Confidence::Certain)
        );
        for nameless in [
            (
                "pom.xml",
                "<project><artifactId>${name}</artifactId></project>",
            ),
            ("pom.xml", "<project><artifactId>"),
            ("go.mod", "go 1.24\n"),
            ("settings.gradle", "include 'api'\n"),
            ("composer.json", "[]"),
        ] {
            let folder = ("checkout".to_owned(), Confidence::Guess);
            assert_eq!(named(&[nameless]), folder, "{nameless:?}");
        }
    }

    #[test]
    fn a_package_at_the_root_without_a_name_has_that_of_the_project() {
        let config = Config::parse(
            "schema = 1\n[project]\nname = \"harbour\"\n",
            "shipway.toml",
        );
        for (manifest, text, sources) in [
            (
                "package.json",
                "{\"scripts\": {\"test\": \"vitest run\"}}",
                "a.js",
            ),
            ("composer.json", "{\"type\": \"library\"}", "a.php"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(manifest), text).unwrap();
            std::fs::write(folder.path().join(sources), "").unwrap();
            let project = crate::detect::detect(folder.path(), config.as_ref().unwrap()).unwrap();
            let all: Vec<&Library> = project.libraries.iter().chain(&project.packages).collect();
            let [package] = all.as_slice() else {
                panic!("{manifest}: {all:?}");
            };
            assert_eq!(package.name.value, "harbour");
            assert_eq!(package.name.confidence, Confidence::Guess);
        }
    }

    #[test]
    fn no_two_services_share_a_name() {
        let service = |name: &str, root: &str| {
            let root = RelPath::parse(root).unwrap();
            let kind = Fact::guess(ServiceKind::Web, "");
            Service::new(name, "python", root.clone(), kind, Fact::guess(root, ""))
        };
        let mut services = [
            service("web", "a"),
            service("Web", "b"),
            service("web", "b"),
        ];
        make_unique(&mut services);
        let names: Vec<&str> = services
            .iter()
            .map(|service| service.name.as_str())
            .collect();
        assert_eq!(names, ["web", "b-web", "web-2"]);
    }
}
