//! A commit as somebody at a terminal sees it: a live line per running job, then the report.

use super::hooked::{Hooked, shell};
use crate::terminal::Terminal;

/// Waits, with an end to it, until the test goes on.
const SLOW: &str = "touch .git/shipway/slow; for i in $(seq 1500); do test -e .git/shipway/go-on && break; sleep 0.02; done";

fn commit(hooked: &Hooked, line: &str) -> Terminal {
    let mut script = Terminal::command();
    script.current_dir(hooked.root());
    hooked.at_home(&mut script);
    Terminal::start(script, line)
}

fn three() -> Hooked {
    let config = [
        shell("lint", "echo a.txt:1: wrong; exit 1", "files = [\"a.txt\"]"),
        shell(
            "mend",
            "sed -i s/BAD/GOOD/ \"$@\"",
            "files = [\"b.txt\"]\nfix = true",
        ),
        shell("slow", SLOW, "files = [\"c.txt\"]"),
    ];
    let hooked = Hooked::new(&config.concat(), &[]);
    for (path, content) in [("a.txt", "a\n"), ("b.txt", "BAD\n"), ("c.txt", "c\n")] {
        hooked.stage(path, content);
    }
    hooked
}

#[test]
fn a_running_job_has_a_line_and_the_report_names_what_failed_and_what_was_mended() {
    let hooked = three();
    let mut terminal = commit(&hooked, "git commit -m x");
    // Before it has ended.
    terminal.until("slow");
    assert!(
        !terminal.text().contains("pre-commit:"),
        "{}",
        terminal.text()
    );
    hooked.write(".git/shipway/go-on", "");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(1), "{shown}");
    let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
    let line = |words: &[&str]| {
        let found = lines
            .iter()
            .any(|line| words.iter().all(|word| line.contains(word)));
        assert!(found, "{words:?} in {shown}");
    };
    line(&["failed", "lint", "exit code 1"]);
    line(&["│", "a.txt:1: wrong"]);
    line(&["fixed", "mend", "b.txt"]);
    line(&["pre-commit:", "failed", " 3 files, 1 fixed, 1 failed"]);
    // On a terminal the words have colours.
    assert!(shown.contains("\u{1b}[31m"), "{shown:?}");
}

#[test]
fn ctrl_c_stops_the_commit_and_leaves_all_as_it_was() {
    let hooked = three();
    let staged = hooked.git(&["ls-files", "--stage"]);
    // git itself is gone at once; somebody's shell still has the terminal.
    let shell = "sh -c 'trap : INT; git commit -m x; echo ended $?; cat'";
    let mut terminal = commit(&hooked, shell);
    terminal.until("slow");
    terminal.press("\u{3}");
    terminal.until("ended 1");
    terminal.until("everything is as it was");
    terminal.press("\u{4}");
    let (_, shown) = terminal.end();
    assert!(!shown.contains("ended 0"), "{shown}");
    assert_eq!(hooked.read("b.txt"), "BAD\n");
    assert_eq!(hooked.git(&["ls-files", "--stage"]), staged);
    hooked.refused(&["rev-parse", "--verify", "--quiet", "HEAD~1"]);
}
