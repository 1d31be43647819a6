//! What a structured file says, without how it is written: the judge of every merge.

use super::Side;
use super::identity;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// A scalar with its type, so that `1` and `"1"` are two.
    Scalar(Scalar),
    List(Vec<Value>),
    /// No key is there twice.
    Map(Vec<(String, Value)>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scalar {
    /// Whether it is text by its quotes, its style or what it looks like.
    pub is_text: bool,
    pub text: String,
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let entries = self.entries();
        (entries.iter().find(|(name, _)| name == key)).map(|(_, value)| value)
    }

    pub(super) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The order of keys says nothing.
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Map(ours), Self::Map(theirs)) => {
                let theirs = index(theirs);
                ours.len() == theirs.len()
                    && ours.iter().all(|(key, value)| {
                        theirs
                            .get(key.as_str())
                            .is_some_and(|other| value.same(other))
                    })
            }
            (Self::List(ours), Self::List(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| a.same(b))
            }
            _ => self == other,
        }
    }

    fn is_long_text(&self) -> bool {
        self.text().is_some_and(|text| text.contains('\n'))
    }
}

type Index<'v> = std::collections::HashMap<&'v str, &'v Value>;

fn index(entries: &[(String, Value)]) -> Index<'_> {
    (entries.iter().map(|(key, value)| (key.as_str(), value))).collect()
}

pub(super) fn same(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.same(other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// The values at one path: before, of the user's, of shipway's.
#[derive(Clone, Copy)]
pub(super) struct Three<'v> {
    pub base: Option<&'v Value>,
    pub present: Option<&'v Value>,
    pub wanted: Option<&'v Value>,
}

/// Whether `merged` has, at every path, what the only side that changed it made of it. Where both
/// changed the same, that of the favoured side; without one, only texts of several lines may have
/// become one of both.
pub(super) fn holds(three: Three, merged: Option<&Value>, favour: Option<Side>) -> bool {
    let Three {
        base,
        present,
        wanted,
    } = three;
    if same(present, wanted) || same(base, wanted) {
        return same(merged, present);
    }
    if same(base, present) {
        return same(merged, wanted);
    }
    let (Some(ours), Some(theirs)) = (present, wanted) else {
        return match (present, favour) {
            // Deleted by the user, whatever else became of it.
            (None, None | Some(Side::Ours)) | (Some(_), Some(Side::Theirs)) => merged.is_none(),
            (None, Some(Side::Theirs)) => merged.is_none() || same(merged, wanted),
            (Some(_), Some(Side::Ours)) => same(merged, present),
            (Some(_), None) => false,
        };
    };
    let favoured = match favour {
        Some(Side::Ours) => same(merged, present),
        Some(Side::Theirs) => same(merged, wanted),
        None => false,
    };
    if favoured {
        return true;
    }
    let Some(merged) = merged else { return false };
    match (ours, theirs, merged) {
        (Value::Map(ours), Value::Map(theirs), Value::Map(merged)) => {
            let base = base.map_or(&[] as &[_], Value::entries);
            maps_hold(base, ours, theirs, merged, favour)
        }
        (Value::List(ours), Value::List(theirs), Value::List(merged)) => {
            let base = match base {
                Some(Value::List(items)) => items,
                _ => &Vec::new(),
            };
            lists_hold([base, ours, theirs, merged], favour)
        }
        (ours, theirs, merged) => {
            base.is_some_and(Value::is_long_text)
                && [ours, theirs, merged].iter().all(|v| v.is_long_text())
        }
    }
}

type Entries = [(String, Value)];

fn maps_hold(
    base: &Entries,
    ours: &Entries,
    theirs: &Entries,
    merged: &Entries,
    favour: Option<Side>,
) -> bool {
    let [base, present, wanted, result] = [base, ours, theirs, merged].map(index);
    let keys = [&base, &present, &wanted, &result].map(|side| side.keys().copied());
    keys.into_iter().flatten().all(|key| {
        let three = Three {
            base: base.get(key).copied(),
            present: present.get(key).copied(),
            wanted: wanted.get(key).copied(),
        };
        holds(three, result.get(key).copied(), favour)
    })
}

fn lists_hold(lists: [&Vec<Value>; 4], favour: Option<Side>) -> bool {
    let Some(ids) = identity::of(&lists.map(|list| list.iter().collect())) else {
        return counts_hold(lists);
    };
    let keyed = |at: usize| -> Vec<(String, Value)> {
        ids[at].iter().cloned().zip(lists[at].clone()).collect()
    };
    let order = |side: usize| {
        let others = |at: usize, of: usize| -> Vec<&String> {
            let known: std::collections::HashSet<&String> = ids[of].iter().collect();
            ids[at].iter().filter(|id| known.contains(id)).collect()
        };
        others(3, side) == others(side, 3)
    };
    (order(1) || order(2)) && maps_hold(&keyed(0), &keyed(1), &keyed(2), &keyed(3), favour)
}

/// Whether each item is there as often as what both did to it makes it.
fn counts_hold(lists: [&Vec<Value>; 4]) -> bool {
    let count =
        |list: &Vec<Value>, item: &Value| list.iter().filter(|other| other.same(item)).count();
    // Beyond what somebody writes into a list by hand it would take long.
    lists.iter().all(|list| list.len() <= 1000)
        && lists.iter().copied().flatten().all(|item| {
            let [base, present, wanted, merged] = lists.map(|list| count(list, item));
            let expected = if present == wanted {
                present
            } else {
                (present + wanted).saturating_sub(base)
            };
            merged == expected
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        super::super::json::value(text).unwrap()
    }

    fn says(texts: [&str; 4], favour: Option<Side>) -> bool {
        let [base, present, wanted, merged] = texts.map(value);
        let three = Three {
            base: Some(&base),
            present: Some(&present),
            wanted: Some(&wanted),
        };
        holds(three, Some(&merged), favour)
    }

    #[test]
    fn what_one_side_changed_is_what_it_made_of_it() {
        let [base, ours, theirs] = [
            "{\"a\": 1, \"b\": 1}",
            "{\"a\": 2, \"b\": 1}",
            "{\"b\": 2, \"a\": 1}",
        ];
        let merges = |merged| says([base, ours, theirs, merged], None);
        assert!(merges("{\"a\": 2, \"b\": 2}"));
        assert!(merges("{\"b\": 2, \"a\": 2}"));
        for wrong in [
            base,
            ours,
            theirs,
            "{\"a\": 2, \"b\": \"2\"}",
            "{\"a\": 2}",
            "{\"a\": 2, \"b\": 2, \"c\": 1}",
        ] {
            assert!(!merges(wrong), "{wrong}");
        }
        assert!(!says([base, base, theirs, base], None));
        assert!(!says([base, ours, base, base], None));
    }

    #[test]
    fn a_conflict_is_a_side_or_nothing() {
        let texts = |merged| ["{\"a\": 1}", "{\"a\": 2}", "{\"a\": 3}", merged];
        for (merged, [none, ours, theirs]) in [
            ("{\"a\": 2}", [false, true, false]),
            ("{\"a\": 3}", [false, false, true]),
            ("{\"a\": 1}", [false, false, false]),
            ("{}", [false, false, false]),
        ] {
            assert_eq!(says(texts(merged), None), none, "{merged}");
            assert_eq!(says(texts(merged), Some(Side::Ours)), ours, "{merged}");
            assert_eq!(says(texts(merged), Some(Side::Theirs)), theirs, "{merged}");
        }
    }

    #[test]
    fn deleted_by_the_user_stays_so_and_edited_does_not_go() {
        let gone = |merged| says(["{\"a\": 1}", "{}", "{\"a\": 2}", merged], None);
        assert!(gone("{}") && !gone("{\"a\": 2}") && !gone("{\"a\": 1}"));
        let edited = |merged, favour| says(["{\"a\": 1}", "{\"a\": 2}", "{}", merged], favour);
        assert!(!edited("{\"a\": 2}", None) && !edited("{}", None));
        assert!(edited("{\"a\": 2}", Some(Side::Ours)) && edited("{}", Some(Side::Theirs)));
    }

    #[test]
    fn a_list_has_what_both_made_of_it_in_the_order_of_one() {
        let [base, ours, theirs] = ["[1, 2, 3]", "[1, 2, 3, 4]", "[0, 1, 3]"];
        let merges = |merged| says([base, ours, theirs, merged], None);
        assert!(merges("[0, 1, 3, 4]"));
        for wrong in ["[0, 1, 2, 3, 4]", "[0, 1, 3]", "[1, 3, 4]", "[4, 3, 1, 0]"] {
            assert!(!merges(wrong), "{wrong}");
        }
        // Items that cannot be told apart are counted.
        let merges = |merged| says(["[1, 1]", "[1, 1, 1]", "[1, 1, 2]", merged], None);
        assert!(merges("[1, 1, 1, 2]") && !merges("[1, 1, 2]") && !merges("[1, 1, 1, 1, 2]"));
    }

    #[test]
    fn only_long_texts_may_be_of_both() {
        let merges = |merged| says(["\"a\\nb\"", "\"A\\nb\"", "\"a\\nB\"", merged], None);
        assert!(merges("\"A\\nB\"") && !merges("\"AB\""));
        assert!(!says(["\"a\"", "\"b\"", "\"c\"", "\"bc\""], None));
    }
}
