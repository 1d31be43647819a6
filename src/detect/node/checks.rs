//! The scripts of a package that check it: its tests, and what looks at its code.

use super::command::{BUILD, PARTS, bare, execute, run, script_of};
use super::manifest::{Package, Script};
use super::output;
use crate::detect::{Tree, shell};
use crate::project::{Evidence, Fact, LintCommand, PackageManager, RelPath, TestCommand};
use std::collections::BTreeSet;

/// What checks one package.
pub(super) struct Checks<'a> {
    pub(super) tree: &'a Tree,
    pub(super) package: &'a Package,
    /// The manifest of the workspace that it is a member of. A script there goes before the
    /// member's own: it stands for every member's.
    pub(super) outer: Option<&'a Package>,
    /// What is installed with it: the members of its workspace.
    pub(super) members: &'a [&'a Package],
    pub(super) manager: PackageManager,
}

const TESTS: &[&str] = &[
    "test",
    "test:unit",
    "test:ci",
    "test:CI",
    "test-ci",
    "ci:test",
    "test:run",
    "test:once",
];

/// Scripts that look at the code, best first; one of each row.
const LINTS: &[&[&str]] = &[
    &["lint:ci", "lint:check", "check:lint", "lint"],
    &[
        "typecheck",
        "type-check",
        "check-types",
        "check:types",
        "types:check",
        "lint:types",
        "tsc",
    ],
    &[
        "format:check",
        "check-format",
        "check:format",
        "format-check",
        "prettier:check",
        "fmt:check",
    ],
    &["check"],
];

/// Programs that look at code, and that `check` may be the name for.
const LINTERS: &[&str] = &[
    "astro",
    "biome",
    "eslint",
    "oxlint",
    "prettier",
    "standard",
    "stylelint",
    "svelte-check",
    "tsc",
    "vue-tsc",
    "xo",
];

/// Options with which a linter rewrites what it looks at.
const WRITES: &[&str] = &["--fix", "--write", "--apply", "--apply-unsafe", "-w"];

/// Linters that look at everything by themselves, where no script calls them: the package, the
/// beginning of the names of its configuration, the command.
const CONFIGURED: &[(&str, &[&str], &str)] = &[
    ("eslint", &["eslint.config.", ".eslintrc"], "eslint ."),
    ("@biomejs/biome", &["biome.json"], "biome ci ."),
];

const FIXES: &str = "the script without what rewrites files: a check changes nothing";

impl Checks<'_> {
    pub(super) fn test(&self) -> Option<Fact<TestCommand>> {
        self.outer
            .and_then(|outer| self.test_of(outer))
            .or_else(|| self.test_of(self.package))
    }

    pub(super) fn lint(&self) -> Vec<Fact<LintCommand>> {
        let outer = self.outer.map(|outer| self.lint_of(outer));
        match outer {
            Some(outer) if !outer.is_empty() => outer,
            _ => self.lint_of(self.package),
        }
    }

    /// What builds the package, after what it takes from its workspace.
    pub(super) fn build(&self) -> Option<Fact<String>> {
        let scripts = built_by(self.package);
        let mut seen = BTreeSet::from([self.package.path.clone()]);
        let mut first: Vec<String> = Vec::new();
        self.before(self.package, &mut seen, &mut first);
        let handed = self.handed();
        for (member, script) in &handed {
            if seen.insert(member.path.clone()) {
                self.before(member, &mut seen, &mut first);
                first.push(self.in_member(member, &[script]));
            }
        }
        let of_front = || handed.first().map(|(_, script)| *script);
        let at = scripts.first().copied().or_else(of_front)?.at.clone();
        let before = !first.is_empty();
        if !scripts.is_empty() {
            first.push(self.in_a_row(&scripts));
        }
        let fact = Fact::certain(first.join(" && "), at);
        Some(if before {
            fact.because("what it takes from its workspace is built before it")
        } else {
            fact
        })
    }

    /// The front ends of the workspace that are built into the package's folder, and by what.
    fn handed(&self) -> Vec<(&Package, &Script)> {
        let members = self.members.iter();
        members
            .filter_map(|member| {
                let script = output::into(self.tree, member, &self.package.root)?;
                Some((*member, script))
            })
            .collect()
    }

    /// Scripts of another package, run from the folder of this one.
    fn in_member(&self, member: &Package, scripts: &[&Script]) -> String {
        let folder = member.root.relative_to(&self.package.root);
        let command = self.in_a_row(scripts);
        format!("(cd {} && {command})", shell::join(&[folder]))
    }

    /// The commands that build what `package` requires of its workspace, each after its own needs.
    fn before(&self, package: &Package, seen: &mut BTreeSet<RelPath>, commands: &mut Vec<String>) {
        for requirement in &package.requirements {
            let member = self.members.iter().find(|member| {
                let name = member.document.get("name").and_then(|node| node.text());
                name == Some(requirement.name.as_str())
            });
            let Some(member) = member.filter(|member| seen.insert(member.path.clone())) else {
                continue;
            };
            self.before(member, seen, commands);
            let mut scripts = built_by(member);
            if scripts.is_empty() {
                scripts.extend(generates(member));
            }
            if !scripts.is_empty() {
                commands.push(self.in_member(member, &scripts));
            }
        }
    }

    pub(super) fn in_a_row(&self, scripts: &[&Script]) -> String {
        let commands: Vec<String> = scripts
            .iter()
            .map(|script| run(self.manager, &script.name))
            .collect();
        commands.join(" && ")
    }

    /// Whether it says anything that its workspace does not say for it.
    pub(super) fn says_something(&self) -> bool {
        let outer = |says: &dyn Fn(&Package) -> bool| self.outer.is_some_and(says);
        let builds = |package: &Package| !built_by(package).is_empty();
        let own = self.package;
        self.test_of(own).is_some() && !outer(&|it| self.test_of(it).is_some())
            || !self.lint_of(own).is_empty() && !outer(&|it| !self.lint_of(it).is_empty())
            || builds(own) && !outer(&builds)
    }

    fn test_of(&self, package: &Package) -> Option<Fact<TestCommand>> {
        let scripts = || {
            let scripts = TESTS.iter().filter_map(|name| package.script(name));
            // What npm init writes.
            scripts.filter(|script| !script.command.contains("no test specified"))
        };
        let ends = scripts().find(|script| !waits(&script.command));
        let script = ends.or_else(|| scripts().next())?;
        let runner = [
            "vitest",
            "jest",
            "mocha",
            "ava",
            "tap",
            "playwright",
            "cypress",
            "jasmine",
            "karma",
        ]
        .iter()
        .find(|name| {
            script.command.contains(*name)
                || package.any(name).is_some() && !script.command.contains("--test")
        })
        .map_or("node", |name| *name);
        let command = run(self.manager, &script.name);
        let (command, because) = match once(&script.command, package) {
            Some(options) => {
                let between = if self.manager == PackageManager::Npm {
                    " --"
                } else {
                    ""
                };
                (
                    format!("{command}{between} {options}"),
                    Some("without these it waits for changes"),
                )
            }
            None => (command, None),
        };
        let fact = Fact::certain(
            TestCommand {
                command,
                working_dir: package.root.clone(),
                runner: runner.to_owned(),
            },
            script.at.clone(),
        );
        Some(match because {
            Some(rule) => fact.because(rule),
            None => fact,
        })
    }

    fn lint_of(&self, package: &Package) -> Vec<Fact<LintCommand>> {
        let mut found: Vec<(&Script, Fact<LintCommand>)> = Vec::new();
        for row in LINTS {
            let script = row.iter().find_map(|name| package.script(name));
            let Some(script) = script.filter(|script| {
                // One that another calls is not run twice.
                let called = |known: &Script| {
                    let mut words = known.command.split([' ', '"', '\'']);
                    words.any(|word| names(word, &script.name))
                };
                let check = script.name == "check";
                // One that does what another does already says nothing new.
                let same = |(known, _): &(&Script, _)| programs(known) == programs(script);
                !found.iter().any(|(known, _)| called(known))
                    && (!check || !found.iter().any(same) && calls(script, package, 3, LINTERS))
            }) else {
                continue;
            };
            if let Some(fact) = self.looking(script, package) {
                found.push((script, fact));
            }
        }
        if found.is_empty() {
            return self.configured(package).into_iter().collect();
        }
        found.into_iter().map(|(_, fact)| fact).collect()
    }

    /// The command of a script that only looks; None where nobody knows how to keep it from
    /// rewriting files.
    fn looking(&self, script: &Script, package: &Package) -> Option<Fact<LintCommand>> {
        let command = |text: String| LintCommand {
            command: text,
            working_dir: package.root.clone(),
        };
        if !writes(script, package, 3) {
            let text = run(self.manager, &script.name);
            return Some(Fact::certain(command(text), script.at.clone()));
        }
        let statements = shell::commands(&script.command);
        let [only] = statements.as_slice() else {
            return None;
        };
        let words = only.texts();
        let (program, rest) = bare(&words).split_first()?;
        // What the shell itself does there would be lost.
        let plain = script.command.starts_with(words[0].as_str())
            && !script.command.contains(['|', '$', ';', '>', '&'])
            && !script.command.contains("cross-env");
        if !plain || !LINTERS.contains(&program.as_str()) {
            return None;
        }
        let mut kept = vec![program.clone()];
        kept.extend(
            rest.iter()
                .filter(|word| !WRITES.contains(&word.as_str()))
                .cloned(),
        );
        if program == "prettier" {
            kept.insert(1, "--check".to_owned());
        }
        let text = execute(self.manager, &shell::join(&kept));
        Some(Fact::certain(command(text), script.at.clone()).because(FIXES))
    }

    /// A linter that is configured in the package's folder, and that no script calls.
    fn configured(&self, package: &Package) -> Option<Fact<LintCommand>> {
        CONFIGURED.iter().find_map(|(name, files, command)| {
            let declared = &package.any(name)?.declared;
            let is_its = |path: &&RelPath| {
                path.parent() == package.root
                    && files.iter().any(|file| path.file_name().starts_with(file))
            };
            let configuration = self.tree.files().find(is_its)?;
            let mut fact = Fact::likely(
                LintCommand {
                    command: execute(self.manager, command),
                    working_dir: package.root.clone(),
                },
                declared.clone(),
            );
            fact.evidence.push(Evidence::file(configuration.clone()));
            Some(fact.because("it is configured here, and no script calls it"))
        })
    }
}

/// The script that builds a package, else those that build its parts (`build:frontend`,
/// `build-client`), in the order of the manifest.
pub(super) fn built_by(package: &Package) -> Vec<&Script> {
    if let Some(whole) = BUILD.iter().find_map(|name| package.script(name)) {
        return vec![whole];
    }
    package
        .scripts
        .iter()
        .filter(|script| {
            let part = script
                .name
                .strip_prefix("build")
                .and_then(|rest| rest.strip_prefix([':', '-', '_', '.']));
            part.is_some_and(|part| PARTS.contains(&part))
                && shell::commands(&script.command).iter().all(|command| {
                    let texts = command.texts();
                    let words = bare(&texts);
                    let program = words.first().map_or("", String::as_str);
                    // An image is no part of itself, and what watches never ends.
                    !matches!(program, "docker" | "podman" | "buildah")
                        && !words.iter().any(|word| word == "--watch" || word == "-w")
                })
        })
        .collect()
}

/// Whether a script is told to wait for changes.
fn waits(command: &str) -> bool {
    let commands = shell::commands(command);
    let mut words = commands.iter().flat_map(shell::Command::texts);
    words.any(|word| matches!(word.as_str(), "--watch" | "--watchAll"))
}

/// The script with which Prisma writes the client that others of the workspace import.
fn generates(package: &Package) -> Option<&Script> {
    package.scripts.iter().find(|script| {
        let commands = shell::commands(&script.command);
        let [only] = commands.as_slice() else {
            return false;
        };
        let texts = only.texts();
        bare(&texts).starts_with(&["prisma".to_owned(), "generate".to_owned()])
            && !texts.iter().any(|word| word == "--watch")
    })
}

/// The options with which a test script ends by itself; None where it does so anyway.
fn once(command: &str, package: &Package) -> Option<&'static str> {
    if is_endless(command) {
        return Some("--run");
    }
    let tests = shell::commands(command)
        .iter()
        .any(|one| bare(&one.texts()).starts_with(&["ng".to_owned(), "test".to_owned()]));
    if !tests || command.contains("--watch") {
        return None;
    }
    Some(if package.any("karma").is_some() {
        "--watch=false --browsers=ChromeHeadless"
    } else {
        "--watch=false"
    })
}

/// Whether all that a script starts is Vitest, told nothing of how often.
fn is_endless(command: &str) -> bool {
    let commands = shell::commands(command);
    let [only] = commands.as_slice() else {
        return false;
    };
    let texts = only.texts();
    let Some((program, rest)) = bare(&texts).split_first() else {
        return false;
    };
    let told = ["run", "--run", "related", "bench", "list", "typecheck"];
    program == "vitest"
        && !rest
            .iter()
            .any(|word| told.contains(&word.as_str()) || word.starts_with("--watch"))
}

/// Whether a script rewrites files, itself or through another one.
fn writes(script: &Script, package: &Package, depth: usize) -> bool {
    reaches(script, package, depth, &|words| {
        words.iter().any(|word| WRITES.contains(&word.as_str()))
    })
}

/// Whether a word of a command names a script: `lint:*` is every part of it.
pub(super) fn names(word: &str, script: &str) -> bool {
    match word.strip_suffix('*') {
        Some(front) => script.starts_with(front),
        None => word == script,
    }
}

/// The programs that a script starts.
fn programs(script: &Script) -> BTreeSet<String> {
    shell::commands(&script.command)
        .iter()
        .filter_map(|command| bare(&command.texts()).first().cloned())
        .collect()
}

/// Whether all that a script runs are `programs`.
fn calls(script: &Script, package: &Package, depth: usize, programs: &[&str]) -> bool {
    !reaches(script, package, depth, &|words| {
        words
            .first()
            .is_none_or(|program| !programs.contains(&program.as_str()))
    })
}

/// Whether a command of a script, or of one that it runs, is such.
fn reaches(
    script: &Script,
    package: &Package,
    depth: usize,
    is_such: &dyn Fn(&[String]) -> bool,
) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    shell::commands(&script.command).iter().any(|command| {
        let words = command.texts();
        let words = bare(&words);
        let inner = script_of(words, package).and_then(|name| package.script(name));
        match inner {
            Some(inner) if inner.name != script.name => reaches(inner, package, depth, is_such),
            _ => is_such(words),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::node::manifest;

    /// The tests and the linters of a package with these scripts and dependencies for development.
    fn checks(scripts: &[(&str, &str)], needs: &[&str], files: &[&str]) -> (String, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let object = |pairs: Vec<(&str, &str)>| {
            let pairs = pairs.into_iter();
            pairs
                .map(|(name, text)| (name.to_owned(), text))
                .collect::<serde_json::Value>()
        };
        let needs = object(needs.iter().map(|name| (*name, "^1.0.0")).collect());
        let text =
            serde_json::json!({"scripts": object(scripts.to_vec()), "devDependencies": needs});
        std::fs::write(folder.path().join("package.json"), text.to_string()).unwrap();
        for file in files {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        let tree = Tree::read(folder.path()).unwrap();
        let packages = manifest::packages(&tree);
        let checks = Checks {
            tree: &tree,
            package: &packages[0],
            outer: None,
            members: &[],
            manager: PackageManager::Npm,
        };
        let test = checks
            .test()
            .map_or(String::new(), |fact| fact.value.command);
        let lint = checks.lint().into_iter().map(|fact| fact.value.command);
        (test, lint.collect())
    }

    #[test]
    fn scripts_that_look_are_run_one_of_each_kind() {
        let scripts = [
            ("lint", "eslint ."),
            ("lint:check", "eslint --max-warnings=0 ."),
            ("typecheck", "tsc --noEmit"),
            ("format", "prettier --write ."),
            ("format:check", "prettier --check ."),
            ("test", "vitest run"),
        ];
        let (test, lint) = checks(&scripts, &["vitest"], &[]);
        assert_eq!(test, "npm test");
        assert_eq!(
            lint,
            [
                "npm run lint:check",
                "npm run typecheck",
                "npm run format:check"
            ]
        );
    }

    #[test]
    fn a_script_that_rewrites_is_run_without_that() {
        let nest = r#"eslint "{src,test}/**/*.ts" --fix"#;
        let (_, lint) = checks(&[("lint", nest)], &["eslint"], &[]);
        assert_eq!(lint, ["npx eslint '{src,test}/**/*.ts'"]);
        let (_, lint) = checks(&[("lint", "prettier -w src")], &[], &[]);
        assert_eq!(lint, ["npx prettier --check src"]);
        let several = [("lint", "npm run fix && tsc"), ("fix", "eslint --fix .")];
        assert_eq!(checks(&several, &[], &[]).1, Vec::<String>::new());
    }

    #[test]
    fn what_one_script_calls_is_not_run_again() {
        let scripts = [
            ("lint", "eslint . && npm run typecheck"),
            ("typecheck", "tsc --noEmit"),
        ];
        assert_eq!(checks(&scripts, &[], &[]).1, ["npm run lint"]);
        let scripts = [
            ("check", "biome check ."),
            ("test", "echo \"Error: no test specified\""),
        ];
        assert_eq!(
            checks(&scripts, &[], &[]),
            (String::new(), vec!["npm run check".to_owned()])
        );
        let everything = [("check", "tsc && npm test"), ("test", "jest")];
        assert_eq!(checks(&everything, &[], &[]).1, Vec::<String>::new());
    }

    #[test]
    fn a_configured_linter_needs_no_script_and_an_unconfigured_one_has_none() {
        let (_, lint) = checks(&[], &["eslint"], &["eslint.config.mjs"]);
        assert_eq!(lint, ["npx eslint ."]);
        assert_eq!(checks(&[], &["eslint"], &[]).1, Vec::<String>::new());
        assert_eq!(checks(&[], &[], &["biome.json"]).1, Vec::<String>::new());
    }

    #[test]
    fn a_test_that_would_wait_for_changes_ends() {
        let scripts = [("test", "ng test")];
        let (test, _) = checks(&scripts, &["karma"], &[]);
        assert_eq!(test, "npm test -- --watch=false --browsers=ChromeHeadless");
        let scripts = [("test", "jest --watch"), ("test:ci", "jest --ci")];
        assert_eq!(checks(&scripts, &["jest"], &[]).0, "npm run test:ci");
        let (test, _) = checks(&[("test", "ng test --watch=false")], &[], &[]);
        assert_eq!(test, "npm test");
    }
}
