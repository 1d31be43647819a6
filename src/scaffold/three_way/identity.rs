//! Which item of a list is which, and in which order the entries of both sides come.

use super::Side;
use super::value::Value;
use std::collections::{HashMap, HashSet};

/// What names a mapping in a list, the first that it has.
const NAMES: [&str; 7] = ["name", "id", "uses", "run", "key", "source", "target"];

/// The identities of the items of each list; None where an item has none, or two of one list have
/// the same.
pub(super) fn of<const N: usize>(lists: &[Vec<&Value>; N]) -> Option<[Vec<String>; N]> {
    let ids = lists
        .each_ref()
        .map(|list| -> Option<Vec<String>> { list.iter().map(|item| of_item(item)).collect() });
    if ids.iter().any(Option::is_none) {
        return None;
    }
    let ids = ids.map(Option::unwrap_or_default);
    let unique = |ids: &Vec<String>| ids.iter().collect::<HashSet<_>>().len() == ids.len();
    ids.iter().all(unique).then_some(ids)
}

fn of_item(item: &Value) -> Option<String> {
    match item {
        Value::Scalar(scalar) => Some(format!("={}", of_scalar(&scalar.text))),
        Value::Map(_) => NAMES.iter().find_map(|name| {
            let text = item.get(name)?.text()?;
            // An action is the same one at another commit.
            let text = if *name == "uses" {
                text.split('@').next().unwrap_or(text)
            } else {
                text
            };
            Some(format!("{name}={text}"))
        }),
        Value::List(_) => None,
    }
}

/// A variable, as lists of them have it, is known by its name.
fn of_scalar(text: &str) -> &str {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    match text.split_once('=') {
        Some((name, _)) if is_name(name) => name,
        _ => text,
    }
}

/// One entry of the result, by its places in the three.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// On both sides.
    Both {
        base: Option<usize>,
        present: usize,
        wanted: usize,
    },
    /// The user's alone; where it has a base, shipway deleted it.
    Mine { base: Option<usize>, present: usize },
    /// shipway's alone, and new.
    New { wanted: usize },
}

/// The entries of the result in the order of the user's, each new one behind the entry that
/// precedes it in `wanted`. What the user deleted stays so.
pub(super) fn steps(base: &[String], present: &[String], wanted: &[String]) -> Vec<Step> {
    let places =
        |ids: &[String]| -> HashMap<String, usize> { ids.iter().cloned().zip(0..).collect() };
    let (in_base, in_present, in_wanted) = (places(base), places(present), places(wanted));
    let mut first = Vec::new();
    let mut behind: Vec<Vec<usize>> = vec![Vec::new(); present.len()];
    let mut before = behind.clone();
    let mut anchor = None;
    for (at, id) in wanted.iter().enumerate() {
        if let Some(place) = in_present.get(id) {
            before[*place].append(&mut first);
            anchor = Some(*place);
        } else if !in_base.contains_key(id) {
            match anchor {
                Some(place) => behind[place].push(at),
                None => first.push(at),
            }
        }
    }
    let new = |at: &usize| Step::New { wanted: *at };
    let mut steps = Vec::new();
    for (at, id) in present.iter().enumerate() {
        steps.extend(before[at].iter().map(new));
        let base = in_base.get(id).copied();
        steps.push(match in_wanted.get(id) {
            Some(wanted) => Step::Both {
                base,
                present: at,
                wanted: *wanted,
            },
            None => Step::Mine { base, present: at },
        });
        steps.extend(behind[at].iter().map(new));
    }
    steps.extend(first.iter().map(new));
    steps
}

/// Whether both put something else in the place of the same item, or shipway moved items of a list
/// that the user changed: what becomes of the list is then not ours to say. A user whose side is
/// favoured keeps his order, and what is new joins it; what came in the place of his does not.
pub(super) fn is_contested(
    base: &[String],
    present: &[String],
    wanted: &[String],
    favour: Option<Side>,
) -> bool {
    let set = |ids: &[String]| -> HashSet<String> { ids.iter().cloned().collect() };
    let (in_base, in_present, in_wanted) = (set(base), set(present), set(wanted));
    let adds = |ids: &[String], other: &HashSet<String>| {
        (ids.iter()).any(|id| !in_base.contains(id) && !other.contains(id))
    };
    let replaced = (base.iter()).any(|id| !in_present.contains(id) && !in_wanted.contains(id))
        && adds(present, &in_wanted)
        && adds(wanted, &in_present);
    let kept = |ids: &[String]| -> Vec<String> {
        let in_all = |id: &&String| {
            in_base.contains(*id) && in_present.contains(*id) && in_wanted.contains(*id)
        };
        ids.iter().filter(in_all).cloned().collect()
    };
    let moved = kept(base) != kept(wanted) && kept(present) != kept(wanted);
    replaced || (moved && favour != Some(Side::Ours))
}
