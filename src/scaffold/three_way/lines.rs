//! YAML merged entry by entry, as whole lines: what neither side changed keeps its bytes.
//!
//! An entry owns the lines from the comments right above it to its last line; what is nested in it
//! is merged the same way where both sides changed it.

use super::Side;
use super::identity::{self, Step};
use super::yaml::{Document, Node, Shape};
use crate::git::patch;
use std::borrow::Cow;
use std::ops::Range;

/// None where both changed the same and no side is favoured, or where one is not laid out in
/// lines.
pub(super) fn merge(
    base: &Document,
    present: &Document,
    wanted: &Document,
    favour: Option<Side>,
) -> Option<String> {
    let [base, ours, theirs] = [base, present, wanted].map(Part::whole);
    let mut text = merge_parts(Some(&base?), &ours?, &theirs?, favour)?;
    if !present
        .lines
        .last()
        .is_some_and(|line| line.ends_with('\n'))
    {
        text.pop();
    }
    Some(text)
}

/// Lines of a document that hold the entries of one node, and nothing else.
struct Part<'d> {
    document: &'d Document<'d>,
    node: &'d Node,
    lines: Range<usize>,
    /// Bytes of the first line that belong to what is around it, as the dash of an item.
    masked: usize,
    is_whole: bool,
}

struct Layout<'d> {
    /// Where every entry begins (in bytes, all of them spaces).
    column: usize,
    /// What stands above the first entry and is not about it.
    head: Range<usize>,
    rows: Vec<Row<'d>>,
    tail: Range<usize>,
}

struct Row<'d> {
    /// Blank lines and comments above.
    lead: Range<usize>,
    body: Range<usize>,
    node: &'d Node,
}

impl<'d> Part<'d> {
    fn whole(document: &'d Document<'d>) -> Option<Self> {
        Some(Self {
            document,
            node: document.root()?,
            lines: 0..document.lines.len(),
            masked: 0,
            is_whole: true,
        })
    }

    fn line(&self, at: usize) -> Cow<'d, str> {
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
    fn layout(&self) -> Option<Layout<'d>> {
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
            let mut end = node.last.max(line) + 1;
            for below in end..self.lines.end {
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
    fn text(&self, lines: Range<usize>, shift: isize) -> Option<String> {
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
    fn inner(&self, row: &Row<'d>, column: usize) -> Option<(usize, Self)> {
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
    fn pieces(&self, row: &Row, shift: isize) -> Option<[String; 3]> {
        let (line, bytes) = row.node.raw.as_ref()?;
        if *line != row.body.start || row.body.len() != 1 {
            return None;
        }
        let text = self.text(row.body.clone(), shift)?;
        let start = bytes.start.checked_add_signed(shift)?;
        let end = bytes.end.checked_add_signed(shift)?;
        Some([text.get(..start)?, text.get(start..end)?, text.get(end..)?].map(str::to_owned))
    }

    fn ids(&self) -> Option<Vec<String>> {
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

/// The only change of the three.
fn changed<'t>(base: Option<&str>, present: &'t str, wanted: &'t str) -> Option<&'t str> {
    if present == wanted || base == Some(wanted) {
        Some(present)
    } else {
        (base == Some(present)).then_some(wanted)
    }
}

/// A part with its layout and the way to where its lines go.
struct Laid<'p, 'd> {
    part: &'p Part<'d>,
    layout: Layout<'d>,
    shift: isize,
}

impl<'p, 'd> Laid<'p, 'd> {
    fn new(part: &'p Part<'d>, layout: Layout<'d>, column: usize) -> Option<Self> {
        let shift = isize::try_from(column).ok()? - isize::try_from(layout.column).ok()?;
        Some(Self {
            part,
            layout,
            shift,
        })
    }

    fn text(&self, lines: &Range<usize>) -> Option<String> {
        self.part.text(lines.clone(), self.shift)
    }

    fn row(&self, at: usize) -> &Row<'d> {
        &self.layout.rows[at]
    }
}

fn merge_parts(
    base: Option<&Part>,
    present: &Part,
    wanted: &Part,
    favour: Option<Side>,
) -> Option<String> {
    let ours = present.layout()?;
    let column = ours.column;
    let ours = Laid::new(present, ours, column)?;
    let theirs = Laid::new(wanted, wanted.layout()?, column)?;
    let base = match base {
        Some(base) => Some(Laid::new(base, base.layout()?, column)?),
        None => None,
    };
    let [old, mine, new] = identities(base.as_ref().map(|b| b.part), present, wanted)?;
    if matches!(present.node.shape, Shape::List(_))
        && favour != Some(Side::Ours)
        && identity::is_contested(&old, &mine, &new)
    {
        return None;
    }
    let merge = Merge {
        base,
        ours,
        theirs,
        favour,
    };
    let around = |of: fn(&Layout) -> Range<usize>| {
        let old = merge.base.as_ref().map(|laid| of(&laid.layout));
        merge.filling(
            old.as_ref(),
            &of(&merge.ours.layout),
            &of(&merge.theirs.layout),
        )
    };
    let mut text = around(|layout| layout.head.clone())?;
    for step in identity::steps(&old, &mine, &new) {
        text.push_str(&merge.step(&step)?);
    }
    text.push_str(&around(|layout| layout.tail.clone())?);
    Some(text)
}

fn identities(base: Option<&Part>, present: &Part, wanted: &Part) -> Option<[Vec<String>; 3]> {
    let of_list = |part: &Part| match part.node.value() {
        super::value::Value::List(items) => Some(items),
        _ => None,
    };
    if let (Some(ours), Some(theirs)) = (present.ids(), wanted.ids()) {
        let old = match base {
            Some(base) => base.ids()?,
            None => Vec::new(),
        };
        return Some([old, ours, theirs]);
    }
    let lists = [of_list(base?)?, of_list(present)?, of_list(wanted)?];
    identity::of(&lists.each_ref().map(|list| list.iter().collect()))
}

struct Merge<'p, 'd> {
    base: Option<Laid<'p, 'd>>,
    ours: Laid<'p, 'd>,
    theirs: Laid<'p, 'd>,
    favour: Option<Side>,
}

impl<'p, 'd> Merge<'p, 'd> {
    fn favoured(&self, ours: String, theirs: String) -> Option<String> {
        Some(match self.favour? {
            Side::Ours => ours,
            Side::Theirs => theirs,
        })
    }

    /// Comments and blank lines; where both changed the same ones, the user's stay.
    fn filling(
        &self,
        base: Option<&Range<usize>>,
        ours: &Range<usize>,
        theirs: &Range<usize>,
    ) -> Option<String> {
        let base = match (&self.base, base) {
            (Some(laid), Some(lines)) => laid.text(lines),
            _ => None,
        };
        let (ours, theirs) = (self.ours.text(ours)?, self.theirs.text(theirs)?);
        if let Some(changed) = changed(base.as_deref(), &ours, &theirs) {
            return Some(changed.to_owned());
        }
        Some(lines(base.as_deref(), &ours, &theirs).unwrap_or(ours))
    }

    fn step(&self, step: &Step) -> Option<String> {
        let (ours, theirs) = (&self.ours, &self.theirs);
        match *step {
            Step::New { wanted } => {
                let row = theirs.row(wanted);
                theirs.text(&(row.lead.start..row.body.end))
            }
            Step::Mine { base, present } => {
                let row = ours.row(present);
                let whole = ours.text(&(row.lead.start..row.body.end))?;
                let (Some(at), Some(base)) = (base, &self.base) else {
                    return Some(whole);
                };
                let old = base.row(at);
                let lead = ours.text(&row.lead)?;
                let left = if Some(&lead) == base.text(&old.lead).as_ref() {
                    String::new()
                } else {
                    lead
                };
                if base.text(&old.body) == ours.text(&row.body) {
                    Some(left)
                } else {
                    self.favoured(whole, left)
                }
            }
            Step::Both {
                base,
                present,
                wanted,
            } => {
                let old = match (base, &self.base) {
                    (Some(at), Some(laid)) => Some(&laid.row(at).lead),
                    _ => None,
                };
                let lead = self.filling(old, &ours.row(present).lead, &theirs.row(wanted).lead)?;
                Some(lead + &self.bodies(base, present, wanted)?)
            }
        }
    }

    fn bodies(&self, base: Option<usize>, present: usize, wanted: usize) -> Option<String> {
        let old = match (base, &self.base) {
            (Some(at), Some(laid)) => Some((laid, laid.row(at))),
            _ => None,
        };
        let (mine, new) = (self.ours.row(present), self.theirs.row(wanted));
        let (ours, theirs) = (self.ours.text(&mine.body)?, self.theirs.text(&new.body)?);
        let before = old.and_then(|(laid, row)| laid.text(&row.body));
        if let Some(changed) = changed(before.as_deref(), &ours, &theirs) {
            return Some(changed.to_owned());
        }
        self.nested(old, mine, new)
            .or_else(|| self.scalars(old, mine, new))
            .or_else(|| lines(before.as_deref(), &ours, &theirs))
            .or_else(|| self.favoured(ours, theirs))
    }

    fn nested(
        &self,
        old: Option<(&Laid<'p, 'd>, &Row<'d>)>,
        mine: &Row<'d>,
        new: &Row<'d>,
    ) -> Option<String> {
        let inner = |laid: &Laid<'p, 'd>, row: &Row<'d>| {
            let (above, part) = laid.part.inner(row, laid.layout.column)?;
            let head = laid.text(&(row.body.start..row.body.start + above))?;
            Some((head, part))
        };
        let (head, present) = inner(&self.ours, mine)?;
        let (their_head, wanted) = inner(&self.theirs, new)?;
        let old = match old {
            Some((laid, row)) => Some(inner(laid, row)?),
            None => None,
        };
        let old_head = old.as_ref().map(|(head, _)| head.as_str());
        let old = old.as_ref().map(|(_, part)| part);
        let is_map = |part: &Part| matches!(part.node.shape, Shape::Map(_));
        if is_map(&present) != is_map(&wanted)
            || old.is_some_and(|old| is_map(old) != is_map(&present))
        {
            return None;
        }
        let head = match changed(old_head, &head, &their_head) {
            Some(head) => head.to_owned(),
            None => self.favoured(head.clone(), their_head)?,
        };
        let text = merge_parts(old, &present, &wanted, self.favour)?;
        let hidden = text.get(..present.masked)?;
        if !hidden.trim_matches(' ').is_empty() || text.is_empty() {
            return None;
        }
        let line = self.ours.part.line(mine.body.start);
        let shown = &line[..present.masked];
        Some(format!("{head}{shown}{}", &text[present.masked..]))
    }

    /// A scalar on a line, apart from the comment behind it.
    fn scalars(
        &self,
        old: Option<(&Laid<'p, 'd>, &Row<'d>)>,
        mine: &Row<'d>,
        new: &Row<'d>,
    ) -> Option<String> {
        let (laid, old) = old?;
        let [before, raw, behind] = self.ours.part.pieces(mine, self.ours.shift)?;
        let theirs = self.theirs.part.pieces(new, self.theirs.shift)?;
        let base = laid.part.pieces(old, laid.shift)?;
        let (was, is, becomes) = (old.node.value(), mine.node.value(), new.node.value());
        let raw = if is == becomes || was == becomes {
            raw
        } else if was == is {
            theirs[1].clone()
        } else {
            self.favoured(raw, theirs[1].clone())?
        };
        let before = changed(Some(&base[0]), &before, &theirs[0])?;
        let behind = changed(Some(&base[2]), &behind, &theirs[2]).unwrap_or(&behind);
        Some(format!("{before}{raw}{behind}"))
    }
}

fn lines(base: Option<&str>, ours: &str, theirs: &str) -> Option<String> {
    let merged = patch::merge(base?.as_bytes(), ours.as_bytes(), theirs.as_bytes())?;
    String::from_utf8(merged).ok()
}
