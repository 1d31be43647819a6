//! TOML merged key by key; new entries come with their comments.

use super::Side;
use super::identity::{self, Step};
use super::value::{self, Scalar, Value};
use toml_edit::{Array, ArrayOfTables, Decor, DocumentMut, Item, Key, Table, TableLike};

/// None where it is no TOML.
pub(super) fn value(text: &str) -> Option<Value> {
    let document: DocumentMut = text.parse().ok()?;
    Some(of_table(document.as_table()))
}

fn of_table(table: &dyn TableLike) -> Value {
    Value::Map(
        (table.iter())
            .map(|(key, item)| (key.to_owned(), of_item(item)))
            .collect(),
    )
}

fn of_item(item: &Item) -> Value {
    if let Some(table) = item.as_table_like() {
        return of_table(table);
    }
    match item {
        Item::ArrayOfTables(tables) => Value::List(tables.iter().map(|t| of_table(t)).collect()),
        Item::Value(value) => of_value(value),
        Item::None | Item::Table(_) => Value::Map(Vec::new()),
    }
}

fn of_value(value: &toml_edit::Value) -> Value {
    let scalar = |text: String, is_text| Value::Scalar(Scalar { is_text, text });
    match value {
        toml_edit::Value::InlineTable(table) => of_table(table),
        toml_edit::Value::Array(array) => Value::List(array.iter().map(of_value).collect()),
        toml_edit::Value::String(text) => scalar(text.value().clone(), true),
        toml_edit::Value::Integer(number) => scalar(number.value().to_string(), false),
        toml_edit::Value::Float(number) => scalar(format!("{:?}", number.value()), false),
        toml_edit::Value::Boolean(truth) => scalar(truth.value().to_string(), false),
        toml_edit::Value::Datetime(time) => scalar(time.value().to_string(), false),
    }
}

/// None where both changed the same and no side is favoured.
pub(super) fn merge([base, present, wanted]: [&str; 3], favour: Option<Side>) -> Option<String> {
    let parse = |text: &str| text.parse::<DocumentMut>().ok();
    let (base, mut document, wanted) = (parse(base)?, parse(present)?, parse(wanted)?);
    let merge = Merge { favour };
    merge.headed(
        Some(base.as_table()),
        document.as_table_mut(),
        wanted.as_table(),
    )?;
    Some(document.to_string())
}

struct Merge {
    favour: Option<Side>,
}

impl Merge {
    fn headed(&self, base: Option<&Table>, present: &mut Table, wanted: &Table) -> Option<()> {
        let base = base.map(|base| base as &dyn TableLike);
        let order = self.tables(base, present, wanted)?;
        if !(present.iter().map(|(key, _)| key)).eq(order.iter().map(String::as_str)) {
            let entries: Vec<_> = (order.iter())
                .filter_map(|key| present.remove_entry(key))
                .collect();
            for (key, item) in entries {
                present.insert_formatted(&key, item);
            }
        }
        Some(())
    }

    /// The keys in the order that they should have.
    fn tables(
        &self,
        base: Option<&dyn TableLike>,
        present: &mut dyn TableLike,
        wanted: &dyn TableLike,
    ) -> Option<Vec<String>> {
        let keys = |table: &dyn TableLike| -> Vec<String> {
            table.iter().map(|(key, _)| key.to_owned()).collect()
        };
        let old = base.map(keys).unwrap_or_default();
        let (mine, new) = (keys(present), keys(wanted));
        let mut order = Vec::new();
        for step in identity::steps(&old, &mine, &new) {
            match step {
                Step::New { wanted: at } => {
                    let key = wanted.key(&new[at])?;
                    let mut item = wanted.get(&new[at])?.clone();
                    unplace(&mut item);
                    present.entry_format(key).or_insert(item);
                    order.push(new[at].clone());
                }
                Step::Mine {
                    base: at,
                    present: place,
                } => {
                    let key = &mine[place];
                    if let (Some(_), Some(base)) = (at, base)
                        && self.goes(written(base, key)? == written(present, key)?)?
                    {
                        present.remove(key);
                    } else {
                        order.push(key.clone());
                    }
                }
                Step::Both {
                    base: at,
                    present: place,
                    wanted: _,
                } => {
                    let key = &mine[place];
                    let base = at.and(base);
                    let old = base.and_then(|base| base.get(key));
                    let theirs = wanted.get(key)?;
                    let is_unedited =
                        base.is_some_and(|base| written(base, key) == written(present, key));
                    if is_unedited {
                        // Its comments are shipway's, too.
                        let lead = wanted.key(key)?.leaf_decor().clone();
                        if let Some(mut key) = present.key_mut(key) {
                            *key.leaf_decor_mut() = lead;
                        }
                    }
                    self.items(old, present.get_mut(key)?, theirs)?;
                    order.push(key.clone());
                }
            }
        }
        Some(order)
    }

    /// Whether what shipway deleted goes.
    fn goes(&self, is_unedited: bool) -> Option<bool> {
        if is_unedited {
            return Some(true);
        }
        Some(self.favour? == Side::Theirs)
    }

    fn items(&self, base: Option<&Item>, present: &mut Item, wanted: &Item) -> Option<()> {
        if let (Some(mine), Some(new)) = (present.as_table_mut(), wanted.as_table())
            && let None | Some(Item::Table(_)) = base
        {
            return self.headed(base.and_then(Item::as_table), mine, new);
        }
        if let (Item::ArrayOfTables(mine), Item::ArrayOfTables(new)) = (&mut *present, wanted)
            && let Some(Item::ArrayOfTables(old)) = base
        {
            return self.arrays_of_tables(old, mine, new);
        }
        if let (Item::Value(mine), Item::Value(new)) = (&mut *present, wanted) {
            return self.values(base.and_then(Item::as_value), mine, new);
        }
        if self.takes(
            base.map(of_item).as_ref(),
            &of_item(present),
            &of_item(wanted),
        )? {
            *present = wanted.clone();
            unplace(present);
        }
        Some(())
    }

    /// Whether shipway's value is taken.
    fn takes(&self, base: Option<&Value>, present: &Value, wanted: &Value) -> Option<bool> {
        if value::same(Some(present), Some(wanted)) || value::same(base, Some(wanted)) {
            return Some(false);
        }
        if value::same(base, Some(present)) {
            return Some(true);
        }
        Some(self.favour? == Side::Theirs)
    }

    fn arrays_of_tables(
        &self,
        base: &ArrayOfTables,
        present: &mut ArrayOfTables,
        wanted: &ArrayOfTables,
    ) -> Option<()> {
        let values = |tables: &ArrayOfTables| -> Vec<Value> {
            tables.iter().map(|table| of_table(table)).collect()
        };
        let lists = [base, present, wanted].map(values);
        let ids = self.identities(&lists)?;
        let mut at = 0;
        for step in identity::steps(&ids[0], &ids[1], &ids[2]) {
            match step {
                Step::New { wanted: place } => {
                    let mut item = Item::Table(wanted.get(place)?.clone());
                    unplace(&mut item);
                    present.insert(at, item.into_table().ok()?);
                }
                Step::Mine { base: None, .. } => {}
                Step::Mine {
                    base: Some(old), ..
                } => {
                    let same = rendered(base.get(old)?) == rendered(present.get(at)?);
                    if self.goes(same)? {
                        present.remove(at);
                        continue;
                    }
                }
                Step::Both {
                    base: old,
                    wanted: new,
                    ..
                } => {
                    let old = old.and_then(|old| base.get(old));
                    self.headed(old, present.get_mut(at)?, wanted.get(new)?)?;
                }
            }
            at += 1;
        }
        Some(())
    }

    /// The identities of three lists of which none is contested.
    fn identities(&self, lists: &[Vec<Value>; 3]) -> Option<[Vec<String>; 3]> {
        let ids = identity::of(&lists.each_ref().map(|list| list.iter().collect()))?;
        let is_contested = identity::is_contested(&ids[0], &ids[1], &ids[2], self.favour);
        (!is_contested).then_some(ids)
    }

    fn values(
        &self,
        base: Option<&toml_edit::Value>,
        present: &mut toml_edit::Value,
        wanted: &toml_edit::Value,
    ) -> Option<()> {
        use toml_edit::Value::{Array, InlineTable};
        let old = base.map(of_value);
        let (mine, new) = (of_value(present), of_value(wanted));
        if value::same(Some(&mine), Some(&new)) || value::same(old.as_ref(), Some(&new)) {
            return Some(());
        }
        match (base, &mut *present, wanted) {
            (Some(Array(base)), Array(present), Array(wanted)) => {
                let lists = [base, present, wanted].map(|a| a.iter().map(of_value).collect());
                if let Some(ids) = self.identities(&lists) {
                    return self.arrays(&ids, base, present, wanted);
                }
            }
            (Some(InlineTable(base)), InlineTable(present), InlineTable(wanted)) => {
                return self.tables(Some(base), present, wanted).map(|_| ());
            }
            _ => {}
        }
        if self.takes(old.as_ref(), &mine, &new)? {
            let is_edited = base.is_none_or(|base| !same_decor(base.decor(), present.decor()));
            let decor = if is_edited {
                present.decor()
            } else {
                wanted.decor()
            }
            .clone();
            *present = wanted.clone();
            *present.decor_mut() = decor;
        }
        Some(())
    }

    fn arrays(
        &self,
        ids: &[Vec<String>; 3],
        base: &Array,
        present: &mut Array,
        wanted: &Array,
    ) -> Option<()> {
        let mut at = 0;
        for step in identity::steps(&ids[0], &ids[1], &ids[2]) {
            match step {
                Step::New { wanted: place } => insert(present, at, wanted.get(place)?),
                Step::Mine { base: None, .. } => {}
                Step::Mine {
                    base: Some(old), ..
                } => {
                    let (old, mine) = (base.get(old)?, present.get(at)?);
                    let same = value::same(Some(&of_value(old)), Some(&of_value(mine)));
                    let (before, behind) = texts(mine.decor());
                    let is_told = before.contains('#') || behind.contains('#');
                    if self.goes(same && (same_decor(old.decor(), mine.decor()) || !is_told))? {
                        present.remove(at);
                        continue;
                    }
                }
                Step::Both {
                    base: old,
                    wanted: new,
                    ..
                } => {
                    let old = old.and_then(|old| base.get(old));
                    self.values(old, present.get_mut(at)?, wanted.get(new)?)?;
                }
            }
            at += 1;
        }
        Some(())
    }
}

/// Puts a copy into an array as its neighbours are written.
fn insert(array: &mut Array, at: usize, value: &toml_edit::Value) {
    let mut value = value.clone();
    let (own, _) = texts(value.decor());
    let neighbour = array
        .get(at.saturating_sub(1))
        .map(|other| texts(other.decor()).0);
    let mut prefix = match neighbour {
        _ if own.contains('#') => own,
        Some(other) => match other.rsplit_once('\n') {
            Some((_, indent)) => format!("\n{indent}"),
            None if at > 0 => " ".to_owned(),
            None => String::new(),
        },
        None => own,
    };
    let mut suffix = String::new();
    if at == array.len()
        && let Some(last) = array.get_mut(at.wrapping_sub(1))
    {
        suffix = texts(last.decor()).1;
        last.decor_mut().set_suffix("");
        // A comment behind the last item stays behind it.
        if let Some(end) = suffix.rfind('\n').filter(|_| suffix.contains('#')) {
            let bracket = suffix.split_off(end);
            prefix.insert_str(0, &suffix);
            suffix = bracket;
        }
    }
    *value.decor_mut() = Decor::new(prefix, suffix);
    array.insert_formatted(at, value);
}

fn texts(decor: &Decor) -> (String, String) {
    let text = |raw: Option<&toml_edit::RawString>| {
        raw.and_then(|raw| raw.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    (text(decor.prefix()), text(decor.suffix()))
}

fn same_decor(one: &Decor, other: &Decor) -> bool {
    texts(one) == texts(other)
}

/// An entry with its comments, as it is written.
fn written(table: &dyn TableLike, key: &str) -> Option<String> {
    let mut alone = Table::new();
    let (key, item): (&Key, &Item) = (table.key(key)?, table.get(key)?);
    alone.insert_formatted(key, item.clone());
    Some(rendered(&alone))
}

fn rendered(table: &Table) -> String {
    let mut table = table.clone();
    table.set_position(None);
    let prefix = texts(table.decor()).0;
    format!("{prefix}{}", DocumentMut::from(table))
}

/// A table that comes in has its place behind the entry before it.
fn unplace(item: &mut Item) {
    match item {
        Item::Table(table) => unplace_all(table),
        Item::ArrayOfTables(tables) => tables.iter_mut().for_each(unplace_all),
        Item::Value(_) | Item::None => {}
    }
}

fn unplace_all(table: &mut Table) {
    table.set_position(None);
    table.iter_mut().for_each(|(_, item)| unplace(item));
}
