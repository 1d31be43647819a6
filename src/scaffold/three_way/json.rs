//! JSON with comments, merged key by key in its concrete syntax tree. New entries come without the
//! comments that they have on the other side.

use super::Side;
use super::identity::{self, Step};
use super::value::{self, Scalar, Value};
use jsonc_parser::ParseOptions;
use jsonc_parser::ast;
use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};

/// None where it is no JSON with comments, or an object has a key twice.
pub(super) fn value(text: &str) -> Option<Value> {
    let parsed = jsonc_parser::parse_to_ast(
        text,
        &jsonc_parser::CollectOptions::default(),
        &ParseOptions::default(),
    );
    of_ast(&parsed.ok()?.value?)
}

fn of_ast(node: &ast::Value) -> Option<Value> {
    let plain = |text: &str| Some(scalar(text.to_owned(), false));
    match node {
        ast::Value::StringLit(text) => Some(scalar(text.value.to_string(), true)),
        ast::Value::NumberLit(number) => plain(number.value),
        ast::Value::BooleanLit(truth) => plain(if truth.value { "true" } else { "false" }),
        ast::Value::NullKeyword(_) => plain("null"),
        ast::Value::Array(array) => {
            let items: Option<Vec<_>> = array.elements.iter().map(of_ast).collect();
            Some(Value::List(items?))
        }
        ast::Value::Object(object) => {
            let mut keys = std::collections::HashSet::new();
            let entries: Option<Vec<_>> = (object.properties.iter())
                .map(|property| {
                    let key = property.name.as_str().to_owned();
                    (keys.insert(key.clone())).then_some((key, of_ast(&property.value)?))
                })
                .collect();
            Some(Value::Map(entries?))
        }
    }
}

fn scalar(text: String, is_text: bool) -> Value {
    Value::Scalar(Scalar { is_text, text })
}

/// None where both changed the same and no side is favoured, or where a comment of the user's
/// would go.
pub(super) fn merge([base, present, wanted]: [&str; 3], favour: Option<Side>) -> Option<String> {
    let parse = |text| CstRootNode::parse(text, &ParseOptions::default()).ok();
    let [old, ours, theirs] = [base, present, wanted].map(parse);
    let (old, ours, theirs) = (old?, ours?, theirs?);
    let before = [
        comments(&old.clone().into()),
        comments(&ours.clone().into()),
    ];
    let fate = nodes(
        old.value().as_ref(),
        &ours.value()?,
        &theirs.value()?,
        favour,
    )?;
    let count = |all: &[String], one: &String| all.iter().filter(|other| *other == one).count();
    let after = comments(&ours.clone().into());
    let kept = (before[1].iter()).all(|one| {
        let own = count(&before[1], one).saturating_sub(count(&before[0], one));
        count(&after, one) >= own
    });
    (kept && fate == Fate::Stays).then(|| ours.to_string())
}

fn comments(node: &CstNode) -> Vec<String> {
    let mut open = vec![node.clone()];
    let mut found = Vec::new();
    while let Some(node) = open.pop() {
        if let Some(comment) = node.as_comment() {
            found.push(comment.raw_value());
        }
        open.extend(node.children());
    }
    found
}

/// What becomes of the user's value.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// As it is, or merged in place.
    Stays,
    Replaced,
}

fn nodes(
    base: Option<&CstNode>,
    present: &CstNode,
    wanted: &CstNode,
    favour: Option<Side>,
) -> Option<Fate> {
    let old = base.map(of_node);
    let (mine, new) = (of_node(present), of_node(wanted));
    if value::same(Some(&mine), Some(&new)) || value::same(old.as_ref(), Some(&new)) {
        return Some(Fate::Stays);
    }
    if let (Some(ours), Some(theirs)) = (present.as_object(), wanted.as_object()) {
        let base = base.map(CstNode::as_object);
        if !matches!(base, Some(None)) {
            objects(base.flatten().as_ref(), &ours, &theirs, favour)?;
            return Some(Fate::Stays);
        }
    }
    if let (Some(base), Some(ours), Some(theirs)) = (
        base.and_then(CstNode::as_array),
        present.as_array(),
        wanted.as_array(),
    ) && let Some(ids) = ids(&base, &ours, &theirs)
    {
        if identity::is_contested(&ids[0], &ids[1], &ids[2], favour) {
            return Some(match favour? {
                Side::Ours => Fate::Stays,
                Side::Theirs => Fate::Replaced,
            });
        }
        arrays([&base, &ours, &theirs], &ids, favour)?;
        return Some(Fate::Stays);
    }
    if value::same(old.as_ref(), Some(&mine)) {
        return Some(Fate::Replaced);
    }
    Some(match favour? {
        Side::Ours => Fate::Stays,
        Side::Theirs => Fate::Replaced,
    })
}

fn ids(base: &CstArray, present: &CstArray, wanted: &CstArray) -> Option<[Vec<String>; 3]> {
    let lists = [base, present, wanted]
        .map(|array| array.elements().iter().map(of_node).collect::<Vec<_>>());
    identity::of(&lists.each_ref().map(|list| list.iter().collect()))
}

/// Whether what shipway deleted goes.
fn goes(base: &CstNode, present: &CstNode, favour: Option<Side>) -> Option<bool> {
    if value::same(Some(&of_node(base)), Some(&of_node(present))) {
        return Some(true);
    }
    Some(favour? == Side::Theirs)
}

fn objects(
    base: Option<&CstObject>,
    present: &CstObject,
    wanted: &CstObject,
    favour: Option<Side>,
) -> Option<()> {
    let of = |object: &CstObject| {
        let pairs = object
            .properties()
            .into_iter()
            .map(|property| Some((property.decoded_name()?, property.value()?, property)));
        pairs.collect::<Option<Vec<_>>>()
    };
    let old = match base {
        Some(base) => of(base)?,
        None => Vec::new(),
    };
    let (mine, new) = (of(present)?, of(wanted)?);
    let keys =
        [&old, &mine, &new].map(|all| all.iter().map(|(key, ..)| key.clone()).collect::<Vec<_>>());
    let mut at = 0;
    for step in identity::steps(&keys[0], &keys[1], &keys[2]) {
        match step {
            Step::New { wanted } => {
                let (key, value, _) = &new[wanted];
                present.insert(at, key, input(value));
            }
            Step::Mine { base: None, .. } => {}
            Step::Mine {
                base: Some(base),
                present,
            } => {
                let (_, value, property) = &mine[present];
                if goes(&old[base].1, value, favour)? {
                    property.clone().remove();
                    continue;
                }
            }
            Step::Both {
                base,
                present,
                wanted,
            } => {
                let base = base.map(|base| &old[base].1);
                let (_, value, property) = &mine[present];
                if nodes(base, value, &new[wanted].1, favour)? == Fate::Replaced {
                    property.set_value(input(&new[wanted].1));
                }
            }
        }
        at += 1;
    }
    Some(())
}

fn arrays(
    [base, present, wanted]: [&CstArray; 3],
    ids: &[Vec<String>; 3],
    favour: Option<Side>,
) -> Option<()> {
    let [old, mine, new] = [base, present, wanted].map(CstArray::elements);
    let mut at = 0;
    for step in identity::steps(&ids[0], &ids[1], &ids[2]) {
        match step {
            Step::New { wanted } => drop(present.insert(at, input(&new[wanted]))),
            Step::Mine { base: None, .. } => {}
            Step::Mine {
                base: Some(base),
                present,
            } => {
                if goes(&old[base], &mine[present], favour)? {
                    mine[present].clone().remove();
                    continue;
                }
            }
            Step::Both {
                base,
                present: place,
                wanted,
            } => {
                let base = base.map(|base| &old[base]);
                if nodes(base, &mine[place], &new[wanted], favour)? == Fate::Replaced {
                    present.insert(at, input(&new[wanted]));
                    mine[place].clone().remove();
                }
            }
        }
        at += 1;
    }
    Some(())
}

/// The text of a node that is no collection, and whether it is a string.
fn leaf(node: &CstNode) -> (String, bool) {
    match node.as_string_lit().map(|text| text.decoded_value()) {
        Some(Ok(text)) => (text, true),
        _ => (node.to_string(), false),
    }
}

fn of_node(node: &CstNode) -> Value {
    if let Some(object) = node.as_object() {
        let entries = object
            .properties()
            .into_iter()
            .filter_map(|property| Some((property.decoded_name()?, of_node(&property.value()?))));
        return Value::Map(entries.collect());
    }
    if let Some(array) = node.as_array() {
        return Value::List(array.elements().iter().map(of_node).collect());
    }
    let (text, is_text) = leaf(node);
    scalar(text, is_text)
}

fn input(node: &CstNode) -> CstInputValue {
    if let Some(object) = node.as_object() {
        let entries = object
            .properties()
            .into_iter()
            .filter_map(|property| Some((property.decoded_name()?, input(&property.value()?))));
        return CstInputValue::Object(entries.collect());
    }
    if let Some(array) = node.as_array() {
        return CstInputValue::Array(array.elements().iter().map(input).collect());
    }
    match leaf(node) {
        (text, true) => CstInputValue::String(text),
        (text, false) => match text.as_str() {
            "null" => CstInputValue::Null,
            "true" => CstInputValue::Bool(true),
            "false" => CstInputValue::Bool(false),
            _ => CstInputValue::Number(text),
        },
    }
}
