//! `xml-syntax`: XML is well-formed.
//!
//! XML 1.0, fifth edition. Nothing is fetched and no entity is expanded.

mod entities;
mod well_formed;

use super::file::position;
use super::syntax::{invalid, is_template, utf8};
use super::{File, Mode, Options, Outcome};
use bstr::ByteSlice;
use std::borrow::Cow;

const ID: &str = "xml-syntax";
const XML: &str = "XML";
/// Bytes at the beginning in which the XML declaration stands.
const DECLARATION: usize = 200;

pub(super) fn look(file: &File, _: &Options) -> Outcome {
    if !matches!(file.mode(), Mode::Regular | Mode::Executable) || !file.is("xml") {
        return Outcome::clean();
    }
    let text = match decoded(file) {
        Ok(text) => text,
        Err(outcome) => return outcome,
    };
    let bare = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let Err((at, message)) = well_formed::check(bare) else {
        return Outcome::clean();
    };
    if is_template(file) {
        return Outcome::clean();
    }
    let finding = invalid(file, ID, XML, &message, 0);
    vec![finding.at(file.path(), position(bare.as_bytes(), at))].into()
}

/// The content as text: in UTF-16 where a byte order mark says so; where another encoding is
/// declared, byte for character, for what is markup is ASCII in all of them.
fn decoded<'a>(file: &File<'a>) -> Result<Cow<'a, str>, Outcome> {
    let content = file.content();
    let utf16 = |of: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = content.as_chunks().0.iter().map(|pair| of(*pair)).collect();
        Ok(Cow::Owned(String::from_utf16_lossy(&units)))
    };
    if content.starts_with(b"\xFF\xFE") {
        return utf16(u16::from_le_bytes);
    }
    if content.starts_with(b"\xFE\xFF") {
        return utf16(u16::from_be_bytes);
    }
    utf8(file, ID, XML).map(Cow::Borrowed).or_else(|outcome| {
        let head = &content[..content.len().min(DECLARATION)];
        let declared = head.starts_with(b"<?xml")
            && head.contains_str("encoding")
            && !head.to_ascii_lowercase().contains_str("utf-8");
        if declared {
            Ok(Cow::Owned(
                content.iter().map(|byte| char::from(*byte)).collect(),
            ))
        } else {
            Err(outcome)
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::hooks::check::tests::{look, places};

    fn lines(content: impl AsRef<[u8]>) -> Vec<usize> {
        places(&look("xml-syntax", "a.xml", content))
            .iter()
            .map(|place| place.0)
            .collect()
    }

    #[test]
    fn what_is_well_formed() {
        for text in [
            "<a/>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a b='c'>d<!-- e --><![CDATA[<&]]></a>\n",
            "<a>&lt;&amp;&#233;&#xE9;</a>",
            "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
            "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\"><html>&nbsp;&copy;</html>",
            "<x:a xmlns:x=\"urn:x\" x:b=\"1\" b=\"2\"/>",
            "<\u{e9}/>",
            "<unbound:a/>",
            "\u{feff}<a/>",
            "<a>\r\n</a>\r\n",
            "<?xml version=\"1.0\" encoding=\"windows-1252\"?><a/>",
            "<!-- c --><a/><?pi x?><!-- d -->",
        ] {
            assert!(lines(text).is_empty(), "{text}");
        }
        assert!(lines(b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9</a>").is_empty());
    }

    #[test]
    fn what_is_not() {
        for (text, line) in [
            ("", 1),
            ("x", 1),
            ("<a>\n</b>", 2),
            ("<a>\n", 2),
            ("<a/>\n<b/>", 2),
            ("<a/>\nx", 2),
            ("<a b=c/>", 1),
            ("<a\n b='1' b='2'/>", 2),
            ("<a>&x;</a>", 1),
            ("<a>\n&</a>", 2),
            ("<a b='<'/>", 1),
            ("<1/>", 1),
            ("<a>&#0;</a>", 1),
            ("<a><!-- -- --></a>", 1),
            ("\n<?xml version=\"1.0\"?><a/>", 2),
            ("<a>\u{1}</a>", 1),
        ] {
            assert_eq!(lines(text), [line], "{text}");
        }
        assert_eq!(places(&look("xml-syntax", "a.svg", "<svg>")).len(), 1);
        assert_eq!(places(&look("xml-syntax", "a.html", "<p>")).len(), 0);
    }

    #[test]
    fn bad_bytes_depth_and_bombs_are_survived() {
        assert_eq!(lines(b"<a>\xff</a>"), [1]);
        assert_eq!(lines("<a>\0</a>"), [1]);
        assert_eq!(lines("<a>".repeat(100_000)), [1]);
        let mut bomb = "<!DOCTYPE a [<!ENTITY a0 \"lol\">\n".to_owned();
        for n in 1..30 {
            bomb += &format!(
                "<!ENTITY a{n} \"{}\">\n",
                format!("&a{};", n - 1).repeat(10)
            );
        }
        let bomb = |depth| lines(format!("{bomb}]>\n<a>&a{depth};</a>\n"));
        assert_eq!(bomb(29), [32]);
        assert!(bomb(3).is_empty());
        assert_eq!(
            lines("<!DOCTYPE a [<!ENTITY a \"&b;\"><!ENTITY b \"&a;\">]><a>&a;</a>").len(),
            1
        );
        let mut chain = String::new();
        for n in 1..20_000 {
            chain += &format!("<!ENTITY a{n} \"&a{};\">", n - 1);
        }
        let chain = |first| lines(format!("<!DOCTYPE a [{first}{chain}]><a>&a19999;</a>"));
        assert!(chain("<!ENTITY a0 'x'>").is_empty());
        assert_eq!(chain("<!ENTITY a0 '&a19999;'>"), [1]);
    }
}
