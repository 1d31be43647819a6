//! The report in the `OpenMetrics` text format, for Prometheus and what reads like it.

use super::{Report, Section};
use crate::dora::metrics::target::Verdict;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;

type Labels = Vec<(&'static str, String)>;

/// A metric with its values, each with its labels.
struct Metric {
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    values: fn(&Section) -> Vec<(Labels, f64)>,
}

/// The exposition, ending with `# EOF`. An absent figure has no sample.
///
/// # Errors
/// None but those of writing into memory.
pub fn write(report: &Report) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("shipway_dora");
    registry.register_collector(Box::new(Sections(report.reports.clone())));
    let mut written = String::new();
    text::encode(&mut written, &registry)?;
    Ok(written)
}

#[derive(Debug)]
struct Sections(Vec<Section>);

impl Collector for Sections {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        for metric in &METRICS {
            let mut described = encoder.encode_descriptor(
                metric.name,
                metric.help,
                metric.unit.as_ref(),
                MetricType::Gauge,
            )?;
            for section in &self.0 {
                for (mut labels, value) in (metric.values)(section) {
                    labels.insert(0, ("service", section.service.clone()));
                    labels.insert(0, ("environment", section.environment.clone()));
                    described.encode_family(&labels)?.encode_gauge(&value)?;
                }
            }
        }
        Ok(())
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of centuries are exact in f64"
)]
fn seconds(labels: Labels, value: Option<i64>) -> Option<(Labels, f64)> {
    value.map(|value| (labels, value as f64))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of deployments are exact in f64"
)]
fn count(labels: Labels, value: u64) -> (Labels, f64) {
    (labels, value as f64)
}

fn plain(value: Option<f64>) -> Vec<(Labels, f64)> {
    value.map(|value| (Vec::new(), value)).into_iter().collect()
}

const METRICS: [Metric; 13] = [
    Metric {
        name: "change_lead_time",
        help: "Time from the start of a change to the end of its deployment, nearest-rank percentile",
        unit: Some(Unit::Seconds),
        values: |section| {
            let lead = &section.figures.change_lead_time;
            let (first, merge) = (&lead.from_first_commit, &lead.from_merge);
            [
                ("commit", [lead.p50, lead.p75, lead.p90, lead.p95]),
                ("first_commit", [first.p50, first.p75, first.p90, first.p95]),
                ("merge", [merge.p50, merge.p75, merge.p90, merge.p95]),
            ]
            .into_iter()
            .flat_map(|(start, values)| {
                [50, 75, 90, 95]
                    .into_iter()
                    .zip(values)
                    .filter_map(move |(percent, value)| {
                        let labels = vec![
                            ("start", start.to_owned()),
                            ("percentile", percent.to_string()),
                        ];
                        seconds(labels, value)
                    })
            })
            .collect()
        },
    },
    Metric {
        name: "changes",
        help: "Changes behind the percentiles of the change lead time",
        unit: None,
        values: |section| {
            let lead = &section.figures.change_lead_time;
            [
                ("commit", lead.n),
                ("first_commit", lead.from_first_commit.n),
                ("merge", lead.from_merge.n),
            ]
            .into_iter()
            .map(|(start, n)| count(vec![("start", start.to_owned())], n as u64))
            .collect()
        },
    },
    Metric {
        name: "change_lead_time_per_deployment",
        help: "Middle over deployments of the middle change lead time of each",
        unit: Some(Unit::Seconds),
        values: |section| {
            let lead = &section.figures.change_lead_time;
            seconds(Vec::new(), lead.per_deployment_p50)
                .into_iter()
                .collect()
        },
    },
    Metric {
        name: "deployments",
        help: "Deployments of the window that succeeded and took traffic",
        unit: None,
        values: |section| {
            vec![count(
                Vec::new(),
                section.figures.deployment_frequency.count,
            )]
        },
    },
    Metric {
        name: "deployments_per_day",
        help: "The same by the days of the window",
        unit: None,
        values: |section| plain(section.figures.deployment_frequency.per_day),
    },
    Metric {
        name: "active_ratio",
        help: "Share of the days of the window with a deployment",
        unit: None,
        values: |section| plain(section.figures.deployment_frequency.days_with),
    },
    Metric {
        name: "change_fail_ratio",
        help: "Share of the deployments with traffic that failed after it",
        unit: None,
        values: |section| plain(section.figures.change_fail_rate.ratio),
    },
    Metric {
        name: "recovery",
        help: "Time from the first sign of a failed deployment to service restored",
        unit: Some(Unit::Seconds),
        values: |section| {
            let recovery = &section.figures.recovery_time;
            [("p50", recovery.p50), ("mean", recovery.mean)]
                .into_iter()
                .filter_map(|(name, value)| seconds(vec![("statistic", name.to_owned())], value))
                .collect()
        },
    },
    Metric {
        name: "failures_open",
        help: "Failed deployments of the window that are not mended",
        unit: None,
        values: |section| {
            vec![count(
                Vec::new(),
                section.figures.recovery_time.open.len() as u64,
            )]
        },
    },
    Metric {
        name: "rework_ratio",
        help: "Share of the deployments with traffic that were unplanned",
        unit: None,
        values: |section| plain(section.figures.rework_rate.ratio),
    },
    Metric {
        name: "success_ratio",
        help: "Share of the attempts to deploy that succeeded",
        unit: None,
        values: |section| plain(section.figures.success_rate.ratio),
    },
    Metric {
        name: "target_met",
        help: "1 where the target is met, 0 where it is missed; unknown ones have no sample",
        unit: None,
        values: |section| {
            let known = section
                .targets
                .iter()
                .filter(|target| target.verdict != Verdict::Unknown);
            known
                .map(|target| {
                    let met = u64::from(target.verdict == Verdict::Met);
                    count(vec![("target", target.name.to_owned())], met)
                })
                .collect()
        },
    },
    Metric {
        name: "unknown_commits",
        help: "Deployments of the window whose commit the repository lacks",
        unit: None,
        values: |section| vec![count(Vec::new(), section.data.unknown_commits.len() as u64)],
    },
];
