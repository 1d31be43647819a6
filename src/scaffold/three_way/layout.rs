//! Where the entries of a YAML node stand: whole lines, each entry's own.

use super::yaml::{Document, Node, Shape};
use std::borrow::Cow;
use std::ops::Range;

/// Lines of a document that hold the entries of one node, and nothing else.
pub(super) struct Part<'d> {
    document: &'d Document<'d>,
    pub node: &'d Node,
    lines: Range<usize>,
    /// Bytes of the first line that belong to what is around it, as the dash of an item.
    pub masked: usize,
    is_whole: bool,
}

pub(super) struct Layout<'d> {
    /// Where every entry begins (in bytes, all of them spaces).
    pub column: usize,
    /// What stands above the first entry and is not about it.
    pub head: Range<usize>,
    pub rows: Vec<Row<'d>>,
    pub tail: Range<usize>,
}

pub(super) struct Row<'d> {
    /// Blank lines and comments above.
    pub lead: Range<usize>,
    pub body: Range<usize>,
    pub node: &'d Node,
}

impl<'d> Part<'d> {
    pub(super) fn whole(document: &'d Document<'d>) -> Option<Self> {
        Some(Self {
            document,
            node: document.root()?,
            lines: 0..document.lines.len(),
            masked: 0,
            is_whole: true,
        })
    }

    pub(super) fn line(&self, at: usize) -> Cow<'d, str> {
        let line = self.document.lines[at];
        if at == self.lines.start && self.masked > 0 {
            Cow::Owned(format!(
                "{}{}",
                " ".repeat(self.masked),
                &line[self.masked..]
            ))
        } else {
            Cow::Borrowed(line)
        }
    }

    /// Whether a line has no content.
    fn is_filling(&self, at: usize) -> bool {
        let line = self.line(at);
        let is_marker = || {
            let marks = ["---", "...", "%"];
            marks.iter().any(|mark| line.starts_with(mark))
        };
        line.trim().is_empty() || is_comment(&line) || (self.is_whole && is_marker())
    }

    /// None where entries do not begin on lines of their own.
    pub(super) fn layout(&self) -> Option<Layout<'d>> {
        let children: Vec<(Option<(usize, usize)>, &Node)> = match &self.node.shape {
            _ if !self.node.is_block => return None,
            Shape::Map(entries) => entries.iter().map(|e| (Some(e.at), &e.node)).collect(),
            Shape::List(items) => items.iter().map(|item| (None, item)).collect(),
            Shape::Scalar(_) => return None,
        };
        let next = |from: usize| (from..self.lines.end).find(|at| !self.is_filling(*at));
        let column = indent(&self.line(next(self.lines.start)?));
        let mut rows = Vec::new();
        let mut at = self.lines.start;
        for (key, node) in children {
            let line = next(at)?;
            let text = self.line(line);
            let begins = match key {
                Some(key) => key == (line, column),
                None => is_dash(text.get(column..)?),
            };
            if indent(&text) != column || !begins {
                return None;
            }
            let content = node.last.max(line) + 1;
            let mut end = content;
            for below in content..self.lines.end {
                let text = self.line(below);
                if is_comment(&text) && indent(&text) > column {
                    end = below + 1;
                } else if !text.trim().is_empty() {
                    break;
                }
            }
            rows.push(Row {
                lead: at..line,
                body: line..end,
                node,
            });
            at = end;
        }
        if at > self.lines.end || next(at).is_some() {
            return None;
        }
        let first = rows.first_mut()?;
        let about = first.lead.clone().rev();
        let split = about
            .take_while(|at| is_comment(&self.line(*at)))
            .last()
            .unwrap_or(first.lead.end);
        let head = first.lead.start..split;
        first.lead.start = split;
        Some(Layout {
            column,
            head,
            rows,
            tail: at..self.lines.end,
        })
    }

    /// The lines, each ended, further in by `shift`; None where they have no room to go out.
    pub(super) fn text(&self, lines: Range<usize>, shift: isize) -> Option<String> {
        let mut text = String::new();
        for at in lines {
            let line = self.line(at);
            let line = line.strip_suffix('\n').unwrap_or(&line);
            if !line.trim().is_empty() && shift > 0 {
                text.push_str(&" ".repeat(shift.unsigned_abs()));
            }
            let out = if shift < 0 { shift.unsigned_abs() } else { 0 };
            if line.trim().is_empty() {
                text.push_str(line);
            } else {
                let room = indent(line) >= out;
                text.push_str(room.then(|| &line[out..])?);
            }
            text.push('\n');
        }
        Some(text)
    }

    /// What is nested in a row, and how many lines stand above it there.
    pub(super) fn inner(&self, row: &Row<'d>, column: usize) -> Option<(usize, Self)> {
        let start = row.body.start;
        let line = self.line(start);
        let behind = line[column..].strip_prefix('-').unwrap_or_default();
        let content = behind.trim_start_matches(' ');
        let is_inline = matches!(self.node.shape, Shape::List(_)) && !content.trim().is_empty();
        let above = usize::from(!is_inline);
        let masked = column + 1 + behind.len() - content.len();
        let part = Self {
            document: self.document,
            node: row.node,
            lines: start + above..row.body.end,
            masked: if is_inline { masked } else { 0 },
            is_whole: false,
        };
        (row.node.is_block).then_some((above, part))
    }

    /// A row of one line around its scalar: before it, itself, behind it.
    pub(super) fn pieces(&self, row: &Row, shift: isize) -> Option<[String; 3]> {
        let (line, bytes) = row.node.raw.as_ref()?;
        if *line != row.body.start || row.body.len() != 1 {
            return None;
        }
        let text = self.text(row.body.clone(), shift)?;
        let start = bytes.start.checked_add_signed(shift)?;
        let end = bytes.end.checked_add_signed(shift)?;
        Some([text.get(..start)?, text.get(start..end)?, text.get(end..)?].map(str::to_owned))
    }

    pub(super) fn ids(&self) -> Option<Vec<String>> {
        match &self.node.shape {
            Shape::Map(entries) => Some(entries.iter().map(|e| e.key.clone()).collect()),
            _ => None,
        }
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

fn is_dash(text: &str) -> bool {
    (text.strip_prefix('-')).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\n']))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
