//! Which names speak of a secret, and which values are mere placeholders.

/// Whether a variable of this name holds something that must not be shown.
pub(crate) fn name_is_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let parts: Vec<&str> = upper.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let public = ["PUBLIC", "PUBLISHABLE"]
        .iter()
        .any(|word| parts.contains(word));
    let speaking = [
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "PASS",
        "PWD",
        "TOKEN",
        "CREDENTIALS",
        "CREDENTIAL",
        "APIKEY",
        "PASSPHRASE",
        "PRIVATE",
        "JWT",
        "DSN",
    ];
    if parts.iter().any(|part| {
        speaking.contains(part)
            || part.ends_with("SECRET")
            || part.ends_with("PASSWORD")
            || part.ends_with("TOKEN")
    }) {
        // How long a token lives, and where one is asked for, is no secret.
        let about = [
            "EXPIRY",
            "EXP",
            "EXPIRES",
            "LIFETIME",
            "TTL",
            "ALGORITHM",
            "LENGTH",
            "MINUTES",
            "SECONDS",
            "DAYS",
            "FILE",
            "PATH",
            "ISSUER",
            "AUD",
        ];
        return !parts.iter().any(|part| about.contains(part));
    }
    parts.last() == Some(&"KEY") && !public
        || upper.ends_with("_KEY_ID") && upper.contains("ACCESS")
        || upper.ends_with("WEBHOOK_URL")
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
pub(super) fn redacted(command: &str) -> String {
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
                Some(value) if (option || name_is_secret(name)) && literal(value) => {
                    format!("{name}=…")
                }
                Some(value) if url_has_password(value) => format!("{name}=…"),
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
        ] {
            assert!(name_is_secret(name), "{name}");
        }
        for name in [
            "POSTGRES_HOST",
            "JWT_EXPIRY",
            "STRIPE_PUBLIC_KEY",
            "KEYBOARD",
            "LOG_LEVEL",
            "PASSWORD_FILE",
            "MONKEY",
        ] {
            assert!(!name_is_secret(name), "{name}");
        }
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
