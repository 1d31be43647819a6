//! The port that a web application listens on.

use super::capacity;
use super::code::Code;
use super::commands::{compose_services, dockerfiles};
use super::manifest::Package;
use super::mention::{Mention, port_of};
use super::parse::Module;
use super::program::defined_port;
use super::syntax::{Expr, Kind, argument, each_expression};
use crate::detect::{existing, structured};
use crate::project::{
    Claim, Confidence, Dockerfile, EnvVar, Evidence, Existing, Fact, Port, RelPath,
};

/// What is looked at for the port of one application.
pub(super) struct Search<'a, 't> {
    pub(super) code: &'a Code<'t>,
    pub(super) existing: &'a Existing,
    pub(super) package: &'a Package,
    /// Whether it is the only project of the tree.
    pub(super) alone: bool,
    pub(super) mentions: &'a [Mention],
    /// Files that may start its server.
    pub(super) files: &'a [RelPath],
    /// Variables that it reads: a port is often one of them.
    pub(super) env: &'a [EnvVar],
    /// What answers, and the port that it takes where nobody says one.
    pub(super) usual: (&'a str, u16),
}

type Said = (Port, Evidence);

const ORDER: &str = "EXPOSE goes before the server's configuration, that before commands for production, compose files, other commands and the code";

/// The ports of an image; where nginx is in it, the usual ones are that one's, and another is the application's.
fn exposed(file: &Dockerfile) -> impl Iterator<Item = &Said> {
    let is_nginxs = |port: &Port| matches!(port.get(), 80 | 443);
    let has_nginx = file
        .system_packages
        .iter()
        .any(|one| one.excerpt == "nginx");
    let apart = has_nginx && file.exposed.iter().any(|(port, _)| !is_nginxs(port));
    let all = file.exposed.iter();
    all.filter(move |(port, _)| !(apart && is_nginxs(port)))
}

impl Search<'_, '_> {
    /// Finds it, with everything that says otherwise.
    pub(super) fn find(&self) -> Option<Fact<Port>> {
        let mut claims: Vec<Said> = Vec::new();
        for file in dockerfiles(self.existing, &self.package.root, self.alone) {
            claims.extend(exposed(file).cloned());
        }
        claims.extend(self.configured());
        let serving = |production: bool| {
            self.mentions
                .iter()
                .filter(move |mention| {
                    mention.production == production
                        && (mention.serves() || production && mention.process.is_none())
                })
                .filter_map(|mention| Some((mention.port()?, mention.at.clone())))
        };
        claims.extend(serving(true));
        claims.extend(self.composed());
        claims.extend(serving(false));
        for path in self.files {
            claims.extend(self.in_code(path));
        }
        claims.extend(self.flaskenv());
        let mut claims = claims.into_iter();
        let Some((port, at)) = claims.next() else {
            return self.usual();
        };
        let mut fact = Fact::new(port, Confidence::Certain, vec![at]);
        for (other, at) in claims {
            if other == port {
                if !fact.evidence.contains(&at) {
                    fact.evidence.push(at);
                }
            } else if let Some(known) = fact
                .against
                .iter_mut()
                .find(|known| known.value == other.to_string())
            {
                if !known.evidence.contains(&at) {
                    known.evidence.push(at);
                }
            } else {
                fact.against.push(Claim {
                    value: other.to_string(),
                    evidence: vec![at],
                });
            }
        }
        if !fact.against.is_empty() {
            fact.because = Some(ORDER.to_owned());
        }
        Some(fact)
    }

    /// The port that the server or the framework takes where nobody says one.
    fn usual(&self) -> Option<Fact<Port>> {
        let served = self
            .mentions
            .iter()
            .find_map(|mention| Some((mention.server()?, mention)));
        if let Some((server @ ("gunicorn" | "uvicorn" | "hypercorn" | "daphne"), mention)) = served
        {
            return Some(
                Fact::new(
                    Port::new(8000)?,
                    Confidence::Guess,
                    vec![mention.at.clone()],
                )
                .because(format!("{server}'s usual port")),
            );
        }
        let (what, port) = self.usual;
        Some(Fact::guess(
            Port::new(port)?,
            format!("{what}'s usual port"),
        ))
    }

    /// Configuration files of servers.
    fn configured(&self) -> Vec<Said> {
        let root = &self.package.root;
        let tree = self.code.tree;
        let at = |name: &str| root.join(name).ok().filter(|path| tree.has(path));
        let mut found = Vec::new();
        for path in capacity::configurations(self.code, self.package, self.mentions) {
            found.extend(self.gunicorn(&path));
        }
        for path in capacity::uwsgi(self.code, self.package) {
            let section = tree
                .text(&path)
                .and_then(|text| capacity::uwsgi_section(&text));
            found.extend(section.and_then(|section| {
                let value = ["http", "http-socket", "https"]
                    .iter()
                    .find_map(|key| section.get(key))?;
                Some((
                    port_of(value)?,
                    Evidence::new(path.clone(), section.line, value),
                ))
            }));
        }
        for path in ["production.ini", "development.ini"]
            .into_iter()
            .filter_map(at)
        {
            found.extend(super::paste::port(self.code, &path));
        }
        if let Some(path) = at(".streamlit/config.toml") {
            found.extend(structured::toml(tree, &path).and_then(|document| {
                let entry = document.entry_at(&["server", "port"])?;
                Some((port_of(entry.node.text()?)?, tree.at(&path, entry.line)))
            }));
        }
        found
    }

    fn gunicorn(&self, path: &RelPath) -> Option<Said> {
        let module = self.code.module(path)?;
        let bind = module.assigned("bind")?;
        // One address or a list of them.
        let address = match &bind.kind {
            Kind::List(all) => all.first()?,
            _ => bind,
        };
        Some((self.number(address)?, module.at(address.line)))
    }

    /// The port inside the container that compose publishes of the application.
    fn composed(&self) -> Vec<Said> {
        compose_services(self.existing, self.package, self.alone)
            .into_iter()
            .filter(|(_, service)| {
                // Flower publishes a port as well.
                !service.command.as_deref().is_some_and(|command| {
                    ["celery", "flower", "rq "]
                        .iter()
                        .any(|word| command.contains(word))
                })
                // Nor are the pages about it the application.
                && !matches!(service.name.as_str(), "docs" | "doc" | "mkdocs" | "sphinx")
            })
            .filter_map(|(file, service)| existing::published(self.code.tree, file, service))
            .collect()
    }

    /// `app.run(port=…)`, `uvicorn.run(…, port=…)`, `server.listen(…)`, `define("port", …)`.
    fn in_code(&self, path: &RelPath) -> Option<Said> {
        let text = self.code.tree.text(path)?;
        if !["run", "listen", "launch", "serve", "define("]
            .iter()
            .any(|word| text.contains(word))
        {
            return None;
        }
        let module = self.code.module(path)?;
        if let Some((number, line)) = defined_port(&module) {
            return Some((number.parse().ok().and_then(Port::new)?, module.at(line)));
        }
        let mut found = None;
        each_expression(&module.body, &mut |expr| {
            if found.is_some() {
                return;
            }
            let Some((function, args)) = expr.call() else {
                return;
            };
            let place = match function.last_name() {
                Some("run" | "run_app" | "serve" | "launch" | "run_server") => None,
                Some("listen") => Some(0),
                _ => return,
            };
            let value =
                argument(args, place, "port").or_else(|| argument(args, None, "server_port"));
            if let Some(value) = value {
                let resolved = match value.name() {
                    Some(name) => module.assigned(name).unwrap_or(value),
                    None => value,
                };
                let port = self.number(resolved).map(|port| (port, resolved.line));
                // An argument of the command line has its default where it is declared.
                let is_port = resolved
                    .last_name()
                    .is_some_and(|name| name.to_lowercase().ends_with("port"));
                let option = || is_port.then(|| self.option(&module)).flatten();
                found = port
                    .or_else(option)
                    .map(|(port, line)| (port, module.at(line)))
                    .or_else(|| self.of_configuration(&path.parent(), resolved));
            }
        });
        found
    }

    /// `config["port"]`, where a JSON file of the same folder that is called like a configuration has
    /// that key.
    fn of_configuration(&self, folder: &RelPath, expr: &Expr) -> Option<Said> {
        let Kind::Index(_, key) = &expr.kind else {
            return None;
        };
        let key = key
            .text()
            .filter(|key| key.to_lowercase().ends_with("port"))?;
        let tree = self.code.tree;
        tree.with_extension("json")
            .filter(|path| path.parent() == *folder && path.stem().contains("config"))
            .find_map(|path| {
                let document = structured::json(tree, path)?;
                let entry = document.entry(key)?;
                Some((port_of(entry.node.text()?)?, tree.at(path, entry.line)))
            })
    }

    /// The default of `--port`, with its line: `@click.option("--port", default=8000)`,
    /// `parser.add_argument("-p", "--port", default=8000)`.
    fn option(&self, module: &Module) -> Option<(Port, usize)> {
        let mut found = None;
        each_expression(&module.body, &mut |expr| {
            if let Some((function, args)) = expr.call()
                && matches!(function.last_name(), Some("option" | "add_argument"))
                && args
                    .iter()
                    .filter_map(|arg| arg.value.text())
                    .any(|name| name == "--port" || name.ends_with("-port"))
                && let Some(default) = argument(args, None, "default")
                && let Some(port) = self.number(default)
            {
                found.get_or_insert((port, default.line));
            }
        });
        found
    }

    /// The number in a literal, an address, `int(…)`, or the default of a variable that is read.
    fn number(&self, expr: &Expr) -> Option<Port> {
        match &expr.kind {
            Kind::Number(text) => text.parse().ok().and_then(Port::new),
            Kind::Str(text) | Kind::Template(text, _) => port_of(text),
            Kind::Call(function, args) => {
                let reads = matches!(
                    function.last_name(),
                    Some("int" | "str" | "get" | "getenv" | "config" | "env" | "format")
                );
                args.iter()
                    .rev()
                    .filter(|_| reads)
                    .find_map(|arg| self.number(&arg.value))
            }
            Kind::Binary(left, operator, right) if operator == "or" => {
                self.number(right).or_else(|| self.number(left))
            }
            // `settings.API_PORT` is a variable of that name.
            Kind::Attr(_, name) => {
                let upper = name.to_uppercase();
                self.env
                    .iter()
                    .find(|variable| {
                        variable.name == upper || variable.name.ends_with(&format!("_{upper}"))
                    })
                    .and_then(|variable| variable.default.as_deref())
                    .and_then(|text| text.parse().ok())
                    .and_then(Port::new)
            }
            _ => None,
        }
    }

    fn flaskenv(&self) -> Option<Said> {
        let path = self.package.root.join(".flaskenv").ok()?;
        let text = self.code.tree.text(&path)?;
        text.lines().enumerate().find_map(|(index, line)| {
            let value = line.trim().strip_prefix("FLASK_RUN_PORT=")?;
            Some((
                port_of(value)?,
                Evidence::new(path.clone(), index + 1, line),
            ))
        })
    }
}
