//! A repository with its project, and what its user did to the generated files.

use crate::sandbox::{Sandbox, Tree};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Where what the user does not look at lies.
const RECORDS: &[&str] = &[".shipway/", "shipway.lock"];
pub(super) const PROPOSAL: &str = ".shipway-proposal";

pub(super) struct World {
    pub sandbox: Sandbox,
    pub rng: fastrand::Rng,
    pub ledger: Ledger,
    project: Project,
    tokens: usize,
}

/// What the user did, and what therefore must hold.
#[derive(Default)]
pub(super) struct Ledger {
    /// What he wrote, with the file that it is in.
    pub tokens: BTreeMap<String, String>,
    /// What he took out of a file.
    pub cuts: Vec<Cut>,
    /// What he deleted or moved away.
    pub gone: BTreeSet<String>,
    pub modes: BTreeMap<String, u32>,
    pub crlf: BTreeSet<String>,
    /// Files that he edited.
    pub touched: BTreeSet<String>,
    /// From where to where he moved files since the last update.
    pub moves: Vec<(String, String)>,
}

/// The beginning of a line, or all of it, that was in a file once.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    pub path: String,
    pub line: String,
    /// Whether only the line's beginning counts.
    pub is_key: bool,
    /// In YAML the lines that it was nested in, as [`above`] gives them: the same line may be made in
    /// other places, too.
    pub within: Option<Vec<String>>,
}

impl Cut {
    fn is(&self, line: &str) -> bool {
        if self.is_key {
            line.starts_with(&self.line)
        } else {
            line == self.line
        }
    }

    /// How often it is in `text`, in its place.
    pub(super) fn count(&self, text: &str) -> usize {
        let lines: Vec<&str> = text.lines().collect();
        let is_here = |at: &usize| {
            let within = self.within.as_ref();
            self.is(lines[*at]) && within.is_none_or(|within| *within == above(&lines, *at))
        };
        (0..lines.len()).filter(is_here).count()
    }
}

/// The lines that the one `at` is nested in, the innermost first, without remarks behind them.
pub(super) fn above<L: AsRef<str>>(lines: &[L], at: usize) -> Vec<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut inner = indent(lines[at].as_ref());
    let mut found = Vec::new();
    for line in lines[..at].iter().rev().map(AsRef::as_ref) {
        let text = line.trim();
        if !text.is_empty() && !text.starts_with('#') && indent(line) < inner {
            inner = indent(line);
            found.push(text.split(" #").next().unwrap_or(text).to_owned());
        }
    }
    found
}

/// The application that files are generated for.
#[derive(Clone)]
struct Project {
    port: u16,
    variables: usize,
    services: usize,
    requirements: Vec<&'static str>,
    python: &'static str,
    /// Lines that the user added to the application.
    lines: Vec<String>,
}

const REQUIREMENTS: &[&str] = &[
    "redis==5.2.1",
    "psycopg[binary]==3.2.3",
    "requests==2.32.3",
    "celery==5.4.0",
    "pytest==8.3.4",
];

impl World {
    /// An application with what `init` makes for it, committed.
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let project = Project {
            port: 5000,
            variables: 1,
            services: 0,
            requirements: (rng.bool())
                .then_some("psycopg[binary]==3.2.3")
                .into_iter()
                .collect(),
            python: "3.12",
            lines: Vec::new(),
        };
        let world = Self {
            sandbox: Sandbox::new(&[]),
            rng,
            ledger: Ledger::default(),
            project,
            tokens: 0,
        };
        world.lay_project();
        world
    }

    /// The project of `other` with its templates, of which nothing was generated yet.
    pub(super) fn copy_of(other: &Self) -> Self {
        let world = Self {
            sandbox: Sandbox::new(&[]),
            rng: other.rng.clone(),
            ledger: Ledger::default(),
            project: other.project.clone(),
            tokens: 0,
        };
        world.lay_project();
        for (path, (content, _)) in other.sandbox.tree() {
            let path = path.to_str().unwrap();
            if path.starts_with(".shipway/templates/") && !path.ends_with('/') {
                let text = String::from_utf8(content).unwrap();
                world.sandbox.write(path, &text);
            }
        }
        world
    }

    fn lay_project(&self) {
        let project = &self.project;
        let app = |port: u16, variables: usize, lines: &[String]| {
            let mut text = "import os\nfrom flask import Flask\n".to_owned();
            for at in 0..variables {
                let _ = writeln!(text, "VARIABLE_{at} = os.environ[\"VARIABLE_{at}\"]");
            }
            let _ = write!(
                text,
                "KEY = os.environ[\"SECRET_KEY\"]\napp = Flask(__name__)\n{}\n\
                 @app.route(\"/health\")\ndef health():\n    return \"ok\"\n\n\
                 if __name__ == \"__main__\":\n    app.run(port={port})\n",
                lines.concat()
            );
            text
        };
        let write = |path: &str, text: &str| self.sandbox.write(path, text);
        write(
            "app.py",
            &app(project.port, project.variables, &project.lines),
        );
        let more = project.requirements.iter().map(|line| format!("{line}\n"));
        let requirements = format!("flask==3.1.0\n{}", more.collect::<String>());
        write("requirements.txt", &requirements);
        write(".python-version", &format!("{}\n", project.python));
        for at in 0..project.services {
            let port = 7000 + u16::try_from(at).unwrap();
            write(&format!("service{at}/app.py"), &app(port, 0, &[]));
            write(&format!("service{at}/requirements.txt"), "flask==3.1.0\n");
        }
    }

    /// The project becomes another one.
    pub(super) fn change_project(&mut self) -> String {
        let project = &mut self.project;
        let said = match self.rng.u8(0..6) {
            0 | 1 => {
                project.port = *[5000, 5050, 8123, 9000]
                    .iter()
                    .filter(|port| **port != project.port)
                    .nth(self.rng.usize(0..3))
                    .unwrap();
                format!("port {}", project.port)
            }
            2 => {
                project.variables += 1;
                format!("{} variables", project.variables)
            }
            3 if project.services < 2 => {
                project.services += 1;
                format!("{} more services", project.services)
            }
            4 => {
                project.python = if project.python == "3.12" {
                    "3.13"
                } else {
                    "3.12"
                };
                format!("Python {}", project.python)
            }
            _ => {
                let one = REQUIREMENTS[self.rng.usize(0..REQUIREMENTS.len())];
                if project.requirements.contains(&one) {
                    project.requirements.retain(|other| *other != one);
                    format!("without {one}")
                } else {
                    project.requirements.push(one);
                    format!("with {one}")
                }
            }
        };
        self.lay_project();
        said
    }

    /// A line of the user's in the application itself.
    pub(super) fn edit_application(&mut self) -> String {
        let token = self.token("app.py");
        self.project.lines.push(format!("# {token}\n"));
        self.lay_project();
        token
    }

    /// A word that is nowhere else, which `path` has from now on.
    pub(super) fn token(&mut self, path: &str) -> String {
        self.tokens += 1;
        let token = format!("mine{:04}x", self.tokens);
        self.ledger.tokens.insert(token.clone(), path.to_owned());
        token
    }

    /// The files that were generated, sorted; proposals are none.
    pub(super) fn generated(&self) -> Vec<String> {
        let is_own = |path: &str| {
            matches!(path, "app.py" | "requirements.txt" | ".python-version")
                || path.starts_with("service") && path.contains('/')
                || path.ends_with(PROPOSAL)
                || path.ends_with(".rej")
                || RECORDS.iter().any(|record| path.starts_with(record))
        };
        let paths = self.sandbox.tree().into_keys();
        paths
            .map(|path| path.to_str().unwrap().to_owned())
            .filter(|path| !path.ends_with('/') && !is_own(path))
            .collect()
    }

    pub(super) fn proposals(&self) -> Vec<String> {
        let paths = self.sandbox.tree().into_keys();
        paths
            .filter_map(|path| Some(path.to_str()?.strip_suffix(PROPOSAL)?.to_owned()))
            .collect()
    }

    pub(super) fn commit(&self) {
        self.sandbox.git(&["add", "--all"]);
        self.sandbox.git(&[
            "commit",
            "--quiet",
            "--no-verify",
            "--allow-empty",
            "--message=x",
        ]);
    }

    /// The user takes `path` as it is now: what is not in it any more he gave up himself.
    pub(super) fn accept(&mut self, path: &str) {
        let text = fs::read_to_string(self.sandbox.path(path)).unwrap_or_default();
        let ledger = &mut self.ledger;
        ledger
            .tokens
            .retain(|token, place| place != path || text.contains(token.as_str()));
        ledger.cuts.retain(|cut| cut.path != path);
        ledger.gone.remove(path);
    }
}

impl Ledger {
    /// What of the user's work is lost in `tree`; `wanted` is what would be generated at a path.
    /// Cuts of lines that are generated no more are forgotten.
    pub(super) fn lost(
        &mut self,
        tree: &Tree,
        wanted: impl Fn(&str) -> Option<String>,
    ) -> Vec<String> {
        let text = |path: &str| {
            let content = &tree.get(Path::new(path))?.0;
            Some(String::from_utf8_lossy(content).replace("\r\n", "\n"))
        };
        let mut lost = Vec::new();
        for (token, path) in &self.tokens {
            if !text(path).is_some_and(|text| text.contains(token.as_str())) {
                lost.push(format!("{path}: {token} is not there"));
            }
        }
        self.cuts.retain(|cut| {
            let now = text(&cut.path).map_or(0, |text| cut.count(&text));
            // The copy is lost, or the file is the user's by now: what comes later may be new.
            let Some(generated) = wanted(&cut.path) else {
                return false;
            };
            let may = cut.count(&generated);
            if now > may.saturating_sub(1) {
                lost.push(format!("{}: {:?} is back", cut.path, cut.line));
            }
            may > 0
        });
        for path in &self.gone {
            if tree.contains_key(Path::new(path)) {
                lost.push(format!("{path} is back"));
            }
        }
        // One that is made no more goes where its content is what was generated, whatever its mode.
        self.modes
            .retain(|path, _| tree.contains_key(Path::new(path)));
        for (path, mode) in &self.modes {
            match tree.get(Path::new(path)) {
                Some((_, found)) if found != mode => {
                    lost.push(format!("{path}: has mode {found:o} instead of {mode:o}"));
                }
                _ => {}
            }
        }
        for path in &self.crlf {
            if let Some((content, _)) = tree.get(Path::new(path))
                && let Some(at) = content
                    .split_inclusive(|byte| *byte == b'\n')
                    .position(|line| line.ends_with(b"\n") && !line.ends_with(b"\r\n"))
            {
                lost.push(format!("{path}:{}: ends in a bare line feed", at + 1));
            }
        }
        lost
    }
}
