//! How the database's schema is migrated.

use super::code::Code;
use super::django::Django;
use super::manifest::{Package, Section};
use super::mention::Mention;
use super::role;
use super::syntax::{Function, Kind, StmtKind, each_statement};
use crate::project::{Confidence, Evidence, Fact, Migration, RelPath};

/// What is looked at for the migrations of one web service.
pub(super) struct Search<'a, 't> {
    pub(super) code: &'a Code<'t>,
    pub(super) package: &'a Package,
    pub(super) mentions: &'a [Mention],
    pub(super) django: Option<&'a Django>,
    /// What `flask --app` and `litestar --app` are given.
    pub(super) entry: &'a str,
    /// Folder that the command runs in.
    pub(super) working_dir: &'a RelPath,
}

/// Folders of plain SQL by custom.
const SQL: &[&str] = &[
    "migrations",
    "db/migrations",
    "database/migrations",
    "sql/migrations",
    "sql",
    "db/patches",
];

/// Groups of commands about the schema, and commands that bring it up to date.
const GROUPS: &[&str] = &["db", "database", "migrations", "schema"];
const UPGRADES: &[&str] = &["upgrade", "migrate"];

/// What a function is registered on by a decorator `owner.kind("name")`, and the name of the
/// command that it becomes.
fn decorated(function: &Function, kind: &str) -> Option<(Option<String>, String)> {
    function.decorators.iter().find_map(|decorator| {
        let (callee, args) = decorator
            .call()
            .map_or((decorator, &[][..]), |(callee, args)| (callee, args));
        let Kind::Attr(owner, method) = &callee.kind else {
            return None;
        };
        if method != kind {
            return None;
        }
        let named = super::syntax::argument(args, Some(0), "name").and_then(|name| name.text());
        let name = named.map_or_else(|| function.name.replace('_', "-"), str::to_owned);
        Some((owner.name().map(str::to_owned), name))
    })
}

impl Search<'_, '_> {
    /// The migration tool: what is configured, else what a command of the repository runs.
    pub(super) fn find(&self) -> Option<Fact<Migration>> {
        if let Some(django) = self.django {
            return self.django(django);
        }
        self.flask()
            .or_else(|| {
                let alembic = self.alembic();
                let sure = alembic
                    .as_ref()
                    .is_some_and(|fact| fact.confidence == Confidence::Certain);
                if sure {
                    alembic
                } else {
                    self.own_program().or(alembic)
                }
            })
            .or_else(|| self.litestar())
            .or_else(|| self.commanded())
            .or_else(|| self.supabase())
            .or_else(|| self.plain())
    }

    fn fact(tool: &str, command: Option<String>, folder: RelPath, at: Evidence) -> Fact<Migration> {
        Fact::certain(
            Migration {
                tool: tool.to_owned(),
                command,
                folder,
            },
            at,
        )
    }

    /// Folders with this file of the project that are part of it, outermost first.
    fn folders_with(&self, name: &str) -> Vec<RelPath> {
        let mut found: Vec<RelPath> = self
            .code
            .tree
            .named(name)
            .filter(|path| path.is_within(&self.package.root) && !role::is_test(path))
            .map(RelPath::parent)
            .filter(|folder| !role::beside(folder))
            .collect();
        found.sort_by_key(|folder| (folder.depth(), folder.clone()));
        found
    }

    /// Whether anything sets `DATABASES`; without it there is nothing that Django could migrate.
    fn names_databases(&self, django: &Django) -> bool {
        let tree = self.code.tree;
        let others = ["py", "toml", "yaml", "yml", "json", "ini"];
        let others = others.iter().flat_map(|one| tree.with_extension(one));
        let within = others.filter(|path| path.is_within(&self.package.root));
        let names = |path: &RelPath| tree.text(path).is_some_and(|it| it.contains("DATABASES"));
        django.loaded.iter().chain(within).any(names)
    }

    fn django(&self, django: &Django) -> Option<Fact<Migration>> {
        let mut folders: Vec<RelPath> = self
            .code
            .tree
            .named("__init__.py")
            .filter(|path| path.is_within(&self.package.root) && !role::is_test(path))
            .map(RelPath::parent)
            .filter(|folder| {
                folder.file_name() == "migrations" && folder.is_within(&django.manage.parent())
            })
            // An installed application is part of it, whatever it is called (`cookbook`).
            .filter(|folder| !role::beside(folder) || django.loads(&folder.parent()))
            .collect();
        folders.sort_by_key(|folder| (folder.depth(), folder.clone()));
        let folder = folders.into_iter().next()?;
        if !self.names_databases(django) {
            return None;
        }
        let manage = django.manage.relative_to(self.working_dir);
        Some(Self::fact(
            "django",
            Some(format!("python {manage} migrate --noinput")),
            folder.clone(),
            Evidence::file(folder),
        ))
    }

    /// Flask-Migrate keeps an `env.py` of Alembic in its folder.
    fn flask(&self) -> Option<Fact<Migration>> {
        let requirement = self.package.any("flask-migrate")?;
        let folder = self.alembic_folder()?;
        let usual = self.working_dir.join("migrations").ok();
        let directory = if usual.as_ref() == Some(&folder) {
            String::new()
        } else {
            format!(" --directory {}", folder.relative_to(self.working_dir))
        };
        Some(Self::fact(
            "flask-migrate",
            Some(format!(
                "flask --app '{}' db upgrade{directory}",
                self.entry
            )),
            folder,
            requirement.declared.clone(),
        ))
    }

    /// The folder of Alembic's `env.py`.
    fn alembic_folder(&self) -> Option<RelPath> {
        self.folders_with("env.py").into_iter().find(|folder| {
            folder
                .join("env.py")
                .ok()
                .and_then(|path| self.code.tree.text(&path))
                .is_some_and(|text| text.contains("alembic"))
        })
    }

    fn alembic(&self) -> Option<Fact<Migration>> {
        let tree = self.code.tree;
        let told = self
            .mentions
            .iter()
            .filter(|mention| mention.program() == "alembic")
            .find_map(|mention| mention.option(&["-c", "--config"]));
        let root = &self.package.root;
        let mut inside = false;
        let ini = told
            .into_iter()
            .chain(["alembic.ini", "conf/alembic.ini", "config/alembic.ini"])
            .filter_map(|name| root.join(name).ok())
            .find(|path| tree.has(path))
            .or_else(|| {
                // Inside the package, where it says itself where the scripts lie.
                self.folders_with("alembic.ini")
                    .into_iter()
                    .filter_map(|folder| folder.join("alembic.ini").ok())
                    .find(|path| {
                        tree.text(path).is_some_and(|text| {
                            text.contains("[alembic]") && text.contains("script_location")
                        })
                    })
                    .inspect(|_| inside = true)
            })?;
        let text = tree.text(&ini)?;
        let sections = Section::read_all(&text).unwrap_or_default();
        let location = sections
            .iter()
            .find(|section| section.name == "alembic")
            .and_then(|section| section.get("script_location"))
            .map(str::trim);
        let folder = location
            .and_then(|text| match text.strip_prefix("%(here)s") {
                Some(rest) => ini.parent().join(rest.trim_start_matches('/')).ok(),
                // `package:folder` of an installed package.
                None => root.join(&text.replace(':', "/")).ok(),
            })
            .filter(|folder| tree.has_folder(folder))
            .or_else(|| self.alembic_folder())?;
        let line = text
            .lines()
            .position(|line| line.trim_start().starts_with("script_location"))
            .map_or(0, |index| index + 1);
        let config = ini.relative_to(self.working_dir);
        let command = if config == "alembic.ini" {
            "alembic upgrade head".to_owned()
        } else {
            format!("alembic --config {config} upgrade head")
        };
        let mut fact = Self::fact(
            "alembic",
            Some(command),
            folder,
            Evidence::new(ini, line, "script_location"),
        );
        if inside {
            fact.confidence = Confidence::Likely;
            fact.because = Some(
                "its configuration lies inside a package: a program of the project's own may be what runs it"
                    .to_owned(),
            );
        }
        Some(fact)
    }

    /// A program of the project's own with a command for it: `ferry database upgrade`, by Click or
    /// Typer, around Alembic.
    fn own_program(&self) -> Option<Fact<Migration>> {
        let folder = self.alembic_folder()?;
        let (group, command, at) = self
            .code
            .tree
            .with_extension("py")
            .filter(|path| path.is_within(&self.package.root) && role::is_application(path))
            .filter(|path| {
                self.code.tree.text(path).is_some_and(|text| {
                    text.contains(".command")
                        && UPGRADES.iter().any(|name| text.contains(name))
                        && (text.contains("click") || text.contains("typer"))
                })
            })
            .find_map(|path| {
                let module = self.code.module(path)?;
                let mut functions: Vec<(usize, &Function)> = Vec::new();
                each_statement(&module.body, &mut |statement| {
                    if let StmtKind::Function(function) = &statement.kind {
                        functions.push((statement.line, function));
                    }
                });
                let (line, group, command) = functions.iter().find_map(|(line, function)| {
                    let (owner, command) = decorated(function, "command")?;
                    let owner = owner?;
                    let group = functions
                        .iter()
                        .find(|(_, other)| other.name == owner)
                        .and_then(|(_, other)| decorated(other, "group"))
                        .map_or_else(|| owner.clone(), |(_, name)| name);
                    (GROUPS.contains(&group.as_str()) && UPGRADES.contains(&command.as_str()))
                        .then_some((*line, group, command))
                })?;
                Some((group, command, module.at(line)))
            })?;
        let points = &self.package.entry_points;
        let own = self.package.name.as_ref().map(|name| name.value.as_str());
        let program = points
            .iter()
            .find(|point| Some(point.name.as_str()) == own)
            .or_else(|| points.first().filter(|_| points.len() == 1))?;
        let mut fact = Self::fact(
            "alembic",
            Some(format!("{} {group} {command}", program.name)),
            folder,
            at,
        );
        fact.confidence = Confidence::Likely;
        fact.because = Some("a program of the project's own runs Alembic".to_owned());
        Some(fact)
    }

    /// Advanced Alchemy's command in Litestar's command line.
    fn litestar(&self) -> Option<Fact<Migration>> {
        let requirement = self.package.runtime("advanced-alchemy")?;
        self.package.runtime("litestar")?;
        let folder = self.alembic_folder()?;
        let entry = self.entry.trim_end_matches("()");
        Some(Self::fact(
            "alembic",
            Some(format!(
                "litestar --app {entry} database upgrade --no-prompt"
            )),
            folder,
            requirement.declared.clone(),
        ))
    }

    /// Tools that only a command of the repository tells of.
    fn commanded(&self) -> Option<Fact<Migration>> {
        const COMMANDS: &[(&str, &[&str])] = &[
            ("aerich", &["upgrade"]),
            ("yoyo", &["apply"]),
            ("piccolo", &["migrations", "forwards"]),
            ("pw_migrate", &["migrate"]),
            ("dbmate", &["up"]),
        ];
        let (mention, tool) = self.mentions.iter().find_map(|mention| {
            let (tool, _) = COMMANDS.iter().find(|(program, words)| {
                mention.program() == *program
                    && words
                        .iter()
                        .all(|word| mention.arguments().iter().any(|one| one == word))
            })?;
            Some((mention, *tool))
        })?;
        let folder = self.first_folder(&["migrations", "db/migrations"])?;
        Some(Self::fact(
            tool,
            Some(crate::detect::shell::join(&mention.words)),
            folder,
            mention.at.clone(),
        ))
    }

    fn supabase(&self) -> Option<Fact<Migration>> {
        let requirement = self.package.any("supabase")?;
        let folder = RelPath::parse("supabase/migrations").ok()?;
        if !self.code.tree.has_folder(&folder) {
            return None;
        }
        let mut fact = Self::fact("supabase", None, folder.clone(), Evidence::file(folder));
        fact.evidence.push(requirement.declared.clone());
        Some(fact)
    }

    /// Numbered or dated SQL files in a folder that is for them.
    fn plain(&self) -> Option<Fact<Migration>> {
        let tree = self.code.tree;
        let is_sql = |folder: &RelPath| {
            let mut files = 0;
            let mut numbered = 0;
            for path in tree.with_extension("sql") {
                if path.parent() == *folder {
                    files += 1;
                    let name = path.file_name().trim_start_matches(['V', 'v']);
                    numbered += usize::from(name.starts_with(|c: char| c.is_ascii_digit()));
                }
            }
            files > 0 && files == numbered
        };
        let folder = SQL
            .iter()
            .filter_map(|name| self.package.root.join(name).ok())
            .chain(SQL.iter().filter_map(|name| RelPath::parse(name).ok()))
            .find(is_sql)?;
        let first = tree
            .with_extension("sql")
            .find(|path| path.parent() == folder)?;
        Some(Fact::new(
            Migration {
                tool: "sql".to_owned(),
                command: None,
                folder,
            },
            Confidence::Likely,
            vec![Evidence::file(first.clone())],
        ))
    }

    fn first_folder(&self, names: &[&str]) -> Option<RelPath> {
        names
            .iter()
            .filter_map(|name| self.package.root.join(name).ok())
            .find(|path| self.code.tree.has_folder(path))
    }
}
