//! YAML merged entry by entry, as whole lines: what neither side changed keeps its bytes.
//!
//! An entry owns the lines from the comments right above it to its last line; what is nested in it
//! is merged the same way where both sides changed it.

use super::Side;
use super::identity::{self, Step};
use super::layout::{Layout, Part, Row};
use super::value::Value;
use super::yaml::{Document, Shape};
use crate::git::patch;
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

/// The only change of the three.
fn changed<'t>(base: Option<&str>, present: &'t str, wanted: &'t str) -> Option<&'t str> {
    if present == wanted || base == Some(wanted) {
        Some(present)
    } else {
        (base == Some(present)).then_some(wanted)
    }
}

/// A line that both changed, where one of them changed only the comment behind it.
fn told(base: Option<&str>, ours: &str, theirs: &str) -> Option<String> {
    let parts = |line| str::find(line, " #").map_or((line, "\n"), |at| line.split_at(at));
    let [base, ours, theirs] = [base?, ours, theirs].map(|line| parts(line.trim_end_matches('\n')));
    let code = changed(Some(base.0), ours.0, theirs.0)?;
    let comment = changed(Some(base.1), ours.1, theirs.1).unwrap_or(ours.1);
    Some(format!("{code}{}\n", comment.trim_end_matches('\n')))
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
        && identity::is_contested(&old, &mine, &new, favour)
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
        Value::List(items) => Some(items),
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
            None => match told(old_head, &head, &their_head) {
                Some(head) => head,
                None => self.favoured(head.clone(), their_head)?,
            },
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
