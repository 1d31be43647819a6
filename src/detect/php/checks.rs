//! What tests a package of PHP and what looks at its code: scripts of Composer, else the tools that it
//! has a configuration for.

use super::manifest::{Package, Script};
use crate::detect::Tree;
use crate::project::{Confidence, Evidence, Fact, LintCommand, TestCommand};

pub(super) struct Checks<'a> {
    pub(super) tree: &'a Tree,
    pub(super) package: &'a Package,
}

/// Scripts that run the tests, best first.
const TESTS: &[&str] = &[
    "test",
    "tests",
    "test:all",
    "phpunit",
    "pest",
    "test-unit",
    "tests-unit",
];

/// Runners of tests: program, package, files that configure it, and how it is called without a script.
const RUNNERS: &[(&str, &str, &[&str], &str)] = &[
    ("pest", "pestphp/pest", &[], "vendor/bin/pest"),
    (
        "phpunit",
        "symfony/phpunit-bridge",
        &["bin/phpunit"],
        "php bin/phpunit",
    ),
    (
        "phpunit",
        "phpunit/phpunit",
        &["phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml"],
        "vendor/bin/phpunit",
    ),
    (
        "codecept",
        "codeception/codeception",
        &["codeception.yml", "codeception.dist.yml"],
        "vendor/bin/codecept run",
    ),
];

/// What looks at code: program, packages that bring it, files that configure it, the command that changes
/// nothing.
const LINTERS: &[(&str, &[&str], &[&str], &str)] = &[
    (
        "pint",
        &["laravel/pint"],
        &["pint.json"],
        "vendor/bin/pint --test",
    ),
    (
        "php-cs-fixer",
        &["friendsofphp/php-cs-fixer", "php-cs-fixer/shim"],
        &[".php-cs-fixer.php", ".php-cs-fixer.dist.php"],
        "vendor/bin/php-cs-fixer fix --dry-run --diff",
    ),
    (
        "phpcs",
        &["squizlabs/php_codesniffer"],
        &[
            "phpcs.xml",
            "phpcs.xml.dist",
            ".phpcs.xml",
            ".phpcs.xml.dist",
        ],
        "vendor/bin/phpcs",
    ),
    (
        "phpstan",
        &[
            "phpstan/phpstan",
            "larastan/larastan",
            "nunomaduro/larastan",
        ],
        &["phpstan.neon", "phpstan.neon.dist", "phpstan.dist.neon"],
        "vendor/bin/phpstan analyse --no-progress",
    ),
    (
        "psalm",
        &["vimeo/psalm", "psalm/phar"],
        &["psalm.xml", "psalm.xml.dist"],
        "vendor/bin/psalm --no-progress",
    ),
];

/// Words in a command that say that it rewrites files.
const WRITES: &[&str] = &["fix", "--fix", "phpcbf", "--repair", "--alter", "rector"];

/// Commands of Composer itself, which go before scripts of that name.
const TAKEN: &[&str] = &["check", "status", "validate", "audit", "diagnose"];

impl Checks<'_> {
    pub(super) fn test(&self) -> Option<Fact<TestCommand>> {
        let command = |text: String, runner: &str| TestCommand {
            command: text,
            working_dir: self.package.root.clone(),
            runner: runner.to_owned(),
        };
        let runner_of = |script: &Script| {
            let named = RUNNERS
                .iter()
                .find(|(program, ..)| script.commands.iter().any(|line| line.contains(program)));
            named.map_or("phpunit", |(program, ..)| program)
        };
        let script = TESTS.iter().find_map(|name| self.package.script(name));
        if let Some(script) = script {
            let value = command(call(script), runner_of(script));
            return Some(Fact::certain(value, script.at.clone()));
        }
        RUNNERS.iter().find_map(|(program, package, files, text)| {
            let requirement = self.package.any(package)?;
            let configured = self.configured(files);
            if configured.is_none() && !files.is_empty() {
                return None;
            }
            let mut fact = Fact::certain(
                command((*text).to_owned(), program),
                requirement.declared.clone(),
            );
            fact.evidence.extend(configured);
            Some(fact)
        })
    }

    pub(super) fn lint(&self) -> Vec<Fact<LintCommand>> {
        let command = |text: String| LintCommand {
            command: text,
            working_dir: self.package.root.clone(),
        };
        let mut found: Vec<Fact<LintCommand>> = Vec::new();
        for (program, packages, files, text) in LINTERS {
            let Some(requirement) = packages.iter().find_map(|name| self.package.any(name)) else {
                continue;
            };
            let script = self.package.scripts.iter().find(|one| looks(one, program));
            let fact = match (script, self.configured(files)) {
                (Some(script), _) => Fact::certain(command(call(script)), script.at.clone()),
                (None, Some(configuration)) => {
                    let mut fact = Fact::new(
                        command((*text).to_owned()),
                        Confidence::Likely,
                        vec![requirement.declared.clone()],
                    );
                    fact.evidence.push(configuration);
                    fact.because("it is configured here, and no script calls it without a change")
                }
                (None, None) => continue,
            };
            if found.iter().all(|known| known.value != fact.value) {
                found.push(fact);
            }
        }
        found
    }

    fn configured(&self, files: &[&str]) -> Option<Evidence> {
        let file = files
            .iter()
            .find_map(|name| self.package.file(self.tree, name));
        file.map(Evidence::file)
    }
}

/// Whether a script runs `program` and nothing that rewrites files.
fn looks(script: &Script, program: &str) -> bool {
    let words = script
        .commands
        .iter()
        .flat_map(|line| line.split_whitespace());
    let is_program = |word: &str| word.rsplit('/').next() == Some(program);
    let dry = script
        .commands
        .iter()
        .any(|line| line.contains("--dry-run") || program == "pint" && line.contains("--test"));
    let hook = script.name.starts_with("post-") || script.name.starts_with("pre-");
    let one = script.commands.len() == 1;
    let writes = words.clone().any(|word| WRITES.contains(&word));
    let reads = match program {
        "pint" | "php-cs-fixer" => dry,
        _ => !writes,
    };
    one && !hook && reads && words.clone().any(is_program)
}

/// How Composer runs a script.
fn call(script: &Script) -> String {
    if TAKEN.contains(&script.name.as_str()) {
        format!("composer run-script {}", script.name)
    } else {
        format!("composer {}", script.name)
    }
}
