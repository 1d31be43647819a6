//! The key by which verdicts of protected jobs are told from what anybody can write.

use super::Record;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The variable of the environment that holds the key. No job's command sees it.
pub const VARIABLE: &str = "SHIPWAY_VERDICT_KEY";

/// Bytes of the shortest key (RFC 2104, section 3: the length of the hash).
const SHORTEST: usize = 32;

/// Says what the MAC is over, so that one of another program never fits.
const DOMAIN: &[u8] = b"shipway verdict\n";

/// A key for HMAC-SHA256.
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key in {VARIABLE} has {length} characters, and {SHORTEST} are the fewest")]
pub struct KeyError {
    length: usize,
}

impl Key {
    /// # Errors
    /// Where it is too short.
    pub fn new(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.len() < SHORTEST {
            return Err(KeyError { length: text.len() });
        }
        Ok(Self(text.as_bytes().to_vec()))
    }

    fn over(&self, record: &Record) -> Option<Hmac<Sha256>> {
        let bare = Record {
            mac: None,
            ..record.clone()
        };
        let text = serde_json_canonicalizer::to_vec(&bare).ok()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(DOMAIN);
        mac.update(&text);
        Some(mac)
    }

    pub(super) fn sign(&self, record: &Record) -> Option<String> {
        Some(hex::encode(self.over(record)?.finalize().into_bytes()))
    }

    /// Whether the record's MAC is by this key; compared in constant time.
    pub(super) fn verifies(&self, record: &Record) -> bool {
        let told = record.mac.as_ref().and_then(|mac| hex::decode(mac).ok());
        match (told, self.over(record)) {
            (Some(told), Some(mac)) => mac.verify_slice(&told).is_ok(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::hooks::Hook;

    fn record(key: &Key) -> Record {
        let tree = crate::git::empty_tree();
        super::super::record(
            Hook::PrePush,
            tree,
            false,
            Vec::new(),
            1_700_000_000,
            Some(key),
        )
    }

    #[test]
    fn the_mac_is_that_of_the_specification() {
        // By OpenSSL: printf 'shipway verdict\n%s' TEXT | openssl dgst -sha256 -hmac KEY
        let key = Key::new(&"k".repeat(32)).unwrap();
        let text = r#"{"at":1700000000,"checked":false,"hook":"pre-push","jobs":[],"schema":1,"tree":"4b825dc642cb6eb9a060e54bf8d69288fbee4904"}"#;
        let record = record(&key);
        let bare = Record {
            mac: None,
            ..record.clone()
        };
        assert_eq!(serde_json_canonicalizer::to_string(&bare).unwrap(), text);
        assert_eq!(
            record.mac.as_deref(),
            Some("101b614a59d44cbf23ed775c1d99542b95b88dc4cf08544ac4c1e0687f7f2b9d")
        );
    }

    #[test]
    fn another_key_or_another_content_does_not_verify() {
        let key = Key::new(&"k".repeat(32)).unwrap();
        let record = record(&key);
        assert!(key.verifies(&record));
        assert!(!Key::new(&"l".repeat(32)).unwrap().verifies(&record));
        for change in [
            |record: &mut Record| record.at += 1,
            |record: &mut Record| record.tree = "0".repeat(40),
            |record: &mut Record| record.checked = true,
            |record: &mut Record| record.mac = None,
            |record: &mut Record| record.mac = Some("no hexadecimal".to_owned()),
            |record: &mut Record| record.mac = Some(String::new()),
        ] {
            let mut other = record.clone();
            change(&mut other);
            assert!(!key.verifies(&other), "{other:?}");
        }
    }

    #[test]
    fn a_short_key_is_refused_and_none_is_shown() {
        let error = Key::new("short").unwrap_err();
        assert!(error.to_string().contains("5 characters"), "{error}");
        let key = Key::new(&"k".repeat(32)).unwrap();
        assert!(!format!("{key:?}").contains('k'), "{key:?}");
    }
}
