//! Jobs of `[hooks]` merged into a configuration that may be the user's; every other byte stays.
//! Takes from `hooks::draft` how a job is put into a configuration.

use crate::config::hooks::Hook;
use crate::hooks::draft;
use toml::Value;
use toml_edit::{DocumentMut, Item, Table, TomlError};

/// What a new configuration begins with.
const HEAD: &str = "schema = 1\n\n";

/// `present` with the jobs and keys of `wanted` that it has not; a job that is still as it was
/// `offered` before becomes what it is now, or goes where it is offered no more. What was offered
/// before and is not there was deleted and stays so.
///
/// # Errors
/// When `present` or `wanted` is no TOML.
pub(super) fn merge(
    present: Option<&str>,
    wanted: &str,
    offered: Option<&str>,
) -> Result<String, TomlError> {
    let present = present.unwrap_or_default();
    if present.trim().is_empty() {
        return Ok(format!("{HEAD}{wanted}"));
    }
    let mut document: DocumentMut = present.parse()?;
    let news: DocumentMut = wanted.parse()?;
    let (now, old) = (values(present), values(offered.unwrap_or_default()));
    let meant = values(wanted);
    let mut changed = take_out(&mut document, &old, &meant);
    let Some(news) = news.get("hooks").and_then(Item::as_table) else {
        return Ok(if changed {
            document.to_string()
        } else {
            present.to_owned()
        });
    };
    let is_new = !document.contains_key("hooks");
    for (key, item) in news {
        let Some(hook) = Hook::parse(key) else {
            let known = |table: &toml::Table| hooks(table).is_some_and(|of| of.contains_key(key));
            if known(&now) || known(&old) {
                continue;
            }
            if let Some(hooks) = draft::section(&mut document) {
                hooks.insert(key, item.clone());
                hooks.set_implicit(false);
                changed = true;
            }
            continue;
        };
        for job in item.as_array_of_tables().into_iter().flatten() {
            let Some(name) = draft::name_of(job).map(str::to_owned) else {
                continue;
            };
            let (mine, before) = (find(&now, hook, &name), find(&old, hook, &name));
            let next = find(&meant, hook, &name);
            let edited = mine != before || before.is_none();
            if mine == next || (mine.is_some() && edited) || (mine.is_none() && before.is_some()) {
                continue;
            }
            if mine.is_none() && runs(&now, hook, next.as_ref()) {
                continue;
            }
            let Some(jobs) =
                draft::section(&mut document).and_then(|hooks| draft::jobs(hooks, hook))
            else {
                continue;
            };
            let mut job = job.clone();
            job.set_position(None);
            let at = jobs
                .iter()
                .position(|other| draft::name_of(other) == Some(&name));
            match at.and_then(|at| jobs.get_mut(at)) {
                Some(other) => {
                    job.set_position(other.position());
                    *job.decor_mut() = other.decor().clone();
                    *other = job;
                }
                None => jobs.push(job),
            }
            changed = true;
        }
    }
    if is_new && let Some(hooks) = draft::section(&mut document) {
        let decor = decor_of(news);
        hooks.decor_mut().set_prefix(format!("\n{decor}"));
    }
    Ok(if changed {
        document.to_string()
    } else {
        present.to_owned()
    })
}

/// Takes out what was offered in `old`, is offered no more in `meant`, and is as it was; whether
/// there was such a thing.
fn take_out(document: &mut DocumentMut, old: &toml::Table, meant: &toml::Table) -> bool {
    let now = values(&document.to_string());
    let Some(section) = document.get_mut("hooks").and_then(Item::as_table_mut) else {
        return false;
    };
    let before = section.len();
    let mut changed = false;
    for (key, value) in hooks(old).into_iter().flatten() {
        let is_meant = hooks(meant).is_some_and(|of| of.contains_key(key));
        let Some(hook) = Hook::parse(key) else {
            if !is_meant && hooks(&now).and_then(|of| of.get(key)) == Some(value) {
                changed |= section.remove(key).is_some();
            }
            continue;
        };
        let Some(jobs) = section.get_mut(key).and_then(Item::as_array_of_tables_mut) else {
            continue;
        };
        let goes = |job: &Table| {
            draft::name_of(job).is_some_and(|name| {
                let was = find(old, hook, name);
                was.is_some() && was == find(&now, hook, name) && find(meant, hook, name).is_none()
            })
        };
        let length = jobs.len();
        jobs.retain(|job| !goes(job));
        changed |= jobs.len() < length;
        if jobs.is_empty() {
            section.remove(key);
        }
    }
    if section.is_empty() && before > 0 {
        document.remove("hooks");
    }
    changed
}

/// What stands before the section's header.
fn decor_of(table: &Table) -> String {
    let prefix = table.decor().prefix().and_then(|prefix| prefix.as_str());
    prefix.unwrap_or_default().trim_start().to_owned()
}

/// The values alone, for comparison; nothing where it cannot be read.
fn values(text: &str) -> toml::Table {
    text.parse().unwrap_or_default()
}

fn hooks(of: &toml::Table) -> Option<&toml::Table> {
    of.get("hooks")?.as_table()
}

fn jobs(of: &toml::Table, hook: Hook) -> &[Value] {
    hooks(of)
        .and_then(|hooks| hooks.get(hook.name())?.as_array())
        .map_or(&[], Vec::as_slice)
}

/// The job that has `name` or, where it says none, is called after its check or program.
fn find(of: &toml::Table, hook: Hook, name: &str) -> Option<Value> {
    jobs(of, hook)
        .iter()
        .find(|job| {
            let text = |key: &str| job.get(key).and_then(Value::as_str);
            let program = || text("run")?.split_whitespace().next();
            text("name").or_else(|| text("check")).or_else(program) == Some(name)
        })
        .cloned()
}

/// Whether a job under another name runs the same command over the same files.
fn runs(of: &toml::Table, hook: Hook, wanted: Option<&Value>) -> bool {
    let Some(wanted) = wanted else { return false };
    jobs(of, hook).iter().any(|job| {
        ["run", "check", "files", "working_dir"]
            .iter()
            .all(|key| job.get(key) == wanted.get(key))
    })
}

#[cfg(test)]
mod tests {
    use super::merge;

    const WANTED: &str = "# about\n[hooks]\nbudget = \"2s\" # why\n\n# a note\n[[hooks.pre-commit]]\nname = \"ruff\"\nrun = \"ruff {files}\"\n\n[[hooks.pre-push]]\nname = \"mypy\"\nrun = \"mypy .\"\n";

    #[test]
    fn a_new_configuration_says_its_schema() {
        let text = merge(None, WANTED, None).unwrap();
        assert_eq!(text, format!("schema = 1\n\n{WANTED}"));
    }

    #[test]
    fn what_is_there_stays_byte_for_byte() {
        let mine = "# ours\nschema = 1 # one\n\n[project] # p\nname = \"x\"\n";
        let text = merge(Some(mine), WANTED, None).unwrap();
        assert_eq!(text, format!("{mine}\n{WANTED}"));
        assert_eq!(merge(Some(&text), WANTED, Some(WANTED)).unwrap(), text);
        assert_eq!(merge(Some(&text), WANTED, None).unwrap(), text);
    }

    #[test]
    fn jobs_join_those_that_are_there() {
        let mine = "[hooks]\nexclude = [\"v/**\"] # v\n\n[[hooks.pre-commit]] # mine\nrun = \"ruff --mine {files}\"\n\n[project]\nname = \"x\"\n";
        let text = merge(Some(mine), WANTED, None).unwrap();
        for line in mine.lines() {
            assert!(text.contains(line), "{text}");
        }
        assert!(!text.contains("ruff {files}"), "{text}");
        assert!(text.contains("budget") && text.contains("mypy ."), "{text}");
        assert_eq!(merge(Some(&text), WANTED, None).unwrap(), text);
    }

    #[test]
    fn what_was_deleted_stays_deleted_and_what_was_edited_stays_edited() {
        let first = merge(None, WANTED, None).unwrap();
        let without = first.replace(
            "\n[[hooks.pre-push]]\nname = \"mypy\"\nrun = \"mypy .\"\n",
            "",
        );
        assert_ne!(without, first);
        let text = merge(Some(&without), WANTED, Some(WANTED)).unwrap();
        assert_eq!(text, without);
        let edited = first.replace("mypy .", "mypy src");
        let newer = WANTED
            .replace("mypy .", "mypy --strict .")
            .replace("ruff {files}", "ruff check {files}");
        let text = merge(Some(&edited), &newer, Some(WANTED)).unwrap();
        assert_eq!(text, edited.replace("ruff {files}", "ruff check {files}"));
    }
}
