//! Failed deployment recovery time: from the first sign of a failure to service restored.

use super::percentile::{mean, nearest_ranks};
use super::window::Window;
use super::{FEW, NO_DEPLOYMENTS};
use crate::dora::event::Time;
use crate::dora::history::Facts;
use serde::Serialize;

/// Seconds, of the deployments of the window that failed.
#[derive(Debug, Clone, Serialize)]
pub struct Recovery {
    pub n: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub few: bool,
    pub p50: Option<i64>,
    pub mean: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    pub open: Vec<Open>,
    /// Sum of the values, from which the mean was rounded.
    #[serde(skip)]
    pub sum: i64,
}

/// A failure that is not mended yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Open {
    pub deployment: String,
    pub since: String,
}

impl Recovery {
    pub fn new(facts: &Facts, window: &Window) -> Self {
        let places = window.places(facts);
        let mut values = Vec::new();
        let mut open = Vec::new();
        for failure in &facts.failures.failures {
            if !places.contains(&failure.place) {
                continue;
            }
            match failure.restored {
                Some(restored) => values.push(restored - failure.sign),
                None => open.push(Open {
                    deployment: facts.account.deployments[failure.place].id.to_string(),
                    since: time(failure.sign),
                }),
            }
        }
        let failed = !values.is_empty() || !open.is_empty();
        values.retain(|value| *value >= 0);
        let reason = if places.is_empty() {
            NO_DEPLOYMENTS
        } else if !open.is_empty() {
            "every failure is still open"
        } else if failed {
            "every value is negative: a clock was wrong"
        } else {
            "no deployment failed"
        };
        Self {
            n: values.len(),
            few: !values.is_empty() && values.len() < FEW,
            p50: nearest_ranks(&mut values, [50]).map(|[p50]| p50),
            mean: mean(&values),
            reason: values.is_empty().then_some(reason),
            open,
            sum: values.iter().sum(),
        }
    }
}

/// A second since 1970 in RFC 3339.
pub fn time(second: i64) -> String {
    Time::from_second(second).unwrap_or(Time::EPOCH).to_string()
}
