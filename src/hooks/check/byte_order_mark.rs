//! `byte-order-mark`: no UTF-8 file starts with a byte order mark.

use super::{File, Finding, Mode, Options, Outcome};

const ID: &str = "byte-order-mark";
/// U+FEFF in UTF-8.
pub(super) const MARK: &[u8] = b"\xEF\xBB\xBF";

pub(super) fn look(file: &File, _: &Options) -> Outcome {
    let Some(rest) = file.content().strip_prefix(MARK) else {
        return Outcome::clean();
    };
    if !matches!(file.mode(), Mode::Regular | Mode::Executable) {
        return Outcome::clean();
    }
    let finding = Finding::error(
        ID,
        "the file starts with a UTF-8 byte order mark, which shebangs and many parsers stumble over",
        "save it as UTF-8 without the mark, or run the job with fix = true",
    );
    Outcome {
        findings: vec![file.place(finding.fixable(), 0)],
        fixed: Some(rest.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use crate::hooks::check::tests::fixed;

    #[test]
    fn the_mark_goes_from_utf_8_alone() {
        assert_eq!(fixed("byte-order-mark", "a", b"\xEF\xBB\xBFx"), b"x");
        assert_eq!(
            fixed("byte-order-mark", "a", b"x\xEF\xBB\xBF"),
            b"x\xEF\xBB\xBF"
        );
        // UTF-16 has a use for it.
        assert_eq!(
            fixed("byte-order-mark", "a", b"\xFF\xFEx\0"),
            b"\xFF\xFEx\0"
        );
    }
}
