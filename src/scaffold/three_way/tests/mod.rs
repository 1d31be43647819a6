//! Files as people edit them, and files that nobody can merge.

mod bad;
mod formats;
mod yaml;

use super::{Side, three_way};
use crate::project::RelPath;

fn merged(path: &str, base: &str, present: &str, wanted: &str) -> Option<String> {
    favouring(path, base, present, wanted, None)
}

fn favouring(
    path: &str,
    base: &str,
    present: &str,
    wanted: &str,
    favour: Option<Side>,
) -> Option<String> {
    three_way(
        &RelPath::parse(path).unwrap(),
        base,
        present,
        wanted,
        favour,
    )
}

/// `text` with each of `edits` made; what an edit replaces is there exactly once.
fn edited(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "{old:?} in {text}");
        text.replace(old, new)
    })
}

/// What both did is in the result, and nothing else.
fn assert_merges(
    path: &str,
    base: &str,
    ours: &[(&str, &str)],
    theirs: &[(&str, &str)],
    expected: &str,
) {
    let (present, wanted) = (edited(base, ours), edited(base, theirs));
    let result = merged(path, base, &present, &wanted);
    assert_eq!(
        result.as_deref(),
        Some(expected),
        "{}",
        result.as_deref().unwrap_or("None")
    );
}

const COMPOSE: &str = "\
# Made by shipway.
name: shop

services:
  web:
    image: shop:1
    environment:
      DEBUG: \"0\"
      WORKERS: \"2\"
    volumes:
      - data:/data
    ports: [\"127.0.0.1:8000:8000\"]

  # The database.
  db:
    image: postgres:16
    environment:
      - POSTGRES_USER=shop

volumes:
  data: {}
";
