//! Runs commands for their time and memory, and writes the rows of a table.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{Error, Result, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use wait4::Wait4;

pub(super) const SHIPWAY: &str = env!("CARGO_BIN_EXE_shipway");
pub(super) const HERE: &str = env!("CARGO_MANIFEST_DIR");
/// First argument of this program when it runs one command for its figures.
pub(super) const MEASURE: &str = "--measure";

/// What one run took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figures {
    pub(super) time: Duration,
    /// Largest resident set, in KiB.
    pub(super) memory: u64,
}

/// Runs a command and prints nanoseconds and KiB. In a process of its own, because the
/// kernel keeps one largest resident set over all children of a process.
pub(super) fn measure(command: &[OsString]) -> Result<()> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| Error::other("nothing to measure"))?;
    let start = Instant::now();
    let ended = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?
        .wait4()?;
    let time = start.elapsed();
    if !ended.status.success() {
        return Err(Error::other(format!(
            "{} failed: {}",
            program.display(),
            ended.status
        )));
    }
    let memory = ended.rusage.maxrss / 1024;
    writeln!(std::io::stdout(), "{} {memory}", time.as_nanos())
}

/// One run of `command` in `folder`.
pub(super) fn figures(command: &[OsString], folder: &Path) -> Result<Figures> {
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
pub(super) fn median(
    runs: usize,
    mut prepare: impl FnMut(usize) -> Result<(Vec<OsString>, PathBuf)>,
) -> Result<Figures> {
    let mut times = Vec::new();
    let mut memories = Vec::new();
    for run in 0..=runs {
        let (command, folder) = prepare(run)?;
        // Who asks for what it wrote to be on the disk must not wait for what was prepared, too.
        rustix::fs::sync();
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

/// The middle of runs of several commands in one folder, taken in turns, so that what else the
/// machine does meets all of them alike.
pub(super) fn medians<const N: usize>(
    runs: usize,
    commands: [&[OsString]; N],
    folder: &Path,
) -> Result<[Figures; N]> {
    medians_of(runs, |_| Ok(commands.map(<[OsString]>::to_vec)), folder)
}

/// The same of commands that `prepare` makes anew for each run.
pub(super) fn medians_of<const N: usize>(
    runs: usize,
    mut prepare: impl FnMut(usize) -> Result<[Vec<OsString>; N]>,
    folder: &Path,
) -> Result<[Figures; N]> {
    let mut times: [Vec<Duration>; N] = std::array::from_fn(|_| Vec::new());
    let mut memories: [Vec<u64>; N] = std::array::from_fn(|_| Vec::new());
    rustix::fs::sync();
    for run in 0..=runs {
        for (at, command) in prepare(run)?.iter().enumerate() {
            let one = figures(command, folder)?;
            if run > 0 {
                times[at].push(one.time);
                memories[at].push(one.memory);
            }
        }
    }
    Ok(std::array::from_fn(|at| {
        times[at].sort_unstable();
        memories[at].sort_unstable();
        Figures {
            time: times[at][runs / 2],
            memory: memories[at][runs / 2],
        }
    }))
}

/// The head of a table whose lines [`row`] writes.
pub(super) const COLUMNS: &str =
    "| | time | resident memory | shipway takes | goal |\n|---|---:|---:|---|---|\n";

/// One line of the table; with `ours`, how much of this peer shipway takes, and the goal.
pub(super) fn row(text: &mut String, name: &str, peer: Figures, ours: Option<(Figures, &str)>) {
    let (ratio, goal) = ours.map_or_else(Default::default, |(ours, goal)| {
        let times = ours.time.as_secs_f64() / peer.time.as_secs_f64();
        let written = if times < 0.2 {
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
pub(super) fn machine() -> String {
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

pub(super) fn on_path(name: &str) -> Option<String> {
    let found = which::which(name).ok();
    if found.is_none() {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: {name} is not on PATH (scripts/test-deps bench)"
        );
    }
    Some(found?.display().to_string())
}

pub(super) fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

pub(super) fn run(command: &mut Command) -> Result<()> {
    let status = command.stdout(Stdio::null()).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::other(format!("{command:?} failed: {status}")))
    }
}

/// git in `folder`, with an identity and without the user's hooks.
pub(super) fn git(folder: &Path, arguments: &[&str]) -> Result<()> {
    run(Command::new("git")
        .args(["-c", "user.name=bench", "-c", "user.email=bench@localhost"])
        .args([
            "-c",
            "commit.gpgsign=false",
            "-c",
            "core.hooksPath=/dev/null",
            // Nothing goes on in the background while the clock runs, or the folder is removed.
            "-c",
            "gc.auto=0",
        ])
        .args(arguments)
        .current_dir(folder))
}
