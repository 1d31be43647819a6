//! A project as a person reads it: what it is, and where that is written.

use super::Output;
use crate::project::{
    BackingService, Claim, Confidence, Evidence, Existing, Fact, Finding, Library, LintCommand,
    Need, Project, Service, ServiceKind, Severity, TestCommand, Unknown,
};
use console::Style;
use std::fmt::Write;

/// Places shown for one fact; the rest is counted.
const PLACES: usize = 2;

/// Width of the column of names.
const NAMES: usize = 16;

/// The whole project as text, with colours where `output` has them.
pub(crate) fn show_project(project: &Project, output: &Output) -> String {
    let mut page = Page {
        text: String::new(),
        style: output.style(),
        verbose: output.is_verbose(),
    };
    page.head(project);
    for (number, service) in project.services.iter().enumerate() {
        page.service(service, &project.services[..number]);
    }
    for library in &project.libraries {
        page.library(library, "library", "; it gets no Dockerfile");
    }
    for package in &project.packages {
        let note = if package.framework.is_some() {
            "; it is run by hand and answers no request: no Dockerfile"
        } else {
            ""
        };
        page.library(package, "package", note);
    }
    page.backing(&project.backing, &project.needs);
    page.development(project);
    page.existing(&project.existing);
    page.unknown(&project.unknown);
    page.findings(&project.findings);
    page.text
}

/// What the version of a service's runtime is one of: of a site, what its generator is written in or comes as.
fn runtime(service: &Service) -> &str {
    let generator = service.framework.as_ref().map(|fact| fact.value.as_str());
    match generator.filter(|_| service.ecosystem == "static") {
        Some("jupyter-book" | "mkdocs" | "pelican" | "sphinx") => "python",
        Some("jekyll") => "ruby",
        Some(other) => other,
        None => service.ecosystem,
    }
}

struct Page {
    text: String,
    style: Style,
    verbose: bool,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    fn title(&mut self, text: &str) {
        let styled = self.style.clone().bold().apply_to(text).to_string();
        self.text.push('\n');
        self.line(&styled);
    }

    fn dim(&self, text: &str) -> String {
        self.style.clone().dim().apply_to(text).to_string()
    }

    fn places(&self, evidence: &[Evidence]) -> String {
        let shown = if self.verbose { evidence.len() } else { PLACES };
        let mut places: Vec<String> = Vec::new();
        for one in evidence {
            let place = clean(&one.to_string());
            if !places.contains(&place) {
                places.push(place);
            }
        }
        let more = places.len().saturating_sub(shown);
        places.truncate(shown);
        let mut text = places.join(", ");
        if more > 0 {
            let _ = write!(text, " and {more} more");
        }
        text
    }

    /// One row: name, value, how sure where not certain, where it is written.
    fn row(&mut self, name: &str, value: &str, confidence: Confidence, evidence: &[Evidence]) {
        let doubt = match confidence {
            Confidence::Certain => String::new(),
            other => {
                let text = format!("({other})");
                format!(" {}", self.style.clone().yellow().apply_to(text))
            }
        };
        let places = self.dim(&self.places(evidence));
        let gap = if places.is_empty() { "" } else { "  " };
        let value = clean(value);
        let name = column(name);
        self.line(&format!("  {name}{value}{doubt}{gap}{places}"));
    }

    fn fact<T>(&mut self, name: &str, fact: &Fact<T>, show: impl Fn(&T) -> String) {
        self.row(name, &show(&fact.value), fact.confidence, &fact.evidence);
        self.contradictions(fact);
    }

    fn optional<T>(&mut self, name: &str, fact: Option<&Fact<T>>, show: impl Fn(&T) -> String) {
        if let Some(fact) = fact {
            self.fact(name, fact, show);
        }
    }

    fn contradictions<T>(&mut self, fact: &Fact<T>) {
        let indent = " ".repeat(NAMES + 2);
        for Claim { value, evidence } in &fact.against {
            let places = self.places(evidence);
            let place = if places.is_empty() {
                String::new()
            } else {
                format!(" ({places})")
            };
            let because = fact
                .because
                .as_ref()
                .map(|rule| format!(" — lost because {rule}"))
                .unwrap_or_default();
            let text = clean(&format!("also said: {value}{place}{because}"));
            let styled = self.style.clone().yellow().apply_to(text).to_string();
            self.line(&format!("{indent}{styled}"));
        }
        if fact.against.is_empty()
            && let Some(rule) = &fact.because
            && (self.verbose || fact.evidence.is_empty())
        {
            let text = self.dim(&format!("because {rule}"));
            self.line(&format!("{indent}{text}"));
        }
    }

    fn head(&mut self, project: &Project) {
        let name = self
            .style
            .clone()
            .bold()
            .apply_to(&project.name.value)
            .to_string();
        let what = match (project.services.len(), project.libraries.len()) {
            (0, 0) => match project.packages.len() {
                0 => "nothing recognised".to_owned(),
                n => format!(
                    "{}; nothing to run",
                    super::counted(n, "package", "packages")
                ),
            },
            (0, 1) => "a library; nothing to run".to_owned(),
            (0, n) => format!("{n} libraries; nothing to run"),
            (1, 0) => "one service".to_owned(),
            (n, 0) => format!("{n} services"),
            (n, m) => format!(
                "{}, {}",
                super::counted(n, "service", "services"),
                super::counted(m, "library", "libraries")
            ),
        };
        let places = self.dim(&self.places(&project.name.evidence));
        self.line(&format!("{name}: {what}  {places}"));
        self.contradictions(&project.name);
    }

    fn service(&mut self, service: &Service, before: &[Service]) {
        let kind = match service.kind.value {
            ServiceKind::Web => "web service",
            ServiceKind::Worker => "worker",
            ServiceKind::Scheduler => "scheduler",
            ServiceKind::Job => "job",
            ServiceKind::Static => "static site",
        };
        self.title(&format!("{} — {kind} in {}", service.name, service.root));
        self.fact("kind", &service.kind, |_| kind.to_owned());
        let text = Clone::clone;
        let shown = ToString::to_string;
        self.optional("framework", service.framework.as_ref(), text);
        self.fact("runs in", &service.working_dir, ToString::to_string);
        self.optional("entry", service.entry.as_ref(), text);
        self.optional("build", service.build.as_ref(), text);
        self.optional("build makes", service.output.as_ref(), shown);
        for front_end in &service.front_ends {
            for made in &front_end.outputs {
                self.fact("front end", made, |made| match &front_end.package.build {
                    Some(build) => format!(
                        "{} by {} in {}",
                        made.to, build.value, front_end.package.root
                    ),
                    None => made.to.to_string(),
                });
            }
        }
        self.optional("server", service.server_command.as_ref(), text);
        self.optional("server to add", service.add_server.as_ref(), text);
        let capacity = &service.capacity;
        self.optional("workers", capacity.workers.as_ref(), ToString::to_string);
        self.optional("threads", capacity.threads.as_ref(), ToString::to_string);
        self.optional("timeout", capacity.timeout.as_ref(), |seconds| {
            format!("{seconds} s")
        });
        self.optional("port", service.port.as_ref(), ToString::to_string);
        self.optional("health", service.health.as_ref(), text);
        self.optional("runtime", service.runtime_version.as_ref(), |version| {
            format!("{} {version}", runtime(service))
        });
        self.optional("packages by", service.package_manager.as_ref(), |manager| {
            format!("{manager:?}").to_lowercase()
        });
        self.optional("manifest", service.manifest.as_ref(), shown);
        self.optional("lock", service.lock.as_ref(), shown);
        for root in &service.import_roots {
            self.fact("import root", root, ToString::to_string);
        }
        for folder in &service.templates {
            self.fact("templates", folder, ToString::to_string);
        }
        for folder in &service.static_dirs {
            self.fact("static files", folder, ToString::to_string);
        }
        for folder in &service.writable {
            self.fact("writes to", folder, ToString::to_string);
        }
        for folder in &service.volumes {
            self.fact("writes to", folder, Clone::clone);
        }
        for package in &service.system_packages {
            self.fact("system package", package, Clone::clone);
        }
        for package in &service.build_packages {
            self.fact("to build", package, Clone::clone);
        }
        self.checks(service.test.as_ref(), &service.lint);
        self.optional("migrations", service.migration.as_ref(), |migration| {
            format!("{} in {}", migration.tool, migration.folder)
        });
        self.optional("only one", service.single.as_ref(), |single| {
            single.message.clone()
        });
        self.variables(service, before);
    }

    fn variables(&mut self, service: &Service, before: &[Service]) {
        if service.env.is_empty() {
            return;
        }
        if let Some(same) = before.iter().find(|other| other.env == service.env) {
            let text = format!("  reads from the environment what {} reads", same.name);
            self.line(&text);
            return;
        }
        self.line("  reads from the environment");
        let width = service
            .env
            .iter()
            .map(|variable| variable.name.len())
            .max()
            .unwrap_or(0);
        for variable in &service.env {
            let mut notes: Vec<String> = Vec::new();
            if variable.secret {
                notes.push("secret".to_owned());
            }
            match &variable.default {
                Some(default) if !variable.secret => notes.push(format!("default {default:?}")),
                _ if variable.required => notes.push("required".to_owned()),
                _ => {}
            }
            if variable.insecure_default {
                notes.push("insecure default in the code".to_owned());
            }
            let notes = notes.join(", ");
            let mut places = variable.read_at.clone();
            places.splice(0..0, variable.set_at.clone());
            let places = self.dim(&self.places(&places));
            let name = clean(&variable.name);
            self.line(&format!("    {name:<width$}  {notes}  {places}"));
        }
    }

    fn library(&mut self, library: &Library, what: &str, note: &str) {
        self.title(&format!(
            "{} — {what} in {}{note}",
            library.name.value, library.root
        ));
        self.fact("name", &library.name, Clone::clone);
        self.optional("made for", library.framework.as_ref(), Clone::clone);
        self.optional("runtime", library.runtime_version.as_ref(), |version| {
            format!("{} {version}", library.ecosystem)
        });
        self.optional("packages by", library.package_manager.as_ref(), |manager| {
            format!("{manager:?}").to_lowercase()
        });
        self.optional("build", library.build.as_ref(), Clone::clone);
        self.checks(library.test.as_ref(), &library.lint);
    }

    fn checks(&mut self, test: Option<&Fact<TestCommand>>, lint: &[Fact<LintCommand>]) {
        self.optional("tests", test, |test| {
            format!("{} (in {})", test.command, test.working_dir)
        });
        for fact in lint {
            self.fact("lint", fact, |lint| {
                format!("{} (in {})", lint.command, lint.working_dir)
            });
        }
    }

    fn backing(&mut self, backing: &[BackingService], needs: &[Need]) {
        if backing.is_empty() && needs.is_empty() {
            return;
        }
        self.title("Needs");
        for service in backing {
            let version = service
                .version
                .as_ref()
                .map(|version| format!(" {}", version.value))
                .unwrap_or_default();
            let users = if service.used_by.is_empty() {
                String::new()
            } else {
                format!("for {}", service.used_by.join(", "))
            };
            let name = format!("{}{version}", service.kind);
            self.fact(&name, &service.found, |_| users.clone());
            for part in &service.parts {
                let name = format!("{:?}", part.value).to_lowercase();
                self.fact("", part, |_| name.clone());
            }
            if !service.functions.is_empty() {
                let names = service.functions.join(", ");
                self.line(&format!("  {:<NAMES$}edge functions: {names}", ""));
            }
            if !service.function_env.is_empty() {
                let names: Vec<&str> = service
                    .function_env
                    .iter()
                    .map(|variable| variable.name.as_str())
                    .collect();
                let names = names.join(", ");
                self.line(&format!("  {:<NAMES$}edge functions read: {names}", ""));
            }
            if let Some(folder) = &service.migrations {
                self.line(&format!("  {:<NAMES$}migrations in {folder}", ""));
            }
            for extension in &service.extensions {
                self.fact("", extension, |name| format!("extension {name}"));
            }
        }
        for need in needs {
            let users = if need.used_by.is_empty() {
                "not started by what is generated".to_owned()
            } else {
                format!(
                    "for {}; not started by what is generated",
                    need.used_by.join(", ")
                )
            };
            self.fact(&need.kind.to_string(), &need.found, |_| users.clone());
        }
    }

    fn development(&mut self, project: &Project) {
        let scripts = &project.scripts;
        if project.tools.is_empty() && scripts.seed.is_none() && scripts.backup.is_none() {
            return;
        }
        self.title("Tools and scripts");
        for tool in &project.tools {
            let version = tool.version.clone().unwrap_or_default();
            let value = format!("{} {version}", tool.name);
            self.row(
                tool.purpose,
                value.trim(),
                tool.found.confidence,
                &tool.found.evidence,
            );
        }
        self.optional("seed", scripts.seed.as_ref(), Clone::clone);
        self.optional("backup", scripts.backup.as_ref(), Clone::clone);
    }

    fn existing(&mut self, existing: &Existing) {
        let mut rows: Vec<(&str, String)> = Vec::new();
        for file in &existing.dockerfiles {
            let from = file.from.as_ref().map_or("", |from| from.excerpt.as_str());
            rows.push(("Dockerfile", format!("{} (from {from})", file.path)));
        }
        for file in &existing.compose_files {
            let names: Vec<&str> = file
                .services
                .iter()
                .map(|service| service.name.as_str())
                .collect();
            rows.push(("compose", format!("{} ({})", file.path, names.join(", "))));
            let shown = if self.verbose {
                file.obstacles.len()
            } else {
                3
            };
            for why in file.obstacles.iter().take(shown) {
                let text = format!("not included as it is: {} ({why})", why.excerpt);
                rows.push(("", text));
            }
            if file.obstacles.len() > shown {
                rows.push((
                    "",
                    format!("and {} reasons more", file.obstacles.len() - shown),
                ));
            }
        }
        for path in &existing.dockerignores {
            rows.push(("dockerignore", path.to_string()));
        }
        let listings = existing
            .devcontainers
            .iter()
            .map(|file| ("devcontainer", file))
            .chain(existing.ci.iter().map(|file| ("CI", file)))
            .chain(existing.hooks.iter().map(|file| ("hooks", file)))
            .chain(existing.makefile.iter().map(|file| ("Makefile", file)))
            .chain(existing.procfile.iter().map(|file| ("Procfile", file)))
            .chain(existing.scripts.iter().map(|file| ("script", file)));
        for (what, file) in listings {
            let entries: Vec<&str> = file
                .entries
                .iter()
                .map(|entry| entry.excerpt.as_str())
                .take(6)
                .collect();
            let shown = if entries.is_empty() {
                file.path.to_string()
            } else {
                let more = if file.entries.len() > 6 { ", …" } else { "" };
                format!("{} ({}{more})", file.path, entries.join(", "))
            };
            rows.push((what, shown));
        }
        if rows.is_empty() {
            return;
        }
        self.title("There already");
        for (name, value) in rows {
            let value = clean(&value);
            let name = column(name);
            self.line(&format!("  {name}{value}"));
        }
    }

    fn unknown(&mut self, unknown: &[Unknown]) {
        if unknown.is_empty() {
            return;
        }
        self.title("Unknown");
        for one in unknown {
            self.line(&format!(
                "  {}looked at: {}",
                column(&one.fact),
                one.looked_at.join(", ")
            ));
            let answer = self.dim(&format!("answer in shipway.toml: {}", one.answer_with));
            self.line(&format!("  {:<NAMES$}{answer}", ""));
        }
    }

    fn findings(&mut self, findings: &[Finding]) {
        if findings.is_empty() {
            return;
        }
        self.title("Findings");
        for finding in findings {
            let style = self.style.clone();
            let severity = match finding.severity {
                Severity::Error => style.red().apply_to("error"),
                Severity::Warning => style.yellow().apply_to("warning"),
                Severity::Note => style.cyan().apply_to("note"),
            };
            let places = self.dim(&self.places(&finding.evidence));
            let message = clean(&finding.message);
            self.line(&format!(
                "  {severity} {message} [{}]  {places}",
                finding.id
            ));
            self.line(&format!("    mend: {}", clean(&finding.mend)));
        }
    }
}

/// `name` filled up to the column of values; a longer one still gets a space behind it.
fn column(name: &str) -> String {
    let width = NAMES.max(name.chars().count() + 1);
    format!("{:<width$}", clean(name))
}

/// Text of the repository with its control characters escaped: a file's name must not move
/// the cursor or recolour the terminal.
pub(super) fn clean(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| {
            if c.is_control() {
                c.escape_default().to_string()
            } else {
                c.to_string()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_told_from_its_value() {
        assert_eq!(column("port"), "port            ");
        assert_eq!(column("web.runtime_version"), "web.runtime_version ");
    }

    #[test]
    fn control_characters_are_shown_and_not_sent() {
        assert_eq!(clean("a\u{1b}[31m\nb"), "a\\u{1b}[31m\\nb");
        assert_eq!(clean("ü — x"), "ü — x");
    }
}
