//! The definitions of several files.

use std::collections::BTreeMap;

use super::{
    Parameter,
    check::check,
    define::{Defined, defined},
};
use crate::{
    context::SourceFile,
    diagnostic::Diagnostic,
    flavour::Flavour,
    include::{self, Included},
    report::{self, Report},
    yaml::Node,
};

/// Most parameters of a pipeline.
const MOST: usize = 100;

/// What a pipeline can be given.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Definitions {
    /// In the order of files and lines.
    pub parameters: Vec<Parameter>,
    /// What is wrong with the files, as far as it shows here; [`crate::compile::compile`] finds more.
    pub diagnostics: Vec<Diagnostic>,
}

/// The parameters of a pipeline, without compiling it. `included` is complete, see [`crate::include::missing`].
pub fn definitions(files: &[SourceFile], included: &Included) -> Definitions {
    let mut sorted: Vec<&SourceFile> = files.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let paths: Vec<&str> = sorted.iter().map(|file| file.path.as_str()).collect();
    let mut reports: Vec<Report> = paths.iter().map(|path| Report::new(path)).collect();
    let read =
        |(file, report): (&&SourceFile, &mut Report)| include::merged(file, included, Flavour::of(&file.path), report);
    let roots: Vec<Option<Node>> = sorted.iter().zip(&mut reports).map(read).collect();
    let parameters = unite(&paths, &roots, None, &mut reports);
    Definitions { parameters, diagnostics: report::together(reports) }
}

/// The parameters of files that are read, with what a manual build was given checked. Mistakes are in the files' reports.
pub(crate) fn unite(
    paths: &[&str],
    roots: &[Option<Node>],
    given: Option<&BTreeMap<String, String>>,
    reports: &mut [Report],
) -> Vec<Parameter> {
    let mut parameters: Vec<Parameter> = Vec::new();
    // Where each is defined first.
    let mut places: Vec<(usize, Defined)> = Vec::new();
    let mut is_whole = true;
    for (file, root) in roots.iter().enumerate() {
        let Some(root) = root else { continue };
        let before = reports[file].errors();
        for defined in defined(root, Flavour::of(paths[file]), &mut reports[file]) {
            let name = &defined.parameter.name;
            match parameters.iter().position(|known| known.name == *name) {
                Some(place) if parameters[place].unite(&defined.parameter) => {}
                Some(place) => {
                    let (first, other) = (paths[places[place].0], &places[place].1);
                    reports[file]
                        .error(defined.span, format!("the parameter `{name}` is defined differently in `{first}`"))
                        .help(format!("that is on line {}; write it once, or the same in both", other.span.line));
                }
                None if parameters.len() == MOST => {
                    reports[file].error(defined.span, format!("a pipeline takes at most {MOST} parameters"));
                    break;
                }
                None => {
                    parameters.push(defined.parameter.clone());
                    places.push((file, defined));
                }
            }
        }
        is_whole &= reports[file].errors() == before;
    }
    // Against definitions that are wrong themselves, everything would be wrong; without any, names are free.
    if let (Some(given), true) = (given, is_whole && !parameters.is_empty()) {
        for wrong in check(&parameters, given) {
            let place = places.iter().find(|(_, defined)| wrong.starts_with(&format!("`{}` ", defined.parameter.name)));
            let (file, at) = place.map_or((0, None), |(file, defined)| (*file, Some(defined.span)));
            if let Some(report) = reports.get_mut(file) {
                report.error(at, wrong).help("start the build again with other parameters");
            }
        }
    }
    parameters
}

impl Parameter {
    /// Takes over what only the other definition says; `false` when they contradict each other.
    fn unite(&mut self, other: &Self) -> bool {
        let differ = self.default.is_some() && other.default.is_some() && self.default != other.default;
        if self.kind != other.kind || differ {
            return false;
        }
        if self.default.is_none() {
            self.default.clone_from(&other.default);
        }
        if self.description.is_empty() {
            self.description.clone_from(&other.description);
        }
        true
    }
}
