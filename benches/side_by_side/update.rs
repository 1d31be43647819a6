//! `shipway update` with nothing to do, and `shipway check`, on the example application and on a
//! repository of many services.

use super::frame::{COLUMNS, SHIPWAY, git, medians, medians_of, row, run, words};
use super::init::sample;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

const SERVICES: usize = 25;

pub(super) fn table(runs: usize, place: &Path) -> Result<String> {
    let sample = sample(place)?;
    made(&sample)?;
    let mut text = "The example application after `init`.\n\n".to_owned();
    let plan = words(&[SHIPWAY, "init", "--yes", "--dry-run"]);
    let peer = ("`shipway init --dry-run`", plan, "< 1.5 times the time");
    rows(&mut text, runs, &sample, &peer)?;
    let many = many(place)?;
    let artifacts = std::fs::read_to_string(many.join("shipway.lock"))?
        .matches("[[artifact]]")
        .count();
    let _ = write!(
        text,
        "\nA repository of {SERVICES} services with {artifacts} generated files.\n\n"
    );
    let peer = (
        "`git status`",
        words(&["git", "status"]),
        "≤ 2 times the time and 20 ms",
    );
    rows(&mut text, runs, &many, &peer)?;
    Ok(text)
}

/// A table of what `shipway` takes in `folder`; the peer has a name, a command and the goal beside it.
fn rows(
    text: &mut String,
    runs: usize,
    folder: &Path,
    (name, peer, goal): &(&str, Vec<OsString>, &str),
) -> Result<()> {
    text.push_str(COLUMNS);
    let update = words(&[SHIPWAY, "update"]);
    let [nothing, peer] = medians(runs, [&update, peer], folder)?;
    row(text, "`shipway update`, nothing to do", nothing, None);
    row(text, name, peer, Some((nothing, goal)));
    let [looked] = after_a_touch(runs, folder)?;
    row(text, "`shipway update`, a file was written", looked, None);
    let [checked] = medians(runs, [&words(&[SHIPWAY, "check"])], folder)?;
    row(text, "`shipway check` (goal: under 100 ms)", checked, None);
    Ok(())
}

/// `update` where a file of the user's is newer than at the last look, and says the same.
fn after_a_touch(runs: usize, folder: &Path) -> Result<[super::frame::Figures; 1]> {
    let touch = |run| {
        let note = folder.join("notes.txt");
        std::fs::write(note, format!("{run}\n"))?;
        Ok([words(&[SHIPWAY, "update"])])
    };
    medians_of(runs, touch, folder)
}

/// After `init` and a commit of everything.
fn made(folder: &Path) -> Result<()> {
    run(Command::new(SHIPWAY)
        .args(["init", "--yes", "--without", "hooks"])
        .current_dir(folder))?;
    git(folder, &["add", "--all"])?;
    git(folder, &["commit", "--quiet", "--message", "chore: made"])
}

/// Services of Flask side by side, and files of an organisation's own for each.
fn many(place: &Path) -> Result<PathBuf> {
    let folder = place.join("many");
    for number in 0..SERVICES {
        let service = folder.join(format!("services/berth-{number:02}"));
        std::fs::create_dir_all(&service)?;
        let code = format!(
            "import os\nfrom flask import Flask\napp = Flask(__name__)\nKEY = \
             os.environ[\"BERTH_{number}_KEY\"]\n\n@app.route(\"/healthz\")\ndef healthz():\n    \
             return \"ok\"\n\nif __name__ == \"__main__\":\n    app.run(port={})\n",
            5000 + number
        );
        std::fs::write(service.join("app.py"), code)?;
        std::fs::write(
            service.join("requirements.txt"),
            "flask==3.1.0\ngunicorn==23.0.0\n",
        )?;
    }
    let own = folder.join(".shipway/templates/catalogue");
    std::fs::create_dir_all(&own)?;
    let mut feature = "summary = \"What each service is\"\ndefault = true\n".to_owned();
    for number in 0..18 {
        let _ = write!(
            feature,
            "\n[[file]]\nid = \"page-{number}\"\ntemplate = \"page.md.hbs\"\neach = \
             \"container.images\"\npath = \"docs/{{{{item.name}}}}/page-{number}.md\"\nreason = \"read by people\"\n"
        );
    }
    std::fs::write(own.join("feature.toml"), feature)?;
    std::fs::write(own.join("page.md.hbs"), "# Berth\n\nMoored.\n")?;
    git(&folder, &["init", "--quiet"])?;
    git(&folder, &["add", "--all"])?;
    git(
        &folder,
        &["commit", "--quiet", "--message", "chore: as it was"],
    )?;
    made(&folder)?;
    Ok(folder)
}
