//! Which deployments failed, by what sign, and when service was restored.

use super::account::{Account, Case, Record, Reference};
use super::event::{EventId, Name, Outcome, Time};
use std::collections::{HashMap, HashSet};

/// A deployment that took traffic and failed after it.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Its place among the account's deployments.
    pub place: usize,
    /// First sign that something is wrong, seconds since 1970.
    pub sign: i64,
    /// None while it is open.
    pub restored: Option<i64>,
    pub outcome_failed: bool,
    /// Place of the rollback that took it out.
    pub rollback: Option<usize>,
    /// Keys of the incidents attributed to it.
    pub incidents: Vec<String>,
}

/// The failures of one environment and service, and what could not be put down to one.
#[derive(Debug, Default)]
pub struct Failures {
    /// By place of the deployment.
    pub failures: Vec<Failure>,
    /// Places of deployments that an incident names as its fix.
    pub fixes: HashSet<usize>,
    /// Key of an incident, or id of a rollback, and why it was put down to no deployment.
    pub unattributed: Vec<Unattributed>,
    /// Keys and, in seconds, times of the incidents with an external cause.
    pub external: Vec<(i64, String)>,
}

/// What leads to no deployment.
#[derive(Debug, Clone)]
pub struct Unattributed {
    /// Seconds since 1970.
    pub at: i64,
    /// The incident's key or the rollback's id.
    pub name: String,
    pub reason: &'static str,
}

/// Judges the deployments of `account`. `rollback` says by place which are rollbacks; `window`
/// is how many seconds after a deployment an incident that names none is put down to it.
pub fn judge(record: &Record, account: &Account, rollback: &[bool], window: i64) -> Failures {
    let deployments = &account.deployments;
    let wanted = record.named();
    let places: HashMap<EventId, usize> = deployments
        .iter()
        .enumerate()
        .filter(|(_, told)| wanted.contains(&told.id))
        .map(|(place, told)| (told.id, place))
        .collect();
    let mut failures = Failures::default();
    let mut taken_out: HashMap<usize, usize> = HashMap::new();
    for (place, _) in rollback.iter().enumerate().filter(|(_, is)| **is) {
        match taken_out_by(record, account, &places, place) {
            Ok(Some(target)) => {
                let by = taken_out.entry(target).or_insert(place);
                if deployments[place].started() < deployments[*by].started() {
                    *by = place;
                }
            }
            Ok(None) => {}
            Err(reason) => failures.unattributed.push(Unattributed {
                at: deployments[place].finished(),
                name: deployments[place].id.to_string(),
                reason,
            }),
        }
    }
    let mut cases: HashMap<usize, Vec<&Case>> = HashMap::new();
    let neighbours = record
        .accounts
        .iter()
        .filter(|other| other.environment == account.environment);
    for neighbour in neighbours {
        let own = neighbour.service == account.service;
        for case in &neighbour.incidents {
            let listed = match put_down(record, account, &places, case, window, own) {
                Put::To(place) => {
                    cases.entry(place).or_default().push(case);
                    None
                }
                Put::Elsewhere => None,
                Put::External(at) => {
                    if own {
                        failures.external.push((at, case.key.to_string()));
                    }
                    continue;
                }
                Put::Unopened => Some("it was resolved and never opened"),
                Put::Nowhere(reason) => Some(reason),
            };
            if let Some(reason) = listed.filter(|_| own) {
                failures.unattributed.push(Unattributed {
                    at: case.opened_at.or(case.resolved_at).map_or(0, Time::second),
                    name: case.key.to_string(),
                    reason,
                });
            }
            let fix = case.fixed_by.filter(|_| case.opened_at.is_some());
            let fix = fix.and_then(|id| named(record, account.environment, id).ok());
            failures.fixes.extend(fix.and_then(|id| places.get(&id)));
        }
    }
    // The next success after each place.
    let mut next = vec![None; deployments.len()];
    let mut success = None;
    for (place, told) in deployments.iter().enumerate().rev() {
        next[place] = success;
        if told.served() {
            success = Some(told.finished());
        }
    }
    for (place, told) in deployments.iter().enumerate() {
        if !told.event.took_traffic {
            continue;
        }
        let outcome_failed = told.event.outcome != Outcome::Succeeded;
        let by = taken_out.get(&place).copied();
        let cases = cases.remove(&place).unwrap_or_default();
        if !outcome_failed && by.is_none() && cases.is_empty() {
            continue;
        }
        let opened = cases.iter().filter_map(|case| case.opened_at);
        let sign = opened
            .map(Time::second)
            .chain(outcome_failed.then(|| told.finished()))
            .chain(by.map(|by| deployments[by].started()))
            .min()
            .unwrap_or_else(|| told.finished());
        let restored = if cases.is_empty() {
            match by {
                Some(by) => Some(deployments[by].finished()),
                None => next[place],
            }
        } else {
            let resolved: Option<Vec<i64>> = cases
                .iter()
                .map(|case| case.resolved_at.map(Time::second))
                .collect();
            resolved.and_then(|resolved| resolved.into_iter().max())
        };
        failures.failures.push(Failure {
            place,
            sign,
            restored,
            outcome_failed,
            rollback: by,
            incidents: cases.iter().map(|case| case.key.to_string()).collect(),
        });
    }
    failures
}

/// The place of the deployment that the rollback at `place` took out; None where nothing that
/// took traffic came before it.
fn taken_out_by(
    record: &Record,
    account: &Account,
    places: &HashMap<EventId, usize>,
    place: usize,
) -> Result<Option<usize>, &'static str> {
    let deployments = &account.deployments;
    let Some(reverts) = deployments[place].event.reverts else {
        return Ok(deployments[..place]
            .iter()
            .rposition(|told| told.event.took_traffic));
    };
    let id = named(record, account.environment, reverts)?;
    let target = *places
        .get(&id)
        .ok_or("it takes back a deployment of another service")?;
    if !deployments[target].event.took_traffic {
        Err("it takes back a deployment that took no traffic")
    } else if target >= place {
        Err("it takes back a deployment that is not before it")
    } else {
        Ok(Some(target))
    }
}

/// What an incident is put down to, seen from one account.
enum Put {
    /// The deployment at this place of the account.
    To(usize),
    /// A deployment of another service.
    Elsewhere,
    Nowhere(&'static str),
    Unopened,
    /// Opened at this second.
    External(i64),
}

/// `own`: the incident is of the account's service.
fn put_down(
    record: &Record,
    account: &Account,
    places: &HashMap<EventId, usize>,
    case: &Case,
    window: i64,
    own: bool,
) -> Put {
    let Some(opened) = case.opened_at.map(Time::second) else {
        return Put::Unopened;
    };
    if case.external {
        return Put::External(opened);
    }
    let deployments = &account.deployments;
    if let Some(caused_by) = case.caused_by {
        return match named(record, account.environment, caused_by) {
            Err(reason) => Put::Nowhere(reason),
            Ok(id) => match places.get(&id) {
                None => Put::Elsewhere,
                Some(place) if deployments[*place].event.took_traffic => Put::To(*place),
                Some(_) => Put::Nowhere("the deployment that it names took no traffic"),
            },
        };
    }
    if !own {
        return Put::Elsewhere;
    }
    let end = deployments.partition_point(|told| told.finished() <= opened);
    deployments[..end]
        .iter()
        .rposition(|told| told.event.took_traffic)
        .filter(|place| deployments[*place].finished() >= opened - window)
        .map_or(
            Put::Nowhere("no deployment took traffic shortly before it"),
            Put::To,
        )
}

/// The deployment with the id that an event of `environment` names.
fn named(record: &Record, environment: &Name, id: EventId) -> Result<EventId, &'static str> {
    match record.reference(id, environment) {
        Reference::Unknown => Err("the deployment that it names is unknown or retracted"),
        Reference::Elsewhere => Err("the deployment that it names is of another environment"),
        Reference::Deployment(counts) => Ok(counts),
    }
}
