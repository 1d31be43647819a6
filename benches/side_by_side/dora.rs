//! `shipway dora` beside git itself: a report over real and made histories, a record, a sync.

use super::frame::{
    COLUMNS, Figures, SHIPWAY, figures, git, median, medians, medians_of, row, run, words,
};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{BufWriter, Error, Result, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// First argument of this program when it reads the dates of a commit-graph once.
pub(super) const SCAN: &str = "--scan";
/// 2024-01-01T00:00:00Z, the first commit of a made history.
const START: i64 = 1_704_067_200;
/// Seconds between two commits of a made history: a million of them take 359 days.
const STEP: i64 = 31;
/// Every such commit of a made history is deployed.
const DEPLOYED: usize = 10;

pub(super) fn table(runs: usize, histories: &[PathBuf], place: &Path) -> Result<String> {
    let mut text = format!(
        "Real histories have their `vX.Y.Z` tags as deployments; made ones deploy every tenth \
         commit, over a year. All have a commit-graph file.\n\n{COLUMNS}"
    );
    for history in histories {
        real(&mut text, runs, history, place)?;
    }
    let (small, few) = made(place, 40_000)?;
    let (large, many) = made(place, 1_000_000)?;
    let report = words(&[
        SHIPWAY,
        "dora",
        "report",
        "--from",
        "2024-01-01",
        "--to",
        "2025-01-01",
        "--format",
        "json",
    ]);
    let [little] = medians(runs, [&report], &small)?;
    let [much] = medians(runs.min(5), [&report], &large)?;
    row(
        &mut text,
        &format!("report, {few} events on 40,000 commits"),
        little,
        None,
    );
    row(
        &mut text,
        &format!("report, {many} events on 1,000,000 commits"),
        much,
        None,
    );
    times(
        &mut text,
        "the second against the first",
        much,
        little,
        "< 25 times",
    );

    for (folder, name, goal) in [
        (made(place, 100)?.0, "10 events over a year", "≤ 3 times"),
        (large.clone(), "100,000 events over a year", "≤ 3 times"),
        (one_day(place)?, "2,000 events on one day", "≤ 6 times"),
    ] {
        record(&mut text, runs, &folder, name, goal)?;
    }
    for (folder, name) in [(&small, "4,000"), (&large, "100,000")] {
        sync(&mut text, folder, name, place)?;
    }
    Ok(text)
}

fn times(text: &mut String, name: &str, ours: Figures, theirs: Figures, goal: &str) {
    let ratio = ours.time.as_secs_f64() / theirs.time.as_secs_f64();
    let _ = writeln!(
        text,
        "| … {name} | | | {ratio:.1} times the time | {goal} |"
    );
}

/// A report over a real history, beside a loop of `git log`, one walk by git, and one read.
fn real(text: &mut String, runs: usize, history: &Path, place: &Path) -> Result<()> {
    let name = history
        .canonicalize()?
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let folder = place.join(&name);
    run(Command::new("git")
        .args(["clone", "--quiet", "--local", "--no-checkout"])
        .arg(history)
        .arg(&folder))?;
    git(
        &folder,
        &["commit-graph", "write", "--reachable", "--no-progress"],
    )?;
    let tags = tags(&folder)?;
    let events = tags.iter().fold(String::new(), |text, tag| {
        text + &event(&tag.commit, &tag.at, &tag.name)
    });
    import(&folder, &events)?;

    let name = format!("{name}, {} deployments", tags.len());
    let report = words(&[
        SHIPWAY,
        "dora",
        "report",
        "--from",
        "1990-01-01",
        "--to",
        "2100-01-01",
        "--format",
        "json",
    ]);
    let walk = words(&["git", "rev-list", "HEAD", "--timestamp"]);
    let graph = folder.join(".git/objects/info/commit-graph");
    let mut scan = vec![std::env::current_exe()?.into_os_string(), SCAN.into()];
    scan.push(graph.into());
    let [ours, theirs, once] = medians(runs, [&report, &walk, &scan], &folder)?;
    row(text, &format!("{name}, `shipway dora report`"), ours, None);
    row(
        text,
        "… `git rev-list HEAD --timestamp`",
        theirs,
        Some((ours, "≤ 1/3 of the time")),
    );
    row(
        text,
        "… reading the commit-graph's dates once",
        once,
        Some((ours, "≤ 5 times the time")),
    );
    let script = tags.windows(2).fold(String::new(), |text, pair| {
        format!(
            "{text}git log --format=%ct {} ^{}\n",
            pair[1].commit, pair[0].commit
        )
    });
    let file = place.join("loop.sh");
    std::fs::write(&file, script)?;
    let mut shell: Vec<OsString> = words(&["sh", "-e"]);
    shell.push(file.into());
    let peer = figures(&shell, &folder)?;
    row(
        text,
        "… loop of `git log TAG ^PREVIOUS`, one run",
        peer,
        Some((ours, "≤ 1/100 of the time")),
    );
    Ok(())
}

struct Tag {
    name: String,
    commit: String,
    /// RFC 3339, UTC.
    at: String,
}

/// The tags that name a released version, the oldest first.
fn tags(folder: &Path) -> Result<Vec<Tag>> {
    let output = Command::new("git")
        .args(["for-each-ref", "--sort=creatordate", "refs/tags/v*"])
        .arg("--format=%(refname:short)|%(creatordate:format-local:%Y-%m-%dT%H:%M:%SZ)|%(objectname)|%(*objectname)")
        .env("TZ", "UTC")
        .current_dir(folder)
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| {
            // A tag without a tagger has no date.
            let mut words = line.split('|');
            let (name, at) = (words.next()?, words.next().filter(|at| !at.is_empty())?);
            let version = name.strip_prefix('v')?;
            let plain = version
                .chars()
                .all(|letter| letter.is_ascii_digit() || letter == '.');
            plain.then_some(Tag {
                name: name.to_owned(),
                at: at.to_owned(),
                commit: words.rfind(|id| !id.is_empty())?.to_owned(),
            })
        })
        .collect())
}

/// A line of JSON: one deployment that succeeded.
fn event(commit: &str, at: &str, run: &str) -> String {
    format!(
        "{{\"type\":\"deployment\",\"environment\":\"production\",\"service\":\"web\",\
         \"commit\":\"{commit}\",\"started_at\":\"{at}\",\"finished_at\":\"{at}\",\
         \"outcome\":\"succeeded\",\"took_traffic\":true,\"intent\":\"release\",\
         \"run\":\"{run}\",\"source\":\"file\"}}\n"
    )
}

fn import(folder: &Path, events: &str) -> Result<()> {
    let file = folder.join(".git/events.jsonl");
    std::fs::write(&file, events)?;
    run(Command::new(SHIPWAY)
        .args(["dora", "import", "events", "--quiet"])
        .arg(&file)
        .current_dir(folder))
}

fn time(second: i64) -> Result<String> {
    jiff::Timestamp::from_second(second)
        .map(|time| time.to_string())
        .map_err(Error::other)
}

/// A line of so many commits with every tenth deployed; how many are, too.
fn made(place: &Path, commits: usize) -> Result<(PathBuf, usize)> {
    let folder = place.join(format!("made-{commits}"));
    std::fs::create_dir_all(&folder)?;
    git(&folder, &["init", "--quiet", "--initial-branch=main"])?;
    let mut import_commits = Command::new("git")
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .current_dir(&folder)
        .spawn()?;
    {
        let pipe = import_commits
            .stdin
            .take()
            .ok_or_else(|| Error::other("no pipe"))?;
        let mut pipe = BufWriter::new(pipe);
        let mut second = START;
        for _ in 0..commits {
            write!(
                pipe,
                "commit refs/heads/main\ncommitter bench <bench@localhost> {second} +0000\ndata 1\nc\n"
            )?;
            second += STEP;
        }
        pipe.flush()?;
    }
    if !import_commits.wait()?.success() {
        return Err(Error::other("git fast-import failed"));
    }
    git(
        &folder,
        &["commit-graph", "write", "--reachable", "--no-progress"],
    )?;
    let listed = Command::new("git")
        .args(["rev-list", "--reverse", "main"])
        .current_dir(&folder)
        .output()?;
    let mut events = String::new();
    let mut second = START + 600;
    let listed = String::from_utf8_lossy(&listed.stdout);
    for (number, commit) in listed.lines().enumerate() {
        if number % DEPLOYED == 0 {
            events += &event(commit, &time(second)?, &number.to_string());
        }
        second += STEP;
    }
    import(&folder, &events)?;
    Ok((folder, events.lines().count()))
}

/// 2,000 deployments of one commit on one day.
fn one_day(place: &Path) -> Result<PathBuf> {
    let folder = place.join("one-day");
    std::fs::create_dir_all(&folder)?;
    git(&folder, &["init", "--quiet", "--initial-branch=main"])?;
    git(
        &folder,
        &[
            "commit",
            "--quiet",
            "--allow-empty",
            "--message",
            "chore: one",
        ],
    )?;
    let head = Command::new("git")
        .args(["rev-parse", "HEAD"])
        .current_dir(&folder)
        .output()?;
    let head = String::from_utf8_lossy(&head.stdout).trim().to_owned();
    // Yesterday's midnight and on, a time that is never in the future.
    let day = jiff::Timestamp::now().as_second() / 86_400 * 86_400 - 86_400;
    let mut events = String::new();
    let mut second = day;
    for number in 0..2_000 {
        events += &event(&head, &time(second)?, &number.to_string());
        second += 40;
    }
    import(&folder, &events)?;
    Ok(folder)
}

/// One record, beside one ref set by git in the same repository.
fn record(text: &mut String, runs: usize, folder: &Path, name: &str, goal: &str) -> Result<()> {
    let yesterday = time(jiff::Timestamp::now().as_second() / 86_400 * 86_400 - 1)?;
    let both = |run: usize| {
        let number = format!("bench-{run}");
        let mut record = words(&[SHIPWAY, "dora", "record", "deployment", "production"]);
        record.extend(words(&["--service", "web", "--commit", "HEAD", "--run"]));
        record.extend(words(&[
            &number,
            "--started",
            &yesterday,
            "--finished",
            &yesterday,
        ]));
        let reference = format!("refs/bench/{run}");
        Ok([record, words(&["git", "update-ref", &reference, "HEAD"])])
    };
    let [ours, theirs] = medians_of(runs, both, folder)?;
    row(text, &format!("record beside {name}"), ours, None);
    row(text, "… `git update-ref`", theirs, Some((ours, goal)));
    Ok(())
}

/// A thousand new events sent to a remote that has the old ones.
fn sync(text: &mut String, folder: &Path, name: &str, place: &Path) -> Result<()> {
    let remote = place.join(format!("remote-{name}.git"));
    run(Command::new("git")
        .args(["init", "--quiet", "--bare"])
        .arg(&remote))?;
    git(
        folder,
        &["remote", "add", "origin", &remote.display().to_string()],
    )?;
    let command = words(&[SHIPWAY, "dora", "sync"]);
    figures(&command, folder)?;
    let head = Command::new("git")
        .args(["rev-parse", "HEAD"])
        .current_dir(folder)
        .output()?;
    let head = String::from_utf8_lossy(&head.stdout).trim().to_owned();
    let mut second = START + 86_400;
    let new = median(3, |turn| {
        let mut events = String::new();
        for number in 0..1_000 {
            events += &event(&head, &time(second)?, &format!("sync-{turn}-{number}"));
            second += 60;
        }
        import(folder, &events)?;
        Ok((command.clone(), folder.to_owned()))
    })?;
    row(
        text,
        &format!("sync of 1,000 new events beside {name}, 3 runs"),
        new,
        None,
    );
    Ok(())
}

/// Adds up the dates of a commit-graph file: the least that a report over it has to read.
/// The format is that of git's `Documentation/gitformat-commit-graph.txt`.
pub(super) fn scan(file: &[OsString]) -> Result<()> {
    let path = file.first().ok_or_else(|| Error::other("which file?"))?;
    let bytes = std::fs::read(path)?;
    let wrong = || Error::other("not a commit-graph file");
    let chunks = usize::from(*bytes.get(6).ok_or_else(wrong)?);
    let number = |at: usize| -> Result<usize> {
        let eight = bytes.get(at..at + 8).ok_or_else(wrong)?;
        usize::try_from(u64::from_be_bytes(eight.try_into().map_err(Error::other)?))
            .map_err(Error::other)
    };
    let mut sum = 0_u64;
    for chunk in 0..chunks {
        let at = 8 + chunk * 12;
        if bytes.get(at..at + 4) != Some(b"CDAT") {
            continue;
        }
        let data = bytes
            .get(number(at + 4)?..number(at + 16)?)
            .ok_or_else(wrong)?;
        for commit in data.chunks_exact(36) {
            let mut date = [0; 8];
            date.copy_from_slice(&commit[28..36]);
            sum = sum.wrapping_add(u64::from_be_bytes(date) & ((1 << 34) - 1));
        }
    }
    writeln!(std::io::stdout(), "{sum}")
}
