//! Faults at every step of an apply, of an undo, and of the disk.

use crate::engine::until;
use crate::sandbox::{Sandbox, Tree, skipped};
use sha2::{Digest, Sha256};
use shipway::git::{self, Repository};
use shipway::project::RelPath;
use shipway::scaffold::Change;
use shipway::scaffold::apply::{ApplyError, Repair, Session, Step, is_unfinished};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

const MAKEFILE: &str = "all:\n\techo mine\n";

fn sandbox() -> Sandbox {
    Sandbox::new(&[("Makefile", MAKEFILE), ("kept/notes.txt", "mine")])
}

fn change(path: &str, before: Option<&str>, after: Option<&str>, mode: Option<u32>) -> Change {
    Change {
        path: RelPath::parse(path).unwrap(),
        content: after.map(|text| text.as_bytes().to_vec()),
        mode,
        before: before.map(|text| hex::encode(Sha256::digest(text))),
    }
}

fn changes() -> Vec<Change> {
    vec![
        change(
            "Makefile",
            Some(MAKEFILE),
            Some("all:\n\techo more\n"),
            None,
        ),
        change(".env", None, Some("SECRET=x\n"), Some(0o600)),
        change("deploy/deep/run.sh", None, Some("#!/bin/sh\n"), Some(0o755)),
        change("kept/new.txt", None, Some("new"), Some(0o644)),
    ]
}

fn go_on(_: Step) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Dies at step `number` as a killed process would: nothing is cleaned up. Whether it died.
fn die_at(number: usize, work: impl FnOnce(&mut dyn FnMut(Step) -> ControlFlow<()>)) -> bool {
    let mut count = 0;
    let mut sink = |_: Step| {
        count += 1;
        assert!(count <= number, "killed here");
        ControlFlow::Continue(())
    };
    catch_unwind(AssertUnwindSafe(|| work(&mut sink))).is_err()
}

fn apply(repository: &Repository) {
    let session = Session::open(repository).unwrap();
    session.apply(&changes(), "init", &mut go_on).unwrap();
}

fn assert_clean(repository: &Repository) {
    assert!(!is_unfinished(repository));
    assert!(!repository.private_dir.join("apply").exists());
}

#[test]
fn writes_everything_with_its_mode_and_undo_takes_it_back() {
    let sandbox = sandbox();
    let before = sandbox.tree();
    let repository = git::open(sandbox.root()).unwrap();
    apply(&repository);
    let after = sandbox.tree();
    assert_eq!(
        after[".env".as_ref() as &std::path::Path],
        (b"SECRET=x\n".to_vec(), 0o600)
    );
    assert_eq!(sandbox.read("Makefile"), "all:\n\techo more\n");
    let session = Session::open(&repository).unwrap();
    session.undo(&mut go_on).unwrap();
    assert_eq!(sandbox.tree(), before);
    assert!(matches!(
        session.undo(&mut go_on),
        Err(ApplyError::NothingToUndo)
    ));
}

#[test]
fn killed_at_any_step_it_is_finished_or_taken_back() {
    let mut finished = 0;
    let mut taken_back = 0;
    for number in 0.. {
        let sandbox = sandbox();
        let before = sandbox.tree();
        let repository = git::open(sandbox.root()).unwrap();
        let died = die_at(number, |sink| {
            let session = Session::open(&repository).unwrap();
            session.apply(&changes(), "init", sink).unwrap();
        });
        let repair = Session::open(&repository).unwrap().repair().unwrap();
        let now = sandbox.tree();
        match repair {
            Some(Repair::Finished { .. }) => finished += 1,
            Some(Repair::TakenBack { .. }) => {
                taken_back += 1;
                assert_eq!(now, before, "step {number}");
            }
            // Before the journal, or after its end.
            None => assert!(now == before || now.len() > before.len(), "step {number}"),
        }
        assert_clean(&repository);
        if !died {
            break;
        }
        // Whatever happened, the way is free for the next.
        if now == before {
            apply(&repository);
        }
        assert_eq!(sandbox.read("deploy/deep/run.sh"), "#!/bin/sh\n");
    }
    assert!(finished >= 1 && taken_back >= 5, "{finished} {taken_back}");
}

#[test]
fn an_undo_killed_at_any_step_is_finished_or_taken_back() {
    for number in 0.. {
        let sandbox = sandbox();
        let before = sandbox.tree();
        let repository = git::open(sandbox.root()).unwrap();
        apply(&repository);
        let after = sandbox.tree();
        let died = die_at(number, |sink| {
            Session::open(&repository).unwrap().undo(sink).unwrap();
        });
        let session = Session::open(&repository).unwrap();
        session.repair().unwrap();
        assert_clean(&repository);
        let now: Tree = sandbox.tree();
        assert!(now == before || now == after, "step {number}");
        if now == after {
            session.undo(&mut go_on).unwrap();
        }
        assert_eq!(sandbox.tree(), before);
        if !died {
            break;
        }
    }
}

#[test]
fn asked_to_stop_at_any_step_it_takes_everything_back() {
    for number in 0.. {
        let sandbox = sandbox();
        let before = sandbox.tree();
        let repository = git::open(sandbox.root()).unwrap();
        let mut count = 0;
        let mut done = false;
        let result = Session::open(&repository)
            .unwrap()
            .apply(&changes(), "init", &mut |step| {
                count += 1;
                done |= step == Step::Finished;
                if count > number {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
        assert_clean(&repository);
        if done {
            result.unwrap();
            break;
        }
        assert!(matches!(result, Err(ApplyError::Interrupted)));
        assert_eq!(sandbox.tree(), before, "step {number}");
    }
}

#[test]
fn an_edit_after_the_kill_is_never_lost() {
    let sandbox = sandbox();
    let repository = git::open(sandbox.root()).unwrap();
    // Four staged, one backed up, the journal, two folders: the ninth is the first file.
    assert!(die_at(9, |sink| {
        Session::open(&repository)
            .unwrap()
            .apply(&changes(), "init", sink)
            .unwrap();
    }));
    sandbox.write("Makefile", "edited meanwhile\n");
    let error = Session::open(&repository).unwrap().repair().unwrap_err();
    let ApplyError::Conflict { paths, backups } = error else {
        panic!("{error}");
    };
    assert_eq!(paths, ["Makefile"]);
    assert_eq!(
        std::fs::read_to_string(backups.join("old-0")).unwrap(),
        MAKEFILE
    );
    assert_eq!(sandbox.read("Makefile"), "edited meanwhile\n");
    assert_clean(&repository);
}

#[test]
fn a_file_that_changed_since_the_plan_stops_it() {
    let sandbox = sandbox();
    let repository = git::open(sandbox.root()).unwrap();
    sandbox.write("kept/new.txt", "theirs");
    let before = sandbox.tree();
    let session = Session::open(&repository).unwrap();
    let error = session.apply(&changes(), "init", &mut go_on).unwrap_err();
    assert!(matches!(error, ApplyError::Changed(path) if path == "kept/new.txt"));
    assert_eq!(sandbox.tree(), before);
    assert_clean(&repository);
}

#[test]
fn a_file_that_appears_while_writing_is_not_overwritten() {
    let sandbox = sandbox();
    let before = sandbox.tree();
    let repository = git::open(sandbox.root()).unwrap();
    let session = Session::open(&repository).unwrap();
    let result = session.apply(&changes(), "init", &mut |step| {
        if step == Step::Journalled {
            sandbox.write("kept/new.txt", "theirs");
        }
        ControlFlow::Continue(())
    });
    assert!(matches!(result, Err(ApplyError::Io { .. })));
    assert_eq!(sandbox.read("kept/new.txt"), "theirs");
    std::fs::remove_file(sandbox.root().join("kept/new.txt")).unwrap();
    assert_eq!(sandbox.tree(), before);
    assert_clean(&repository);
}

#[test]
fn undo_names_what_was_edited_since() {
    let sandbox = sandbox();
    let repository = git::open(sandbox.root()).unwrap();
    apply(&repository);
    sandbox.write("Makefile", "edited\n");
    let after = sandbox.tree();
    let session = Session::open(&repository).unwrap();
    let error = session.undo(&mut go_on).unwrap_err();
    assert!(matches!(error, ApplyError::Edited(paths) if paths == ["Makefile"]));
    assert_eq!(sandbox.tree(), after);
}

#[test]
fn two_at_once_are_told_apart() {
    let sandbox = sandbox();
    let repository = git::open(sandbox.root()).unwrap();
    let first = Session::open(&repository).unwrap();
    assert!(matches!(Session::open(&repository), Err(ApplyError::Busy)));
    drop(first);
    Session::open(&repository).unwrap();
}

#[test]
fn one_that_ends_soon_is_waited_for() {
    let sandbox = sandbox();
    let repository = git::open(sandbox.root()).unwrap();
    let first = Session::open(&repository).unwrap();
    let lock = repository.private_dir.join("lock");
    let holds = || {
        let files = std::fs::read_dir("/proc/self/fd").unwrap();
        let opened = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        opened.filter(|file| *file == lock).count()
    };
    std::thread::scope(|scope| {
        scope.spawn(move || {
            until("the other asks for it", || holds() == 2);
            drop(first);
        });
        Session::open(&repository).unwrap();
    });
}

#[test]
fn works_where_git_lies_on_another_file_system() {
    let shared = std::path::Path::new("/dev/shm");
    let Ok(elsewhere) = tempfile::tempdir_in(shared) else {
        skipped("there is no second file system at /dev/shm");
        return;
    };
    let sandbox = sandbox();
    let before = sandbox.tree();
    let mut repository = git::open(sandbox.root()).unwrap();
    repository.private_dir = elsewhere.path().join("shipway");
    apply(&repository);
    assert_eq!(sandbox.read("kept/new.txt"), "new");
    for number in 0.. {
        let died = die_at(number, |sink| {
            Session::open(&repository).unwrap().undo(sink).unwrap();
        });
        Session::open(&repository).unwrap().repair().unwrap();
        if sandbox.tree() == before {
            break;
        }
        assert!(died);
    }
    assert_eq!(sandbox.tree(), before);
}

#[test]
fn a_full_disk_leaves_everything_as_it_was() {
    let disk = tempfile::tempdir().unwrap();
    let mount = |arguments: &[&str]| {
        std::process::Command::new("mount")
            .args(arguments)
            .arg(disk.path())
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !mount(&["-t", "tmpfs", "-o", "size=256k", "tmpfs"]) {
        skipped("a small file system can be mounted by root alone");
        return;
    }
    let sandbox = sandbox();
    let before = sandbox.tree();
    let mut repository = git::open(sandbox.root()).unwrap();
    repository.private_dir = disk.path().join("shipway");
    let mut changes = changes();
    changes.push(change(
        "large",
        None,
        Some(&"x".repeat(1 << 20)),
        Some(0o644),
    ));
    let error = {
        let session = Session::open(&repository).unwrap();
        session.apply(&changes, "init", &mut go_on).unwrap_err()
    };
    let message = error.to_string();
    let left: Vec<_> = std::fs::read_dir(&repository.private_dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    let history = std::fs::read_dir(repository.private_dir.join("history")).unwrap();
    let history = history.count();
    let now = sandbox.tree();
    let unmounted = std::process::Command::new("umount")
        .arg(disk.path())
        .status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    assert!(
        message.contains("the disk is full; nothing was changed; free some space"),
        "{message}"
    );
    assert_eq!(now, before);
    assert!(left.iter().all(|name| name == "lock" || name == "history"));
    assert_eq!(history, 0);
}
