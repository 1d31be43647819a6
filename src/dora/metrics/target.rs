//! Targets: what is met, missed or unknown.

use super::Figures;
use super::window::Window;
use crate::config::{Duration, NoDowntime, PerDay, Ratio, Target, TargetConfig};
use crate::dora::history::Facts;
use serde::Serialize;
use serde_json::{Value, json};

/// Defaults: seconds, seconds, share, share, a day.
const LEAD_TIME_P50: i64 = 3600;
const RECOVERY_MEAN: i64 = 3600;
const CHANGE_FAIL_RATE: f64 = 0.15;
const SUCCESS_RATE: f64 = 0.95;
const DEPLOYMENTS_PER_DAY: f64 = 1.0;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// The key in `[dora.targets]`.
    pub name: &'static str,
    /// Seconds, a share, a number a day, or `none`.
    pub target: Value,
    /// In the same unit; null where it is unknown. For `rollback_downtime` the number of
    /// requests that failed.
    pub value: Value,
    pub verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Met,
    Missed,
    Unknown,
}

impl Judged {
    fn new(name: &'static str, target: Value, value: Value, met: Option<bool>) -> Self {
        Self {
            name,
            target,
            value,
            verdict: met.map_or(Verdict::Unknown, |met| {
                if met { Verdict::Met } else { Verdict::Missed }
            }),
            reason: None,
        }
    }

    fn because(mut self, reason: Option<&'static str>) -> Self {
        self.reason = reason.filter(|_| self.verdict == Verdict::Unknown);
        self
    }
}

/// Judges `figures` by `targets`, in the order of the metrics; a target that is off is left out.
pub fn judge(
    facts: &Facts,
    window: &Window,
    figures: &Figures,
    targets: &TargetConfig,
) -> Vec<Judged> {
    let mut judged = Vec::new();
    if let Some(Duration { seconds }) = wanted(
        targets.lead_time_p50,
        Duration {
            seconds: LEAD_TIME_P50,
        },
    ) {
        let lead = &figures.change_lead_time;
        let met = lead.p50.map(|p50| p50 < seconds);
        judged.push(
            Judged::new("lead_time_p50", json!(seconds), json!(lead.p50), met).because(lead.reason),
        );
    }
    if let Some(PerDay(least)) = wanted(targets.deployments_per_day, PerDay(DEPLOYMENTS_PER_DAY)) {
        let frequency = &figures.deployment_frequency;
        let met = divide(frequency.count * 86_400, window.seconds().unsigned_abs());
        judged.push(Judged::new(
            "deployments_per_day",
            json!(least),
            json!(frequency.per_day),
            met.map(|per_day| per_day > least),
        ));
    }
    if let Some(Ratio(most)) = wanted(targets.change_fail_rate, Ratio(CHANGE_FAIL_RATE)) {
        let rate = &figures.change_fail_rate;
        let met = divide(rate.failed, rate.of).map(|ratio| ratio <= most);
        judged.push(
            Judged::new("change_fail_rate", json!(most), json!(rate.ratio), met)
                .because(rate.reason),
        );
    }
    if let Some(Duration { seconds }) = wanted(
        targets.recovery_mean,
        Duration {
            seconds: RECOVERY_MEAN,
        },
    ) {
        let recovery = &figures.recovery_time;
        let values = i64::try_from(recovery.n).unwrap_or(i64::MAX);
        let met = recovery
            .mean
            .map(|_| recovery.sum < seconds.saturating_mul(values));
        judged.push(
            Judged::new("recovery_mean", json!(seconds), json!(recovery.mean), met)
                .because(recovery.reason),
        );
    }
    if let Some(Ratio(least)) = wanted(targets.success_rate, Ratio(SUCCESS_RATE)) {
        let rate = &figures.success_rate;
        let met = divide(rate.succeeded, rate.of).map(|ratio| ratio > least);
        judged.push(
            Judged::new("success_rate", json!(least), json!(rate.ratio), met).because(rate.reason),
        );
    }
    if wanted(targets.rollback_downtime, NoDowntime).is_some() {
        let failed = failed_requests(facts, window);
        judged.push(
            Judged::new(
                "rollback_downtime",
                json!("none"),
                json!(failed),
                failed.map(|n| n == 0),
            )
            .because(Some("a rollback was recorded without proof")),
        );
    }
    judged
}

/// How many requests failed during the rollbacks of the window; None where one has no proof.
fn failed_requests(facts: &Facts, window: &Window) -> Option<u64> {
    window
        .places(facts)
        .filter(|place| facts.rollback[*place])
        .map(|place| {
            facts.account.deployments[place]
                .event
                .proof
                .map(|proof| proof.failed)
        })
        .sum()
}

fn wanted<T>(configured: Option<Target<T>>, default: T) -> Option<T> {
    match configured {
        None => Some(default),
        Some(Target::At(target)) => Some(target),
        Some(Target::Off) => None,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of deployments are exact in f64"
)]
fn divide(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
