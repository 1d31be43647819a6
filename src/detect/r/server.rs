//! How an application of R is served: the command, and the port that its sources or images name.

use super::app::{App, Kind};
use super::project::RProject;
use super::source;
use crate::detect::syntax;
use crate::detect::variable::Said;
use crate::project::{Confidence, Evidence, Fact, Port};

/// The port of Shiny Server, and that of plumber's own documentation.
const SHINY: u16 = 3838;
const PLUMBER: u16 = 8000;

/// What is known of the server.
pub(super) struct Server {
    pub(super) command: String,
    pub(super) port: Option<Fact<Port>>,
    /// The variable that a source takes the port from, with the place.
    pub(super) variable: Option<(String, Evidence)>,
}

pub(super) fn find(project: &RProject<'_>, app: &App) -> Server {
    let said = said(project, app);
    let variable = said
        .as_ref()
        .and_then(|(said, at)| Some((said.variable.clone()?, at.clone())));
    Server {
        command: command(project, app),
        port: port(project, app, said),
        variable,
    }
}

/// The command that serves in production.
fn command(project: &RProject<'_>, app: &App) -> String {
    let entry = quoted(&app.entry.relative_to(&app.folder));
    let package = project
        .description
        .as_ref()
        .and_then(|one| one.package.as_ref());
    let code = match app.kind {
        Kind::Golem => {
            let name = package.map_or("app", |(name, _)| name.as_str());
            format!("options(shiny.host = \"0.0.0.0\", shiny.port = {{port}}); {name}::run_app()")
        }
        Kind::Shiny => "shiny::runApp(\".\", host = \"0.0.0.0\", port = {port})".to_owned(),
        Kind::Document => format!(
            "rmarkdown::run({entry}, shiny_args = list(host = \"0.0.0.0\", port = {{port}}))"
        ),
        Kind::Plumber => {
            format!("plumber::plumb({entry})$run(host = \"0.0.0.0\", port = {{port}})")
        }
    };
    shell_words::join(["Rscript", "-e", &code])
}

/// `text` as a string of R.
/// <https://cran.r-project.org/doc/manuals/r-release/R-lang.html#Literal-constants>
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

/// The port that a source names where it starts the server.
fn said(project: &RProject<'_>, app: &App) -> Option<(Said, Evidence)> {
    let tree = project.tree;
    let words = ["port"];
    let mut files: Vec<_> = project
        .files
        .iter()
        .filter(|path| path.parent().is_within(&app.folder) || app.folder.is_within(&path.parent()))
        .collect();
    files.sort_by_key(|path| **path != app.entry);
    files.into_iter().find_map(|path| {
        source::with_tree(tree, path, &words, |source, root| {
            let names = source::names(source, root);
            syntax::all(root, "call").into_iter().find_map(|call| {
                let value = match (source.function(call), app.kind) {
                    ("runApp", Kind::Shiny | Kind::Document) => source.argument(call, "port", 1),
                    ("shinyApp", Kind::Shiny) => {
                        let options = source.named(call, "options")?;
                        source.named(options, "port")
                    }
                    ("options", Kind::Shiny | Kind::Golem | Kind::Document) => {
                        source.named(call, "shiny.port")
                    }
                    ("options", Kind::Plumber) => source.named(call, "plumber.port"),
                    ("pr_run", Kind::Plumber) => source.named(call, "port"),
                    ("run", Kind::Plumber) => source.named(call, "port"),
                    _ => None,
                }?;
                let said = source.value(value, &names)?;
                // The place that holds the value says more than the one that uses it.
                let place = names.get(source.of(value)).copied().unwrap_or(value);
                Some((said, source.at(tree, place)))
            })
        })?
    })
}

fn port(project: &RProject<'_>, app: &App, said: Option<(Said, Evidence)>) -> Option<Fact<Port>> {
    let mut claims: Vec<(Port, Evidence)> = Vec::new();
    if let Some((said, at)) = said
        && let Some(port) = said.text.parse().ok().and_then(Port::new)
    {
        claims.push((port, at));
    }
    for image in project.images() {
        claims.extend(image.exposed.iter().take(1).cloned());
    }
    if let Some(fact) = Fact::first_of(Confidence::Certain, claims) {
        return Some(if fact.against.is_empty() {
            fact
        } else {
            fact.because("what a source names goes before an image, and of images the nearest one")
        });
    }
    let (port, rule) = match app.kind {
        Kind::Plumber => (PLUMBER, "the port that plumber's documentation uses"),
        _ => (SHINY, "the port of Shiny Server, by custom"),
    };
    Port::new(port).map(|port| Fact::guess(port, rule))
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::detect::detect;

    #[test]
    fn a_document_is_called_as_it_likes() {
        let folder = tempfile::tempdir().unwrap();
        let text = "---\ntitle: Tides\nruntime: shiny\n---\n";
        let name = "skipper's \"tide\".Rmd";
        std::fs::write(folder.path().join(name), text).unwrap();
        let project = detect(folder.path(), &Config::default()).unwrap();
        let command = project.services[0].server_command.as_ref().unwrap();
        let words = shell_words::split(&command.value).unwrap();
        let code = "rmarkdown::run(\"skipper's \\\"tide\\\".Rmd\", \
                    shiny_args = list(host = \"0.0.0.0\", port = {port}))";
        assert_eq!(words, ["Rscript", "-e", code]);
    }
}
