//! What a value looks like: made by chance, made up, or only standing for one.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::ops::Range;

/// Bits per byte below which a token of a provider is an example.
const FAKE: f64 = 2.4;

/// Shannon's entropy of the bytes of `value`, in bits per byte.
pub(super) fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value {
        counts[usize::from(*byte)] += 1;
    }
    #[allow(clippy::cast_precision_loss)]
    let total = value.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / total)
        .map(|share| -share * share.log2())
        .sum()
}

pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether a token may begin at byte `at`: nothing before it is of the same word, an escape
/// (`\n`) aside.
pub(super) fn may_begin(content: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| content[before]) else {
        return true;
    };
    let escaped = at >= 2 && content[at - 2] == b'\\' && matches!(before, b'n' | b'r' | b't');
    escaped
        || !(is_word(before) || matches!(before, b'+' | b'/' | b'-' | b'.'))
        || before == b'/' && !content[at..].iter().take(6).all(u8::is_ascii_alphanumeric)
}

/// Whether the word stands alone in its name: `lob_key`, `lobKey`, not `globalKey`.
pub(super) fn is_whole_word(content: &[u8], word: Range<usize>) -> bool {
    let first = content[word.start];
    let starts = word.start.checked_sub(1).is_none_or(|before| {
        let before = content[before];
        !before.is_ascii_alphabetic() || first.is_ascii_uppercase() && before.is_ascii_lowercase()
    });
    let last = content[word.end - 1];
    let ends = content.get(word.end).is_none_or(|behind| {
        !behind.is_ascii_alphabetic() || behind.is_ascii_uppercase() && last.is_ascii_lowercase()
    });
    starts && ends
}

pub(super) fn is_mixed(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic)
        || value.len() >= 24 && entropy(value) > 3.5
}

/// Whether `value` is the example of a document: it says so, or repeats or counts.
pub(super) fn is_fake(value: &[u8]) -> bool {
    let counting = value
        .to_ascii_lowercase()
        .windows(2)
        .filter(|pair| pair[1] == pair[0].wrapping_add(1))
        .count();
    says_so(value)
        || counting * 2 > value.len()
        || entropy(value) < FAKE
        || decoded(value).is_some_and(|text| says_so(&text))
}

/// Whether one of the words that only examples have stands in it, in one case.
fn says_so(value: &[u8]) -> bool {
    const WORDS: &[&str] = &[
        "example",
        "xxxx",
        "****",
        "...",
        "placeholder",
        "changeme",
        "redacted",
        "fake",
        "dummy",
        "notreal",
    ];
    let has = |word: &[u8]| memchr::memmem::find(value, word).is_some();
    WORDS.iter().any(|word| {
        let mut capital = word.as_bytes().to_vec();
        capital[0].make_ascii_uppercase();
        has(word.as_bytes()) || has(&capital) || has(word.to_ascii_uppercase().as_bytes())
    })
}

/// Whether `value` is a placeholder in base64, or a variable.
pub(super) fn is_encoded_placeholder(value: &[u8]) -> bool {
    let text = decoded(value).and_then(|text| String::from_utf8(text).ok());
    text.is_some_and(|text| {
        let text = text.trim();
        crate::detect::secret::is_placeholder(text) || text.starts_with('$')
    })
}

/// What the last part of `value` says in base64, where that is text.
fn decoded(value: &[u8]) -> Option<Vec<u8>> {
    let part = value.rsplit(|byte| *byte == b'_').next()?;
    let part = part.split(|byte| *byte == b'=').next()?;
    let text = STANDARD_NO_PAD.decode(part).ok()?;
    text.is_ascii().then_some(text)
}

/// Whether `value` only says where the secret is: a variable, a call, a path, an address.
pub(super) fn is_elsewhere(value: &str) -> bool {
    let starts = [
        "$", "%", "{", "<", "@", "/", "./", "../", "~/", "#", "!", "&", "*", "env:", "vault:",
        "secret:", "arn:", "sha1-", "sha256-", "sha384-", "sha512-", "sha256:", "file:", "ENC[",
        "ssh-", "data:", "bcrypt", "pbkdf2",
    ];
    let holds = [
        "${",
        "{{",
        "$(",
        "<%",
        "#{",
        "%(",
        "://",
        "environ",
        "getenv",
        "process.env",
        "secrets.",
        "config.",
        "vars.",
        "::",
        "->",
        "…",
    ];
    starts.iter().any(|start| value.starts_with(start))
        || holds.iter().any(|part| value.contains(part))
        || value.contains(char::is_whitespace)
        || is_uuid(value)
        || has_version(value)
}

/// `0.11.2`: the value names something that has versions.
fn has_version(value: &str) -> bool {
    value
        .as_bytes()
        .windows(3)
        .any(|three| three[0].is_ascii_digit() && three[1] == b'.' && three[2].is_ascii_digit())
}

fn is_uuid(value: &str) -> bool {
    let lengths: Vec<usize> = value.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12]
        && value
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Whether it is a password that was made up with care: long enough, of at least three kinds
/// of characters.
pub(super) fn is_password(value: &str) -> bool {
    let kinds = [
        value.bytes().any(|byte| byte.is_ascii_lowercase()),
        value.bytes().any(|byte| byte.is_ascii_uppercase()),
        value.bytes().any(|byte| byte.is_ascii_digit()),
        value.bytes().any(|byte| {
            byte.is_ascii_punctuation() && !matches!(byte, b'_' | b'-' | b'.' | b'/' | b':')
        }),
    ];
    let kinds = kinds.iter().filter(|kind| **kind).count();
    value.is_ascii()
        && (8..=64).contains(&value.len())
        && kinds >= 3
        && entropy(value.as_bytes()) >= 2.75
        && segment(value.as_bytes()) <= 4.0
        && !is_code(value)
}

/// Brackets and operators that passwords seldom have and expressions do.
fn is_code(value: &str) -> bool {
    value.contains(['(', ')', '[', ']', '{', '}', '<', '>', ';', '\\', '|', ','])
}

/// Whether it looks made by chance. `certain` says that its name is a secret's for sure.
pub(super) fn is_random(value: &str, certain: bool) -> bool {
    let bytes = value.as_bytes();
    let alphabet = bytes.iter().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'+' | b'/'
                    | b'='
                    | b'_'
                    | b'-'
                    | b'.'
                    | b'~'
                    | b':'
                    | b'!'
                    | b'@'
                    | b'#'
                    | b'$'
                    | b'%'
                    | b'^'
                    | b'*'
            )
    });
    let shortest = if certain { 16 } else { 24 };
    if !alphabet || !(shortest..=200).contains(&bytes.len()) {
        return false;
    }
    let body = value.trim_end_matches('=');
    let hex = body.bytes().all(|byte| byte.is_ascii_hexdigit());
    let letters = body.bytes().any(|byte| byte.is_ascii_alphabetic());
    let digits = body.bytes().filter(u8::is_ascii_digit).count();
    if !letters || digits == 0 && bytes.len() < 24 {
        return false;
    }
    if hex {
        return entropy(bytes) >= 2.9;
    }
    let least = if bytes.len() >= 24 { 3.6 } else { 3.2 };
    let plain = body.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let longest = match (digits, plain) {
        (0, _) => 2.2,
        (_, true) => 3.6,
        (_, false) => 2.6,
    };
    entropy(bytes) >= least && segment(bytes) <= longest
}

/// Mean length of the runs of one kind: a capital with the small letters behind it, capitals,
/// digits, each other character but what separates words. Words have long ones, chance short
/// ones.
fn segment(value: &[u8]) -> f64 {
    let mut runs = 0_u32;
    let mut counted = 0_u32;
    let mut before = 9;
    let mut length = 0;
    for byte in value {
        let now = match byte {
            b'a'..=b'z' => 0,
            b'A'..=b'Z' => 1,
            b'0'..=b'9' => 2,
            b'_' | b'-' | b'.' | b'/' | b'=' => 9,
            _ => 3,
        };
        if now == 9 {
            before = 9;
            continue;
        }
        counted += 1;
        if now == before || before == 1 && now == 0 && length == 1 {
            length += 1;
        } else {
            runs += 1;
            length = 1;
        }
        before = now;
    }
    f64::from(counted) / f64::from(runs.max(1))
}

/// Whether what a pattern with surroundings found is no example: `line` is where it stands.
pub(super) fn is_live(provider: &str, value: &[u8], line: &[u8]) -> bool {
    if value.starts_with(b"$")
        || value.starts_with(b"{")
        || value.starts_with(b"<")
        || value.starts_with(b"%(")
    {
        return false;
    }
    match provider {
        "jwt" => is_live_token(value),
        "url-password" => is_live_password(value, line),
        "telegram-token" => {
            let body = value
                .rsplit(|byte| *byte == b':')
                .next()
                .unwrap_or_default();
            !is_fake(value) && body.iter().any(u8::is_ascii_digit)
        }
        "slack-token" => {
            let body = value
                .rsplit(|byte| *byte == b'-')
                .next()
                .unwrap_or_default();
            !is_fake(value) && body.iter().any(u8::is_ascii_digit)
        }
        "authorization-header" => {
            // The name of a constant, or of something that has versions.
            let named = std::str::from_utf8(value).is_ok_and(has_version)
                || value
                    .iter()
                    .all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
            !named && !is_fake(value) && is_mixed(value) && entropy(value) > 2.9
        }
        _ => !is_fake(value),
    }
}

/// A token whose holder may do anything: not the one of a documentation, not one that browsers
/// are given.
fn is_live_token(token: &[u8]) -> bool {
    let mut parts = token.split(|byte| *byte == b'.');
    let mut json = || -> Option<serde_json::Value> {
        let text = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
        serde_json::from_slice(&text).ok()
    };
    let Some(header) = json() else {
        return token.starts_with(b"ZXlK");
    };
    if header.get("alg").is_none() {
        return false;
    }
    let Some(claims) = json() else {
        return true;
    };
    let is =
        |name: &str, value: &str| claims.get(name).and_then(|claim| claim.as_str()) == Some(value);
    let sample = is("sub", "1234567890") || is("name", "John Doe");
    !(sample || is("iss", "supabase-demo") || is("role", "anon"))
}

/// Whether a password in an address is more than what everybody writes there.
fn is_live_password(password: &[u8], line: &[u8]) -> bool {
    const USUAL: &[&str] = &[
        "pass",
        "passw",
        "passwd",
        "password",
        "pwd",
        "secret",
        "postgres",
        "postgresql",
        "mysql",
        "root",
        "admin",
        "user",
        "guest",
        "test",
        "testing",
        "redis",
        "rabbitmq",
        "mongo",
        "example",
        "token",
        "dev",
        "local",
        "foo",
        "bar",
        "baz",
        "apikey",
        "api_key",
        "key",
        "none",
        "null",
        "changeme",
        "default",
        "pw",
        "p",
        "x",
        "y",
        "s3cr3t",
        "hunter2",
        "letmein",
        "123",
        "1234",
        "12345",
        "123456",
        "x-oauth-basic",
        "port",
    ];
    let Ok(password) = std::str::from_utf8(password) else {
        return false;
    };
    if !password.is_ascii()
        || password.len() < 5 && !password.bytes().any(|byte| byte.is_ascii_digit())
    {
        return false;
    }
    let lower = password.to_ascii_lowercase();
    let plain = lower.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let line = String::from_utf8_lossy(line);
    let user = line
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once(':'))
        .map(|(user, _)| user);
    let words = lower
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'))
        && ["pass", "secret", "word", "token", "your"]
            .iter()
            .any(|word| lower.contains(word));
    !(words
        || USUAL.contains(&plain)
        || is_fake(password.as_bytes()) && password.len() > 7
        || crate::detect::secret::is_placeholder(password)
        || password.starts_with(['$', '{', '<', '%', '*', '.', '['])
        || user.is_some_and(|user| user.eq_ignore_ascii_case(password))
        || ["@example.", "@localhost", "@127.0.0.1", "@host", "@[::1]"]
            .iter()
            .any(|place| line.contains(&format!("{password}{place}"))))
}
