//! A marked block in a file that may be the user's; every other byte stays.

/// The lines between two marks, found in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'t> {
    Absent,
    /// A mark without its partner, or two of them.
    Broken,
    Block {
        /// Byte range of the block with its marks.
        range: std::ops::Range<usize>,
        /// What is between the marks.
        text: &'t [u8],
    },
}

/// The block of artifact `id` in `content`.
pub(super) fn find<'t>(content: &'t [u8], id: &str) -> Found<'t> {
    let (begin, end) = marks(id);
    let mut begins = Vec::new();
    let mut ends = Vec::new();
    let mut at = 0;
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii();
        if text == begin.as_bytes() {
            begins.push(at..at + line.len());
        } else if text == end.as_bytes() {
            ends.push(at..at + line.len());
        }
        at += line.len();
    }
    match (begins.as_slice(), ends.as_slice()) {
        ([], []) => Found::Absent,
        ([begin], [end]) if begin.end <= end.start => Found::Block {
            range: begin.start..end.end,
            text: &content[begin.end..end.start],
        },
        _ => Found::Broken,
    }
}

/// `content` with the block of `id` holding `text` (line feeds only): in its place where it is
/// there, else at the end. Written with the line ending that most of the file has.
pub(super) fn put(content: &[u8], id: &str, text: &str) -> Vec<u8> {
    let newline = line_ending(content);
    let (begin, end) = marks(id);
    let mut block = format!("{begin}\n{text}");
    if !text.is_empty() && !text.ends_with('\n') {
        block.push('\n');
    }
    block.push_str(&end);
    let block = block.replace('\n', newline);
    let mut out = Vec::with_capacity(content.len() + block.len() + 8);
    if let Found::Block { range, .. } = find(content, id) {
        let last = content[range.clone()].ends_with(b"\n");
        out.extend_from_slice(&content[..range.start]);
        out.extend_from_slice(block.as_bytes());
        if last {
            out.extend_from_slice(newline.as_bytes());
        }
        out.extend_from_slice(&content[range.end..]);
        return out;
    }
    out.extend_from_slice(content);
    if !content.is_empty() {
        if !content.ends_with(b"\n") {
            out.extend_from_slice(newline.as_bytes());
        }
        out.extend_from_slice(newline.as_bytes());
    }
    out.extend_from_slice(block.as_bytes());
    out.extend_from_slice(newline.as_bytes());
    out
}

/// `content` without the block of `id` and the empty line that [`put`] leaves before it.
pub(super) fn without(content: &[u8], id: &str) -> Vec<u8> {
    let Found::Block { range, .. } = find(content, id) else {
        return content.to_vec();
    };
    let before = &content[..range.start];
    let before = match before {
        [rest @ .., b'\n', b'\r', b'\n'] => &before[..=rest.len()],
        [rest @ .., b'\n', b'\n'] => &before[..=rest.len()],
        _ => before,
    };
    [before, &content[range.end..]].concat()
}

/// `content` with every CRLF made LF.
pub(super) fn with_line_feeds(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    for (at, byte) in content.iter().enumerate() {
        if *byte != b'\r' || content.get(at + 1) != Some(&b'\n') {
            out.push(*byte);
        }
    }
    out
}

/// What most lines of `content` end with.
pub(super) fn line_ending(content: &[u8]) -> &'static str {
    let lines = content.split(|byte| *byte == b'\n').count() - 1;
    let crlf = content.windows(2).filter(|pair| pair == b"\r\n").count();
    if crlf * 2 > lines { "\r\n" } else { "\n" }
}

fn marks(id: &str) -> (String, String) {
    (
        format!("# >>> shipway {id} >>>"),
        format!("# <<< shipway {id} <<<"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_added_once_and_replaced_in_place() {
        let first = put(b"all:\n\techo\n", "make", "up:\n\tx\n");
        assert_eq!(
            first,
            b"all:\n\techo\n\n# >>> shipway make >>>\nup:\n\tx\n# <<< shipway make <<<\n"
        );
        assert_eq!(put(&first, "make", "up:\n\tx\n"), first);
        let mut below = first.clone();
        below.extend_from_slice(b"mine:\n");
        let changed = put(&below, "make", "down:\n");
        assert_eq!(
            changed,
            b"all:\n\techo\n\n# >>> shipway make >>>\ndown:\n# <<< shipway make <<<\nmine:\n"
        );
    }

    #[test]
    fn the_files_own_line_ending_is_used() {
        let with = put(b"a\r\nb\r\n", "x", "one\ntwo\n");
        assert_eq!(
            with,
            b"a\r\nb\r\n\r\n# >>> shipway x >>>\r\none\r\ntwo\r\n# <<< shipway x <<<\r\n"
        );
        let Found::Block { text, .. } = find(&with, "x") else {
            panic!("not found");
        };
        assert_eq!(with_line_feeds(text), b"one\ntwo\n");
    }

    #[test]
    fn a_missing_final_newline_is_made_up_for() {
        assert_eq!(
            put(b"a", "x", "one"),
            b"a\n\n# >>> shipway x >>>\none\n# <<< shipway x <<<\n"
        );
        assert_eq!(
            put(b"", "x", ""),
            b"# >>> shipway x >>>\n# <<< shipway x <<<\n"
        );
    }

    #[test]
    fn what_was_put_in_is_taken_out_again() {
        for before in ["", "a:\n\tb\n", "a\r\nb\r\n", "a\n\n"] {
            let with = put(before.as_bytes(), "x", "one\n");
            assert_eq!(without(&with, "x"), before.as_bytes(), "{before:?}");
        }
        let mut followed = put(b"a\n", "x", "one\n");
        followed.extend_from_slice(b"b\n");
        assert_eq!(without(&followed, "x"), b"a\nb\n");
        assert_eq!(without(b"a\n", "x"), b"a\n");
    }

    #[test]
    fn a_mark_alone_is_broken() {
        assert_eq!(find(b"# >>> shipway x >>>\n", "x"), Found::Broken);
        assert_eq!(
            find(b"# <<< shipway x <<<\n# >>> shipway x >>>\n", "x"),
            Found::Broken
        );
    }
}
