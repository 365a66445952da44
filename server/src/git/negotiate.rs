//! What a fetch asks for, and the answers that find out what both sides have. Pure but for two questions to the repository.

use git2::Oid;

use super::pktline;

/// Most wants and haves in one request.
const MAX_LINES: usize = 100_000;

/// One request of a fetch.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Request {
    /// What the client wants, in its order.
    pub(super) wants: Vec<Oid>,
    /// The rounds of what it has: a round ends with a flush.
    rounds: Vec<Vec<Oid>>,
    /// It will send no more.
    done: bool,
    capabilities: Capabilities,
    section: Section,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Section {
    #[default]
    Wants,
    Haves,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Capabilities {
    multi_ack_detailed: bool,
    no_done: bool,
    side_band: bool,
    no_progress: bool,
}

/// Why a fetch is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadRequest {
    /// A line that protocol v0 does not have there.
    #[error("a line of the fetch is not understood")]
    Line,
    /// `--depth` and its like, which were not offered.
    #[error("shallow fetches are not supported; fetch without --depth")]
    Shallow,
    /// Over the limit.
    #[error("the fetch has more than {MAX_LINES} lines")]
    TooMany,
    /// `want` of something that no ref points at.
    #[error("`{0}` is not the tip of a ref here")]
    NotOurs(Oid),
}

/// What negotiation asks of the repository.
pub(super) trait Ours {
    /// Whether the object is here.
    fn has(&self, id: Oid) -> bool;
    /// Whether every want has one of the common objects in its history.
    fn is_enough(&self, wants: &[Oid], common: &[Oid]) -> bool;
}

/// How to answer a fetch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    /// Packets to send first.
    pub(super) lines: Vec<u8>,
    /// The pack follows, without what these have in their history. `None`: the client asks again.
    pub(super) pack_without: Option<Vec<Oid>>,
}

impl Request {
    /// Takes the next line, without its packet length.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<(), BadRequest> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let text = std::str::from_utf8(line).map_err(|_| BadRequest::Line)?;
        if self.lines() >= MAX_LINES {
            return Err(BadRequest::TooMany);
        }
        match (self.section, text.split_once(' ')) {
            (Section::Wants, Some(("want", rest))) => {
                let (id, words) = rest.split_once(' ').unwrap_or((rest, ""));
                if self.wants.is_empty() {
                    self.capabilities = capabilities(words);
                }
                self.wants.push(oid(id)?);
                Ok(())
            }
            (Section::Wants, Some(("shallow" | "deepen" | "deepen-since" | "deepen-not" | "filter", _))) => {
                Err(BadRequest::Shallow)
            }
            (Section::Haves, Some(("have", id))) => {
                let id = oid(id)?;
                if let Some(round) = self.rounds.last_mut() {
                    round.push(id);
                }
                Ok(())
            }
            (Section::Haves, None) if text == "done" => {
                self.done = true;
                Ok(())
            }
            _ => Err(BadRequest::Line),
        }
    }

    /// Takes the end of a section.
    pub(super) fn flush(&mut self) {
        match self.section {
            Section::Wants => {
                self.section = Section::Haves;
                self.rounds.push(Vec::new());
            }
            Section::Haves if self.rounds.len() < MAX_LINES => self.rounds.push(Vec::new()),
            Section::Haves => {}
        }
    }

    /// Whether no line can follow.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Whether the response has bands.
    pub(super) fn side_band(&self) -> bool {
        self.capabilities.side_band
    }

    /// Whether the client wants to see progress.
    pub(super) fn progress(&self) -> bool {
        self.capabilities.side_band && !self.capabilities.no_progress
    }

    fn lines(&self) -> usize {
        self.wants.len() + self.rounds.iter().map(Vec::len).sum::<usize>()
    }

    /// The answer. The transport is stateless: each request carries all wants, and the haves found common before.
    pub(super) fn answer(&self, ours: &impl Ours) -> Answer {
        let mut lines = Vec::new();
        let mut common = Vec::new();
        let mut ready = false;
        let detailed = self.capabilities.multi_ack_detailed;
        let ended = self.rounds.len().saturating_sub(1);
        for (number, round) in self.rounds.iter().enumerate() {
            for have in round {
                if ours.has(*have) {
                    common.push(*have);
                    if detailed {
                        ack(*have, Some("common"), &mut lines);
                    } else if common.len() == 1 {
                        ack(*have, None, &mut lines);
                    }
                }
            }
            if number == ended {
                break;
            }
            if let (true, false, Some(last)) = (detailed, ready, common.last())
                && ours.is_enough(&self.wants, &common)
            {
                ready = true;
                ack(*last, Some("ready"), &mut lines);
            }
            if detailed || common.is_empty() {
                pktline::line(b"NAK\n", &mut lines);
            }
            if let (true, true, Some(last)) = (ready, self.capabilities.no_done, common.last()) {
                ack(*last, None, &mut lines);
                return Answer { lines, pack_without: Some(common) };
            }
        }
        if !self.done {
            return Answer { lines, pack_without: None };
        }
        match common.last() {
            Some(last) if detailed => ack(*last, None, &mut lines),
            Some(_) => {}
            None => pktline::line(b"NAK\n", &mut lines),
        }
        Answer { lines, pack_without: Some(common) }
    }
}

fn ack(id: Oid, word: Option<&str>, out: &mut Vec<u8>) {
    let text = match word {
        Some(word) => format!("ACK {id} {word}\n"),
        None => format!("ACK {id}\n"),
    };
    pktline::line(text.as_bytes(), out);
}

fn oid(hex: &str) -> Result<Oid, BadRequest> {
    if hex.len() == 40 { Oid::from_str(hex).map_err(|_| BadRequest::Line) } else { Err(BadRequest::Line) }
}

fn capabilities(words: &str) -> Capabilities {
    let mut found = Capabilities::default();
    for word in words.split_ascii_whitespace() {
        match word {
            "multi_ack_detailed" => found.multi_ack_detailed = true,
            "no-done" => found.no_done = true,
            "side-band-64k" => found.side_band = true,
            "no-progress" => found.no_progress = true,
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    struct Fake {
        has: HashSet<Oid>,
        enough: usize,
    }

    impl Ours for Fake {
        fn has(&self, id: Oid) -> bool {
            self.has.contains(&id)
        }

        fn is_enough(&self, _: &[Oid], common: &[Oid]) -> bool {
            common.len() >= self.enough
        }
    }

    fn id(digit: char) -> Oid {
        Oid::from_str(&digit.to_string().repeat(40)).unwrap()
    }

    fn ask(capabilities: &str, rounds: &[&[char]], done: bool) -> Request {
        let mut request = Request::default();
        request.line(format!("want {} {capabilities}\n", id('f')).as_bytes()).unwrap();
        request.flush();
        for (number, round) in rounds.iter().enumerate() {
            for have in *round {
                request.line(format!("have {}\n", id(*have)).as_bytes()).unwrap();
            }
            if number + 1 < rounds.len() || !done {
                request.flush();
            }
        }
        if done {
            request.line(b"done\n").unwrap();
        }
        request
    }

    fn said(answer: &Answer) -> String {
        let text = String::from_utf8(answer.lines.clone()).unwrap();
        let mut buffer = bytes::BytesMut::from(text.as_bytes());
        let mut words = Vec::new();
        while let Ok(Some(pktline::Packet::Data(line))) = pktline::decode(&mut buffer) {
            let line = String::from_utf8_lossy(&line).replace('\n', "");
            let mut parts = line.split(' ');
            let verb = parts.next().unwrap_or_default().to_owned();
            let object = parts.next().map(|hex| format!(" {}", &hex[..1])).unwrap_or_default();
            words.push(verb + &object + &parts.map(|word| format!(" {word}")).collect::<String>());
        }
        words.join(", ")
    }

    fn ours(has: &[char], enough: usize) -> Fake {
        Fake { has: has.iter().copied().map(id).collect(), enough }
    }

    const MODERN: &str = "multi_ack_detailed no-done side-band-64k";

    #[test]
    fn transcripts() {
        // A clone.
        let answer = ask(MODERN, &[], true).answer(&ours(&[], 1));
        assert_eq!((said(&answer).as_str(), answer.pack_without), ("NAK", Some(vec![])));
        // Nothing in common yet: ask again.
        let answer = ask(MODERN, &[&['1', '2']], false).answer(&ours(&[], 1));
        assert_eq!((said(&answer).as_str(), answer.pack_without), ("NAK", None));
        // Enough in common: the pack at once.
        let answer = ask(MODERN, &[&['1', '2']], false).answer(&ours(&['2'], 1));
        assert_eq!(said(&answer), "ACK 2 common, ACK 2 ready, NAK, ACK 2");
        assert_eq!(answer.pack_without, Some(vec![id('2')]));
        // The same for a client that will say done.
        let answer = ask("multi_ack_detailed", &[&['1', '2']], false).answer(&ours(&['2'], 1));
        assert_eq!((said(&answer).as_str(), answer.pack_without), ("ACK 2 common, ACK 2 ready, NAK", None));
        let answer = ask("multi_ack_detailed", &[&['2']], true).answer(&ours(&['2'], 1));
        assert_eq!((said(&answer).as_str(), answer.pack_without), ("ACK 2 common, ACK 2", Some(vec![id('2')])));
        // In common, but not enough.
        let answer = ask(MODERN, &[&['1']], false).answer(&ours(&['1'], 2));
        assert_eq!((said(&answer).as_str(), answer.pack_without), ("ACK 1 common, NAK", None));
        // The oldest of clients.
        let answer = ask("", &[&['1', '2', '3']], true).answer(&ours(&['2', '3'], 9));
        assert_eq!((said(&answer).as_str(), answer.pack_without), ("ACK 2", Some(vec![id('2'), id('3')])));
    }

    #[test]
    fn a_shallow_fetch_is_refused_with_words() {
        let mut request = Request::default();
        request.line(format!("want {}", id('f')).as_bytes()).unwrap();
        assert_eq!(request.line(b"deepen 1"), Err(BadRequest::Shallow));
    }

    proptest! {
        #[test]
        fn any_lines_are_a_request_or_an_error(
            lines in prop::collection::vec(prop::option::of(prop_oneof![
                prop::collection::vec(any::<u8>(), 0..60),
                Just(format!("want {}", id('a')).into_bytes()),
                Just(format!("have {}", id('b')).into_bytes()),
                Just(b"done".to_vec()),
            ]), 0..30)
        ) {
            let mut request = Request::default();
            for line in lines {
                match line {
                    Some(line) => { let _ = request.line(&line); }
                    None => request.flush(),
                }
            }
            let answer = request.answer(&ours(&['b'], 1));
            prop_assert!(answer.pack_without.is_some() || !request.is_done());
        }
    }
}
