//! Answers of the user, written into `shipway.toml` without touching what it says already.

use crate::config::Base;
use std::collections::BTreeMap;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value, value};

/// What the user answered; what is absent was not asked, or is as detected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    pub name: Option<String>,
    pub base: Option<Base>,
    /// Features to turn on that are off by default.
    pub enable: Vec<String>,
    pub disable: Vec<String>,
    /// Zone in which the days of the delivery report begin.
    pub time_zone: Option<String>,
    /// Developer tools that the project does not use yet and that hooks shall run.
    pub tools: Vec<String>,
    /// What becomes of hooks that another tool runs.
    pub others: Others,
    /// By the service's name.
    pub services: BTreeMap<String, ServiceAnswers>,
}

/// What becomes of hooks that another tool runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Others {
    /// They stay, and ours do not come beside them.
    #[default]
    Stay,
    /// They run first, ours after them.
    Chained,
    /// Their jobs are taken over.
    Imported,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceAnswers {
    pub port: Option<u16>,
    pub runtime_version: Option<String>,
    pub entry: Option<String>,
    pub health: Option<String>,
    pub system_packages: Vec<String>,
    pub volumes: Vec<String>,
    pub test: Option<String>,
}

/// `text` of `shipway.toml` with `answers` in it; comments and order stay. Gives `text` back
/// where nothing was answered or all of it is there.
///
/// # Errors
/// When `text` is no TOML, or a key that has to be a table is none.
pub fn write(text: &str, answers: &Answers) -> Result<String, toml_edit::TomlError> {
    if *answers == Answers::default() {
        return Ok(text.to_owned());
    }
    let mut document: DocumentMut = text.parse()?;
    if text.trim().is_empty() {
        document["schema"] = value(1);
    }
    if let Some(name) = &answers.name
        && let Some(project) = table(document.as_table_mut(), "project")
    {
        set(project, "name", name.as_str());
    }
    if let Some(base) = answers.base {
        let base = match base {
            Base::Slim => "slim",
            Base::Alpine => "alpine",
            Base::Distroless => "distroless",
        };
        if let Some(container) = table(document.as_table_mut(), "container") {
            set(container, "base", base);
        }
    }
    for (list, other, names) in [
        ("enable", "disable", &answers.enable),
        ("disable", "enable", &answers.disable),
    ] {
        if !names.is_empty()
            && let Some(features) = table(document.as_table_mut(), "features")
        {
            add(features, list, names);
            if let Some(array) = features.get_mut(other).and_then(Item::as_array_mut) {
                array.retain(|item| !names.iter().any(|name| item.as_str() == Some(name)));
            }
        }
    }
    if let Some(zone) = &answers.time_zone
        && let Some(dora) = table(document.as_table_mut(), "dora")
    {
        set(dora, "tz", zone.as_str());
    }
    for (name, answers) in &answers.services {
        let Some(service) = service(document.as_table_mut(), name) else {
            continue;
        };
        if let Some(port) = answers.port {
            set(service, "port", i64::from(port));
        }
        if let Some(version) = &answers.runtime_version {
            set(service, "runtime_version", version.as_str());
        }
        if let Some(entry) = &answers.entry {
            set(service, "entry", entry.as_str());
        }
        if let Some(health) = &answers.health {
            set(service, "health", health.as_str());
        }
        if let Some(test) = &answers.test {
            set(service, "test", test.as_str());
        }
        for (list, names) in [
            ("system_packages", &answers.system_packages),
            ("volumes", &answers.volumes),
        ] {
            if !names.is_empty() {
                add(service, list, names);
            }
        }
    }
    Ok(document.to_string())
}

/// None where the key is there and no table, which the schema refuses.
fn table<'d>(parent: &'d mut Table, name: &str) -> Option<&'d mut Table> {
    let item = parent
        .entry(name)
        .or_insert_with(|| Item::Table(Table::new()));
    if item.is_inline_table() {
        // One that can be added to.
        let taken = std::mem::take(item);
        *item = Item::Table(taken.into_table().unwrap_or_default());
    }
    item.as_table_mut()
}

fn service<'d>(document: &'d mut Table, name: &str) -> Option<&'d mut Table> {
    let item = document
        .entry("service")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    if item.is_value() {
        let taken = std::mem::take(item);
        *item = Item::ArrayOfTables(taken.into_array_of_tables().unwrap_or_default());
    }
    let services = item.as_array_of_tables_mut()?;
    let is_it = |table: &Table| table.get("name").and_then(Item::as_str) == Some(name);
    let known = services.iter().position(is_it);
    if known.is_none() {
        let mut new = Table::new();
        new["name"] = value(name);
        services.push(new);
    }
    let last = services.len() - 1;
    services.get_mut(known.unwrap_or(last))
}

/// Sets a key where its value differs, keeping the comment on its line.
fn set(table: &mut Table, key: &str, new: impl Into<Value>) {
    let mut new = new.into();
    if let Some(Item::Value(old)) = table.get_mut(key) {
        if old.to_string().trim() != new.to_string().trim() {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        return;
    }
    table[key] = Item::Value(new);
}

fn add(table: &mut Table, key: &str, names: &[String]) {
    let item = table.entry(key).or_insert_with(|| value(Array::new()));
    if let Some(array) = item.as_array_mut() {
        for name in names {
            if !array.iter().any(|item| item.as_str() == Some(name)) {
                array.push(name.as_str());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn answers_join_what_is_there() {
        let text = "# ours\nschema = 1\n[[service]]\nname = \"web\" # the site\nport = 80 # old\n";
        let answers = Answers {
            name: Some("shop".to_owned()),
            disable: vec!["ci".to_owned()],
            services: BTreeMap::from([(
                "web".to_owned(),
                ServiceAnswers {
                    port: Some(5000),
                    ..ServiceAnswers::default()
                },
            )]),
            ..Answers::default()
        };
        let new = write(text, &answers).unwrap();
        assert!(new.starts_with(
            "# ours\nschema = 1\n[[service]]\nname = \"web\" # the site\nport = 5000 # old\n"
        ));
        let config = Config::parse(&new, "shipway.toml").unwrap();
        assert_eq!(config.project.name.as_deref(), Some("shop"));
        assert_eq!(config.features.disable, ["ci"]);
        assert_eq!(write(&new, &answers).unwrap(), new);
    }

    #[test]
    fn the_record_has_its_feature_and_its_zone() {
        let answers = Answers {
            enable: vec!["record".to_owned()],
            time_zone: Some("Europe/Amsterdam".to_owned()),
            ..Answers::default()
        };
        let new = write("[dora]\nmerges = true # ours\n", &answers).unwrap();
        assert!(new.starts_with("[dora]\nmerges = true # ours\n"), "{new}");
        let config = Config::parse(&new, "shipway.toml").unwrap();
        assert_eq!(config.dora.tz.as_deref(), Some("Europe/Amsterdam"));
        assert!(config.dora.merges);
        assert_eq!(config.features.enable, ["record"]);
    }

    #[test]
    fn a_new_file_names_its_schema() {
        let answers = Answers {
            base: Some(Base::Alpine),
            ..Answers::default()
        };
        let new = write("", &answers).unwrap();
        assert_eq!(new, "schema = 1\n\n[container]\nbase = \"alpine\"\n");
        assert_eq!(write("", &Answers::default()).unwrap(), "");
    }
}
