//! `shipway detect` beside ripgrep, which only reads or lists the same files.

use super::frame::{COLUMNS, Figures, SHIPWAY, git, medians, on_path, row, words};
use std::fmt::Write as _;
use std::io::Result;
use std::path::{Path, PathBuf};

/// Files of either tree.
const FILES: usize = 50_000;
/// How many of them are sources in the tree that holds mostly data.
const SOURCES: usize = 500;

pub(super) fn table(runs: usize, place: &Path) -> Result<String> {
    let mut text = format!(
        "A Flask application of one file in a tree of 50,000 others. ripgrep counts the lines with \
         `environ`, or lists the files.\n\n{COLUMNS}"
    );
    let runs = runs.min(7);
    let cases: [(&str, usize, &[&str]); 2] = [
        (
            "50,000 sources that all read the environment",
            FILES,
            &["-c", "environ"],
        ),
        ("50,000 files, 500 of them sources", SOURCES, &["--files"]),
    ];
    for (name, sources, arguments) in cases {
        let folder = tree(place, sources)?;
        let ours = words(&[SHIPWAY, "detect", "--format", "json"]);
        let peer = on_path("rg").map(|ripgrep| {
            let mut peer = words(&[&ripgrep]);
            peer.extend(words(arguments));
            peer
        });
        let (figures, theirs) = if let Some(peer) = &peer {
            let [figures, theirs] = medians(runs, [&ours, peer], &folder)?;
            (figures, Some(theirs))
        } else {
            let [figures] = medians(runs, [&ours[..]], &folder)?;
            (figures, None)
        };
        let name = format!("{name}, `shipway detect`");
        row(&mut text, &name, figures, None);
        if let Some(theirs) = theirs {
            let name = format!("… `rg {}`", arguments.join(" "));
            let goal = (figures, "≤ 2 times the time");
            row(&mut text, &name, theirs, Some(goal));
        }
        memory(&mut text, figures);
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(text)
}

fn memory(text: &mut String, ours: Figures) {
    let _ = writeln!(
        text,
        "| … resident memory | | {:.1} MB | | < 100 MB |",
        f64::from(u32::try_from(ours.memory).unwrap_or(u32::MAX)) * 1024.0 / 1e6
    );
}

/// A repository of the application, so many modules beside it, and data up to [`FILES`].
fn tree(place: &Path, sources: usize) -> Result<PathBuf> {
    let folder = place.join(format!("sources-{sources}"));
    for number in 0..FILES {
        let (below, name, content) = if number < sources {
            ("source", format!("module{number}.py"), module(number))
        } else {
            ("data", format!("sample{number}.txt"), data(number))
        };
        let within = folder
            .join(format!("{below}{}", number % 100))
            .join(format!("part{}", number / 100 % 25));
        if number < 2_500 || number >= sources && number < sources + 2_500 {
            std::fs::create_dir_all(&within)?;
        }
        std::fs::write(within.join(name), content)?;
    }
    std::fs::write(folder.join("requirements.txt"), "flask==3.0.0\n")?;
    std::fs::write(
        folder.join("app.py"),
        "from flask import Flask\n\napp = Flask(__name__)\n",
    )?;
    git(&folder, &["init", "--quiet"])?;
    git(&folder, &["add", "--all"])?;
    git(&folder, &["commit", "--quiet", "--message", "chore: all"])?;
    Ok(folder)
}

/// A module of thirty lines that reads two variables.
fn module(number: usize) -> String {
    let variable = number % 200;
    let mut text = format!(
        "\"\"\"Samples of station {number}.\"\"\"\n\nimport json\nimport os\n\n\
         LIMIT = int(os.environ.get(\"LIMIT_{variable}\", \"10\"))\n\n\n\
         class Station{number}:\n    \"\"\"One station.\"\"\"\n\n"
    );
    for part in 0..5 {
        let _ = write!(
            text,
            "    def part{part}(self, rows):\n        \
             return [row for row in rows if row[\"depth\"] > LIMIT * {part}]\n\n"
        );
    }
    let _ = write!(
        text,
        "\ndef load():\n    with open(os.environ[\"STATION_{variable}\"]) as handle:\n        \
         return json.load(handle)\n"
    );
    text
}

fn data(number: usize) -> String {
    (0..20).fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "sample {number}, depth {line}, nothing that is read");
        text
    })
}
