//! How long to wait before the next request, from what a forge answered.
//!
//! GitHub: `retry-after` in seconds, else `x-ratelimit-remaining: 0` and `x-ratelimit-reset` in
//! seconds since 1970, else at least a minute ("Rate limits for the REST API"). GitLab: 429 with
//! `Retry-After`, `RateLimit-Remaining` and `RateLimit-Reset` ("Rate limit responses").

use crate::dora::event::Time;
use hyper::StatusCode;
use hyper::header::{HeaderMap, RETRY_AFTER};
use std::time::Duration;

/// Where a forge limits without saying for how long.
const UNSAID: Duration = Duration::from_mins(1);

/// The pause that an answer asks for; None where it is no limit.
pub(super) fn limited(
    status: StatusCode,
    headers: &HeaderMap,
    body: &str,
    now: Time,
) -> Option<Duration> {
    if status != StatusCode::TOO_MANY_REQUESTS && status != StatusCode::FORBIDDEN {
        return None;
    }
    let said = retry_after(headers, now).or_else(|| used_up(headers, now));
    // A plain 403 is a token that may not.
    let unsaid = status == StatusCode::TOO_MANY_REQUESTS || body.contains("secondary rate limit");
    said.or_else(|| unsaid.then_some(UNSAID))
}

/// The pause until the forge counts anew; None where it still answers.
pub(super) fn used_up(headers: &HeaderMap, now: Time) -> Option<Duration> {
    let number = |names: [&str; 2]| {
        let text = names.iter().find_map(|name| headers.get(*name))?;
        text.to_str().ok()?.trim().parse::<i64>().ok()
    };
    let remaining = number(["x-ratelimit-remaining", "ratelimit-remaining"])?;
    let reset = number(["x-ratelimit-reset", "ratelimit-reset"])?;
    // A second more: the clocks differ by a fraction at least.
    (remaining <= 0).then(|| seconds(reset.saturating_sub(now.second()).saturating_add(1)))
}

/// In seconds or as a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: Time) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(number) = text.parse() {
        return Some(seconds(number));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(seconds(
        at.timestamp().as_second().saturating_sub(now.second()),
    ))
}

fn seconds(number: i64) -> Duration {
    Duration::from_secs(u64::try_from(number).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect::<HeaderMap>()
    }

    fn of(status: u16, lines: &[(&'static str, &str)], body: &str) -> Option<u64> {
        let status = StatusCode::from_u16(status).unwrap();
        let now = Time::from_second(1_785_578_400).unwrap();
        limited(status, &headers(lines), body, now).map(|pause| pause.as_secs())
    }

    #[test]
    fn the_forge_says_how_long() {
        assert_eq!(of(429, &[("retry-after", "30")], ""), Some(30));
        assert_eq!(of(403, &[("retry-after", "0")], ""), Some(0));
        // 1785578400 is Sat, 01 Aug 2026 10:00:00 GMT.
        let date = [("retry-after", "Sat, 01 Aug 2026 10:02:00 GMT")];
        assert_eq!(of(429, &date, ""), Some(120));
        let reset = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1785578460"),
        ];
        assert_eq!(of(403, &reset, ""), Some(61));
        let gitlab = [
            ("ratelimit-remaining", "0"),
            ("ratelimit-reset", "1785578410"),
        ];
        assert_eq!(of(429, &gitlab, ""), Some(11));
        // It lies in the past: at once.
        let past = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1785570000"),
        ];
        assert_eq!(of(403, &past, ""), Some(0));
    }

    #[test]
    fn where_it_does_not_a_minute() {
        assert_eq!(of(429, &[], ""), Some(60));
        assert_eq!(of(429, &[("retry-after", "soon")], ""), Some(60));
        let body = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        assert_eq!(of(403, &[], body), Some(60));
    }

    #[test]
    fn a_token_that_may_not_and_a_broken_server_are_no_limit() {
        assert_eq!(
            of(403, &[], r#"{"message":"Resource not accessible"}"#),
            None
        );
        let left = [
            ("x-ratelimit-remaining", "17"),
            ("x-ratelimit-reset", "1785578460"),
        ];
        assert_eq!(of(403, &left, ""), None);
        assert_eq!(of(500, &[("retry-after", "30")], ""), None);
        assert_eq!(of(200, &[], ""), None);
    }
}
