//! How a package's database schema is migrated, and which engine its schema names.

use super::command::{execute, run};
use super::manifest::{Package, Script};
use super::{configuration, in_image};
use crate::detect::Tree;
use crate::detect::structured::Node;
use crate::project::{
    BackingKind, Confidence, Evidence, Fact, Migration, PackageManager, RelPath, Sign, Sought,
};

/// Tools that are known by a dependency: the words that apply all migrations, and the folders
/// that hold them by custom.
const TOOLS: &[(&str, &str, &[&str])] = &[
    (
        "knex",
        "knex migrate:latest",
        &[
            "migrations",
            "db/migrations",
            "src/migrations",
            "database/migrations",
            "src/database/migrations",
            "src/db/migrations",
        ],
    ),
    (
        "sequelize-cli",
        "sequelize-cli db:migrate",
        &[
            "migrations",
            "db/migrations",
            "src/migrations",
            "src/db/migrations",
        ],
    ),
    (
        "node-pg-migrate",
        "node-pg-migrate up",
        &["migrations", "db/migrations"],
    ),
    (
        "db-migrate",
        "db-migrate up",
        &["migrations", "db/migrations"],
    ),
];

/// Words of a script that applies migrations, each with the tool that it is of.
const APPLIES: &[(&str, &str)] = &[
    ("typeorm", "migration:run"),
    ("mikro-orm", "migration:up"),
    ("prisma", "migrate deploy"),
    ("drizzle", "drizzle-kit migrate"),
    ("knex", "migrate:latest"),
    ("sequelize", "db:migrate"),
    ("node-pg-migrate", "node-pg-migrate up"),
    ("db-migrate", "db-migrate up"),
];

/// Scripts that apply migrations by their name, best first.
const SCRIPTS: &[&str] = &[
    "db:migrate",
    "migrate",
    "migration:run",
    "migrate:up",
    "migrations:run",
];

const FOLDERS: &[&str] = &[
    "migrations",
    "db/migrations",
    "src/migrations",
    "src/db/migrations",
    "src/database/migrations",
    "database/migrations",
    "drizzle",
];

/// What is looked at for the migrations of one package.
pub(super) struct Search<'a> {
    pub(super) tree: &'a Tree,
    pub(super) package: &'a Package,
    /// What is installed with it: the schema may be another member's of its workspace.
    pub(super) members: &'a [&'a Package],
    pub(super) manager: PackageManager,
}

impl Search<'_> {
    /// The tool whose configuration or schema is there, else a script that says it.
    pub(super) fn find(&self) -> Option<Fact<Migration>> {
        self.prisma()
            .or_else(|| self.drizzle())
            .or_else(|| self.by_dependency())
            .or_else(|| self.by_script())
            .or_else(|| self.by_member())
    }

    /// The migrations of a member of the workspace that it requires.
    fn by_member(&self) -> Option<Fact<Migration>> {
        let required = |member: &&&Package| {
            let called = member.document.get("name").and_then(Node::text);
            let mut all = self.package.requirements.iter();
            member.path != self.package.path && all.any(|one| Some(one.name.as_str()) == called)
        };
        self.members.iter().filter(required).find_map(|member| {
            let there = Search {
                package: member,
                members: &[],
                ..*self
            };
            let mut fact = there.find()?;
            if fact.confidence != Confidence::Certain {
                return None;
            }
            // What applies them is not on the path of this package.
            fact.value.command = None;
            Some(fact)
        })
    }

    fn fact(tool: &str, command: String, folder: RelPath, at: Evidence) -> Fact<Migration> {
        Fact::certain(
            Migration {
                tool: tool.to_owned(),
                command: Some(command),
                folder,
            },
            at,
        )
    }

    fn folder(&self, names: &[&str]) -> Option<RelPath> {
        names
            .iter()
            .filter_map(|name| self.package.root.join(name).ok())
            .find(|folder| self.tree.has_folder(folder))
    }

    /// Prisma's schema: where the manifest says, else the one nearest to it.
    fn schema(&self) -> Option<RelPath> {
        self.package
            .any("prisma")
            .or_else(|| self.package.any("@prisma/client"))?;
        let told = self
            .package
            .text(self.tree, &["prisma", "schema"])
            .and_then(|(path, _)| self.package.root.join(path.trim_start_matches("./")).ok());
        told.filter(|path| self.tree.has(path)).or_else(|| {
            self.tree
                .named("schema.prisma")
                .filter(|path| path.is_within(&self.package.root))
                .min_by_key(|path| path.depth())
                .cloned()
        })
    }

    fn prisma(&self) -> Option<Fact<Migration>> {
        let schema = self.schema()?;
        let usual = self.package.root.join("prisma/schema.prisma").ok();
        let option = if usual.as_ref() == Some(&schema) {
            String::new()
        } else {
            format!(" --schema {}", schema.relative_to(&self.package.root))
        };
        let folder = schema.parent().join("migrations").ok()?;
        if self.tree.has_folder(&folder) {
            return Some(Self::fact(
                "prisma",
                execute(self.manager, &format!("prisma migrate deploy{option}")),
                folder,
                Evidence::file(schema),
            ));
        }
        let mut fact = Self::fact(
            "prisma",
            execute(
                self.manager,
                &format!("prisma db push --skip-generate{option}"),
            ),
            schema.parent(),
            Evidence::file(schema),
        );
        fact.confidence = Confidence::Guess;
        fact.because = Some("there is a schema and no folder of migrations beside it".to_owned());
        Some(fact)
    }

    fn drizzle(&self) -> Option<Fact<Migration>> {
        self.package.any("drizzle-kit")?;
        let configuration = configuration::find(self.tree, &self.package.root, "drizzle.config")?;
        let out = configuration::setting(self.tree, &configuration, "out");
        let name = out
            .as_ref()
            .map_or("drizzle", |(text, _)| text.trim_start_matches("./"));
        let folder = self.package.root.join(name).ok()?;
        let at = out.as_ref().map_or_else(
            || Evidence::file(configuration.clone()),
            |(_, at)| at.clone(),
        );
        Some(Self::fact(
            "drizzle",
            execute(self.manager, "drizzle-kit migrate"),
            folder,
            at,
        ))
    }

    fn by_dependency(&self) -> Option<Fact<Migration>> {
        TOOLS.iter().find_map(|(tool, command, folders)| {
            let requirement = self.package.any(tool)?;
            let folder = self.folder(folders)?;
            // A library that can migrate is used for it where its own configuration is.
            if *tool == "knex" && !self.has_knexfile() {
                return None;
            }
            let name = tool.trim_end_matches("-cli");
            Some(Self::fact(
                name,
                execute(self.manager, command),
                folder,
                requirement.declared.clone(),
            ))
        })
    }

    fn has_knexfile(&self) -> bool {
        ["", "src", "db", "src/db", "database", "config"]
            .iter()
            .filter_map(|folder| self.package.root.join(folder).ok())
            .any(|folder| configuration::find(self.tree, &folder, "knexfile").is_some())
    }

    fn by_script(&self) -> Option<Fact<Migration>> {
        let folder = || {
            self.folder(FOLDERS)
                .unwrap_or_else(|| self.package.root.clone())
        };
        let said = self.package.scripts.iter().filter_map(|script| {
            let (tool, _) = APPLIES
                .iter()
                .find(|(_, words)| script.command.contains(words))?;
            Some((*tool, script))
        });
        let said = said.min_by_key(|(_, script)| self.rank(script));
        if let Some((tool, script)) = said {
            return Some(Self::fact(
                tool,
                run(self.manager, &script.name),
                folder(),
                script.at.clone(),
            ));
        }
        let script = SCRIPTS.iter().find_map(|name| self.package.script(name))?;
        let mut fact = Self::fact(
            "script",
            run(self.manager, &script.name),
            self.folder(FOLDERS)?,
            script.at.clone(),
        );
        fact.confidence = Confidence::Likely;
        fact.because = Some("a script of this name beside a folder of migrations".to_owned());
        Some(fact)
    }

    /// Of two scripts that apply migrations, the one for production goes first, then one that an image
    /// without dependencies for development can run: what is compiled.
    fn rank(&self, script: &Script) -> (bool, bool, bool) {
        let parts: Vec<&str> = script.name.split([':', '-', '_', '.']).collect();
        let has = |known: &[&str]| parts.iter().any(|part| known.contains(part));
        let search = in_image::Search {
            tree: self.tree,
            package: self.package,
            manager: self.manager,
        };
        let development = search.of(&run(self.manager, &script.name)).development;
        (
            has(&["dev", "local", "test", "e2e"]),
            !has(&["prod", "production"]),
            !development.is_empty(),
        )
    }

    /// The engine that Prisma's schema names; None for `SQLite`, with its place apart.
    pub(super) fn engine(&self) -> Option<(Option<Sign>, Evidence)> {
        let schema = self.schema()?;
        let text = self.tree.text(&schema)?;
        let mut inside = false;
        let (line, provider) = text.lines().enumerate().find_map(|(index, line)| {
            let line = line.trim();
            inside = (inside || line.starts_with("datasource ")) && !line.starts_with('}');
            let (key, value) = line.split_once('=').filter(|_| inside)?;
            (key.trim() == "provider").then(|| (index + 1, value.trim().trim_matches('"')))
        })?;
        let at = self.tree.at(&schema, line);
        let kind = match provider {
            "postgresql" | "postgres" | "cockroachdb" => BackingKind::Postgres,
            "mysql" => BackingKind::Mysql,
            "mongodb" => BackingKind::Mongodb,
            "sqlite" => return Some((None, at)),
            _ => return None,
        };
        Some((
            Some(Sign {
                of: Sought::Backing(kind),
                at: at.clone(),
            }),
            at,
        ))
    }
}
