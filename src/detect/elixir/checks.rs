//! The tests of a project and what looks at its code.

use super::application::Application;
use crate::project::{Evidence, Fact, LintCommand, TestCommand};

pub(super) fn test(application: &Application<'_>) -> Option<Fact<TestCommand>> {
    let mut all = application.tree.with_extension("exs").filter(|path| {
        path.is_within(&application.root)
            && path.stem().ends_with("_test")
            && path.as_str().split('/').any(|part| part == "test")
    });
    let members: Vec<_> = application
        .manifests()
        .filter_map(|one| one.path.parent().join("test").ok())
        .collect();
    let first = all.find(|path| members.iter().any(|folder| path.is_within(folder)))?;
    let mut fact = Fact::certain(
        TestCommand {
            command: "mix test".to_owned(),
            working_dir: application.root.clone(),
            runner: "ex_unit".to_owned(),
        },
        Evidence::file(first.clone()),
    );
    fact.evidence.extend(
        application
            .manifest
            .alias("test")
            .map(|alias| alias.at.clone()),
    );
    Some(fact)
}

pub(super) fn lint(application: &Application<'_>) -> Vec<Fact<LintCommand>> {
    let mut found = Vec::new();
    let mut say = |command: &str, at: Evidence| {
        let command = LintCommand {
            command: command.to_owned(),
            working_dir: application.root.clone(),
        };
        found.push(Fact::certain(command, at));
    };
    if let Some(path) = application.path(".formatter.exs") {
        say("mix format --check-formatted", Evidence::file(path));
    }
    let any = |name: &str| application.any(name).map(|one| one.declared.clone());
    if let Some(at) = any("credo") {
        say("mix credo", at);
    }
    // It looks at the routes of one application of Phoenix.
    if let Some(at) = any("sobelow").filter(|_| application.members.is_empty()) {
        say("mix sobelow --exit", at);
    }
    if let Some(at) = any("dialyxir") {
        say("mix dialyzer", at);
    }
    found
}
