//! How a command that people run in the work tree runs in an image, where there is no `.env`, programs
//! of dependencies are on the path, and no package manager but npm.

use super::command::script_of;
use super::env_file;
use super::manifest::Package;
use super::source;
use crate::detect::{Tree, shell};
use crate::project::{InImage, PackageManager, RelPath, Requirement};

/// How far scripts that run scripts are followed.
const MAX_DEPTH: usize = 4;

/// Programs that are called otherwise than the package that brings them.
const PROGRAMS: &[(&str, &str)] = &[
    ("@mikro-orm/cli", "mikro-orm"),
    ("@mikro-orm/cli", "mikro-orm-esm"),
    ("@nestjs/cli", "nest"),
    ("@swc/cli", "swc"),
    ("@babel/node", "babel-node"),
    ("dotenv-cli", "dotenv"),
    ("npm-run-all2", "npm-run-all"),
    ("sequelize-cli", "sequelize"),
    ("ts-node", "ts-node-esm"),
    ("ts-node", "ts-node-script"),
    ("ts-node", "typeorm-ts-node-commonjs"),
    ("ts-node", "typeorm-ts-node-esm"),
    ("typescript", "tsc"),
];

/// What programs load a configuration in TypeScript with, where it is there.
const LOADERS: &[&str] = &["esbuild-register", "ts-node", "tsx"];

/// Programs that load one.
const LOADS: &[&str] = &["knex", "mikro-orm", "node-pg-migrate", "typeorm"];

pub(super) struct Search<'a> {
    pub(super) tree: &'a Tree,
    pub(super) package: &'a Package,
    pub(super) manager: PackageManager,
}

impl Search<'_> {
    pub(super) fn of(&self, command: &str) -> InImage {
        let mut reached = Vec::new();
        self.reach(command, MAX_DEPTH, &mut reached);
        let needs = |one: &Requirement| reached.iter().any(|words| self.uses(words, one));
        let development = self.package.requirements.iter();
        InImage {
            command: self.command(command),
            development: development
                .filter(|one| one.development && needs(one))
                .map(|one| one.name.clone())
                .collect(),
        }
    }

    /// The one command that `command` comes to, where npm itself does not do.
    fn command(&self, command: &str) -> String {
        let words = words(command);
        let Some(alone) = self.alone(words, MAX_DEPTH) else {
            return command.to_owned();
        };
        let is_packed = |file: &str| self.package.packs(self.tree, file);
        let without = env_file::without(&alone, &is_packed);
        if self.manager == PackageManager::Npm && without == alone {
            return command.to_owned();
        }
        shell::join(&without)
    }

    /// The words of the program that runs in the end; None where a shell is needed for more.
    fn alone(&self, words: Vec<String>, depth: usize) -> Option<Vec<String>> {
        let depth = depth.checked_sub(1)?;
        let program = words.first()?.as_str();
        let second = words.get(1).map(String::as_str);
        let runs = match (program, second) {
            ("npx" | "bunx", Some(next)) if !next.starts_with('-') => 1,
            ("pnpm" | "yarn" | "npm", Some("exec")) => 2,
            _ => 0,
        };
        if runs > 0 {
            return Some(words[runs..].to_vec()).filter(|words| !words.is_empty());
        }
        let Some(name) = script_of(&words, self.package) else {
            let of_manager = matches!(program, "npm" | "pnpm" | "yarn" | "bun");
            // `yarn knex` is the program of a dependency.
            return match second {
                Some(next) if program == "yarn" && !next.starts_with('-') => {
                    Some(words[1..].to_vec())
                }
                _ => (!of_manager).then_some(words),
            };
        };
        let script = self.package.script(name)?;
        let around = ["pre", "post"].map(|when| format!("{when}{name}"));
        if around
            .iter()
            .any(|name| self.package.script(name).is_some())
        {
            return None;
        }
        let statements = shell::statements(&script.command);
        let [statement] = statements.as_slice() else {
            return None;
        };
        if statement.is_assignment() || script.command.contains(['|', ';', '&', '<', '>', '$', '`'])
        {
            return None;
        }
        let at = words.iter().position(|word| word == name)?;
        let mut given = &words[at + 1..];
        if given.first().is_some_and(|word| word == "--") {
            given = &given[1..];
        } else if program == "npm" && given.iter().any(|word| word.starts_with('-')) {
            // Those are npm's own.
            return None;
        }
        let mut inner = statement.texts();
        inner.extend_from_slice(given);
        self.alone(inner, depth)
    }

    /// Every simple command that `command` runs, through scripts, too.
    fn reach(&self, command: &str, depth: usize, reached: &mut Vec<Vec<String>>) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        for words in shell::commands(command).iter().map(shell::Command::texts) {
            if let Some(script) =
                script_of(&words, self.package).and_then(|name| self.package.script(name))
            {
                self.reach(&script.command, depth, reached);
            }
            reached.push(words);
        }
    }

    /// Whether a command calls a program of `one`, loads a module of it, or runs a file that does.
    fn uses(&self, words: &[String], one: &Requirement) -> bool {
        let name = one.name.as_str();
        let last = name.rsplit('/').next().unwrap_or(name);
        let is_program = |word: &str| {
            let called = word.rsplit('/').next().unwrap_or(word);
            let other = PROGRAMS
                .iter()
                .any(|(package, program)| *package == name && *program == called);
            other || (called == last && (!word.contains('/') || word.contains(".bin/")))
        };
        let is_module = |word: &str| {
            let module = word.rsplit_once("node_modules/").map_or(word, |(_, it)| it);
            let rest = module.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let said = words.iter().any(|word| {
            let value = word.split_once('=').map_or(word.as_str(), |(_, it)| it);
            is_program(word) || is_module(value)
        });
        said || self.loads(words, name) || self.imports(words, name)
    }

    /// Whether a program loads a configuration in TypeScript with the package `name`.
    fn loads(&self, words: &[String], name: &str) -> bool {
        let loads = |word: &String| LOADS.contains(&word.rsplit('/').next().unwrap_or(word));
        let typed = |word: &String| word.ends_with(".ts");
        let knexfile = || {
            let path = self.package.root.join("knexfile.ts");
            path.is_ok_and(|path| self.tree.has(&path))
        };
        LOADERS.contains(&name)
            && words.iter().any(loads)
            && (words.iter().any(typed) || knexfile())
    }

    /// Whether a file that is run imports the package `name`.
    fn imports(&self, words: &[String], name: &str) -> bool {
        let files = words.iter().skip(1).filter_map(|word| {
            let path = self.package.root.join(word.trim_start_matches("./"));
            path.ok().filter(|path| self.tree.has(path))
        });
        let imports = |path: RelPath| {
            let found = source::imports(self.tree, &path);
            found.iter().any(|module| {
                let rest = module.strip_prefix(name);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        files.into_iter().any(imports)
    }
}

fn words(command: &str) -> Vec<String> {
    let found = shell::commands(command).pop();
    found.map(|found| found.texts()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::manifest;
    use super::*;

    fn found(manager: PackageManager, files: &[(&str, &str)], command: &str) -> (String, String) {
        let (_folder, tree) = Tree::laid_out(files);
        let packages = manifest::packages(&tree);
        let search = Search {
            tree: &tree,
            package: &packages[0],
            manager,
        };
        let found = search.of(command);
        (found.command, found.development.join(" "))
    }

    fn of_npm(scripts: &str, development: &str, command: &str) -> (String, String) {
        let manifest = format!(
            "{{\"scripts\": {{{scripts}}}, \"dependencies\": {{\"typeorm\": \"1\"}}, \"devDependencies\": {{{development}}}}}"
        );
        found(PackageManager::Npm, &[("package.json", &manifest)], command)
    }

    #[test]
    fn scripts_are_followed_to_the_programs_that_run() {
        let scripts = "\"typeorm\": \"env-cmd -- ts-node -r tsconfig-paths/register ./node_modules/typeorm/cli.js\", \
                       \"up\": \"npm run typeorm -- --dataSource=a.ts migration:run\"";
        let development =
            "\"env-cmd\": \"1\", \"jest\": \"1\", \"ts-node\": \"1\", \"tsconfig-paths\": \"1\"";
        let (command, development) = of_npm(scripts, development, "npm run up");
        assert_eq!(
            command,
            "ts-node -r tsconfig-paths/register ./node_modules/typeorm/cli.js --dataSource=a.ts migration:run"
        );
        assert_eq!(development, "env-cmd ts-node tsconfig-paths");
    }

    #[test]
    fn npm_runs_what_needs_no_file_of_variables() {
        for (script, development, needed) in [
            ("knex migrate:latest", "\"knex\": \"1\"", "knex"),
            (
                "typeorm migration:run -d dist/a.js",
                "\"ts-node\": \"1\"",
                "",
            ),
            (
                "typeorm migration:run -d src/a.ts",
                "\"ts-node\": \"1\"",
                "ts-node",
            ),
            (
                "typeorm-ts-node-commonjs migration:run -d src/a.ts",
                "\"ts-node\": \"1\"",
                "ts-node",
            ),
            (
                "mikro-orm migration:up",
                "\"@mikro-orm/cli\": \"1\"",
                "@mikro-orm/cli",
            ),
            (
                "node --import=tsx a.ts",
                "\"tsx\": \"1\", \"ts\": \"1\"",
                "tsx",
            ),
            ("npm run build && node dist/tsx.js", "\"tsx\": \"1\"", ""),
            (
                "cross-env A=b sequelize db:migrate",
                "\"sequelize-cli\": \"1\"",
                "sequelize-cli",
            ),
            (
                "node --env-file=.env a.js && node b.js",
                "\"tsx\": \"1\"",
                "",
            ),
        ] {
            let scripts = format!("\"up\": \"{script}\"");
            let (command, development) = of_npm(&scripts, development, "npm run up");
            assert_eq!(
                (command.as_str(), development.as_str()),
                ("npm run up", needed),
                "{script}"
            );
        }
        let around = "\"up\": \"node --env-file=.env a.js\", \"preup\": \"node b.js\"";
        assert_eq!(of_npm(around, "", "npm run up").0, "npm run up");
    }

    #[test]
    fn a_package_manager_that_no_image_has_runs_nothing() {
        let manifest = "{\"scripts\": {\"up\": \"drizzle-kit migrate --config=a.ts\", \"all\": \"pnpm run up && pnpm run b\"}, \
                        \"devDependencies\": {\"drizzle-kit\": \"1\", \"knex\": \"1\"}}";
        let files = [("package.json", manifest)];
        for (manager, command, wanted, needed) in [
            (
                PackageManager::Pnpm,
                "pnpm exec knex migrate:latest",
                "knex migrate:latest",
                "knex",
            ),
            (
                PackageManager::Yarn,
                "yarn knex migrate:latest",
                "knex migrate:latest",
                "knex",
            ),
            (
                PackageManager::Bun,
                "bunx knex migrate:latest",
                "knex migrate:latest",
                "knex",
            ),
            (
                PackageManager::Pnpm,
                "pnpm run up",
                "drizzle-kit migrate --config=a.ts",
                "drizzle-kit",
            ),
            (
                PackageManager::Yarn,
                "yarn run up --verbose",
                "drizzle-kit migrate --config=a.ts --verbose",
                "drizzle-kit",
            ),
            (
                PackageManager::Pnpm,
                "pnpm run all",
                "pnpm run all",
                "drizzle-kit",
            ),
            (
                PackageManager::Npm,
                "npx knex migrate:latest",
                "npx knex migrate:latest",
                "knex",
            ),
        ] {
            let found = found(manager, &files, command);
            assert_eq!(
                (found.0.as_str(), found.1.as_str()),
                (wanted, needed),
                "{command}"
            );
        }
    }

    #[test]
    fn a_file_that_is_run_shows_what_it_imports() {
        let manifest = "{\"scripts\": {\"up\": \"node --env-file .env ./scripts/up.js\", \"kept\": \"node --env-file=settings/all up.mjs\"}, \
                        \"devDependencies\": {\"pg\": \"1\", \"@scope/log\": \"1\", \"pg-format\": \"1\"}}";
        let files = [
            ("package.json", manifest),
            ("scripts/up.js", "const { Client } = require('pg');\n"),
            (
                "up.mjs",
                "import log from \"@scope/log/plain\";\nlog('require(\"pg\")');\n",
            ),
            ("settings/all", "A=b\n"),
        ];
        let of = |command| found(PackageManager::Npm, &files, command);
        assert_eq!(
            of("npm run up"),
            ("node ./scripts/up.js".to_owned(), "pg".to_owned())
        );
        assert_eq!(
            of("npm run kept"),
            ("npm run kept".to_owned(), "@scope/log".to_owned())
        );
    }
}
