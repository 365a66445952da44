//! What conditions are held against.

use std::collections::BTreeMap;

use crate::{context::Context, trigger::Trigger};

/// One trigger, for one matrix cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) trigger: &'a Trigger,
    /// `owner/name`
    pub(crate) repository: &'a str,
    /// Host of the server.
    pub(crate) instance: &'a str,
    /// The label `platform` of the job, if it has one.
    pub(crate) platform: Option<&'a str>,
    /// The cell. `None` for a workflow as a whole, where the filter does not apply.
    pub(crate) matrix: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Facts<'a> {
    /// Of a workflow.
    pub(crate) fn of(context: &'a Context, repository: &'a str, platform: Option<&'a str>) -> Self {
        Self { trigger: &context.trigger, repository, instance: &context.system.host, platform, matrix: None }
    }

    /// Of a step in a cell.
    pub(crate) fn in_cell(self, matrix: &'a BTreeMap<String, String>) -> Self {
        Self { matrix: Some(matrix), ..self }
    }
}
