//! The entities that a document declares, and what a reference to one comes to. Nothing is
//! expanded: how long a replacement would be is counted.

use super::well_formed::{Fault, fault, is_char, is_name, is_space};
use std::collections::HashMap;

/// Bytes up to which every reader expands an entity; beyond, they take it for an attack.
const MOST: u64 = 8 * 1024 * 1024;

/// Which entities may be referred to.
#[derive(Default)]
pub(super) struct Entities<'t> {
    declared: HashMap<&'t str, Entity<'t>>,
    /// Whether others may be declared elsewhere: by a DTD of its own file, or a parameter entity.
    elsewhere: bool,
}

#[derive(Default)]
struct Entity<'t> {
    /// Its replacement, not expanded; empty where it is in a file of its own.
    value: &'t str,
    expansion: Expansion,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Expansion {
    #[default]
    Unknown,
    /// It is being counted.
    Open,
    /// Bytes, at most the largest number there is.
    Bytes(u64),
}

impl<'t> Entities<'t> {
    /// `name` stands between `&` and `;`.
    pub(super) fn refer(&mut self, name: &str, at: usize) -> Result<(), Fault> {
        if let Some(number) = name.strip_prefix('#') {
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            let signed = number.starts_with(['+', '-']) || number.starts_with("x+");
            let valid = code.is_ok_and(|code| char::from_u32(code).is_some_and(is_char));
            if valid && !signed {
                return Ok(());
            }
            return fault(at, "a reference names no character of XML's");
        }
        if !is_name(name) {
            return fault(at, "`&` begins no reference");
        }
        if is_predefined(name) {
            return Ok(());
        }
        let Some((name, _)) = self.declared.get_key_value(name) else {
            if self.elsewhere {
                return Ok(());
            }
            return Err((at, format!("the entity {name} is declared nowhere")));
        };
        let name = *name;
        match self.expanded(name) {
            None => Err((at, format!("the entity {name} refers to itself"))),
            Some(bytes) if bytes > MOST => Err((
                at,
                format!("the entity {name} expands to more than 8 MiB, which readers refuse"),
            )),
            Some(_) => Ok(()),
        }
    }

    /// Bytes of the replacement of `name`, which is declared, with all that it refers to replaced;
    /// None where it refers to itself.
    fn expanded(&mut self, name: &'t str) -> Option<u64> {
        let mut stack = vec![name];
        while let Some(name) = stack.last().copied() {
            let entity = self.declared.get(name)?;
            if let Expansion::Bytes(_) = entity.expansion {
                stack.pop();
                continue;
            }
            let mut bytes = entity.value.len() as u64;
            let mut unknown = Vec::new();
            for part in references(entity.value) {
                match self.declared.get(part).map(|part| part.expansion) {
                    Some(Expansion::Open) => return None,
                    Some(Expansion::Unknown) => unknown.push(part),
                    Some(Expansion::Bytes(more)) => bytes = bytes.saturating_add(more),
                    None => {}
                }
            }
            let expansion = if unknown.is_empty() {
                stack.pop();
                Expansion::Bytes(bytes)
            } else {
                unknown.sort_unstable();
                unknown.dedup();
                stack.append(&mut unknown);
                Expansion::Open
            };
            self.declared.get_mut(name)?.expansion = expansion;
        }
        match self.declared.get(name)?.expansion {
            Expansion::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Takes what a document type declaration (28) declares itself.
    pub(super) fn declare(&mut self, doctype: &'t str) {
        let (head, subset) = match doctype.find('[') {
            Some(open) => doctype.split_at(open),
            None => (doctype, ""),
        };
        self.elsewhere |= head.contains("SYSTEM") || head.contains("PUBLIC");
        for (at, word) in subset.match_indices("<!ENTITY") {
            let rest = subset[at + word.len()..].trim_start_matches(is_space);
            if rest.starts_with('%') {
                self.elsewhere = true;
                continue;
            }
            let (name, rest) = rest.split_once(is_space).unwrap_or((rest, ""));
            let rest = rest.trim_start_matches(is_space);
            let value = rest
                .chars()
                .next()
                .filter(|quote| matches!(quote, '"' | '\''))
                .and_then(|quote| rest[1..].split(quote).next())
                .unwrap_or_default();
            // The first declaration is the one that counts (4.2).
            self.declared.entry(name).or_insert(Entity {
                value,
                ..Entity::default()
            });
        }
    }
}

fn is_predefined(name: &str) -> bool {
    matches!(name, "amp" | "lt" | "gt" | "apos" | "quot")
}

/// Names of entities that `value` refers to.
fn references(value: &str) -> impl Iterator<Item = &str> {
    value
        .split('&')
        .skip(1)
        .filter_map(|rest| rest.split_once(';'))
        .map(|(name, _)| name)
        .filter(|name| !name.starts_with('#') && !is_predefined(name))
}
