//! Jobs that another tool's configuration or a detected tool asks for, and how they are written
//! into `shipway.toml`.

use crate::config::hooks::{CheckId, Hook, Tool};
use serde::Serialize;
use std::collections::BTreeMap;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TomlError, value};

/// One job to be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Draft {
    pub hook: Hook,
    pub name: String,
    #[serde(flatten)]
    pub what: What,
    #[serde(skip)]
    pub when: When,
    /// The file and line that ask for it.
    pub from: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    Check(CheckId),
    /// The command line.
    Run(String),
}

/// Everything else that is said of a job; what is empty is not written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct When {
    /// Options of the check.
    pub options: Vec<(&'static str, toml::Value)>,
    pub files: Vec<String>,
    pub exclude: Vec<String>,
    pub types: Vec<String>,
    pub branches: Vec<String>,
    /// Not when a merge is committed.
    pub no_merge: bool,
    pub fix: bool,
    pub env: BTreeMap<String, String>,
    pub tool: Option<Tool>,
    pub working_dir: Option<String>,
    /// As it is written: `30s`.
    pub timeout: Option<String>,
}

/// A configuration with drafts in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    pub text: String,
    /// Those that were added, under the names that they got.
    pub added: Vec<Draft>,
    /// Those that were there already.
    pub present: Vec<Draft>,
}

/// `text` of `shipway.toml` with `drafts` after the jobs that are there; comments and order
/// stay. Where it had no `[hooks]` and `alone` is asked for, the checks that are on by default
/// are turned off, so that nothing but the drafts runs.
///
/// # Errors
/// When `text` is no TOML.
pub fn write(
    text: &str,
    drafts: &[Draft],
    exclude: &[String],
    alone: bool,
) -> Result<Written, TomlError> {
    let mut document: DocumentMut = text.parse()?;
    let is_new = !document.contains_key("hooks");
    let (mut added, mut present) = (Vec::new(), Vec::new());
    {
        // One that is no table is refused when the result is read.
        let Some(hooks) = section(&mut document) else {
            return Ok(Written {
                text: text.to_owned(),
                added,
                present,
            });
        };
        if is_new && alone {
            hooks["defaults"] = value(false);
        }
        add_exclude(hooks, exclude);
        for draft in drafts {
            let Some(jobs) = jobs(hooks, draft.hook) else {
                continue;
            };
            if jobs.iter().any(|job| is_same(job, draft)) {
                present.push(draft.clone());
                continue;
            }
            let mut draft = draft.clone();
            draft.name = free_name(jobs, &draft.name);
            jobs.push(table(&draft));
            added.push(draft);
        }
    }
    if added.is_empty() && exclude.is_empty() {
        return Ok(Written {
            text: text.to_owned(),
            added,
            present,
        });
    }
    if text.trim().is_empty() {
        let mut whole = DocumentMut::new();
        whole["schema"] = value(1);
        return Ok(Written {
            text: format!("{whole}\n{document}"),
            added,
            present,
        });
    }
    Ok(Written {
        text: document.to_string(),
        added,
        present,
    })
}

/// The table `[hooks]`, made where there is none; None where it is no table.
pub(crate) fn section(document: &mut DocumentMut) -> Option<&mut Table> {
    let item = document.entry("hooks").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    if !item.is_table() {
        // An inline table, to which no other can be added.
        let taken = std::mem::take(item);
        *item = Item::Table(taken.into_table().unwrap_or_default());
    }
    item.as_table_mut()
}

fn add_exclude(hooks: &mut Table, patterns: &[String]) {
    if patterns.is_empty() {
        return;
    }
    let item = hooks
        .entry("exclude")
        .or_insert_with(|| value(Array::new()));
    if let Some(array) = item.as_array_mut() {
        for pattern in patterns {
            if !array.iter().any(|one| one.as_str() == Some(pattern)) {
                array.push(pattern.as_str());
            }
        }
    }
}

/// The list of a hook's jobs; None where it is there and no list.
pub(crate) fn jobs(hooks: &mut Table, hook: Hook) -> Option<&mut ArrayOfTables> {
    let item = hooks
        .entry(hook.name())
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    if item.is_value() {
        let taken = std::mem::take(item);
        *item = Item::ArrayOfTables(taken.into_array_of_tables().unwrap_or_default());
    }
    item.as_array_of_tables_mut()
}

/// Whether a job that is there is the draft: the same check, or the same command.
fn is_same(job: &Table, draft: &Draft) -> bool {
    let says = |key: &str, text: &str| job.get(key).and_then(Item::as_str) == Some(text);
    match &draft.what {
        What::Check(check) => {
            says("check", check.name()) && (draft.name == check.name() || says("name", &draft.name))
        }
        What::Run(run) => {
            let files = job.get("files").and_then(Item::as_array);
            let files = files.into_iter().flatten().filter_map(|one| one.as_str());
            says("run", run) && files.eq(draft.when.files.iter())
        }
    }
}

/// What a job is called: its name, else its check or program.
pub(crate) fn name_of(job: &Table) -> Option<&str> {
    let text = |key| job.get(key).and_then(Item::as_str);
    text("name").or_else(|| text("check")).or_else(|| {
        let program = text("run")?.split_whitespace().next()?;
        program.rsplit('/').next()
    })
}

fn free_name(jobs: &ArrayOfTables, wanted: &str) -> String {
    // What a job may not be called.
    let clean: String = wanted
        .trim()
        .chars()
        .map(|letter| match letter {
            ',' | '/' => '-',
            letter if letter.is_control() => ' ',
            letter => letter,
        })
        .collect();
    let is_free = |name: &str| !jobs.iter().any(|job| name_of(job) == Some(name));
    if is_free(&clean) {
        return clean;
    }
    // One more than there are jobs is always free.
    (2..=jobs.len() + 2)
        .map(|number| format!("{clean}-{number}"))
        .find(|name| is_free(name))
        .unwrap_or(clean)
}

fn table(draft: &Draft) -> Table {
    let mut table = Table::new();
    match &draft.what {
        What::Check(check) => {
            if draft.name != check.name() {
                table["name"] = value(&draft.name);
            }
            table["check"] = value(check.name());
        }
        What::Run(run) => {
            table["name"] = value(&draft.name);
            table["run"] = value(run);
        }
    }
    let when = &draft.when;
    for (key, option) in &when.options {
        if let Ok(option) = option.to_string().parse::<toml_edit::Value>() {
            table[key] = Item::Value(option);
        }
    }
    for (key, list) in [
        ("files", &when.files),
        ("exclude", &when.exclude),
        ("types", &when.types),
        ("branches", &when.branches),
    ] {
        if !list.is_empty() {
            table[key] = value(list.iter().collect::<Array>());
        }
    }
    if when.no_merge {
        table["merge"] = value(false);
    }
    if when.fix {
        table["fix"] = value(true);
    }
    if !when.env.is_empty() {
        let env: InlineTable = when
            .env
            .iter()
            .map(|(name, text)| (name, text.as_str()))
            .collect();
        table["env"] = value(env);
    }
    if let Some(tool) = &when.tool {
        let mut inline = InlineTable::new();
        inline.insert("name", tool.name.as_str().into());
        if let Some(install) = &tool.install {
            inline.insert("install", install.as_str().into());
        }
        table["tool"] = value(inline);
    }
    for (key, text) in [
        ("working_dir", &when.working_dir),
        ("timeout", &when.timeout),
    ] {
        if let Some(text) = text {
            table[key] = value(text);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::config::hooks::{Fix, Job};

    fn draft(name: &str, what: What) -> Draft {
        Draft {
            hook: Hook::PreCommit,
            name: name.to_owned(),
            what,
            when: When::default(),
            from: "x:1".to_owned(),
        }
    }

    #[test]
    fn what_is_written_is_what_was_meant() {
        let mut ruff = draft("ruff", What::Run("ruff check --fix {files}".to_owned()));
        ruff.when = When {
            files: vec!["*.py".to_owned()],
            exclude: vec!["docs/**".to_owned()],
            types: vec!["python".to_owned()],
            branches: vec!["!wip".to_owned()],
            no_merge: true,
            fix: true,
            env: BTreeMap::from([("A".to_owned(), "b \"c\"".to_owned())]),
            tool: Some(Tool {
                name: "ruff".to_owned(),
                install: Some("pip install ruff".to_owned()),
            }),
            working_dir: Some("backend".to_owned()),
            ..When::default()
        };
        let mut large = draft("large-files", What::Check(CheckId::LargeFiles));
        large.when.options = vec![("max_size", "500 KiB".into())];
        let written = write("", &[ruff, large], &["vendor/**".to_owned()], true).unwrap();
        assert!(
            written.text.starts_with("schema = 1\n\n[hooks]\n"),
            "{}",
            written.text
        );
        let hooks = Config::parse(&written.text, "shipway.toml").unwrap().hooks;
        let [ruff, large] = hooks.jobs(Hook::PreCommit) else {
            panic!("{}", written.text);
        };
        assert!(hooks.exclude.matches("vendor/x"));
        assert_eq!((ruff.fix, ruff.merge), (Fix::Yes, false));
        assert_eq!(ruff.env["A"], "b \"c\"");
        assert!(ruff.wants("x.py") && !ruff.wants("docs/x.py"));
        assert_eq!(ruff.working_dir.as_str(), "backend");
        assert_eq!(large.check().unwrap().options.max_size, 512_000);
    }

    #[test]
    fn what_is_there_stays_and_nothing_is_added_twice() {
        let text = "# ours\nschema = 1 # one\n\n[[hooks.pre-commit]] # first\nname = \"lint\"\nrun = \"a\"\n\n[project]\nname = \"x\"\n";
        let drafts = [
            draft("lint", What::Run("b {files}".to_owned())),
            draft("secrets", What::Check(CheckId::Secrets)),
            draft("other", What::Run("a".to_owned())),
        ];
        let written = write(text, &drafts, &[], true).unwrap();
        let names: Vec<&str> = written
            .added
            .iter()
            .map(|draft| draft.name.as_str())
            .collect();
        assert_eq!(names, ["lint-2", "secrets"]);
        assert_eq!(written.present.len(), 1);
        for line in text.lines() {
            assert!(written.text.contains(line), "{}", written.text);
        }
        let hooks = Config::parse(&written.text, "shipway.toml").unwrap().hooks;
        let is_default = |job: &&Job| job.place.is_none();
        assert!(
            hooks
                .jobs(Hook::PreCommit)
                .iter()
                .any(|job| is_default(&job))
        );
        let again = write(&written.text, &drafts, &[], true).unwrap();
        assert_eq!((again.text, again.added.len()), (written.text, 0));
    }

    #[test]
    fn inline_forms_can_be_added_to() {
        let text = "hooks = { pre-commit = [{ check = \"secrets\" }] }\n";
        let written = write(text, &[draft("a", What::Run("a".to_owned()))], &[], true).unwrap();
        let hooks = Config::parse(&written.text, "shipway.toml").unwrap().hooks;
        assert_eq!(hooks.jobs(Hook::PreCommit).last().unwrap().name, "a");
    }
}
