//! Charts as SVG. Colours are marks that the page's style sheet gives their real colour, by day
//! and in the dark.

use super::super::line::duration;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Marks, not colours: see `page.css`.
const INK: RGBColor = RGBColor(1, 1, 1);
const GRID: RGBColor = RGBColor(3, 3, 3);
const ACCENT: RGBColor = RGBColor(4, 4, 4);
const BAD: RGBColor = RGBColor(5, 5, 5);
/// Of the calendar, from none to many.
const LEVELS: [RGBColor; 5] = [
    RGBColor(7, 7, 0),
    RGBColor(7, 7, 1),
    RGBColor(7, 7, 2),
    RGBColor(7, 7, 3),
    RGBColor(7, 7, 4),
];

/// A chart cannot be drawn; with output into memory only a fault of the crate.
pub(super) type Fault = DrawingAreaErrorKind<std::io::Error>;

/// Width and height in units of the drawing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Size {
    fn is_narrow(self) -> bool {
        self.width < 500
    }

    fn font(self) -> u32 {
        if self.is_narrow() { 14 } else { 15 }
    }
}

/// How many values lie in each of the ranges; a bar each.
#[derive(Debug, Clone)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) count: usize,
}

fn text(size: Size, colour: RGBColor, horizontal: HPos) -> TextStyle<'static> {
    ("sans-serif", size.font())
        .into_font()
        .color(&colour)
        .pos(Pos::new(horizontal, VPos::Center))
}

fn whole(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// Pixels from `0` to `length` for the share `part / of`.
fn share(length: i32, part: usize, of: usize) -> i32 {
    if of == 0 {
        return 0;
    }
    let long =
        i64::from(length) * i64::try_from(part).unwrap_or(0) / i64::try_from(of).unwrap_or(1);
    i32::try_from(long).unwrap_or(length)
}

/// Horizontal bars, each with its name before and its count after it.
///
/// # Errors
/// None that a reader could cause.
pub(super) fn bars(bars: &[Bar], size: Size) -> Result<String, Fault> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (size.width, size.height)).into_drawing_area();
        let width = whole(size.width as usize);
        let row = whole(size.height as usize) / whole(bars.len().max(1));
        let (left, right) = (if size.is_narrow() { 92 } else { 104 }, 60);
        let most = bars.iter().map(|bar| bar.count).max().unwrap_or(0);
        for (place, bar) in bars.iter().enumerate() {
            let top = row * whole(place);
            let middle = top + row / 2;
            area.draw(&Text::new(
                bar.name.clone(),
                (left - 10, middle),
                text(size, INK, HPos::Right),
            ))?;
            let end = left
                + share(width - left - right, bar.count, most).max(i32::from(bar.count > 0) * 2);
            area.draw(&Rectangle::new(
                [(left, top + row / 6), (end, top + row - row / 6)],
                ACCENT.filled(),
            ))?;
            area.draw(&Text::new(
                bar.count.to_string(),
                (end + 8, middle),
                text(size, INK, HPos::Left),
            ))?;
        }
        area.present()?;
    }
    Ok(svg)
}

/// A value over time with a gap where it is absent. `names` label the places below; `target`
/// is drawn as a line across. All in seconds, from 0.
///
/// # Errors
/// None that a reader could cause.
pub(super) fn trend(
    values: &[Option<i64>],
    names: &[String],
    target: Option<i64>,
    size: Size,
) -> Result<String, Fault> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (size.width, size.height)).into_drawing_area();
        let known = values.iter().flatten().copied();
        // A target far above the values would press them flat.
        let most_known = known.clone().max().unwrap_or(0);
        let target = target.filter(|target| *target <= most_known.saturating_mul(3));
        let most = most_known.max(target.unwrap_or(0)).max(60);
        let (step, top) = steps(most);
        let count = values.len().max(2);
        let left = if size.is_narrow() { 70 } else { 84 };
        let mut chart = ChartBuilder::on(&area)
            .margin_top(10)
            .margin_right(if size.is_narrow() { 12 } else { 24 })
            .x_label_area_size(30)
            .y_label_area_size(left)
            .build_cartesian_2d(0.0..place(count - 1), 0.0..seconds(top))?;
        for level in 0..=top / step {
            let ends = [
                (0.0, seconds(level * step)),
                (place(count - 1), seconds(level * step)),
            ];
            let (x, y) = chart.backend_coord(&ends[0]);
            chart.draw_series([PathElement::new(ends, GRID.stroke_width(1))])?;
            let label = Text::new(
                duration(level * step),
                (x - 8, y),
                text(size, INK, HPos::Right),
            );
            area.draw(&label)?;
        }
        let every = values
            .len()
            .div_ceil(if size.is_narrow() { 3 } else { 5 })
            .max(1);
        if let Some(target) = target {
            chart.draw_series(DashedLineSeries::new(
                [(0.0, seconds(target)), (place(count - 1), seconds(target))],
                6,
                5,
                BAD.stroke_width(2),
            ))?;
        }
        for run in runs(values) {
            chart.draw_series(LineSeries::new(run.iter().copied(), ACCENT.stroke_width(3)))?;
            chart.draw_series(
                run.iter()
                    .map(|point| Circle::new(*point, 4, ACCENT.filled())),
            )?;
        }
        // The crate labels numbers at places of its own choice; these are names.
        for (number, name) in names.iter().enumerate().step_by(every) {
            let (x, _) = chart.backend_coord(&(place(number), 0.0));
            let y = whole(size.height as usize) - 14;
            let half = whole(name.chars().count()) * 4;
            let x = x.clamp(half, whole(size.width as usize) - half);
            area.draw(&Text::new(
                name.clone(),
                (x, y),
                text(size, INK, HPos::Center),
            ))?;
        }
        area.present()?;
    }
    Ok(svg)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a number of buckets is exact in f64"
)]
fn place(number: usize) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of centuries are exact in f64"
)]
fn seconds(seconds: i64) -> f64 {
    seconds as f64
}

/// Distance of the lines and end of an axis from 0 that holds `most` seconds, in lengths that a
/// person counts in.
fn steps(most: i64) -> (i64, i64) {
    const STEPS: [i64; 22] = [
        15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800,
        432_000, 864_000, 1_728_000, 4_320_000, 8_640_000, 17_280_000, 43_200_000,
    ];
    let step = STEPS
        .into_iter()
        .find(|step| most / step < 5)
        .unwrap_or_else(|| (most / 4 / 86_400 + 1) * 86_400);
    (step, (most / step + 1) * step)
}

/// The stretches of neighbouring known values, each with its place.
fn runs(values: &[Option<i64>]) -> Vec<Vec<(f64, f64)>> {
    let mut runs: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for (number, value) in values.iter().enumerate() {
        match (value, runs.last_mut()) {
            (Some(value), Some(run)) => run.push((place(number), seconds(*value))),
            (None, Some(run)) if !run.is_empty() => runs.push(Vec::new()),
            _ => {}
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// A day of the calendar.
#[derive(Debug, Clone)]
pub(super) struct Day {
    /// Weeks since the first shown.
    pub(super) week: usize,
    /// From Monday, 0.
    pub(super) weekday: usize,
    pub(super) deployments: usize,
    pub(super) failed: bool,
    /// Name of its month where it begins one.
    pub(super) month: Option<String>,
}

/// A column a week, a row a weekday; darker with more deployments, with a mark where one failed.
/// Its size follows from the number of weeks.
///
/// # Errors
/// None that a reader could cause.
pub(super) fn calendar(days: &[Day]) -> Result<(String, Size), Fault> {
    let weeks = days.last().map_or(1, |day| day.week + 1);
    let (cell, gap, left, top) = (14, 3, 42, 22);
    let pitch = cell + gap;
    let size = Size {
        width: u32::try_from(left + pitch * whole(weeks) + 8).unwrap_or(800),
        height: u32::try_from(top + pitch * 7 + 2).unwrap_or(160),
    };
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (size.width, size.height)).into_drawing_area();
        for (row, name) in [(0, "Mon"), (2, "Wed"), (4, "Fri")] {
            let y = top + pitch * row + cell / 2;
            area.draw(&Text::new(
                name,
                (left - 8, y),
                text(size, INK, HPos::Right),
            ))?;
        }
        let mut free = 0;
        let most = days.iter().map(|day| day.deployments).max().unwrap_or(0);
        for day in days {
            let x = left + pitch * whole(day.week);
            let y = top + pitch * whole(day.weekday);
            let level = if day.deployments == 0 {
                0
            } else {
                (day.deployments * 4).div_ceil(most.max(1))
            };
            area.draw(&Rectangle::new(
                [(x, y), (x + cell, y + cell)],
                LEVELS[level.min(4)].filled(),
            ))?;
            if day.failed {
                area.draw(&Circle::new((x + cell / 2, y + cell / 2), 4, BAD.filled()))?;
            }
            if let Some(month) = &day.month
                && x >= free
            {
                area.draw(&Text::new(
                    month.clone(),
                    (x, 8),
                    text(size, INK, HPos::Left),
                ))?;
                free = x + 34;
            }
        }
        area.present()?;
    }
    Ok((svg, size))
}
