//! Whether what a store holds is what it says: names, shapes, times, references.

use super::event::{Event, EventId, Time};
use super::store::{Reading, Refused};
use std::collections::BTreeMap;

/// What is wrong with a store, ordered by place.
pub fn verify(reading: &Reading, now: Time) -> Vec<Refused> {
    let mut wrong = reading.refused.clone();
    let kinds: BTreeMap<EventId, &'static str> = reading
        .events
        .iter()
        .map(|(id, event)| (*id, event.kind()))
        .collect();
    for (id, event) in &reading.events {
        let mut say = |reason: String| {
            wrong.push(Refused {
                place: id.to_string(),
                reason,
            });
        };
        if let Err(error) = event.not_after(now) {
            say(format!("has a wrong {error}"));
        }
        for (field, named) in references(event) {
            let wanted = if field == "retracts" {
                None
            } else {
                Some("deployment")
            };
            match (kinds.get(&named), wanted) {
                (None, _) => say(format!(
                    "names in {field} an event that is not here: {named}"
                )),
                (Some(&"retraction"), None) => {
                    say(format!(
                        "retracts a retraction, which changes nothing: {named}"
                    ));
                }
                (Some(&kind), Some(wanted)) if kind != wanted => {
                    say(format!(
                        "names in {field} a {kind} and no {wanted}: {named}"
                    ));
                }
                _ => {}
            }
        }
    }
    wrong.sort();
    wrong
}

/// The events that `event` names, each with the field that does.
fn references(event: &Event) -> Vec<(&'static str, EventId)> {
    let named = match event {
        Event::Deployment(deployment) => vec![("reverts", deployment.reverts)],
        Event::Incident(incident) => vec![
            ("caused_by", incident.caused_by),
            ("fixed_by", incident.fixed_by),
        ],
        Event::Retraction(retraction) => vec![("retracts", Some(retraction.retracts))],
        Event::Change(_) | Event::Step(_) => vec![],
    };
    named
        .into_iter()
        .filter_map(|(field, id)| Some((field, id?)))
        .collect()
}
