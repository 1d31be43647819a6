//! The `.env` of one machine and of one work tree: by `shipway init`, and by the generated script on
//! machines without shipway.

use crate::home::script;
use crate::sandbox::{Sandbox, text};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::Command;

/// What `deploy/env.sh` is, run in `folder`.
fn env_script(folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command.arg("deploy/env.sh").current_dir(folder);
    command
}

/// The names that the `.env` in `folder` gives a value, in order.
fn names(folder: &Path) -> Vec<String> {
    let content = std::fs::read_to_string(folder.join(".env")).unwrap();
    let lines = content.lines().filter_map(|line| line.split_once('='));
    lines.map(|(name, _)| name.to_owned()).collect()
}

fn value(folder: &Path, name: &str) -> Option<String> {
    let content = std::fs::read_to_string(folder.join(".env")).unwrap();
    let start = format!("{name}=");
    content
        .lines()
        .find_map(|line| line.strip_prefix(&start))
        .map(str::to_owned)
}

#[test]
fn a_script_that_is_killed_leaves_no_file_with_half_of_the_secrets() {
    let sandbox = Sandbox::copy_of("examples/fair-sample");
    sandbox.run(0, &["init", "--yes"]);
    let whole = names(sandbox.root());
    std::fs::remove_file(sandbox.path(".env")).unwrap();
    // The second time that random bytes are wanted, everything of the script is killed.
    let tools = tempfile::tempdir().unwrap();
    let mark = tools.path().join("asked");
    let real = which::which("dd").unwrap();
    script(
        &tools.path().join("dd"),
        &format!(
            "if [ -e '{mark}' ]; then kill -KILL 0; fi\ntouch '{mark}'\nexec '{real}' \"$@\"",
            mark = mark.display(),
            real = real.display()
        ),
    );
    let path = std::env::var_os("PATH").unwrap();
    let folders = std::iter::once(tools.path().to_owned()).chain(std::env::split_paths(&path));
    let output = env_script(sandbox.root())
        .env("PATH", std::env::join_paths(folders).unwrap())
        .process_group(0)
        .output()
        .unwrap();
    assert_eq!(output.status.signal(), Some(9), "{output:?}");
    assert!(mark.exists());
    assert!(!sandbox.path(".env").exists());

    let output = env_script(sandbox.root()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut made = names(sandbox.root());
    made.sort();
    let mut wanted = whole;
    wanted.sort();
    assert_eq!(made, wanted);

    // A line of the user's without an end stays, and one that is missing comes after it.
    let without: String = sandbox
        .read(".env")
        .lines()
        .filter(|line| !line.starts_with("SECRET_KEY="))
        .flat_map(|line| [line, "\n"])
        .collect();
    sandbox.write(".env", &format!("{without}MINE=as it is"));
    assert!(env_script(sandbox.root()).status().unwrap().success());
    let now = sandbox.read(".env");
    let rest = now.strip_prefix(&format!("{without}MINE=as it is\n"));
    assert!(rest.unwrap().contains("\nSECRET_KEY="), "{now}");
}

#[test]
fn a_secret_whose_line_has_no_value_gets_one_and_the_line_stays() {
    let sandbox = Sandbox::copy_of("examples/fair-sample");
    sandbox.run(0, &["init", "--yes"]);
    let whole = sandbox.read(".env");
    let settings = || whole.lines().filter_map(|line| line.split_once('='));
    let empty: Vec<String> = settings()
        .zip(["", "''", "\"\"", " # to be made"].iter().cycle())
        .map(|((name, _), nothing)| format!("{name}={nothing}\n"))
        .collect();
    let empty = empty.concat();
    assert!(settings().count() > 4, "{whole}");
    let by_init = || {
        sandbox.run(0, &["init", "--yes"]);
    };
    let by_script = || {
        let output = env_script(sandbox.root()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    let ways: [&dyn Fn(); 2] = [&by_init, &by_script];
    for order in [[0, 1], [1, 0]] {
        sandbox.write(".env", &empty);
        ways[order[0]]();
        let now = sandbox.read(".env");
        let added = now.strip_prefix(&empty).unwrap();
        for (name, value) in settings() {
            let made = added
                .lines()
                .filter_map(|line| line.strip_prefix(&format!("{name}=")))
                .collect::<Vec<_>>();
            let wanted = usize::from(!value.is_empty());
            assert_eq!(made.len(), wanted, "{name}: {now}");
            assert!(made.iter().all(|value| !value.is_empty()), "{now}");
        }
        // The other way of making it finds nothing to add.
        ways[order[1]]();
        assert_eq!(sandbox.read(".env"), now);
    }
}

#[test]
fn a_linked_work_tree_is_a_compose_project_of_its_own() {
    let sandbox = Sandbox::copy_of("examples/fair-sample");
    sandbox.run(0, &["init", "--yes"]);
    let compose = sandbox.read("compose.yaml");
    let name = compose.lines().find_map(|line| line.strip_prefix("name: "));
    let name = name.unwrap().trim_matches('"');
    assert_eq!(value(sandbox.root(), "COMPOSE_PROJECT_NAME"), None);
    sandbox.git(&["add", "--all"]);
    let commit = ["commit", "--quiet", "--message=init"];
    sandbox.git(&[&["-c", "core.hooksPath=/dev/null"][..], &commit].concat());
    let beside = tempfile::tempdir().unwrap();
    for (folder, by_script) in [("Fix Ü.2", true), ("other", false)] {
        let place = beside.path().join(folder);
        let named = place.display().to_string();
        sandbox.git(&["worktree", "add", "--quiet", "--detach", &named]);
        if by_script {
            assert!(env_script(&place).status().unwrap().success());
        } else {
            sandbox.run(0, &["init", "--yes", &named]);
        }
        let pointer = std::fs::read_to_string(place.join(".git")).unwrap();
        let tree = pointer.trim().rsplit('/').next().unwrap();
        let wanted: String = format!("{name}-{tree}")
            .to_lowercase()
            .bytes()
            .map(|byte| {
                let kept = byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
                if kept { char::from(byte) } else { '-' }
            })
            .collect();
        assert_eq!(value(&place, "COMPOSE_PROJECT_NAME"), Some(wanted.clone()));
        for port in ["WEB_PORT", "SUPABASE_PORT", "STUDIO_PORT"] {
            assert_eq!(value(&place, port).as_deref(), Some("0"), "{port}");
        }
        assert_ne!(
            value(&place, "SECRET_KEY"),
            value(sandbox.root(), "SECRET_KEY")
        );
        // Nothing of it is for git, and the other way of making it finds nothing to add.
        let before = std::fs::read_to_string(place.join(".env")).unwrap();
        if by_script {
            sandbox.run(0, &["init", "--yes", &named]);
        } else {
            assert!(env_script(&place).status().unwrap().success());
        }
        assert_eq!(std::fs::read_to_string(place.join(".env")).unwrap(), before);
        assert_eq!(sandbox.git(&["-C", &named, "status", "--porcelain"]), "");
        let output = Command::new("make")
            .args(["-n", "deploy-local", "SHIPWAY_COMPOSE=compose"])
            .current_dir(&place)
            .output()
            .unwrap();
        let said = text(&output.stdout);
        let local = format!("compose --project-name {wanted}-local ");
        assert!(said.contains(&local), "{said}");
    }
}
