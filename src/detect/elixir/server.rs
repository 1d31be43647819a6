//! Where a project listens: what its settings tell Phoenix, and what its own code starts.

use super::application::Application;
use super::read;
use super::source::{Names, Source, arguments, children, names, with_tree};
use crate::detect::variable::Said;
use crate::detect::{existing, serving, syntax};
use crate::project::{Confidence, Evidence, Fact, Finding, Port, RelPath};
use tree_sitter::Node;

/// What is known of the places that listen.
#[derive(Default)]
pub(super) struct Server {
    listens: Vec<Listen>,
}

struct Listen {
    /// As the code has it, and the variable that may say another one.
    port: Option<u16>,
    variable: Option<String>,
    on_loopback: bool,
    /// Whether a framework's settings say it.
    of_settings: bool,
    at: Evidence,
}

/// Calls and children of supervisors that listen, by the argument that holds the port.
/// <https://hexdocs.pm/bandit/Bandit.html>, <https://hexdocs.pm/plug_cowboy/Plug.Cowboy.html>
const STARTS: &[&str] = &[
    "Bandit",
    "Bandit.start_link",
    "Bandit.child_spec",
    "Plug.Cowboy",
    "Plug.Cowboy.http",
    "Plug.Cowboy.child_spec",
    "Plug.Adapters.Cowboy",
    "Plug.Adapters.Cowboy.http",
    "Plug.Adapters.Cowboy.child_spec",
    "ThousandIsland",
    "ThousandIsland.start_link",
    ":cowboy.start_clear",
    ":cowboy.start_http",
    ":elli.start_link",
    ":inets.start",
    ":gen_tcp.listen",
];

/// Words in a source that may listen.
const WORDS: &[&str] = &[
    "Bandit",
    "Cowboy",
    ":cowboy",
    "ThousandIsland",
    ":elli",
    ":inets",
    ":gen_tcp",
    "Endpoint",
];

pub(super) fn find(application: &Application<'_>) -> Server {
    let mut server = Server::default();
    for path in &application.files {
        let found = with_tree(application.tree, path, WORDS, |source, root| {
            let reader = Reader {
                application,
                source,
                names: names(source, root),
            };
            if path.extension() == "exs" {
                reader.configured(root)
            } else {
                reader.started(root)
            }
        });
        server.listens.extend(found.unwrap_or_default());
    }
    server
}

/// One source of a project.
struct Reader<'r, 't, 'n> {
    application: &'r Application<'r>,
    source: &'r Source<'t>,
    names: Names<'n>,
}

/// A port with the variable that may give another one, and the place that names it.
struct Told {
    port: Option<u16>,
    variable: Option<String>,
    at: Evidence,
}

impl<'t: 'n, 'n> Reader<'_, 't, 'n> {
    /// `config :app, AppWeb.Endpoint, http: [port: 4000]`.
    fn configured(&self, root: Node<'n>) -> Vec<Listen> {
        let source = self.source;
        let mut found = Vec::new();
        for call in source.calls(root, "config") {
            let is_endpoint = arguments(call).get(1).is_some_and(|module| {
                module.kind() == "alias" && source.of(*module).ends_with("Endpoint")
            });
            if !is_endpoint || read::is_for_developers(source, call) {
                continue;
            }
            if let Some(http) = source.option(call, "http") {
                found.extend(self.listen(http, true));
            }
        }
        found
    }

    /// What the code itself starts.
    fn started(&self, root: Node<'n>) -> Vec<Listen> {
        let mut found = Vec::new();
        for node in syntax::all_of(root, &["call", "tuple"]) {
            let (target, parts) = if node.kind() == "call" {
                (self.source.target(node), arguments(node))
            } else {
                let parts = children(node);
                let first = parts.first().map_or("", |first| self.source.of(*first));
                (first, parts)
            };
            if !STARTS.contains(&target) {
                continue;
            }
            if target == ":gen_tcp.listen" {
                found.extend(parts.first().map(|port| listening(self.told(*port))));
                continue;
            }
            // A server of files or sockets that inets starts is none of HTTP.
            if target == ":inets.start"
                && parts
                    .first()
                    .and_then(|kind| self.source.atom(*kind))
                    .as_deref()
                    != Some("httpd")
            {
                continue;
            }
            let told = parts.into_iter().find_map(|part| {
                let nested = ["options", "socket_opts", "transport_options"]
                    .iter()
                    .find_map(|key| self.source.entry(part, key));
                let nested = nested.and_then(|list| self.listen(list, false));
                nested.or_else(|| self.listen(part, false))
            });
            found.push(told.unwrap_or_else(|| {
                let usual = ["Bandit", "Cowboy"]
                    .iter()
                    .any(|name| target.contains(name));
                listening(Told {
                    // What it listens on unless it is told otherwise.
                    port: usual.then_some(4000),
                    variable: None,
                    at: self.source.at(self.application.tree, node),
                })
            }));
        }
        found
    }

    /// What keywords with a port say.
    fn listen(&self, list: Node<'n>, of_settings: bool) -> Option<Listen> {
        let told = self.told(self.source.entry(list, "port")?);
        let ip = self.source.entry(list, "ip");
        let ip = ip.map_or("", |ip| self.source.of(ip));
        let ip: String = ip.chars().filter(|c| !c.is_whitespace()).collect();
        Some(Listen {
            on_loopback: matches!(
                ip.as_str(),
                "{127,0,0,1}" | "{0,0,0,0,0,0,0,1}" | ":loopback"
            ),
            of_settings,
            ..listening(told)
        })
    }

    /// What an expression gives.
    fn told(&self, node: Node<'n>) -> Told {
        let settled = self.settled(node);
        let of = |text: &str, variable: Option<String>, at: Evidence| Told {
            port: text.parse().ok().filter(|port| *port > 0),
            variable,
            at,
        };
        let here = self.source.at(self.application.tree, settled);
        if let Some(value) = self.source.value(node, &self.names) {
            return of(&value.text, value.variable, here);
        }
        let inner = read::inner(self.source, settled);
        if let Some(read) = read::one(self.source, inner, &self.names) {
            return of("", Some(read.name), here);
        }
        match self.setting(settled) {
            Some((said, at)) => of(&said.text, said.variable, at.unwrap_or(here)),
            None => of("", None, here),
        }
    }

    /// What a name, or a function without parameters, stands for.
    fn settled(&self, node: Node<'n>) -> Node<'n> {
        let mut here = node;
        for _ in 0..4 {
            let name = match here.kind() {
                "identifier" | "unary_operator" => self.source.of(here),
                "call" if arguments(here).is_empty() => self.source.target(here),
                _ => break,
            };
            match self.names.get(name) {
                Some(next) if *next != here => here = *next,
                _ => break,
            }
        }
        here
    }

    /// The value of `Application.get_env(:app, :key, default)` by the settings.
    fn setting(&self, node: Node<'n>) -> Option<(Said, Option<Evidence>)> {
        let asks = [
            "Application.get_env",
            "Application.fetch_env!",
            "Application.compile_env",
            "Application.compile_env!",
        ];
        (node.kind() == "call" && asks.contains(&self.source.target(node))).then_some(())?;
        let all = arguments(node);
        let (app, key) = (
            self.source.atom(*all.first()?)?,
            self.source.atom(*all.get(1)?)?,
        );
        let files = self.application.files.iter();
        let mut settings = files.filter(|path| path.extension() == "exs");
        let found = settings.find_map(|path| configured_value(self.application, path, &app, &key));
        let found = found.map(|(said, at)| (said, Some(at)));
        found.or_else(|| Some((self.source.value(*all.get(2)?, &self.names)?, None)))
    }
}

/// What the code itself starts, for everybody to reach.
fn listening(told: Told) -> Listen {
    Listen {
        port: told.port,
        variable: told.variable,
        on_loopback: false,
        of_settings: false,
        at: told.at,
    }
}

/// `config :app, :key, value` or `config :app, key: value`.
fn configured_value(
    application: &Application<'_>,
    path: &RelPath,
    app: &str,
    key: &str,
) -> Option<(Said, Evidence)> {
    with_tree(application.tree, path, &[key], |source, root| {
        let names = names(source, root);
        source.calls(root, "config").into_iter().find_map(|call| {
            let all = arguments(call);
            (source.atom(*all.first()?)? == app).then_some(())?;
            let value = match all.as_slice() {
                [_, name, value] if source.atom(*name).as_deref() == Some(key) => *value,
                [_, _] => source.option(call, key)?,
                _ => return None,
            };
            let said = source.value(value, &names)?;
            Some((said, source.at(application.tree, value)))
        })
    })?
}

impl Server {
    /// Whether the code listens by itself.
    pub(super) fn is_own(&self) -> bool {
        self.listens.iter().any(|listen| !listen.of_settings)
    }

    /// The variable that says where it listens.
    pub(super) fn variable(&self) -> Option<(String, Evidence)> {
        let named = self
            .listens
            .iter()
            .find(|listen| listen.variable.is_some())?;
        Some((named.variable.clone()?, named.at.clone()))
    }

    /// The port: as settings and code have it, as an image sets or exposes it, as Phoenix does.
    pub(super) fn port(
        &self,
        application: &Application<'_>,
        framework: Option<&str>,
    ) -> Option<Fact<Port>> {
        let variable = self
            .variable()
            .map_or_else(|| "PORT".to_owned(), |(name, _)| name);
        let mut claims: Vec<(Port, Evidence)> = Vec::new();
        for image in application.images() {
            let set = image.env.iter().find_map(|set| {
                let (name, value) = set.excerpt.split_once('=')?;
                (name == variable)
                    .then(|| Some((Port::new(serving::port_in(value)?)?, set.clone())))?
            });
            claims.extend(set);
        }
        let of_settings = self.listens.iter().any(|listen| listen.of_settings);
        // Other listeners of a Phoenix application are metrics and the like.
        let listens = self
            .listens
            .iter()
            .filter(|listen| listen.of_settings == of_settings);
        claims.extend(
            listens
                .filter_map(|listen| Some((Port::new(listen.port?)?, listen.at.clone())))
                .take(1),
        );
        let is_told = !claims.is_empty();
        for (port, at) in application.images().iter().flat_map(|image| &image.exposed) {
            if port.get() >= 1024 {
                claims.push((*port, at.clone()));
            }
        }
        let own = existing::own_services(
            application.existing,
            &application.root,
            None,
            application.alone,
        );
        if claims.is_empty() {
            claims.extend(
                own.iter().find_map(|(file, service)| {
                    existing::published(application.tree, file, service)
                }),
            );
        }
        let sure = if is_told {
            Confidence::Certain
        } else {
            Confidence::Likely
        };
        let fact = Fact::first_of(sure, claims).map(|fact| {
            if fact.against.is_empty() {
                fact
            } else {
                fact.because("what the server is told goes before what an image exposes")
            }
        });
        fact.or_else(|| {
            let because = "Phoenix listens there unless it is told otherwise";
            (framework == Some("phoenix"))
                .then(|| Port::new(4000))?
                .map(|port| Fact::guess(port, because))
        })
    }

    /// Says that nobody outside of a container reaches it.
    pub(super) fn on_loopback(&self, service: &str) -> Option<Finding> {
        let first = self.listens.first()?;
        let listen = serving::Listen {
            port: first.port,
            named: None,
            on_loopback: first.on_loopback,
            at: first.at.clone(),
        };
        serving::on_loopback(
            &[&listen],
            service,
            "listen on {0, 0, 0, 0} in production (`ip:` beside `port:`)",
        )
    }
}
