//! The variables that an application reads: those that its sources name, its connection strings, and the
//! secrets that stand in its settings.

use super::application::Application;
use super::settings::{self, Setting};
use super::source::Target;
use crate::detect::secret;
use crate::detect::variable::{self, Read, Variables};
use crate::project::{BackingKind, EnvRole, EnvVar, RelPath, Sought};
use std::collections::BTreeMap;

/// In order of name.
pub(super) fn find(application: &Application) -> Vec<EnvVar> {
    let mut all = Variables::new();
    let mut targets: BTreeMap<String, Target> = BTreeMap::new();
    for file in &application.files {
        for read in &file.reads {
            let mut read = read.clone();
            // The value that the settings give holds where the code has none.
            let setting = application.settings.get(&read.name.replace("__", ":"));
            let given = setting
                .map(|one| one.value.as_str())
                .filter(|text| is_value(text));
            if given.is_some() {
                read.required = false;
            }
            read.default = read.default.or(given.map(str::to_owned));
            add(application, &mut all, &file.path, read);
        }
    }
    for (file, one) in application.connections() {
        let setting = application.settings.connection(&one.name);
        let name = format!("ConnectionStrings__{}", one.name);
        let target = application.target(one.of, setting);
        let value = setting
            .map(|one| one.value.as_str())
            .filter(|text| is_value(text));
        let read = Read {
            name: name.clone(),
            line: one.line,
            default: value.map(str::to_owned),
            required: one.required && value.is_none(),
        };
        add(application, &mut all, &file.path, read);
        targets.extend(target.map(|target| (name, target)));
    }
    for setting in application.settings.held() {
        // A wrapper may read it by a name that only the settings show.
        let name = setting.key.strip_prefix("ConnectionStrings:");
        let name = name.filter(|name| settings::is_variable(name));
        if let Some(target) = name.and_then(|_| application.target(None, Some(setting)))
            && let Some(variable) = settings::variable(&setting.key)
            && !all.contains_key(&variable)
        {
            let read = Read {
                name: variable.clone(),
                line: setting.at.line,
                default: Some(setting.value.clone()).filter(|text| is_value(text)),
                required: false,
            };
            add(application, &mut all, &setting.at.file, read);
            targets.insert(variable, target);
        }
    }
    for setting in application.settings.held().filter(|one| is_secret(one)) {
        let Some(name) = settings::variable(&setting.key) else {
            continue;
        };
        if all.contains_key(&name) {
            continue;
        }
        let read = Read {
            name,
            line: setting.at.line,
            default: Some(setting.value.clone()),
            required: false,
        };
        add(application, &mut all, &setting.at.file, read);
    }
    let mut found: Vec<EnvVar> = all.into_values().collect();
    for variable in &mut found {
        match targets.get(&variable.name) {
            Some(target) => connect(application, variable, *target),
            None if variable.name.starts_with("ConnectionStrings__") => {
                variable.secret = true;
            }
            None => variable.role = variable::role(&plain(&variable.name), application.engines),
        }
        variable::guard(variable);
    }
    found.retain(|variable| !variable::is_of_system(&variable.name));
    found
}

/// `MAIL_HOST` for `Mail__Host`, by which roles are known.
fn plain(name: &str) -> String {
    let mut text = String::new();
    let mut before = '_';
    for c in name.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            text.push('_');
        }
        before = c;
        text.push(c.to_ascii_uppercase());
    }
    text.replace("__", "_")
}

/// Adds a read, with its secrecy by the words that its name is made of.
fn add(application: &Application, all: &mut Variables, path: &RelPath, read: Read) {
    let Some(text) = application.tree.text(path) else {
        return;
    };
    let name = read.name.clone();
    let is_secret = secret::secrecy(&plain(&name));
    let default = read.default.clone();
    // The line of a setting holds its value.
    variable::add(all, path, &text, read);
    let Some(variable) = all.get_mut(&name) else {
        return;
    };
    // What switches something on or off is no secret.
    let is_switch = |text: &str| matches!(text.to_lowercase().as_str(), "true" | "false");
    if default.as_deref().is_some_and(is_switch) {
        variable.secret = false;
        variable.insecure_default = false;
        variable.default = default;
        return;
    }
    if let Some(confidence) = is_secret.filter(|_| !variable.secret) {
        variable.secret = true;
        variable.secret_confidence = confidence;
        variable.default = None;
        let is_given = default
            .as_deref()
            .is_some_and(|text| !secret::is_placeholder(text) && !text.contains("://"));
        variable.insecure_default |= is_given;
        let shown = default.unwrap_or_default();
        if !shown.is_empty() {
            for at in &mut variable.read_at {
                at.excerpt = at.excerpt.replace(&shown, "…");
            }
        }
    }
}

/// What a connection string means to what it leads to.
fn connect(application: &Application, variable: &mut EnvVar, target: Target) {
    let value = variable.name.split_once("__").and_then(|(_, name)| {
        let setting = application.settings.connection(name)?;
        Some(setting.value.clone())
    });
    let value = value.unwrap_or_default();
    let password = settings::part(&value, &["Password", "Pwd"]);
    let has_password = password.is_some_and(|text| !secret::is_placeholder(text))
        || secret::url_has_password(&value);
    variable.role = match target {
        Target::Sqlite => None,
        Target::Service(Sought::Backing(kind)) => match kind {
            BackingKind::Postgres => Some(EnvRole::PostgresConnection),
            BackingKind::Mysql => Some(EnvRole::MysqlConnection),
            BackingKind::Redis => Some(EnvRole::RedisAddress),
            BackingKind::Mongodb => Some(EnvRole::MongoUrl),
            _ => None,
        },
        Target::Service(_) => None,
    };
    let open = matches!(target, Target::Sqlite)
        || variable.role == Some(EnvRole::RedisAddress) && password.is_none();
    variable.secret = !open;
    variable.insecure_default = has_password;
    if open {
        variable.default = Some(value).filter(|text| !text.is_empty());
    } else {
        variable.default = None;
        if !value.is_empty() {
            for at in &mut variable.read_at {
                at.excerpt = at.excerpt.replace(&value, "…");
            }
        }
    }
}

/// Whether a setting says something.
fn is_value(text: &str) -> bool {
    !text.trim().is_empty() && text != "SECRET"
}

/// Whether a setting holds a secret itself.
fn is_secret(setting: &Setting) -> bool {
    let last = setting.key.rsplit(':').next().unwrap_or_default();
    let value = setting.value.trim();
    secret::secrecy(&plain(last)).is_some()
        && is_value(value)
        && value.parse::<f64>().is_err()
        && !value.eq_ignore_ascii_case("true")
        && !value.eq_ignore_ascii_case("false")
        && !value.contains("://")
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn names_are_read_word_by_word() {
        assert_eq!(plain("Jwt__SigningKey"), "JWT_SIGNING_KEY");
        assert_eq!(plain("Mail__Host"), "MAIL_HOST");
        assert_eq!(plain("PLAIN_ONE"), "PLAIN_ONE");
        assert_eq!(plain("Api2Key"), "API2KEY");
    }
}
