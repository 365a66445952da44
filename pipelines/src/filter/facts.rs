//! What conditions are held against.

use std::collections::BTreeMap;

use crate::{context::Context, substitute::Variables, trigger::Trigger};

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
    /// What expressions can name.
    pub(crate) variables: &'a Variables<'a>,
    /// Whether this is a desk.
    pub(crate) local: bool,
    /// The cell. `None` for a workflow as a whole, where the filter does not apply.
    pub(crate) matrix: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Facts<'a> {
    /// Of a workflow.
    pub(crate) fn of(
        context: &'a Context,
        repository: &'a str,
        platform: Option<&'a str>,
        variables: &'a Variables<'a>,
    ) -> Self {
        let (trigger, instance) = (&context.trigger, context.system.host.as_str());
        Self { trigger, repository, instance, platform, variables, local: context.local, matrix: None }
    }

    /// Of a step in a cell.
    pub(crate) fn in_cell(self, matrix: &'a BTreeMap<String, String>) -> Self {
        Self { matrix: Some(matrix), ..self }
    }
}
