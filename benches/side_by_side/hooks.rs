//! `shipway hooks run` beside prek, pre-commit and lefthook on the same files, with the same
//! eight checks: those that prek has built in. pre-commit and lefthook call the programs of
//! pre-commit-hooks for them.

use super::frame::{COLUMNS, Figures, SHIPWAY, git, medians, on_path, row, run, words};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Result;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Our check, prek's id, and the program of pre-commit-hooks with its types of files.
const CHECKS: [(&str, &str, &str, &str); 8] = [
    (
        "trailing-whitespace",
        "trailing-whitespace",
        "trailing-whitespace-fixer",
        "text",
    ),
    (
        "final-newline",
        "end-of-file-fixer",
        "end-of-file-fixer",
        "text",
    ),
    (
        "line-endings",
        "mixed-line-ending",
        "mixed-line-ending",
        "text",
    ),
    (
        "byte-order-mark",
        "fix-byte-order-marker",
        "fix-byte-order-marker",
        "text",
    ),
    ("json-syntax", "check-json", "check-json", "json"),
    ("toml-syntax", "check-toml", "check-toml", "toml"),
    ("yaml-syntax", "check-yaml", "check-yaml", "yaml"),
    (
        "merge-markers",
        "check-merge-conflict",
        "check-merge-conflict",
        "text",
    ),
];
const KINDS: [&str; 8] = ["py", "js", "md", "json", "yaml", "toml", "txt", "rs"];
/// The head of a configuration with the jobs that it names and no others.
const ALONE: &str = "schema = 1\n[hooks]\ndefaults = false\n";
/// How many files are staged in the cases of a commit.
const STAGED: usize = 20;

pub(super) fn table(runs: usize, place: &Path) -> Result<String> {
    let mut text = format!(
        "The eight checks that prek has built in, on files that pass; every command runs in the \
         same folder, in turns.\n\n{COLUMNS}"
    );
    let small = repository(place, 2_000)?;
    let ours = words(&[SHIPWAY, "hooks", "run", "pre-commit"]);
    let all = words(&[SHIPWAY, "hooks", "run", "pre-commit", "--all-files"]);
    let prek = on_path("prek");
    let prek = prek.as_deref();

    // What shipway checks of itself, too: no peer has that in one command.
    let with_defaults = small.join("shipway.toml");
    let alone = std::fs::read_to_string(&with_defaults)?;
    std::fs::write(&with_defaults, alone.replace(ALONE, "schema = 1\n"))?;
    let [every] = medians(runs, [&ours[..]], &small)?;
    std::fs::write(&with_defaults, alone)?;

    let name = format!("{STAGED} staged of 2,000 files");
    let committed = beside(&mut text, runs, &small, &name, &ours, prek, &["run"], 0.4)?;
    for (tool, arguments) in [
        ("pre-commit", &["run"][..]),
        ("lefthook", &["run", "pre-commit"][..]),
    ] {
        if let (Some(program), Some(_)) = (on_path(tool), on_path("end-of-file-fixer")) {
            let mut command = words(&[&program]);
            command.extend(words(arguments));
            let [peer] = medians(runs.min(5), [&command], &small)?;
            row(
                &mut text,
                &format!("{name}, {tool}"),
                peer,
                Some((committed, "")),
            );
        }
    }
    row(
        &mut text,
        &format!("{name}, `shipway` with its ten default checks beside the eight"),
        every,
        None,
    );
    let name = "all 2,000 files";
    beside(
        &mut text,
        runs,
        &small,
        name,
        &all,
        prek,
        &["run", "--all-files"],
        0.5,
    )?;

    // Unstaged edits beside the staged ones: what a stash costs.
    for number in STAGED..STAGED + 1_000 {
        edit(&small, number)?;
    }
    let name = format!("{STAGED} staged, 1,000 with unstaged edits");
    let edited = beside(&mut text, runs, &small, &name, &ours, prek, &["run"], 0.4)?;
    let _ = writeln!(
        text,
        "| … against no unstaged edits | | | {:.2} times its own time | ≤ 1 |",
        edited.time.as_secs_f64() / committed.time.as_secs_f64()
    );
    std::fs::remove_dir_all(&small)?;

    let large = repository(place, 50_000)?;
    let name = "all 50,000 files";
    beside(
        &mut text,
        runs.min(5),
        &large,
        name,
        &all,
        prek,
        &["run", "--all-files"],
        0.5,
    )?;
    std::fs::remove_dir_all(&large)?;

    one_job(&mut text, runs * 4, place)?;
    Ok(text)
}

/// Two rows, ours and prek's of the same work.
#[allow(clippy::too_many_arguments, reason = "a case is all of these, once")]
fn beside(
    text: &mut String,
    runs: usize,
    folder: &Path,
    name: &str,
    ours: &[OsString],
    prek: Option<&str>,
    arguments: &[&str],
    goal: f64,
) -> Result<Figures> {
    let Some(prek) = prek else {
        let [figures] = medians(runs, [ours], folder)?;
        row(text, &format!("{name}, `shipway`"), figures, None);
        return Ok(figures);
    };
    let mut peer = words(&[prek]);
    peer.extend(words(arguments));
    let [figures, theirs] = medians(runs, [ours, &peer], folder)?;
    row(text, &format!("{name}, `shipway`"), figures, None);
    let goal = format!("≤ {goal} times the time");
    row(
        text,
        &format!("{name}, prek"),
        theirs,
        Some((figures, &goal)),
    );
    Ok(figures)
}

/// The hook with one job that is `true`, beside a hook that is an empty script.
fn one_job(text: &mut String, runs: usize, place: &Path) -> Result<()> {
    let folder = place.join("one-job");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(
        folder.join("shipway.toml"),
        format!("{ALONE}[[hooks.pre-commit]]\nname = \"nothing\"\nrun = \"true\"\n"),
    )?;
    std::fs::write(folder.join("file.txt"), "one line\n")?;
    git(&folder, &["init", "--quiet"])?;
    git(&folder, &["add", "--all"])?;
    git(&folder, &["commit", "--quiet", "--message", "chore: all"])?;
    std::fs::write(folder.join("file.txt"), "another line\n")?;
    git(&folder, &["add", "--all"])?;
    let consent = place.join("home");
    let with_home = |program: &str| {
        let mut command = words(&["env", "--unset=CI"]);
        command.push(format!("XDG_STATE_HOME={}", consent.display()).into());
        command.push(format!("XDG_CONFIG_HOME={}", consent.display()).into());
        command.push(format!("XDG_DATA_HOME={}", consent.display()).into());
        command.push(format!("HOME={}", consent.display()).into());
        command.push(program.into());
        command
    };
    let mut install = with_home(SHIPWAY);
    install.extend(words(&["hooks", "install"]));
    run(Command::new(&install[0])
        .args(&install[1..])
        .current_dir(&folder))?;
    let empty = place.join("empty-hook");
    std::fs::write(&empty, "#!/bin/sh\nexit 0\n")?;
    std::fs::set_permissions(&empty, std::fs::Permissions::from_mode(0o755))?;
    let hook = folder.join(".git/hooks/pre-commit");
    let [ours, nothing] = medians(
        runs,
        [
            &with_home(&hook.display().to_string()),
            &with_home(&empty.display().to_string()),
        ],
        &folder,
    )?;
    row(text, "hook with one job that is `true`", ours, None);
    row(text, "a hook that is an empty script", nothing, None);
    let more = (ours.time.as_secs_f64() - nothing.time.as_secs_f64()) * 1000.0;
    let _ = writeln!(
        text,
        "| … more than the empty one | {more:.2} ms | | | ≤ 4 ms |"
    );
    Ok(())
}

/// A repository of so many files in one commit, the first twenty of them staged with an edit.
fn repository(place: &Path, files: usize) -> Result<PathBuf> {
    let folder = place.join(format!("files-{files}"));
    for number in 0..files {
        let file = folder.join(path(number));
        if number < 40 {
            std::fs::create_dir_all(folder.join(format!("d{number}")))?;
        }
        std::fs::write(file, content(number))?;
    }
    let mut ours = ALONE.to_owned();
    let mut lefthook = "pre-commit:\n  parallel: true\n  jobs:\n".to_owned();
    let mut system = "repos:\n  - repo: local\n    hooks:\n".to_owned();
    for (check, id, program, kind) in CHECKS {
        let _ = write!(ours, "[[hooks.pre-commit]]\ncheck = \"{check}\"\n");
        let _ = write!(
            system,
            "      - id: {id}\n        name: {id}\n        language: system\n        entry: {program}\n        types: [{kind}]\n"
        );
        let glob = if kind == "text" {
            "*".to_owned()
        } else {
            format!("*.{kind}")
        };
        let _ = write!(
            lefthook,
            "    - name: {id}\n      run: {program} {{staged_files}}\n      glob: \"{glob}\"\n"
        );
    }
    std::fs::write(folder.join("shipway.toml"), ours)?;
    std::fs::write(folder.join("prek.toml"), toml_of_prek())?;
    std::fs::write(folder.join(".pre-commit-config.yaml"), system)?;
    std::fs::write(folder.join("lefthook.yml"), lefthook)?;
    git(&folder, &["init", "--quiet"])?;
    git(&folder, &["add", "--all"])?;
    git(&folder, &["commit", "--quiet", "--message", "chore: all"])?;
    for number in 0..STAGED {
        edit(&folder, number)?;
    }
    git(&folder, &["add", "--all"])?;
    Ok(folder)
}

/// prek prefers its own file, so that pre-commit can have one beside it.
fn toml_of_prek() -> String {
    CHECKS.iter().fold(
        "[[repos]]\nrepo = \"builtin\"\nhooks = [\n".to_owned(),
        |text, (_, id, ..)| format!("{text}  {{ id = \"{id}\" }},\n"),
    ) + "]\n"
}

fn path(number: usize) -> String {
    format!("d{}/f{number}.{}", number % 40, KINDS[number % 8])
}

/// 20 to 119 lines that every check passes.
fn content(number: usize) -> String {
    let lines = 20 + number * 37 % 100;
    let mut text = String::new();
    for line in 0..lines {
        let _ = match KINDS[number % 8] {
            "json" if line == 0 => write!(text, "{{\n  \"k0\": 0"),
            "json" => write!(text, ",\n  \"k{line}\": {line}"),
            "yaml" => writeln!(text, "k{line}: {line}"),
            "toml" => writeln!(text, "k{line} = {line}"),
            _ => writeln!(text, "line {line} of some text that stands here = {line}"),
        };
    }
    if KINDS[number % 8] == "json" {
        text.push_str("\n}\n");
    }
    text
}

fn edit(folder: &Path, number: usize) -> Result<()> {
    let file = folder.join(path(number));
    let text = std::fs::read_to_string(&file)?;
    let edited = match KINDS[number % 8] {
        "json" => text.replace("\"k1\": 1,", "\"k1\": 11,"),
        "yaml" => text.replace("k1: 1\n", "k1: 11\n"),
        "toml" => text.replace("k1 = 1\n", "k1 = 11\n"),
        _ => format!("{text}one line more\n"),
    };
    std::fs::write(file, edited)
}
