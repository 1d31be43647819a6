//! The variables that an application reads: those that its sources and its configuration name, and those
//! by which a framework lets the environment go before its configuration.

use super::application::Application;
use super::settings::{Setting, placeholders, settled, whole};
use crate::detect::serving::is_name;
use crate::detect::variable::{self, Engines, Read, Variables};
use crate::detect::{Tree, client, secret};
use crate::project::{BackingKind, Confidence, EnvRole, EnvVar, Evidence, Sought};
use std::collections::BTreeMap;

/// All but the one for the profile.
pub(super) fn find(tree: &Tree, application: &Application) -> Vec<EnvVar> {
    let framework = application.name();
    let engines = application.engines;
    let mut all = Variables::new();
    let mut roles: BTreeMap<String, EnvRole> = BTreeMap::new();
    for file in &application.files {
        let Some(text) = tree.text(&file.path) else {
            continue;
        };
        let called = file.calls.iter().filter_map(|call| {
            let mut wrappers = application.files.iter().flat_map(|file| &file.wrappers);
            let (_, at) = wrappers.find(|(name, _)| *name == call.function)?;
            let text = |index: usize| call.texts.get(index)?.clone();
            Some(Read {
                name: text(*at).filter(|name| is_name(name))?,
                line: call.line,
                default: text(at + 1),
                required: false,
            })
        });
        for read in file.reads.iter().cloned().chain(called) {
            variable::add(&mut all, &file.path, &text, read);
        }
    }
    let mut known: Vec<&str> = Vec::new();
    for setting in application.settings.held(application.active()) {
        // The nearest value is the one that holds.
        if known.contains(&setting.key.as_str()) {
            continue;
        }
        known.push(&setting.key);
        let role = of_key(&setting.key, &setting.value, engines);
        let all_of_it = placeholders(&setting.value);
        for one in &all_of_it {
            // One that stands where another is not set is needed by nobody alone.
            let inside = format!("${{{}", one.name);
            let is_inner = all_of_it
                .iter()
                .any(|outer| outer.default.is_some_and(|text| text.contains(&inside)));
            add(
                tree,
                &mut all,
                setting,
                one.name.to_owned(),
                one.default.and_then(settled),
                one.default.is_none() && !is_inner,
            );
        }
        if let Some(role) = role {
            let name = if let Some(one) = whole(&setting.value) {
                one.name.to_owned()
            } else {
                let name = relaxed(&setting.key, framework);
                let plain = placeholders(&setting.value).is_empty();
                let default = Some(setting.value.as_str()).filter(|_| plain);
                add(tree, &mut all, setting, name.clone(), default, false);
                name
            };
            roles.insert(name, role);
        } else if is_secret(setting) {
            let name = relaxed(&setting.key, framework);
            add(tree, &mut all, setting, name, Some(&setting.value), false);
        }
    }
    let mut found: Vec<EnvVar> = all.into_values().collect();
    for variable in &mut found {
        let role = roles.get(&variable.name).copied();
        variable.role = role.or_else(|| variable::role(&variable.name, engines));
        // The password of a driver of JDBC stands for itself.
        if matches!(
            variable.role,
            Some(EnvRole::PostgresJdbcUrl | EnvRole::PostgresR2dbcUrl | EnvRole::MysqlJdbcUrl)
        ) {
            variable.secret = false;
            variable.insecure_default = false;
        }
        variable::guard(variable);
    }
    found
        .retain(|variable| !variable::is_of_system(&variable.name) && variable.name != "JAVA_HOME");
    found
}

fn add(
    tree: &Tree,
    all: &mut Variables,
    setting: &Setting,
    name: String,
    default: Option<&str>,
    required: bool,
) {
    let Some(text) = tree.text(&setting.at.file) else {
        return;
    };
    let read = Read {
        name,
        line: setting.at.line,
        default: default.map(str::to_owned),
        required,
    };
    variable::add(all, &setting.at.file, &text, read);
}

/// The variable that goes before the value under `key`. Spring leaves dashes out, Quarkus makes
/// underscores of them.
/// <https://docs.spring.io/spring-boot/reference/features/external-config.html#features.external-config.typesafe-configuration-properties.relaxed-binding.environment-variables>
fn relaxed(key: &str, framework: Option<&str>) -> String {
    let spring = framework == Some("spring-boot");
    key.chars()
        .filter(|c| !(spring && *c == '-'))
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect()
}

/// What the value under `key` tells about a backing service.
fn of_key(key: &str, value: &str, engines: Engines) -> Option<EnvRole> {
    use EnvRole as R;
    let in_memory =
        value.contains("dbc:h2") || value.contains("jdbc:hsqldb") || value.contains("jdbc:sqlite");
    let mysql = value.contains("mysql:")
        || value.contains("mariadb:")
        || !value.contains("postgresql:") && engines.mysql && !engines.postgres;
    let postgres = !mysql && (value.contains("postgresql:") || engines.postgres);
    let pick = |of_postgres: R, of_mysql: R| {
        if postgres && !in_memory_only(value, in_memory) {
            Some(of_postgres)
        } else if mysql && !in_memory_only(value, in_memory) {
            Some(of_mysql)
        } else {
            None
        }
    };
    let (front, last) = key.rsplit_once('.')?;
    let of_database = [
        "spring.datasource",
        "quarkus.datasource",
        "quarkus.datasource.jdbc",
        "datasources.default",
        "spring.datasource.hikari",
        "spring.r2dbc",
    ]
    .contains(&front);
    if of_database {
        return match last {
            "url" if front == "spring.r2dbc" => {
                pick(R::PostgresR2dbcUrl, R::MysqlUrl).filter(|role| *role == R::PostgresR2dbcUrl)
            }
            "url" | "jdbc-url" | "jdbcUrl" => pick(R::PostgresJdbcUrl, R::MysqlJdbcUrl),
            "username" | "user" => pick(R::PostgresUser, R::MysqlUser),
            "password" => pick(R::PostgresPassword, R::MysqlPassword),
            _ => None,
        };
    }
    Some(match key {
        "quarkus.datasource.reactive.url" => return pick(R::PostgresUrl, R::MysqlUrl),
        "spring.data.redis.host" | "spring.redis.host" => R::RedisHost,
        "spring.data.redis.port" | "spring.redis.port" => R::RedisPort,
        "spring.data.redis.password" | "spring.redis.password" => R::RedisPassword,
        "spring.data.redis.url" | "spring.redis.url" | "quarkus.redis.hosts" | "redis.uri" => {
            R::RedisUrl
        }
        "spring.data.mongodb.uri"
        | "spring.mongodb.uri"
        | "quarkus.mongodb.connection-string"
        | "mongodb.uri" => R::MongoUrl,
        "spring.data.mongodb.host" | "spring.mongodb.host" => R::MongoHost,
        "spring.data.mongodb.port" | "spring.mongodb.port" => R::MongoPort,
        "spring.data.mongodb.database" | "spring.mongodb.database" => R::MongoDatabase,
        "spring.data.mongodb.username" | "spring.mongodb.username" => R::MongoUser,
        "spring.data.mongodb.password" | "spring.mongodb.password" => R::MongoPassword,
        "spring.mail.host" | "quarkus.mailer.host" => R::SmtpHost,
        "spring.mail.port" | "quarkus.mailer.port" => R::SmtpPort,
        "spring.mail.username" | "quarkus.mailer.username" => R::SmtpUser,
        "spring.mail.password" | "quarkus.mailer.password" => R::SmtpPassword,
        _ => return None,
    })
}

/// A database inside the application, and nothing beside it is named.
fn in_memory_only(value: &str, in_memory: bool) -> bool {
    in_memory && whole(value).is_none()
}

/// Whether a setting holds a secret itself.
fn is_secret(setting: &Setting) -> bool {
    let last = setting.key.rsplit('.').next().unwrap_or_default();
    let name = last.replace('-', "_");
    let value = setting.value.trim();
    secret::secrecy(&name).is_some()
        && !value.is_empty()
        && !value.contains("${")
        && value.parse::<f64>().is_err()
        && !matches!(value, "true" | "false")
}

/// Where nothing says how the services are reached that there are clients for: the variables that go
/// before every configuration.
pub(super) fn add_addresses(application: &Application, known: &mut Vec<EnvVar>) {
    let speaks_to = |kind: BackingKind| {
        let used = application
            .requirements
            .iter()
            .filter(|one| !one.development);
        let mut clients =
            used.filter(|one| client::of_maven(&one.name) == Some(Sought::Backing(kind)));
        let reactive = clients.clone().find(|one| one.name.contains("r2dbc"));
        reactive.or_else(|| clients.next())
    };
    // One of two relational databases is taken, as among the services.
    let both = application.engines.postgres && application.engines.mysql;
    for kind in [
        BackingKind::Postgres,
        BackingKind::Mysql,
        BackingKind::Mongodb,
        BackingKind::Redis,
    ] {
        let tells_where = |one: &&EnvVar| {
            one.role
                .is_some_and(|role| is_address(role) && client::of_role(role) == Some(kind))
        };
        let address = known.iter().find(tells_where);
        // A driver may come with a profile of the build.
        let client = speaks_to(kind).map(|one| (one.name.clone(), one.declared.clone()));
        let client = client.or_else(|| Some((String::new(), address?.read_at.first()?.clone())));
        let Some((client, at)) = client else {
            continue;
        };
        if both && kind == BackingKind::Mysql && address.is_none() {
            continue;
        }
        let relational = matches!(kind, BackingKind::Postgres | BackingKind::Mysql);
        for (name, role) in addresses(application.name(), kind, &client) {
            // Of a relational database each part counts for itself.
            let is_known = known.iter().filter_map(|one| one.role).any(|other| {
                let same = role == other || is_address(role) && is_address(other);
                client::of_role(other) == Some(kind) && (same || !relational)
            });
            if is_known {
                continue;
            }
            let mut variable = EnvVar::plain(name, role, at.clone());
            variable.secret = name.ends_with("PASSWORD");
            variable::guard(&mut variable);
            known.push(variable);
        }
    }
}

/// The variables by which `framework` is told where a service of `kind` is, which `client` speaks to.
fn addresses(
    framework: Option<&str>,
    kind: BackingKind,
    client: &str,
) -> Vec<(&'static str, EnvRole)> {
    use EnvRole as R;
    let (url, jdbc, user, password) = match kind {
        BackingKind::Postgres => (
            R::PostgresUrl,
            R::PostgresJdbcUrl,
            R::PostgresUser,
            R::PostgresPassword,
        ),
        BackingKind::Mysql => (R::MysqlUrl, R::MysqlJdbcUrl, R::MysqlUser, R::MysqlPassword),
        BackingKind::Mongodb => {
            return match framework {
                Some("spring-boot") => vec![("SPRING_DATA_MONGODB_URI", R::MongoUrl)],
                Some("quarkus") => vec![("QUARKUS_MONGODB_CONNECTION_STRING", R::MongoUrl)],
                _ => Vec::new(),
            };
        }
        BackingKind::Redis => {
            return match framework {
                Some("spring-boot") => vec![("SPRING_DATA_REDIS_URL", R::RedisUrl)],
                Some("quarkus") => vec![("QUARKUS_REDIS_HOSTS", R::RedisUrl)],
                _ => Vec::new(),
            };
        }
        _ => return Vec::new(),
    };
    match framework {
        Some("spring-boot") if client.ends_with("r2dbc-postgresql") => vec![
            ("SPRING_R2DBC_PASSWORD", password),
            ("SPRING_R2DBC_URL", R::PostgresR2dbcUrl),
            ("SPRING_R2DBC_USERNAME", user),
        ],
        Some("spring-boot") if !client.contains("r2dbc") => vec![
            ("SPRING_DATASOURCE_PASSWORD", password),
            ("SPRING_DATASOURCE_URL", jdbc),
            ("SPRING_DATASOURCE_USERNAME", user),
        ],
        Some("quarkus") => {
            let address = if client.contains("jdbc") {
                ("QUARKUS_DATASOURCE_JDBC_URL", jdbc)
            } else {
                ("QUARKUS_DATASOURCE_REACTIVE_URL", url)
            };
            vec![
                address,
                ("QUARKUS_DATASOURCE_PASSWORD", password),
                ("QUARKUS_DATASOURCE_USERNAME", user),
            ]
        }
        _ => Vec::new(),
    }
}

/// Whether a variable of this role is the whole address of a relational database.
fn is_address(role: EnvRole) -> bool {
    use EnvRole as R;
    matches!(
        role,
        R::PostgresUrl | R::PostgresJdbcUrl | R::PostgresR2dbcUrl | R::MysqlUrl | R::MysqlJdbcUrl
    )
}

/// The variable that names the profile of production, set by what the repository says.
pub(super) fn profile(name: &str, value: &str, at: Evidence) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        read_at: vec![at.clone()],
        default: Some(value.to_owned()),
        required: false,
        secret: false,
        secret_confidence: Confidence::Certain,
        insecure_default: false,
        set_at: Some(at),
        role: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_variable() {
        let spring = Some("spring-boot");
        assert_eq!(
            relaxed("spring.datasource.hikari.jdbc-url", spring),
            "SPRING_DATASOURCE_HIKARI_JDBCURL"
        );
        assert_eq!(
            relaxed("app.keys[0].token-secret", spring),
            "APP_KEYS_0__TOKENSECRET"
        );
        assert_eq!(
            relaxed("quarkus.datasource.jdbc.max-size", Some("quarkus")),
            "QUARKUS_DATASOURCE_JDBC_MAX_SIZE"
        );
    }

    #[test]
    fn what_a_key_means_goes_by_its_value_and_the_drivers() {
        let both = Engines {
            postgres: true,
            mysql: true,
            ..Engines::default()
        };
        let of = |value| of_key("spring.datasource.url", value, both);
        assert_eq!(of("jdbc:mysql://localhost/x"), Some(EnvRole::MysqlJdbcUrl));
        assert_eq!(
            of("jdbc:postgresql://localhost/x"),
            Some(EnvRole::PostgresJdbcUrl)
        );
        assert_eq!(of("${DB_URL}"), Some(EnvRole::PostgresJdbcUrl));
        assert_eq!(of("jdbc:h2:mem:x"), None);
        let none = Engines::default();
        assert_eq!(of_key("spring.datasource.password", "x", none), None);
    }
}
