//! Puts together what the services of one package are: what answers requests, what works off a queue,
//! what runs at times.

use super::framework::{self, Framework};
use super::manifest::Package;
use super::needs::{self, Needs};
use super::settings::Settings;
use super::{checks, manager, migration, version};
use crate::detect::beside::beside_or_hidden;
use crate::detect::variable::{self, Engines};
use crate::detect::{Tree, client, existing, naming, secret, shell, structured};
use crate::project::{
    BackingKind, ComposeService, Confidence, Dockerfile, EnvRole, EnvVar, Evidence, Existing, Fact,
    Port, RelPath, ServerInterface, Service, ServiceKind, Single, Sought,
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
    settings: Settings,
    needs: Needs,
    composed: Vec<&'a ComposeService>,
    images: Vec<&'a Dockerfile>,
}

/// The port of a web server that does not run as root.
const PORT: u16 = 8080;

/// The port of `FastCGI`, which no browser speaks.
const FAST_CGI: u16 = 9000;

/// Folders in which an application of each framework writes.
const WRITES: &[(&str, &[&str])] = &[
    ("laravel", &["storage"]),
    ("lumen", &["storage"]),
    ("symfony", &["var"]),
    ("cakephp", &["tmp", "logs"]),
    ("codeigniter", &["writable"]),
    ("yii", &["runtime", "web/assets"]),
    ("craft", &["storage", "config", "web/cpresources"]),
    ("wordpress", &["wp-content/uploads"]),
    ("drupal", &["web/sites/default/files"]),
    ("nette", &["temp", "log"]),
];

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

/// Files that keep an empty folder in git, or visitors out of it.
const KEEPERS: &[&str] = &[
    ".gitignore",
    ".gitkeep",
    ".keep",
    ".empty",
    ".htaccess",
    "index.html",
];

/// Folders of the repository's own images and tools: what lies there is copied elsewhere.
const OF_IMAGES: &[&str] = &["docker", "deploy", "deployment", "dev", "build", "ops"];

/// Folders that a file with a word about them may lie in.
const EMPTY: &[&str] = &["logs", "log", "tmp", "temp", "cache", "uploads", "upload"];

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
            let folder = file.path.parent();
            let above = root.is_within(&folder) && (alone || existing::names_folder(file, root));
            folder == *root || above || alone && folder.is_within(root)
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
        let said = self.folder_said();
        let Some((entry, public)) = framework::front_controller(self.tree, package, said) else {
            return Vec::new();
        };
        let is_symfony = framework
            .as_ref()
            .is_some_and(|(one, _)| one.name == "symfony");
        let settings = Settings::read(self.tree, package, self.inner, is_symfony);
        let called = package.text(self.tree, &["name"]);
        let called = called
            .as_ref()
            .and_then(|(name, _)| name.rsplit('/').next());
        let composed = existing::own_services(self.existing, &package.root, called, self.alone);
        let composed: Vec<&ComposeService> = composed.into_iter().map(|(_, one)| one).collect();
        let images = images(self.existing, &package.root, self.alone);
        let needs = needs::Search {
            tree: self.tree,
            package,
            settings: &settings,
            framework: framework.as_ref().map(|(framework, _)| *framework),
            composed: &composed,
            images: &images,
        }
        .find();
        let shared = Shared {
            framework,
            settings,
            needs,
            composed,
            images,
        };
        let mut services = vec![self.web(&shared, entry, public)];
        services.extend(self.worker(&shared));
        services.extend(self.scheduler(&shared));
        services
    }

    /// The folder of what is handed out, as a Procfile or an image names it.
    fn folder_said(&self) -> Option<(RelPath, Evidence)> {
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
            let images = images(self.existing, root, self.alone);
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

    fn web(&self, shared: &Shared, entry: Fact<String>, public: Fact<RelPath>) -> Service {
        let at = entry.evidence.first().cloned();
        let at = at.unwrap_or_else(|| self.package.at());
        let kind = Fact::certain(ServiceKind::Web, at);
        let mut service = self.service(shared, "web", kind);
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
        service.build = script.filter(|_| shared.is("symfony")).map(|script| {
            let command = "composer run-script --no-dev post-install-cmd".to_owned();
            Fact::certain(command, script.at.clone())
        });
        service.static_dirs = vec![public];
        let framework = shared.framework.as_ref().map(|(framework, _)| *framework);
        service.migration = migration::find(self.tree, self.package, framework);
        service
    }

    fn development(&self, shared: &Shared) -> Option<Fact<String>> {
        let laravel = shared
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
            .images
            .iter()
            .flat_map(|image| image.exposed.iter().cloned());
        let files = &self.existing.compose_files;
        let published = files.iter().flat_map(|file| {
            let services = file.services.iter();
            let own = services.filter(|one| {
                shared
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
    fn worker(&self, shared: &Shared) -> Option<Service> {
        let (command, name, at) = self.of_procfile("worker").or_else(|| {
            if shared.is("laravel") {
                self.queue(shared)
            } else if shared.is("symfony") {
                self.messenger()
            } else {
                None
            }
        })?;
        let mut service = self.service(
            shared,
            "worker",
            Fact::certain(ServiceKind::Worker, at.clone()),
        );
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
        let mut queued = shared.settings.files.iter().flat_map(|file| &file.queued);
        let first = queued.next()?;
        let search = needs::Search {
            tree: self.tree,
            package: self.package,
            settings: &shared.settings,
            framework: shared.framework.as_ref().map(|(one, _)| *one),
            composed: &shared.composed,
            images: &shared.images,
        };
        let driver = search.chosen("queue", &["QUEUE_CONNECTION", "QUEUE_DRIVER"]);
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
    fn scheduler(&self, shared: &Shared) -> Option<Service> {
        let mut scheduled = shared
            .settings
            .files
            .iter()
            .flat_map(|file| &file.scheduled);
        let by_code = || {
            let at = scheduled.next()?.clone();
            let command = if shared.is("laravel") {
                "php artisan schedule:work"
            } else if shared.is("symfony") && self.package.runtime("symfony/scheduler").is_some() {
                "php bin/console messenger:consume scheduler_default"
            } else {
                return None;
            };
            Some((command.to_owned(), None, at))
        };
        let (command, _, at) = self.of_procfile("scheduler").or_else(by_code)?;
        let kind = Fact::certain(ServiceKind::Scheduler, at.clone());
        let mut service = self.service(shared, "scheduler", kind);
        service.entry = Some(Fact::certain(command.clone(), at.clone()));
        service.server_command = Some(Fact::certain(command, at.clone()));
        let single = Single {
            reason: "scheduler",
            message: "two of them would do every job twice".to_owned(),
        };
        service.single = Some(Fact::certain(single, at));
        Some(service)
    }

    /// A service with everything that does not depend on what it does.
    fn service(&self, shared: &Shared, name: &str, kind: Fact<ServiceKind>) -> Service {
        let package = self.package;
        let named = match (naming::sanitised(package.root.file_name()), name) {
            (None, name) => name.to_owned(),
            (Some(folder), "web") => folder,
            (Some(folder), name) => format!("{folder}-{name}"),
        };
        let working_dir = Fact::certain(package.root.clone(), package.at());
        let mut service = Service::new(named, "php", package.root.clone(), kind, working_dir);
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
        service.runtime_version = version::find(self.tree, package, &shared.images);
        service.sources = vec![package.root.clone()];
        for (name, debian) in PROGRAMS {
            if let Some(requirement) = package.runtime(name) {
                let fact = Fact::likely((*debian).to_owned(), requirement.declared.clone());
                service
                    .system_packages
                    .push(fact.because(format!("{name} calls it")));
            }
        }
        service.writable = self.writable(shared);
        service.env = self.variables(shared);
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

    /// Folders that the framework writes to, and those that git keeps empty for the application.
    fn writable(&self, shared: &Shared) -> Vec<Fact<RelPath>> {
        let root = &self.package.root;
        let mut found: Vec<Fact<RelPath>> = Vec::new();
        if let Some((framework, at)) = &shared.framework {
            let known = WRITES.iter().find(|(name, _)| *name == framework.name);
            for name in known.map_or(&[][..], |(_, names)| names) {
                let folder = root.join(name).ok();
                let folder = folder
                    .filter(|folder| self.tree.has_folder(folder) || framework.name != "craft");
                found.extend(folder.map(|folder| Fact::certain(folder, at.clone())));
            }
        }
        let is_keeper = |path: &RelPath| {
            let about = path.file_name().eq_ignore_ascii_case("readme.md");
            KEEPERS.contains(&path.file_name())
                || about && EMPTY.contains(&path.parent().file_name())
        };
        let mut keepers: Vec<&RelPath> = self
            .tree
            .files()
            .filter(|path| path.is_within(root) && is_keeper(path))
            .filter(|path| !self.inner.iter().any(|other| path.is_within(other)))
            .collect();
        keepers.sort_by_key(|path| path.depth());
        for keeper in keepers {
            let folder = keeper.parent();
            let below = folder.below(root).unwrap_or_default();
            let known = found.iter().any(|fact| folder.is_within(&fact.value));
            // The caches of Laravel are a part of the image.
            let top = below.as_str().split('/').next().unwrap_or_default();
            let of_image = folder.as_str().ends_with("bootstrap/cache") || OF_IMAGES.contains(&top);
            let empty = || {
                let inside = |path: &&RelPath| path.is_within(&folder);
                self.tree.files().filter(inside).all(&is_keeper)
            };
            if !below.is_root() && !known && !of_image && !beside_or_hidden(&below) && empty() {
                found.push(
                    Fact::likely(folder, Evidence::file(keeper.clone()))
                        .because("git keeps it empty: the application fills it"),
                );
            }
        }
        found
    }

    fn variables(&self, shared: &Shared) -> Vec<EnvVar> {
        let needs = &shared.needs;
        let engines = Engines {
            postgres: needs.speak_to(BackingKind::Postgres),
            mysql: needs.speak_to(BackingKind::Mysql),
            mongodb: needs.speak_to(BackingKind::Mongodb),
            async_postgres: false,
            redis: needs.speak_to(BackingKind::Redis),
            s3: needs.speak_to(BackingKind::S3),
        };
        let mut found = shared.settings.variables(self.tree);
        if shared.is("laravel") {
            shared.settings.add_of_laravel(self.tree, &mut found);
        }
        let mut found: Vec<EnvVar> = found.into_values().collect();
        for variable in &mut found {
            variable.role = role(&variable.name, shared, engines);
            let needed = variable.role.and_then(client::of_role);
            if needed.is_some_and(|kind| {
                !needs
                    .signs
                    .iter()
                    .any(|sign| sign.of == Sought::Backing(kind))
            }) {
                variable.role = None;
            }
            if variable.role.is_some_and(EnvRole::is_url_with_password) && !variable.secret {
                variable.secret = true;
                variable.secret_confidence = Confidence::Likely;
                variable.default = None;
            }
        }
        let given = shared.settings.given.iter().map(|given| &given.at);
        let of_images = shared.images.iter().flat_map(|image| &image.env);
        let composed = shared.composed.iter().flat_map(|one| &one.settings);
        variable::set(
            &mut found,
            composed.chain(of_images).chain(given),
            std::iter::empty(),
        );
        for variable in &mut found {
            let Some(given) = shared.settings.given(&variable.name) else {
                continue;
            };
            address(variable, &given.value, &given.at);
            // Who and what a database is made for.
            let names = matches!(
                variable.role,
                Some(EnvRole::PostgresUser | EnvRole::PostgresDatabase)
            );
            if names && !given.value.is_empty() && !given.value.contains('$') {
                variable.default = Some(given.value.clone());
            }
        }
        // What a test or the shell sets.
        found.retain(|variable| {
            !matches!(
                variable.name.as_str(),
                "HOME"
                    | "PATH"
                    | "USER"
                    | "TERM"
                    | "TMPDIR"
                    | "PWD"
                    | "APP_RUNNING_IN_CONSOLE"
                    | "TEST_TOKEN"
                    | "LARAVEL_SAIL"
                    | "VAR_DUMPER_SERVER"
                    | "PHP_CLI_SERVER_WORKERS"
            )
        });
        found
    }
}

impl Shared<'_> {
    fn health(&self) -> Option<Fact<String>> {
        let routes = self.settings.files.iter().flat_map(|file| &file.health);
        let best = routes.min_by_key(|(route, at)| {
            let order = ["/up", "healthz", "livez", "health", "healthcheck"];
            let place = order.iter().position(|name| route.ends_with(name));
            (place.unwrap_or(order.len()), at.file.depth(), route.len())
        });
        let (route, at) = best?;
        // Laravel puts the routes of this file below a prefix.
        if self.is("laravel") && at.file.as_str().ends_with("routes/api.php") {
            // It may stand in the route as it is.
            let route = route.strip_prefix("/api").unwrap_or(route);
            let fact = Fact::likely(format!("/api{route}"), at.clone());
            return Some(fact.because("Laravel's routes of an API lie below /api"));
        }
        Some(if at.excerpt.contains("health:") || self.is("slim") {
            Fact::certain(route.clone(), at.clone())
        } else {
            Fact::likely(route.clone(), at.clone())
                .because("the route of a handler; a group of routes may stand before it")
        })
    }

    fn is(&self, name: &str) -> bool {
        self.framework
            .as_ref()
            .is_some_and(|(one, _)| one.name == name)
    }
}

fn role(name: &str, shared: &Shared, engines: Engines) -> Option<EnvRole> {
    match name {
        // `dev`, `prod`, and what else there is a configuration for.
        "APP_ENV" if shared.is("symfony") => None,
        "APP_KEY" if shared.is("laravel") || shared.is("lumen") => Some(EnvRole::LaravelKey),
        "MAIL_FROM_ADDRESS" => Some(EnvRole::SmtpSender),
        "AWS_USE_PATH_STYLE_ENDPOINT" => None,
        // Laravel also takes the name of a service for it.
        "MAIL_EHLO_DOMAIN" => None,
        _ => variable::role(name, engines),
    }
}

/// An address in a file of variables that carries no password is a default like any other: a scheme that
/// names no host (`null://null`, `doctrine://default`) is no secret either.
fn address(variable: &mut EnvVar, value: &str, at: &Evidence) {
    let Some((scheme, _)) = value.split_once("://") else {
        return;
    };
    let here = matches!(
        scheme,
        "null" | "doctrine" | "sync" | "in-memory" | "flock" | "semaphore" | "sqlite"
    );
    let open = variable.role.is_none() && variable.set_at.is_none() && !value.contains('$');
    if open && (here || !variable.secret) && !secret::url_has_password(value) {
        variable.secret = false;
        variable.default = Some(value.to_owned());
        variable.set_at = Some(Evidence::new(
            at.file.clone(),
            at.line,
            &format!("{}={value}", variable.name),
        ));
    }
}
