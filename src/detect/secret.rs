//! Which names speak of a secret, and which values are mere placeholders.

use crate::project::Confidence;

/// Words of a name that say that its value is a secret.
const SURE: &[&str] = &[
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "TOKEN",
    "CREDENTIAL",
    "CREDENTIALS",
    "PWD",
    "PW",
    "PASS",
    "DBPASS",
    "DBPASSWD",
    "DBPWD",
    "APIKEY",
    "JWT",
];

/// Words that say that a name is about a secret and holds none: how long it lives, where it is.
const ABOUT: &[&str] = &[
    "PATTERN",
    "EXP",
    "EXPIRE",
    "EXPIRES",
    "EXPIRY",
    "MINUTES",
    "SECONDS",
    "HOURS",
    "DAYS",
    "TTL",
    "LENGTH",
    "ALGORITHM",
    "ALGORITHMS",
    "LIFETIME",
    "TIMEOUT",
    "ENABLED",
    "FILE",
    "PATH",
    "MAX",
    "MIN",
    "LIMIT",
    "PREFIX",
    "SUFFIX",
    "FORMAT",
    "SCHEME",
    "RATE",
    "THROTTLE",
    "ISSUER",
    "AUD",
    "AUDIENCE",
    "HEADER",
    "TYPE",
    "COUNT",
    "SIZE",
    "AGE",
    "LOCATION",
    "ALLOW",
    "OPTIONAL",
    "REQUIRED",
    "PUBLISHABLE",
    "YEARS",
    "MONTHS",
    "EXPIRATION",
    "DISABLE",
    "DISABLED",
    "ENABLE",
    "FORCE",
];

/// Last words of a name that is about a secret and holds none.
const ABOUT_LAST: &[&str] = &[
    "NAME",
    "TIME",
    "ALG",
    "ALGO",
    "THRESHOLD",
    "OVERRIDE",
    "DURATION",
    "PERIOD",
    "INTERVAL",
    "WINDOW",
    "DELAY",
    "LEEWAY",
    "CLAIM",
    "CLASS",
    "BACKEND",
    "ROUNDS",
    "ITERATIONS",
    "STRENGTH",
    "POLICY",
    "BROKER",
    "TABLE",
    "MODE",
    "FIELD",
    "NAMES",
    "NOTIFY",
    "CREATION",
    "NETRC",
    "RESET",
    "WITHIN",
    "AFTER",
];

/// What a `…_KEY` of these words opens.
const KEYS: &[&str] = &[
    "API",
    "ACCESS",
    "PRIVATE",
    "SIGNING",
    "ENCRYPTION",
    "ROLE",
    "FERNET",
    "MASTER",
];

/// Words beside `URL` that name something reached with a password.
const REACHED: &[&str] = &[
    "DATABASE",
    "DB",
    "POSTGRES",
    "POSTGRESQL",
    "PG",
    "MYSQL",
    "MARIADB",
    "REDIS",
    "BROKER",
    "MONGO",
    "MONGODB",
    "AMQP",
    "RABBITMQ",
    "CACHE",
    "CELERY",
    "SQLALCHEMY",
    "WEBHOOK",
    "KV",
    "QUEUE",
    "CLOUDAMQP",
    "REDISCLOUD",
];

/// Schemes that passwords are hashed with, as libraries call them.
const SCHEMES: &[&str] = &[
    "argon2",
    "bcrypt",
    "bcrypt_sha256",
    "pbkdf2_sha1",
    "pbkdf2_sha256",
    "pbkdf2_sha512",
    "plaintext",
    "scrypt",
    "sha256_crypt",
    "sha512_crypt",
];

/// Whether `name=value` says how passwords are hashed (`PASSWORD_HASH=bcrypt`) and is no hash.
pub(crate) fn is_scheme(name: &str, value: &str) -> bool {
    name.to_ascii_uppercase().ends_with("HASH") && SCHEMES.contains(&value)
}

/// Whether a variable of this name holds something that must not be shown, and how sure that is.
pub(crate) fn secrecy(name: &str) -> Option<Confidence> {
    let upper = name.to_ascii_uppercase();
    let words: Vec<&str> = upper
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let has = |word: &str| words.contains(&word);
    let last = words.last().copied().unwrap_or_default();
    if words.iter().any(|word| ABOUT.contains(word)) || ABOUT_LAST.contains(&last) {
        return None;
    }
    // `USE_ID_TOKEN` switches something on.
    if has("USE") {
        return None;
    }
    // `PUBLIC_AWS_SECRET_ACCESS_KEY` opens what lies open.
    if has("PUBLIC") && !has("SECRET") {
        return None;
    }
    // Where a token is asked for is no secret.
    if matches!(
        last,
        "URL" | "URI" | "ENDPOINT" | "HOST" | "USER" | "USERNAME"
    ) && !words.iter().any(|word| REACHED.contains(word))
    {
        return None;
    }
    // What a page shows to the visitor's browser: `RECAPTCHA_SITE_KEY`.
    if has("SITEKEY") || has("SITE") && last == "KEY" {
        return None;
    }
    // The key of an attribute or of an entry in a store holds no secret.
    if last == "KEY"
        && ["NAME", "EMAIL", "USERNAME", "REDIS", "CACHE"]
            .iter()
            .any(|word| has(word))
    {
        return None;
    }
    let sure = words.iter().any(|word| {
        SURE.contains(word)
            || word.ends_with("SECRET")
            || word.ends_with("PASSWORD")
            || word.ends_with("TOKEN")
    });
    if sure || has("KEY") && KEYS.iter().any(|word| has(word)) {
        return Some(Confidence::Certain);
    }
    let likely = matches!(last, "KEY" | "SALT" | "PEPPER" | "DSN")
        || last == "STRING" && has("CONNECTION")
        || matches!(last, "URL" | "URI") && words.iter().any(|word| REACHED.contains(word));
    likely.then_some(Confidence::Likely)
}

/// Whether `name=value` must not be shown: a URL counts only where it carries a password.
pub(crate) fn hides(name: &str, value: &str) -> bool {
    if url_has_password(value) {
        return true;
    }
    // The path of a webhook's address is its secret.
    let address = value.contains("://") && !name.to_ascii_uppercase().contains("WEBHOOK");
    secrecy(name).is_some() && !is_placeholder(value) && !address
}

/// Whether `value` only shows where a value goes, or takes it from elsewhere.
pub(crate) fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    value.is_empty()
        || value.starts_with("${") && value.ends_with('}') && !value.contains(":-")
        || value.starts_with('<') && value.ends_with('>')
        || value.starts_with('{') && value.ends_with('}')
        || value
            .chars()
            .all(|c| matches!(c, 'x' | 'X' | '*' | '.' | '-' | '_'))
        || [
            "changeme",
            "change-me",
            "change_me",
            "change me",
            "your-",
            "your_",
            "your ",
            "example",
            "placeholder",
            "replace-",
            "replace_",
            "replace me",
            "todo",
            "fill in",
            "fill-in",
            "insert-",
            "insert_",
        ]
        .iter()
        .any(|word| lower.contains(word))
}

/// Whether `value` is a URL that carries a password: `scheme://user:password@host`.
pub(crate) fn url_has_password(value: &str) -> bool {
    value
        .split_once("://")
        .and_then(|(_, rest)| rest.split(['/', '?']).next())
        .and_then(|authority| authority.rsplit_once('@'))
        .and_then(|(user, _)| user.split_once(':'))
        .is_some_and(|(_, password)| !is_placeholder(password))
}

/// `command` with `…` in the place of values that are secrets by their option or variable
/// (`--requirepass x`, `DB_PASSWORD=x`) and of URLs that carry a password.
pub(crate) fn redacted(command: &str) -> String {
    let mut hide_next = false;
    let words: Vec<String> = command
        .split(' ')
        .map(|word| {
            let (name, value) = word
                .split_once('=')
                .map_or((word, None), |(name, value)| (name, Some(value)));
            let option = name.starts_with("--") && speaks_of_password(name);
            let literal = |value: &str| !value.trim_matches(['"', '\'']).starts_with('$');
            let hidden = std::mem::take(&mut hide_next) && literal(word) && !word.is_empty();
            if hidden || url_has_password(word) {
                return "…".to_owned();
            }
            match value {
                Some(value) if (option || hides(name, value)) && literal(value) => {
                    format!("{name}=…")
                }
                Some(_) => word.to_owned(),
                None => {
                    hide_next = option;
                    word.to_owned()
                }
            }
        })
        .collect();
    words.join(" ")
}

fn speaks_of_password(option: &str) -> bool {
    let lower = option.to_ascii_lowercase();
    ["pass", "secret", "token", "api-key"]
        .iter()
        .any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_speak_of_secrets() {
        for name in [
            "SECRET_KEY",
            "DB_PASSWORD",
            "PGPASSWORD",
            "api_token",
            "STRIPE_API_KEY",
            "AWS_ACCESS_KEY_ID",
            "ANON_KEY",
            "JWT_SECRET",
            "SENTRY_DSN",
            "POSTGRES_SECRET",
            "REDIS_URL",
            "MONGODB_URI",
            "SUPABASE_SERVICE_ROLE_KEY",
            "READER_TOKEN_KEY",
            "BROKER_URL",
            "DBPASS",
            "SLACK_WEBHOOK_URL",
            "PUBLIC_AWS_SECRET_ACCESS_KEY",
        ] {
            assert!(secrecy(name).is_some(), "{name}");
        }
        for name in [
            "POSTGRES_HOST",
            "POSTGRES_USER",
            "JWT_EXPIRY",
            "STRIPE_PUBLIC_KEY",
            "KEYBOARD",
            "LOG_LEVEL",
            "PASSWORD_FILE",
            "MONKEY",
            "SUPABASE_URL",
            "RATELIMIT_STORAGE_URI",
            "API_URL",
            "TOKEN_EXPIRE_MINUTES",
            "S3_ENDPOINT_URL",
            "LDAP_DISPLAY_NAME_KEY",
            "LDAP_EMAIL_KEY",
            "THROTTLE_PASS_RESET_PATTERN",
            "CORS_ALLOW_CREDENTIALS",
            "STORE_OPTIONAL_CREDENTIALS",
            "TOKEN_THROTTLE_RATE",
            "REDIS_LATEST_ID_KEY",
            "JWT_TOKEN_PREFIX",
            "OAUTH_TOKEN_URL",
            "TOKEN_TIME",
            "JWT_ALG",
            "RESET_PASSWORD_LOCK_TIME",
            "TOKEN_UPDATE_LAST_LOGIN_THRESHOLD",
            "PROVIDER_USE_ID_TOKEN",
            "JWT_EMAIL_OVERRIDE",
            "API_TOKEN_EXPIRATION_YEARS",
            "DISABLE_TOKEN_CREATION",
            "SECRET_SCAN_NOTIFY",
            "PULL_SECRET_NAMES",
            "FORCE_USER_PASS_RESET",
        ] {
            assert!(secrecy(name).is_none(), "{name}");
        }
        assert_eq!(secrecy("REDIS_URL"), Some(Confidence::Likely));
        assert!(!hides("REDIS_URL", "redis://localhost:6379"));
        assert!(hides("REDIS_URL", "redis://:hunter2@localhost:6379"));
        assert!(!hides("SECRET_KEY", "changeme"));
    }

    #[test]
    fn commands_are_shown_without_their_secrets() {
        let cases = [
            (
                "redis-server --requirepass hunter2 --port 1",
                "redis-server --requirepass … --port 1",
            ),
            ("x --password=hunter2", "x --password=…"),
            ("x --password $DB_PASSWORD", "x --password $DB_PASSWORD"),
            ("env SECRET_KEY=hunter2 run", "env SECRET_KEY=… run"),
            ("celery -b redis://:hunter2@cache/0", "celery -b …"),
            (
                "gunicorn --bind 0.0.0.0:80 app:app",
                "gunicorn --bind 0.0.0.0:80 app:app",
            ),
        ];
        for (command, shown) in cases {
            assert_eq!(redacted(command), shown);
        }
    }

    #[test]
    fn values_that_are_none() {
        for value in [
            "",
            "changeme",
            "<your key>",
            "${SECRET}",
            "xxxx",
            "your-anon-key",
        ] {
            assert!(is_placeholder(value), "{value}");
        }
        assert!(!is_placeholder("s3cr3t"));
        assert!(url_has_password("postgres://u:hunter2@db/x"));
        assert!(!url_has_password("postgres://u@db/x"));
        assert!(!url_has_password("redis://localhost:6379/0"));
    }
}
