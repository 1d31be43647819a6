//! `private-keys`: no private key is committed.
//!
//! PEM (RFC 7468, RFC 4716 for SSH2, armour of `OpenPGP`), the forms of `PuTTY` and `OpenVPN`, and
//! PKCS #12 (RFC 7292) under its names. A header without key material behind it is code or prose
//! that speaks of keys.

use super::finding::Findings;
use super::{File, Finding, Mode, Options, Outcome, allow};
use bstr::ByteSlice;
use memchr::memmem;
use std::sync::LazyLock;

const ID: &str = "private-keys";

/// What stands in every header, then what stands before it, and what it is called.
static MARK: LazyLock<memmem::Finder<'static>> =
    LazyLock::new(|| memmem::Finder::new("PRIVATE KEY"));
static PUTTY: LazyLock<memmem::Finder<'static>> =
    LazyLock::new(|| memmem::Finder::new("PuTTY-User-Key-File-")); // shipway:allow private-keys: the mark
static OPENVPN: LazyLock<memmem::Finder<'static>> =
    LazyLock::new(|| memmem::Finder::new("BEGIN OpenVPN Static key V1"));

/// Bytes before the mark in which its label begins.
const LABEL: usize = 64;
/// Bytes behind a header in which the key must begin.
const REACH: usize = 700;
/// Characters of base64 or hex in a row that are a key's, not a placeholder's.
const RUN: usize = 30;
const MEND: &str = "keep it outside the repository; one that was ever pushed must be replaced, for history keeps it";

pub(super) fn look(file: &File, _: &Options) -> Outcome {
    if is_keystore(file) {
        let message = "the file is a PKCS #12 store, which is made to hold a private key";
        let finding = Finding::error(ID, message, MEND);
        return vec![finding.at(file.path(), None)].into();
    }
    if !file.is_text() {
        return Outcome::clean();
    }
    let content = file.content();
    let mut findings = Findings::new(file);
    for at in MARK.find_iter(content) {
        let begins = content[at.saturating_sub(LABEL)..at]
            .rsplit(|byte| *byte == b'-')
            .next()
            .map(<[u8]>::trim_ascii_start)
            .is_some_and(|label| label.starts_with(b"BEGIN ") && is_label(label));
        let behind = &content[at + MARK.needle().len()..];
        let behind = behind.strip_prefix(b" BLOCK").unwrap_or(behind);
        let closed = behind.trim_ascii_start().starts_with(b"----");
        if begins && closed && has_material(behind) {
            found(file, at, &mut findings);
        }
    }
    for at in PUTTY.find_iter(content) {
        let behind = &content[at..content.len().min(at + 4096)];
        if memmem::find(behind, b"Private-Lines:").is_some() {
            found(file, at, &mut findings);
        }
    }
    for at in OPENVPN.find_iter(content) {
        if has_material(&content[at + OPENVPN.needle().len()..]) {
            found(file, at, &mut findings);
        }
    }
    findings.finish("private keys are in the file")
}

/// A DER sequence that begins with version 3, as a PFX does, under a name that one has.
fn is_keystore(file: &File) -> bool {
    let name = file.name().to_ascii_lowercase();
    let content = file.content();
    let head = &content[..content.len().min(12)];
    matches!(file.mode(), Mode::Regular | Mode::Executable)
        && (name.ends_with(b".p12") || name.ends_with(b".pfx"))
        && head.first() == Some(&0x30)
        && head.contains_str([2, 1, 3])
}

fn found(file: &File, at: usize, findings: &mut Findings) {
    if allow::allows(file.content(), at, ID) {
        return;
    }
    let finding = Finding::error(ID, "a private key is in the file", MEND);
    findings.push(finding, at);
}

fn is_label(label: &[u8]) -> bool {
    label
        .iter()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ')
}

/// Whether a run of base64 or hex stands behind a header: in a file, or within a quoted string
/// with its `\n`.
fn has_material(behind: &[u8]) -> bool {
    let reach = &behind[..behind.len().min(REACH)];
    let end = memmem::find(reach, b"-END ").unwrap_or(reach.len());
    reach[..end]
        .split(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')))
        .any(|run| {
            let first = run.first();
            run.len() >= RUN && run.iter().any(|byte| Some(byte) != first)
        })
}

#[cfg(test)]
mod tests {
    use crate::hooks::check::Outcome;
    use crate::hooks::check::tests::{look, places};

    #[test]
    fn a_store_of_keys_is_known_by_its_name_and_its_beginning() {
        // As `openssl pkcs12 -export` begins one.
        let store = [0x30, 0x82, 0x09, 0xd7, 0x02, 0x01, 0x03, 0x30, 0x82];
        for (path, content, count) in [
            ("a/key.p12", &store[..], 1),
            ("KEY.PFX", &store[..], 1),
            ("key.der", &store[..], 0),
            ("key.p12", b"see the wiki\n", 0),
            ("key.p12", b"", 0),
        ] {
            let found = look("private-keys", path, content).findings;
            assert_eq!(found.len(), count, "{path}");
        }
    }

    #[test]
    fn keys_are_told_from_what_speaks_of_them() {
        let key = |label: &str, body: &str| format!("-----{} {label}-----\n{body}\n", "BEGIN");
        let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
        let word = ["PRIVATE", "KEY"].join(" ");
        for label in ["RSA ", "DSA ", "EC ", "OPENSSH ", "ENCRYPTED ", ""] {
            let text = key(&format!("{label}{word}"), body);
            assert_eq!(
                places(&look("private-keys", "a", &text)).len(),
                1,
                "{label}"
            );
        }
        let headers = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\n";
        let found = [
            key(&format!("RSA {word}"), &format!("{headers}{body}")),
            key(
                &format!("PGP {word} BLOCK"),
                &format!("Version: x\n\n{body}"),
            ),
            format!("---- {} SSH2 ENCRYPTED {word} ----\n{body}", "BEGIN"),
            format!("x = \"-----{} {word}-----\\n{body}\\n\"", "BEGIN"),
            format!("x = \"-----{} {word}-----\\n\" +\r\n  \"{body}\"", "BEGIN"),
            // shipway:allow private-keys: a header without its key
            format!("PuTTY-User-Key-File-{}: ssh-rsa\nPrivate-Lines: 8\n", 3),
            format!(
                "-----{} OpenVPN Static key V1-----\n{}",
                "BEGIN",
                "0a1b".repeat(8)
            ),
        ];
        for text in found {
            assert_eq!(places(&look("private-keys", "a", &text)).len(), 1, "{text}");
        }
        let none = [
            key(&format!("RSA {word}"), ""),
            key(&format!("RSA {word}"), "..."),
            key(&format!("RSA {word}"), &"x".repeat(64)),
            key("PUBLIC KEY", body),
            key("CERTIFICATE", body),
            format!(
                "if line == \"-----{} {word}-----\": return {}",
                "BEGIN",
                "y".repeat(20)
            ),
            format!("-----END {word}-----\n{body}"),
            format!(
                "# shipway:allow private-keys: a test vector\n{}",
                key(&word, body)
            ),
        ];
        for text in none {
            assert_eq!(look("private-keys", "a", &text), Outcome::clean(), "{text}");
        }
        let reasonless = format!("# shipway:allow private-keys\n{}", key(&word, body));
        assert_eq!(places(&look("private-keys", "a", &reasonless)), [(2, 12)]);
    }
}
