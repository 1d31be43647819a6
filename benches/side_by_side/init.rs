//! `shipway init` beside copier and cookiecutter, and what starting costs.
//!
//! copier and cookiecutter render a template made here, of as many files as `shipway init`
//! makes of the example application; a C program that prints a line, compiled here, stands
//! beside `shipway --version`.

use super::frame::{COLUMNS, HERE, SHIPWAY, git, median, on_path, row, run, words};
use std::fmt::Write as _;
use std::io::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) fn table(runs: usize, place: &Path) -> Result<String> {
    let pristine = sample(place)?;
    let files = made_files(&pristine, place)?;
    let mut text = format!(
        "`shipway init --yes` reads the example application and makes {files} files; copier and \
         cookiecutter render a template of {files} files.\n\n{COLUMNS}"
    );
    let init = median(runs, |run| {
        let copy = place.join(format!("init-{run}"));
        copy_tree(&pristine, &copy)?;
        Ok((words(&[SHIPWAY, "init", "--yes"]), copy))
    })?;
    row(&mut text, "`shipway init --yes`", init, None);
    let template = copier_template(place, files)?;
    if let Some(copier) = on_path("copier") {
        let peer = median(runs, |run| {
            let mut command = words(&[&copier, "copy", "--defaults", "--quiet"]);
            command.extend([
                template.clone().into(),
                place.join(format!("copier-{run}")).into(),
            ]);
            Ok((command, place.to_owned()))
        })?;
        row(
            &mut text,
            "copier",
            peer,
            Some((init, "≤ 1/25 of the time, < 1/3 of the memory")),
        );
    }
    let template = cookiecutter_template(place, files)?;
    if let Some(cookiecutter) = on_path("cookiecutter") {
        let peer = median(runs, |run| {
            let mut command = words(&[&cookiecutter, "--no-input", "--output-dir"]);
            command.extend([
                place.join(format!("cookie-{run}")).into(),
                template.clone().into(),
            ]);
            Ok((command, place.to_owned()))
        })?;
        row(
            &mut text,
            "cookiecutter",
            peer,
            Some((init, "≤ 1/12 of the time, < 1/3 of the memory")),
        );
    }
    let version = median(runs * 10, |_| {
        Ok((words(&[SHIPWAY, "--version"]), place.to_owned()))
    })?;
    row(&mut text, "`shipway --version`", version, None);
    if let Some(program) = c_program(place)? {
        let peer = median(runs * 10, |_| {
            Ok((vec![program.clone().into()], place.to_owned()))
        })?;
        row(
            &mut text,
            "a C program that prints a line",
            peer,
            Some((version, "≤ 3 times the time")),
        );
    }
    Ok(text)
}

/// The example application as a repository with one commit.
pub(super) fn sample(place: &Path) -> Result<PathBuf> {
    let folder = place.join("pristine");
    copy_tree(&Path::new(HERE).join("examples/fair-sample"), &folder)?;
    git(&folder, &["init", "--quiet"])?;
    git(&folder, &["add", "--all", "--force"])?;
    git(
        &folder,
        &["commit", "--quiet", "--message", "chore: as it was"],
    )?;
    Ok(folder)
}

/// How many files `init` adds, ignored ones included.
fn made_files(pristine: &Path, place: &Path) -> Result<usize> {
    let copy = place.join("counted");
    copy_tree(pristine, &copy)?;
    run(Command::new(SHIPWAY)
        .args(["init", "--yes"])
        .current_dir(&copy))?;
    let status = Command::new("git")
        .args([
            "status",
            "--porcelain",
            "--untracked-files=all",
            "--ignored",
        ])
        .current_dir(&copy)
        .output()?;
    Ok(String::from_utf8_lossy(&status.stdout)
        .lines()
        .filter(|line| line.starts_with("??") || line.starts_with("!!"))
        .count())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// A file of forty lines, every second with a value to fill in.
fn template_text(variable: &str) -> String {
    (0..20).fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "# line {line}\nname_{line}: {{{{ {variable} }}}}");
        text
    })
}

fn copier_template(place: &Path, files: usize) -> Result<PathBuf> {
    let folder = place.join("copier-template");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(
        folder.join("copier.yml"),
        "project:\n  type: str\n  default: sample\n",
    )?;
    for file in 0..files {
        std::fs::write(
            folder.join(format!("file-{file}.yaml.jinja")),
            template_text("project"),
        )?;
    }
    Ok(folder)
}

fn cookiecutter_template(place: &Path, files: usize) -> Result<PathBuf> {
    let folder = place.join("cookiecutter-template");
    let inner = folder.join("{{cookiecutter.project}}");
    std::fs::create_dir_all(&inner)?;
    std::fs::write(folder.join("cookiecutter.json"), r#"{"project": "sample"}"#)?;
    for file in 0..files {
        std::fs::write(
            inner.join(format!("file-{file}.yaml")),
            template_text("cookiecutter.project"),
        )?;
    }
    Ok(folder)
}

/// None without a C compiler.
fn c_program(place: &Path) -> Result<Option<PathBuf>> {
    let Some(compiler) = on_path("cc") else {
        return Ok(None);
    };
    let source = place.join("line.c");
    let program = place.join("line");
    std::fs::write(
        &source,
        "#include <stdio.h>\nint main(void) { puts(\"line 1.0.0\"); return 0; }\n",
    )?;
    run(Command::new(compiler)
        .args(["-O2", "-o"])
        .arg(&program)
        .arg(&source))?;
    Ok(Some(program))
}
