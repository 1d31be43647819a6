//! What runs tell: reports in the forms of other programs, times against the budget, and what is
//! kept of what was mended.

use super::hooked::{Hooked, job, ok, said, shell};
use crate::sandbox::skipped;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, SystemTime};

const MIXED: &str = "[[hooks.pre-commit]]\ncheck = \"trailing-whitespace\"\n[[hooks.pre-commit]]\ncheck = \"json-syntax\"\nlevel = \"warning\"\n";

/// One finding that fails, one that warns, a command that fails and prints, and a skipped one.
fn mixed() -> Hooked {
    let lint = shell("lint", "echo '::error::of the tool'; echo 50%; exit 3", "");
    let gone = "[[hooks.pre-commit]]\nname = \"gone\"\nrun = \"no-such-tool {files}\"\n";
    let hooked = Hooked::new(&format!("{MIXED}{lint}{gone}"), &[]);
    hooked.stage("dir with space/a,b: c.txt", "fine\nblank \n");
    hooked.stage("b.json", "{\n  \"a\": ,\n}\n");
    hooked
}

fn written(hooked: &Hooked, format: &str) -> String {
    let output = hooked
        .shipway(&["hooks", "run", "pre-commit", "--format", format])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn github_is_told_each_finding_at_its_line() {
    let text = written(&mixed(), "github");
    let lines: Vec<&str> = text.lines().collect();
    let beginning = |start: &str| {
        let found: Vec<&&str> = lines
            .iter()
            .filter(|line| line.starts_with(start))
            .collect();
        assert_eq!(found.len(), 1, "{start}\n{text}");
        *found[0]
    };
    // Commas and colons of a property are written as their bytes.
    beginning(
        "::error file=dir with space/a%2Cb%3A c.txt,line=2,col=6,title=trailing-whitespace::",
    );
    beginning("::warning file=b.json,line=2,");
    let failed = beginning("::error title=lint::");
    assert!(failed.contains("exit code 3"), "{failed}");
    beginning("::notice title=gone::");
    // What the tool prints is no command of ours.
    let token = beginning("::stop-commands::").trim_start_matches("::stop-commands::");
    let place = |wanted: &str| lines.iter().position(|line| *line == wanted);
    let stop = place(&format!("::stop-commands::{token}")).unwrap();
    let resume = place(&format!("::{token}::")).unwrap();
    let theirs = place("::error::of the tool").unwrap();
    assert!(stop < theirs && theirs < resume, "{text}");
    assert!(place("50%").is_some(), "{text}");
}

#[test]
fn sarif_has_the_form_of_its_specification() {
    let log: Value = serde_json::from_str(&written(&mixed(), "sarif")).unwrap();
    // SARIF 2.1.0: 3.13.2, 3.14.6, 3.18.8, 3.19.23.
    assert_eq!(log["version"], "2.1.0");
    let runs = log["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1);
    let driver = &runs[0]["tool"]["driver"];
    assert_eq!(driver["name"], "shipway");
    let rules: Vec<&str> = driver["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["id"].as_str().unwrap())
        .collect();
    let once: BTreeSet<&&str> = rules.iter().collect();
    assert_eq!(once.len(), rules.len(), "{rules:?}");
    let results = runs[0]["results"].as_array().unwrap();
    for result in results {
        // 3.27.5, 3.27.10, 3.27.11, 3.30.5.
        assert!(
            rules.contains(&result["ruleId"].as_str().unwrap()),
            "{result}"
        );
        assert!(
            ["error", "warning", "note", "none"].contains(&result["level"].as_str().unwrap()),
            "{result}"
        );
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        for location in result["locations"].as_array().into_iter().flatten() {
            let region = &location["physicalLocation"]["region"];
            assert!(region.is_null() || region["startLine"].as_u64().unwrap() >= 1);
        }
    }
    let of = |rule: &str| {
        let mut found = results.iter().filter(|result| result["ruleId"] == rule);
        let first = found.next().unwrap_or_else(|| panic!("{rule}\n{log:#}"));
        assert!(found.next().is_none(), "{rule}\n{log:#}");
        first
    };
    let blank = of("trailing-whitespace");
    assert_eq!(blank["level"], "error");
    let place = &blank["locations"][0]["physicalLocation"];
    assert_eq!(place["region"], json!({ "startLine": 2, "startColumn": 6 }));
    // A reference of RFC 3986: a blank and a colon in its first segment are written as bytes.
    assert_eq!(
        place["artifactLocation"]["uri"],
        "dir%20with%20space/a,b%3A%20c.txt"
    );
    assert_eq!(of("json-syntax")["level"], "warning");
    let lint = of("lint");
    assert_eq!(lint["level"], "error");
    assert!(
        lint["message"]["text"]
            .as_str()
            .unwrap()
            .contains("exit code 3")
    );
    assert!(!results.iter().any(|result| result["ruleId"] == "gone"));
}

/// What a validator of JSON Schema says of `log` by the schema of SARIF's own committee; None,
/// which is said, where the two are not here.
pub(crate) fn validated(log: &Value) -> Option<(bool, String)> {
    let Some(schema) = std::env::var_os("SHIPWAY_TEST_SARIF_SCHEMA") else {
        skipped("the schema of SARIF is missing: make test-deps");
        return None;
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), log.to_string()).unwrap();
    let mut command = Command::new("check-jsonschema");
    // A pattern of the schema has a bracket that the strict reading of ECMAScript refuses.
    command.args(["--regex-variant", "nonunicode", "--schemafile"]);
    command.arg(schema).arg(file.path());
    let Ok(output) = command.output() else {
        skipped("check-jsonschema is missing: make test-deps");
        return None;
    };
    Some((output.status.success(), said(&output)))
}

#[test]
fn sarif_is_valid_by_its_schema() {
    let clean = Hooked::new(MIXED, &[]);
    clean.stage("a.txt", "fine\n");
    let clean = ok(&mut clean.shipway(&["hooks", "run", "pre-commit", "--format=sarif"]));
    let refused = Hooked::new(
        &shell("fix", "sed -i s/BAD/GOOD/ \"$@\"", "fix = true"),
        &[],
    );
    refused.stage("a.txt", "BAD\n");
    refused.write("a.txt", "BAD as well\n");
    let bytes = Hooked::new(
        &shell("bytes", "printf '\\377\\033[1m\\0x'; exit 1", ""),
        &[],
    );
    bytes.stage("a.txt", "a\n");
    let logs = [
        written(&mixed(), "sarif"),
        String::from_utf8(clean.stdout).unwrap(),
        written(&refused, "sarif"),
        written(&bytes, "sarif"),
    ];
    for log in logs {
        let mut log: Value = serde_json::from_str(&log).unwrap();
        let Some((valid, said)) = validated(&log) else {
            return;
        };
        assert!(valid, "{said}\n{log:#}");
        log["runs"][0]["tool"]["driver"]["name"] = 1.into();
        let (valid, said) = validated(&log).unwrap();
        assert!(!valid && said.contains("driver"), "{said}");
    }
}

#[test]
fn what_only_warns_is_not_counted_as_failed() {
    let hooked = mixed();
    let closing = |text: &str| text.lines().last().unwrap().to_owned();
    let line = closing(&written(&hooked, "human"));
    assert!(
        line.starts_with("pre-commit: failed (") && line.contains(", 1 with warnings, 2 failed, "),
        "{line}"
    );
    hooked.sandbox.write(
        "shipway.toml",
        "[[hooks.pre-commit]]\ncheck = \"json-syntax\"\nlevel = \"warning\"\n",
    );
    let output = ok(&mut hooked.shipway(&["hooks", "run", "pre-commit"]));
    let line = closing(&said(&output));
    assert!(line.starts_with("pre-commit: passed ("), "{line}");
    assert!(
        line.contains(", 1 with warnings, ") && !line.contains("failed"),
        "{line}"
    );
}

#[test]
fn json_holds_every_job_with_its_state() {
    let report: Value = serde_json::from_str(&written(&mixed(), "json")).unwrap();
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "schema",
            "hook",
            "verdict",
            "files",
            "milliseconds",
            "notes",
            "unchecked",
            "recovered",
            "trouble",
            "jobs"
        ]
    );
    assert_eq!(report["verdict"], "failed");
    assert_eq!(report["files"], 2);
    let states = ["trailing-whitespace", "json-syntax", "lint", "gone"]
        .map(|name| job(&report, name)["state"].as_str().unwrap().to_owned());
    assert_eq!(states, ["failed", "failed", "failed", "skipped"]);
    assert_eq!(job(&report, "json-syntax")["level"], "warning");
    let finding = &job(&report, "trailing-whitespace")["findings"][0];
    assert_eq!(finding["path"], "dir with space/a,b: c.txt");
    assert_eq!(
        (&finding["line"], &finding["column"]),
        (&2.into(), &6.into())
    );
    assert_eq!(
        job(&report, "lint")["output"],
        "::error::of the tool\n50%\n"
    );
}

#[test]
fn a_job_that_kept_ten_commits_over_the_budget_is_named_with_the_move() {
    let config = format!(
        "[hooks.budget]\npre-commit = \"1ms\"\n{}{}",
        shell("quick", ":", ""),
        shell("slow", "sleep 0.3", "files = [\"*.txt\"]")
    );
    let hooked = Hooked::new(&config, &[]);
    for number in 0..10 {
        hooked.stage("a.txt", format!("{number}\n"));
        ok(&mut hooked.git_command(&["commit", "-m", "x"]));
    }
    let runs = hooked.path(".git/shipway/hooks/runs.jsonl");
    let text = std::fs::read_to_string(&runs).unwrap();
    assert_eq!(text.lines().count(), 10);
    // How long the rest takes is the machine's matter: here, as if it took no time.
    let mut fast = String::new();
    for line in text.lines() {
        let mut run: Value = serde_json::from_str(line).unwrap();
        let slow = job_time(&run, "slow");
        run["milliseconds"] = slow.into();
        for job in run["jobs"].as_array_mut().unwrap() {
            if job["name"] != "slow" {
                job["milliseconds"] = 0.into();
            }
        }
        fast.push_str(&format!("{run}\n"));
    }
    std::fs::write(&runs, fast).unwrap();
    let output = ok(&mut hooked.shipway(&["hooks", "stats"]));
    let text = said(&output);
    assert!(
        text.contains("slow kept the last 10 runs over it"),
        "{text}"
    );
    assert!(
        text.contains("write [[hooks.pre-push]] instead of [[hooks.pre-commit]] at shipway.toml:"),
        "{text}"
    );
    let output = ok(&mut hooked.shipway(&["hooks", "stats", "--format=json"]));
    let summaries: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summaries[0]["over"]["job"], "slow");
    assert_eq!(summaries[0]["budget_milliseconds"], 1);
}

fn job_time(run: &Value, name: &str) -> u64 {
    let jobs = run["jobs"].as_array().unwrap();
    let found = jobs.iter().find(|job| job["name"] == name).unwrap();
    found["milliseconds"].as_u64().unwrap()
}

fn backups(hooked: &Hooked) -> Vec<Value> {
    let output = ok(&mut hooked.shipway(&["hooks", "recover", "--list", "--format=json"]));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn mend(hooked: &Hooked, content: &str) {
    hooked.stage("a.txt", content);
    ok(&mut hooked.git_command(&["commit", "-m", "x"]));
}

#[test]
fn what_was_mended_is_kept_as_it_was_until_it_is_old() {
    let config = "[[hooks.pre-commit]]\ncheck = \"trailing-whitespace\"\nfix = true\n";
    let hooked = Hooked::new(config, &[]);
    assert!(backups(&hooked).is_empty());
    hooked.stage("a.txt", "one \n");
    hooked.write("a.txt", "one \nunstaged\n");
    ok(&mut hooked.git_command(&["commit", "-m", "x"]));
    let first = &backups(&hooked)[0];
    assert_eq!(first["hook"], "pre-commit");
    let file = &first["files"][0];
    assert_eq!(file["path"], "a.txt");
    let read = |key: &str| std::fs::read_to_string(file[key].as_str().unwrap()).unwrap();
    assert_eq!(read("before"), "one \nunstaged\n");
    assert_eq!(read("staged"), "one \n");
    // Neither a ref nor readable by others.
    assert!(!hooked.git(&["for-each-ref"]).contains("shipway"));
    let folder = std::path::PathBuf::from(first["folder"].as_str().unwrap());
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o077, 0);

    mend(&hooked, "two \n");
    assert_eq!(backups(&hooked).len(), 2);
    let month = Duration::from_hours(30 * 24);
    std::fs::File::open(&folder)
        .unwrap()
        .set_modified(SystemTime::now() - month)
        .unwrap();
    mend(&hooked, "three \n");
    let left = backups(&hooked);
    assert_eq!(left.len(), 2, "{left:#?}");
    assert!(!folder.exists());

    // Too large together: the oldest go, the newest stays.
    for backup in &left {
        let file = std::path::Path::new(backup["folder"].as_str().unwrap()).join("file-0");
        let file = std::fs::File::options().write(true).open(file).unwrap();
        file.set_len(300 << 20).unwrap();
    }
    mend(&hooked, "four \n");
    assert_eq!(backups(&hooked).len(), 1);
}

#[test]
fn where_nothing_was_killed_there_is_nothing_to_put_right() {
    let hooked = Hooked::new("", &[]);
    let output = ok(&mut hooked.shipway(&["hooks", "recover"]));
    assert!(
        said(&output).contains("Nothing to put right"),
        "{}",
        said(&output)
    );
    let output = ok(&mut hooked.shipway(&["hooks", "recover", "--format=json"]));
    let recovery: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(recovery["put_back"], json!([]));
}

#[test]
fn a_configuration_that_a_killed_run_had_changed_is_put_back_before_it_is_read() {
    use std::os::unix::fs::MetadataExt;
    let hooked = Hooked::new(&shell("words", "true", ""), &[]);
    let place = hooked.path("shipway.toml");
    let run = hooked.path(".git/shipway/hooks/run-0");
    std::fs::create_dir_all(&run).unwrap();
    std::fs::rename(&place, run.join("file-0")).unwrap();
    hooked.write("shipway.toml", "half a fix\n");
    let there = place.metadata().unwrap();
    let blob = hooked.git(&["hash-object", "shipway.toml"]);
    let step = json!({
        "path": "shipway.toml", "before": "", "after": blob.trim(), "mode": "regular", "number": 0,
        "beside": null, "identity": [there.dev(), there.ino()], "content": blob.trim(),
    });
    let journal = json!({"hook": "pre-commit", "started": 0, "indexes": [], "files": [step]});
    std::fs::write(run.join("journal.json"), journal.to_string()).unwrap();
    hooked.stage("a.txt", "a\n");
    let mut command = hooked.shipway(&["hooks", "run", "pre-commit", "--format=json"]);
    let report: Value = serde_json::from_slice(&ok(&mut command).stdout).unwrap();
    assert_eq!(report["recovered"]["put_back"], json!(["shipway.toml"]));
    assert_eq!(job(&report, "words")["state"], "passed");
}

#[test]
fn configuration_that_cannot_be_is_named_to_the_column_and_nothing_is_committed() {
    for (config, place, hint) in [
        (
            "[[hooks.pre-commit]]\ncheck = \"json-syntax\"\nfiles = [\"a\", \"[z\"]\n",
            "shipway.toml:3:",
            "",
        ),
        (
            "[[hooks.pre-commit]]\nname = \"a\"\nrun = \"true\"\n[[hooks.pre-commit]]\nname = \"a\"\nrun = \"false\"\n",
            "shipway.toml:",
            "a",
        ),
        (
            "[[hooks.pre-commit]]\ncheck = \"json-sintax\"\n",
            "shipway.toml:2:",
            "json-syntax",
        ),
        (
            "[[hooks.pre-commit]]\nrun = \"true\"\ntimeuot = \"1s\"\n",
            "shipway.toml:3:1",
            "timeout",
        ),
        (
            "[[hooks.pre-commit]]\nrun = \"true\"\ntimeout = 7\n",
            "shipway.toml:3:",
            "",
        ),
    ] {
        let hooked = Hooked::new("", &[]);
        let head = hooked.git(&["rev-parse", "HEAD"]);
        hooked.write("shipway.toml", config);
        hooked.stage("a.txt", "a\n");
        let said = hooked.refused(&["commit", "-m", "x"]);
        assert!(said.contains(place) && said.contains(hint), "{said}");
        assert_eq!(hooked.git(&["rev-parse", "HEAD"]), head);
        let mut command = hooked.shipway(&["hooks", "run", "pre-commit"]);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
    }
}
