//! What the container templates see: the image of each service.

mod base;
mod copy;
mod deno;
mod dotnet;
mod elixir;
mod environment;
mod front_end;
mod generated;
mod go;
mod ignored;
mod java;
mod node;
mod php;
mod python;
mod r;
mod readiness;
mod ruby;
mod rust;

use super::Input;
use crate::project::{EnvRole, RelPath, Service, ServiceKind};
use copy::{copies, copy, copy_manifests};
use serde::Serialize;
use std::collections::BTreeMap;

pub(super) use base::{ELIXIR, JAVA, PHP, R, RUBY, deno_version, dotnet_sdk, java_base};
pub(super) use copy::{in_image, outermost};
pub(super) use front_end::Stage;
pub(super) use php::extensions;
pub(super) use python::{holds_code, split, writable};

/// Where the source lies in an image.
pub(super) const APP: &str = "/app";

#[derive(Debug, Serialize)]
pub(super) struct Container {
    /// One Dockerfile each, in order of name.
    pub(super) images: Vec<Image>,
    /// Whether there is exactly one image; `several` has them otherwise.
    single: bool,
    /// The ignore file of that image alone, for where the user has a Dockerfile: what stands in
    /// `.dockerignore` would be missing from their images too.
    ignore: &'static str,
    /// A Dockerfile of the user's.
    other_dockerfile: String,
    several: Vec<Named>,
    python: bool,
    /// Whether a service of Node.js starts.
    node: bool,
    go: bool,
    /// Whether a front end is built for a service of another language.
    front_ends: bool,
    rust: bool,
    /// Whether a shell starts what an image holds.
    shell: bool,
    r: bool,
    /// Whether a module makes Deno end requests before it stops.
    drain: bool,
    php: bool,
    /// What Apache is told of each service of PHP.
    applications: Vec<php::Application>,
    /// What they need, each once.
    asked: Vec<readiness::Asked>,
    ruby: bool,
    wsgi: bool,
    /// What gunicorn takes at once.
    gunicorn: python::Gunicorn,
    /// Modules that a production server imports.
    servers: Vec<python::Server>,
    /// Static sites.
    sites: Vec<Site>,
    /// Lines for the ignore file beside the fixed ones.
    ignored: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Named {
    name: String,
    dockerfile: String,
}

#[derive(Debug, Serialize)]
struct Site {
    name: String,
    port: u16,
    /// Its own settings, where they lie among the pages.
    hidden: Option<String>,
    /// Whether its first page answers for every address: what shows is chosen in the browser.
    single_page: bool,
}

/// What an image has whatever it is made of.
#[derive(Debug, Serialize)]
pub(super) struct Image {
    pub(super) name: String,
    /// The name that it takes at the root if nothing is in the way.
    pub(super) dockerfile: String,
    /// `web, worker and beat`
    what: String,
    tag: String,
    file_flag: bool,
    /// Names of the services that run from it.
    pub(super) services: Vec<String>,
    pub(super) site: bool,
    pub(super) dev: bool,
    base: String,
    base_comment: Vec<String>,
    /// URL of the repository for people.
    source: String,
    port: u16,
    /// Arguments of COPY.
    sources: Vec<String>,
    /// Generated files that it copies, by their ids.
    needs: Vec<String>,
    #[serde(flatten)]
    python: Option<python::Python>,
    node: Option<node::Node>,
    go: Option<go::Go>,
    rust: Option<rust::Rust>,
    java: Option<java::Java>,
    dotnet: Option<dotnet::Dotnet>,
    php: Option<php::Php>,
    ruby: Option<ruby::Ruby>,
    r: Option<r::R>,
    /// What builds a site.
    generated: Option<generated::Generated>,
    elixir: Option<elixir::Elixir>,
    deno: Option<deno::Deno>,
}

/// How `service` is started in production; None where nobody knows.
pub(super) fn command(service: &Service) -> Option<Vec<String>> {
    match service.ecosystem {
        "dotnet" | "elixir" | "node" | "go" | "r" | "ruby" | "rust" => started(service),
        "java" => java::command(service),
        "deno" => deno::command(service),
        "php" => php::command(service),
        _ => python::command(service),
    }
}

/// How it is started for development: one process that starts again when the source changes.
pub(super) fn dev_command(service: &Service) -> Option<Vec<String>> {
    match service.ecosystem {
        "dotnet" | "elixir" | "node" | "go" | "r" | "rust" => started(service),
        "java" => java::command(service),
        "deno" => deno::command(service),
        "php" => php::command(service),
        "ruby" => ruby::dev_command(service),
        _ => python::dev_command(service),
    }
}

/// Command of the health check; None for what runs and ends.
pub(super) fn probe(service: &Service) -> Option<Vec<String>> {
    let mut words = match service.ecosystem {
        "node" => node::asks(),
        "ruby" => ruby::asks(),
        "r" => r::asks(),
        "go" | "rust" => vec!["/usr/local/bin/shipway-start".to_owned()],
        "deno" | "dotnet" | "elixir" | "java" => java::asks(),
        "php" => php::asks(),
        _ => return python::probe(service),
    };
    match service.kind.value {
        ServiceKind::Web => {
            words.push("--probe".to_owned());
            words.extend(service.health.as_ref().map(|fact| fact.value.clone()));
        }
        ServiceKind::Worker | ServiceKind::Scheduler => words.push("--running".to_owned()),
        ServiceKind::Job | ServiceKind::Static => return None,
    }
    Some(words)
}

/// How `service` is started where that is one command on every base.
fn started(service: &Service) -> Option<Vec<String>> {
    let fact = service.server_command.as_ref()?;
    let port = port(service).to_string();
    let words = split(&fact.value.replace("{port}", &port));
    Some(if service.ecosystem == "node" {
        node::by_npm(words)
    } else {
        words
    })
}

/// The command of the migration as an image runs it.
pub(super) fn migration(service: &Service) -> Option<Vec<String>> {
    let of_node = node::migration(service);
    of_node.or_else(|| Some(split(service.migration.as_ref()?.value.command.as_ref()?)))
}

/// Whether an image can be made for a service.
pub(in super::super) fn is_made(service: &Service) -> bool {
    match service.ecosystem {
        "python" => python::command(service).is_some(),
        "node" => node::is_made(service),
        "deno" | "elixir" | "go" | "php" | "r" | "ruby" => service.server_command.is_some(),
        "dotnet" | "java" | "rust" => service.server_command.is_some() && service.build.is_some(),
        // Where a generator fills no folder of the tree, there are no pages, only what they are made of.
        "static" => is_site(service) && (service.build.is_none() || service.output.is_some()),
        _ => false,
    }
}

pub(super) fn view(input: &Input) -> Container {
    let groups = groups(&input.project.services);
    let one = groups.len() == 1;
    let mut images = Vec::new();
    let mut servers = Vec::new();
    let mut sites = Vec::new();
    for services in groups {
        let name = name(&services);
        let dockerfile = if one {
            "Dockerfile".to_owned()
        } else {
            format!("Dockerfile.{name}")
        };
        let site = is_site(services[0]);
        let port = port(services[0]);
        let of = |ecosystem: &str| services[0].ecosystem == ecosystem;
        let python = (of("python") && !site).then(|| python::image(input, &services));
        let node = of("node").then(|| node::image(input, &services));
        let go = of("go").then(|| go::image(input, &services));
        let rust = of("rust").then(|| rust::image(input, &services));
        let java = of("java").then(|| java::image(input, &services));
        let dotnet = of("dotnet").then(|| dotnet::image(input, &services));
        let php = of("php").then(|| php::image(input, &services));
        let ruby = of("ruby").then(|| ruby::image(input, &services));
        let r = of("r").then(|| r::image(input, &services));
        let deno = of("deno").then(|| deno::image(input, &services));
        let elixir = of("elixir").then(|| elixir::image(input, &services));
        if site {
            sites.push(Site {
                name: name.clone(),
                port,
                hidden: input
                    .path_of("site_conf", &name)
                    .filter(|_| serves_root(services[0]))
                    .map(str::to_owned),
                single_page: node.is_some(),
            });
        }
        servers.extend(
            services
                .iter()
                .filter(|service| service.ecosystem == "python")
                .filter_map(|service| python::server(input, service)),
        );
        let base = match services[0].ecosystem {
            "python" if !site => base::python(input, services[0]),
            "node" => base::node(input, services[0]),
            "go" => base::go(input, services[0]),
            "rust" => base::rust(input, services[0]),
            "java" => java::base(input, services[0]),
            "dotnet" => base::dotnet(input, services[0]).0,
            "php" => base::php(input, services[0]),
            "ruby" => base::ruby(input, services[0]),
            "r" => base::r(input, services[0]),
            "elixir" => base::elixir(input, services[0]),
            "deno" => base::deno(input, services[0]),
            _ => base::pinned(input, "nginx"),
        };
        let mut image = Image {
            file_flag: input
                .path_of("dockerfile", &name)
                .is_some_and(|path| path != "Dockerfile"),
            what: sentence(services.iter().map(|service| service.name.as_str())),
            tag: format!("{}-{name}", input.project.name.value),
            services: services
                .iter()
                .map(|service| service.name.clone())
                .collect(),
            site,
            dev: python.is_some() || ruby.is_some(),
            base: base.reference,
            base_comment: base.comment,
            source: input.facts.origin.clone().unwrap_or_default(),
            port,
            sources: if site && node.is_none() {
                site_sources(services[0])
            } else {
                copies(services.iter().flat_map(|service| &service.sources))
            },
            name,
            dockerfile,
            python,
            node,
            go,
            rust,
            java,
            dotnet,
            php,
            ruby,
            r,
            elixir,
            deno,
            generated: generated::site(input, services[0]),
            needs: Vec::new(),
        };
        image.needs = needs(&services, image.dev && !image.front_ends().is_empty());
        images.push(image);
    }
    let applications: Vec<php::Application> = input
        .project
        .services
        .iter()
        .filter_map(|service| php::application(input, service))
        .collect();
    let others: Vec<String> = input
        .project
        .existing
        .dockerfiles
        .iter()
        .map(|known| known.path.to_string())
        .collect();
    Container {
        single: one,
        ignore: if input.facts.dockerfile_is_taken {
            "Dockerfile.shipway.dockerignore"
        } else {
            "Dockerfile.dockerignore"
        },
        other_dockerfile: others
            .into_iter()
            .next()
            .unwrap_or_else(|| "Dockerfile".to_owned()),
        several: if one {
            Vec::new()
        } else {
            images
                .iter()
                .map(|image| Named {
                    name: image.name.clone(),
                    dockerfile: image.dockerfile.clone(),
                })
                .collect()
        },
        python: images.iter().any(|image| image.python.is_some()),
        node: images
            .iter()
            .any(|image| image.node.is_some() && !image.site),
        go: images.iter().any(|image| image.go.is_some()),
        // Others mount no source in development.
        front_ends: images
            .iter()
            .any(|image| image.dev && !image.front_ends().is_empty()),
        rust: images.iter().any(|image| image.rust.is_some()),
        shell: images.iter().any(|image| {
            image.java.is_some()
                || image.dotnet.is_some()
                || image.r.is_some()
                || image.elixir.is_some()
                || image.deno.is_some()
        }),
        drain: images
            .iter()
            .any(|image| image.deno.as_ref().is_some_and(deno::Deno::drains)),
        r: images.iter().any(|image| image.r.is_some()),
        php: images.iter().any(|image| image.php.is_some()),
        asked: asked(&applications),
        applications,
        ruby: images.iter().any(|image| image.ruby.is_some()),
        wsgi: servers.iter().any(python::Server::is_wsgi),
        gunicorn: python::gunicorn(&input.project.services),
        ignored: ignored::lines(input),
        images,
        servers,
        sites,
    }
}

impl Image {
    /// The stages that build front ends, in order.
    pub(super) fn front_ends(&self) -> &[Stage] {
        let python = self.python.as_ref().map(|python| &python.front_ends);
        let php = self.php.as_ref().map(|php| &php.front_ends);
        let ruby = self.ruby.as_ref().map(|ruby| &ruby.front_ends);
        let elixir = self.elixir.as_ref().map(|elixir| &elixir.front_ends);
        python
            .or(php)
            .or(ruby)
            .or(elixir)
            .map_or(&[], |stages| stages)
    }

    /// The stage that migrations run in, where it is not the last.
    pub(super) fn migrates_in(&self) -> Option<&'static str> {
        let node = self.node.as_ref();
        node.is_some_and(node::Node::migrates).then_some("migrate")
    }

    /// The folder that its commands start in.
    pub(super) fn workdir(&self) -> Option<&String> {
        let python = self.python.as_ref().map(|python| &python.workdir);
        let node = self.node.as_ref().map(|node| &node.workdir);
        let go = self.go.as_ref().map(|go| &go.workdir);
        let rust = self.rust.as_ref().map(|rust| &rust.workdir);
        let java = self.java.as_ref().map(|java| &java.workdir);
        let dotnet = self.dotnet.as_ref().map(|dotnet| &dotnet.workdir);
        let php = self.php.as_ref().map(|php| &php.workdir);
        let ruby = self.ruby.as_ref().map(|ruby| &ruby.workdir);
        let r = self.r.as_ref().map(|r| &r.workdir);
        let deno = self.deno.as_ref().map(|deno| &deno.workdir);
        let elixir = self.elixir.as_ref().map(|elixir| &elixir.workdir);
        let compiled = go.or(rust).or(java).or(dotnet).or(elixir);
        python.or(node).or(compiled).or(php).or(ruby).or(r).or(deno)
    }
}

/// The generated files that the image of `services` copies, by their ids; `puts` is whether it puts a front
/// end into the work tree for development.
fn needs(services: &[&Service], puts: bool) -> Vec<String> {
    let name = &services[0].name;
    let mut ids = match services[0].ecosystem {
        _ if is_site(services[0]) => vec![format!("site_conf.{name}")],
        "php" => {
            let mut ids = vec![format!("apache_conf.{name}")];
            ids.extend(["", "_health", "_serve", "_ini"].map(|part| format!("shipway_php{part}")));
            ids
        }
        "dotnet" | "elixir" | "java" => vec!["shipway_shell".to_owned()],
        "deno" => {
            let mut ids = vec!["shipway_shell".to_owned()];
            ids.extend(deno::drains(services[0]).then(|| "shipway_drain".to_owned()));
            ids
        }
        "r" => ["shipway_shell", "shipway_r"].map(str::to_owned).into(),
        ecosystem @ ("go" | "node" | "ruby" | "rust") => {
            vec![format!("shipway_{ecosystem}")]
        }
        _ => {
            let servers = services.iter();
            let servers = servers.map(|service| format!("shipway_server.{}", service.name));
            std::iter::once("shipway_start".to_owned())
                .chain(servers)
                .collect()
        }
    };
    if puts {
        ids.push("shipway_front_end".to_owned());
    }
    ids
}

/// What any of `applications` needs, each once.
fn asked(applications: &[php::Application]) -> Vec<readiness::Asked> {
    let mut all: Vec<readiness::Asked> = Vec::new();
    for one in applications
        .iter()
        .flat_map(|application| &application.asked)
    {
        if !all.contains(one) {
            all.push(one.clone());
        }
    }
    all
}

/// The image that service `name` runs from.
pub(super) fn image_of<'a>(container: &'a Container, name: &str) -> Option<&'a Image> {
    container
        .images
        .iter()
        .find(|image| image.services.iter().any(|service| service == name))
}

/// Services that share source and dependencies share an image; the web service comes first.
fn groups(services: &[Service]) -> Vec<Vec<&Service>> {
    let mut groups: BTreeMap<(&str, &str, &str), Vec<&Service>> = BTreeMap::new();
    for service in services {
        if !is_made(service) {
            continue;
        }
        let manifest = service
            .manifest
            .as_ref()
            .map_or("", |fact| fact.value.as_str());
        let alone = if is_site(service) {
            service.name.as_str()
        } else {
            manifest
        };
        groups
            .entry((service.ecosystem, service.root.as_str(), alone))
            .or_default()
            .push(service);
    }
    let mut groups: Vec<Vec<&Service>> = groups.into_values().collect();
    for group in &mut groups {
        group.sort_by_key(|service| (service.kind.value, &service.name));
    }
    groups.sort_by_key(|group| group[0].name.clone());
    groups
}

fn name(services: &[&Service]) -> String {
    services[0].name.clone()
}

fn is_site(service: &Service) -> bool {
    service.kind.value == ServiceKind::Static
}

/// The port that a service listens on inside its container.
pub(super) fn port(service: &Service) -> u16 {
    // Without root, nginx takes no port below 1024.
    if is_site(service) {
        return 8080;
    }
    // A program that is told no other port listens on its own, whichever that is.
    let is_fixed = matches!(service.ecosystem, "go" | "rust")
        && !service
            .env
            .iter()
            .any(|one| one.role == Some(EnvRole::ListenPort));
    match &service.port {
        Some(fact) if is_fixed || fact.value.get() >= 1024 => fact.value.get(),
        _ => 8000,
    }
}

/// `a, b and c`
fn sentence<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Folders of the container that hold what the services keep.
pub(super) fn volumes(services: &[&Service]) -> Vec<String> {
    let own = writable(services)
        .into_iter()
        .map(|folder| in_image(&folder));
    let elsewhere = services.iter().flat_map(|service| &service.volumes);
    own.chain(elsewhere.map(|fact| fact.value.clone()))
        .collect()
}

fn site_sources(service: &Service) -> Vec<String> {
    vec![copy(
        &[site_folder(service).to_string()],
        "/usr/share/nginx/html",
    )]
}

/// What is said where no lock names the packages of an image.
fn lock_note(is_locked: bool) -> Vec<String> {
    let text = "Without a lock file in the repository two builds at different times may differ.";
    (!is_locked).then(|| text.to_owned()).into_iter().collect()
}

/// Whether `service` is a site whose pages lie at the root of the repository.
fn serves_root(service: &Service) -> bool {
    is_site(service) && service.ecosystem != "node" && site_folder(service).is_root()
}

fn site_folder(service: &Service) -> &RelPath {
    service
        .static_dirs
        .first()
        .map_or(&service.root, |fact| &fact.value)
}

/// A word for a POSIX shell.
pub(super) fn sh(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_./@-:+=,%".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
