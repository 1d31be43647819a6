//! An assessment as text.

use super::{Output, counted, visible};
use crate::assess::{Assessment, History, Measured, Purpose, Step, Trigger};
use crate::dora::metrics::recovery::time;
use crate::dora::report::line::{decimals, duration};
use crate::project::Evidence;
use std::fmt::Write as _;

/// Steps of one kind that are shown; the others are counted.
const SHOWN: usize = 12;

pub(crate) fn show_assessment(assessment: &Assessment, output: &Output) -> String {
    let mut text = String::new();
    let bold = |words: &str| output.style().bold().apply_to(words).to_string();
    let _ = writeln!(
        text,
        "{}\n",
        bold(&format!(
            "{}: how it gets to where it runs",
            visible(&assessment.project)
        ))
    );
    let real: Vec<&Step> = assessment
        .steps
        .iter()
        .filter(|step| !step.development)
        .collect();
    let _ = writeln!(text, "{}", bold("Today"));
    if real.is_empty() {
        let _ = writeln!(
            text,
            "  Nothing in the tree says how it is deployed: no workflow, no script, no readme."
        );
    }
    for trigger in [
        Trigger::Automatic,
        Trigger::Button,
        Trigger::Platform,
        Trigger::Hand,
    ] {
        let of: Vec<&&Step> = real.iter().filter(|step| step.trigger == trigger).collect();
        if of.is_empty() {
            continue;
        }
        let _ = writeln!(text, "  {}", heading(trigger));
        for step in of.iter().take(SHOWN) {
            let _ = writeln!(
                text,
                "    {:<9}{}  {}",
                purpose(step.purpose),
                visible(&step.what),
                output.style().dim().apply_to(place(&step.evidence)),
            );
        }
        if of.len() > SHOWN {
            let _ = writeln!(
                text,
                "    … and {} more; --format json lists all",
                of.len() - SHOWN
            );
        }
    }
    let development = assessment.steps.len() - real.len();
    if development > 0 {
        let _ = writeln!(
            text,
            "  {development} more for development, tests or examples; --format json lists them"
        );
    }
    match assessment.tested_by.as_slice() {
        [] => {
            let _ = writeln!(text, "  No workflow runs tests.");
        }
        paths => {
            let _ = writeln!(text, "  Tests run in {}.", visible(&paths.join(", ")));
        }
    }
    history(&mut text, &assessment.history, &bold("History"));
    let _ = writeln!(text, "\n{}", bold("Bottleneck"));
    match &assessment.bottleneck {
        Some(bottleneck) => {
            let _ = writeln!(
                text,
                "  {}: {} in the middle of {}.",
                capital(&bottleneck.what),
                duration(bottleneck.seconds),
                bottleneck.n
            );
        }
        None => {
            let _ = writeln!(
                text,
                "  Cannot be told: neither merges nor releases were there to measure."
            );
        }
    }
    let _ = writeln!(text, "\n{}", bold("What would help most"));
    for (number, advice) in (1..).zip(&assessment.advice) {
        let _ = writeln!(text, "  {number}. {}", bold(&advice.what));
        let _ = writeln!(text, "     {}", visible(&advice.why));
        for evidence in &advice.evidence {
            let excerpt = if evidence.excerpt.is_empty() {
                String::new()
            } else {
                format!("  {}", visible(&evidence.excerpt))
            };
            let _ = writeln!(
                text,
                "     {}{excerpt}",
                output.style().dim().apply_to(place(evidence))
            );
        }
        if let Some(command) = &advice.command {
            let _ = writeln!(text, "     → {command}");
        }
    }
    if assessment.advice.is_empty() {
        let _ = writeln!(text, "  Nothing that this tree and history speak for.");
    }
    text
}

fn history(text: &mut String, history: &History, heading: &str) {
    let _ = writeln!(text, "\n{heading}");
    let last = history.last_commit.map(time).unwrap_or_default();
    let _ = writeln!(
        text,
        "  {}, the last at {last}",
        counted(history.commits, "commit", "commits")
    );
    let mut line = |name: &str, measured: &Measured, write: &dyn Fn(i64) -> String| {
        if let (Some(p50), Some(p90)) = (measured.p50, measured.p90) {
            let _ = writeln!(
                text,
                "  {name:<34}{:>14}   one in ten over {:<14} n {}",
                write(p50),
                write(p90),
                measured.n
            );
        }
    };
    let count = |number: i64| number.to_string();
    line(
        "a commit waits for its merge",
        &history.commit_to_merge,
        &duration,
    );
    line(
        "the main line waits for a release",
        &history.merge_to_release,
        &duration,
    );
    line(
        "a commit waits for its release",
        &history.commit_to_release,
        &duration,
    );
    line(
        "from one release to the next",
        &history.between_releases,
        &duration,
    );
    line("commits in a release", &history.batch, &count);
    if history.commit_to_merge.n == 0 && history.commits > 0 {
        let _ = writeln!(
            text,
            "  No merge commits lately: how long a branch was open does not show in this history."
        );
    }
    if let (Some(first), Some(newest)) = (history.looked_at.first(), history.looked_at.last()) {
        let _ = writeln!(
            text,
            "  {}; measured from {} to {}",
            counted(history.releases, "release", "releases"),
            visible(&first.name),
            visible(&newest.name)
        );
    } else if history.releases == 0 {
        let _ = writeln!(
            text,
            "  No release tags: how long a merged change waits does not show in this history."
        );
    }
    if let Some(share) = history.mended_soon {
        let _ = writeln!(
            text,
            "  {} % of them were followed within a week by one with a fix",
            decimals(share * 100.0)
        );
    }
    if let (Some(unreleased), Some(since)) = (history.unreleased, history.since_release) {
        let _ = writeln!(
            text,
            "  {} since the last release, {} ago",
            counted(unreleased, "commit", "commits"),
            duration(since)
        );
    }
}

fn heading(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Automatic => "by itself",
        Trigger::Button => "at a button",
        Trigger::Platform => "by a platform, or Docker Compose, that reads",
        Trigger::Hand => "by hand",
    }
}

fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Fetch => "fetch",
        Purpose::Build => "build",
        Purpose::Publish => "publish",
        Purpose::Migrate => "migrate",
        Purpose::Start => "start",
    }
}

fn place(evidence: &Evidence) -> String {
    let file = evidence.file.to_string();
    let file = visible(&file);
    if evidence.line == 0 {
        file.into_owned()
    } else {
        format!("{file}:{}", evidence.line)
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + chars.as_str())
        .unwrap_or_default()
}
