//! What an application of PHP needs that is not its code: its frameworks bring clients of everything, so that
//! what is chosen counts and not what could be.

use super::framework::Framework;
use super::manifest::{self, Package};
use super::settings::Settings;
use super::source;
use crate::detect::{Tree, client, single};
use crate::project::{
    BackingKind, ComposeService, Dockerfile, Evidence, Fact, Other, Requirement, Sign, Single,
    Sought,
};

/// Where the choices of one application are looked for.
pub(super) struct Search<'a> {
    pub(super) tree: &'a Tree,
    pub(super) package: &'a Package,
    pub(super) settings: &'a Settings,
    pub(super) framework: Option<&'a Framework>,
    /// Services of compose files that run it.
    pub(super) composed: &'a [&'a ComposeService],
    pub(super) images: &'a [&'a Dockerfile],
}

/// What was chosen.
#[derive(Default)]
pub(super) struct Needs {
    pub(super) signs: Vec<Sign>,
    /// Extensions beside those that a manifest names.
    pub(super) extensions: Vec<Requirement>,
    pub(super) single: Option<Fact<Single>>,
}

/// What Laravel keeps a choice for: the file of its configuration, the variables that it goes by.
const CHOICES: &[(&str, &[&str])] = &[
    ("database", &["DB_CONNECTION"]),
    ("cache", &["CACHE_STORE", "CACHE_DRIVER"]),
    ("session", &["SESSION_DRIVER"]),
    ("queue", &["QUEUE_CONNECTION", "QUEUE_DRIVER"]),
    (
        "broadcasting",
        &["BROADCAST_CONNECTION", "BROADCAST_DRIVER"],
    ),
    ("mail", &["MAIL_MAILER", "MAIL_DRIVER"]),
    (
        "filesystems",
        &["FILESYSTEM_DISK", "FILESYSTEM_DRIVER", "STORAGE_TYPE"],
    ),
    ("scout", &["SCOUT_DRIVER"]),
];

impl Needs {
    pub(super) fn speak_to(&self, kind: BackingKind) -> bool {
        self.signs
            .iter()
            .any(|sign| sign.of == Sought::Backing(kind))
    }

    fn add(&mut self, of: Sought, at: Evidence) {
        self.signs.push(Sign { of, at });
    }

    fn extension(&mut self, name: &str, at: &Evidence) {
        let one = manifest::extension(name, at.clone());
        if !self.extensions.iter().any(|known| known.name == one.name) {
            self.extensions.push(one);
        }
    }

    /// A database by its driver.
    fn database(&mut self, driver: &str, at: Evidence) {
        match driver {
            "mysql" => {
                self.extension("pdo_mysql", &at);
                self.add(Sought::Backing(BackingKind::Mysql), at);
            }
            "pgsql" => {
                self.extension("pdo_pgsql", &at);
                self.add(Sought::Backing(BackingKind::Postgres), at);
            }
            "mongodb" => {
                self.extension("mongodb", &at);
                self.add(Sought::Backing(BackingKind::Mongodb), at);
            }
            "sqlsrv" => self.add(Sought::Other(Other::Sqlserver), at),
            _ => {}
        }
    }

    fn file(&mut self, at: &Evidence) {
        self.single = Some(single::sqlite(at));
    }

    fn has_database(&self) -> bool {
        [
            BackingKind::Mysql,
            BackingKind::Postgres,
            BackingKind::Mongodb,
        ]
        .into_iter()
        .any(|kind| self.speak_to(kind))
    }
}

impl Search<'_> {
    /// Whether it is made with this framework.
    pub(super) fn is(&self, name: &str) -> bool {
        self.framework.is_some_and(|one| one.name == name)
    }

    pub(super) fn find(&self) -> Needs {
        let mut needs = Needs::default();
        match self.framework.map(|framework| framework.name) {
            Some("laravel" | "lumen") => self.of_laravel(&mut needs),
            Some("symfony") => {
                self.of_addresses(&mut needs);
                self.of_requirements(&mut needs);
            }
            _ => {
                self.of_addresses(&mut needs);
                self.of_requirements(&mut needs);
                self.of_code(&mut needs);
            }
        }
        for (name, at) in self.settings.files.iter().flat_map(|file| &file.extensions) {
            needs.extension(name, at);
        }
        needs
    }

    /// The value that `names` have in what the repository runs or begins with, else what the code says.
    pub(super) fn chosen(&self, file: &str, names: &[&str]) -> Option<(String, Evidence)> {
        let set = |at: &&Evidence| {
            let name = at.excerpt.split_once('=').map(|(name, _)| name);
            name.is_some_and(|name| names.contains(&name)) && !at.excerpt.contains('$')
        };
        let composed = self.composed.iter().flat_map(|one| &one.settings);
        let images = self.images.iter().flat_map(|one| &one.env);
        let said = composed.chain(images).find(set);
        if let Some(at) = said {
            let (_, value) = at.excerpt.split_once('=')?;
            return Some((value.to_owned(), at.clone()));
        }
        if let Some(given) = names.iter().find_map(|name| self.settings.given(name)) {
            return Some((given.value.clone(), given.at.clone()));
        }
        let of_file = self.settings.files.iter().find(|one| {
            let folder = one.path.parent();
            one.path.stem() == file && folder.file_name().eq_ignore_ascii_case("config")
        })?;
        let read = of_file.reads.iter().find(
            |read| matches!(read.keys.as_slice(), [key] if key == "default" || key == "driver"),
        )?;
        let at = self.tree.at(&of_file.path, read.line);
        Some((read.default.clone()?, at))
    }

    fn of_laravel(&self, needs: &mut Needs) {
        let redis = Sought::Backing(BackingKind::Redis);
        if let Some(horizon) = self.package.runtime("laravel/horizon") {
            needs.add(redis, horizon.declared.clone());
        }
        for (file, names) in CHOICES {
            let Some((value, at)) = self.chosen(file, names) else {
                continue;
            };
            match (*file, value.as_str()) {
                ("database", "sqlite") => needs.file(&at),
                ("database", driver) => match source::driver(driver) {
                    Some(driver) => needs.database(driver, at),
                    None => self.connection(driver, &at, needs),
                },
                (_, "redis") => needs.add(redis, at),
                ("cache", "memcached") => {
                    needs.extension("memcached", &at);
                    needs.add(Sought::Other(Other::Memcached), at);
                }
                ("mail", "smtp") => needs.add(Sought::Backing(BackingKind::Smtp), at),
                ("filesystems", "s3") => needs.add(Sought::Backing(BackingKind::S3), at),
                ("queue", "rabbitmq") => needs.add(Sought::Other(Other::Rabbitmq), at),
                ("scout", "meilisearch") => needs.add(Sought::Other(Other::Meilisearch), at),
                ("scout", "typesense") => needs.add(Sought::Other(Other::Typesense), at),
                _ => {}
            }
        }
        // Without a configuration of its own it is that of the framework.
        if !needs.has_database()
            && needs.single.is_none()
            && self.settings.reads("DB_CONNECTION")
            && let Some(read) = self.given_to("DB_HOST")
        {
            needs.database("mysql", read);
        }
        let client = self
            .chosen("database", &["REDIS_CLIENT"])
            .map(|(value, _)| value);
        if needs.speak_to(BackingKind::Redis)
            && client.as_deref() != Some("predis")
            && (self.package.runtime("predis/predis").is_none()
                || client.as_deref() == Some("phpredis"))
        {
            let at = needs.signs.iter().find(|sign| sign.of == redis);
            if let Some(at) = at.map(|sign| sign.at.clone()) {
                needs.extension("redis", &at);
            }
        }
        if let Some(horizon) = self.package.runtime("laravel/horizon") {
            needs.extension("pcntl", &horizon.declared);
        }
        // Other stores than those of the framework.
        for requirement in self
            .package
            .requirements
            .iter()
            .filter(|one| !one.development)
        {
            if let Some(sought @ Sought::Other(_)) = client::of_composer(&requirement.name) {
                needs.add(sought, requirement.declared.clone());
            }
        }
    }

    fn given_to(&self, name: &str) -> Option<Evidence> {
        self.settings.given(name).map(|given| given.at.clone())
    }

    /// A connection that goes by a name of its own, by its driver.
    fn connection(&self, name: &str, at: &Evidence, needs: &mut Needs) {
        let of_files = self.settings.files.iter();
        let config = of_files.filter(|file| file.path.stem() == "database");
        for (driver, place) in config.flat_map(|file| &file.drivers) {
            if place.excerpt.contains(name) {
                needs.database(driver, at.clone());
            }
        }
    }

    /// By the addresses that the repository gives to what the configuration reads.
    fn of_addresses(&self, needs: &mut Needs) {
        let composed = self.composed.iter().flat_map(|one| &one.settings);
        let images = self.images.iter().flat_map(|one| &one.env);
        let said = composed.chain(images).filter_map(|at| {
            let (name, value) = at.excerpt.split_once('=')?;
            Some((name.to_owned(), value.to_owned(), at.clone()))
        });
        let given = self.settings.given.iter();
        let given = given.map(|one| (one.name.clone(), one.value.clone(), one.at.clone()));
        let mut seen: Vec<String> = Vec::new();
        for (name, value, at) in said.chain(given) {
            if seen.contains(&name) || !self.settings.reads(&name) {
                continue;
            }
            // The address holds a password.
            let at = Evidence::new(at.file, at.line, &name);
            let Some((scheme, _)) = value.split_once(':') else {
                continue;
            };
            if scheme.starts_with("sqlite") {
                needs.file(&at);
            } else if scheme == "smtp" || scheme == "smtps" {
                needs.add(Sought::Backing(BackingKind::Smtp), at);
            } else if let Some(driver) = source::driver(&scheme.replace('-', "_")) {
                needs.database(driver, at);
            } else if let Some(sought) = client::of_literal(&value) {
                match sought {
                    Sought::Backing(BackingKind::Redis) => needs.extension("redis", &at),
                    Sought::Other(Other::Rabbitmq) => needs.extension("amqp", &at),
                    _ => {}
                }
                needs.add(sought, at);
            }
            seen.push(name);
        }
    }

    fn of_requirements(&self, needs: &mut Needs) {
        for requirement in &self.package.requirements {
            if requirement.development || !requirement.direct {
                continue;
            }
            let at = &requirement.declared;
            match client::of_composer(&requirement.name) {
                // Of several databases one is chosen elsewhere.
                Some(Sought::Backing(
                    BackingKind::Postgres | BackingKind::Mysql | BackingKind::Mongodb,
                )) if needs.has_database() || needs.single.is_some() => {}
                Some(sought) => needs.add(sought, at.clone()),
                None if requirement.name.contains("sqlite")
                    && !needs.has_database()
                    && needs.single.is_none() =>
                {
                    needs.file(at);
                }
                None => {}
            }
        }
    }

    /// By the drivers that the code names, where nothing else says it.
    fn of_code(&self, needs: &mut Needs) {
        if needs.has_database() || needs.single.is_some() {
            return;
        }
        let named = self.settings.files.iter().flat_map(|file| &file.drivers);
        let mut named: Vec<&(String, Evidence)> = named.collect();
        named.sort_by_key(|(name, at)| (name == "sqlite", at.file.depth()));
        match named.first() {
            Some((name, at)) if name == "sqlite" => needs.file(at),
            Some((name, at)) => {
                let calls = at.excerpt.contains("mysqli") || at.excerpt.contains("pg_connect");
                needs.database(name, at.clone());
                if calls {
                    needs
                        .extensions
                        .retain(|one| !one.name.starts_with("ext-pdo_"));
                }
            }
            None => {}
        }
    }
}
