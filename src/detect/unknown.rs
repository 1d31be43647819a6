//! Says which facts every service should have and does not.

use super::Found;
use crate::project::{Existing, Service, ServiceKind, Unknown};

/// Adds to `found` what no ecosystem reported as unknown itself.
pub(super) fn complete(found: &mut Found, existing: &Existing) {
    let images = images(found, existing);
    found.unknown.extend(images);
    let is_nothing =
        found.services.is_empty() && found.libraries.is_empty() && found.packages.is_empty();
    // Who recognised something and could not choose has said so.
    if is_nothing && !found.unknown.iter().any(|known| known.fact == "services") {
        found.unknown.push(Unknown {
            fact: "services".to_owned(),
            looked_at: vec![
                "Python manifests (pyproject.toml, requirements*.txt, Pipfile, environment.yml)"
                    .to_owned(),
                "Python sources".to_owned(),
                "package.json".to_owned(),
                "go.mod".to_owned(),
                "Cargo.toml".to_owned(),
                "pom.xml and build.gradle".to_owned(),
                "projects of .NET (.csproj, .fsproj)".to_owned(),
                "composer.json, index.php".to_owned(),
                "Gemfile, config.ru".to_owned(),
                "mix.exs".to_owned(),
                "deno.json".to_owned(),
                "DESCRIPTION, renv.lock, app.R, routes of plumber".to_owned(),
                "notebooks, Snakefile, nextflow.config, dvc.yaml".to_owned(),
                "index.html, configuration of static site generators".to_owned(),
            ],
            answer_with: "[[service]] with name, entry and port".to_owned(),
            root: None,
        });
    }
    let missing: Vec<Unknown> = found.services.iter().flat_map(missing).collect();
    for unknown in missing {
        if !found.unknown.iter().any(|known| known.fact == unknown.fact) {
            found.unknown.push(unknown);
        }
    }
}

/// Dockerfiles that start something which no ecosystem recognised.
fn images(found: &Found, existing: &Existing) -> Vec<Unknown> {
    existing
        .dockerfiles
        .iter()
        .filter(|file| {
            let folder = file.path.parent();
            let hidden = folder.as_str().split('/').any(|part| part.starts_with('.'));
            let covered = found
                .services
                .iter()
                .map(|service| &service.root)
                .chain(found.libraries.iter().map(|library| &library.root))
                // An image for what is run by hand is a room to work in.
                .chain(
                    found
                        .packages
                        .iter()
                        .filter(|one| one.framework.is_some())
                        .map(|one| &one.root),
                )
                .any(|root| root.is_within(&folder) || folder.is_within(root));
            // A database with the project's own scripts inside is a backing service.
            let backing = file
                .from
                .as_ref()
                .is_some_and(|from| super::client::of_image(&from.excerpt).is_some());
            !hidden && !covered && !backing && !folder.is_root()
        })
        .filter_map(|file| {
            let starts = file.cmd.as_ref().or(file.entrypoint.as_ref())?;
            let folder = file.path.parent();
            let name = folder.file_name();
            Some(Unknown {
                fact: name.to_owned(),
                looked_at: vec![format!(
                    "{starts} starts `{}`, which nothing here recognises",
                    starts.excerpt
                )],
                answer_with: format!(
                    "[[service]] name = \"{name}\", root = \"{folder}\", command = …"
                ),
                root: Some(folder),
            })
        })
        .collect()
}

/// A fact of `service` that is not known, with the places where it was looked for.
pub(super) fn of(service: &Service, fact: &str, looked_at: &[&str]) -> Unknown {
    Unknown {
        fact: format!("{}.{fact}", service.name),
        looked_at: looked_at.iter().map(|&place| place.to_owned()).collect(),
        answer_with: format!("[[service]] name = \"{}\", {fact} = …", service.name),
        root: Some(service.root.clone()),
    }
}

fn missing(service: &Service) -> Vec<Unknown> {
    if service.kind.value == ServiceKind::Static {
        return Vec::new();
    }
    let mut unknown = Vec::new();
    let mut say = |fact: &str, looked_at: &[&str]| unknown.push(of(service, fact, looked_at));
    if service.kind.value == ServiceKind::Web && service.port.is_none() {
        say("port", &["the source", "Dockerfile EXPOSE", "Procfile"]);
    }
    if service.runtime_version.is_none() {
        say(
            "runtime_version",
            &["version files", "the manifest", "Dockerfile FROM"],
        );
    }
    if service.entry.is_none() && service.server_command.is_none() {
        say("entry", &["the source", "Procfile", "Dockerfile CMD"]);
    }
    if service.test.is_none() {
        say("test", &["the manifest", "tests folders"]);
    }
    unknown
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::detect::detect;

    #[test]
    fn that_nothing_is_known_is_said_once() {
        let folder = tempfile::tempdir().unwrap();
        let unknown = || -> Vec<String> {
            let project = detect(folder.path(), &Config::default()).unwrap();
            let all = project.unknown.into_iter();
            all.flat_map(|unknown| unknown.looked_at).collect()
        };
        assert!(unknown().contains(&"go.mod".to_owned()));
        for name in ["a", "b", "c", "d", "e"] {
            let app = folder.path().join(name);
            std::fs::create_dir(&app).unwrap();
            std::fs::write(app.join("app.R"), "shiny::shinyApp(ui, server)\n").unwrap();
        }
        let [gallery] = &unknown()[..] else {
            panic!("{:?}", unknown());
        };
        assert!(gallery.starts_with("5 applications of R"), "{gallery}");
    }
}
