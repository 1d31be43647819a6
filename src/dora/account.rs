//! What the record says of each environment and service, with retracted and twice told events
//! taken out and incidents put together from their events.

use super::duplicate;
use super::event::{Cause, Change, Deployment, Event, EventId, Incident, Moment, Name, Step, Time};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The whole record as far as it counts.
#[derive(Debug)]
pub struct Record<'a> {
    /// By environment, then service.
    pub accounts: Vec<Account<'a>>,
    pub changes: Vec<(EventId, &'a Change)>,
    pub steps: Vec<(EventId, &'a Step)>,
    /// The deployment events that another event names, by id; a twice told one leads to the one
    /// that counts.
    places: HashMap<EventId, Place<'a>>,
}

#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    environment: &'a Name,
    /// Of the event that counts.
    counts: EventId,
}

/// One environment and service.
#[derive(Debug, Clone)]
pub struct Account<'a> {
    pub environment: &'a Name,
    pub service: &'a Name,
    /// By `finished_at`, then by id.
    pub deployments: Vec<Told<'a>>,
    /// By the first of their times, then by key.
    pub incidents: Vec<Case<'a>>,
    /// Twice told deployments: when they finished, their id, the one that counts.
    pub duplicates: Vec<(Time, EventId, EventId)>,
    /// Main time and id of what was retracted.
    pub retracted: Vec<(Time, EventId)>,
}

#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    pub id: EventId,
    pub event: &'a Deployment,
}

/// An incident, from all events with its key.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    pub key: &'a Name,
    /// The earliest; None where only a resolve was told.
    pub opened_at: Option<Time>,
    /// The latest; None while it is open.
    pub resolved_at: Option<Time>,
    pub caused_by: Option<EventId>,
    pub fixed_by: Option<EventId>,
    pub external: bool,
}

impl Told<'_> {
    pub fn finished(&self) -> i64 {
        self.event.period.finished_at().second()
    }

    pub fn started(&self) -> i64 {
        self.event.period.started_at().second()
    }
}

/// Where an event id in another event leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// A deployment of that environment that counts.
    Deployment(EventId),
    /// Retracted, never told, or no deployment.
    Unknown,
    /// A deployment of another environment.
    Elsewhere,
}

impl<'a> Record<'a> {
    /// Sorts `events` (in any order). Events whose main time is after `as_of` are not looked at.
    pub fn new(events: &'a [(EventId, Event)], as_of: Option<Time>) -> Self {
        let seen = || {
            events
                .iter()
                .filter(move |(_, event)| as_of.is_none_or(|as_of| event.main_time() <= as_of))
        };
        let retracted: HashSet<EventId> = seen()
            .filter_map(|(_, event)| match event {
                Event::Retraction(retraction) => Some(retraction.retracts),
                _ => None,
            })
            .collect();
        let counting = || seen().filter(|(id, _)| !retracted.contains(id));
        let twice = duplicate::duplicates(counting().filter_map(|(id, event)| match event {
            Event::Deployment(deployment) => Some((*id, deployment)),
            _ => None,
        }));
        let named: HashSet<EventId> = seen()
            .flat_map(|(_, event)| match event {
                Event::Deployment(deployment) => [deployment.reverts, None],
                Event::Incident(incident) => [incident.caused_by, incident.fixed_by],
                _ => [None, None],
            })
            .flatten()
            .collect();
        let mut accounts: BTreeMap<(&Name, &Name), Account> = BTreeMap::new();
        let mut record = Self {
            accounts: Vec::new(),
            changes: Vec::new(),
            steps: Vec::new(),
            places: HashMap::new(),
        };
        let mut incidents: BTreeMap<&Name, Vec<&Incident>> = BTreeMap::new();
        for (id, event) in seen() {
            let gone = retracted.contains(id);
            match event {
                Event::Deployment(deployment) => {
                    let account = of(&mut accounts, &deployment.environment, &deployment.service);
                    let finished = deployment.period.finished_at();
                    if gone {
                        account.retracted.push((finished, *id));
                        continue;
                    }
                    let counts = twice.get(id).copied();
                    match counts {
                        Some(counts) => account.duplicates.push((finished, *id, counts)),
                        None => account.deployments.push(Told {
                            id: *id,
                            event: deployment,
                        }),
                    }
                    if named.contains(id) {
                        record.places.insert(
                            *id,
                            Place {
                                environment: &deployment.environment,
                                counts: counts.unwrap_or(*id),
                            },
                        );
                    }
                }
                Event::Incident(incident) if gone => {
                    of(&mut accounts, &incident.environment, &incident.service)
                        .retracted
                        .push((incident.moment.time(), *id));
                }
                Event::Incident(incident) => {
                    incidents.entry(&incident.key).or_default().push(incident);
                }
                Event::Change(change) if !gone => record.changes.push((*id, change)),
                Event::Step(step) if !gone => record.steps.push((*id, step)),
                Event::Change(_) | Event::Step(_) | Event::Retraction(_) => {}
            }
        }
        for (key, mut told) in incidents {
            told.sort_by_key(|incident| {
                let opens = matches!(incident.moment, Moment::Opened(_));
                (!opens, incident.moment.time())
            });
            let first = told[0];
            of(&mut accounts, &first.environment, &first.service)
                .incidents
                .push(Case::of(key, &told));
        }
        record.accounts = accounts.into_values().collect();
        for account in &mut record.accounts {
            account
                .deployments
                .sort_by_key(|told| (told.event.period.finished_at(), told.id));
            account
                .incidents
                .sort_by_key(|case| (case.opened_at.or(case.resolved_at), case.key));
            account.duplicates.sort_unstable();
            account.retracted.sort_unstable();
        }
        record
    }

    /// The deployments to which [`Record::reference`] may lead.
    pub fn named(&self) -> HashSet<EventId> {
        self.places.values().map(|place| place.counts).collect()
    }

    /// Where `id`, named by an event of `environment`, leads.
    pub fn reference(&self, id: EventId, environment: &Name) -> Reference {
        match self.places.get(&id) {
            None => Reference::Unknown,
            Some(place) if place.environment != environment => Reference::Elsewhere,
            Some(place) => Reference::Deployment(place.counts),
        }
    }
}

fn of<'m, 'a>(
    accounts: &'m mut BTreeMap<(&'a Name, &'a Name), Account<'a>>,
    environment: &'a Name,
    service: &'a Name,
) -> &'m mut Account<'a> {
    accounts
        .entry((environment, service))
        .or_insert_with(|| Account {
            environment,
            service,
            deployments: Vec::new(),
            incidents: Vec::new(),
            duplicates: Vec::new(),
            retracted: Vec::new(),
        })
}

impl<'a> Case<'a> {
    /// From its events, those that open it first, each kind by time.
    fn of(key: &'a Name, told: &[&Incident]) -> Self {
        // What was told last is what was known best.
        let last =
            |field: fn(&Incident) -> Option<EventId>| told.iter().rev().find_map(|i| field(i));
        Self {
            key,
            opened_at: told.iter().find_map(|incident| match incident.moment {
                Moment::Opened(at) => Some(at),
                Moment::Resolved(_) => None,
            }),
            resolved_at: told
                .iter()
                .rev()
                .find_map(|incident| match incident.moment {
                    Moment::Resolved(at) => Some(at),
                    Moment::Opened(_) => None,
                }),
            caused_by: last(|incident| incident.caused_by),
            fixed_by: last(|incident| incident.fixed_by),
            external: told
                .iter()
                .any(|incident| incident.cause == Cause::External),
        }
    }
}
