//! Puts together what the services of one package are: what answers requests, what works off a queue,
//! what runs at times.

use super::framework::{self, Framework};
use super::manifest::Package;
use super::needs::{self, Needs};
use super::settings::Settings;
use super::{checks, manager, migration, variables, version, writable};
use crate::detect::{Tree, existing, naming, shell, single, structured};
use crate::project::{
    ComposeService, Confidence, Dockerfile, Evidence, Existing, Fact, Port, RelPath,
    ServerInterface, Service, ServiceKind,
};

/// Where the services of a package are looked for.
pub(super) struct Search<'a> {
    pub(super) tree: &'a Tree,
    pub(super) existing: &'a Existing,
    pub(super) package: &'a Package,
    /// Folders of other packages inside its own.
    pub(super) inner: &'a [&'a RelPath],
    /// Whether there is no other package.
    pub(super) alone: bool,
}

/// Everything that the services of a package share.
struct Shared<'a> {
    framework: Option<(&'static Framework, Evidence)>,
    choices: needs::Search<'a>,
    needs: Needs,
}

/// The port of a web server that does not run as root.
const PORT: u16 = 8080;

/// The port of `FastCGI`, which no browser speaks.
const FAST_CGI: u16 = 9000;

/// Programs of Debian that packages call.
const PROGRAMS: &[(&str, &str)] = &[
    ("pbmedia/laravel-ffmpeg", "ffmpeg"),
    ("php-ffmpeg/php-ffmpeg", "ffmpeg"),
    ("spatie/laravel-image-optimizer", "jpegoptim"),
    ("spatie/browsershot", "chromium"),
    ("spatie/pdf-to-text", "poppler-utils"),
    ("spatie/pdf-to-image", "ghostscript"),
    ("thiagoalessio/tesseract_ocr", "tesseract-ocr"),
];

/// Dockerfiles that speak of the package in `root`, nearest first.
pub(super) fn images<'e>(
    present: &'e Existing,
    root: &RelPath,
    alone: bool,
) -> Vec<&'e Dockerfile> {
    let mut found: Vec<&Dockerfile> = present
        .dockerfiles
        .iter()
        .filter(|file| {
            let below = || alone && file.path.is_within(root);
            existing::is_about(file, root, alone) || below()
        })
        .filter(|file| file.runtime.as_ref().is_some_and(|(name, _)| name == "php"))
        .collect();
    existing::nearest_first(&mut found, root);
    found
}

impl Search<'_> {
    pub(super) fn services(&self) -> Vec<Service> {
        let package = self.package;
        let framework = framework::find(self.tree, package);
        let whole = framework.as_ref().is_some_and(|(framework, _)| {
            matches!(framework.name, "laravel" | "symfony" | "lumen")
        });
        if package.is_for_others() && !whole {
            return Vec::new();
        }
        let images = images(self.existing, &package.root, self.alone);
        let said = self.folder_said(&images);
        let Some((entry, public)) = framework::front_controller(self.tree, package, said) else {
            return Vec::new();
        };
        let known = framework.as_ref().map(|(framework, _)| *framework);
        let is_symfony = known.is_some_and(|one| one.name == "symfony");
        let settings = Settings::read(self.tree, package, self.inner, is_symfony);
        let called = package.text(self.tree, &["name"]);
        let called = called
            .as_ref()
            .and_then(|(name, _)| name.rsplit('/').next());
        let composed = existing::own_services(self.existing, &package.root, called, self.alone);
        let composed: Vec<&ComposeService> = composed.into_iter().map(|(_, one)| one).collect();
        let choices = needs::Search {
            tree: self.tree,
            package,
            settings: &settings,
            framework: known,
            composed: &composed,
            images: &images,
        };
        let shared = Shared {
            framework,
            needs: choices.find(),
            choices,
        };
        let web = self.service(&shared, &entry);
        let mut services = vec![self.web(&shared, web.clone(), entry, public)];
        services.extend(self.worker(&shared, &web));
        services.extend(self.scheduler(&shared, &web));
        services
    }

    /// The folder of what is handed out, as a Procfile or an image names it.
    fn folder_said(&self, images: &[&Dockerfile]) -> Option<(RelPath, Evidence)> {
        let root = &self.package.root;
        let procfile = self.package.file(self.tree, "Procfile");
        let of_procfile = procfile.and_then(|path| {
            let text = self.tree.text(&path)?;
            let processes = existing::processes(&text);
            let (line, _, command) = processes.into_iter().find(|(_, name, _)| name == "web")?;
            let words = shell::commands(&command).pop()?.texts();
            let folder = words.iter().skip(1).rfind(|word| !word.starts_with('-'))?;
            let folder = root.join(folder.trim_end_matches('/')).ok()?;
            Some((folder, self.tree.at(&path, line)))
        });
        of_procfile.or_else(|| {
            let said = images.iter().flat_map(|image| &image.env).find_map(|at| {
                let (name, value) = at.excerpt.split_once('=')?;
                matches!(name, "APACHE_DOCUMENT_ROOT" | "DOCUMENT_ROOT" | "WEBROOT")
                    .then(|| (value.trim_end_matches('/').to_owned(), at.clone()))
            });
            let (value, at) = said?;
            let folder = root.join(value.rsplit('/').next()?).ok()?;
            Some((folder, at))
        })
    }

    fn web(
        &self,
        shared: &Shared,
        mut service: Service,
        entry: Fact<String>,
        public: Fact<RelPath>,
    ) -> Service {
        service.framework = shared
            .framework
            .as_ref()
            .map(|(framework, at)| Fact::certain(framework.name.to_owned(), at.clone()));
        service.entry = Some(entry);
        service.server_command = Some(Fact::guess(
            "apache2-foreground".to_owned(),
            "PHP brings no server for production: Apache with PHP inside is one process that drains by one signal, and reads the .htaccess files that applications bring",
        ));
        service.dev_command = self.development(shared);
        service.port = self.port(shared);
        service.health = shared.health();
        // It warms caches and puts the bundles' own files where they are handed out.
        let script = self.package.script("post-install-cmd");
        service.build = script
            .filter(|_| shared.choices.is("symfony"))
            .map(|script| {
                let command = "composer run-script --no-dev post-install-cmd".to_owned();
                Fact::certain(command, script.at.clone())
            });
        service.static_dirs = vec![public];
        service.migration = migration::find(self.tree, self.package, shared.choices.framework);
        service
    }

    fn development(&self, shared: &Shared) -> Option<Fact<String>> {
        let laravel = shared
            .choices
            .is("laravel")
            .then(|| self.package.file(self.tree, "artisan"));
        if let Some(artisan) = laravel.flatten() {
            let command = "php artisan serve --port={port}".to_owned();
            return Some(Fact::certain(command, Evidence::file(artisan)));
        }
        let script = ["start", "serve", "dev"]
            .iter()
            .find_map(|name| self.package.script(name))?;
        let serves = script.commands.iter().any(|line| line.contains("php -S "));
        serves.then(|| Fact::certain(format!("composer {}", script.name), script.at.clone()))
    }

    /// What an image or a compose file says, unless it is `FastCGI` or a port that only root takes.
    fn port(&self, shared: &Shared) -> Option<Fact<Port>> {
        let exposed = shared
            .choices
            .images
            .iter()
            .flat_map(|image| image.exposed.iter().cloned());
        let files = &self.existing.compose_files;
        let published = files.iter().flat_map(|file| {
            let services = file.services.iter();
            let own = services.filter(|one| {
                shared
                    .choices
                    .composed
                    .iter()
                    .any(|own| own.line == one.line && own.name == one.name)
            });
            own.filter_map(|one| existing::published(self.tree, file, one))
        });
        let claims = exposed.chain(published);
        let claims = claims.filter(|(port, _)| port.get() >= 1024 && port.get() != FAST_CGI);
        Fact::first_of(Confidence::Certain, claims).or_else(|| {
            Some(Fact::guess(
                Port::new(PORT)?,
                "the port that web servers without root rights use by custom",
            ))
        })
    }

    /// What works off the queue.
    fn worker(&self, shared: &Shared, web: &Service) -> Option<Service> {
        let (command, name, at) = self.of_procfile("worker").or_else(|| {
            if shared.choices.is("laravel") {
                self.queue(shared)
            } else if shared.choices.is("symfony") {
                self.messenger()
            } else {
                None
            }
        })?;
        let kind = Fact::certain(ServiceKind::Worker, at.clone());
        let mut service = self.beside(web, "worker", kind);
        service.framework = name.map(|name| Fact::certain(name.to_owned(), at.clone()));
        service.entry = Some(Fact::certain(command.clone(), at.clone()));
        service.server_command = Some(Fact::certain(command, at));
        Some(service)
    }

    /// A process of the Procfile by its name.
    fn of_procfile(&self, name: &str) -> Option<(String, Option<&'static str>, Evidence)> {
        let path = self.package.file(self.tree, "Procfile")?;
        let text = self.tree.text(&path)?;
        let (line, _, command) = existing::processes(&text)
            .into_iter()
            .find(|(_, process, command)| process == name && command.contains("php"))?;
        Some((command, None, self.tree.at(&path, line)))
    }

    fn queue(&self, shared: &Shared) -> Option<(String, Option<&'static str>, Evidence)> {
        if let Some(horizon) = self.package.runtime("laravel/horizon") {
            let command = "php artisan horizon".to_owned();
            return Some((command, Some("horizon"), horizon.declared.clone()));
        }
        let mut queued = shared
            .choices
            .settings
            .files
            .iter()
            .flat_map(|file| &file.queued);
        let first = queued.next()?;
        let driver = shared
            .choices
            .chosen("queue", &["QUEUE_CONNECTION", "QUEUE_DRIVER"]);
        // What is put there runs at once.
        let at_once = driver.is_some_and(|(value, _)| matches!(value.as_str(), "sync" | "null"));
        (!at_once).then(|| ("php artisan queue:work".to_owned(), None, first.clone()))
    }

    /// The transports of Symfony's messenger that keep messages and are not for those that failed.
    fn messenger(&self) -> Option<(String, Option<&'static str>, Evidence)> {
        let path = [
            "config/packages/messenger.yaml",
            "config/packages/messenger.yml",
        ]
        .iter()
        .find_map(|name| self.package.file(self.tree, name))?;
        let document = structured::yaml(self.tree, &path)?;
        let messenger = document.at(&["framework", "messenger"])?;
        let failed = messenger
            .get("failure_transport")
            .and_then(|node| node.text());
        let kept: Vec<_> = messenger
            .entries_at(&["transports"])
            .iter()
            .filter(|entry| {
                let address = entry.node.text().or_else(|| entry.node.get("dsn")?.text());
                let at_once = address.is_some_and(|text| {
                    text.starts_with("sync:") || text.starts_with("in-memory:")
                });
                Some(entry.key.as_str()) != failed && !at_once
            })
            .collect();
        let first = kept.first()?;
        let names: Vec<&str> = kept.iter().map(|entry| entry.key.as_str()).collect();
        // Each hour another process takes over, so that memory that leaks is given back.
        let command = format!(
            "php bin/console messenger:consume {} --time-limit=3600",
            names.join(" ")
        );
        Some((command, Some("messenger"), self.tree.at(&path, first.line)))
    }

    /// What runs at times.
    fn scheduler(&self, shared: &Shared, web: &Service) -> Option<Service> {
        let mut scheduled = shared
            .choices
            .settings
            .files
            .iter()
            .flat_map(|file| &file.scheduled);
        let by_code = || {
            let at = scheduled.next()?.clone();
            let command = if shared.choices.is("laravel") {
                "php artisan schedule:work"
            } else if shared.choices.is("symfony")
                && self.package.runtime("symfony/scheduler").is_some()
            {
                "php bin/console messenger:consume scheduler_default"
            } else {
                return None;
            };
            Some((command.to_owned(), None, at))
        };
        let (command, _, at) = self.of_procfile("scheduler").or_else(by_code)?;
        let kind = Fact::certain(ServiceKind::Scheduler, at.clone());
        let mut service = self.beside(web, "scheduler", kind);
        service.entry = Some(Fact::certain(command.clone(), at.clone()));
        service.server_command = Some(Fact::certain(command, at.clone()));
        service.single = Some(single::scheduler(&at));
        Some(service)
    }

    /// `web` as a service that does something else.
    fn beside(&self, web: &Service, name: &str, kind: Fact<ServiceKind>) -> Service {
        Service {
            name: self.called(name),
            kind,
            ..web.clone()
        }
    }

    /// The name of a service: that of its folder where it has one.
    fn called(&self, name: &str) -> String {
        match (naming::sanitised(self.package.root.file_name()), name) {
            (None, name) => name.to_owned(),
            (Some(folder), "web") => folder,
            (Some(folder), name) => format!("{folder}-{name}"),
        }
    }

    /// What answers requests, with everything that does not depend on that.
    fn service(&self, shared: &Shared, entry: &Fact<String>) -> Service {
        let package = self.package;
        let at = entry.evidence.first().cloned();
        let kind = Fact::certain(ServiceKind::Web, at.unwrap_or_else(|| package.at()));
        let working_dir = Fact::certain(package.root.clone(), package.at());
        let name = self.called("web");
        let mut service = Service::new(name, "php", package.root.clone(), kind, working_dir);
        service.interface = Some(Fact::certain(ServerInterface::Own, package.at()));
        service.package_manager = manager(package);
        let file = |path: &RelPath| Fact::certain(path.clone(), Evidence::file(path.clone()));
        service.manifest = package.path.as_ref().map(file);
        service.lock = package.lock.as_ref().map(file);
        service
            .manifest_includes
            .extend(package.file(self.tree, "symfony.lock"));
        service.requirements.clone_from(&package.requirements);
        for extension in &shared.needs.extensions {
            if package.any(&extension.name).is_none() {
                service.requirements.push(extension.clone());
            }
        }
        service.runtime_version = version::find(self.tree, package, shared.choices.images);
        service.sources = vec![package.root.clone()];
        for (name, debian) in PROGRAMS {
            if let Some(requirement) = package.runtime(name) {
                let fact = Fact::likely((*debian).to_owned(), requirement.declared.clone());
                service
                    .system_packages
                    .push(fact.because(format!("{name} calls it")));
            }
        }
        service.writable = writable::find(
            self.tree,
            &package.root,
            self.inner,
            shared.framework.as_ref(),
        );
        service.env = variables::find(&shared.choices, &shared.needs);
        service.signs.clone_from(&shared.needs.signs);
        service.single.clone_from(&shared.needs.single);
        let checks = checks::Checks {
            tree: self.tree,
            package,
        };
        service.test = checks.test();
        service.lint = checks.lint();
        service
    }
}

impl Shared<'_> {
    fn health(&self) -> Option<Fact<String>> {
        let routes = self
            .choices
            .settings
            .files
            .iter()
            .flat_map(|file| &file.health);
        let best = routes.min_by_key(|(route, at)| {
            let order = ["/up", "healthz", "livez", "health", "healthcheck"];
            let place = order.iter().position(|name| route.ends_with(name));
            (place.unwrap_or(order.len()), at.file.depth(), route.len())
        });
        let (route, at) = best?;
        // Laravel puts the routes of this file below a prefix.
        if self.choices.is("laravel") && at.file.as_str().ends_with("routes/api.php") {
            // It may stand in the route as it is.
            let route = route.strip_prefix("/api").unwrap_or(route);
            let fact = Fact::likely(format!("/api{route}"), at.clone());
            return Some(fact.because("Laravel's routes of an API lie below /api"));
        }
        Some(
            if at.excerpt.contains("health:") || self.choices.is("slim") {
                Fact::certain(route.clone(), at.clone())
            } else {
                Fact::likely(route.clone(), at.clone())
                    .because("the route of a handler; a group of routes may stand before it")
            },
        )
    }
}
