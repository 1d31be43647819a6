//! Measures shipway beside its peers and prints the ratios, a table for each part.
//!
//!     cargo bench                            every part
//!     cargo bench -- hooks --runs 30         one part, more runs of each command
//!     cargo bench -- --history ../git        real histories for the part dora; may be repeated
//!     cargo bench -- --write                 puts the tables into docs/benchmarks.md, too
//!
//! A peer that is not on PATH is said and left out.

mod detect;
mod dora;
mod frame;
mod hooks;
mod init;
mod update;

use std::ffi::OsString;
use std::io::{Error, Result, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const PAGE: &str = "docs/benchmarks.md";
const HEAD: &str = "# Beside its peers\n\nMade by `make bench WRITE=1`; `make bench` prints the \
                    same for your machine.\n";

/// What the command line asked for.
struct Wanted {
    /// Names of parts; all of them where none is given.
    parts: Vec<String>,
    runs: usize,
    histories: Vec<PathBuf>,
    write: bool,
}

/// Name, heading in the page, and what makes the table.
type Part = (
    &'static str,
    &'static str,
    fn(&Wanted, &Path) -> Result<String>,
);

const PARTS: [Part; 5] = [
    ("detect", "Reading a large repository", |wanted, place| {
        detect::table(wanted.runs, place)
    }),
    ("init", "Making the files of a project", |wanted, place| {
        init::table(wanted.runs, place)
    }),
    ("update", "Bringing files up to date", |wanted, place| {
        update::table(wanted.runs, place)
    }),
    ("hooks", "Checking a commit", |wanted, place| {
        hooks::table(wanted.runs, place)
    }),
    ("dora", "Reporting on a history", |wanted, place| {
        dora::table(wanted.runs, &wanted.histories, place)
    }),
];

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((first, command)) if first == frame::MEASURE => frame::measure(command),
        Some((first, file)) if first == dora::SCAN => dora::scan(file),
        _ => wanted(arguments).and_then(|wanted| compare(&wanted)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn wanted(arguments: Vec<OsString>) -> Result<Wanted> {
    let mut wanted = Wanted {
        parts: Vec::new(),
        runs: 15,
        histories: Vec::new(),
        write: false,
    };
    let mut words = arguments.into_iter();
    while let Some(word) = words.next() {
        match word.to_str() {
            // cargo bench says so of itself.
            Some("--bench") => {}
            Some("--write") => wanted.write = true,
            Some("--runs") => {
                wanted.runs = words
                    .next()
                    .and_then(|number| number.to_str()?.parse().ok())
                    .ok_or_else(|| Error::other("--runs wants a number"))?;
            }
            Some("--history") => wanted.histories.push(
                words
                    .next()
                    .ok_or_else(|| Error::other("--history wants a repository"))?
                    .into(),
            ),
            Some(part) if PARTS.iter().any(|(name, ..)| *name == part) => {
                wanted.parts.push(part.to_owned());
            }
            _ => {
                return Err(Error::other(format!(
                    "there is no part {}; there are: detect init update hooks dora",
                    word.display()
                )));
            }
        }
    }
    Ok(wanted)
}

fn compare(wanted: &Wanted) -> Result<()> {
    let page = Path::new(frame::HERE).join(PAGE);
    for (name, heading, table) in PARTS {
        if !wanted.parts.is_empty() && !wanted.parts.iter().any(|part| part == name) {
            continue;
        }
        let place = tempfile::tempdir()?;
        let text = format!(
            "Median of {} runs each where nothing else is said, on {}. {}",
            wanted.runs,
            frame::machine(),
            table(wanted, place.path())?
        );
        writeln!(std::io::stdout(), "## {heading}\n\n{text}")?;
        if wanted.write {
            let before = std::fs::read_to_string(&page).unwrap_or_else(|_| HEAD.to_owned());
            std::fs::write(&page, with_section(&before, heading, &text))?;
        }
    }
    Ok(())
}

/// The page with this section in the place of the one of that heading, or at the end.
fn with_section(page: &str, heading: &str, text: &str) -> String {
    let mut sections = page.split("\n## ").map(str::trim_end);
    let head = sections.next().unwrap_or_default().to_owned();
    let new = format!("{heading}\n\n{}", text.trim_end());
    let mut kept: Vec<String> = sections.map(str::to_owned).collect();
    match kept
        .iter_mut()
        .find(|section| section.lines().next() == Some(heading))
    {
        Some(section) => *section = new,
        None => kept.push(new),
    }
    kept.into_iter()
        .fold(head, |page, section| format!("{page}\n\n## {section}"))
        + "\n"
}
