//! Why a fact is believed: what speaks for it, what against it, and the rule that decided.

use super::Output;
use super::project::clean;
use crate::project::{Answer, Confidence, Evidence, Explanation, Fact};
use serde_json::Value;
use std::fmt::Write as _;

/// Width of the words before the places.
const WORDS: usize = 9;

/// The facts one below the other, each with all its places.
pub(crate) fn show_facts(explanations: &[Explanation], output: &Output) -> String {
    let mut text = String::new();
    for explanation in explanations {
        if !text.is_empty() {
            text.push('\n');
        }
        let name = clean(&explanation.fact);
        let name = output.style().bold().apply_to(name);
        match &explanation.answer {
            Answer::Found(fact) => {
                let _ = writeln!(
                    text,
                    "{name}: {} ({})",
                    clean(&shown(&fact.value)),
                    fact.confidence
                );
                text.push_str(&reasons(fact));
            }
            Answer::NotFound {
                looked_at,
                answer_with,
            } => {
                let _ = writeln!(text, "{name}: not found");
                for (number, place) in looked_at.iter().enumerate() {
                    let word = if number == 0 { "looked at" } else { "" };
                    let _ = writeln!(text, "  {word:<WORDS$}  {}", clean(place));
                }
                let _ = writeln!(text, "  {:<WORDS$}  {}", "answer", clean(answer_with));
            }
        }
    }
    text
}

fn reasons(fact: &Fact<Value>) -> String {
    let mut text = String::new();
    let mut row = |word: &str, what: &str| {
        let line = format!("  {word:<WORDS$}  {}", clean(what));
        let _ = writeln!(text, "{}", line.trim_end());
    };
    let width = fact
        .evidence
        .iter()
        .chain(fact.against.iter().flat_map(|claim| &claim.evidence))
        .map(|place| console::measure_text_width(&place.to_string()))
        .max()
        .unwrap_or(0);
    let place = |at: &Evidence| {
        let place = at.to_string();
        let place = console::pad_str(&place, width, console::Alignment::Left, None);
        format!("{place}  {}", at.excerpt)
    };
    for (number, at) in fact.evidence.iter().enumerate() {
        row(if number == 0 { "for" } else { "" }, &place(at));
    }
    if fact.evidence.is_empty() {
        row("for", "no place in the tree");
    }
    for claim in &fact.against {
        row("against", &format!("{}:", claim.value));
        for at in &claim.evidence {
            row("", &place(at));
        }
    }
    let rule = fact.because.as_deref().unwrap_or(match fact.confidence {
        Confidence::Certain => "it is written down there",
        Confidence::Likely => "it is one indirect sign",
        Confidence::Guess => "it is a convention, and nothing speaks against it",
    });
    row("rule", rule);
    text
}

/// A value as a person writes it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Null => "none".to_owned(),
        Value::Object(entries) => entries
            .iter()
            .filter(|(_, entry)| !entry.is_null())
            .map(|(key, entry)| format!("{} {}", key.replace('_', " "), shown(entry)))
            .collect::<Vec<_>>()
            .join(", "),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Number(number) => number.to_string(),
    }
}
