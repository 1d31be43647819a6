//! What only a server of Go has: framework, port, health check.

use super::service::{Program, Search};
use super::source::File;
use crate::detect::serving::{self, Listen};
use crate::detect::{Found, unknown};
use crate::project::{Confidence, Evidence, Fact, Port, Service};

/// Libraries that answer HTTP, best known first, by their module.
const FRAMEWORKS: &[(&str, &str)] = &[
    ("gin", "github.com/gin-gonic/gin"),
    ("echo", "github.com/labstack/echo"),
    ("fiber", "github.com/gofiber/fiber"),
    ("chi", "github.com/go-chi/chi"),
    ("gorilla", "github.com/gorilla/mux"),
    ("beego", "github.com/beego/beego"),
    ("httprouter", "github.com/julienschmidt/httprouter"),
    ("fasthttp", "github.com/valyala/fasthttp"),
    ("connect", "connectrpc.com/connect"),
    ("grpc", "google.golang.org/grpc"),
];

/// Fills in what `program` has as a server, the `only` one or one of several.
pub(super) fn find(
    search: &Search,
    program: &Program,
    service: &mut Service,
    only: bool,
    found: &mut Found,
) {
    let imported = |prefix: &str| {
        program
            .files
            .iter()
            .any(|file| file.imports.iter().any(|import| import.starts_with(prefix)))
    };
    let framework = FRAMEWORKS.iter().find_map(|(name, path)| {
        let requirement = search.module.requires(path)?;
        imported(path).then(|| Fact::certain((*name).to_owned(), requirement.declared.clone()))
    });
    let listens: Vec<&Listen> = program
        .files
        .iter()
        .flat_map(|file| &file.listens)
        .collect();
    service.framework = framework.or_else(|| {
        let listen = listens.first()?;
        Some(Fact::certain("net/http".to_owned(), listen.at.clone()))
    });
    service.port = port(search, program, &listens, only);
    if service.port.is_none() {
        found.unknown.push(unknown::of(
            service,
            "port",
            &[
                "Dockerfile EXPOSE",
                "the calls that listen",
                "flags",
                "struct tags",
            ],
        ));
    }
    let routes = program.files.iter().flat_map(|file| &file.health);
    service.health = serving::health(routes.map(|(route, at)| (route.clone(), at)));
    let mend = "leave the host out of the address (\":8080\"), or take it from a variable";
    found
        .findings
        .extend(serving::on_loopback(&listens, &service.name, mend));
}

fn port(search: &Search, program: &Program, listens: &[&Listen], only: bool) -> Option<Fact<Port>> {
    let mut claims: Vec<(Port, Evidence)> = Vec::new();
    if only {
        let images = search.images(program);
        claims.extend(
            images
                .iter()
                .flat_map(|image| image.exposed.iter().cloned()),
        );
    } else {
        claims.extend(search.exposed(program).filter(|(_, at)| {
            let file = at.file.file_name();
            at.file.parent() == *program.folder || file.contains(&program.binary)
        }));
    }
    let kept = |name: &str| {
        program
            .files
            .iter()
            .find_map(|file| file.ports.get(name).cloned())
    };
    claims.extend(serving::ports(listens, kept));
    let mut sure = Confidence::Certain;
    if claims.is_empty() {
        // Where the address comes from elsewhere: what is kept under the usual names.
        sure = Confidence::Likely;
        let usual = [
            "port",
            "addr",
            "httpport",
            "http_port",
            "httpaddr",
            "serverport",
            "server_port",
            "listenaddr",
            "listen",
            "listen_addr",
            "address",
            "bind",
        ];
        let about = |file: &File| {
            let path = file.path.as_str().to_lowercase();
            file.path.parent() == *program.folder
                || !file.listens.is_empty()
                || ["config", "setting", "option", "flag", "cmd", "cli", "env"]
                    .iter()
                    .any(|word| path.contains(word))
        };
        let said = usual.iter().find_map(|name| {
            let mut files = program.files.iter().filter(|file| about(file));
            files.find_map(|file| file.ports.get(*name).cloned())
        });
        claims.extend(said.and_then(|(port, at)| Some((Port::new(port)?, at))));
    }
    let mut fact = Fact::first_of(sure, claims)?;
    if !fact.against.is_empty() {
        fact = fact.because("EXPOSE goes before the first call that listens");
    }
    Some(fact)
}
