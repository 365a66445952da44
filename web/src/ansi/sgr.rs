//! Select Graphic Rendition: what the parameters of `ESC [ … m` mean.

use std::fmt::Write;

/// How a run of text looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Style {
    /// Index into the 256 colours; `None` is the page's own.
    pub foreground: Option<u8>,
    /// See `foreground`.
    pub background: Option<u8>,
    /// Heavier.
    pub bold: bool,
    /// Fainter.
    pub dim: bool,
    /// Slanted.
    pub italic: bool,
    /// Underlined.
    pub underline: bool,
    /// Foreground and background change places.
    pub inverse: bool,
}

impl Style {
    /// Applies the parameters of one sequence, the text between `[` and `m`. What is unknown is left out.
    pub fn apply(&mut self, parameters: &str) {
        let groups: Vec<Vec<u16>> = parameters.split(';').map(|group| group.split(':').map(number).collect()).collect();
        let mut at = 0;
        while at < groups.len() {
            let group = &groups[at];
            let code = group[0];
            at += 1;
            if !matches!(code, 38 | 48) {
                self.set(code, group.get(1).copied());
                continue;
            }
            let color = if group.len() > 1 {
                extended(&group[1..], true).0
            } else {
                let rest: Vec<u16> = groups[at..].iter().map(|group| group[0]).collect();
                let (color, used) = extended(&rest, false);
                at += used;
                color
            };
            if let Some(color) = color {
                *(if code == 38 { &mut self.foreground } else { &mut self.background }) = Some(color);
            }
        }
    }

    fn set(&mut self, code: u16, detail: Option<u16>) {
        let color = |base: u16| u8::try_from(code - base).ok();
        match code {
            0 => *self = Self::default(),
            1 => self.bold = true,
            2 => self.dim = true,
            3 => self.italic = true,
            4 => self.underline = detail != Some(0),
            21 => self.underline = true,
            7 => self.inverse = true,
            22 => (self.bold, self.dim) = (false, false),
            23 => self.italic = false,
            24 => self.underline = false,
            27 => self.inverse = false,
            30..=37 => self.foreground = color(30),
            39 => self.foreground = None,
            40..=47 => self.background = color(40),
            49 => self.background = None,
            90..=97 => self.foreground = color(82),
            100..=107 => self.background = color(92),
            _ => {}
        }
    }

    /// The CSS classes, separated by spaces; empty for plain text.
    pub fn classes(&self) -> String {
        let mut text = String::new();
        for (on, class) in [(self.bold, "sb"), (self.dim, "sd"), (self.italic, "si"), (self.underline, "su")] {
            if on {
                text.push_str(class);
                text.push(' ');
            }
        }
        let (front, back) = match self.inverse {
            false => (self.foreground, self.background),
            true => (self.background, self.foreground),
        };
        match (front, self.inverse) {
            (Some(color), _) => _ = write!(text, "f{color} "),
            (None, true) => text.push_str("fi "),
            (None, false) => {}
        }
        match (back, self.inverse) {
            (Some(color), _) => _ = write!(text, "b{color} "),
            (None, true) => text.push_str("bi "),
            (None, false) => {}
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// Parameters that make this style out of the plain one: `1;38;5;2`. Empty for plain text.
    pub fn parameters(&self) -> String {
        let mut all = Vec::new();
        for (on, code) in [(self.bold, 1), (self.dim, 2), (self.italic, 3), (self.underline, 4), (self.inverse, 7)] {
            if on {
                all.push(code.to_string());
            }
        }
        all.extend(self.foreground.map(|color| format!("38;5;{color}")));
        all.extend(self.background.map(|color| format!("48;5;{color}")));
        all.join(";")
    }
}

/// A parameter; empty is 0, what is no small number is one that means nothing.
fn number(text: &str) -> u16 {
    if text.is_empty() { 0 } else { text.parse().unwrap_or(u16::MAX) }
}

/// The colour of `5;N` or `2;R;G;B`, and how many parameters it took. The form with colons may name a colour space.
fn extended(parameters: &[u16], colons: bool) -> (Option<u8>, usize) {
    let byte = |at: usize| parameters.get(at).and_then(|value| u8::try_from(*value).ok());
    match parameters.first() {
        Some(5) => (byte(1), 2),
        Some(2) => {
            let first = if colons && parameters.len() > 4 { 2 } else { 1 };
            let color = match (byte(first), byte(first + 1), byte(first + 2)) {
                (Some(red), Some(green), Some(blue)) => Some(nearest(red, green, blue)),
                _ => None,
            };
            (color, 4)
        }
        _ => (None, 1),
    }
}

/// The nearest of the colours 16 to 255.
fn nearest(red: u8, green: u8, blue: u8) -> u8 {
    const LEVELS: [i32; 6] = [0, 95, 135, 175, 215, 255];
    let wanted = [red, green, blue].map(i32::from);
    let steps = wanted.map(|value| {
        if value < 48 {
            0
        } else if value < 115 {
            1
        } else {
            (value - 35) / 40
        }
    });
    let distance = |color: [i32; 3]| (0..3).map(|at| (color[at] - wanted[at]).pow(2)).sum::<i32>();
    let cube = steps.map(|step| LEVELS[step as usize]);
    let mean = wanted.iter().sum::<i32>() / 3;
    let gray = ((mean - 3) / 10).clamp(0, 23);
    if distance(cube) <= distance([8 + 10 * gray; 3]) {
        (16 + 36 * steps[0] + 6 * steps[1] + steps[2]) as u8
    } else {
        (232 + gray) as u8
    }
}
