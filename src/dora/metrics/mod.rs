//! The figures, one metric a file: each is counted from the facts of one environment and service
//! and a window, and is absent with a reason where it cannot be known.

pub mod data;
pub mod fail_rate;
pub mod frequency;
pub mod lead_time;
pub mod peer;
pub mod percentile;
pub mod recovery;
pub mod rework;
pub mod success;
pub mod target;
pub mod tier;
pub mod window;

use super::history::Facts;
use crate::config::Rework;
use serde::Serialize;
use window::Window;

/// Under so many values a percentile is marked `few`.
pub const FEW: usize = 5;

/// Why a figure is absent where nothing was deployed.
pub const NO_DEPLOYMENTS: &str = "no deployments";

/// All figures of one environment and service in one window. Durations are whole seconds,
/// shares are from 0 to 1 with 4 decimals.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    pub change_lead_time: lead_time::LeadTime,
    pub deployment_frequency: frequency::Frequency,
    pub change_fail_rate: fail_rate::FailRate,
    pub recovery_time: recovery::Recovery,
    pub rework_rate: rework::ReworkRate,
    pub success_rate: success::SuccessRate,
}

impl Figures {
    pub fn new(facts: &Facts, window: &Window, rework: Rework) -> Self {
        Self {
            change_lead_time: lead_time::LeadTime::new(facts, window),
            deployment_frequency: frequency::Frequency::new(facts, window),
            change_fail_rate: fail_rate::FailRate::new(facts, window),
            recovery_time: recovery::Recovery::new(facts, window),
            rework_rate: rework::ReworkRate::new(facts, window, rework),
            success_rate: success::SuccessRate::new(facts, window),
        }
    }
}

/// How many deployments of the window took traffic.
fn with_traffic(facts: &Facts, window: &Window) -> u64 {
    let deployments = &facts.account.deployments[window.places(facts)];
    deployments
        .iter()
        .filter(|told| told.event.took_traffic)
        .count() as u64
}

/// Why a share of the deployments that took traffic is absent.
fn no_traffic(facts: &Facts, window: &Window) -> &'static str {
    if window.places(facts).is_empty() {
        NO_DEPLOYMENTS
    } else {
        "no deployment took traffic"
    }
}
