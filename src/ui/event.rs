//! An event as one line.

use crate::dora::event::{Cause, Deployment, Event, EventId, Intent, Moment, Outcome, Period};
use std::borrow::Cow;
use std::fmt::Write;

/// `text` without anything that would move the cursor, colour the terminal or turn the reading
/// direction: such characters are shown by their number.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if hidden(c) {
            let _ = write!(shown, "{}", c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// What happened, when, where: `deployment 1f0c…, 2026-08-01T10:00:30Z: production, web,
/// 1234567 succeeded in 30 s`.
pub(crate) fn event_line(id: EventId, event: &Event) -> String {
    format!(
        "{} {id:.12}, {}: {}",
        event.kind(),
        event.main_time(),
        event_text(event)
    )
}

/// What happened and where, without id and time.
pub(crate) fn event_text(event: &Event) -> String {
    match event {
        Event::Deployment(deployment) => deployment_text(deployment),
        Event::Incident(incident) => {
            let happened = match incident.moment {
                Moment::Opened(_) => "opened",
                Moment::Resolved(_) => "resolved",
            };
            let mut text = format!(
                "{}, {}, {} {happened}",
                visible(incident.environment.as_str()),
                visible(incident.service.as_str()),
                visible(incident.key.as_str()),
            );
            if let Some(severity) = &incident.severity {
                let _ = write!(text, ", {}", visible(severity.as_str()));
            }
            if incident.cause == Cause::External {
                text.push_str(", not caused by a change");
            }
            if let Some(caused_by) = incident.caused_by {
                let _ = write!(text, ", caused by {caused_by:.12}");
            }
            if let Some(fixed_by) = incident.fixed_by {
                let _ = write!(text, ", fixed by {fixed_by:.12}");
            }
            text
        }
        Event::Change(change) => {
            let mut text = match change.number {
                Some(number) => format!("#{number}, "),
                None => String::new(),
            };
            let _ = match change.commits.as_slice() {
                [one] => write!(text, "commit {:.7}", one.id),
                [first, .., last] => write!(
                    text,
                    "{} commits, {:.7} to {:.7}",
                    change.commits.len(),
                    first.id,
                    last.id
                ),
                [] => Ok(()),
            };
            if let Some(merged_as) = change.merged_as {
                let _ = write!(text, ", merged as {merged_as:.7}");
            } else if change.merged_at.is_some() {
                text.push_str(", merged");
            }
            text
        }
        Event::Step(step) => format!(
            "{}, {:.7} {} in {} ({})",
            visible(step.name.as_str()),
            step.commit,
            outcome(step.outcome),
            duration(step.period),
            visible(step.run.as_str()),
        ),
        Event::Retraction(retraction) => format!(
            "of {:.12}: {}",
            retraction.retracts,
            visible(retraction.reason.as_str())
        ),
    }
}

fn deployment_text(deployment: &Deployment) -> String {
    let mut text = format!(
        "{}, {}, {:.7}{} {} in {}",
        visible(deployment.environment.as_str()),
        visible(deployment.service.as_str()),
        deployment.commit,
        version(deployment),
        outcome(deployment.outcome),
        duration(deployment.period),
    );
    match deployment.intent {
        Intent::Release => {}
        Intent::Rollback => text.push_str(", a rollback"),
        Intent::Hotfix => text.push_str(", a hotfix"),
        Intent::Redeploy => text.push_str(", a redeploy"),
    }
    match (deployment.outcome, deployment.took_traffic) {
        (Outcome::Succeeded, false) => text.push_str(", without traffic"),
        (Outcome::Failed | Outcome::Cancelled, true) => text.push_str(" after it took traffic"),
        _ => {}
    }
    text
}

/// ` (v1.2)`, where the release is known by a version.
fn version(deployment: &Deployment) -> String {
    let release = deployment.release.as_ref();
    let version = release.and_then(|release| release.version.as_ref());
    version.map_or_else(String::new, |version| {
        format!(" ({})", visible(version.as_str()))
    })
}

pub(crate) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Failed => "failed",
        Outcome::Cancelled => "cancelled",
    }
}

/// `1h 2m 3s`.
fn duration(period: Period) -> String {
    let seconds = period.finished_at().second() - period.started_at().second();
    format!("{:#}", jiff::SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_shown_by_its_number() {
        assert_eq!(visible("<b>ok</b> é"), "<b>ok</b> é");
        assert_eq!(
            visible("a\u{1b}[31m\n\u{202e}b"),
            "a\\u{1b}[31m\\u{a}\\u{202e}b"
        );
    }
}
