//! The window that a command of the record looks at, from its flags.

use super::super::{Exit, Failure};
use crate::dora::event::Time;
use crate::dora::metrics::window::{Bucket, Window, start_of};
use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo};

/// How long the window is where nothing says so.
const LAST: &str = "90d";

#[derive(Debug, Args)]
pub(super) struct WindowArguments {
    /// Begin of the window: a day, or a time in RFC 3339
    #[arg(long, value_name = "TIME", conflicts_with = "last")]
    from: Option<String>,
    /// End of the window, itself not in it; now where absent
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// The window that ends at --to and is so long: 90d, 12w, 6mo; 90d where absent
    #[arg(long, value_name = "SPAN")]
    last: Option<String>,
    /// Time zone in which days begin, by its IANA name
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
}

/// The window; `tz` is the zone that the configuration names.
pub(super) fn window(
    arguments: &WindowArguments,
    tz: Option<&str>,
    now: Time,
) -> Result<Window, Failure> {
    let name = arguments.tz.as_deref().or(tz).unwrap_or("UTC");
    let tz = if name == "UTC" {
        // The database of zones need not be opened for it.
        TimeZone::UTC
    } else {
        TimeZone::get(name).map_err(|_| {
            Failure::new(
                Exit::Usage,
                format!("{name:?} is no time zone"),
                "give a name of the IANA database, such as Europe/Amsterdam",
            )
        })?
    };
    let to = match &arguments.to {
        Some(text) => moment(text, &tz, "--to")?,
        // A deployment that finished this very second is in it.
        None => now.second() + 1,
    };
    let from = match &arguments.from {
        Some(text) => moment(text, &tz, "--from")?,
        None => before(to, arguments.last.as_deref().unwrap_or(LAST), &tz)?,
    };
    Window::new(from, to, tz).ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "the window ends before it begins",
            "give a --from that is before --to",
        )
    })
}

/// Buckets that are neither too many nor too few for a window.
pub(super) fn bucket(window: &Window) -> Bucket {
    match window.seconds() / 86_400 {
        ..=21 => Bucket::Day,
        22..=200 => Bucket::Week,
        _ => Bucket::Month,
    }
}

/// The second of a day's begin in tz, or of a time.
fn moment(text: &str, tz: &TimeZone, flag: &str) -> Result<i64, Failure> {
    let day = text.parse::<Date>().ok().filter(|_| text.len() == 10);
    day.and_then(|day| start_of(day, tz))
        .or_else(|| text.parse::<Time>().ok().map(Time::second))
        .ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                format!("{flag}: {text:?} is neither a day nor a time"),
                "give it as 2026-08-01, or as 2026-08-01T12:00:00Z",
            )
        })
}

/// The second that lies `span` before the second `to`.
fn before(to: i64, span: &str, tz: &TimeZone) -> Result<i64, Failure> {
    let wrong = || {
        Failure::new(
            Exit::Usage,
            format!("--last: {span:?} is no length of time"),
            "give it as 90d, 12w or 6mo",
        )
    };
    let parsed: Span = span.parse().map_err(|_| wrong())?;
    let end = Time::from_second(to)
        .ok_or_else(wrong)?
        .timestamp()
        .to_zoned_datetime(tz.clone());
    let positive = parsed
        .compare((Span::new(), SpanRelativeTo::from(&end)))
        .is_ok_and(std::cmp::Ordering::is_gt);
    let begin = end.checked_sub(parsed).map_err(|_| wrong())?;
    positive
        .then(|| begin.timestamp().as_second())
        .ok_or_else(wrong)
}
