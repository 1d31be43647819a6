//! `personal-data`: no table of persons is committed unnoticed.
//!
//! Looks at the columns of CSV, TSV, JSON and the headers of FASTA, and at the values of the first
//! rows. A column's name is shown only where it is one that is known; a value never is.

mod column;
mod table;
mod value;

use super::finding::Findings;
use super::{File, Finding, Options, Outcome, allow};
use column::Kind;
use std::collections::BTreeSet;
use table::Table;

const ID: &str = "personal-data";
const MEND: &str = "keep it outside the repository, or say in allow_columns what is no person's";

pub(super) fn look(file: &File, options: &Options) -> Outcome {
    let Some(table) = Table::of(file) else {
        return Outcome::clean();
    };
    let mut findings = Findings::new(file);
    let mut say = |message: String, at: usize| {
        if !allow::allows(file.content(), at, ID) {
            findings.push(Finding::error(ID, message, MEND), at);
        }
    };
    let allowed: BTreeSet<String> = options
        .allow_columns
        .iter()
        .map(|name| column::plain(name))
        .collect();
    let asked: BTreeSet<String> = options
        .columns
        .iter()
        .map(|name| column::plain(name))
        .collect();
    let mut when = None;
    let mut place = None;
    for (number, column) in table.columns.iter().enumerate() {
        let plain = column::plain(&column.name);
        if allowed.contains(&plain) {
            continue;
        }
        if asked.contains(&plain) {
            say(format!("the column {plain} is personal here"), column.at);
            continue;
        }
        let known = column::kind(&plain);
        match known {
            Some(Kind::When) => when = when.or(Some(plain)),
            Some(Kind::Place) => place = place.or(Some((plain, column.at))),
            Some(kind) => {
                say(
                    format!("the column {plain} looks like {}", kind.words()),
                    column.at,
                );
                continue;
            }
            None => {}
        }
        if let Some(what) = value::of(column.values.iter().map(String::as_str)) {
            say(format!("column {} holds {what}", number + 1), column.at);
        }
    }
    if let (Some(when), Some((place, at))) = (when, place)
        && table
            .columns
            .iter()
            .any(|column| column::is_of_host(&column::plain(&column.name)))
    {
        say(
            format!("{when} and {place} together say when and where a person was"),
            at,
        );
    }
    findings.finish("columns look personal")
}

#[cfg(test)]
mod tests;
