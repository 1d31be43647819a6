//! The `secrets` check as users meet it: refused, never shown, allowed, found in history.

use super::hooked::{Hooked, ok, said};

const CHECK: &str =
    "[[hooks.pre-commit]]\ncheck = \"secrets\"\n[[hooks.pre-push]]\ncheck = \"secrets\"\n";

/// Put together here, for this file is looked at, too.
fn token() -> String {
    ["ghp", "_", "k3Jd8sLq2ZvT7wXy5Rb9Mn4Pc6Hf1GtQ0aUe"].concat()
}

#[test]
fn a_secret_stops_the_commit_and_is_never_shown() {
    let hooked = Hooked::new(CHECK, &[("a.txt", "a\n")]);
    hooked.stage(
        "settings.py",
        format!("import x\nTOKEN = \"{}\"\n", token()),
    );
    let text = hooked.refused(&["commit", "-qm", "feat: x"]);
    assert!(text.contains("settings.py:2:10"), "{text}");
    assert!(text.contains("a GitHub token is in the file"), "{text}");
    assert!(!text.contains("k3Jd8sLq"), "{text}");
    for format in ["human", "json", "github", "sarif"] {
        let mut command = hooked.shipway(&["hooks", "run", "pre-commit", "--format", format]);
        let output = command.output().unwrap();
        let text = said(&output);
        assert_eq!(output.status.code(), Some(1), "{format}: {text}");
        assert!(text.contains("GitHub token"), "{format}: {text}");
        assert!(!text.contains("k3Jd8sLq"), "{format}: {text}");
    }
    // Only the staged content counts.
    hooked.stage(
        "settings.py",
        "import x, os\nTOKEN = os.environ[\"TOKEN\"]\n",
    );
    hooked.write("settings.py", format!("TOKEN = \"{}\"\n", token()));
    hooked.git(&["commit", "-qm", "feat: x"]);
}

#[test]
fn a_list_of_hashes_allows_and_must_be_one() {
    let config = format!("{CHECK}allow_file = \"allow.txt\"\n").replace(
        "check = \"secrets\"\n[[hooks.pre-push]]",
        "check = \"secrets\"\nallow_file = \"allow.txt\"\n[[hooks.pre-push]]",
    );
    let hooked = Hooked::new(&config, &[("a.txt", "a\n")]);
    hooked.stage("b.py", format!("TOKEN = \"{}\"\n", token()));
    let code = |hooked: &Hooked| {
        let mut command = hooked.shipway(&["hooks", "run", "pre-commit"]);
        let output = command.output().unwrap();
        (output.status.code(), said(&output))
    };
    let (missing, text) = code(&hooked);
    assert_eq!(missing, Some(2), "{text}");
    assert!(text.contains("allow.txt"), "{text}");
    hooked.stage("allow.txt", "# values of tests\nnothing\n");
    let (wrong, text) = code(&hooked);
    assert_eq!(wrong, Some(2), "{text}");
    assert!(text.contains("allow.txt:2"), "{text}");
    hooked.stage("allow.txt", format!("{}  # b.py\n", sha256(&token())));
    let (allowed, text) = code(&hooked);
    assert_eq!(allowed, Some(0), "{text}");
}

/// By the tool that the documentation names.
fn sha256(value: &str) -> String {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut child = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(value.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..16].to_owned()
}

#[test]
fn what_is_gone_is_found_in_history() {
    let hooked = Hooked::new(CHECK, &[]);
    hooked.stage("a.env", format!("export TOKEN={}\n", token()));
    hooked.git(&["commit", "--no-verify", "-qm", "token"]);
    let commit = hooked.git(&["rev-parse", "--short=12", "HEAD"]);
    hooked.git(&["rm", "--quiet", "a.env"]);
    hooked.git(&["commit", "--no-verify", "-qm", "gone"]);
    ok(&mut hooked.shipway(&[
        "hooks",
        "run",
        "pre-commit",
        "--job",
        "secrets",
        "--all-files",
    ]));
    let (code, report) = hooked.report(&["pre-commit", "--job", "secrets", "--history"]);
    assert_eq!(code, 1, "{report:#}");
    let finding = &report["jobs"][0]["findings"][0];
    assert_eq!(
        (&finding["path"], &finding["line"]),
        (&"a.env".into(), &1.into())
    );
    assert!(finding["message"].as_str().unwrap().contains(commit.trim()));
    assert!(!report.to_string().contains("k3Jd8sLq"), "{report:#}");
}

#[test]
fn a_push_is_searched_in_each_of_its_commits() {
    let hooked = Hooked::new(CHECK, &[("a.txt", "a\n")]);
    let remote = tempfile::tempdir().unwrap();
    let address = remote.path().to_str().unwrap();
    hooked.git(&["init", "--quiet", "--bare", address]);
    hooked.git(&["remote", "add", "origin", address]);
    hooked.git(&["push", "--quiet", "--no-verify", "-u", "origin", "main"]);
    hooked.stage("b.txt", format!("{}\n", token()));
    hooked.git(&["commit", "--no-verify", "-qm", "token"]);
    hooked.stage("b.txt", "\n");
    hooked.git(&["commit", "--no-verify", "-qm", "gone"]);
    let text = hooked.refused(&["push", "--quiet", "origin", "main"]);
    assert!(
        text.contains("GitHub token") && !text.contains("k3Jd8sLq"),
        "{text}"
    );
    // What is there already is not looked at again.
    hooked.git(&["push", "--quiet", "--no-verify", "origin", "main"]);
    hooked.stage("c.txt", "c\n");
    hooked.git(&["commit", "-qm", "c"]);
    hooked.git(&["push", "--quiet", "origin", "main"]);
}
