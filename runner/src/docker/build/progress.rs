//! BuildKit's news as lines of a log: `#2 [2/3] RUN make`, its output, `#2 DONE 0.4s`. Pure.

use std::collections::{HashMap, HashSet};

use super::trace::{Trace, Vertex, VertexLog, VertexStatus};

/// Longest piece of a line without its end that is held back.
const LONGEST: usize = 16 * 1024;
/// What BuildKit says of work that it gave up because other work failed.
const CANCELLED: &str = "context canceled";
/// How the name begins of what may fail without the build.
const IMPORT: &str = "importing cache";

/// What was told so far.
#[derive(Default, Debug)]
pub(super) struct Progress {
    vertexes: HashMap<String, Shown>,
    /// How many have a number.
    count: usize,
    /// Parts that were told of.
    parts: HashSet<(String, String)>,
    failure: Option<Failure>,
}

/// What made a build fail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Failure {
    /// As the log shows it, without its place: `RUN make`.
    pub(super) instruction: String,
    pub(super) error: String,
}

#[derive(Default, Debug)]
struct Shown {
    name: String,
    number: Option<usize>,
    /// The beginning of a line.
    line: Vec<u8>,
    is_done: bool,
}

impl Progress {
    /// Takes news; gives lines, whole ones but for the last.
    pub(super) fn take(&mut self, news: &Trace) -> Vec<u8> {
        let mut out = Vec::new();
        for vertex in &news.vertexes {
            let shown = self.vertexes.entry(vertex.digest.clone()).or_default();
            shown.name.clone_from(&vertex.name);
            if vertex.started.is_some() && vertex.completed.is_none() {
                shown.is_done = false;
                if !is_hidden(&vertex.name) {
                    self.number(&vertex.digest, &mut out);
                }
            }
        }
        news.logs.iter().for_each(|log| self.log(log, &mut out));
        news.statuses.iter().for_each(|status| self.part(status, &mut out));
        for warning in &news.warnings {
            let text = String::from_utf8_lossy(&warning.short);
            self.say(&warning.vertex, &format!("WARNING: {text}"), &mut out);
        }
        news.vertexes.iter().filter(|vertex| vertex.completed.is_some()).for_each(|vertex| self.end(vertex, &mut out));
        out
    }

    /// Why the build failed, as far as a piece of it says so.
    pub(super) fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// The number of a vertex. The first time its name is said.
    fn number(&mut self, digest: &str, out: &mut Vec<u8>) -> usize {
        let shown = self.vertexes.entry(digest.to_owned()).or_default();
        *shown.number.get_or_insert_with(|| {
            self.count += 1;
            out.extend(format!("#{} {}\n", self.count, shown.name).into_bytes());
            self.count
        })
    }

    fn say(&mut self, digest: &str, text: &str, out: &mut Vec<u8>) {
        let number = self.number(digest, out);
        out.extend(format!("#{number} {text}\n").into_bytes());
    }

    fn log(&mut self, log: &VertexLog, out: &mut Vec<u8>) {
        let number = self.number(&log.vertex, out);
        let Some(shown) = self.vertexes.get_mut(&log.vertex) else { return };
        shown.line.extend(&log.msg);
        while let Some(end) = shown.line.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = shown.line.drain(..=end).collect();
            out.extend(format!("#{number} ").into_bytes());
            out.extend(line);
        }
        if shown.line.len() > LONGEST {
            flush(shown, number, out);
        }
    }

    /// A layer that came down. Parts of no size are the engine's own affair.
    fn part(&mut self, status: &VertexStatus, out: &mut Vec<u8>) {
        if status.completed.is_none() || status.total <= 0 {
            return;
        }
        if self.parts.insert((status.vertex.clone(), status.id.clone())) {
            let id: String = status.id.chars().take(19).collect();
            self.say(&status.vertex, &format!("{id} {:.1} MB", status.total as f64 / 1e6), out);
        }
    }

    fn end(&mut self, vertex: &Vertex, out: &mut Vec<u8>) {
        let has_failed = !vertex.error.is_empty();
        let Some(shown) = self.vertexes.get_mut(&vertex.digest) else { return };
        if shown.is_done || (is_hidden(&vertex.name) && !has_failed) {
            return;
        }
        shown.is_done = true;
        let number = self.number(&vertex.digest, out);
        if let Some(shown) = self.vertexes.get_mut(&vertex.digest) {
            flush(shown, number, out);
        }
        let is_cancelled = vertex.error.contains(CANCELLED);
        let end = if is_cancelled {
            "CANCELED".to_owned()
        } else if has_failed {
            format!("ERROR: {}", vertex.error)
        } else if vertex.cached {
            "CACHED".to_owned()
        } else {
            let moments = vertex.started.zip(vertex.completed);
            let took = moments.map_or(0.0, |(from, to)| to.as_seconds() - from.as_seconds());
            format!("DONE {:.1}s", took.max(0.0))
        };
        self.say(&vertex.digest, &end, out);
        if has_failed && !is_cancelled && !vertex.name.starts_with(IMPORT) && self.failure.is_none() {
            let instruction = without_place(&vertex.name).to_owned();
            self.failure = Some(Failure { instruction, error: vertex.error.clone() });
        }
    }
}

fn flush(shown: &mut Shown, number: usize, out: &mut Vec<u8>) {
    if !shown.line.is_empty() {
        out.extend(format!("#{number} ").into_bytes());
        out.append(&mut shown.line);
        out.push(b'\n');
    }
}

/// What a person who wrote the Dockerfile has no part in.
fn is_hidden(name: &str) -> bool {
    name.starts_with("[internal]") || name.starts_with("[auth]") || name == "copy /context /"
}

/// `[build 2/3] RUN make` -> `RUN make`
fn without_place(name: &str) -> &str {
    match name.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((_, instruction)) => instruction,
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::trace::Moment, *};

    fn at(seconds: i64) -> Option<Moment> {
        Some(Moment { seconds, nanos: 0 })
    }

    fn vertex(digest: &str, name: &str) -> Vertex {
        Vertex { digest: digest.into(), name: name.into(), started: at(10), ..Vertex::default() }
    }

    fn take(progress: &mut Progress, vertexes: Vec<Vertex>, logs: &[(&str, &str)]) -> String {
        let logs =
            logs.iter().map(|(vertex, msg)| VertexLog { vertex: (*vertex).into(), msg: msg.as_bytes().to_vec() });
        let lines = progress.take(&Trace { vertexes, logs: logs.collect(), ..Trace::default() });
        String::from_utf8(lines).unwrap()
    }

    #[test]
    fn steps_their_output_and_their_ends_are_lines() {
        let mut progress = Progress::default();
        assert_eq!(take(&mut progress, vec![vertex("i", "[internal] load metadata")], &[]), "");
        let cached = Vertex { cached: true, completed: at(10), ..vertex("a", "[1/2] FROM x") };
        let said = take(&mut progress, vec![cached.clone(), vertex("b", "[2/2] RUN y")], &[("b", "one\ntw")]);
        assert_eq!(said, "#1 [2/2] RUN y\n#1 one\n#2 [1/2] FROM x\n#2 CACHED\n");
        assert_eq!(take(&mut progress, vec![cached], &[("b", "o\n")]), "#1 two\n", "said once");
        let done = Vertex { completed: at(12), ..vertex("b", "[2/2] RUN y") };
        assert_eq!(take(&mut progress, vec![done], &[("b", "no end")]), "#1 no end\n#1 DONE 2.0s\n");
        assert_eq!(progress.failure(), None);
    }

    #[test]
    fn the_first_failure_that_is_one_is_the_cause() {
        let mut progress = Progress::default();
        let failed = |digest: &str, name: &str, error: &str| Vertex {
            completed: at(11),
            error: error.into(),
            ..vertex(digest, name)
        };
        take(&mut progress, vec![failed("c", "importing cache manifest from r/x", "not found")], &[]);
        let said = take(
            &mut progress,
            vec![
                failed("p", "[other 2/2] RUN z", "rpc error: context canceled"),
                failed("b", "[last 2/3] RUN y", "exit code: 7"),
            ],
            &[],
        );
        assert_eq!(said, "#2 [other 2/2] RUN z\n#2 CANCELED\n#3 [last 2/3] RUN y\n#3 ERROR: exit code: 7\n");
        let failure = progress.failure().unwrap();
        assert_eq!((failure.instruction.as_str(), failure.error.as_str()), ("RUN y", "exit code: 7"));
        let said = take(&mut progress, vec![failed("i", "[internal] load metadata for x", "not found")], &[]);
        assert_eq!(said, "#4 [internal] load metadata for x\n#4 ERROR: not found\n");
    }
}
