//! A half-open stretch of time, and how days, ISO weeks and months cut it in a time zone.

use crate::dora::event::Time;
use crate::dora::history::Facts;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _};
use std::ops::Range;

/// `[from, to)`, in seconds since 1970; not empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    pub from: i64,
    pub to: i64,
    /// In which days begin.
    pub tz: TimeZone,
}

/// How long a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bucket {
    Day,
    /// From Monday (ISO 8601).
    Week,
    Month,
}

impl Window {
    /// None where `to` is not after `from`.
    pub fn new(from: i64, to: i64, tz: TimeZone) -> Option<Self> {
        (from < to).then_some(Self { from, to, tz })
    }

    pub fn seconds(&self) -> i64 {
        self.to - self.from
    }

    /// The window of equal length that ends where this one begins.
    #[must_use]
    pub fn before(&self) -> Self {
        Self {
            from: self.from - self.seconds(),
            to: self.from,
            tz: self.tz.clone(),
        }
    }

    pub fn holds(&self, second: i64) -> bool {
        (self.from..self.to).contains(&second)
    }

    /// Places of the deployments that finished in it.
    pub fn places(&self, facts: &Facts) -> Range<usize> {
        let deployments = &facts.account.deployments;
        let place = |second| deployments.partition_point(|told| told.finished() < second);
        place(self.from)..place(self.to)
    }

    /// Numbers in the list of those that finished in it.
    pub fn numbers(&self, facts: &Facts) -> Range<usize> {
        let deployments = &facts.account.deployments;
        let number = |second| {
            let list = &facts.list;
            list.partition_point(|place| deployments[*place].finished() < second)
        };
        number(self.from)..number(self.to)
    }

    /// The day in tz of a second.
    pub fn day(&self, second: i64) -> Date {
        day_of(second, &self.tz)
    }

    /// Days, in order, that the window overlaps.
    pub fn days(&self) -> Vec<Date> {
        self.cut(Bucket::Day)
            .iter()
            .map(|day| self.day(day.from))
            .collect()
    }

    /// How many days in tz the window overlaps, and how many ISO weeks.
    pub fn overlapped(&self) -> (u64, u64) {
        let (first, last) = (self.day(self.from), self.day(self.to - 1));
        let skipped: u64 = self
            .tz
            .following(timestamp(self.from))
            .map(|transition| transition.timestamp().as_second())
            .take_while(|second| *second < self.to)
            .map(|second| days_from(self.day(second - 1), self.day(second)))
            // A zone that changes the side of the date line leaves a day out.
            .map(|days| days.saturating_sub(1))
            .sum();
        let weeks = days_from(monday(first), monday(last)) / 7 + 1;
        (days_from(first, last) + 1 - skipped, weeks)
    }

    /// The window cut at the borders of buckets; the first and the last may be shorter.
    pub fn cut(&self, bucket: Bucket) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut from = self.from;
        while from < self.to {
            let to = next_border(from, bucket, &self.tz)
                .unwrap_or(self.to)
                .min(self.to);
            parts.push(Self {
                from,
                to,
                tz: self.tz.clone(),
            });
            from = to;
        }
        parts
    }
}

/// The Monday of the ISO week of a day.
pub fn monday(day: Date) -> Date {
    let back = i64::from(day.weekday().since(Weekday::Monday));
    day.checked_sub(Span::new().days(back)).unwrap_or(day)
}

fn day_of(second: i64, tz: &TimeZone) -> Date {
    tz.to_datetime(timestamp(second)).date()
}

fn timestamp(second: i64) -> Timestamp {
    Time::from_second(second).unwrap_or(Time::EPOCH).timestamp()
}

/// How many days `to` is after `from`; 0 where it is not.
fn days_from(from: Date, to: Date) -> u64 {
    u64::try_from(from.duration_until(to).as_hours() / 24).unwrap_or(0)
}

/// The first second of a day in tz, in seconds since 1970.
pub fn start_of(day: Date, tz: &TimeZone) -> Option<i64> {
    let begin = tz.to_timestamp(day.at(0, 0, 0, 0)).ok()?;
    Some(begin.as_second())
}

/// The first second after `from` at which a new bucket begins.
fn next_border(from: i64, bucket: Bucket, tz: &TimeZone) -> Option<i64> {
    let day = day_of(from, tz);
    let (first, step) = match bucket {
        Bucket::Day => (day, 1.day()),
        Bucket::Week => (monday(day), 1.week()),
        Bucket::Month => (day.first_of_month(), 1.month()),
    };
    let mut border = first;
    // A zone may have left a day out, whose beginning is then the next day's.
    loop {
        border = border.checked_add(step).ok()?;
        let second = start_of(border, tz)?;
        if second > from {
            return Some(second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: &str, to: &str, tz: &str) -> Window {
        let second = |text: &str| text.parse::<Time>().unwrap().second();
        Window::new(second(from), second(to), TimeZone::get(tz).unwrap()).unwrap()
    }

    #[test]
    fn the_day_on_which_clocks_go_forward_has_23_hours() {
        // Amsterdam, 29 March 2026: 02:00 becomes 03:00, so the day lasts from 23:00Z on the 28th
        // to 22:00Z on the 29th.
        let parts = window(
            "2026-03-27T23:00:00Z",
            "2026-03-30T22:00:00Z",
            "Europe/Amsterdam",
        );
        let hours: Vec<i64> = parts
            .cut(Bucket::Day)
            .iter()
            .map(|day| day.seconds() / 3600)
            .collect();
        assert_eq!(hours, [24, 23, 24]);
    }

    #[test]
    fn days_and_weeks_are_counted_as_they_are_cut() {
        // Samoa left out 30 December 2011; 2012 begins on a Sunday, the last day of ISO week 52.
        let samoa = window(
            "2011-12-29T10:00:00Z",
            "2012-01-02T10:00:00Z",
            "Pacific/Apia",
        );
        assert_eq!(samoa.overlapped(), (4, 2));
        assert_eq!(samoa.days().len(), 4);
        for (from, to, tz) in [
            ("1990-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "UTC"),
            (
                "1990-01-01T00:00:00Z",
                "2030-07-01T12:00:00Z",
                "Europe/Amsterdam",
            ),
            (
                "2011-12-01T00:00:00Z",
                "2011-12-31T00:00:00Z",
                "Pacific/Apia",
            ),
            ("2026-08-02T23:59:59Z", "2026-08-03T00:00:00Z", "UTC"),
            ("2026-08-02T23:59:59Z", "2026-08-03T00:00:01Z", "UTC"),
            // Alaska had one day twice in 1867.
            (
                "1860-01-01T00:00:00Z",
                "1950-01-01T00:00:00Z",
                "America/Juneau",
            ),
        ] {
            let window = window(from, to, tz);
            let days: std::collections::BTreeSet<Date> = window.days().into_iter().collect();
            let weeks: std::collections::BTreeSet<Date> =
                days.iter().map(|day| monday(*day)).collect();
            let cut = (days.len() as u64, weeks.len() as u64);
            assert_eq!(window.overlapped(), cut, "{from} {to} {tz}");
        }
    }

    #[test]
    fn a_part_of_a_bucket_counts() {
        // 2026-08-01 is a Saturday.
        let part = window("2026-08-01T12:00:00Z", "2026-08-03T00:00:01Z", "UTC");
        assert_eq!(part.days().len(), 3);
        assert_eq!(part.cut(Bucket::Week).len(), 2);
        assert_eq!(part.cut(Bucket::Month).len(), 1);
        assert_eq!(monday(part.days()[0]).to_string(), "2026-07-27");
    }
}
