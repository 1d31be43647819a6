//! The files that are made from the code: `docs/reference.md` and the schema of `shipway.toml`.
//!
//! `SHIPWAY_WRITE=1 cargo test --lib reference` writes both anew.

use super::Arguments;
use clap::CommandFactory;
use std::fmt::Write;

const HEAD: &str = "\
# Command reference

Made from the program itself; `SHIPWAY_WRITE=1 cargo test --lib reference` writes it anew.

`-C DIR`, `--quiet`, `--verbose` and the variable `NO_COLOR` work with every command. With
`--format json` the result is JSON, alone on standard output.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | a finding: a failed check, drift, nothing recognised |
| 2 | wrong usage or configuration |
| 3 | something that must be there is missing: a tool, an engine, a repository |
| 4 | left in conflict, with nothing lost |
| 130 | interrupted |
";

fn reference() -> String {
    let mut root = Arguments::command();
    root.build();
    let mut text = HEAD.to_owned();
    describe(&mut root, "shipway", &mut text);
    text
}

/// The help of every command below `parent`, which is called `name`.
fn describe(parent: &mut clap::Command, name: &str, text: &mut String) {
    for command in parent.get_subcommands_mut() {
        let name = format!("{name} {}", command.get_name());
        let help = command.render_long_help().to_string();
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        let _ = write!(
            text,
            "\n## {name}\n\n```text\n{}\n```\n",
            lines.join("\n").trim_end()
        );
        describe(command, &name, text);
    }
}

fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&crate::config::Config::json_schema()).unwrap();
    text.push('\n');
    text
}

/// Compares `file` with what the code says, or writes it where that is asked for.
fn assert_current(file: &str, wanted: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("SHIPWAY_WRITE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, wanted).unwrap();
    }
    let present = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        present == wanted,
        "{file} is not what the code says; write it anew: SHIPWAY_WRITE=1 cargo test --lib reference"
    );
}

#[test]
fn the_command_reference_is_current() {
    assert_current("docs/reference.md", &reference());
}

#[test]
fn the_schema_of_the_configuration_is_current() {
    assert_current("schema/shipway.schema.json", &schema());
}
