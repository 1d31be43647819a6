//! The user's own services in each compose file.

use super::super::{Input, container};
use super::migration::{self, Step};
use super::variables::{Plan, Stage, in_container, secrets_in};
use super::{Build, Dependency, Port, Service, Variable, Watch, literal};
use crate::project::{BackingKind, RelPath, Service as Detected, ServiceKind};

pub(super) struct Application<'a> {
    pub(super) input: &'a Input<'a>,
    pub(super) images: &'a container::Container,
    pub(super) plan: &'a Plan,
    /// What every service waits for: the backing services and Supabase's migrations.
    pub(super) backing: &'a [Dependency],
}

/// How many run where `shipway.toml` says nothing.
const REPLICAS: u32 = 1;

impl Application<'_> {
    /// Services with an image, in order of name.
    pub(super) fn services(&self) -> impl Iterator<Item = (&Detected, &container::Image)> {
        self.input
            .project
            .services
            .iter()
            .filter_map(|service| Some((service, container::image_of(self.images, &service.name)?)))
    }

    pub(super) fn build(&self, image: &container::Image, target: Option<&str>) -> Build {
        Build {
            dockerfile: self
                .input
                .path_of("dockerfile", &image.name)
                .unwrap_or(&image.dockerfile)
                .to_owned(),
            target: target.map(str::to_owned),
        }
    }

    pub(super) fn image(&self, image: &container::Image, tag: &str) -> String {
        format!("{}-{}:{tag}", self.input.project.name.value, image.name)
    }

    /// What holds in every environment.
    pub(super) fn base(&self, steps: &[Step]) -> Vec<Service> {
        self.services()
            .map(|(detected, image)| self.one(detected, image, steps))
            .collect()
    }

    /// `detected` as a service that waits for the migrations of its image in `steps`.
    pub(super) fn one(
        &self,
        detected: &Detected,
        image: &container::Image,
        steps: &[Step],
    ) -> Service {
        let kind = detected.kind.value;
        let outside = matches!(kind, ServiceKind::Web | ServiceKind::Static);
        let mut service = Service::named(&detected.name);
        service.image = Some(self.image(image, "${IMAGE_TAG:-local}"));
        service.build = Some(self.build(image, (!image.site).then_some("final")));
        if image.services.first() != Some(&detected.name) {
            service.command = words(container::command(detected));
        }
        service.networks = if outside {
            vec!["edge", "app"]
        } else {
            vec!["app"]
        };
        if self.uses_database(detected) {
            service.networks.push("data");
        }
        service.depends_on = self.backing.to_vec();
        migration::wait_for(&mut service, image, steps);
        self.environment(&mut service, detected, Stage::Hardened, false);
        for folder in container::writable(&[detected]) {
            let path = container::in_image(&folder);
            service.volume(&volume_name(folder.as_str()), &path);
        }
        for folder in &detected.volumes {
            service.volume(&volume_name(&folder.value), &folder.value);
        }
        service.hardened = true;
        service.read_only = !detected
            .writable
            .iter()
            .any(|fact| container::holds_code(&[detected], &fact.value));
        if !service.read_only {
            service
                .comment
                .push("Its root is writable, because it writes beside its code.".to_owned());
        }
        service.tmpfs = vec!["/tmp"];
        service.restart = Some(if kind == ServiceKind::Job {
            "no"
        } else {
            "unless-stopped"
        });
        if kind == ServiceKind::Job {
            service.profiles = vec!["jobs"];
            service.comment.push(format!(
                "Runs and ends: docker compose run --rm {}",
                detected.name
            ));
        }
        match container::probe(detected) {
            Some(test) => {
                let test: Vec<&str> = std::iter::once("CMD")
                    .chain(test.iter().map(String::as_str))
                    .collect();
                service.healthy(&test);
            }
            None if image.site => service.healthy(&[
                "CMD",
                "wget",
                "-q",
                "-O",
                "/dev/null",
                "http://127.0.0.1:8080/healthz",
            ]),
            None => service.no_healthcheck = true,
        }
        // Longer than the server's own patience on SIGTERM.
        service.stop_grace_period = Some("30s");
        service.memory = Some(if image.site { "128M" } else { "1G" });
        service.cpus = Some("1.0");
        service.pids = Some(256);
        if let Some(single) = &detected.single {
            service
                .comment
                .push(format!("Never twice at once: {}", single.value.message));
        }
        service
    }

    fn uses_database(&self, detected: &Detected) -> bool {
        self.input.project.backing.iter().any(|backing| {
            !matches!(backing.kind, BackingKind::Smtp)
                && (backing.used_by.is_empty() || backing.used_by.contains(&detected.name))
        })
    }

    /// Sets the variables that `detected` reads: those that hold a secret where `secret`, else
    /// the others.
    fn environment(&self, service: &mut Service, detected: &Detected, stage: Stage, secret: bool) {
        let port = container::port(detected);
        for variable in &detected.env {
            let value = self.plan.value(self.input.project, variable, port, stage);
            let holds = value
                .as_deref()
                .is_some_and(|value| !secrets_in(value).is_empty());
            if holds == secret {
                service.environment.push(Variable {
                    name: variable.name.clone(),
                    value,
                });
            }
        }
        if !secret && detected.kind.value == ServiceKind::Web {
            for name in ["WEB_CONCURRENCY", "TRUSTED_PROXIES"] {
                if service.environment.iter().all(|one| one.name != name) {
                    service.environment.push(Variable {
                        name: name.to_owned(),
                        value: None,
                    });
                }
            }
        }
    }

    /// What `docker compose up` adds: source from the tree, reload, a port on loopback.
    pub(super) fn development(&self) -> Vec<Service> {
        let mut taken = Vec::new();
        self.services()
            .map(|(detected, image)| {
                let mut service = self.developed(detected, image);
                let port = container::port(detected);
                if matches!(detected.kind.value, ServiceKind::Web | ServiceKind::Static) {
                    let mut published = port;
                    while taken.contains(&published) {
                        published = published.saturating_add(1);
                    }
                    taken.push(published);
                    let name = crate::project::identifier(&detected.name).to_uppercase();
                    service.ports = vec![Port {
                        default: published,
                        ..Port::of(&name, port)
                    }];
                }
                service
            })
            .collect()
    }

    /// `detected` with the source from the tree and its tools for development.
    pub(super) fn developed(&self, detected: &Detected, image: &container::Image) -> Service {
        let mut service = Service::named(&detected.name);
        if image.dev {
            service.image = Some(self.image(image, "dev"));
            service.build = Some(self.build(image, Some("dev")));
            service.command = words(container::dev_command(detected));
            for source in mounted(detected) {
                service.bind(&host(&source), &container::in_image(&source), false);
            }
            self.with_front_ends(&mut service, detected);
            self.development_environment(&mut service, detected);
            hide_env_file(&mut service);
            let manifests = detected.manifest.iter().map(|fact| fact.value.clone());
            let locks = detected.lock.iter().map(|fact| fact.value.clone());
            for path in manifests
                .chain(locks)
                .chain(detected.manifest_includes.iter().cloned())
            {
                service.watch.push(Watch { path: host(&path) });
            }
        } else if !image.site {
            // Its image holds the source: what changes is built anew.
            service.comment.push(
                "Its image holds the source: `docker compose watch` builds it anew at each change."
                    .to_owned(),
            );
            self.development_environment(&mut service, detected);
            for path in mounted(detected) {
                service.watch.push(Watch { path: host(&path) });
            }
        }
        service
    }

    fn development_environment(&self, service: &mut Service, detected: &Detected) {
        self.environment(service, detected, Stage::Development, true);
        let port = container::port(detected);
        let project = self.input.project;
        for variable in &detected.env {
            let here = self.plan.value(project, variable, port, Stage::Development);
            let there = self.plan.value(project, variable, port, Stage::Hardened);
            if here != there {
                service.environment.push(Variable {
                    name: variable.name.clone(),
                    value: here,
                });
            }
        }
        if detected.kind.value == ServiceKind::Web {
            service.set("SHIPWAY_DEVELOPMENT", "1");
            // Apache answers one request with one process.
            if detected.ecosystem != "php" {
                service.set("WEB_CONCURRENCY", "1");
            }
            if detected
                .framework
                .as_ref()
                .is_some_and(|fact| fact.value == "flask")
            {
                service.environment.retain(|one| one.name != "FLASK_DEBUG");
                service.set("FLASK_DEBUG", "1");
            }
        }
    }

    /// What `name` adds: secrets as files, the number of containers.
    pub(super) fn hardened(&self, name: &str) -> Vec<Service> {
        let wanted = self
            .input
            .config
            .environments
            .get(name)
            .and_then(|environment| environment.replicas)
            .unwrap_or(REPLICAS);
        self.services()
            .map(|(detected, _)| {
                let mut service = self.with_secret_files(detected);
                match &detected.single {
                    Some(single) => {
                        service.replicas = Some(1);
                        if wanted > 1 || name == "production" {
                            service
                                .comment
                                .push(format!("One and no more: {}", single.value.message));
                        }
                    }
                    None => service.replicas = Some(wanted),
                }
                service
            })
            .collect()
    }

    /// What `detected` is told in staging and production, its secrets as files.
    pub(super) fn with_secret_files(&self, detected: &Detected) -> Service {
        let mut service = Service::named(&detected.name);
        let mut with_secrets = Service::default();
        self.environment(&mut with_secrets, detected, Stage::Hardened, true);
        for variable in with_secrets.environment {
            let value = variable.value.unwrap_or_default();
            let secrets = secrets_in(&value);
            let expanded = in_container(&value);
            if expanded != format!("$${{{}}}", variable.name) {
                service.set(&variable.name, expanded);
            }
            service.secrets.extend(secrets);
        }
        service.secrets.sort();
        service.secrets.dedup();
        service
    }
}

pub(super) fn words(command: Option<Vec<String>>) -> Vec<String> {
    command
        .unwrap_or_default()
        .iter()
        .map(|word| literal(word))
        .collect()
}

/// What development mounts: a file's folder and not the file, because editors and git put a new
/// file in the place of the one that they change.
pub(super) fn mounted(detected: &Detected) -> Vec<RelPath> {
    let folders: Vec<RelPath> = detected
        .sources
        .iter()
        .map(|source| match source.parent() {
            folder if !source.extension().is_empty() => folder,
            _ => source.clone(),
        })
        .collect();
    container::outermost(folders.iter())
}

/// What `.env` says comes by the environment. The file is its owner's alone: a library that looks for
/// it would find it and not be allowed to read it. Where no secret is needed it may not be there, and
/// would be made.
fn hide_env_file(service: &mut Service) {
    let root = RelPath::root();
    let has_it = (service.volumes.iter()).any(|volume| volume.source == host(&root));
    let needs_it = |one: &Variable| {
        one.value
            .as_deref()
            .is_some_and(|value| !secrets_in(value).is_empty())
    };
    if has_it && service.environment.iter().any(needs_it) {
        let path = format!("{}/.env", container::in_image(&root));
        service.bind("/dev/null", &path, true);
    }
}

pub(super) fn host(path: &RelPath) -> String {
    if path.is_root() {
        "./".to_owned()
    } else {
        format!("./{}", literal(path.as_str()))
    }
}

/// `backend/uploads` as the name of a volume.
fn volume_name(folder: &str) -> String {
    let name: String = folder
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    format!("{}-files", name.trim_matches('-'))
}
