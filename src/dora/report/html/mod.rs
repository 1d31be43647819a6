//! The report as one page that needs no network.

mod chart;

use super::line::{Line, duration, lines};
use super::markdown::day;
use super::{Report, Section};
use crate::dora::event::{Intent, Outcome};
use crate::dora::history::{Facts, History};
use crate::dora::metrics::lead_time;
use crate::dora::metrics::percentile::nearest_ranks;
use crate::dora::metrics::recovery::time;
use crate::dora::metrics::window::{Window, monday};
use chart::{Bar, Day, Fault, Size};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

const PAGE: &str = include_str!("page.hbs");
const STYLE: &str = include_str!("page.css");

/// The newest deployments of the window that are listed; more would make the page unwieldy.
const LISTED: usize = 500;
/// Days that the calendar shows at most: the last year of the window.
const CALENDAR: usize = 366;

const WIDE: Size = Size {
    width: 560,
    height: 280,
};
const NARROW: Size = Size {
    width: 330,
    height: 260,
};

/// Upper borders of the ranges of the distribution, in seconds, with their names.
const RANGES: [(i64, &str); 9] = [
    (900, "< 15 min"),
    (3600, "< 1 h"),
    (14_400, "< 4 h"),
    (86_400, "< 1 day"),
    (259_200, "< 3 days"),
    (604_800, "< 1 week"),
    (2_592_000, "< 30 days"),
    (7_776_000, "< 90 days"),
    (i64::MAX, "longer"),
];

/// Why the page could not be made: a fault of shipway, not of the record.
#[derive(Debug, thiserror::Error)]
pub enum HtmlError {
    #[error("a chart: {0}")]
    Chart(#[from] Fault),
    #[error("the page: {0}")]
    Page(#[from] handlebars::RenderError),
    #[error("the template: {0}")]
    Template(#[from] Box<handlebars::TemplateError>),
}

#[derive(Serialize)]
struct Page<'p> {
    style: &'p str,
    from: &'p str,
    to: &'p str,
    tz: &'p str,
    several: bool,
    sections: Vec<Part>,
    notes: &'p [String],
}

#[derive(Serialize)]
struct Part {
    id: String,
    environment: String,
    service: String,
    tiles: Vec<Tile>,
    charts: Vec<Chart>,
    calendar: Option<Calendar>,
    failures: Vec<Failed>,
    notes: Vec<String>,
    deployments: Vec<Deployed>,
    more: Option<String>,
}

#[derive(Serialize)]
struct Tile {
    name: String,
    value: String,
    absent: bool,
    few: bool,
    n: String,
    trend: Option<String>,
    before: Option<String>,
    better: Option<&'static str>,
    verdict: Option<serde_json::Value>,
    target: Option<String>,
}

#[derive(Serialize)]
struct Chart {
    id: String,
    title: &'static str,
    caption: String,
    wide: String,
    narrow: String,
    head: &'static str,
    unit: &'static str,
    rows: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    name: String,
    value: String,
}

#[derive(Serialize)]
struct Calendar {
    id: String,
    svg: String,
    caption: String,
}

#[derive(Serialize)]
struct Failed {
    deployment: String,
    sign: String,
    what: String,
    restored: Option<String>,
    open: bool,
    recovery: String,
}

#[derive(Serialize)]
struct Deployed {
    at: String,
    version: String,
    commit: String,
    outcome: String,
    failed: bool,
    took: String,
    changes: usize,
    lead: String,
}

/// The page. `report` must hold buckets and the window before, `history` rows.
///
/// # Errors
/// None that a record could cause.
pub fn write(report: &Report, history: &History, window: &Window) -> Result<String, HtmlError> {
    let sections = report.reports.iter().zip(&history.accounts).enumerate();
    let page = Page {
        style: STYLE,
        from: day(&report.window.from),
        to: day(&report.window.to),
        tz: &report.window.tz,
        several: report.reports.len() > 1,
        sections: sections
            .map(|(place, (section, facts))| part(place, section, facts, window))
            .collect::<Result<_, _>>()?,
        notes: &report.notes,
    };
    let mut handlebars = handlebars::Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars
        .register_template_string("page", PAGE)
        .map_err(Box::new)?;
    Ok(handlebars.render("page", &page)?)
}

fn part(place: usize, section: &Section, facts: &Facts, window: &Window) -> Result<Part, Fault> {
    let places = window.places(facts);
    let mut deployments: Vec<Deployed> = deployed(facts, window);
    let all = places.len();
    deployments.truncate(LISTED);
    let failures = facts.failures.failures.iter();
    Ok(Part {
        id: format!("p{place}"),
        environment: section.environment.clone(),
        service: section.service.clone(),
        tiles: lines(section).into_iter().map(tile).collect(),
        charts: vec![distribution(place, facts, window)?, trend(place, section)?],
        calendar: calendar(place, facts, window)?,
        failures: failures
            .filter(|failure| places.contains(&failure.place))
            .map(|failure| {
                let mut what = Vec::new();
                if failure.outcome_failed {
                    what.push("failed after it took traffic".to_owned());
                }
                if failure.rollback.is_some() {
                    what.push("taken out by a rollback".to_owned());
                }
                if !failure.incidents.is_empty() {
                    what.push(format!("incident {}", failure.incidents.join(", ")));
                }
                Failed {
                    deployment: name(facts, failure.place),
                    sign: time(failure.sign),
                    what: what.join("; "),
                    restored: failure.restored.map(time),
                    open: failure.restored.is_none(),
                    recovery: failure.restored.map_or_else(
                        || "–".to_owned(),
                        |restored| duration(restored - failure.sign),
                    ),
                }
            })
            .collect(),
        notes: section.notes(),
        more: (all > LISTED).then(|| format!("The newest {LISTED} of {all}.")),
        deployments,
    })
}

/// Version of a deployment where it has one, else the beginning of its id.
fn name(facts: &Facts, place: usize) -> String {
    let told = &facts.account.deployments[place];
    let version = told
        .event
        .release
        .as_ref()
        .and_then(|release| release.version.as_ref());
    version.map_or_else(|| format!("{:.12}", told.id), ToString::to_string)
}

fn tile(line: Line) -> Tile {
    Tile {
        name: line.name.replace("… ", "Lead time "),
        value: line.value,
        absent: line.absent,
        few: line.few,
        n: line.n.map(|n| format!("n = {n}")).unwrap_or_default(),
        better: line
            .trend
            .as_ref()
            .and_then(|trend| trend.better)
            .map(|better| if better { "better" } else { "worse" }),
        trend: line.trend.map(|trend| trend.text),
        before: line.before,
        verdict: line
            .verdict
            .and_then(|verdict| serde_json::to_value(verdict).ok()),
        target: line.target,
    }
}

fn distribution(place: usize, facts: &Facts, window: &Window) -> Result<Chart, Fault> {
    let mut counts = [0_usize; RANGES.len()];
    for number in window.numbers(facts) {
        for value in lead_time::of(facts, number) {
            let range = RANGES.iter().position(|(border, _)| value < *border);
            counts[range.unwrap_or(RANGES.len() - 1)] += 1;
        }
    }
    let bars: Vec<Bar> = RANGES
        .iter()
        .zip(counts)
        .map(|((_, name), count)| Bar {
            name: (*name).to_owned(),
            count,
        })
        .collect();
    let total: usize = counts.iter().sum();
    Ok(Chart {
        id: format!("c{place}a"),
        title: "Change lead time, distribution",
        caption: format!("{total} changes by how long each took from commit to deployment."),
        wide: chart::bars(&bars, WIDE)?,
        narrow: chart::bars(&bars, NARROW)?,
        head: "Lead time",
        unit: "Changes",
        rows: bars
            .into_iter()
            .map(|bar| Named {
                name: bar.name,
                value: bar.count.to_string(),
            })
            .collect(),
    })
}

fn trend(place: usize, section: &Section) -> Result<Chart, Fault> {
    let values: Vec<Option<i64>> = section
        .buckets
        .iter()
        .map(|bucket| bucket.figures.change_lead_time.p50)
        .collect();
    let names: Vec<String> = section
        .buckets
        .iter()
        .map(|bucket| bucket.from.get(..10).unwrap_or(&bucket.from).to_owned())
        .collect();
    let target = section
        .targets
        .iter()
        .find(|target| target.name == "lead_time_p50");
    let target = target.and_then(|target| target.target.as_i64());
    Ok(Chart {
        id: format!("c{place}b"),
        title: "Change lead time, trend",
        caption: "The p50 of what was deployed in each part of the window; a gap where no change \
                  was. The dashed line is the target, where it is near."
            .to_owned(),
        wide: chart::trend(&values, &names, target, WIDE)?,
        narrow: chart::trend(&values, &names, target, NARROW)?,
        head: "From",
        unit: "p50",
        rows: names
            .into_iter()
            .zip(&values)
            .map(|(name, value)| Named {
                name,
                value: value.map_or_else(|| "no change".to_owned(), duration),
            })
            .collect(),
    })
}

fn calendar(place: usize, facts: &Facts, window: &Window) -> Result<Option<Calendar>, Fault> {
    let mut days = window.days();
    days.drain(..days.len().saturating_sub(CALENDAR));
    let Some(first) = days.first().map(|day| monday(*day)) else {
        return Ok(None);
    };
    let mut deployments: BTreeMap<jiff::civil::Date, (usize, bool)> = BTreeMap::new();
    for number in window.places(facts) {
        let told = &facts.account.deployments[number];
        if told.event.took_traffic {
            deployments
                .entry(window.day(told.finished()))
                .or_default()
                .0 += 1;
        }
    }
    for failure in &facts.failures.failures {
        let finished = facts.account.deployments[failure.place].finished();
        if window.holds(finished) {
            deployments.entry(window.day(finished)).or_default().1 = true;
        }
    }
    let cells: Vec<Day> = days
        .iter()
        .map(|day| {
            let since = first.duration_until(*day).as_hours() / 24;
            let since = usize::try_from(since).unwrap_or(0);
            let (count, failed) = deployments.get(day).copied().unwrap_or_default();
            Day {
                week: since / 7,
                weekday: since % 7,
                deployments: count,
                failed,
                month: (day.day() == 1).then(|| day.strftime("%b %y").to_string()),
            }
        })
        .collect();
    let with = cells.iter().filter(|day| day.deployments > 0).count();
    let failed = cells.iter().filter(|day| day.failed).count();
    let (svg, _) = chart::calendar(&cells)?;
    Ok(Some(Calendar {
        id: format!("k{place}"),
        svg,
        caption: format!(
            "{with} of the last {} days with a deployment that took traffic; the darker, the more. A dot \
             marks the {failed} days with one that failed.",
            cells.len()
        ),
    }))
}

/// The deployments of the window, the newest first.
fn deployed(facts: &Facts, window: &Window) -> Vec<Deployed> {
    let numbers: HashMap<usize, usize> = facts
        .list
        .iter()
        .enumerate()
        .map(|(number, place)| (*place, number))
        .collect();
    let failed: std::collections::HashSet<usize> = facts
        .failures
        .failures
        .iter()
        .map(|failure| failure.place)
        .collect();
    window
        .places(facts)
        .rev()
        .take(LISTED + 1)
        .map(|place| {
            let told = &facts.account.deployments[place];
            let mut values: Vec<i64> = numbers
                .get(&place)
                .map(|number| lead_time::of(facts, *number).collect())
                .unwrap_or_default();
            let changes = values.len();
            let intent = match told.event.intent {
                Intent::Release if facts.rollback[place] => ", a rollback",
                Intent::Release => "",
                Intent::Rollback => ", a rollback",
                Intent::Hotfix => ", a hotfix",
                Intent::Redeploy => ", again",
            };
            let outcome = match told.event.outcome {
                Outcome::Succeeded => "succeeded",
                Outcome::Failed => "failed",
                Outcome::Cancelled => "cancelled",
            };
            let is_failed = failed.contains(&place);
            let then = if is_failed && told.event.outcome == Outcome::Succeeded {
                ", then failed"
            } else {
                ""
            };
            let version = told
                .event
                .release
                .as_ref()
                .and_then(|release| release.version.as_ref());
            Deployed {
                at: time(told.finished()),
                version: version.map(ToString::to_string).unwrap_or_default(),
                commit: format!("{:.10}", told.event.commit),
                outcome: format!("{outcome}{then}{intent}"),
                failed: is_failed || told.event.outcome == Outcome::Failed,
                took: duration(told.finished() - told.started()),
                changes,
                lead: nearest_ranks(&mut values, [50])
                    .map_or_else(|| "–".to_owned(), |[p50]| duration(p50)),
            }
        })
        .collect()
}
