//! What stands against a text's being well-formed XML, over the events of `quick-xml`.
//!
//! XML 1.0, fifth edition; the numbers are those of its productions. Of a document type
//! declaration only its entities are read.

use super::entities::Entities;
use quick_xml::Reader;
use quick_xml::events::attributes::{AttrError, Attributes};
use quick_xml::events::{BytesDecl, BytesStart, Event};
use std::collections::HashSet;

/// A fault: the byte of the text where it is, and a sentence's worth.
pub(super) type Fault = (usize, String);

/// The first fault of `text`, which has no byte order mark.
pub(super) fn check(text: &str) -> Result<(), Fault> {
    if let Some((at, c)) = text.char_indices().find(|(_, c)| !is_char(*c)) {
        return Err((
            at,
            format!("the character U+{:04X} is none of XML's", u32::from(c)),
        ));
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut document = Document {
        text,
        depth: 0,
        rooted: false,
        entities: Entities::default(),
    };
    loop {
        // The reader has gone on by the time that it says what it read.
        let before = position(&reader);
        match reader.read_event() {
            Ok(Event::Eof) => return document.end(),
            Ok(event) => document.take(event, before)?,
            Err(error) => {
                let at = usize::try_from(reader.error_position()).unwrap_or_default();
                return Err((at, error.to_string()));
            }
        }
    }
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or_default()
}

/// The document as far as it was read.
struct Document<'t> {
    text: &'t str,
    depth: usize,
    /// Whether its one element has begun.
    rooted: bool,
    entities: Entities<'t>,
}

impl Document<'_> {
    fn take(&mut self, event: Event, at: usize) -> Result<(), Fault> {
        match event {
            Event::Start(start) => {
                self.element(&start, at)?;
                self.depth += 1;
            }
            Event::Empty(start) => self.element(&start, at)?,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            Event::Text(text) => {
                if self.depth == 0 && !text.trim_matches(is_space).is_empty() {
                    let lead = text.len() - text.trim_start_matches(is_space).len();
                    return fault(at + lead, "text stands outside the root element");
                }
                if let Some(end) = text.find("]]>") {
                    return fault(at + end, "`]]>` stands in a text");
                }
            }
            Event::CData(_) if self.depth == 0 => {
                return fault(at, "a CDATA section stands outside the root element");
            }
            Event::GeneralRef(reference) => {
                if self.depth == 0 {
                    return fault(at, "a reference stands outside the root element");
                }
                self.entities.refer(&reference, at)?;
            }
            Event::Decl(declaration) => {
                if at != 0 {
                    return fault(at, "the XML declaration is not at the very beginning");
                }
                if !is_declaration(&declaration) {
                    return fault(
                        at,
                        "the XML declaration is not of the form `<?xml version=\"1.0\" encoding=\"UTF-8\"?>`",
                    );
                }
            }
            Event::PI(instruction) => {
                let target = instruction.target();
                if target.eq_ignore_ascii_case("xml") {
                    return fault(at, "the XML declaration is not at the very beginning");
                }
                if !is_name(target) {
                    return fault(at, "a processing instruction has no proper name");
                }
            }
            Event::DocType(doctype) => {
                if self.rooted {
                    return fault(
                        at,
                        "the DOCTYPE stands behind the beginning of the root element",
                    );
                }
                if let Some(place) = self.place(&doctype) {
                    let text = self.text;
                    self.entities.declare(&text[place..place + doctype.len()]);
                }
            }
            Event::CData(_) | Event::Comment(_) | Event::Eof => {}
        }
        Ok(())
    }

    fn element(&mut self, start: &BytesStart, at: usize) -> Result<(), Fault> {
        if self.depth == 0 && self.rooted {
            return fault(at, "a second element stands beside the root element");
        }
        self.rooted = true;
        let name = start.name();
        if !is_name(name.into_inner()) {
            return fault(at, "an element has no proper name");
        }
        let base = at + 1;
        let mut seen: HashSet<&str> = HashSet::new();
        let mut attributes = start.attributes();
        attributes.with_checks(false);
        for attribute in attributes {
            let attribute = attribute.map_err(|error| {
                let (AttrError::ExpectedEq(place)
                | AttrError::ExpectedValue(place)
                | AttrError::UnquotedValue(place)
                | AttrError::ExpectedQuote(place, _)
                | AttrError::Duplicated(place, _)) = error;
                (
                    base + place,
                    "an attribute is not of the form name=\"value\"".to_owned(),
                )
            })?;
            let key = attribute.key.into_inner();
            let place = self.place(key).unwrap_or(at);
            if !is_name(key) {
                return fault(place, "an attribute has no proper name");
            }
            if !self.text[..place].ends_with(is_space) {
                return fault(place, "no blank stands before an attribute");
            }
            if !seen.insert(key) {
                return Err((place, format!("the element has the attribute {key} twice")));
            }
            let value = &attribute.value;
            let place = self.place(value).unwrap_or(place);
            if let Some(less) = value.find('<') {
                return fault(place + less, "`<` stands in the value of an attribute");
            }
            let mut rest = 0;
            while let Some(ampersand) = value[rest..].find('&') {
                let open = rest + ampersand;
                let Some(end) = value[open..].find(';') else {
                    return fault(place + open, "`&` begins no reference");
                };
                self.entities
                    .refer(&value[open + 1..open + end], place + open)?;
                rest = open + end;
            }
        }
        Ok(())
    }

    /// Where `part` begins, which is a part of the text.
    fn place(&self, part: &str) -> Option<usize> {
        let at = part
            .as_ptr()
            .addr()
            .checked_sub(self.text.as_ptr().addr())?;
        (at <= self.text.len() && self.text.is_char_boundary(at)).then_some(at)
    }

    fn end(&self) -> Result<(), Fault> {
        if self.depth > 0 {
            return fault(self.text.len(), "the file ends within an element");
        }
        if !self.rooted {
            return fault(self.text.len(), "there is no root element");
        }
        Ok(())
    }
}

pub(super) fn fault<T>(at: usize, message: &str) -> Result<T, Fault> {
    Err((at, message.to_owned()))
}

/// Whether the XML declaration (23) has a version, then perhaps an encoding, then perhaps whether
/// it stands alone.
fn is_declaration(declaration: &BytesDecl) -> bool {
    const NAMES: [&str; 3] = ["version", "encoding", "standalone"];
    let mut next = 0;
    for attribute in Attributes::new(declaration, "xml".len()) {
        let Ok(attribute) = attribute else {
            return false;
        };
        let value = &attribute.value;
        let key = attribute.key.into_inner();
        let at = key.as_ptr().addr() - declaration.as_ptr().addr();
        if !declaration[..at].ends_with(is_space) {
            return false;
        }
        let place = NAMES.iter().position(|name| *name == key);
        let valid = match place {
            Some(0) => value.strip_prefix("1.").is_some_and(|digits| {
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
            }),
            Some(1) => {
                value.starts_with(|c: char| c.is_ascii_alphabetic())
                    && value
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            }
            Some(2) => matches!(&**value, "yes" | "no"),
            _ => false,
        };
        match place {
            Some(place) if valid && place >= next && (next > 0 || place == 0) => next = place + 1,
            _ => return false,
        }
    }
    next > 0
}

/// Production 2.
pub(super) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Production 3.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Production 5.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(is_name_start) && name.chars().all(is_name_char)
}

/// Production 4.
fn is_name_start(c: char) -> bool {
    matches!(c,
        ':' | '_' | 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}'
        | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}'
        | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// Production 4a.
fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}
