//! The numbers again, straight from their definition: slow, with a set of commits for every
//! deployment, taken from `git rev-list`.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::process::Command;

/// An event with its id, as JSON with every default written out.
pub(super) type Told = (String, Value);

/// What is asked: a window in seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) merges: bool,
    pub(super) first: bool,
    pub(super) include_baseline: bool,
}

/// Number in the list, the commit that counts, when it was made, when its change began, when it
/// was merged.
type Counted = (usize, String, i64, Option<i64>, Option<i64>);

struct Repository<'r> {
    root: &'r Path,
    commits: HashMap<String, (i64, usize)>,
    reachable: HashMap<String, HashSet<String>>,
    patches: HashMap<String, Option<String>>,
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("--no-replace-objects")
        .args(["-c", "diff.algorithm=myers", "-c", "core.commitGraph=false"])
        .args(arguments)
        .current_dir(root)
        .output()
        .unwrap();
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Repository<'_> {
    fn has(&self, commit: &str) -> bool {
        git(
            self.root,
            &["cat-file", "-e", &format!("{commit}^{{commit}}")],
        )
        .is_some()
    }

    /// Everything that can be reached from a commit, itself included.
    fn reach(&mut self, commit: &str) -> HashSet<String> {
        if let Some(known) = self.reachable.get(commit) {
            return known.clone();
        }
        let listed = git(self.root, &["log", "--format=%H %ct %P", commit]).unwrap();
        let mut reached = HashSet::new();
        for line in listed.lines() {
            let mut words = line.split_whitespace();
            let id = words.next().unwrap().to_owned();
            let at = words.next().unwrap().parse().unwrap();
            self.commits.insert(id.clone(), (at, words.count()));
            reached.insert(id);
        }
        self.reachable.insert(commit.to_owned(), reached.clone());
        reached
    }

    fn patch(&mut self, commit: &str) -> Option<String> {
        if let Some(known) = self.patches.get(commit) {
            return known.clone();
        }
        let shell = format!(
            "git -c diff.algorithm=myers diff-tree -p --root --no-renames --no-ext-diff \
             --no-textconv --full-index -U3 {commit} | git patch-id --stable"
        );
        let output = Command::new("sh")
            .args(["-c", &shell])
            .current_dir(self.root)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let patch = text.split_whitespace().next().map(str::to_owned);
        self.patches.insert(commit.to_owned(), patch.clone());
        patch
    }
}

fn second(value: &Value) -> Option<i64> {
    Some(
        value
            .as_str()?
            .parse::<jiff::Timestamp>()
            .unwrap()
            .as_second(),
    )
}

fn main_time(event: &Value) -> i64 {
    ["finished_at", "opened_at", "resolved_at", "merged_at", "at"]
        .into_iter()
        .find_map(|field| second(&event[field]))
        .unwrap()
}

fn source(event: &Value) -> usize {
    let order = [
        "cli", "ci", "hook", "github", "gitlab", "cdevents", "file", "tags",
    ];
    order
        .into_iter()
        .position(|name| event["source"] == name)
        .unwrap()
}

/// Percentile `p` by nearest rank.
fn rank(values: &[i64], p: usize) -> Value {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    if sorted.is_empty() {
        return Value::Null;
    }
    let mut rank = 0;
    // The smallest rank whose share of the values is at least p percent.
    while (rank + 1) * 100 < p * sorted.len() {
        rank += 1;
    }
    json!(sorted[rank])
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn share(part: usize, of: usize) -> Value {
    if of == 0 {
        return Value::Null;
    }
    json!((part as f64 / of as f64 * 10_000.0 + 1e-9).round() / 10_000.0)
}

/// The report of each environment and service by their names, as far as it has to agree.
pub(super) fn reports(
    root: &Path,
    events: &[Told],
    asked: Asked,
) -> BTreeMap<(String, String), Value> {
    let retracted: HashSet<&str> = events
        .iter()
        .filter(|(_, event)| event["type"] == "retraction")
        .filter_map(|(_, event)| event["retracts"].as_str())
        .collect();
    let counting: Vec<&Told> = events
        .iter()
        .filter(|(id, _)| !retracted.contains(id.as_str()))
        .collect();
    let mut places = BTreeSet::new();
    for (_, event) in events {
        if event["type"] == "deployment" {
            let name = |field: &str| event[field].as_str().unwrap().to_owned();
            places.insert((name("environment"), name("service")));
        }
    }
    let mut repository = Repository {
        root,
        commits: HashMap::new(),
        reachable: HashMap::new(),
        patches: HashMap::new(),
    };
    places
        .into_iter()
        .map(|(environment, service)| {
            let report = report(&mut repository, &counting, &environment, &service, asked);
            ((environment, service), report)
        })
        .collect()
}

#[expect(
    clippy::too_many_lines,
    reason = "the definition, from its first line to its last"
)]
fn report(
    repository: &mut Repository,
    events: &[&Told],
    environment: &str,
    service: &str,
    asked: Asked,
) -> Value {
    let of_type = |kind: &'static str| {
        events
            .iter()
            .filter(move |(_, event)| event["type"] == kind)
            .copied()
    };
    let mut deployments: Vec<&Told> = of_type("deployment")
        .filter(|(_, event)| event["environment"] == environment && event["service"] == service)
        .collect();
    // One deployment told twice: equal runs. (The histories have no other kind.)
    let told = deployments.clone();
    deployments.retain(|(id, event)| {
        !told.iter().any(|(other_id, other)| {
            event["run"].is_string()
                && event["run"] == other["run"]
                && event["commit"] == other["commit"]
                && (source(other), -main_time(other), other_id)
                    < (source(event), -main_time(event), id)
        })
    });
    deployments.sort_by_key(|(id, event)| (main_time(event), id.clone()));
    let counted: HashMap<&str, usize> = deployments
        .iter()
        .enumerate()
        .map(|(place, (id, _))| (id.as_str(), place))
        .collect();
    let took = |place: usize| deployments[place].1["took_traffic"] == true;
    let succeeded = |place: usize| deployments[place].1["outcome"] == "succeeded";
    let finished = |place: usize| second(&deployments[place].1["finished_at"]).unwrap();
    let started = |place: usize| second(&deployments[place].1["started_at"]).unwrap();
    let commit = |place: usize| deployments[place].1["commit"].as_str().unwrap();
    let all = 0..deployments.len();

    // The list, and what each of it carries.
    let list: Vec<usize> = all
        .clone()
        .filter(|place| succeeded(*place) && took(*place) && repository.has(commit(*place)))
        .collect();
    let carried: Vec<HashSet<String>> = list
        .iter()
        .map(|place| repository.reach(commit(*place)))
        .collect();

    // Rollbacks.
    let mut rollback: Vec<bool> = all
        .clone()
        .map(|place| {
            let event = &deployments[place].1;
            succeeded(place)
                && took(place)
                && (event["intent"] == "rollback" || event["reverts"].is_string())
        })
        .collect();
    for i in 1..list.len() {
        let strict =
            commit(list[i]) != commit(list[i - 1]) && carried[i - 1].contains(commit(list[i]));
        if strict && deployments[list[i]].1["intent"] != "redeploy" {
            rollback[list[i]] = true;
        }
    }

    // Who holds each commit, deployment by deployment.
    let mut held: HashMap<String, usize> = HashMap::new();
    let mut first: HashMap<String, usize> = HashMap::new();
    for (i, carries) in carried.iter().enumerate() {
        if i > 0 && rollback[list[i]] {
            for gone in &carried[i - 1] {
                if !carries.contains(gone) && held.get(gone) != Some(&0) {
                    held.remove(gone);
                }
            }
        }
        for commit in carries {
            held.entry(commit.clone()).or_insert(i);
            first.entry(commit.clone()).or_insert(i);
        }
    }
    let delivered = if asked.first { &first } else { &held };
    let mut delivered: Vec<(usize, i64, String)> = delivered
        .iter()
        .filter(|(_, i)| asked.include_baseline || **i > 0)
        .map(|(commit, i)| (*i, repository.commits[commit].0, commit.clone()))
        .filter(|(_, _, commit)| asked.merges || repository.commits[commit].1 < 2)
        .collect();
    delivered.sort();

    // What a merge hid. Each history has at most one event for a branch.
    let deployed: HashSet<&String> = first.keys().collect();
    let changes: Vec<&Told> = of_type("change").collect();
    let commits = |change: &Value| change["commits"].as_array().unwrap().clone();
    let mut values: Vec<Counted> = Vec::new();
    let mut restored: HashSet<String> = HashSet::new();
    let mut with_event = 0;
    for (i, at, commit) in &delivered {
        let own = changes
            .iter()
            .find(|(_, change)| commits(change).iter().any(|c| c["id"] == commit.as_str()));
        let patch = if own.is_none() && !changes.is_empty() {
            repository.patch(commit)
        } else {
            None
        };
        let whole =
            |change: &Value| patch.is_some() && change["patch_id"].as_str() == patch.as_deref();
        let squash = changes
            .iter()
            .find(|(_, change)| whole(change))
            .or_else(|| {
                changes
                    .iter()
                    .find(|(_, change)| change["merged_as"] == commit.as_str())
            });
        let single = changes.iter().find_map(|(_, change)| {
            let found = commits(change)
                .into_iter()
                .find(|c| patch.is_some() && c["patch_id"].as_str() == patch.as_deref());
            Some((change, found?))
        });
        let fresh = |id: &str, restored: &HashSet<String>| {
            !deployed.contains(&id.to_owned()) && !restored.contains(id)
        };
        let (change, originals): (Option<&Value>, Vec<Value>) = if let Some((_, change)) = own {
            (Some(change), Vec::new())
        } else if let Some((change, single)) = single.filter(|(change, _)| !whole(change)) {
            if fresh(single["id"].as_str().unwrap(), &restored) {
                (Some(change), vec![single])
            } else {
                (None, Vec::new())
            }
        } else if let Some((_, change)) = squash {
            let originals: Vec<Value> = commits(change)
                .into_iter()
                .filter(|c| fresh(c["id"].as_str().unwrap(), &restored))
                .collect();
            (Some(change).filter(|_| !originals.is_empty()), originals)
        } else {
            (None, Vec::new())
        };
        let begun = change.map(|change| {
            commits(change)
                .iter()
                .filter_map(|c| second(&c["committed_at"]))
                .min()
                .unwrap()
        });
        let merged = change.and_then(|change| second(&change["merged_at"]));
        if originals.is_empty() {
            values.push((*i, commit.clone(), *at, begun, merged));
        }
        for original in originals {
            let id = original["id"].as_str().unwrap().to_owned();
            restored.insert(id.clone());
            values.push((
                *i,
                id,
                second(&original["committed_at"]).unwrap(),
                begun,
                merged,
            ));
        }
    }
    let in_window = |place: usize| (asked.from..asked.to).contains(&finished(place));
    values.retain(|(i, ..)| in_window(list[*i]));
    with_event += values
        .iter()
        .filter(|(.., begun, _)| begun.is_some())
        .count();
    let known = |values: Vec<Option<i64>>| -> Vec<i64> {
        values
            .into_iter()
            .flatten()
            .filter(|value| *value >= 0)
            .collect()
    };
    let lead =
        |value: &(usize, String, i64, Option<i64>, Option<i64>)| finished(list[value.0]) - value.2;
    let from_commit = known(values.iter().map(|v| Some(lead(v))).collect());
    let from_first = known(
        values
            .iter()
            .map(|v| Some(finished(list[v.0]) - v.3?))
            .collect(),
    );
    let from_merge = known(
        values
            .iter()
            .map(|v| Some(finished(list[v.0]) - v.4?))
            .collect(),
    );
    let medians: Vec<i64> = (0..list.len())
        .filter_map(|i| {
            let own = known(
                values
                    .iter()
                    .filter(|v| v.0 == i)
                    .map(|v| Some(lead(v)))
                    .collect(),
            );
            rank(&own, 50).as_i64()
        })
        .collect();
    let series = |values: &[i64]| {
        json!({"n": values.len(), "p50": rank(values, 50), "p75": rank(values, 75),
               "p90": rank(values, 90), "p95": rank(values, 95)})
    };

    // Incidents, one a key.
    let mut incidents: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for (_, event) in of_type("incident") {
        incidents
            .entry(event["key"].as_str().unwrap().to_owned())
            .or_default()
            .push(event);
    }
    let mut opened_of: HashMap<usize, Vec<(i64, Option<i64>)>> = HashMap::new();
    let mut fixes = HashSet::new();
    let mut external = 0;
    for told in incidents.values() {
        if told[0]["environment"] != environment || told[0]["service"] != service {
            continue;
        }
        let opened = told
            .iter()
            .filter_map(|event| second(&event["opened_at"]))
            .min();
        let resolved = told
            .iter()
            .filter_map(|event| second(&event["resolved_at"]))
            .max();
        let Some(opened) = opened else { continue };
        if told.iter().any(|event| event["cause"] == "external") {
            external += usize::from((asked.from..asked.to).contains(&opened));
            continue;
        }
        let named = |field: &str| told.iter().find_map(|event| event[field].as_str());
        if let Some(fix) = named("fixed_by").and_then(|id| counted.get(id)) {
            fixes.insert(*fix);
        }
        let cause = match named("caused_by") {
            Some(id) => counted.get(id).copied().filter(|place| took(*place)),
            None => all
                .clone()
                .filter(|place| took(*place) && finished(*place) <= opened)
                .max()
                .filter(|place| finished(*place) >= opened - 24 * 3600),
        };
        if let Some(place) = cause {
            opened_of.entry(place).or_default().push((opened, resolved));
        }
    }

    // Taken out by a rollback: by which.
    let mut taken_out: HashMap<usize, Vec<usize>> = HashMap::new();
    for place in all.clone().filter(|place| rollback[*place]) {
        let target = match deployments[place].1["reverts"].as_str() {
            Some(id) => counted
                .get(id)
                .copied()
                .filter(|target| *target < place && took(*target)),
            None => (0..place).rev().find(|earlier| took(*earlier)),
        };
        if let Some(target) = target {
            taken_out.entry(target).or_default().push(place);
        }
    }
    let mut failed = 0;
    let mut recoveries = Vec::new();
    let mut open = Vec::new();
    for place in all
        .clone()
        .filter(|place| in_window(*place) && took(*place))
    {
        let by = taken_out
            .get(&place)
            .and_then(|by| by.iter().min_by_key(|by| (started(**by), **by)));
        let cases = opened_of.get(&place);
        if succeeded(place) && by.is_none() && cases.is_none() {
            continue;
        }
        failed += 1;
        let mut signs: Vec<i64> = cases
            .into_iter()
            .flatten()
            .map(|(opened, _)| *opened)
            .collect();
        if !succeeded(place) {
            signs.push(finished(place));
        }
        signs.extend(by.map(|by| started(*by)));
        let sign = signs.into_iter().min().unwrap();
        let restored = match (cases, by) {
            (Some(cases), _) if cases.iter().all(|(_, resolved)| resolved.is_some()) => {
                cases.iter().filter_map(|(_, r)| *r).max()
            }
            (Some(_), _) => None,
            (None, Some(by)) => Some(finished(*by)),
            (None, None) => (place + 1..deployments.len())
                .find(|next| succeeded(*next) && took(*next))
                .map(finished),
        };
        match restored {
            Some(restored) if restored >= sign => recoveries.push(restored - sign),
            Some(_) => {}
            None => open.push(
                json!({"deployment": deployments[place].0, "since": super::ledger::time(sign)}),
            ),
        }
    }
    let window: Vec<usize> = all.clone().filter(|place| in_window(*place)).collect();
    let traffic = window.iter().filter(|place| took(**place)).count();
    let attempts = window
        .iter()
        .filter(|place| took(**place) || deployments[**place].1["outcome"] != "cancelled")
        .count();
    let ok = window.iter().filter(|place| succeeded(**place)).count();
    let served: Vec<usize> = window
        .iter()
        .copied()
        .filter(|place| succeeded(*place) && took(*place))
        .collect();
    let days = |from: i64, to: i64| (to - 1).div_euclid(86_400) - from.div_euclid(86_400) + 1;
    let with: BTreeSet<i64> = served
        .iter()
        .map(|place| finished(*place).div_euclid(86_400))
        .collect();
    let sum: i64 = recoveries.iter().sum();
    let n = i64::try_from(recoveries.len()).unwrap();
    let mean = if n == 0 {
        Value::Null
    } else {
        json!((2 * sum + n) / (2 * n))
    };
    let mut lead_time = series(&from_commit);
    lead_time["few"] = json!(!from_commit.is_empty() && from_commit.len() < 5);
    lead_time["per_deployment_p50"] = rank(&medians, 50);
    lead_time["from_first_commit"] = series(&from_first);
    lead_time["from_merge"] = series(&from_merge);
    let mut rows: Vec<(String, i64)> = values
        .iter()
        .map(|value| (value.1.clone(), lead(value)))
        .filter(|(_, lead)| *lead >= 0)
        .collect();
    rows.sort();
    json!({
        "change_lead_time": lead_time,
        "deployment_frequency": {"count": served.len(),
            "days_with": share(with.len(), usize::try_from(days(asked.from, asked.to)).unwrap())},
        "change_fail_rate": {"failed": failed, "of": traffic, "ratio": share(failed, traffic)},
        "recovery_time": {"n": recoveries.len(), "p50": rank(&recoveries, 50), "mean": mean, "open": open},
        "rework_rate": {"reworked": window.iter().filter(|place| took(**place) && fixes.contains(place)).count(), "of": traffic},
        "success_rate": {"succeeded": ok, "of": attempts, "ratio": share(ok, attempts)},
        "data": {"with_change_event": share(with_event, values.len()), "external_incidents": external},
        "rows": rows,
    })
}
