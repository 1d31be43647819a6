//! What values say of a person, whatever their column is called.

use regex::Regex;
use std::sync::LazyLock;

/// RFC 5321's mailbox, as far as people have one.
static EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}$").ok()
});

/// Values that must be there for a column to be judged by its numbers.
const ENOUGH: usize = 3;

/// What most of a column's values are, in words behind "holds"; None where they are nothing
/// personal or too few to say.
pub(super) fn of<'v>(values: impl Iterator<Item = &'v str>) -> Option<&'static str> {
    let values: Vec<&str> = values
        .map(str::trim)
        .filter(|value| !value.is_empty())
        .collect();
    let most = |is: fn(&str) -> bool, share: usize| {
        let count = values.iter().filter(|value| is(value)).count();
        count * 10 >= values.len() * share && count > 0
    };
    if most(is_email, 5) {
        return Some("e-mail addresses");
    }
    if values.len() < ENOUGH {
        return None;
    }
    type Test = (fn(&str) -> bool, &'static str);
    let checks: [Test; 3] = [
        (is_iban, "numbers of bank accounts"),
        (is_bsn, "numbers that pass the test of the Dutch BSN"),
        (is_phone, "phone numbers"),
    ];
    checks
        .into_iter()
        .find(|(is, _)| most(*is, 9))
        .map(|(_, what)| what)
}

/// Of a person: no address of a document (RFC 2606) or of a program.
fn is_email(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let reserved = [
        "example.com",
        "example.org",
        "example.net",
        ".example",
        ".test",
        ".invalid",
        ".localhost",
        "@localhost",
    ];
    EMAIL.as_ref().is_some_and(|email| email.is_match(value))
        && !reserved.iter().any(|end| lower.ends_with(end))
        && !lower.starts_with("noreply@")
        && !lower.starts_with("no-reply@")
}

/// The 11-test of the burgerservicenummer: 9 a + 8 b + … + 2 h - i is a multiple of 11.
pub(super) fn is_bsn(value: &str) -> bool {
    let digits: Vec<i32> = value
        .chars()
        .filter_map(|c| c.to_digit(10))
        .filter_map(|digit| i32::try_from(digit).ok())
        .collect();
    if digits.len() != 9 || value.len() != 9 || digits.iter().all(|digit| *digit == digits[0]) {
        return false;
    }
    let sum: i32 = digits
        .iter()
        .zip([9, 8, 7, 6, 5, 4, 3, 2, -1])
        .map(|(digit, weight)| digit * weight)
        .sum();
    sum % 11 == 0
}

/// ISO 13616: the country's letters and the two check digits behind the rest, letters as
/// 10 to 35, leave 1 when divided by 97.
pub(super) fn is_iban(value: &str) -> bool {
    let compact: Vec<char> = value.chars().filter(|c| *c != ' ').collect();
    let formed = (15..=34).contains(&compact.len())
        && compact[..2].iter().all(char::is_ascii_uppercase)
        && compact[2..4].iter().all(char::is_ascii_digit)
        && compact
            .iter()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    let rest = compact
        .iter()
        .skip(4)
        .chain(compact.iter().take(4))
        .try_fold(0, |rest, c| {
            let digit = c.to_digit(36)?;
            Some(if digit < 10 {
                (rest * 10 + digit) % 97
            } else {
                (rest * 100 + digit) % 97
            })
        });
    formed && rest == Some(1)
}

/// ITU-T E.164: `+`, and at most 15 digits.
fn is_phone(value: &str) -> bool {
    let Some(rest) = value.strip_prefix('+') else {
        return false;
    };
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    (8..=15).contains(&digits)
        && rest
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')'))
}
