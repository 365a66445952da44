//! Which builds a list shall have, by its query.

use serde::Deserialize;
use serde_json::Value;
use slipway_pipelines::{state::Status, suggest::did_you_mean, trigger::Event};

use crate::{error::ApiError, store::model::BuildFilter};

/// The words of all states, in the order of a build's life.
pub(crate) const STATUSES: [&str; 9] =
    ["pending", "blocked", "running", "success", "failure", "error", "cancelled", "skipped", "lost"];

/// Fields of a query that say which builds are wanted. An empty one is as good as none: forms send them.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct FilterQuery {
    pub(crate) branch: Option<String>,
    pub(crate) event: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) author: Option<String>,
}

impl FilterQuery {
    /// What it means.
    pub(crate) fn filter(&self) -> Result<BuildFilter, ApiError> {
        let event = given(&self.event).map(|word| Event::parse(word).ok_or_else(|| unknown("event", word, events())));
        let status = given(&self.status).map(|word| status(word).ok_or_else(|| unknown("status", word, STATUSES)));
        Ok(BuildFilter {
            branch: given(&self.branch).map(str::to_owned),
            event: event.transpose()?,
            status: status.transpose()?,
            author: given(&self.author).map(str::to_owned),
        })
    }
}

fn given(field: &Option<String>) -> Option<&str> {
    field.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// The words of all events.
pub(crate) fn events() -> [&'static str; 9] {
    Event::ALL.map(Event::as_str)
}

fn status(word: &str) -> Option<Status> {
    serde_json::from_value(Value::from(word)).ok()
}

fn unknown(what: &str, word: &str, known: [&'static str; 9]) -> ApiError {
    let help = did_you_mean(word, known).unwrap_or_else(|| format!("known are {}", known.join(", ")));
    ApiError::bad_request(format!("unknown {what} `{word}`")).help(help)
}

/// A filter as the query that asks for it, in a fixed order; empty without one.
pub(crate) fn query_of(filter: &BuildFilter, escape: impl Fn(&str) -> String) -> String {
    let fields = [
        ("branch", filter.branch.clone()),
        ("event", filter.event.map(|event| event.as_str().to_owned())),
        ("status", filter.status.map(|status| status.as_str().to_owned())),
        ("author", filter.author.clone()),
    ];
    let pairs = fields.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", escape(&value?))));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_goes_through_a_query_and_back() {
        let query = FilterQuery {
            branch: Some(" main ".to_owned()),
            event: Some("tag".to_owned()),
            status: Some(String::new()),
            author: None,
        };
        let filter = query.filter().unwrap();
        assert_eq!((filter.branch.as_deref(), filter.event, filter.status), (Some("main"), Some(Event::Tag), None));
        assert_eq!(query_of(&filter, str::to_owned), "branch=main&event=tag");
        assert!(FilterQuery::default().filter().unwrap().is_empty());
    }

    #[test]
    fn what_is_no_word_is_refused_with_help() {
        let refused = |query: FilterQuery| query.filter().err().map(|error| error.help_text().unwrap().to_owned());
        let status = FilterQuery { status: Some("sucess".to_owned()), ..FilterQuery::default() };
        assert_eq!(refused(status).as_deref(), Some("did you mean `success`?"));
        let event = FilterQuery { event: Some("xyz".to_owned()), ..FilterQuery::default() };
        assert!(refused(event).unwrap().starts_with("known are push"));
        for word in STATUSES {
            assert_eq!(super::status(word).map(Status::as_str), Some(word));
        }
    }
}
