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
    /// Reads `source` to its end. An error of the stream is its end.
    pub(super) fn read(mut source: impl Read) -> Self {
        let mut capture = Self::default();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => return capture,
                Ok(length) => capture.take(&buffer[..length]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return capture,
            }
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
        let capture = Capture::read(source);
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

    #[test]
    fn what_is_no_text_is_shown_as_far_as_it_is() {
        let capture = Capture::read(b"\x1b[31mred\x1b[0m \xff\x07\r\nend".as_slice());
        assert_eq!(capture.text(), "red \u{fffd}\nend");
    }
}
