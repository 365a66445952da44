//! What a gate's shell says on the stream that its standard error was.

/// A control line, or a piece of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Control {
    /// The word was heard.
    Gone,
    /// Bytes of the step's file of outputs, with line ends.
    Output(Vec<u8>),
    /// The kernel killed something of the container for its memory use.
    OutOfMemory,
    /// The script ended with this exit code.
    Exit(i32),
}

/// Something found on the stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Item {
    Control(Control),
    /// Not ours: a message of the shell or of the loader before the gate was up. It belongs to the log.
    Other(Vec<u8>),
}

/// Takes the stream apart. Fed with pieces of any size.
#[derive(Debug)]
pub(super) struct Parser {
    nonce: Vec<u8>,
    line: Vec<u8>,
    /// The line that is being read is a long one of outputs, and its beginning was given.
    in_output: bool,
}

/// A line longer than this is passed on in parts; of ours only outputs are.
const MAX_LINE: usize = 4096;

impl Parser {
    pub(super) fn new(nonce: &str) -> Self {
        Self { nonce: nonce.as_bytes().to_vec(), line: Vec::new(), in_output: false }
    }

    /// What a piece of the stream completes.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Item> {
        let mut items = Vec::new();
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") || self.line.len() > MAX_LINE {
                items.push(self.take());
            }
        }
        items
    }

    /// What is left at the end of the stream.
    pub(super) fn finish(&mut self) -> Option<Item> {
        (!self.line.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> Item {
        let line = std::mem::take(&mut self.line);
        if self.in_output {
            self.in_output = !line.ends_with(b"\n");
            return Item::Control(Control::Output(line));
        }
        if let Some(output) = self.own(&line).and_then(|words| words.strip_prefix(b"out ")) {
            self.in_output = !line.ends_with(b"\n");
            return Item::Control(Control::Output(output.to_vec()));
        }
        match self.control(&line) {
            Some(control) => Item::Control(control),
            None => Item::Other(line),
        }
    }

    /// What follows the first word of a control line.
    fn own<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        line.strip_prefix(&self.nonce[..])?.strip_prefix(b" ")
    }

    fn control(&self, line: &[u8]) -> Option<Control> {
        let words = self.own(line)?.strip_suffix(b"\n")?;
        if words == b"go" {
            return Some(Control::Gone);
        }
        if words == b"oom" {
            return Some(Control::OutOfMemory);
        }
        let code = std::str::from_utf8(words.strip_prefix(b"exit ")?).ok()?;
        code.parse().ok().map(Control::Exit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(pieces: &[&[u8]]) -> Vec<Item> {
        let mut parser = Parser::new("n1");
        let mut items: Vec<Item> = pieces.iter().flat_map(|piece| parser.feed(piece)).collect();
        items.extend(parser.finish());
        items
    }

    #[test]
    fn control_lines_are_told_from_all_else() {
        let items = all(&[b"sh: not found\nn1 go\nn1 oom\nn1 exit 3\nn2 exit 0\nn1 exit x\nn1 exit 4"]);
        assert_eq!(
            items,
            [
                Item::Other(b"sh: not found\n".to_vec()),
                Item::Control(Control::Gone),
                Item::Control(Control::OutOfMemory),
                Item::Control(Control::Exit(3)),
                Item::Other(b"n2 exit 0\n".to_vec()),
                Item::Other(b"n1 exit x\n".to_vec()),
                Item::Other(b"n1 exit 4".to_vec()),
            ]
        );
    }

    #[test]
    fn outputs_of_any_length_stay_outputs() {
        let long = [&b"n1 out A="[..], &[b'x'; 3 * MAX_LINE], b"\nn1 out B=n1 go\nn1 exit 0\nplain\n"].concat();
        let (mut outputs, mut others) = (Vec::new(), Vec::new());
        for item in all(&[&long[..MAX_LINE + 7], &long[MAX_LINE + 7..]]) {
            match item {
                Item::Control(Control::Output(bytes)) => outputs.extend(bytes),
                other => others.push(other),
            }
        }
        assert_eq!(outputs, [&b"A="[..], &[b'x'; 3 * MAX_LINE], b"\nB=n1 go\n"].concat());
        assert_eq!(others, [Item::Control(Control::Exit(0)), Item::Other(b"plain\n".to_vec())]);
    }

    proptest! {
        #[test]
        fn borders_of_pieces_change_nothing(cuts in prop::collection::vec(0..40usize, 0..6)) {
            let stream = b"x\nn1 go\nlong line of others\nn1 exit 12\n";
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&stream[from..cut]);
                from = cut;
            }
            pieces.push(&stream[from..]);
            prop_assert_eq!(all(&pieces), all(&[stream]));
        }

        #[test]
        fn nothing_but_control_lines_is_ever_lost(stream in prop::collection::vec(any::<u8>(), 0..9000)) {
            let kept: Vec<u8> = all(&[&stream]).into_iter().flat_map(|item| match item {
                Item::Other(bytes) => bytes,
                Item::Control(_) => Vec::new(),
            }).collect();
            prop_assert_eq!(kept, stream);
        }
    }
}
