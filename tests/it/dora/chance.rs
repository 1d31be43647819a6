//! Random histories and records: the report and the oracle agree to the second.

use super::ledger::{self, Commit, patch_id, time};
use super::oracle::{self, Asked, Told};
use super::support::{counted, json as report_of};
use crate::sandbox::{Sandbox, scale};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// 1 August 2026, 00:00:00Z, by `date -u -d 2026-08-01 +%s`.
const BEGIN: i64 = 1_785_542_400;
const DAY: i64 = 86_400;

/// A small generator, the same on every machine (Marsaglia 2003, xorshift64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    fn seconds(&mut self, end: i64) -> i64 {
        i64::try_from(self.below(usize::try_from(end).unwrap())).unwrap()
    }
}

#[test]
fn the_report_agrees_with_the_definition_on_random_histories() {
    // One seed again: SHIPWAY_SEED=…
    if let Some(seed) = std::env::var("SHIPWAY_SEED")
        .ok()
        .and_then(|text| text.parse().ok())
    {
        return agree(seed);
    }
    let mut seeds: Vec<u64> = vec![20_260_801];
    for _ in 0..scale() {
        let mut random = [0; 8];
        getrandom::fill(&mut random).unwrap();
        seeds.push(u64::from_le_bytes(random) | 1);
    }
    for seed in seeds {
        println!("seed {seed}");
        agree(seed);
    }
}

fn agree(seed: u64) {
    let mut chance = Chance(seed);
    let commits = commits(&mut chance);
    let (sandbox, ids) = ledger::history(&commits.made);
    let whole = chance.one_in(2);
    if whole {
        sandbox.git(&["commit-graph", "write", "--reachable"]);
    }
    if !whole && chance.one_in(2) {
        // A split chain of two, and commits that neither holds.
        let third = commits.made.len() / 3;
        for end in [third, 2 * third] {
            let mut tips = String::new();
            for made in &commits.made[..end] {
                tips.push_str(&ids[&made.name]);
                tips.push('\n');
            }
            sandbox.write(".git/tips", &tips);
            let shell = "git commit-graph write --stdin-commits --split=no-merge < .git/tips";
            let status = std::process::Command::new("sh")
                .args(["-c", shell])
                .current_dir(sandbox.root())
                .status();
            assert!(status.unwrap().success());
        }
    }
    let mut events = changes(&mut chance, &sandbox, &ids, &commits);
    let recorded = ledger::record(&sandbox, &events);
    let mut told: Vec<Told> = recorded.into_iter().zip(events.drain(..)).collect();
    deploy(&mut chance, &sandbox, &ids, &commits, &mut told);
    let asked = Asked {
        from: BEGIN
            - if chance.one_in(2) {
                60 * DAY
            } else {
                -chance.seconds(10 * DAY)
            },
        to: BEGIN
            + if chance.one_in(2) {
                400 * DAY
            } else {
                20 * DAY + chance.seconds(DAY)
            },
        merges: chance.one_in(4),
        first: chance.one_in(4),
        include_baseline: chance.one_in(4),
    };
    sandbox.write(
        "shipway.toml",
        &format!(
            "[project]\nname = \"shop\"\n[dora]\nmerges = {}\nrolled_back = \"{}\"\n",
            asked.merges,
            if asked.first { "first" } else { "again" }
        ),
    );
    let (from, to) = (time(asked.from), time(asked.to));
    let mut arguments = vec![
        "report",
        "--from",
        &from,
        "--to",
        &to,
        "--rows",
        "lead-time",
    ];
    if asked.include_baseline {
        arguments.push("--include-baseline");
    }
    let report = report_of(&sandbox, &arguments);
    let wanted = oracle::reports(sandbox.root(), &told, asked);
    let sections = report["reports"].as_array().unwrap();
    let mut seen = 0;
    for section in sections {
        let name = |field: &str| section[field].as_str().unwrap().to_owned();
        let Some(wanted) = wanted.get(&(name("environment"), name("service"))) else {
            continue;
        };
        seen += 1;
        let mut section = section.clone();
        section["rows"] = json!(counted(&section));
        contains(
            &section,
            wanted,
            &format!("seed {seed} {asked:?}, {}", name("environment")),
        );
    }
    assert_eq!(seen, wanted.len(), "seed {seed}");
}

/// Everything in `wanted` is in `found`.
fn contains(found: &Value, wanted: &Value, place: &str) {
    match wanted {
        Value::Object(fields) => {
            for (name, wanted) in fields {
                contains(&found[name], wanted, &format!("{place}.{name}"));
            }
        }
        wanted => assert_eq!(found, wanted, "{place}"),
    }
}

/// Commits, and the branches that were squashed or rebased.
struct Commits {
    made: Vec<Commit>,
    /// Names that may be deployed, in the order in which they were made.
    deployable: Vec<String>,
    branches: Vec<Branch>,
}

struct Branch {
    base: String,
    originals: Vec<String>,
    /// The squash, where it is one commit.
    squash: Option<String>,
}

fn commits(chance: &mut Chance) -> Commits {
    let mut made: Vec<Commit> = Vec::new();
    let mut deployable: Vec<String> = Vec::new();
    let mut branches = Vec::new();
    let mut at = BEGIN - 20 * DAY;
    let mut next = 0;
    let count = 8 + chance.below(30);
    let mut commit = |chance: &mut Chance,
                      made: &mut Vec<Commit>,
                      parents: Vec<String>,
                      files: Option<Vec<String>>| {
        let name = format!("c{next}");
        next += 1;
        at += chance.seconds(DAY);
        // Now and then a clock is wrong by days.
        let skew = if chance.one_in(9) {
            chance.seconds(30 * DAY) - 15 * DAY
        } else {
            0
        };
        made.push(Commit {
            parents,
            committed: at + skew,
            authored: at + skew - chance.seconds(DAY),
            files: files.unwrap_or_else(|| vec![format!("f-{name}")]),
            name: name.clone(),
        });
        name
    };
    while deployable.len() < count {
        let any = |chance: &mut Chance, deployable: &[String]| {
            deployable[chance.below(deployable.len())].clone()
        };
        let near = |chance: &mut Chance, deployable: &[String]| {
            deployable[deployable.len() - 1 - chance.below(deployable.len().min(4))].clone()
        };
        if deployable.is_empty() || chance.one_in(25) {
            // A root, the first or a further one.
            let name = commit(chance, &mut made, Vec::new(), None);
            deployable.push(name);
        } else if chance.one_in(8) {
            // A branch of which the squash, or the same commits on another base, stay.
            let base = near(chance, &deployable);
            let length = 1 + chance.below(3);
            let mut originals: Vec<String> = Vec::new();
            for _ in 0..length {
                let parent = originals.last().unwrap_or(&base).clone();
                originals.push(commit(chance, &mut made, vec![parent], None));
            }
            let onto = near(chance, &deployable);
            let files = |name: &String| vec![format!("f-{name}")];
            let mut squash = None;
            if chance.one_in(2) {
                let all = originals.iter().flat_map(files).collect();
                let name = commit(chance, &mut made, vec![onto], Some(all));
                squash = Some(name.clone());
                deployable.push(name);
            } else {
                let mut parent = onto;
                for original in &originals {
                    parent = commit(chance, &mut made, vec![parent], Some(files(original)));
                    deployable.push(parent.clone());
                }
            }
            // A branch that is deployed, too, makes its merge a cherry-pick.
            if chance.one_in(4) {
                deployable.extend(originals.last().cloned());
            }
            branches.push(Branch {
                base,
                originals,
                squash,
            });
        } else {
            let mut parents = vec![near(chance, &deployable)];
            let merges = if chance.one_in(4) {
                1 + chance.below(3)
            } else {
                0
            };
            for _ in 0..merges {
                let other = any(chance, &deployable);
                if !parents.contains(&other) {
                    parents.push(other);
                }
            }
            let name = commit(chance, &mut made, parents, None);
            deployable.push(name);
        }
    }
    Commits {
        made,
        deployable,
        branches,
    }
}

/// The change events of most branches.
fn changes(
    chance: &mut Chance,
    sandbox: &Sandbox,
    ids: &BTreeMap<String, String>,
    commits: &Commits,
) -> Vec<Value> {
    let of = |name: &String| {
        commits
            .made
            .iter()
            .find(|commit| commit.name == *name)
            .unwrap()
    };
    let mut events = Vec::new();
    for branch in &commits.branches {
        if chance.one_in(5) {
            continue;
        }
        let merged = of(branch.originals.last().unwrap()).committed + chance.seconds(DAY);
        let mut parent = &branch.base;
        let mut originals = Vec::new();
        for name in &branch.originals {
            originals.push(json!({
                "id": ids[name], "committed_at": time(of(name).committed), "authored_at": time(of(name).authored),
                "patch_id": patch_id(sandbox, &ids[parent], &ids[name]),
            }));
            parent = name;
        }
        let mut event = json!({
            "type": "change", "source": "github", "commits": originals, "base": ids[&branch.base],
            "patch_id": patch_id(sandbox, &ids[&branch.base], &ids[branch.originals.last().unwrap()]),
            "merged_at": time(merged),
        });
        if let Some(squash) = branch.squash.as_ref().filter(|_| chance.one_in(2)) {
            event["merged_as"] = json!(ids[squash]);
        }
        events.push(event);
    }
    events
}

/// Deployments to some environments and services, incidents and retractions.
fn deploy(
    chance: &mut Chance,
    sandbox: &Sandbox,
    ids: &BTreeMap<String, String>,
    commits: &Commits,
    told: &mut Vec<Told>,
) {
    let mut places = vec![("production", "shop")];
    if chance.one_in(2) {
        places.push(("staging", "shop"));
        places.push(("production", "worker"));
    }
    for (environment, service) in places {
        let mut at = BEGIN;
        let mut reached = 0;
        let mut earlier: Vec<String> = Vec::new();
        for number in 0..3 + chance.below(14) {
            at += chance.seconds(2 * DAY);
            let deployable = &commits.deployable;
            // Mostly forward, now and then to any commit, and once in a while to one that is gone.
            reached = if chance.one_in(4) {
                chance.below(deployable.len())
            } else {
                (reached + chance.below(4)).min(deployable.len() - 1)
            };
            let commit = if chance.one_in(15) {
                "0123456789".repeat(4)
            } else {
                ids[&deployable[reached]].clone()
            };
            let outcome = [
                "succeeded",
                "succeeded",
                "succeeded",
                "succeeded",
                "failed",
                "cancelled",
            ][chance.below(6)];
            let took = if chance.one_in(5) {
                chance.one_in(2)
            } else {
                outcome == "succeeded"
            };
            let intent = [
                "release", "release", "release", "hotfix", "redeploy", "rollback",
            ][chance.below(6)];
            let mut event = json!({
                "type": "deployment", "environment": environment, "service": service, "commit": commit,
                "started_at": time(at - chance.seconds(1800)), "finished_at": time(at), "outcome": outcome,
                "took_traffic": took, "intent": intent, "source": "ci", "run": format!("{environment}-{service}-{number}"),
            });
            if chance.one_in(8) && !earlier.is_empty() {
                event["reverts"] = json!(earlier[chance.below(earlier.len())]);
            }
            if chance.one_in(8) {
                let mut twice = event.clone();
                twice["source"] = json!("github");
                twice["finished_at"] = json!(time(at + 20));
                add(sandbox, told, twice);
            }
            let id = add(sandbox, told, event);
            earlier.push(id);
            if chance.one_in(4) {
                incident(chance, sandbox, told, environment, service, at, &earlier);
            }
        }
    }
    if chance.one_in(3) {
        let target = told[chance.below(told.len())].clone();
        let at = time(BEGIN + 90 * DAY);
        if target.1["type"] == "deployment" {
            add(
                sandbox,
                told,
                json!({"type": "retraction", "retracts": target.0, "reason": "a test", "at": at}),
            );
        }
    }
}

fn incident(
    chance: &mut Chance,
    sandbox: &Sandbox,
    told: &mut Vec<Told>,
    environment: &str,
    service: &str,
    at: i64,
    earlier: &[String],
) {
    let opened = at + chance.seconds(2 * DAY);
    let mut event = json!({
        "type": "incident", "key": format!("{environment}-{service}-{at}"), "environment": environment,
        "service": service, "opened_at": time(opened), "cause": "change", "source": "cli",
    });
    if chance.one_in(6) {
        event["cause"] = json!("external");
    }
    if chance.one_in(3) {
        event["caused_by"] = json!(earlier[chance.below(earlier.len())]);
    }
    if chance.one_in(3) {
        event["fixed_by"] = json!(earlier[chance.below(earlier.len())]);
    }
    let mut resolve = event.clone();
    add(sandbox, told, event.clone());
    if chance.one_in(5) {
        event["opened_at"] = json!(time(opened + 60));
        add(sandbox, told, event);
    }
    if !chance.one_in(4) {
        let fields = resolve.as_object_mut().unwrap();
        fields.remove("opened_at");
        // One in some ends before it began.
        let end = opened + chance.seconds(DAY) - if chance.one_in(9) { 2 * DAY } else { 0 };
        fields.insert("resolved_at".to_owned(), json!(time(end)));
        add(sandbox, told, resolve);
    }
}

fn add(sandbox: &Sandbox, told: &mut Vec<Told>, event: Value) -> String {
    let id = ledger::record(sandbox, std::slice::from_ref(&event)).remove(0);
    told.push((id.clone(), event));
    id
}
