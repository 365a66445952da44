//! The parser's events -> nodes, within a budget.

use std::collections::HashMap;

use serde_yaml::granit_parser::{self, Event, Parser, ScalarStyle, ScanError, Tag};

use super::{
    advice::{Advice, advise},
    merge,
    node::{Entry, Node, Scalar, Value},
};
use crate::{diagnostic::Span, report::Report};

/// Deepest nesting, aliases followed.
const MOST_DEEP: usize = 32;
/// Most values, aliases followed.
const MOST_NODES: usize = 20_000;
/// Most text, aliases followed, in bytes.
const MOST_TEXT: usize = 2 << 20;

/// Reads the one document of a file, whose number in the report is given. `None` when it is empty or broken; the latter is in the
/// report.
pub(super) fn load(text: &str, file: u16, report: &mut Report) -> Option<Node> {
    let at = |span: &granit_parser::Span| Span { file, ..at(span) };
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: MOST_DEEP + 1,
        block_nesting_limit: MOST_DEEP + 1,
    };
    let mut loader = Loader { report, frames: Vec::new(), anchors: HashMap::new(), left: Size::MOST, root: None };
    let mut documents = 0;
    for next in Parser::new_from_str_with_options(text, options) {
        let taken = match next {
            Ok((Event::DocumentStart(..), span)) => {
                documents += 1;
                if documents > 1 {
                    loader
                        .report
                        .error(at(&span), "a second document begins here, and only the first would run")
                        .help("put each workflow into a file of its own");
                    break;
                }
                Ok(())
            }
            Ok((event, span)) => loader.take(event, at(&span)),
            Err(error) => Err(syntax(&error, text, file, loader.report)),
        };
        if let Err(Broken) = taken {
            return None;
        }
    }
    loader.root.take()
}

/// What several files together may still hold.
#[derive(Debug)]
pub(crate) struct Budget(Size);

impl Default for Budget {
    fn default() -> Self {
        Self(Size::MOST)
    }
}

impl Budget {
    /// Takes what a file holds; `false` when that is more than is left.
    pub(crate) fn spend(&mut self, node: &Node) -> bool {
        let size = Size::of(node);
        let left = (self.0.nodes.checked_sub(size.nodes), self.0.text.checked_sub(size.text));
        let (Some(nodes), Some(text)) = left else { return false };
        self.0 = Size { nodes, text, ..self.0 };
        true
    }
}

/// The file cannot be read on; why is in the report.
struct Broken;

/// How much a subtree holds.
#[derive(Clone, Copy, Default, Debug)]
struct Size {
    nodes: usize,
    text: usize,
    deep: usize,
}

impl Size {
    const MOST: Self = Self { nodes: MOST_NODES, text: MOST_TEXT, deep: MOST_DEEP };

    fn of(node: &Node) -> Self {
        let children = |sizes: &mut dyn Iterator<Item = Self>| {
            sizes.fold(Self::default(), |sum, size| Self {
                nodes: sum.nodes + size.nodes,
                text: sum.text + size.text,
                deep: sum.deep.max(size.deep),
            })
        };
        let inner = match &node.value {
            Value::Scalar(scalar) => Self { nodes: 0, text: scalar.text.len(), deep: 0 },
            Value::List(items) => children(&mut items.iter().map(Self::of)),
            Value::Map(entries) => {
                let mut sum = children(&mut entries.iter().map(|entry| Self::of(&entry.value)));
                sum.text += entries.iter().map(|entry| entry.key.len()).sum::<usize>();
                sum
            }
        };
        Self { nodes: inner.nodes + 1, text: inner.text, deep: inner.deep + 1 }
    }
}

/// A list or map that is not complete.
struct Frame {
    span: Span,
    anchor: usize,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, places: HashMap<String, Span>, key: Option<Key> },
}

struct Key {
    text: String,
    span: Span,
    plain: bool,
    /// Not the first of its name, or no text: the value is dropped, the error is said.
    ignored: bool,
}

struct Loader<'r> {
    report: &'r mut Report,
    frames: Vec<Frame>,
    anchors: HashMap<usize, (Node, Size)>,
    left: Size,
    root: Option<Node>,
}

impl Loader<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Broken> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let quoted = self.tag_is_text(tag.as_deref(), span);
                let plain = style == ScalarStyle::Plain && !quoted;
                self.spend(Size { nodes: 1, text: text.len(), deep: 0 }, span)?;
                let value = Value::Scalar(Scalar { text: text.into_owned(), plain });
                self.complete(Node { span, value, is_alias: false }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.tag_is_text(tag.as_deref(), span);
                self.begin(Frame { span, anchor, inside: Inside::List(Vec::new()) })
            }
            Event::MappingStart(_, anchor, tag) => {
                self.tag_is_text(tag.as_deref(), span);
                let inside = Inside::Map { entries: Vec::new(), places: HashMap::new(), key: None };
                self.begin(Frame { span, anchor, inside })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(id) => self.alias(id, span),
            Event::UnresolvedAlias(name) => {
                self.report
                    .error(span, format!("no anchor `&{name}` comes before this"))
                    .help("quote the value if the `*` is part of it");
                let value = Value::Scalar(Scalar { text: String::new(), plain: true });
                self.complete(Node { span, value, is_alias: false }, 0)
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, frame: Frame) -> Result<(), Broken> {
        if self.frames.len() >= MOST_DEEP {
            return Err(self.too_much(frame.span, &format!("is nested more than {MOST_DEEP} deep")));
        }
        self.spend(Size { nodes: 1, text: 0, deep: 0 }, frame.span)?;
        self.frames.push(frame);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Broken> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        let value = match frame.inside {
            Inside::List(items) => Value::List(items),
            Inside::Map { mut entries, .. } => {
                // With an anchor it is an item that something else refers to.
                if let Some(Frame { inside: Inside::List(items), .. }) = self.frames.last_mut()
                    && frame.anchor == 0
                    && let Some(spliced) = merge::merged_list(&mut entries)
                {
                    items.extend(spliced);
                    return Ok(());
                }
                Value::Map(merge::merge_maps(entries, self.report))
            }
        };
        self.complete(Node { span: frame.span, value, is_alias: false }, frame.anchor)
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), Broken> {
        let Some((node, size)) = self.anchors.get(&id) else {
            self.report.error(span, "an alias to something that it is itself a part of");
            return Err(Broken);
        };
        let (mut node, size) = (node.clone_within(size, self.left), *size);
        if let Some(node) = &mut node {
            // The span stays that of the definition: that is where a value is put right.
            node.is_alias = true;
        }
        if self.frames.len() + size.deep > MOST_DEEP {
            return Err(self.too_much(span, &format!("is nested more than {MOST_DEEP} deep")));
        }
        self.spend(size, span)?;
        match node {
            Some(node) => self.complete(node, 0),
            None => Err(self.too_much(span, "expands to too much")),
        }
    }

    /// Puts a complete node where it belongs.
    fn complete(&mut self, node: Node, anchor: usize) -> Result<(), Broken> {
        if anchor != 0 {
            let size = Size::of(&node);
            self.spend(size, node.span)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        match self.frames.last_mut() {
            None => self.root = Some(node),
            Some(Frame { inside: Inside::List(items), .. }) => items.push(node),
            Some(Frame { inside: Inside::Map { entries, places, key }, .. }) => match key.take() {
                Some(key) if key.ignored => {}
                Some(Key { text, span, plain, .. }) => {
                    let merges = plain && text == "<<";
                    entries.push(Entry { key: text, key_span: span, merges, value: node });
                }
                None => *key = Some(begin_entry(node, places, self.report)),
            },
        }
        Ok(())
    }

    /// Whether a tag makes the value text.
    fn tag_is_text(&mut self, tag: Option<&Tag>, span: Span) -> bool {
        let Some(tag) = tag else { return false };
        match tag.core_suffix() {
            Some("str") => true,
            Some("null" | "bool" | "int" | "float" | "map" | "seq") => false,
            _ => {
                self.report.error(span, format!("the tag `{}` is not supported", tag.original()));
                false
            }
        }
    }

    fn spend(&mut self, size: Size, span: Span) -> Result<(), Broken> {
        match (self.left.nodes.checked_sub(size.nodes), self.left.text.checked_sub(size.text)) {
            (Some(nodes), Some(text)) => {
                self.left = Size { nodes, text, ..self.left };
                Ok(())
            }
            _ => {
                let what = format!("holds more than {MOST_NODES} values or {} MiB, aliases followed", MOST_TEXT >> 20);
                Err(self.too_much(span, &what))
            }
        }
    }

    fn too_much(&mut self, span: Span, what: &str) -> Broken {
        self.report.error(span, format!("the file {what}")).help("split it into several workflow files");
        Broken
    }
}

impl Node {
    /// A copy, unless it is larger than what is left.
    fn clone_within(&self, size: &Size, left: Size) -> Option<Self> {
        (size.nodes <= left.nodes && size.text <= left.text).then(|| self.clone())
    }
}

fn begin_entry(node: Node, places: &mut HashMap<String, Span>, report: &mut Report) -> Key {
    let kind = node.kind();
    let Value::Scalar(scalar) = node.value else {
        report.error(node.span, format!("a key must be text, this is {kind}"));
        return Key { text: String::new(), span: node.span, plain: false, ignored: true };
    };
    let merges = scalar.plain && scalar.text == "<<";
    let ignored = match places.get(&scalar.text) {
        Some(first) if !merges => {
            report
                .error(node.span, format!("the key `{}` is given twice", scalar.text))
                .help(format!("it is already on line {}; remove one of the two", first.line));
            true
        }
        _ => {
            places.insert(scalar.text.clone(), node.span);
            false
        }
    };
    Key { text: scalar.text, span: node.span, plain: scalar.plain, ignored }
}

fn at(span: &granit_parser::Span) -> Span {
    let start = span.start.byte_offset().unwrap_or_default();
    let end = span.end.byte_offset().unwrap_or_default().max(start);
    Span::new(start, end, span.start.line(), span.start.col() + 1)
}

fn syntax(error: &ScanError, text: &str, file: u16, report: &mut Report) -> Broken {
    let noticed = error.marker().byte_offset().unwrap_or_default();
    let Advice { start, reason, help } = advise(error.kind(), text, noticed);
    let before = &text[..start];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let (line, column) = (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1);
    let span = Span { file, ..Span::new(start, start, line, column) };
    let found = report.error(span, format!("this is not valid YAML: {reason}"));
    if let Some(help) = help {
        found.help(help);
    }
    Broken
}
