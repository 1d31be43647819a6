//! Deployment frequency: deployments that succeeded and took traffic.

use super::percentile::ratio;
use super::window::{Window, monday};
use crate::dora::history::Facts;
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Debug, Clone, Serialize)]
pub struct Frequency {
    pub count: u64,
    /// Count by days of 86,400 seconds.
    pub per_day: Option<f64>,
    /// Share of the days in tz that overlap the window with at least one.
    pub days_with: Option<f64>,
    /// The same of ISO weeks.
    pub weeks_with: Option<f64>,
}

impl Frequency {
    pub fn new(facts: &Facts, window: &Window) -> Self {
        let deployments = &facts.account.deployments[window.places(facts)];
        let served: Vec<i64> = deployments
            .iter()
            .filter(|told| told.served())
            .map(super::super::account::Told::finished)
            .collect();
        let count = served.len() as u64;
        let with: BTreeSet<Date> = served.iter().map(|second| window.day(*second)).collect();
        let weeks_with: BTreeSet<Date> = with.iter().map(|day| monday(*day)).collect();
        let (days, weeks) = window.overlapped();
        Self {
            count,
            per_day: u64::try_from(window.seconds())
                .ok()
                .and_then(|seconds| ratio(count * 86_400, seconds)),
            days_with: ratio(with.len() as u64, days),
            weeks_with: ratio(weeks_with.len() as u64, weeks),
        }
    }
}
