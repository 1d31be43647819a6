//! Change fail rate: of the deployments that took traffic, the share that failed after it.

use super::percentile::ratio;
use super::window::Window;
use super::{no_traffic, with_traffic};
use crate::dora::history::Facts;
use serde::Serialize;

#[derive(Debug, Clone, Serialize)]
pub struct FailRate {
    pub failed: u64,
    pub of: u64,
    pub ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

impl FailRate {
    pub fn new(facts: &Facts, window: &Window) -> Self {
        let places = window.places(facts);
        let failures = facts.failures.failures.iter();
        let failed = failures
            .filter(|failure| places.contains(&failure.place))
            .count() as u64;
        let of = with_traffic(facts, window);
        Self {
            failed,
            of,
            ratio: ratio(failed, of),
            reason: (of == 0).then(|| no_traffic(facts, window)),
        }
    }
}
