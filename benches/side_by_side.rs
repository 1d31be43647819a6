//! Measures shipway beside its peers and prints the ratios.
//!
//!     cargo bench                          prints the table
//!     cargo bench -- --runs 30             more runs of each
//!     cargo bench -- --write               writes it into docs/benchmarks.md, too
//!
//! copier and cookiecutter render a template made here, of as many files as `shipway init`
//! makes of the example application; a C program that prints a line, compiled here, stands
//! beside `shipway --version`. A peer that is not on PATH is said and left out.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{Error, Result, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const SHIPWAY: &str = env!("CARGO_BIN_EXE_shipway");
const HERE: &str = env!("CARGO_MANIFEST_DIR");
const PAGE: &str = "docs/benchmarks.md";
/// First argument of this program when it runs one command for its figures.
const MEASURE: &str = "--measure";

/// What one run took.
#[derive(Debug, Clone, Copy)]
struct Figures {
    time: Duration,
    /// Largest resident set, in KiB.
    memory: u64,
}

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let outcome = if arguments.first().is_some_and(|first| first == MEASURE) {
        measure(&arguments[1..])
    } else {
        compare(&arguments)
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command and prints nanoseconds and KiB. In a process of its own, because the
/// kernel keeps one largest resident set over all children of a process.
fn measure(command: &[OsString]) -> Result<()> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| Error::other("nothing to measure"))?;
    let start = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    let time = start.elapsed();
    if !status.success() {
        return Err(Error::other(format!(
            "{} failed: {status}",
            program.display()
        )));
    }
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN)?;
    writeln!(std::io::stdout(), "{} {}", time.as_nanos(), usage.max_rss())
}

/// One run of `command` in `folder`.
fn figures(command: &[OsString], folder: &Path) -> Result<Figures> {
    let output = Command::new(std::env::current_exe()?)
        .arg(MEASURE)
        .args(command)
        .current_dir(folder)
        .stderr(Stdio::piped())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(str::parse::<u64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(nanoseconds)), Some(Ok(memory))) => Ok(Figures {
            time: Duration::from_nanos(nanoseconds),
            memory,
        }),
        _ => Err(Error::other(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )),
    }
}

/// The middle of `runs` runs, each after `prepare` made its folder and command anew; one run
/// before them warms the caches.
fn median(
    runs: usize,
    mut prepare: impl FnMut(usize) -> Result<(Vec<OsString>, PathBuf)>,
) -> Result<Figures> {
    let mut times = Vec::new();
    let mut memories = Vec::new();
    for run in 0..=runs {
        let (command, folder) = prepare(run)?;
        let one = figures(&command, &folder)?;
        if run > 0 {
            times.push(one.time);
            memories.push(one.memory);
        }
    }
    times.sort_unstable();
    memories.sort_unstable();
    Ok(Figures {
        time: times[times.len() / 2],
        memory: memories[memories.len() / 2],
    })
}

fn compare(arguments: &[OsString]) -> Result<()> {
    let runs = arguments
        .iter()
        .position(|word| word == "--runs")
        .and_then(|at| arguments.get(at + 1)?.to_str()?.parse().ok())
        .unwrap_or(15);
    let place = tempfile::tempdir()?;
    let place = place.path();
    let pristine = sample(place)?;
    let files = made_files(&pristine, place)?;
    let mut text = format!(
        "Median of {runs} runs each, on {}. `shipway init --yes` reads the example application and \
         makes {files} files; copier and cookiecutter render a template of {files} files.\n\n\
         | | time | resident memory | shipway takes | goal |\n|---|---:|---:|---|---|\n",
        machine()
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
    write!(std::io::stdout(), "{text}")?;
    if arguments.iter().any(|word| word == "--write") {
        let page = Path::new(HERE).join(PAGE);
        let head = "# Beside its peers\n\nMade by `make bench WRITE=1`; `make bench` prints the same for your machine.\n\n";
        std::fs::write(page, format!("{head}{text}"))?;
    }
    Ok(())
}

/// One line of the table; with `ours`, how much of this peer shipway takes.
fn row(text: &mut String, name: &str, peer: Figures, ours: Option<(Figures, &str)>) {
    let (ratio, goal) = ours.map_or_else(Default::default, |(ours, goal)| {
        let times = ours.time.as_secs_f64() / peer.time.as_secs_f64();
        let written = if times < 1.0 {
            format!("1/{:.1} of the time", 1.0 / times)
        } else {
            format!("{times:.2} times the time")
        };
        #[allow(
            clippy::cast_precision_loss,
            reason = "KiB of memory are far below 2^52"
        )]
        let memory = ours.memory as f64 / peer.memory as f64;
        (format!("{written}, {memory:.2} of the memory"), goal)
    });
    let milliseconds = peer.time.as_secs_f64() * 1000.0;
    #[allow(
        clippy::cast_precision_loss,
        reason = "KiB of memory are far below 2^52"
    )]
    let mebibytes = peer.memory as f64 / 1024.0;
    let _ = writeln!(
        text,
        "| {name} | {milliseconds:.2} ms | {mebibytes:.1} MiB | {ratio} | {goal} |"
    );
}

/// Processor and system, as the kernel names them.
fn machine() -> String {
    let processor = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{count} × {processor}, {}", std::env::consts::OS)
}

fn on_path(name: &str) -> Option<String> {
    let found = which::which(name).ok();
    if found.is_none() {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: {name} is not on PATH (scripts/test-deps bench)"
        );
    }
    Some(found?.display().to_string())
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.stdout(Stdio::null()).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::other(format!("{command:?} failed: {status}")))
    }
}

/// The example application as a repository with one commit.
fn sample(place: &Path) -> Result<PathBuf> {
    let folder = place.join("pristine");
    copy_tree(&Path::new(HERE).join("examples/fair-sample"), &folder)?;
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"];
        run(Command::new("git")
            .args(identity)
            .args([
                "-c",
                "commit.gpgsign=false",
                "-c",
                "core.hooksPath=/dev/null",
            ])
            .args(arguments)
            .current_dir(&folder))
    };
    git(&["init", "--quiet"])?;
    git(&["add", "--all", "--force"])?;
    git(&["commit", "--quiet", "--message", "chore: as it was"])?;
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
