//! Names that git gives: of a commit, of a patch.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Why a text is no full id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no full id; give 40 hexadecimal digits, as git rev-parse prints them")]
pub struct IdError(pub String);

fn key([begin @ .., a, b, c, d]: &[u8; 20]) -> (u128, u32) {
    (
        u128::from_be_bytes(*begin),
        u32::from_be_bytes([*a, *b, *c, *d]),
    )
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; 20]);

        impl Ord for $name {
            /// By its bytes; as numbers, for lists of them are sorted again and again.
            fn cmp(&self, other: &Self) -> Ordering {
                key(&self.0).cmp(&key(&other.0))
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl $name {
            pub fn from_bytes(bytes: [u8; 20]) -> Self {
                Self(bytes)
            }

            pub fn as_bytes(&self) -> &[u8; 20] {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            /// From 40 hexadecimal digits in either case.
            fn from_str(text: &str) -> Result<Self, IdError> {
                let mut bytes = [0; 20];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| IdError(text.to_owned()))?;
                Ok(Self(bytes))
            }
        }

        impl fmt::Display for $name {
            /// 40 lower-case hexadecimal digits; a precision cuts them: `{id:.12}`.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            /// A text where a person may read it, else the bytes.
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = String::deserialize(deserializer)?;
                    text.parse().map_err(de::Error::custom)
                } else {
                    <[u8; 20]>::deserialize(deserializer).map(Self)
                }
            }
        }
    };
}

id! {
    /// The full id of a commit, in a repository of SHA-1 names (libgit2 reads no other).
    CommitId
}

id! {
    /// A folder's content.
    TreeId
}

id! {
    /// A file's content.
    BlobId
}

id! {
    /// What `git patch-id --stable` prints for a difference: equal for equal changes, wherever
    /// they are applied.
    PatchId
}
