//! XML as a stream of what reports are made of. Entities beyond XML's own five are refused where a document defines some.

use std::io::Read;

use quick_xml::{
    Error,
    escape::unescape,
    events::{BytesStart, Event},
    reader::Reader,
};

use super::{Unreadable, input::Input};

/// Deepest nesting of elements.
const DEEPEST: usize = 64;

/// A piece of a document.
#[derive(Debug)]
pub(super) enum Piece {
    /// An element begins.
    Start(Element),
    /// The last one that began and has not ended ends.
    End,
    /// Text of it, resolved.
    Text(String),
}

/// The beginning of an element.
#[derive(Debug)]
pub(super) struct Element {
    /// Without a prefix.
    pub(super) name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// The value of an attribute, resolved.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A document that is being read.
pub(super) struct Document<R> {
    reader: Reader<Input<R>>,
    buffer: Vec<u8>,
    depth: usize,
    seen_root: bool,
    /// An empty element was given as its beginning.
    ends: bool,
}

impl<R: Read> Document<R> {
    pub(super) fn new(input: Input<R>) -> Self {
        let mut reader = Reader::from_reader(input);
        reader.config_mut().allow_dangling_amp = true;
        Self { reader, buffer: Vec::new(), depth: 0, seen_root: false, ends: false }
    }

    /// Something that is wrong about the document at this place.
    pub(super) fn wrong(&self, what: impl Into<String>) -> Unreadable {
        Unreadable { line: self.reader.get_ref().line(), what: what.into() }
    }

    /// The next piece; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Piece>, Unreadable> {
        if std::mem::take(&mut self.ends) {
            self.depth -= 1;
            return Ok(Some(Piece::End));
        }
        loop {
            self.buffer.clear();
            // One long piece does not take its memory to the end.
            self.buffer.shrink_to(1 << 20);
            self.reader.get_mut().next_piece();
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(error) => return Err(self.wrong(explain(&error))),
            };
            let is_empty = matches!(event, Event::Empty(_));
            let piece = match event {
                Event::Start(start) | Event::Empty(start) => {
                    let element = element(&start);
                    self.depth += 1;
                    self.seen_root = true;
                    self.ends = is_empty;
                    if self.depth > DEEPEST {
                        return Err(self.wrong(format!("elements are nested deeper than {DEEPEST}")));
                    }
                    Piece::Start(element)
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    Piece::End
                }
                Event::Text(text) => Piece::Text(text.xml10_content().into_owned()),
                Event::CData(text) => Piece::Text(text.xml10_content().into_owned()),
                Event::GeneralRef(reference) => Piece::Text(resolved(&reference)),
                Event::DocType(text) if text.contains("<!ENTITY") => {
                    return Err(self.wrong("it defines entities of its own, which reports have no need for"));
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => continue,
                Event::Eof if self.depth > 0 => return Err(self.wrong("it ends in the middle")),
                Event::Eof if !self.seen_root => return Err(self.wrong("there is no XML in it")),
                Event::Eof => return Ok(None),
            };
            return Ok(Some(piece));
        }
    }
}

/// What `&…;` stands for; itself when it is none of XML's own.
fn resolved(reference: &quick_xml::events::BytesRef<'_>) -> String {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return character.to_string();
    }
    match &**reference {
        "lt" => "<".to_owned(),
        "gt" => ">".to_owned(),
        "amp" => "&".to_owned(),
        "quot" => "\"".to_owned(),
        "apos" => "'".to_owned(),
        other => format!("&{other};"),
    }
}

fn element(start: &BytesStart<'_>) -> Element {
    let mut attributes = Vec::new();
    // A broken attribute ends the list; the rest of the document may be fine.
    for attribute in start.attributes().with_checks(false).map_while(Result::ok) {
        // Not normalized: rspec writes messages with their line ends, which XML would have as spaces.
        let value = unescape(&attribute.value);
        let value = value.map_or_else(|_| attribute.value.to_string(), |value| value.into_owned());
        attributes.push((attribute.key.local_name().as_ref().to_owned(), value));
    }
    Element { name: start.local_name().as_ref().to_owned(), attributes }
}

/// An error in few words, without the document's own text, which may be long.
fn explain(error: &Error) -> String {
    match error {
        Error::Io(error) => error.to_string(),
        other => other.to_string().chars().take(200).collect(),
    }
}
