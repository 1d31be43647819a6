//! `shipway init` on a disk that loses its power: what was not brought to it is gone.
//!
//! The disk is a file with ext4 on it, mounted so that it keeps as little of its own accord as
//! the file system allows; the power is cut with its own `EXT4_IOC_SHUTDOWN`.

use crate::sandbox::{Sandbox, Tree, random_part, scale, skipped, wait};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Waits for a line, then shuts the file system down. Meanwhile another file is written and
/// brought to the disk without pause, so that the journal of the file system ends a transaction
/// at every moment and not only when shipway asks for it.
const CUT: &str = r#"
import fcntl, os, struct, sys, threading
disk = os.open(sys.argv[1], os.O_RDONLY)
other = os.open(os.path.join(sys.argv[1], "other"), os.O_CREAT | os.O_WRONLY)
def busy():
    try:
        while True:
            os.pwrite(other, b"x", 0)
            os.fsync(other)
    except OSError:
        pass
threading.Thread(target=busy, daemon=True).start()
print("ready", flush=True)
sys.stdin.readline()
fcntl.ioctl(disk, 0x8004587D, struct.pack("I", 2))
"#;

struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// None where this user may not mount a file.
    fn new() -> Option<Self> {
        let disk = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir(disk.top()).unwrap();
        let image = std::fs::File::create(disk.image()).unwrap();
        image.set_len(64 << 20).unwrap();
        let made = run(Command::new("mkfs.ext4").arg("-q").arg(disk.image()));
        (made && disk.mount()).then_some(disk)
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn top(&self) -> PathBuf {
        self.folder.path().join("top")
    }

    fn mount(&self) -> bool {
        let options = "loop,data=writeback,noauto_da_alloc";
        run(Command::new("mount")
            .args(["-t", "ext4", "-o", options])
            .args([self.image(), self.top()]))
    }

    /// Gives the disk back. A container that is being started has every mount for a moment, and
    /// who mounts the image before that has ended gets the file system without power again.
    fn unmount(&self) -> bool {
        let done = run(Command::new("umount").arg(self.top()));
        let deadline = Instant::now() + Duration::from_mins(1);
        while self.is_attached() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        done
    }

    fn is_attached(&self) -> bool {
        let mut losetup = Command::new("losetup");
        let listed = losetup.arg("--associated").arg(self.image()).output();
        listed.is_ok_and(|listed| !listed.stdout.is_empty())
    }

    /// A process that cuts the power once it reads a line.
    fn fuse(&self) -> Child {
        let mut fuse = Command::new("python3")
            .args(["-c", CUT])
            .arg(self.top())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let said = fuse.stdout.as_mut().unwrap();
        BufReader::new(said).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        fuse
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.unmount();
    }
}

fn run(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

#[test]
fn the_power_cut_at_random_moments_leaves_all_or_nothing() {
    let Some(disk) = Disk::new() else {
        skipped("a file with ext4 on it can be mounted by root alone, where a container allows it");
        return;
    };
    let top = disk.top();
    let sandbox = Sandbox::new_in(
        &top,
        &[
            ("index.html", "<!doctype html><title>x</title>\n"),
            ("Makefile", "all:\n\techo mine\n"),
            (".gitignore", "*.log\n"),
        ],
    );
    let before = sandbox.tree();
    let init = || {
        sandbox
            .command(&["init", "--yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut child = init();
    sandbox.until_it_writes(&mut child);
    let began = Instant::now();
    assert!(child.wait().unwrap().success());
    let writing = began.elapsed();
    let after = sandbox.tree();
    sandbox.run(0, &["undo"]);
    let mut seen = [0; 2];
    for round in 0..10 * scale() {
        rustix::fs::sync();
        let mut fuse = disk.fuse();
        let mut child = init();
        sandbox.until_it_writes(&mut child);
        wait(random_part(writing), &mut child);
        fuse.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        assert!(fuse.wait().unwrap().success());
        child.wait().unwrap();
        assert!(disk.unmount() && disk.mount(), "round {round}");

        let said = sandbox.error(0, &["init", "--yes"]);
        seen[usize::from(said.contains("cut short"))] += 1;
        assert_same(&sandbox.tree(), &after, &format!("round {round}: {said}"));
        sandbox.run(0, &["undo"]);
        assert_same(&sandbox.tree(), &before, &format!("round {round}, undone"));
    }
    println!(
        "{} before the journal or after its end, {} repaired",
        seen[0], seen[1]
    );
}

/// Fails with the first path that differs.
fn assert_same(is: &Tree, wanted: &Tree, what: &str) {
    let paths = is.keys().chain(wanted.keys());
    let differs: Option<&PathBuf> = paths
        .into_iter()
        .find(|path| is.get(*path) != wanted.get(*path));
    let length =
        |tree: &Tree, path: &Path| tree.get(path).map(|(content, mode)| (content.len(), *mode));
    if let Some(path) = differs {
        panic!(
            "{what}: {} is {:?} (bytes, mode), should be {:?}",
            path.display(),
            length(is, path),
            length(wanted, path)
        );
    }
}
