//! What a job prints, in bounded memory: its beginning and its end.

use std::collections::VecDeque;
use std::io::Read;

/// Bytes kept from the beginning.
const HEAD: usize = 64 * 1024;
/// Bytes kept from the end.
const TAIL: usize = 192 * 1024;

/// The output of a command, standard output and standard error as they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    /// Bytes between the two that were not kept.
    left_out: u64,
}

impl Capture {
    /// Reads `source` to its end, or to `seal` and the byte behind it, which it gives. An error
    /// of the stream is its end.
    pub(super) fn read(mut source: impl Read, seal: &[u8]) -> (Self, Option<u8>) {
        let mut capture = Self::default();
        let mut buffer = vec![0; 64 * 1024];
        // Bytes that may be of the seal.
        let mut held = 0;
        loop {
            let length = match source.read(&mut buffer[held..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => {
                    capture.take(&buffer[..held]);
                    return (capture, None);
                }
                Ok(length) => length,
            };
            let filled = held + length;
            if let Some((last, rest)) = buffer[..filled].split_last()
                && let Some(text) = rest.strip_suffix(seal)
            {
                capture.take(text);
                return (capture, Some(*last));
            }
            held = seal.len().min(filled);
            capture.take(&buffer[..filled - held]);
            buffer.copy_within(filled - held..filled, 0);
        }
    }

    fn take(&mut self, mut bytes: &[u8]) {
        let room = HEAD - self.head.len();
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(first);
        bytes = rest;
        let surplus = bytes.len().saturating_sub(TAIL);
        self.left_out += surplus as u64;
        self.tail.extend(&bytes[surplus..]);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.left_out += surplus as u64;
        self.tail.drain(..surplus);
    }

    /// As text, with a line that counts what was left out. What is no UTF-8 becomes a
    /// replacement character, and control characters but tab and line feed are left out.
    pub(super) fn text(&self) -> String {
        let (a, b) = self.tail.as_slices();
        let mut text = clean(&self.head);
        if self.left_out > 0 {
            text.push_str(&format!("\n[… {} bytes left out …]\n", self.left_out));
        }
        text.push_str(&clean(&[a, b].concat()));
        text
    }

    /// The output of a command that is run in several parts.
    pub(super) fn append(&mut self, other: &Self) {
        self.take(&other.head);
        self.left_out += other.left_out;
        let (a, b) = other.tail.as_slices();
        self.take(a);
        self.take(b);
    }
}

/// Escape sequences (colours) are taken out whole.
fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    console::strip_ansi_codes(&text)
        .replace("\r\n", "\n")
        .chars()
        .filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_in_the_middle() {
        let source = b"first\n"
            .chain(std::io::repeat(b'x').take(1 << 24))
            .chain(b"\nlast".as_slice());
        let (capture, code) = Capture::read(source, b"seal");
        assert_eq!(code, None);
        assert!(capture.head.len() + capture.tail.len() <= HEAD + TAIL);
        let text = capture.text();
        assert!(
            text.starts_with("first\n") && text.ends_with("\nlast"),
            "{}",
            text.len()
        );
        let left_out = 6 + (1 << 24) + 5 - HEAD - TAIL;
        assert!(text.contains(&format!("[… {left_out} bytes left out …]")));
    }

    /// Gives one byte at a time.
    struct Drops<'d>(&'d [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = buffer.len().min(1);
            self.0.read(&mut buffer[..length])
        }
    }

    #[test]
    fn it_ends_at_the_seal_and_nothing_of_it_is_shown() {
        let read = |source: &[u8]| {
            let at_once = Capture::read(source.chain(std::io::empty()), b"seal");
            let dropwise = Capture::read(Drops(source), b"seal");
            let shown = |(capture, code): (Capture, Option<u8>)| (capture.text(), code);
            let at_once = shown(at_once);
            assert_eq!(at_once, shown(dropwise));
            at_once
        };
        assert_eq!(read(b"text\nseal\x07"), ("text\n".to_owned(), Some(7)));
        assert_eq!(read(b"seal\0"), (String::new(), Some(0)));
        assert_eq!(read(b"seaseal\xff"), ("sea".to_owned(), Some(255)));
        assert_eq!(read(b"no se"), ("no se".to_owned(), None));
        assert_eq!(read(b"a seal"), ("a seal".to_owned(), None));
        assert_eq!(read(b""), (String::new(), None));
    }

    #[test]
    fn what_is_no_text_is_shown_as_far_as_it_is() {
        let source = b"\x1b[31mred\x1b[0m \xff\x07\r\nend".as_slice();
        let (capture, _) = Capture::read(source, b"seal");
        assert_eq!(capture.text(), "red \u{fffd}\nend");
    }
}
