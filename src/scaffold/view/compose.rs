//! What the compose templates see: the services and their backing services as one project.

mod application;
mod backing;
mod existing;
mod front_end;
mod migration;
mod supabase;
pub(super) mod variables;

use super::{Input, container};
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Debug, Serialize)]
pub(super) struct Compose {
    pub(super) name: String,
    /// In every environment; each list is in the order in which services start.
    pub(super) services: Vec<Service>,
    /// What `docker compose up` adds for development.
    pub(super) development: Vec<Service>,
    pub(super) staging: Vec<Service>,
    pub(super) production: Vec<Service>,
    /// Names of the networks in use.
    networks: Vec<Network>,
    /// Names of the volumes in use.
    volumes: Vec<String>,
    development_volumes: Vec<String>,
    /// Secrets that reach containers as files in staging and production.
    pub(super) secrets: Vec<String>,
    /// Paths of the user's compose files that are included.
    include: Vec<String>,
    /// One sentence for each file of the user's that is left alone.
    left_alone: Vec<String>,
    /// How to call it: empty where `docker compose` finds the files by itself.
    pub(super) development_files: String,
    pub(super) production_files: String,
    pub(super) staging_files: String,
    /// Whether a service runs the source of the tree in development.
    reloads: bool,
    supabase: Option<supabase::Supabase>,
    functions: bool,
    gateway: bool,
    database: bool,
    /// Whether Supabase's migrations are applied.
    migrations: bool,
}

#[derive(Debug, Serialize)]
struct Network {
    name: &'static str,
    internal: bool,
    comment: &'static str,
}

/// A service of a compose file; what is empty is not written.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) comment: Vec<String>,
    pub(super) image: Option<String>,
    pub(super) build: Option<Build>,
    pub(super) command: Vec<String>,
    pub(super) working_dir: Option<String>,
    pub(super) user: Option<String>,
    pub(super) environment: Vec<Variable>,
    /// Files of variables that need not be there.
    pub(super) env_files: Vec<String>,
    pub(super) secrets: Vec<String>,
    /// Secrets whose image reads them from a file too: in development they are variables.
    #[serde(skip)]
    pub(super) in_files: Vec<InFile>,
    pub(super) volumes: Vec<Volume>,
    pub(super) ports: Vec<Port>,
    pub(super) networks: Vec<&'static str>,
    pub(super) aliases: Vec<String>,
    pub(super) depends_on: Vec<Dependency>,
    pub(super) healthcheck: Option<Healthcheck>,
    pub(super) no_healthcheck: bool,
    pub(super) profiles: Vec<&'static str>,
    pub(super) restart: Option<&'static str>,
    pub(super) hardened: bool,
    pub(super) read_only: bool,
    pub(super) tmpfs: Vec<&'static str>,
    pub(super) cap_add: Vec<&'static str>,
    pub(super) stop_grace_period: Option<&'static str>,
    pub(super) replicas: Option<u32>,
    pub(super) memory: Option<&'static str>,
    pub(super) cpus: Option<&'static str>,
    pub(super) pids: Option<u32>,
    pub(super) watch: Vec<Watch>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Build {
    pub(super) dockerfile: String,
    pub(super) target: Option<String>,
}

#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: String,
    /// As compose reads it, `${…}` included; None takes the value from `.env` if it is there.
    pub(super) value: Option<String>,
}

/// A secret of a backing service, by the variable that its image reads: `NAME`, or `NAME_FILE` with
/// the path of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InFile {
    variable: &'static str,
    secret: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Volume {
    pub(super) kind: &'static str,
    pub(super) source: String,
    pub(super) target: String,
    pub(super) read_only: bool,
}

/// A port that is published on this machine's loopback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub(super) struct Port {
    /// What moves it; 0 leaves the choice to the engine.
    pub(super) variable: String,
    default: u16,
    inside: u16,
}

impl Port {
    /// The same here and inside, unless `NAME_PORT` is set.
    fn of(name: &str, port: u16) -> Self {
        Self {
            variable: format!("{name}_PORT"),
            default: port,
            inside: port,
        }
    }
}

impl From<Port> for String {
    fn from(port: Port) -> Self {
        let Port {
            variable,
            default,
            inside,
        } = port;
        format!("127.0.0.1:${{{variable}:-{default}}}:{inside}")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) condition: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Healthcheck {
    pub(super) test: Vec<String>,
    pub(super) interval: &'static str,
    pub(super) timeout: &'static str,
    pub(super) retries: u32,
    pub(super) start_period: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Watch {
    pub(super) path: String,
}

impl Service {
    fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// An override of a service that says nothing of it is none that compose takes.
    fn says_something(&self) -> bool {
        *self != Self::named(&self.name)
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.environment.push(Variable {
            name: name.to_owned(),
            value: Some(value.into()),
        });
    }

    fn set_in_file(&mut self, variable: &'static str, secret: &str) {
        self.in_files.push(InFile {
            variable,
            secret: secret.to_owned(),
        });
    }

    /// What development adds: the secrets as variables.
    fn with_variables(&self) -> Option<Self> {
        let mut service = Self::named(&self.name);
        for one in &self.in_files {
            service.set(one.variable, variables::reference(&one.secret));
        }
        (!self.in_files.is_empty()).then_some(service)
    }

    /// What staging and production add: the secrets as files.
    fn with_files(&self) -> Option<Self> {
        let mut service = Self::named(&self.name);
        for one in &self.in_files {
            service.set(
                &format!("{}_FILE", one.variable),
                format!("/run/secrets/{}", one.secret),
            );
            service.secrets.push(one.secret.clone());
        }
        (!self.in_files.is_empty()).then_some(service)
    }

    fn volume(&mut self, source: &str, target: &str) {
        self.volumes.push(Volume {
            kind: "volume",
            source: source.to_owned(),
            target: target.to_owned(),
            read_only: false,
        });
    }

    fn bind(&mut self, source: &str, target: &str, read_only: bool) {
        self.volumes.push(Volume {
            kind: "bind",
            source: source.to_owned(),
            target: target.to_owned(),
            read_only,
        });
    }

    fn after(&mut self, name: impl Into<String>, condition: &'static str) {
        let name = name.into();
        if self.depends_on.iter().all(|one| one.name != name) {
            self.depends_on.push(Dependency { name, condition });
        }
    }

    /// How the application waits for this backing service; None where it can do without.
    fn awaited(&self) -> Option<Dependency> {
        if ["imgproxy", "functions"].contains(&self.name.as_str()) {
            return None;
        }
        let condition = if self.restart == Some("no") {
            "service_completed_successfully"
        } else if self.healthcheck.is_some() {
            "service_healthy"
        } else {
            "service_started"
        };
        Some(Dependency {
            name: self.name.clone(),
            condition,
        })
    }

    fn healthy(&mut self, test: &[&str]) {
        self.healthcheck = Some(Healthcheck {
            test: test.iter().map(|word| (*word).to_owned()).collect(),
            interval: "5s",
            timeout: "5s",
            retries: 20,
            start_period: "20s",
        });
    }
}

/// `$` as compose reads it literally.
pub(super) fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

pub(super) fn view(input: &Input) -> Compose {
    let images = container::view(input);
    let plan = variables::plan(input);
    let mut services = Vec::new();
    let mut development = Vec::new();
    let include = existing::included(input);
    backing::add(input, &plan, &include, &mut services, &mut development);
    let supabase = supabase::add(input, &plan, &mut services, &mut development);
    development.extend(services.iter().filter_map(Service::with_variables));
    let backing: Vec<Service> = services.iter().filter_map(Service::with_files).collect();
    let before: Vec<Dependency> = services.iter().filter_map(Service::awaited).collect();
    let application = application::Application {
        input,
        images: &images,
        plan: &plan,
        backing: &before,
    };
    let steps = migration::steps(&application);
    services.extend(application.migrations(&steps));
    services.extend(application.base(&steps));
    development.extend(application.folders());
    development.extend(application.front_ends());
    development.extend(application.development_migrations(&steps));
    development.extend(application.development());
    development.retain(Service::says_something);
    let hardened = |environment: &str| {
        let mut services = backing.clone();
        services.extend(application.hardened_migrations(&steps));
        services.extend(application.hardened(environment));
        services.retain(Service::says_something);
        services
    };
    let mut staging = hardened("staging");
    let mut production = hardened("production");
    set_apart(
        &mut services,
        &development,
        &mut [&mut staging, &mut production],
    );
    let volumes = named_volumes(&services);
    let development_volumes = named_volumes(&development)
        .into_iter()
        .filter(|name| !volumes.contains(name))
        .collect();
    let secrets: BTreeSet<String> = staging
        .iter()
        .chain(&production)
        .flat_map(|service| service.secrets.clone())
        .collect();
    let used = |name: &str| {
        services
            .iter()
            .chain(&development)
            .any(|one| one.networks.contains(&name))
    };
    let networks = [
        ("edge", false, "what is reached from outside"),
        (
            "app",
            false,
            "the services among themselves, and their way out",
        ),
        ("data", true, "the databases, which have no way out"),
    ];
    let own = |id: &str| input.path(id).unwrap_or_default().to_owned();
    let beside = input
        .path("compose")
        .is_some_and(|path| path != "compose.yaml");
    let files = |overlay: &str| format!("-f {} -f {}", own("compose"), own(overlay));
    Compose {
        name: if beside {
            format!("{}-shipway", input.project.name.value)
        } else {
            input.project.name.value.clone()
        },
        networks: networks
            .into_iter()
            .filter(|(name, ..)| used(name))
            .map(|(name, internal, comment)| Network {
                name,
                internal,
                comment,
            })
            .collect(),
        volumes,
        development_volumes,
        secrets: secrets.into_iter().collect(),
        left_alone: existing::left_alone(input, &include),
        include: include.into_iter().map(|file| file.path).collect(),
        development_files: if beside {
            files("compose_override")
        } else {
            String::new()
        },
        production_files: files("compose_production"),
        staging_files: files("compose_staging"),
        reloads: application.services().any(|(_, image)| image.dev),
        functions: services.iter().any(|one| one.name == "functions"),
        gateway: services.iter().any(|one| one.name == "gateway"),
        database: supabase.is_some(),
        migrations: supabase
            .as_ref()
            .is_some_and(|supabase| supabase.migrations.is_some()),
        supabase,
        services,
        development,
        staging,
        production,
    }
}

/// A variable that the first file passes on and development sets, or the other way round, is none
/// that holds in every environment: podman-compose cannot put one over the other.
fn set_apart(
    services: &mut [Service],
    development: &[Service],
    hardened: &mut [&mut Vec<Service>; 2],
) {
    for service in services {
        let Some(there) = development.iter().find(|one| one.name == service.name) else {
            continue;
        };
        let differs = |variable: &mut Variable| {
            there.environment.iter().any(|other| {
                other.name == variable.name && other.value.is_none() != variable.value.is_none()
            })
        };
        let moved: Vec<Variable> = service.environment.extract_if(.., differs).collect();
        for stage in hardened.iter_mut() {
            if let Some(there) = stage.iter_mut().find(|other| other.name == service.name) {
                there.environment.extend(moved.iter().cloned());
            }
        }
    }
}

fn named_volumes(services: &[Service]) -> Vec<String> {
    let names: BTreeSet<String> = services
        .iter()
        .flat_map(|service| &service.volumes)
        .filter(|volume| volume.kind == "volume")
        .map(|volume| volume.source.clone())
        .collect();
    names.into_iter().collect()
}
