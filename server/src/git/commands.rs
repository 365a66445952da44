//! What a push asks for: the lines before its pack. Pure.

use git2::Oid;

/// Most refs that one push may touch.
pub(super) const MAX_COMMANDS: usize = 1000;
/// Most push options, and most bytes in one.
pub(super) const MAX_OPTIONS: usize = 32;
const MAX_OPTION_BYTES: usize = 1024;
const MAX_NAME_BYTES: usize = 1024;

/// One ref to create, move or delete.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Command {
    /// What the client believes the ref is; zero to create it.
    pub(super) old: Oid,
    /// What it shall be; zero to delete it.
    pub(super) new: Oid,
    /// Full name, as sent; checked by [`refusal`].
    pub(super) reference: String,
}

impl Command {
    /// Whether the ref goes away.
    pub(super) fn deletes(&self) -> bool {
        self.new.is_zero()
    }

    /// The branch, if it is one.
    pub(super) fn branch(&self) -> Option<&str> {
        self.reference.strip_prefix("refs/heads/")
    }

    /// The tag, if it is one.
    pub(super) fn tag(&self) -> Option<&str> {
        self.reference.strip_prefix("refs/tags/")
    }
}

/// What the client understands, of what matters here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Capabilities {
    /// Wants to hear how each ref went.
    pub(super) report_status: bool,
    /// Takes several streams in the response.
    pub(super) side_band: bool,
    /// Sends options after the commands.
    pub(super) push_options: bool,
}

/// The commands of a push.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Commands {
    /// In the order of the client.
    pub(super) list: Vec<Command>,
    /// From the first command.
    pub(super) capabilities: Capabilities,
}

/// Why the lines before the pack are not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadCommand {
    /// Not `old new name`.
    #[error("a command of the push is not `old new ref`")]
    Form,
    /// More refs than [`MAX_COMMANDS`].
    #[error("the push touches more than {MAX_COMMANDS} refs; push them in parts")]
    TooMany,
    /// A signed push, which was not offered.
    #[error("signed pushes are not supported")]
    Signed,
    /// Too many or too long push options.
    #[error("the push has more than {MAX_OPTIONS} options, or one over {MAX_OPTION_BYTES} bytes")]
    Options,
}

impl Commands {
    /// Takes the next line, without its packet length.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<(), BadCommand> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if line.starts_with(b"shallow ") {
            // The connectivity check decides whether what is missing there is missing here.
            return Ok(());
        }
        if line.starts_with(b"push-cert") {
            return Err(BadCommand::Signed);
        }
        if self.list.len() == MAX_COMMANDS {
            return Err(BadCommand::TooMany);
        }
        let (command, words) = match line.iter().position(|byte| *byte == 0) {
            Some(at) => (&line[..at], Some(&line[at + 1..])),
            None => (line, None),
        };
        if let (Some(words), true) = (words, self.list.is_empty()) {
            self.capabilities = capabilities(words);
        }
        self.list.push(command_of(command)?);
        Ok(())
    }
}

fn command_of(line: &[u8]) -> Result<Command, BadCommand> {
    let text = String::from_utf8_lossy(line);
    let mut parts = text.splitn(3, ' ');
    let (Some(old), Some(new), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(BadCommand::Form);
    };
    Ok(Command { old: oid(old)?, new: oid(new)?, reference: name.to_owned() })
}

fn oid(hex: &str) -> Result<Oid, BadCommand> {
    if hex.len() != 40 {
        return Err(BadCommand::Form);
    }
    Oid::from_str(hex).map_err(|_| BadCommand::Form)
}

fn capabilities(words: &[u8]) -> Capabilities {
    let mut found = Capabilities::default();
    for word in String::from_utf8_lossy(words).split_ascii_whitespace() {
        match word {
            "report-status" => found.report_status = true,
            "side-band-64k" => found.side_band = true,
            "push-options" => found.push_options = true,
            _ => {}
        }
    }
    found
}

/// Takes one push option.
pub(super) fn take_option(options: &mut Vec<String>, line: &[u8]) -> Result<(), BadCommand> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    if options.len() == MAX_OPTIONS || line.len() > MAX_OPTION_BYTES {
        return Err(BadCommand::Options);
    }
    options.push(String::from_utf8_lossy(line).into_owned());
    Ok(())
}

/// Why a name may not be pushed to; `None` when it may.
pub(super) fn refusal(reference: &str) -> Option<&'static str> {
    if reference.contains(char::REPLACEMENT_CHARACTER) {
        Some("the name is not UTF-8")
    } else if !reference.starts_with("refs/") {
        Some("only names below refs/ can be pushed to")
    } else if reference.len() > MAX_NAME_BYTES || !git2::Reference::is_valid_name(reference) {
        Some("not a valid ref name")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: &str = "1111111111111111111111111111111111111111";
    const ZERO: &str = "0000000000000000000000000000000000000000";

    #[test]
    fn the_first_command_carries_the_capabilities() {
        let mut commands = Commands::default();
        commands
            .take(format!("{ZERO} {A} refs/heads/main\0 report-status side-band-64k agent=git/2\n").as_bytes())
            .unwrap();
        commands.take(format!("{A} {ZERO} refs/heads/; rm -rf /").as_bytes()).unwrap();
        assert_eq!(commands.capabilities, Capabilities { report_status: true, side_band: true, push_options: false });
        assert_eq!(commands.list[0].branch(), Some("main"));
        assert!(commands.list[1].deletes());
        assert_eq!(commands.list[1].branch(), Some("; rm -rf /"));
    }

    #[test]
    fn names_that_no_ref_has_are_refused() {
        for good in ["refs/heads/main", "refs/tags/v1", "refs/heads/$(x)", "refs/heads/ü"] {
            assert_eq!(refusal(good), None, "{good}");
        }
        for bad in ["HEAD", "main", "refs/heads/../x", "refs/heads/", "refs/heads/a b", "refs/heads/x.lock", "refs/x~1"]
        {
            assert!(refusal(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn too_many_refs_are_refused() {
        let mut commands = Commands::default();
        for number in 0..MAX_COMMANDS {
            commands.take(format!("{ZERO} {A} refs/heads/{number}").as_bytes()).unwrap();
        }
        assert_eq!(commands.take(format!("{ZERO} {A} refs/heads/x").as_bytes()), Err(BadCommand::TooMany));
    }

    proptest! {
        #[test]
        fn any_line_is_a_command_or_an_error(line in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut commands = Commands::default();
            let _ = commands.take(&line);
            for command in &commands.list {
                let _ = refusal(&command.reference);
            }
        }
    }
}
