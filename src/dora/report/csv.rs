//! The report as CSV (RFC 4180): one value a line.

use super::row::Row;
use super::{Report, Section, Stretch};
use crate::dora::metrics::Figures;
use std::fmt;

/// A failure to write CSV into memory, which has no cause but a fault of the writer.
type Written = Result<String, csv::Error>;

/// The figures: environment, service, from, to, metric, value, unit, n, target, verdict, reason.
/// With buckets those follow the whole window, with rows only the rows are written.
///
/// # Errors
/// When the writer fails.
pub fn write(report: &Report) -> Written {
    if report.reports.iter().any(|section| section.rows.is_some()) {
        return rows(report);
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "environment",
        "service",
        "from",
        "to",
        "metric",
        "value",
        "unit",
        "n",
        "target",
        "verdict",
        "reason",
    ])?;
    for section in &report.reports {
        let Stretch { from, to, .. } = &report.window;
        figures(&mut writer, section, from, to, &section.figures, true)?;
        for part in section.buckets.iter().chain(&section.before) {
            figures(
                &mut writer,
                section,
                &part.from,
                &part.to,
                &part.figures,
                false,
            )?;
        }
    }
    text(writer)
}

fn rows(report: &Report) -> Written {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "environment",
        "service",
        "deployment",
        "commit",
        "at",
        "value",
        "counted",
        "reason",
    ])?;
    for section in &report.reports {
        for row in section.rows.iter().flatten() {
            let Row {
                deployment,
                commit,
                at,
                value,
                counted,
                reason,
            } = row;
            let shown = |text: &Option<String>| cell(text.as_deref().unwrap_or_default());
            writer.write_record([
                cell(&section.environment),
                cell(&section.service),
                shown(deployment),
                shown(commit),
                shown(at),
                number(*value),
                counted.to_string(),
                shown(reason),
            ])?;
        }
    }
    text(writer)
}

fn figures(
    writer: &mut csv::Writer<Vec<u8>>,
    section: &Section,
    from: &str,
    to: &str,
    figures: &Figures,
    judged: bool,
) -> Result<(), csv::Error> {
    let mut put = |metric: &str, value: String, unit: &str, n: u64, reason: Option<&str>| {
        let target = section
            .targets
            .iter()
            .find(|target| judged && target.name == metric);
        writer.write_record([
            cell(&section.environment),
            cell(&section.service),
            from.to_owned(),
            to.to_owned(),
            metric.to_owned(),
            value,
            unit.to_owned(),
            n.to_string(),
            target
                .map(|target| target.target.to_string())
                .unwrap_or_default(),
            target
                .and_then(|target| serde_json::to_value(target.verdict).ok())
                .and_then(|verdict| verdict.as_str().map(str::to_owned))
                .unwrap_or_default(),
            reason.unwrap_or_default().to_owned(),
        ])
    };
    let lead = &figures.change_lead_time;
    let headline = [
        (50, lead.p50),
        (75, lead.p75),
        (90, lead.p90),
        (95, lead.p95),
    ];
    for (percent, value) in headline {
        put(
            &format!("lead_time_p{percent}"),
            number(value),
            "s",
            lead.n as u64,
            lead.reason,
        )?;
    }
    put(
        "lead_time_per_deployment_p50",
        number(lead.per_deployment_p50),
        "s",
        lead.n as u64,
        lead.reason,
    )?;
    for (name, series) in [
        ("first_commit", &lead.from_first_commit),
        ("merge", &lead.from_merge),
    ] {
        for (percent, value) in [
            (50, series.p50),
            (75, series.p75),
            (90, series.p90),
            (95, series.p95),
        ] {
            let metric = format!("lead_time_from_{name}_p{percent}");
            put(&metric, number(value), "s", series.n as u64, series.reason)?;
        }
    }
    let frequency = &figures.deployment_frequency;
    put(
        "deployments",
        frequency.count.to_string(),
        "",
        frequency.count,
        None,
    )?;
    put(
        "deployments_per_day",
        number(frequency.per_day),
        "1/d",
        frequency.count,
        None,
    )?;
    put(
        "days_with_deployment",
        number(frequency.days_with),
        "ratio",
        frequency.count,
        None,
    )?;
    put(
        "weeks_with_deployment",
        number(frequency.weeks_with),
        "ratio",
        frequency.count,
        None,
    )?;
    let fail = &figures.change_fail_rate;
    put(
        "change_fail_rate",
        number(fail.ratio),
        "ratio",
        fail.of,
        fail.reason,
    )?;
    let recovery = &figures.recovery_time;
    put(
        "recovery_p50",
        number(recovery.p50),
        "s",
        recovery.n as u64,
        recovery.reason,
    )?;
    put(
        "recovery_mean",
        number(recovery.mean),
        "s",
        recovery.n as u64,
        recovery.reason,
    )?;
    put(
        "recovery_open",
        recovery.open.len().to_string(),
        "",
        recovery.open.len() as u64,
        None,
    )?;
    let rework = &figures.rework_rate;
    put(
        "rework_rate",
        number(rework.ratio),
        "ratio",
        rework.of,
        rework.reason,
    )?;
    let success = &figures.success_rate;
    put(
        "success_rate",
        number(success.ratio),
        "ratio",
        success.of,
        success.reason,
    )
}

fn number(value: Option<impl fmt::Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A text as a cell that no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn text(writer: csv::Writer<Vec<u8>>) -> Written {
    let bytes = writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
