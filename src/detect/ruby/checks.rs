//! The tests of a project and what looks at its code.

use super::application::{Application, Shape};
use super::source::{arguments, with_tree};
use crate::detect::syntax;
use crate::project::{Evidence, Fact, LintCommand, RelPath, TestCommand};

pub(super) fn test(application: &Application<'_>, shape: &Shape) -> Option<Fact<TestCommand>> {
    let inside = |folder: &str, end: &str| {
        let folder = application.path(folder)?;
        let mut files = application.tree.with_extension("rb");
        files
            .find(|path| path.is_within(&folder) && path.stem().ends_with(end))
            .cloned()
    };
    let command = |command: &str, runner: &str, at: Evidence| {
        Fact::certain(
            TestCommand {
                command: command.to_owned(),
                working_dir: application.root.clone(),
                runner: runner.to_owned(),
            },
            at,
        )
    };
    let rspec = application
        .any("rspec-rails")
        .or_else(|| application.any("rspec"));
    if let Some(gem) = rspec
        && (inside("spec", "_spec").is_some() || application.path(".rspec").is_some())
    {
        return Some(command("bundle exec rspec", "rspec", gem.declared.clone()));
    }
    if let Some(path) = inside("spec", "_spec").filter(|_| application.any("minitest").is_none()) {
        return Some(command("bundle exec rspec", "rspec", Evidence::file(path)));
    }
    let tested = inside("test", "_test").or_else(|| {
        let folder = application.path("test")?;
        let mut files = application.tree.with_extension("rb");
        let starts =
            |path: &&RelPath| path.is_within(&folder) && path.file_name().starts_with("test_");
        files.find(|path| starts(path)).cloned()
    });
    let at = Evidence::file(tested.or_else(|| inside("spec", "_spec"))?);
    if matches!(shape, Shape::Rails(_)) {
        let program = application.rails_program();
        return Some(command(&format!("{program} test"), "minitest", at));
    }
    task(application).map(|(name, at)| command(&format!("bundle exec rake {name}"), "minitest", at))
}

/// The task of the Rakefile that runs the tests.
fn task(application: &Application<'_>) -> Option<(&'static str, Evidence)> {
    let path = application.path("Rakefile")?;
    with_tree(
        application.tree,
        &path,
        &["Test", "test"],
        |source, root| {
            let found = syntax::all(root, "call").into_iter().find(|call| {
                let receiver = call
                    .child_by_field_name("receiver")
                    .map_or("", |it| source.of(it));
                let makes = matches!(source.method(*call), "new" | "create")
                    && receiver.ends_with("TestTask");
                let own = source.method(*call) == "task"
                    && arguments(*call).first().is_some_and(|first| {
                        let first = first.child_by_field_name("key").unwrap_or(*first);
                        source.string(first).as_deref() == Some("test")
                    });
                makes || own
            });
            found.map(|call| ("test", source.at(application.tree, call)))
        },
    )?
}

pub(super) fn lint(application: &Application<'_>) -> Vec<Fact<LintCommand>> {
    let known = [
        (
            "bundle exec rubocop",
            ".rubocop.yml",
            &[
                "rubocop",
                "rubocop-rails-omakase",
                "rubocop-rails",
                "rubocop-performance",
            ][..],
        ),
        (
            "bundle exec standardrb",
            ".standard.yml",
            &["standard", "standardrb", "standard-rails"],
        ),
    ];
    let mut found = Vec::new();
    for (command, file, gems) in known {
        let gem = gems.iter().find_map(|name| application.any(name));
        let Some(gem) = gem else { continue };
        let mut fact = Fact::certain(
            LintCommand {
                command: command.to_owned(),
                working_dir: application.root.clone(),
            },
            gem.declared.clone(),
        );
        fact.evidence
            .extend(application.path(file).map(Evidence::file));
        found.push(fact);
    }
    found
}
