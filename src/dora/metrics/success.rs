//! Deployment success rate: of all attempts, the share that succeeded.

use super::no_traffic;
use super::percentile::ratio;
use super::window::Window;
use crate::dora::account::Told;
use crate::dora::event::Outcome;
use crate::dora::history::Facts;
use serde::Serialize;

#[derive(Debug, Clone, Serialize)]
pub struct SuccessRate {
    pub succeeded: u64,
    /// Attempts; those cancelled before they took traffic are none.
    pub of: u64,
    pub ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

impl SuccessRate {
    pub fn new(facts: &Facts, window: &Window) -> Self {
        let deployments = &facts.account.deployments[window.places(facts)];
        let of = deployments.iter().filter(|told| is_attempt(told)).count() as u64;
        let succeeded = deployments
            .iter()
            .filter(|told| told.event.outcome == Outcome::Succeeded)
            .count() as u64;
        Self {
            succeeded,
            of,
            ratio: ratio(succeeded, of),
            reason: (of == 0).then(|| match no_traffic(facts, window) {
                super::NO_DEPLOYMENTS => super::NO_DEPLOYMENTS,
                _ => "every deployment was cancelled before it took traffic",
            }),
        }
    }
}

/// Whether it counts as an attempt.
pub fn is_attempt(told: &Told) -> bool {
    told.event.outcome != Outcome::Cancelled || told.event.took_traffic
}
