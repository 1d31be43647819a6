//! Change events that come of branches: by the hook of a push, by `dora record`, by `dora sync`.

use super::ledger::{self, patch_id};
use super::support::{clone, counted, dora, events, head, json, run, shop};
use crate::sandbox::{Sandbox, text};
use serde_json::{Value, json as object};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// `date -u -d 2026-08-01 +%s`.
const T: i64 = 1_785_542_400;

fn time(second: i64) -> String {
    ledger::time(T + second)
}

/// git, where both dates of a commit are T + `second`; hooks find no CI.
fn git_at(sandbox: &Sandbox, second: i64, arguments: &[&str]) -> Output {
    let date = format!("{} +0000", T + second);
    let output = Command::new("git")
        .args(arguments)
        .current_dir(sandbox.root())
        .env("GIT_COMMITTER_DATE", &date)
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env_remove("CI")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    output
}

fn commit(sandbox: &Sandbox, file: &str, second: i64) -> String {
    sandbox.write(file, file);
    sandbox.git(&["add", file]);
    git_at(sandbox, second, &["commit", "--quiet", "--message", file]);
    head(sandbox)
}

/// A commit `base` at 0 on main, and on the branch `work`, which is checked out, `one` at 100 and
/// `two` at 200; the ids in this order.
fn work() -> (Sandbox, [String; 3]) {
    let shop = shop();
    let base = commit(&shop, "base", 0);
    shop.git(&["switch", "--quiet", "--create", "work"]);
    let one = commit(&shop, "one", 100);
    let two = commit(&shop, "two", 200);
    (shop, [base, one, two])
}

fn bare(of: &Sandbox) -> tempfile::TempDir {
    let bare = tempfile::tempdir().unwrap();
    let path = bare.path().to_str().unwrap();
    of.git(&["init", "--quiet", "--bare", "--initial-branch=main", path]);
    of.git(&["remote", "add", "origin", path]);
    of.git(&["push", "--quiet", "--no-verify", "origin", "main"]);
    bare
}

#[track_caller]
fn changes(sandbox: &Sandbox) -> Vec<Value> {
    let events = events(sandbox).into_iter();
    let mut changes: Vec<Value> = events
        .map(|entry| entry["event"].clone())
        .filter(|event| event["type"] == "change")
        .collect();
    changes.sort_by_key(ToString::to_string);
    changes
}

fn deploy(sandbox: &Sandbox, commit: &str, second: i64) -> Output {
    let (started, finished) = (time(second - 10), time(second));
    run(
        sandbox,
        0,
        &[
            "record",
            "deployment",
            "production",
            "--commit",
            commit,
            "--started",
            &started,
            "--finished",
            &finished,
        ],
    )
}

/// Lead times that count, ascending, and the report's section.
#[track_caller]
fn leads(sandbox: &Sandbox) -> (Vec<i64>, Value) {
    let (from, to) = (time(-1000), time(1_000_000));
    let report = json(
        sandbox,
        &[
            "report",
            "--from",
            &from,
            "--to",
            &to,
            "--rows",
            "lead-time",
        ],
    );
    let section = report["reports"][0].clone();
    let mut leads: Vec<i64> = counted(&section)
        .into_iter()
        .map(|(_, value)| value)
        .collect();
    leads.sort_unstable();
    (leads, section)
}

/// What the branch `work` of [`work`] is to be told as; the patch ids by another program.
fn told(shop: &Sandbox, [base, one, two]: &[String; 3]) -> Value {
    object!({
        "type": "change", "source": "hook", "base": base, "patch_id": patch_id(shop, base, two),
        "commits": [
            {"id": one, "committed_at": time(100), "authored_at": time(100),
             "patch_id": patch_id(shop, base, one)},
            {"id": two, "committed_at": time(200), "authored_at": time(200),
             "patch_id": patch_id(shop, one, two)},
        ],
    })
}

#[test]
fn what_was_pushed_is_known_after_it_was_squashed() {
    let (shop, ids) = work();
    let bare = bare(&shop);
    ok(shop
        .command(&["hooks", "install", "--yes"])
        .env_remove("CI"));
    git_at(&shop, 0, &["push", "--quiet", "origin", "work"]);
    assert_eq!(changes(&shop), [told(&shop, &ids)]);

    // It is squashed, and its branch is gone everywhere.
    shop.git(&["switch", "--quiet", "main"]);
    shop.git(&["merge", "--quiet", "--squash", "work"]);
    git_at(&shop, 500, &["commit", "--quiet", "--message=squashed"]);
    let squash = head(&shop);
    shop.git(&["push", "--quiet", "origin", "main", ":work"]);
    shop.git(&["branch", "--quiet", "-D", "work"]);
    deploy(&shop, &ids[0], 50);
    deploy(&shop, &squash, 1000);
    // one 1000 - 100 = 900, two 1000 - 200 = 800; from the first commit both 900; nobody knows
    // when it was merged.
    let (leads, section) = leads(&shop);
    assert_eq!(leads, [800, 900]);
    let lead = &section["change_lead_time"];
    assert_eq!(lead["from_first_commit"]["n"], 2);
    assert_eq!(lead["from_first_commit"]["p50"], 900);
    assert_eq!(lead["from_merge"]["n"], 0);
    assert_eq!(section["data"]["with_change_event"], 1.0);
    assert_eq!(section["data"]["ambiguous"], 0);
    assert_eq!(changes(&shop).len(), 1);
    drop(bare);
}

#[test]
fn a_push_tells_of_what_it_pushes_and_of_nothing_else() {
    let (shop, ids) = work();
    let _bare = bare(&shop);
    shop.git(&["switch", "--quiet", "--create", "private", "main"]);
    commit(&shop, "mine", 300);
    ok(shop
        .command(&["hooks", "install", "--yes"])
        .env_remove("CI"));
    git_at(&shop, 0, &["push", "--quiet", "origin", "work"]);
    assert_eq!(changes(&shop), [told(&shop, &ids)]);
}

#[test]
fn a_branch_that_moves_long_after_it_was_looked_at_is_told_anew() {
    let (shop, ids) = work();
    deploy(&shop, &ids[0], 50);
    // As if an hour had gone by since.
    let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
    let heads = std::fs::File::open(shop.root().join(".git/refs/heads")).unwrap();
    heads.set_modified(hour_ago).unwrap();
    deploy(&shop, &ids[0], 60);
    deploy(&shop, &ids[0], 70);
    assert_eq!(changes(&shop), [told(&shop, &ids)]);
    let three = commit(&shop, "three", 300);
    shop.git(&["pack-refs", "--all"]);
    deploy(&shop, &ids[0], 80);
    let told = changes(&shop);
    assert_eq!(told.len(), 2, "{told:?}");
    let last = |change: &Value| change["commits"].as_array().unwrap().last().unwrap()["id"].clone();
    assert!(told.iter().any(|change| last(change) == three.as_str()));
    // What was kept elsewhere counts for nothing where the record is gone.
    shop.git(&["update-ref", "-d", "refs/shipway/events"]);
    deploy(&shop, &ids[0], 90);
    assert_eq!(changes(&shop).len(), 1);
}

#[test]
fn an_explanation_without_change_events_says_what_is_missing() {
    let shop = shop();
    let base = commit(&shop, "base", 0);
    let at = |commit: &str, started: i64, finished: i64| {
        let (started, finished) = (time(started), time(finished));
        let words = ["record", "deployment", "production", "--commit", commit];
        let times = ["--started", &started, "--finished", &finished];
        run(&shop, 0, &[&words[..], &times].concat());
    };
    let explained = || {
        let (from, to) = (time(-1000), time(1_000_000));
        let output = run(&shop, 0, &["explain", "--from", &from, "--to", &to]);
        text(&output.stdout)
    };
    at(&base, 50, 50);
    let one = commit(&shop, "one", 100);
    at(&one, 1000, 1000);
    // The one stage is all there is: nothing can be said of the rest.
    let said = explained();
    assert!(said.contains("record what lies between"), "{said}");
    assert!(!said.contains("Without it"), "{said}");
    let two = commit(&shop, "two", 1100);
    at(&two, 1900, 2000);
    // 900 and 900, the second 800 and 100 of deploying; of both, two is the p75: without the
    // stage before, it takes those 100 s.
    let said = explained();
    assert!(said.contains("would take at most 1 min 40 s"), "{said}");
}

#[test]
fn a_push_by_hand_or_one_that_is_stopped_records_nothing() {
    let (shop, _) = work();
    let _bare = bare(&shop);
    ok(shop.command(&["hooks", "run", "pre-push"]).env_remove("CI"));
    assert_eq!(changes(&shop), Vec::<Value>::new());
    // The first push of a branch is free; a further one is stopped.
    shop.git(&["push", "--quiet", "--no-verify", "origin", "work"]);
    commit(&shop, "three", 300);
    shop.write(
        "shipway.toml",
        "[project]\nname = \"shop\"\n[[hooks.pre-push]]\ncheck = \"protected-branch\"\nprotected = [\"work\"]\n",
    );
    ok(shop
        .command(&["hooks", "install", "--yes"])
        .env_remove("CI"));
    let mut push = Command::new("git");
    push.args(["push", "--quiet", "origin", "work"]);
    let output = push
        .current_dir(shop.root())
        .env_remove("CI")
        .output()
        .unwrap();
    assert!(!output.status.success(), "{output:?}");
    assert_eq!(changes(&shop), Vec::<Value>::new());
}

fn ok(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    output
}

#[test]
fn record_and_sync_write_down_the_branches_that_they_see() {
    let (shop, ids) = work();
    let bare = bare(&shop);
    shop.git(&["push", "--quiet", "--no-verify", "origin", "work"]);
    let wanted = [told(&shop, &ids)];
    // One clone sees the branch of the remote, the other its own; both write down the same.
    let other = clone(bare.path(), &[]);
    deploy(&other, &ids[0], 50);
    assert_eq!(changes(&other), wanted);
    run(&other, 0, &["sync"]);
    let synced = json(&shop, &["sync"]);
    assert_eq!(synced["taken"], 1, "{synced}");
    assert_eq!(synced["sent"], 0, "{synced}");
    assert_eq!(changes(&shop), wanted);

    // A branch that moved is told anew, one that did not is not.
    deploy(&shop, &ids[0], 60);
    assert_eq!(changes(&shop), wanted);
    let three = commit(&shop, "three", 300);
    deploy(&shop, &ids[0], 70);
    let told = changes(&shop);
    assert_eq!(told.len(), 2);
    let longest = told
        .iter()
        .max_by_key(|change| change["commits"].as_array().unwrap().len());
    assert_eq!(longest.unwrap()["commits"][2]["id"], three.as_str());
    // A record that was taken away is filled again: with the branch as it is here, and as the
    // remote had it.
    shop.git(&["update-ref", "-d", "refs/shipway/events"]);
    deploy(&shop, &ids[0], 80);
    assert_eq!(changes(&shop), told);
}

#[test]
fn a_rebase_counts_from_the_commits_that_were_there_before() {
    let (shop, ids) = work();
    shop.git(&["switch", "--quiet", "main"]);
    let other = commit(&shop, "other", 300);
    deploy(&shop, &other, 350);
    shop.git(&["switch", "--quiet", "work"]);
    git_at(&shop, 500, &["rebase", "--quiet", "main"]);
    let rebased = head(&shop);
    shop.git(&["switch", "--quiet", "main"]);
    shop.git(&["merge", "--quiet", "--ff-only", "work"]);
    deploy(&shop, &rebased, 1000);
    // one 1000 - 100 = 900, two 1000 - 200 = 800, though both were made anew at 500.
    let (leads, section) = leads(&shop);
    assert_eq!(leads, [800, 900]);
    assert_eq!(section["data"]["ambiguous"], 0);
    assert_eq!(changes(&shop), [told(&shop, &ids)]);
    // Both commits count; neither is listed as left out because of the other.
    let rows = section["rows"].as_array().unwrap();
    let left_out = rows.iter().filter(|row| row["counted"] == false);
    // The baseline alone.
    assert_eq!(left_out.count(), 1, "{rows:#?}");
}

#[test]
fn a_branch_that_was_rebased_again_and_again_counts_from_its_first_commits() {
    for squash in [false, true] {
        let (shop, ids) = work();
        deploy(&shop, &ids[0], 50);
        // Two rebases, each seen by a record; what is merged at last was seen, too.
        for second in [300, 500] {
            shop.git(&["switch", "--quiet", "main"]);
            let other = commit(&shop, &format!("other-{second}"), second);
            deploy(&shop, &other, second + 50);
            shop.git(&["switch", "--quiet", "work"]);
            git_at(&shop, second + 100, &["rebase", "--quiet", "main"]);
            deploy(&shop, &other, second + 60);
        }
        assert_eq!(changes(&shop).len(), 3);
        shop.git(&["switch", "--quiet", "main"]);
        if squash {
            shop.git(&["merge", "--quiet", "--squash", "work"]);
            git_at(&shop, 700, &["commit", "--quiet", "--message=squashed"]);
        } else {
            shop.git(&["merge", "--quiet", "--ff-only", "work"]);
        }
        deploy(&shop, &head(&shop), 1000);
        // one 1000 - 100 = 900, two 1000 - 200 = 800, from the first commit both 900; the two
        // others 350 - 300 = 50 and 550 - 500 = 50, without a change event.
        let (leads, section) = leads(&shop);
        assert_eq!(leads, [50, 50, 800, 900], "squash: {squash}");
        let first = &section["change_lead_time"]["from_first_commit"];
        assert_eq!((&first["n"], &first["p50"]), (&2.into(), &900.into()));
        assert_eq!(section["data"]["ambiguous"], 0);
        let rows = section["rows"].as_array().unwrap();
        let said = |row: &&Value| {
            let reason = row["reason"].as_str().unwrap_or_default();
            reason.contains("begun in a commit that a rebase replaced")
        };
        assert_eq!(rows.iter().filter(said).count(), 2, "{rows:#?}");
    }
}

#[test]
fn a_commit_that_was_deployed_and_picked_into_a_branch_is_no_earlier_state_of_it() {
    let (shop, ids) = work();
    deploy(&shop, &ids[0], 50);
    // The same patch of the same author date, on a branch that is recorded, too.
    shop.git(&["switch", "--quiet", "--create", "picked", "main"]);
    git_at(&shop, 400, &["cherry-pick", &ids[1]]);
    let picked = head(&shop);
    deploy(&shop, &ids[2], 450);
    deploy(&shop, &picked, 1000);
    // one 450 - 100 = 350, two 450 - 200 = 250; picked at 400: 1000 - 400 = 600.
    let (leads, _) = leads(&shop);
    assert_eq!(leads, [250, 350, 600]);
}

#[test]
fn each_state_of_a_branch_that_was_pushed_again_finds_its_own_squash() {
    let (shop, [base, one, _]) = work();
    deploy(&shop, &base, 50);
    // The branch grows after it was seen once; both states are recorded, the last is merged.
    let three = commit(&shop, "three", 300);
    deploy(&shop, &base, 60);
    shop.git(&["switch", "--quiet", "main"]);
    shop.git(&["merge", "--quiet", "--squash", "work"]);
    git_at(&shop, 500, &["commit", "--quiet", "--message=squashed"]);
    deploy(&shop, &head(&shop), 1000);
    let told = changes(&shop);
    assert_eq!(told.len(), 2, "{told:?}");
    for change in &told {
        assert_eq!(change["commits"][0]["id"], one.as_str());
    }
    // 1000 - 300, - 200, - 100.
    let (leads, section) = leads(&shop);
    assert_eq!(leads, [700, 800, 900]);
    assert_eq!(section["data"]["ambiguous"], 0, "{three}");
}

#[test]
fn what_is_no_branch_of_work_is_not_told() {
    let shop = shop();
    let base = commit(&shop, "base", 0);
    // Merged, or at the main line.
    shop.git(&["branch", "done"]);
    // Without a common commit.
    shop.git(&["switch", "--quiet", "--orphan", "pages"]);
    commit(&shop, "page", 100);
    // Left lying for more than a year.
    shop.git(&["switch", "--quiet", "--create", "old", &base]);
    commit(&shop, "old", -366 * 86_400);
    // By a clock that is wrong.
    shop.git(&["switch", "--quiet", "--create", "ahead", &base]);
    commit(&shop, "ahead", 2_000_000_000);
    // A branch of that name is a main line itself.
    shop.git(&["switch", "--quiet", "--create", "develop", &base]);
    commit(&shop, "developed", 100);
    // More than anybody merges at once.
    shop.git(&["switch", "--quiet", "--create", "long", &base]);
    let mut stream = String::new();
    for number in 0..301 {
        stream.push_str(&format!(
            "commit refs/heads/long\ncommitter C <c@example.org> {} +0000\ndata 1\nx\n{}M 100644 inline f{number}\ndata 0\n\n",
            T + number,
            if number == 0 { format!("from {base}\n") } else { String::new() },
        ));
    }
    fast_import(shop.root(), &stream);
    deploy(&shop, &base, 50);
    assert_eq!(changes(&shop), Vec::<Value>::new());
}

fn fast_import(root: &Path, stream: &str) {
    use std::io::Write;
    let mut child = Command::new("git")
        .args(["fast-import", "--quiet", "--force"])
        .current_dir(root)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(stream.as_bytes()).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_clone_without_files_records_the_deployment_and_says_what_it_cannot_see() {
    let (shop, ids) = work();
    let bare = bare(&shop);
    shop.git(&["push", "--quiet", "--no-verify", "origin", "work"]);
    shop.git(&[
        "-C",
        bare.path().to_str().unwrap(),
        "config",
        "uploadpack.allowFilter",
        "true",
    ]);
    let treeless = clone(bare.path(), &["--filter=tree:0", "--no-checkout"]);
    let output = dora(
        &treeless,
        &[
            "--verbose",
            "record",
            "deployment",
            "production",
            "--commit",
            &ids[0],
        ],
    )
    .output()
    .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("partial clone"), "{said}");
    let events = events(&treeless);
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["event"]["type"], "deployment");
}

#[test]
fn the_forge_goes_before_the_hook_where_both_tell_of_one_branch() {
    let (shop, ids) = work();
    deploy(&shop, &ids[0], 50);
    shop.git(&["switch", "--quiet", "main"]);
    shop.git(&["merge", "--quiet", "--squash", "work"]);
    git_at(&shop, 500, &["commit", "--quiet", "--message=squashed"]);
    deploy(&shop, &head(&shop), 1000);
    assert_eq!(leads(&shop).1["change_lead_time"]["from_merge"]["n"], 0);
    // The forge names commits and merge, not the patch; it does not know what the squash became.
    let mut forge = told(&shop, &ids);
    let fields = forge.as_object_mut().unwrap();
    fields.remove("patch_id");
    fields.remove("base");
    for original in fields["commits"].as_array_mut().unwrap() {
        original.as_object_mut().unwrap().remove("patch_id");
    }
    fields.insert("source".to_owned(), object!("github"));
    fields.insert("merged_at".to_owned(), object!(time(510)));
    ledger::record(&shop, &[forge]);
    let (leads, section) = leads(&shop);
    assert_eq!(leads, [800, 900]);
    // 1000 - 510 for both.
    let merged = &section["change_lead_time"]["from_merge"];
    assert_eq!((&merged["n"], &merged["p50"]), (&2.into(), &490.into()));
    assert_eq!(section["data"]["ambiguous"], 0);
}
