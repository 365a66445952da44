//! What the runner itself wants to know of a Dockerfile: the images that it begins from, and where its instructions are. The engine
//! reads it, too, and decides; where this reading is not sure, it says so. Pure.

use std::collections::{BTreeMap, BTreeSet};

/// Variables that the engine sets.
const OF_THE_ENGINE: [&str; 2] = ["TARGET", "BUILD"];

/// A Dockerfile, read.
#[derive(Debug)]
pub(super) struct Dockerfile {
    instructions: Vec<Instruction>,
    /// `# syntax=…`: an image that reads the rest.
    syntax: Option<String>,
}

#[derive(PartialEq, Eq, Debug)]
struct Instruction {
    /// From 1.
    line: usize,
    /// In upper case.
    word: String,
    /// In one line.
    rest: String,
}

impl Dockerfile {
    pub(super) fn parse(text: &str) -> Self {
        let text = text.trim_start_matches('\u{feff}');
        let (syntax, escape) = directives(text);
        let mut instructions = Vec::new();
        let mut lines = (1..).zip(text.lines());
        while let Some((line, first)) = lines.next() {
            if is_nothing(first) {
                continue;
            }
            let mut whole = String::new();
            let mut part = first.trim();
            while let Some(open) = part.strip_suffix(escape) {
                whole.push_str(open);
                match lines.find(|(_, line)| !is_nothing(line)) {
                    Some((_, next)) => part = next.trim(),
                    None => part = "",
                }
            }
            whole.push_str(part);
            let (word, rest) = whole.split_once(char::is_whitespace).unwrap_or((&whole, ""));
            let word = word.to_ascii_uppercase();
            if ["RUN", "COPY", "ADD"].contains(&&*word) {
                for end in heredocs(rest) {
                    let mut ahead = lines.clone();
                    if ahead.any(|(_, line)| line.trim_start_matches('\t') == end) {
                        lines = ahead;
                    }
                }
            }
            instructions.push(Instruction { line, word, rest: spaced(rest) });
        }
        Self { instructions, syntax }
    }

    /// Names of all images that the outcome depends on. `None` when it depends on more, or on what cannot be told from here.
    pub(super) fn bases(&self, args: &BTreeMap<String, String>) -> Option<BTreeSet<String>> {
        let mut found: BTreeSet<String> = self.syntax.iter().chain(args.get("BUILDKIT_SYNTAX")).cloned().collect();
        let mut variables: BTreeMap<String, String> = BTreeMap::new();
        let mut stages: BTreeSet<String> = BTreeSet::new();
        for Instruction { word, rest, .. } in &self.instructions {
            let words = || rest.split_whitespace().filter(|word| !word.starts_with("--"));
            let flags = rest.split_whitespace().take_while(|word| word.starts_with("--"));
            match word.as_str() {
                "ARG" if stages.is_empty() => {
                    for pair in words() {
                        let (name, default) = pair.split_once('=').unwrap_or((pair, ""));
                        let value = match args.get(name) {
                            Some(value) => value.clone(),
                            None => substituted(default.trim_matches(['"', '\'']), &variables)?,
                        };
                        variables.insert(name.to_owned(), value);
                    }
                }
                "FROM" => {
                    let image = substituted(words().next()?, &variables)?;
                    if image != "scratch" && !stages.contains(&image.to_lowercase()) {
                        found.insert(image);
                    }
                    let name =
                        words().nth(2).filter(|_| words().nth(1).is_some_and(|word| word.eq_ignore_ascii_case("as")));
                    // A stage without a name is counted, too.
                    stages.insert(name.map_or_else(|| format!("#{}", stages.len()), str::to_lowercase));
                }
                "ADD" if words().any(is_remote) => return None,
                "COPY" | "ADD" | "RUN" => {
                    for image in flags.filter_map(source) {
                        if image.contains('$') {
                            return None;
                        }
                        if image.parse::<usize>().is_err() && !stages.contains(&image.to_lowercase()) {
                            found.insert(image.to_owned());
                        }
                    }
                }
                _ => {}
            }
        }
        Some(found)
    }

    /// The line of the first `RUN --mount`.
    pub(super) fn mount(&self) -> Option<usize> {
        let has_mount = |one: &&Instruction| one.word == "RUN" && one.rest.starts_with("--mount");
        self.instructions.iter().find(has_mount).map(|one| one.line)
    }

    /// The line of an instruction, as BuildKit writes it.
    pub(super) fn line_of(&self, instruction: &str) -> Option<usize> {
        let wanted = spaced(instruction);
        let is_it = |one: &&Instruction| format!("{} {}", one.word, one.rest) == wanted;
        self.instructions.iter().find(is_it).map(|one| one.line)
    }
}

fn is_nothing(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The comments at the very beginning that mean something: which image reads the file, which character continues a line.
fn directives(text: &str) -> (Option<String>, char) {
    let (mut syntax, mut escape) = (None, '\\');
    for line in text.lines() {
        let Some((name, value)) = line.trim().strip_prefix('#').and_then(|line| line.split_once('=')) else { break };
        match name.trim().to_ascii_lowercase().as_str() {
            "syntax" => syntax = value.split_whitespace().next().map(str::to_owned),
            "escape" => escape = value.trim().chars().next().unwrap_or('\\'),
            "check" => {}
            _ => break,
        }
    }
    (syntax, escape)
}

/// Ends of the documents that follow an instruction: `<<EOF`, `<<-"EOF"`.
fn heredocs(rest: &str) -> Vec<String> {
    let after = rest.match_indices("<<").map(|(at, mark)| &rest[at + mark.len()..]);
    let name = |text: &str| {
        let text = text.strip_prefix('-').unwrap_or(text).trim_start_matches(['"', '\'']);
        let name: String = text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_').then_some(name)
    };
    after.filter_map(name).collect()
}

fn is_remote(source: &str) -> bool {
    ["http://", "https://", "git@", "git://", "ssh://"].iter().any(|scheme| source.starts_with(scheme))
        || source.contains('$')
}

/// What a flag copies or mounts from: `--from=x`, `--mount=type=bind,from=x`.
fn source(flag: &str) -> Option<&str> {
    if let Some(image) = flag.strip_prefix("--from=") {
        return Some(image);
    }
    flag.strip_prefix("--mount=")?.split(',').find_map(|part| part.strip_prefix("from="))
}

/// A text with its variables. `None` where one is not known, or written in a way that only the engine knows.
fn substituted(text: &str, variables: &BTreeMap<String, String>) -> Option<String> {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        done.push_str(before);
        let (name, left) = match after.strip_prefix('{') {
            Some(braced) => braced.split_once('}')?,
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                after.split_at(end)
            }
        };
        let (name, default) = name.split_once(":-").map_or((name, None), |(name, default)| (name, Some(default)));
        let is_of_engine = OF_THE_ENGINE.iter().any(|prefix| name.starts_with(prefix)) && !variables.contains_key(name);
        let value = variables.get(name).map(String::as_str).filter(|value| !value.is_empty()).or(default);
        done.push_str(value.filter(|_| !is_of_engine)?);
        rest = left;
    }
    done.push_str(rest);
    (!done.contains('\\')).then_some(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bases(text: &str, args: &[(&str, &str)]) -> Option<Vec<String>> {
        let args = args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Some(Dockerfile::parse(text).bases(&args)?.into_iter().collect())
    }

    #[test]
    fn all_images_that_a_build_begins_from_are_found() {
        let text = "# syntax=docker/dockerfile:1\n\nARG V=1\nARG W\nFROM --platform=linux/amd64 go:${V} AS Build\n\
                    ARG V=9\nRUN a \\\n # not the end\n  FROM=x b\nFROM build as next\nFROM scratch\nCOPY --from=build /a /b\n\
                    COPY --from=0 /a /b\nCOPY --from=nginx:1 /a /b\nRUN --mount=type=bind,from=tools,target=/t x\n\
                    FROM $W\nfrom ${X:-alpine}:3\n";
        let wanted = ["alpine:3", "deb", "docker/dockerfile:1", "go:1", "nginx:1", "tools"].map(str::to_owned);
        assert_eq!(bases(text, &[("W", "deb")]).unwrap(), wanted);
        assert_eq!(bases(text, &[("W", "deb"), ("V", "2")]).unwrap()[3], "go:2");
    }

    #[test]
    fn what_is_not_sure_is_said() {
        for unsure in [
            "FROM $UNKNOWN\n",
            "FROM x:$TARGETARCH\n",
            "ARG TARGETARCH\nFROM x:${TARGETARCH}\n",
            "FROM x\nADD https://x.example/y /y\n",
            "FROM ${A:+b}\n",
            "FROM\n",
            "ARG A\nFROM x AS y\nCOPY --from=$A /a /b\n",
        ] {
            assert_eq!(bases(unsure, &[]), None, "{unsure}");
        }
    }

    #[test]
    fn instructions_have_their_lines() {
        let file = Dockerfile::parse(
            "# escape=`\nFROM x\nRUN one `\n  two\nRUN <<EOF\nFROM evil\nEOF\nRUN  --mount=type=cache,target=/c  x\n",
        );
        assert_eq!(file.line_of("RUN one two"), Some(3));
        assert_eq!(file.mount(), Some(8));
        assert_eq!(file.line_of("RUN --mount=type=cache,target=/c x"), Some(8));
        assert_eq!(file.bases(&BTreeMap::new()).unwrap().into_iter().collect::<Vec<_>>(), ["x"]);
        assert_eq!(Dockerfile::parse("FROM x\nRUN a --mount\n").mount(), None);
    }
}
