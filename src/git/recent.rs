//! Contents of packs that were read lately: what a delta is against is then not made anew for
//! each of its versions.

use gix_object::Kind;
use gix_odb::pack::cache::DecodeEntry;
use std::collections::HashMap;

/// Bytes that one half holds before it becomes the older one.
const HALF: usize = 24 * 1024 * 1024;
/// Bytes of the largest content that is kept.
const LARGEST: usize = HALF / 8;

/// Two halves: what is read again moves to the younger one, and where that is full the older one
/// is dropped.
#[derive(Default)]
pub(super) struct Recent {
    young: HashMap<(u32, u64), Content>,
    /// Bytes in `young`.
    size: usize,
    old: HashMap<(u32, u64), Content>,
}

struct Content {
    kind: Kind,
    bytes: Vec<u8>,
    compressed_size: usize,
}

impl Recent {
    fn keep(&mut self, place: (u32, u64), content: Content) {
        if self.size + content.bytes.len() > HALF {
            self.old = std::mem::take(&mut self.young);
            self.size = 0;
        }
        self.size += content.bytes.len();
        self.young.insert(place, content);
    }
}

impl DecodeEntry for Recent {
    fn put(&mut self, pack: u32, offset: u64, data: &[u8], kind: Kind, compressed_size: usize) {
        if data.len() > LARGEST {
            return;
        }
        let content = Content {
            kind,
            bytes: data.to_vec(),
            compressed_size,
        };
        self.keep((pack, offset), content);
    }

    fn get(&mut self, pack: u32, offset: u64, out: &mut Vec<u8>) -> Option<(Kind, usize)> {
        let place = (pack, offset);
        if let Some(content) = self.old.remove(&place) {
            self.keep(place, content);
        }
        let content = self.young.get(&place)?;
        out.clear();
        out.extend_from_slice(&content.bytes);
        Some((content.kind, content.compressed_size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(recent: &mut Recent, offset: u64) -> Option<usize> {
        let mut out = vec![1, 2, 3];
        let (kind, compressed) = recent.get(7, offset, &mut out)?;
        assert_eq!((kind, compressed), (Kind::Blob, 9));
        Some(out.len())
    }

    #[test]
    fn what_is_read_again_and_again_outlives_what_is_not() {
        let mut recent = Recent::default();
        let bytes = vec![0; LARGEST];
        recent.put(7, 0, &bytes, Kind::Blob, 9);
        recent.put(7, 1, &bytes[1..], Kind::Blob, 9);
        assert_eq!(get(&mut recent, 1), Some(LARGEST - 1));
        // 40 times an eighth of one half: both halves are filled twice.
        for offset in 2..42 {
            recent.put(7, offset, &bytes, Kind::Blob, 9);
            assert_eq!(get(&mut recent, 0), Some(LARGEST), "{offset}");
        }
        assert_eq!(get(&mut recent, 1), None);
        assert_eq!(recent.get(8, 0, &mut Vec::new()), None);
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let mut recent = Recent::default();
        recent.put(7, 0, &vec![0; LARGEST + 1], Kind::Blob, 9);
        assert_eq!(get(&mut recent, 0), None);
    }
}
