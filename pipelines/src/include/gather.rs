//! A file and all that it includes -> one tree.

use std::collections::BTreeSet;

use super::{
    Included, Reference,
    merge::merge,
    wanted::{Wanted, wanted},
};
use crate::{
    compose,
    context::SourceFile,
    flavour::Flavour,
    report::Report,
    yaml::{self, Budget, Node, Value},
};

/// Deepest nesting: files that are included by files that are included …
const MOST_DEEP: usize = 4;
/// Most files that a file includes, nested ones too; and most different ones that a pipeline does.
const MOST_FILES: usize = 50;

/// What has to be fetched before the files can be compiled: all of it that is known by now. Ask again with it in `included`,
/// as bytes or as the reason why it cannot be had, until nothing is missing; that is after eight rounds at most.
pub fn missing(files: &[SourceFile], included: &Included) -> Vec<Reference> {
    let mut missing = BTreeSet::new();
    for file in files {
        // Mistakes are said when the files are compiled.
        let mut report = Report::new(&file.path);
        let flavour = Flavour::of(&file.path);
        if let Some(root) = gather(file, included, flavour, &mut report, &mut missing) {
            compose::missing(&root, flavour, included, &mut missing);
        }
    }
    missing.into_iter().take(MOST_FILES.saturating_sub(included.len())).collect()
}

/// A file with all that it includes under it. `None` when there is nothing in it; why is in the report.
pub(crate) fn merged(file: &SourceFile, included: &Included, flavour: Flavour, report: &mut Report) -> Option<Node> {
    gather(file, included, flavour, report, &mut BTreeSet::new())
}

fn gather(
    file: &SourceFile,
    included: &Included,
    flavour: Flavour,
    report: &mut Report,
    missing: &mut BTreeSet<Reference>,
) -> Option<Node> {
    let root = yaml::read(&file.bytes, 0, report)?;
    let mut budget = Budget::default();
    budget.spend(&root);
    let own = Reference { repository: None, revision: None, path: file.path.clone() };
    let mut gatherer = Gatherer { included, flavour, report, missing, files: 0, budget, above: vec![own] };
    Some(gatherer.file(root))
}

struct Gatherer<'a> {
    included: &'a Included,
    flavour: Flavour,
    report: &'a mut Report,
    missing: &'a mut BTreeSet<Reference>,
    /// Taken so far.
    files: usize,
    budget: Budget,
    /// The file that is read, and before it those that include it, the pipeline's own first.
    above: Vec<Reference>,
}

impl Gatherer<'_> {
    /// A file over what it includes; of that, what comes later is over what comes first.
    fn file(&mut self, root: Node) -> Node {
        let within = self.above.last().filter(|_| self.above.len() > 1);
        let mut base: Option<Node> = None;
        for wanted in wanted(&root, within, self.flavour, self.report) {
            let Some(node) = self.included(&wanted) else { continue };
            base = Some(match base {
                Some(base) => merge(base, node),
                None => node,
            });
        }
        match base {
            Some(base) => merge(base, root),
            None => root,
        }
    }

    fn included(&mut self, wanted: &Wanted) -> Option<Node> {
        let Wanted { reference, span } = wanted;
        if let Some(place) = self.above.iter().position(|above| above == reference) {
            let way: Vec<String> =
                self.above[place..].iter().chain([reference]).map(|file| format!("`{file}`")).collect();
            self.report.error(*span, format!("`{reference}` includes itself: {}", way.join(" -> ")));
            return None;
        }
        if self.above.len() > MOST_DEEP {
            self.report
                .error(*span, format!("files are included more than {MOST_DEEP} deep here"))
                .help("include the file from one further up");
            return None;
        }
        self.files += 1;
        if self.files > MOST_FILES {
            if self.files == MOST_FILES + 1 {
                self.report
                    .error(
                        *span,
                        format!("this is the file's include number {}, and {MOST_FILES} is the most", self.files),
                    )
                    .help("put some of the files together");
            }
            return None;
        }
        let bytes = match self.included.get(reference) {
            Some(Ok(bytes)) => bytes,
            Some(Err(why)) => {
                self.report.error(*span, format!("`{reference}` cannot be included: {why}"));
                return None;
            }
            None => {
                self.missing.insert(reference.clone());
                let why = if self.included.len() >= MOST_FILES {
                    format!("the pipeline's files include more than {MOST_FILES} files")
                } else {
                    format!("`{reference}` cannot be included here: nobody fetched it")
                };
                self.report.error(*span, why);
                return None;
            }
        };
        let number = self.report.include(reference.to_string());
        let root = yaml::read(bytes, number, self.report)?;
        if !matches!(root.value, Value::Map(_)) {
            let message = format!("an included file is a map of the keys of a workflow, this is {}", root.kind());
            self.report.error(crate::diagnostic::Span { end: root.span.start, ..root.span }, message);
            return None;
        }
        if !self.budget.spend(&root) {
            self.report
                .error(*span, "the file and what it includes hold too many values or too much text together")
                .help("split it into several workflow files");
            return None;
        }
        self.above.push(reference.clone());
        let node = self.file(root);
        self.above.pop();
        Some(node)
    }
}
