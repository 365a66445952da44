//! The machine that eats terminal output.

use super::Style;

/// Most characters of a line that are drawn.
pub const MAX_LINE: usize = 16 * 1024;
/// Longest escape sequence that means anything; a longer one is dropped like an unknown one.
const MAX_PARAMETERS: usize = 128;

/// A run of text in one style.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    /// How it looks.
    pub style: Style,
    /// Without any control character but tabs.
    pub text: String,
}

impl Span {
    /// The CSS classes; empty for plain text.
    pub fn classes(&self) -> String {
        self.style.classes()
    }
}

/// One line.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Line {
    /// In order; none for an empty line.
    pub spans: Vec<Span>,
    /// The line is longer than what is drawn.
    pub cut: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
enum Mode {
    #[default]
    Ground,
    /// After ESC, and any intermediates.
    Escape,
    /// After ESC [.
    Control(String),
    /// Inside a string sequence (OSC, DCS, SOS, PM, APC), until BEL or ESC \.
    Text,
    /// Inside one, after ESC.
    TextEscape,
}

/// Eats text in pieces, gives lines. Pieces may be cut anywhere.
#[derive(Clone, Debug)]
pub struct Parser {
    style: Style,
    mode: Mode,
    line: Line,
    length: usize,
    most: usize,
    redraw: bool,
}

impl Default for Parser {
    fn default() -> Self {
        let (mode, line) = (Mode::default(), Line::default());
        Self { style: Style::default(), mode, line, length: 0, most: MAX_LINE, redraw: false }
    }
}

impl Parser {
    /// At the start of a log.
    pub fn new() -> Self {
        Self::default()
    }

    /// At the start of a line, in the style that goes on there.
    pub fn styled(style: Style) -> Self {
        Self { style, ..Self::default() }
    }

    /// One that cuts no line.
    pub(super) fn whole() -> Self {
        Self { most: usize::MAX, ..Self::default() }
    }

    /// Eats a piece and appends the lines that it ends.
    pub fn push(&mut self, text: &str, lines: &mut Vec<Line>) {
        for character in text.chars() {
            if character == '\n' {
                lines.push(self.take());
            } else {
                self.eat(character);
            }
        }
    }

    /// The line that has not ended yet; `None` when nothing came since the last end.
    pub fn rest(&self) -> Option<&Line> {
        (!self.line.spans.is_empty()).then_some(&self.line)
    }

    /// The style that goes on.
    pub fn style(&self) -> Style {
        self.style
    }

    fn take(&mut self) -> Line {
        self.mode = Mode::Ground;
        self.redraw = false;
        self.length = 0;
        std::mem::take(&mut self.line)
    }

    fn eat(&mut self, character: char) {
        self.mode = match (std::mem::take(&mut self.mode), character) {
            (Mode::Text, '\x07') => Mode::Ground,
            (Mode::Text, '\x1b') => Mode::TextEscape,
            (Mode::TextEscape, '\\') => Mode::Ground,
            (Mode::Text, _) => Mode::Text,
            (_, '\x1b') => Mode::Escape,
            (Mode::Escape | Mode::TextEscape, '[') => Mode::Control(String::new()),
            (Mode::Escape | Mode::TextEscape, ']' | 'P' | 'X' | '^' | '_') => Mode::Text,
            (Mode::Escape | Mode::TextEscape, ' '..='/') => Mode::Escape,
            (Mode::Escape | Mode::TextEscape, '0'..='~') => Mode::Ground,
            (Mode::Control(mut parameters), ' '..='?') => {
                if parameters.len() < MAX_PARAMETERS {
                    parameters.push(character);
                } else {
                    // No digit may follow it, so that the cut sequence means nothing.
                    parameters.replace_range(..1, "?");
                }
                Mode::Control(parameters)
            }
            (Mode::Control(parameters), '@'..='~') => {
                let plain = parameters.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b':'));
                if character == 'm' && plain {
                    self.style.apply(&parameters);
                }
                Mode::Ground
            }
            (Mode::Ground | Mode::Escape | Mode::TextEscape | Mode::Control(_), _) => {
                self.draw(character);
                Mode::Ground
            }
        };
    }

    fn draw(&mut self, character: char) {
        if character == '\r' {
            self.redraw = true;
            return;
        }
        if character.is_control() && character != '\t' {
            return;
        }
        if self.redraw {
            self.line = Line::default();
            self.redraw = false;
            self.length = 0;
        }
        if self.length >= self.most {
            self.line.cut = true;
            return;
        }
        self.length += 1;
        match self.line.spans.last_mut() {
            Some(span) if span.style == self.style => span.text.push(character),
            _ => self.line.spans.push(Span { style: self.style, text: character.to_string() }),
        }
    }
}

#[cfg(test)]
mod tests;
