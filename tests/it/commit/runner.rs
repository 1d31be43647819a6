//! Commands: side by side, in time, with all their children, and without harm.

use super::hooked::{Hooked, ok, said, shell};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub(super) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The process whose id is in `file` is gone.
fn is_gone(file: &Path) -> bool {
    let id = std::fs::read_to_string(file).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.trim()));
    // A zombie has ended, too: nobody in a container may have waited for it yet.
    stat.map_or(true, |stat| {
        stat.rsplit_once(')').unwrap().1.trim().starts_with('Z')
    })
}

fn has_text(file: &Path) -> bool {
    std::fs::read_to_string(file).is_ok_and(|text| text.ends_with('\n'))
}

#[test]
fn a_failing_command_stops_the_commit_and_its_output_is_shown() {
    let hooked = Hooked::new(&shell("lint", "echo here; echo there >&2; exit 3", ""), &[]);
    hooked.stage("a.txt", "a\n");
    let said = hooked.refused(&["commit", "-m", "x"]);
    assert!(said.contains("exit code 3"), "{said}");
    assert!(
        said.find("here").unwrap() < said.find("there").unwrap(),
        "{said}"
    );
    hooked.git(&["commit", "--no-verify", "-m", "x"]);
}

#[test]
fn outputs_stand_whole_one_after_another() {
    let script = "for i in 1 2 3 4 5 6 7 8; do echo $0$i; sleep 0.01; done; exit 1";
    let config = shell("a", script, "") + &shell("b", script, "");
    let hooked = Hooked::new(&config, &[]);
    hooked.stage("a.txt", "a\n");
    let said = hooked.refused(&["commit", "-m", "x"]);
    assert_eq!(said.matches("x1\n").count(), 2, "{said}");
    for part in said.split("x1\n").skip(1) {
        let lines: Vec<&str> = part
            .lines()
            .take(7)
            .map(|line| line.trim_start_matches([' ', '│']))
            .collect();
        assert_eq!(lines, ["x2", "x3", "x4", "x5", "x6", "x7", "x8"], "{said}");
    }
}

#[test]
fn jobs_of_other_files_run_at_the_same_time() {
    if std::thread::available_parallelism().unwrap().get() < 2 {
        return;
    }
    // Each waits for what the other writes.
    let meet = |mine: &str, theirs: &str| {
        format!("touch $GIT_COMMON/{mine}; for i in $(seq 500); do test -e $GIT_COMMON/{theirs} && exit 0; sleep 0.02; done; exit 1").replace("$GIT_COMMON", "$(git rev-parse --git-common-dir)")
    };
    let config = shell("a", &meet("a", "b"), "files = [\"*.a\"]\nfix = true")
        + &shell("b", &meet("b", "a"), "files = [\"*.b\"]\nfix = true");
    let hooked = Hooked::new(&config, &[]);
    hooked.stage("x.a", "a\n");
    hooked.stage("x.b", "b\n");
    hooked.git(&["commit", "-m", "x"]);
}

#[test]
fn fixers_of_one_file_run_one_after_the_other() {
    let add = |word: &str| {
        format!(
            "for f in \"$@\"; do old=$(cat $f); sleep 0.1; printf \"%s\\n{word}\\n\" \"$old\" > $f; done"
        )
    };
    let config = shell("a", &add("one"), "fix = true\nfiles = [\"*.txt\"]")
        + &shell("b", &add("two"), "fix = true\nfiles = [\"a.*\"]");
    let hooked = Hooked::new(&config, &[]);
    hooked.stage("a.txt", "zero\n");
    hooked.git(&["commit", "-m", "x"]);
    assert_eq!(hooked.at("HEAD", "a.txt"), "zero\none\ntwo\n");
}

#[test]
fn a_timeout_ends_the_job_with_its_children() {
    let script = "(setsid sh -c 'echo $$ > \"$0\"; exec sleep 600' \"$PIDS/child\" &) ; echo $$ > $PIDS/job; sleep 600";
    let config = shell(
        "slow",
        &script.replace("$PIDS", ".git/shipway"),
        "timeout = \"1s\"",
    );
    let hooked = Hooked::new(&config, &[]);
    hooked.stage("a.txt", "a\n");
    let start = Instant::now();
    let said = hooked.refused(&["commit", "-m", "x"]);
    assert!(start.elapsed() < Duration::from_mins(1));
    assert!(said.contains("longer than 1 s"), "{said}");
    for name in ["child", "job"] {
        assert!(
            is_gone(&hooked.path(&format!(".git/shipway/{name}"))),
            "{name}"
        );
    }
}

#[test]
fn what_a_job_forks_and_leaves_does_not_stay() {
    let script = "setsid sh -c '(sh -c \"echo \\$\\$ > .git/shipway/pid; exec sleep 600\" &)' > /dev/null 2>&1 < /dev/null & while ! test -s .git/shipway/pid; do sleep 0.01; done";
    let hooked = Hooked::new(&shell("daemon", script, ""), &[]);
    hooked.stage("a.txt", "a\n");
    hooked.git(&["commit", "-m", "x"]);
    assert!(is_gone(&hooked.path(".git/shipway/pid")));
}

#[test]
fn no_job_outlives_shipway() {
    // A job, a child of it, and a daemon that has left session and parents.
    let script = "setsid sh -c '(sh -c \"echo \\$\\$ > .git/shipway/daemon; exec sleep 600\" &)' & sleep 600 & echo $! > .git/shipway/child; echo $$ > .git/shipway/job; wait";
    let hooked = Hooked::new(&shell("stay", script, ""), &[]);
    hooked.stage("a.txt", "a\n");
    let mut shipway = hooked
        .shipway(&["hooks", "run", "pre-commit"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let names = ["job", "child", "daemon"].map(|name| hooked.path(&format!(".git/shipway/{name}")));
    wait_until("all three live", || names.iter().all(|name| has_text(name)));
    assert!(names.iter().all(|name| !is_gone(name)));
    shipway.kill().unwrap();
    shipway.wait().unwrap();
    wait_until("all three are gone", || {
        names.iter().all(|name| is_gone(name))
    });
}

/// Sends `signal` to the guardian of a job that stays; gives the exit code of the run and what it
/// said.
fn guardian_ended_by(signal: nix::sys::signal::Signal) -> (Option<i32>, String) {
    let script = "echo $PPID > .git/shipway/guardian; echo $$ > .git/shipway/job; sleep 600";
    let hooked = Hooked::new(&shell("stay", script, ""), &[]);
    hooked.stage("a.txt", "a\n");
    let shipway = hooked
        .shipway(&["hooks", "run", "pre-commit"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let job = hooked.path(".git/shipway/job");
    wait_until("the job lives", || has_text(&job));
    let guardian = hooked.read(".git/shipway/guardian");
    let pid = nix::unistd::Pid::from_raw(guardian.trim().parse().unwrap());
    nix::sys::signal::kill(pid, signal).unwrap();
    let output = shipway.wait_with_output().unwrap();
    assert!(is_gone(&job));
    (output.status.code(), said(&output))
}

#[test]
fn a_job_whose_guardian_is_killed_does_not_stay_either() {
    let (code, said) = guardian_ended_by(nix::sys::signal::Signal::SIGKILL);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("guardian"), "{said}");
}

/// One that has just been started is still in the terminal's reach.
#[test]
fn a_guardian_that_ctrl_c_reaches_is_no_fault_of_the_job() {
    let (code, said) = guardian_ended_by(nix::sys::signal::Signal::SIGINT);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("stopped; everything is as it was"), "{said}");
}

#[test]
fn an_interrupt_stops_everything_and_leaves_all_as_it_was() {
    let fixer = shell(
        "fix",
        "echo fixed >> a.txt; echo $$ > $(git rev-parse --git-common-dir)/shipway/job; sleep 600",
        "fix = true\nfiles = [\"a.txt\"]",
    );
    let config = fixer + "[[hooks.pre-commit]]\ncheck = \"trailing-whitespace\"\nfix = true\n";
    let hooked = Hooked::new(&config, &[]);
    hooked.stage("a.txt", "a\n");
    hooked.stage("b.txt", "b \n");
    let index = std::fs::read(hooked.path(".git/index")).unwrap();
    let shipway = hooked
        .shipway(&["hooks", "run", "pre-commit"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let job = hooked.path(".git/shipway/job");
    wait_until("the job lives", || has_text(&job));
    let pid = nix::unistd::Pid::from_raw(shipway.id().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let output = shipway.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(is_gone(&job));
    assert_eq!(hooked.read("a.txt"), "a\n");
    assert_eq!(hooked.read("b.txt"), "b \n");
    assert_eq!(std::fs::read(hooked.path(".git/index")).unwrap(), index);
}

#[test]
fn arguments_are_split_to_the_limit_of_the_system() {
    let hooked = Hooked::new(
        &shell(
            "count",
            "echo $# >> .git/shipway/counts; printf \"%s\\n\" \"$@\" >> .git/shipway/names",
            "",
        ),
        &[],
    );
    let folder = "long".repeat(50);
    let count = 20_000;
    let mut list = String::new();
    for number in 0..count {
        list.push_str(&format!(
            "100644 e69de29bb2d1d6434b8b29ae775ad8c2e48c5391 0\t{folder}/{folder}/{number}\n"
        ));
    }
    hooked.git(&["hash-object", "-w", "/dev/null"]);
    let mut command = hooked.git_command(&["update-index", "--add", "--index-info"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), list.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    hooked.git(&["checkout-index", "--all", "--quiet"]);
    hooked.git(&["update-index", "-q", "--refresh"]);
    let (code, report) = hooked.report(&["pre-commit", "--job", "count"]);
    assert_eq!(code, 0, "{report:#}");
    let counts: Vec<usize> = hooked
        .read(".git/shipway/counts")
        .lines()
        .map(|line| line.parse().unwrap())
        .collect();
    // 8 MB of names hold in no system's limit.
    assert!(counts.len() > 1, "{counts:?}");
    assert_eq!(counts.iter().sum::<usize>(), count);
    let mut names: Vec<String> = hooked
        .read(".git/shipway/names")
        .lines()
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn names_of_any_bytes_arrive_as_they_are() {
    use std::os::unix::ffi::OsStrExt;
    let hooked = Hooked::new(
        &shell("names", "printf \"%s\\0\" \"$@\" > .git/shipway/names", ""),
        &[],
    );
    let names: [&[u8]; 5] = [
        b"-rf",
        b"a b",
        b"caf\xe9",
        "\u{1F6A2}".as_bytes(),
        b"new\nline",
    ];
    for name in names {
        std::fs::write(hooked.root().join(std::ffi::OsStr::from_bytes(name)), "x\n").unwrap();
    }
    hooked.git(&["add", "--all"]);
    hooked.git(&["commit", "-m", "x"]);
    let seen = std::fs::read(hooked.path(".git/shipway/names")).unwrap();
    let seen: Vec<&[u8]> = seen
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(
        seen,
        [
            b"./-rf".as_slice(),
            b"a b",
            b"caf\xe9",
            b"new\nline",
            "\u{1F6A2}".as_bytes()
        ]
    );
}

#[test]
fn a_flood_of_output_takes_no_memory() {
    let script = "head -c 1G /dev/zero | tr '\\0' x; printf '\\377\\376 the end'; exit 1";
    let hooked = Hooked::new(&shell("flood", script, ""), &[]);
    hooked.stage("a.txt", "a\n");
    let command = hooked.shipway(&["hooks", "run", "pre-commit"]);
    // What one process may have of memory, in KiB.
    let script = format!(
        "ulimit -v 600000; exec {:?} hooks run pre-commit",
        command.get_program()
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(hooked.root())
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env_remove("CI")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = said(&output);
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}",
        &text[..text.len().min(500)]
    );
    assert!(text.contains("bytes left out") && text.contains("\u{fffd}\u{fffd} the end"));
    assert!(text.len() < 1 << 20);
}

#[test]
fn a_missing_tool_is_skipped_at_a_commit_and_an_error_in_ci() {
    let config = "[[hooks.pre-commit]]\nname = \"lint\"\nrun = \"no-such-tool {files}\"\ntool = { name = \"no-such-tool\", install = \"touch installed\" }\n";
    let hooked = Hooked::new(config, &[]);
    hooked.stage("a.txt", "a\n");
    let output = ok(&mut hooked.git_command(&["commit", "-m", "x"]));
    assert!(
        said(&output).contains("touch installed"),
        "{}",
        said(&output)
    );
    assert!(!hooked.path("installed").exists());
    let output = hooked
        .shipway(&["hooks", "run", "pre-commit", "--all-files"])
        .env("CI", "true")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));

    let hooked = Hooked::new(&format!("{config}required = true\n"), &[]);
    hooked.stage("a.txt", "a\n");
    hooked.refused(&["commit", "-m", "x"]);
}

#[test]
fn a_tool_of_the_project_is_found_without_path() {
    use std::os::unix::fs::PermissionsExt;
    let config =
        "[[hooks.pre-commit]]\nname = \"lint\"\nrun = \"linter {files}\"\nrequired = true\n";
    let hooked = Hooked::new(config, &[(".gitignore", ".venv\n")]);
    hooked.write(
        ".venv/bin/linter",
        "#!/bin/sh\necho mine > .git/shipway/ran\n",
    );
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(hooked.path(".venv/bin/linter"), mode).unwrap();
    hooked.stage("a.txt", "a\n");
    hooked.git(&["commit", "-m", "x"]);
    assert_eq!(hooked.read(".git/shipway/ran"), "mine\n");

    // One that came with a branch is nobody's.
    hooked.git(&["add", "--force", ".venv"]);
    let said = hooked.refused(&["commit", "-m", "theirs"]);
    assert!(said.contains("linter"), "{said}");
}

#[test]
fn skipped_jobs_are_said() {
    let hooked = Hooked::new(&shell("lint", "exit 1", ""), &[]);
    hooked.stage("a.txt", "a\n");
    let mut command = hooked.git_command(&["commit", "-m", "x"]);
    let output = ok(command.env("SHIPWAY_SKIP", "lint, lnit"));
    let said = said(&output);
    assert!(said.contains("lint  named in SHIPWAY_SKIP"), "{said}");
    assert!(said.contains("SHIPWAY_SKIP names lnit"), "{said}");
}

#[test]
fn without_consent_commands_do_not_run_and_it_is_said() {
    let config = shell("lint", "touch ran; exit 1", "");
    let hooked = Hooked::new("", &[]);
    hooked.stage("shipway.toml", &config);
    let output = ok(&mut hooked.git_command(&["commit", "-m", "x"]));
    assert!(
        said(&output).contains("mend: read it, then: shipway trust"),
        "{}",
        said(&output)
    );
    assert!(!hooked.path("ran").exists());
    // The checks alone decide.
    hooked.stage("a.md", "<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n");
    hooked.refused(&["commit", "-m", "x"]);
}

#[test]
fn the_environment_of_the_hook_does_not_reach_a_tool_and_the_jobs_own_does() {
    let hooked = Hooked::new(
        &shell("env", "env > .git/shipway/env", "env = { MINE = \"1\" }"),
        &[],
    );
    hooked.write("a.txt", "a\n");
    hooked.git(&["add", "a.txt"]);
    let mut command = hooked.git_command(&["-c", "user.name=Other", "commit", "-a", "-m", "x"]);
    ok(command.env_remove("GIT_EDITOR"));
    let env = hooked.read(".git/shipway/env");
    let leaked: Vec<&str> = env
        .lines()
        .filter(|line| line.starts_with("GIT_") && !line.starts_with("GIT_CONFIG_"))
        .collect();
    assert_eq!(leaked, Vec::<&str>::new());
    assert!(env.lines().any(|line| line == "MINE=1"));
}

#[test]
fn a_run_takes_the_folder_that_the_last_one_left_empty() {
    let hooked = Hooked::new(&shell("lint", "exit 0", ""), &[]);
    for content in ["a\n", "b\n"] {
        hooked.stage("a.txt", content);
        hooked.git(&["commit", "-m", "x"]);
    }
    let hooks = hooked.path(".git/shipway/hooks");
    let runs: Vec<String> = std::fs::read_dir(&hooks)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("run-"))
        .collect();
    assert_eq!(runs, ["run-0"]);
    let left: Vec<_> = std::fs::read_dir(hooks.join("run-0"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["lock"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_runs_in_a_folder_whose_name_is_no_utf_8() {
    use std::os::unix::ffi::OsStrExt;
    let hooked = Hooked::new("", &[]);
    let root = hooked.root().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    let call = |mut command: Command| ok(command.current_dir(&root));
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("a.txt"), "a\n").unwrap();
    let config = shell("lint", "cat \"$@\" > .git/ran", "files = [\"a.txt\"]");
    std::fs::write(root.join("shipway.toml"), config).unwrap();
    call(hooked.git_command(&["init", "--quiet"]));
    call(hooked.git_command(&["add", "."]));
    call(hooked.shipway(&["trust", "--yes"]));
    call(hooked.shipway(&["hooks", "run", "pre-commit"]));
    assert_eq!(std::fs::read(root.join(".git/ran")).unwrap(), b"a\n");
}

#[test]
fn a_folder_that_nobody_may_open_stops_no_commit() {
    use std::os::unix::fs::PermissionsExt;
    let hooked = Hooked::new(&shell("lint", "cat \"$@\"", ""), &[]);
    hooked.stage("a.txt", "a\n");
    hooked.write("closed/b.txt", "b\n");
    let allow = |mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(hooked.path("closed"), permissions).unwrap();
    };
    allow(0o000);
    let mut command = crate::bad_input::plain_user();
    command.args(["hooks", "run", "pre-commit"]);
    hooked.at_home(command.current_dir(hooked.root()));
    let output = command.output().unwrap();
    allow(0o755);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("passed"), "{}", said(&output));
}
