//! The report of the record as a table on a terminal.

use super::{Output, visible};
use crate::dora::metrics::target::Verdict;
use crate::dora::report::line::{Line, decimals, duration, lines, values};
use crate::dora::report::markdown::day;
use crate::dora::report::{Part, Report, Section};
use console::{Alignment, measure_text_width, pad_str};
use std::fmt::Write as _;

/// The report for a person; with `buckets` the figures of each. Sparklines are drawn where a
/// terminal shows them.
pub(crate) fn show_report(report: &Report, buckets: bool, output: &Output) -> String {
    let mut text = String::new();
    for section in &report.reports {
        if !text.is_empty() {
            text.push('\n');
        }
        let name = format!(
            "{} / {}",
            visible(&section.environment),
            visible(&section.service)
        );
        let _ = writeln!(
            text,
            "{}  {} to {}, days of {}\n",
            output.style().bold().apply_to(name),
            day(&report.window.from),
            day(&report.window.to),
            report.window.tz
        );
        table(&mut text, section, output);
        if buckets {
            parts(&mut text, &section.buckets);
        }
        extras(&mut text, section, output);
        for note in section.notes() {
            let _ = writeln!(text, "! {}", visible(&note));
        }
    }
    for note in &report.notes {
        let _ = writeln!(text, "! {}", visible(note));
    }
    text
}

fn table(text: &mut String, section: &Section, output: &Output) {
    let mut rows: Vec<[String; 6]> = vec![
        ["", "value", "n", "target", "before", ""]
            .map(|head| output.style().dim().apply_to(head).to_string()),
    ];
    let mut reasons: Vec<Option<String>> = vec![None];
    for line in lines(section) {
        let spark = if output.is_terminal() {
            spark(&values(section, line.key))
        } else {
            String::new()
        };
        let few = if line.few { " few" } else { "" };
        let value = if line.absent {
            "–".to_owned()
        } else {
            format!("{}{few}", line.value)
        };
        rows.push([
            line.name.to_owned(),
            output.style().bold().apply_to(value).to_string(),
            line.n.map(|n| n.to_string()).unwrap_or_default(),
            verdict(&line, output),
            before(&line, output),
            spark,
        ]);
        reasons.push(line.absent.then_some(line.value));
    }
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(measure_text_width(cell));
        }
    }
    for (row, reason) in rows.iter().zip(reasons) {
        let mut line = String::new();
        for (place, (cell, width)) in row.iter().zip(widths).enumerate() {
            let side = if place == 1 || place == 2 {
                Alignment::Right
            } else {
                Alignment::Left
            };
            let _ = write!(line, "  {}", pad_str(cell, width, side, None));
        }
        if let Some(reason) = reason {
            let mut line = line.trim_end().to_owned();
            let _ = write!(line, "  {}", output.style().dim().apply_to(reason));
            let _ = writeln!(text, "{line}");
        } else {
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
}

fn verdict(line: &Line, output: &Output) -> String {
    let target = line.target.as_deref().unwrap_or_default();
    match line.verdict {
        None => String::new(),
        Some(Verdict::Met) => format!("{} {target}", output.style().green().apply_to("met")),
        Some(Verdict::Missed) => format!("{} {target}", output.style().red().apply_to("missed")),
        Some(Verdict::Unknown) => {
            format!("{} {target}", output.style().yellow().apply_to("unknown"))
        }
    }
}

fn before(line: &Line, output: &Output) -> String {
    match (&line.before, &line.trend) {
        (Some(before), Some(trend)) => {
            let style = match trend.better {
                Some(true) => output.style().green(),
                Some(false) => output.style().red(),
                None => output.style().dim(),
            };
            format!("{before} {}", style.apply_to(format!("({})", trend.text)))
        }
        (Some(before), None) => before.clone(),
        (None, _) => String::new(),
    }
}

/// Eighths of a block from the lowest to the highest value; a space where one is absent.
fn spark(values: &[Option<f64>]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let known = || values.iter().flatten().copied();
    let highest = known().fold(f64::NEG_INFINITY, f64::max);
    let lowest = known().fold(f64::INFINITY, f64::min);
    if known().count() < 2 {
        return String::new();
    }
    values
        .iter()
        .map(|value| {
            value.map_or(' ', |value| {
                let share = if highest > lowest {
                    (value - lowest) / (highest - lowest)
                } else {
                    0.0
                };
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a share of 7 rounded is from 0 to 7"
                )]
                let place = (share * 7.0).round() as usize;
                BLOCKS[place.min(7)]
            })
        })
        .collect()
}

fn parts(text: &mut String, parts: &[Part]) {
    let _ = writeln!(
        text,
        "\n  {:<22}{:>12}{:>14}{:>14}{:>12}",
        "from", "deployments", "lead time p50", "fail rate", "recovery"
    );
    for part in parts {
        let figures = &part.figures;
        let share = |ratio: Option<f64>| {
            ratio.map_or("–".to_owned(), |ratio| {
                format!("{} %", decimals(ratio * 100.0))
            })
        };
        let _ = writeln!(
            text,
            "  {:<22}{:>12}{:>14}{:>14}{:>12}",
            day(&part.from),
            figures.deployment_frequency.count,
            figures
                .change_lead_time
                .p50
                .map_or("–".to_owned(), duration),
            share(figures.change_fail_rate.ratio),
            figures.recovery_time.mean.map_or("–".to_owned(), duration),
        );
    }
    text.push('\n');
}

/// What was asked for beside the figures.
fn extras(text: &mut String, section: &Section, output: &Output) {
    if let Some(tier) = &section.edition {
        let edition = &tier.edition;
        match (tier.cluster, &tier.reason) {
            (Some(cluster), _) => {
                let _ = writeln!(
                    text,
                    "\n  DORA {edition}: nearest to {}",
                    output.style().bold().apply_to(cluster)
                );
                for difference in &tier.differences {
                    let value = match difference.metric {
                        "change_fail_rate" => format!("{} %", decimals(difference.value)),
                        #[expect(clippy::cast_possible_truncation, reason = "seconds")]
                        _ => duration(difference.value as i64),
                    };
                    let _ = writeln!(
                        text,
                        "    {} differs: {value}, there {}",
                        difference.metric, difference.cluster
                    );
                }
            }
            (None, reason) => {
                let _ = writeln!(
                    text,
                    "\n  DORA {edition}: no cluster, {}",
                    reason.as_deref().unwrap_or("unknown")
                );
            }
        }
        for (name, mean) in &tier.means {
            let _ = writeln!(text, "    {name}: a mean of {mean} of 10");
        }
    }
    if let Some(peer) = &section.peer {
        let name = serde_json::to_value(peer.peer).ok();
        let name = name
            .as_ref()
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default();
        let median = |median: Option<i64>, reason: Option<&'static str>| {
            median.map_or_else(|| reason.unwrap_or("unknown").to_owned(), duration)
        };
        let number = |value: Option<f64>| value.map_or("unknown".to_owned(), decimals);
        let _ = writeln!(text, "\n  as {name} would show it");
        let lead = &peer.lead_time;
        let restore = &peer.time_to_restore;
        let _ = writeln!(
            text,
            "    lead time, median     {} (n {})",
            median(lead.median, lead.reason),
            lead.n
        );
        let _ = writeln!(
            text,
            "    deployments a day     {}",
            number(peer.deployments_per_day)
        );
        let _ = writeln!(
            text,
            "    change fail rate      {}",
            peer.change_fail_rate
                .map_or("unknown".to_owned(), |rate| format!(
                    "{} %",
                    decimals(rate * 100.0)
                ))
        );
        let _ = writeln!(
            text,
            "    time to restore       {} (n {})",
            median(restore.median, restore.reason),
            restore.n
        );
        for rule in &peer.rules {
            let _ = writeln!(text, "    · {rule}");
        }
    }
    if let Some(rows) = &section.rows {
        let _ = writeln!(
            text,
            "\n  {:<13}{:<13}{:<21}{:>10}  counts",
            "deployment", "commit", "at", "value"
        );
        for row in rows {
            let short = |id: &Option<String>| {
                id.as_deref()
                    .and_then(|id| id.get(..12))
                    .unwrap_or("–")
                    .to_owned()
            };
            let _ = writeln!(
                text,
                "  {:<13}{:<13}{:<21}{:>10}  {}{}",
                short(&row.deployment),
                short(&row.commit),
                row.at.as_deref().unwrap_or("–"),
                row.value.map_or("–".to_owned(), |value| value.to_string()),
                if row.counted { "yes" } else { "no" },
                row.reason
                    .as_deref()
                    .map(|reason| format!(": {}", visible(reason)))
                    .unwrap_or_default(),
            );
        }
    }
}
