//! Deployment rework rate: of the deployments that took traffic, the share that was unplanned.

use super::percentile::ratio;
use super::window::Window;
use super::{no_traffic, with_traffic};
use crate::config::Rework;
use crate::dora::event::Intent;
use crate::dora::history::Facts;
use serde::Serialize;

#[derive(Debug, Clone, Serialize)]
pub struct ReworkRate {
    pub reworked: u64,
    pub of: u64,
    pub ratio: Option<f64>,
    /// Which deployments count as unplanned.
    pub reading: Rework,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

impl ReworkRate {
    pub fn new(facts: &Facts, window: &Window, reading: Rework) -> Self {
        let reworked = window
            .places(facts)
            .filter(|place| facts.account.deployments[*place].event.took_traffic)
            .filter(|place| is_rework(facts, *place, reading))
            .count() as u64;
        let of = with_traffic(facts, window);
        Self {
            reworked,
            of,
            ratio: ratio(reworked, of),
            reading,
            reason: (of == 0).then(|| no_traffic(facts, window)),
        }
    }
}

/// Whether the deployment at `place` was unplanned.
pub fn is_rework(facts: &Facts, place: usize, reading: Rework) -> bool {
    match reading {
        Rework::Incident => facts.failures.fixes.contains(&place),
        Rework::Hotfix => facts.account.deployments[place].event.intent == Intent::Hotfix,
    }
}
