//! Where the time goes, as bars.

use super::{Output, counted, visible};
use crate::dora::explain::{Bottleneck, Explanation};
use crate::dora::report::line::{decimals, duration};
use std::fmt::Write as _;

const WIDTH: usize = 30;

pub(crate) fn show_explanations(explanations: &[Explanation], output: &Output) -> String {
    let mut text = String::new();
    for explanation in explanations {
        if !text.is_empty() {
            text.push('\n');
        }
        let name = format!(
            "{} / {}",
            visible(&explanation.environment),
            visible(&explanation.service)
        );
        let _ = writeln!(
            text,
            "{}  {}",
            output.style().bold().apply_to(name),
            counted(explanation.n, "change", "changes")
        );
        let (Some(p75), Some(bottleneck)) = (&explanation.p75, &explanation.bottleneck) else {
            let _ = writeln!(
                text,
                "  nothing to explain: {}",
                explanation.reason.unwrap_or("it took no time")
            );
            continue;
        };
        let _ = writeln!(
            text,
            "  Three of four changes take at most {}; commit {:.10}, that one, took:\n",
            duration(p75.seconds),
            p75.commit
        );
        let width = p75
            .stages
            .iter()
            .map(|stage| console::measure_text_width(&stage.name))
            .max()
            .unwrap_or(0);
        for stage in &p75.stages {
            let filled = usize::try_from(stage.seconds * 30 / p75.seconds.max(1))
                .unwrap_or(0)
                .min(WIDTH);
            let bar = format!("{}{}", "█".repeat(filled), "░".repeat(WIDTH - filled));
            let style = if stage.name == bottleneck.stage {
                output.style().red()
            } else {
                output.style().cyan()
            };
            let _ = writeln!(
                text,
                "  {}  {}  {:>14}",
                console::pad_str(&visible(&stage.name), width, console::Alignment::Left, None),
                style.apply_to(bar),
                duration(stage.seconds)
            );
        }
        let share = bottleneck.share.map_or(String::new(), |share| {
            format!(", {} %", decimals(share * 100.0))
        });
        let _ = writeln!(
            text,
            "\n  Most of it: {} ({}{share}).{}",
            output.style().bold().apply_to(visible(&bottleneck.stage)),
            duration(bottleneck.seconds),
            without(bottleneck),
        );
        let _ = writeln!(text, "  What shortens it: {}.", bottleneck.setting);
    }
    text
}

/// What it would bring to remove it; empty where nothing is known beside it, as it is of changes
/// of which no change event and no step tells.
fn without(bottleneck: &Bottleneck) -> String {
    if bottleneck.p75_without == 0 {
        return String::new();
    }
    format!(
        " Without it three of four changes would take at most {}, {} less.",
        duration(bottleneck.p75_without),
        duration(bottleneck.gain)
    )
}
