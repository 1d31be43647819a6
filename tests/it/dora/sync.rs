//! Clones that share a record through a bare remote.

use super::support::{clone, dora, error, events, json, plant, run, sha256, shop};
use crate::sandbox::{Sandbox, scale};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A bare repository with one commit, and two clones of it.
fn shared() -> (tempfile::TempDir, Sandbox, Sandbox) {
    let bare = bare();
    let one = clone(bare.path(), &[]);
    let two = clone(bare.path(), &[]);
    (bare, one, two)
}

fn bare() -> tempfile::TempDir {
    let shop = shop();
    let bare = tempfile::tempdir().unwrap();
    shop.git(&[
        "clone",
        "--quiet",
        "--bare",
        ".",
        bare.path().to_str().unwrap(),
    ]);
    git(bare.path(), &["config", "uploadpack.allowFilter", "true"]);
    bare
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn deploy(sandbox: &Sandbox, name: &str) {
    run(
        sandbox,
        0,
        &[
            "record",
            "deployment",
            "production",
            "--finished=2026-08-01T10:00:00Z",
            "--run",
            name,
        ],
    );
}

fn runs(sandbox: &Sandbox) -> BTreeSet<String> {
    events(sandbox)
        .iter()
        .map(|entry| entry["event"]["run"].as_str().unwrap().to_owned())
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn hook(bare: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = bare.join("hooks").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn two_clones_become_the_union_of_both() {
    let (bare, one, two) = shared();
    deploy(&one, "a");
    deploy(&one, "b");
    deploy(&two, "c");
    let sent = json(&one, &["sync"]);
    assert_eq!((&sent["taken"], &sent["sent"]), (&0.into(), &2.into()));
    let both = json(&two, &["sync"]);
    assert_eq!((&both["taken"], &both["sent"]), (&2.into(), &1.into()));
    let back = json(&one, &["sync"]);
    assert_eq!((&back["taken"], &back["sent"]), (&1.into(), &0.into()));
    assert_eq!(runs(&one), set(&["a", "b", "c"]));
    assert_eq!(runs(&two), set(&["a", "b", "c"]));
    let tip = git(bare.path(), &["rev-parse", "refs/shipway/events"]);
    assert_eq!(one.git(&["rev-parse", "refs/shipway/events"]), tip);
    assert_eq!(two.git(&["rev-parse", "refs/shipway/events"]), tip);
    git(bare.path(), &["fsck", "--strict"]);
    // Nothing to do, nothing done.
    json(&one, &["sync"]);
    json(&two, &["sync"]);
    assert_eq!(git(bare.path(), &["rev-parse", "refs/shipway/events"]), tip);
    // Branches, tags and work tree are untouched.
    assert_eq!(one.git(&["status", "--porcelain"]), "");
    assert_eq!(
        git(bare.path(), &["for-each-ref", "refs/heads"])
            .lines()
            .count(),
        1
    );
}

#[test]
fn a_shallow_and_a_partial_clone_have_the_whole_record() {
    let (bare, one, _) = shared();
    for name in ["a", "b", "c"] {
        deploy(&one, name);
    }
    run(&one, 0, &["sync"]);
    let mut wanted = set(&["a", "b", "c"]);
    for options in [
        &["--depth=1"][..],
        &["--filter=blob:none"],
        &["--filter=tree:0"],
        &["--depth=1", "--filter=tree:0"],
    ] {
        let partial = clone(bare.path(), options);
        run(&partial, 0, &["sync"]);
        assert_eq!(runs(&partial), wanted, "{options:?}");
        run(&partial, 0, &["verify"]);
        deploy(&partial, options.concat().trim_start_matches('-'));
        wanted.insert(options.concat().trim_start_matches('-').to_owned());
        run(&partial, 0, &["sync"]);
        run(&one, 0, &["sync"]);
        assert_eq!(runs(&one), wanted, "{options:?}");
        // The clone is as shallow and as partial as it was.
        let filter = partial.git(&["config", "--default=", "remote.origin.partialclonefilter"]);
        let wanted = options
            .iter()
            .find_map(|option| option.strip_prefix("--filter="));
        assert_eq!(filter.trim(), wanted.unwrap_or_default());
    }
}

#[test]
fn what_is_no_event_is_not_taken() {
    let (bare, one, two) = shared();
    deploy(&one, "a");
    plant(
        &one,
        "100644",
        &format!("2026/08/02/{}.json", "ab".repeat(32)),
        b"{}",
    );
    plant(&one, "100644", "README", b"hello");
    let newer = r#"{"type":"weather"}"#;
    let newer_path = format!("2026/08/02/{}.json", sha256(newer));
    plant(&one, "100644", &newer_path, newer.as_bytes());
    one.git(&["push", "--quiet", "origin", "refs/shipway/events"]);
    let output = run(&two, 1, &["sync"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("README is no folder of a day"), "{said}");
    assert!(said.contains("was altered"), "{said}");
    assert_eq!(runs(&two), set(&["a"]));
    let listed = two.git(&["ls-tree", "-r", "--name-only", "refs/shipway/events"]);
    assert!(
        !listed.contains("README") && !listed.contains("abab"),
        "{listed}"
    );
    // What a newer version wrote travels on, though it counts nowhere here.
    assert!(listed.contains(&newer_path), "{listed}");
    deploy(&two, "b");
    run(&two, 1, &["sync"]);
    let listed = git(
        bare.path(),
        &["ls-tree", "-r", "--name-only", "refs/shipway/events"],
    );
    assert!(listed.contains(&newer_path), "{listed}");
    run(&one, 0, &["sync"]);
    assert_eq!(runs(&one), set(&["a", "b"]));
}

#[test]
fn a_rewritten_remote_is_reported_and_gets_back_what_it_lost() {
    let (bare, one, two) = shared();
    deploy(&one, "a");
    run(&one, 0, &["sync"]);
    let old = git(bare.path(), &["rev-parse", "refs/shipway/events"]);
    deploy(&one, "b");
    run(&one, 0, &["sync"]);
    let seen = one.git(&["rev-parse", "refs/shipway/events"]);
    run(&two, 0, &["sync"]);
    git(
        bare.path(),
        &["update-ref", "refs/shipway/events", old.trim()],
    );
    let said = String::from_utf8(run(&two, 1, &["sync"]).stdout).unwrap();
    assert!(said.contains("was rewritten"), "{said}");
    assert!(said.contains(&seen[..12]), "{said}");
    assert_eq!(runs(&two), set(&["a", "b"]));
    // It is whole again, and the next sync has nothing to say.
    run(&one, 0, &["sync"]);
    run(&two, 0, &["sync"]);
    git(bare.path(), &["update-ref", "-d", "refs/shipway/events"]);
    let said = String::from_utf8(run(&one, 1, &["sync"]).stdout).unwrap();
    assert!(said.contains("was rewritten"), "{said}");
    let fresh = clone(bare.path(), &[]);
    run(&fresh, 0, &["sync"]);
    assert_eq!(runs(&fresh), set(&["a", "b"]));
}

#[test]
fn a_remote_ref_of_another_tool_is_left_alone() {
    let (bare, one, _) = shared();
    git(bare.path(), &["update-ref", "refs/shipway/events", "HEAD"]);
    let before = git(bare.path(), &["rev-parse", "refs/shipway/events"]);
    deploy(&one, "a");
    let said = error(&one, 1, &["sync"]);
    assert!(
        said.contains("holds only what shipway did not write"),
        "{said}"
    );
    assert!(said.contains("shipway.toml"), "{said}");
    assert_eq!(
        git(bare.path(), &["rev-parse", "refs/shipway/events"]),
        before
    );
    assert_eq!(runs(&one), set(&["a"]));
}

#[test]
fn a_remote_that_is_gone_refuses_or_is_slow_is_said_and_loses_nothing() {
    let (bare, one, _) = shared();
    deploy(&one, "a");
    run(&one, 2, &["sync", "--remote", "nowhere"]);
    hook(
        bare.path(),
        "pre-receive",
        "#!/bin/sh\necho 'the record is closed' >&2\nexit 1\n",
    );
    let said = error(&one, 1, &["sync"]);
    assert!(said.contains("refused to take it"), "{said}");
    assert!(said.contains("the record is closed"), "{said}");
    assert!(said.contains("nothing is lost"), "{said}");
    let output = dora(
        &one,
        &[
            "sync",
            "--remote",
            "ssh://git@example.org/shop",
            "--timeout",
            "1s",
        ],
    )
    .env("GIT_SSH_COMMAND", "sleep 600 #")
    .output()
    .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("gave no answer within 1 s"), "{said}");
    one.git(&["remote", "set-url", "origin", "/no/such/folder"]);
    let said = error(&one, 3, &["sync"]);
    assert!(said.contains("origin cannot be reached"), "{said}");
    one.git(&[
        "remote",
        "set-url",
        "origin",
        "https://me:hush@127.0.0.1:1/x.git",
    ]);
    let said = error(&one, 3, &["sync"]);
    assert!(!said.contains("hush"), "{said}");
    one.git(&["remote", "remove", "origin"]);
    assert!(error(&one, 3, &["sync"]).contains("has no remote"));
    assert_eq!(runs(&one), set(&["a"]));
}

/// The remote is moved by somebody else in the middle of each of the next `times` pushes.
fn somebody_faster(bare: &Path, times: usize) {
    let tree = git(bare, &["hash-object", "-t", "tree", "-w", "/dev/null"]);
    let mut list = String::new();
    for number in 0..times {
        let commit = git(
            bare,
            &[
                "-c",
                "user.name=x",
                "-c",
                "user.email=x@example.org",
                "commit-tree",
                tree.trim(),
                "-m",
                &number.to_string(),
            ],
        );
        list.push_str(&commit);
    }
    std::fs::write(bare.join("faster"), list).unwrap();
    hook(
        bare,
        "update",
        "#!/bin/sh\nunset GIT_QUARANTINE_PATH\nnext=$(head -n 1 faster)\n[ -n \"$next\" ] || exit 0\n\
         sed -i 1d faster\ngit update-ref refs/shipway/events \"$next\"\n",
    );
}

#[test]
fn a_push_that_others_were_faster_than_is_tried_again() {
    let (bare, one, two) = shared();
    deploy(&one, "a");
    somebody_faster(bare.path(), 3);
    let told: serde_json::Value = {
        // What somebody wrote over is reported as such: these commits share nothing.
        let output = dora(&one, &["sync", "--format=json"]).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!(told["beaten"], 3);
    run(&two, 0, &["sync"]);
    assert_eq!(runs(&two), set(&["a"]));
}

#[test]
fn beaten_fifty_times_it_gives_up_with_nothing_lost() {
    let (bare, one, _) = shared();
    deploy(&one, "a");
    somebody_faster(bare.path(), 60);
    let said = error(&one, 4, &["sync"]);
    assert!(said.contains("moved by others 50 times"), "{said}");
    assert!(said.contains("nothing is lost"), "{said}");
    assert_eq!(
        std::fs::read_to_string(bare.path().join("faster"))
            .unwrap()
            .lines()
            .count(),
        10
    );
    assert_eq!(runs(&one), set(&["a"]));
    std::fs::remove_file(bare.path().join("hooks/update")).unwrap();
    run(&one, 0, &["sync"]);
}

/// Starts a command and hands its process to whoever kills at random; None where it was killed.
fn killable(mut command: Command, running: &Mutex<Vec<u32>>) -> Option<i32> {
    let mut child = {
        let mut running = running.lock().unwrap();
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        running.push(child.id());
        child
    };
    // The id stays taken until it is waited for: first it leaves the list, then it is waited for.
    loop {
        if nix::sys::wait::waitid(
            nix::sys::wait::Id::Pid(nix::unistd::Pid::from_raw(child.id().try_into().unwrap())),
            nix::sys::wait::WaitPidFlag::WEXITED | nix::sys::wait::WaitPidFlag::WNOWAIT,
        )
        .is_ok()
        {
            break;
        }
    }
    running.lock().unwrap().retain(|id| *id != child.id());
    let status = child.wait().unwrap();
    if status.code().is_some_and(|code| code != 0) {
        let mut said = String::new();
        std::io::Read::read_to_string(child.stderr.as_mut().unwrap(), &mut said).unwrap();
        let _ = writeln!(std::io::stderr(), "{status}: {said}");
    }
    status.code()
}

/// Clones that record and sync at once while a random process is killed every `pause`.
fn many_clones(clones: usize, records: usize, pause: Duration) {
    let bare = bare();
    let places: Vec<Sandbox> = (0..clones).map(|_| clone(bare.path(), &[])).collect();
    let running = Mutex::new(Vec::new());
    let done = AtomicBool::new(false);
    let mut killed = 0;
    let mut survived = 0;
    std::thread::scope(|scope| {
        let workers: Vec<_> = places
            .iter()
            .enumerate()
            .map(|(number, place)| {
                let running = &running;
                scope.spawn(move || {
                    let mut deaths = 0;
                    for record in 0..records {
                        let run = format!("--run={number}-{record}");
                        let day = 1 + record % 28;
                        let at = format!("--finished=2026-08-{day:02}T10:00:00Z");
                        let words = ["record", "deployment", "production", &run, &at];
                        while killable(dora(place, &words), running) != Some(0) {
                            deaths += 1;
                        }
                        // A sync that was killed is made up for by the next.
                        if killable(dora(place, &["sync"]), running).is_none() {
                            deaths += 1;
                        }
                    }
                    deaths
                })
            })
            .collect();
        let killer = scope.spawn(|| {
            let mut kills = 0;
            let mut next = Instant::now() + pause;
            while !done.load(Ordering::SeqCst) {
                std::thread::park_timeout(next.saturating_duration_since(Instant::now()));
                if Instant::now() < next {
                    continue;
                }
                next += pause;
                let running = running.lock().unwrap();
                if running.is_empty() {
                    continue;
                }
                let mut random = [0; 8];
                getrandom::fill(&mut random).unwrap();
                let index = usize::from_le_bytes(random) % running.len();
                let pid = nix::unistd::Pid::from_raw(running[index].try_into().unwrap());
                if nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).is_ok() {
                    kills += 1;
                }
            }
            kills
        });
        for worker in workers {
            survived += worker.join().unwrap();
        }
        done.store(true, Ordering::SeqCst);
        killer.thread().unpark();
        killed = killer.join().unwrap();
    });
    let _ = writeln!(
        std::io::stderr(),
        "{clones} clones, {records} records each: {killed} killed, {survived} noticed"
    );
    assert!(killed > 0, "nothing was killed");
    for _ in 0..2 {
        for place in &places {
            run(place, 0, &["sync"]);
        }
    }
    let wanted: BTreeSet<String> = (0..clones)
        .flat_map(|number| (0..records).map(move |record| format!("{number}-{record}")))
        .collect();
    for place in &places {
        assert_eq!(runs(place), wanted);
        assert_eq!(events(place).len(), clones * records);
        run(place, 0, &["verify"]);
    }
    git(bare.path(), &["fsck", "--strict"]);
}

#[test]
fn clones_that_record_at_once_and_are_killed_lose_nothing() {
    if scale() > 1 {
        many_clones(10, 200, Duration::from_secs(1));
    } else {
        many_clones(4, 10, Duration::from_millis(150));
    }
}
