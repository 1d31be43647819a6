//! Events whose commit is signed, by ssh and by GPG, told from those that nobody vouches for.

use super::ledger;
use super::support::{clone, dora, error, events, json, run, shop};
use crate::sandbox::{Sandbox, skipped, text};
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// No target is missed, so that only signatures decide.
const TARGETS: &str = "[dora.targets]\nlead_time_p50 = \"off\"\nrecovery_mean = \"off\"\n\
    change_fail_rate = \"off\"\nsuccess_rate = \"off\"\ndeployments_per_day = \"off\"\n\
    rollback_downtime = \"off\"\n";

const WINDOW: [&str; 3] = ["report", "--last=90d", "--check"];

/// A key pair of ssh; the public key.
fn ssh_key(folder: &Path, name: &str) -> String {
    let file = folder.join(name);
    let output = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "ada at home", "-f"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    std::fs::read_to_string(file.with_extension("pub")).unwrap()
}

fn trust(sandbox: &Sandbox, key: &str) {
    let signers = format!("[dora]\nsigners = [\"{}\"]\n", key.trim());
    let start = "[project]\nname = \"shop\"\n";
    sandbox.write("shipway.toml", &[start, &signers, TARGETS].concat());
}

fn sign_with(sandbox: &Sandbox, format: &str, key: &str) {
    sandbox.git(&["config", "gpg.format", format]);
    sandbox.git(&["config", "user.signingKey", key]);
}

/// A shop that trusts and signs with the key `ada`, beside which lies `eve`.
fn signed() -> (Sandbox, TempDir) {
    let keys = tempfile::tempdir().unwrap();
    let shop = shop();
    trust(&shop, &ssh_key(keys.path(), "ada"));
    ssh_key(keys.path(), "eve");
    sign_with(&shop, "ssh", keys.path().join("ada").to_str().unwrap());
    (shop, keys)
}

fn deploy(sandbox: &Sandbox, run_id: &str) -> String {
    let words = ["record", "deployment", "production", "--run", run_id];
    json(sandbox, &words)["id"].as_str().unwrap().to_owned()
}

/// The ids that `dora verify` names as unsigned.
#[track_caller]
fn unverified(sandbox: &Sandbox) -> Vec<String> {
    let words = ["verify", "--format=json"];
    let output: Output = dora(sandbox, &words).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let wrong = report["wrong"].as_array().unwrap();
    assert_eq!(output.status.code(), Some(i32::from(!wrong.is_empty())));
    let mut ids: Vec<String> = wrong
        .iter()
        .inspect(|one| assert_eq!(one["reason"], "is signed by none of [dora] signers"))
        .map(|one| one["place"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

#[test]
fn an_event_counts_as_verified_by_the_signature_of_its_commit() {
    let (shop, keys) = signed();
    deploy(&shop, "1");
    let raw = shop.git(&["cat-file", "commit", "refs/shipway/events"]);
    assert!(raw.contains("-----BEGIN SSH SIGNATURE-----"), "{raw}");
    assert_eq!(
        shop.git(&["log", "-1", "--format=%an %ae %cn", "refs/shipway/events"]),
        "shipway shipway@localhost shipway\n"
    );
    assert_eq!(unverified(&shop), Vec::<String>::new());
    run(&shop, 0, &[&WINDOW[..], &["--verified"]].concat());

    // A good signature by somebody else, and none at all.
    sign_with(&shop, "ssh", keys.path().join("eve").to_str().unwrap());
    let by_eve = deploy(&shop, "2");
    shop.git(&["config", "--unset", "user.signingKey"]);
    let by_nobody = deploy(&shop, "3");
    let mut wrong = vec![by_eve, by_nobody];
    wrong.sort();
    assert_eq!(unverified(&shop), wrong);
    let output = run(&shop, 1, &[&WINDOW[..], &["--verified"]].concat());
    let said = text(&output.stdout);
    assert!(said.contains("2 of 3 events are signed by none"), "{said}");
    // They count all the same, and only the stricter check fails.
    let report = json(&shop, &WINDOW);
    assert_eq!(report["reports"][0]["deployment_frequency"]["count"], 3);
    assert_eq!(report["notes"].as_array().unwrap().len(), 1, "{report}");
}

#[test]
fn signatures_go_along_with_a_sync_and_what_a_merge_slips_in_has_none() {
    let (shop, _keys) = signed();
    let bare = tempfile::tempdir().unwrap();
    let path = bare.path().to_str().unwrap();
    shop.git(&["init", "--quiet", "--bare", "--initial-branch=main", path]);
    shop.git(&["remote", "add", "origin", path]);
    shop.git(&["add", "shipway.toml"]);
    shop.git(&["commit", "--quiet", "--no-gpg-sign", "--message=signers"]);
    shop.git(&["push", "--quiet", "origin", "HEAD:main"]);
    let other = clone(bare.path(), &[]);
    deploy(&shop, "1");
    run(&shop, 0, &["sync"]);
    let unsigned = deploy(&other, "2");
    run(&other, 0, &["sync"]);
    run(&shop, 0, &["sync"]);
    for clone in [&shop, &other] {
        assert_eq!(events(clone).len(), 2);
        assert_eq!(unverified(clone), [unsigned.as_str()]);
    }

    // An event that only a merge brought.
    let before = shop.git(&["rev-parse", "refs/shipway/events"]);
    let evil = deploy(&shop, "3");
    let tree = shop.git(&["rev-parse", "refs/shipway/events^{tree}"]);
    let (before, tree) = (before.trim(), tree.trim());
    let old = format!("{before}^{{tree}}");
    let side = shop.git(&["commit-tree", "-m", "side", &old]);
    let both = ["-p", before, "-p", side.trim()];
    let merge = shop.git(&[&["commit-tree", "-m", "union"], &both[..], &[tree]].concat());
    shop.git(&["update-ref", "refs/shipway/events", merge.trim()]);
    let mut wrong = vec![unsigned, evil];
    wrong.sort();
    assert_eq!(unverified(&shop), wrong);
}

#[test]
fn an_import_is_signed_as_a_whole() {
    let (shop, _keys) = signed();
    let commit = shop.git(&["rev-parse", "HEAD"]);
    let mut lines = String::new();
    for number in 0..3 {
        let at = ledger::time(1_785_542_400 + number);
        lines.push_str(&format!(
            "{{\"type\":\"deployment\",\"environment\":\"production\",\"service\":\"shop\",\"commit\":\"{}\",\
             \"started_at\":\"{at}\",\"finished_at\":\"{at}\",\"outcome\":\"succeeded\",\"source\":\"file\"}}\n",
            commit.trim()
        ));
    }
    shop.write("events.jsonl", &lines);
    run(&shop, 0, &["import", "events", "events.jsonl"]);
    assert_eq!(events(&shop).len(), 3);
    assert_eq!(unverified(&shop), Vec::<String>::new());
    assert_eq!(
        shop.git(&["rev-list", "--count", "refs/shipway/events"]),
        "1\n"
    );
}

#[test]
fn a_gpg_key_is_known_by_its_fingerprint() {
    let installed = Command::new("gpg").arg("--version").output();
    if !installed.is_ok_and(|output| output.status.success()) {
        return skipped("gpg is not installed: apt-get install gpg gpg-agent");
    }
    // A socket's path is short.
    let home = tempfile::Builder::new()
        .prefix("g")
        .tempdir_in("/tmp")
        .unwrap();
    let gpg = |arguments: &[&str]| {
        let output = Command::new("gpg")
            .args(["--batch", "--quiet", "--homedir"])
            .arg(home.path())
            .args(["--pinentry-mode=loopback", "--passphrase="])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        text(&output.stdout)
    };
    gpg(&[
        "--quick-generate-key",
        "Release <release@example.org>",
        "ed25519",
        "sign",
        "never",
    ]);
    let listed = gpg(&["--with-colons", "--fingerprint"]);
    let print = listed
        .lines()
        .find_map(|line| line.strip_prefix("fpr:"))
        .unwrap()
        .trim_matches(':');
    let shop = shop();
    trust(&shop, &print.to_lowercase());
    // git finds the key where the program that it calls looks.
    let program = home.path().join("gpg-here");
    let script = format!(
        "#!/bin/sh\nexec gpg --homedir {} \"$@\"\n",
        home.path().display()
    );
    std::fs::write(&program, script).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).unwrap();
    shop.git(&["config", "gpg.program", program.to_str().unwrap()]);
    sign_with(&shop, "openpgp", print);
    deploy(&shop, "1");
    assert_eq!(unverified(&shop), Vec::<String>::new());

    // Another key is trusted now.
    trust(&shop, &"0123456789".repeat(4));
    assert_eq!(unverified(&shop).len(), 1);
    let _ = Command::new("gpgconf")
        .args(["--kill", "all"])
        .env("GNUPGHOME", home.path())
        .output();
}

#[test]
fn a_key_that_cannot_sign_and_a_check_without_signers_are_said() {
    let (shop, keys) = signed();
    let gone = keys.path().join("gone");
    sign_with(&shop, "ssh", gone.to_str().unwrap());
    let said = error(&shop, 3, &["record", "deployment", "production"]);
    assert!(said.contains("could not be signed"), "{said}");
    assert!(said.contains("user.signingKey"), "{said}");
    assert_eq!(events(&shop).len(), 0);

    shop.write("shipway.toml", "[project]\nname = \"shop\"\n");
    let said = error(&shop, 2, &[&WINDOW[..], &["--verified"]].concat());
    assert!(said.contains("[dora] signers"), "{said}");
    run(&shop, 2, &["report", "--verified"]);
}
