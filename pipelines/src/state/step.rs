//! The machine of a step.

use serde::{Deserialize, Serialize};

use super::{Finish, Illegal, Millis, Status};

/// State of a step within one attempt of its job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StepState {
    /// Not started.
    Pending,
    /// Its first instruction was let go.
    Running {
        /// When.
        since: Millis,
    },
    /// Final.
    Finished {
        /// How it ended.
        finish: Finish,
        /// When it started; `None` when it never did.
        started: Option<Millis>,
        /// When it ended.
        at: Millis,
    },
}

/// What happens to a step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum StepEvent {
    /// The runner let it go.
    Started {
        /// When.
        at: Millis,
    },
    /// It ended, or was left out.
    Finished {
        /// How.
        finish: Finish,
        /// When.
        at: Millis,
    },
}

impl StepState {
    /// Makes every transition of a step.
    pub fn apply(&self, event: StepEvent) -> Result<Self, Illegal> {
        match (self, event) {
            (Self::Pending, StepEvent::Started { at }) => Ok(Self::Running { since: at }),
            (Self::Pending, StepEvent::Finished { finish, at }) => Ok(Self::Finished { finish, started: None, at }),
            (Self::Running { .. }, StepEvent::Started { .. }) => Err(Illegal::Repeated),
            (Self::Running { since }, StepEvent::Finished { finish, at }) => {
                Ok(Self::Finished { finish, started: Some(*since), at: at.max(*since) })
            }
            (Self::Finished { finish: was, .. }, StepEvent::Finished { finish, .. }) if *was == finish => {
                Err(Illegal::Repeated)
            }
            (Self::Finished { started: Some(_), .. }, StepEvent::Started { .. }) => Err(Illegal::Repeated),
            (Self::Finished { .. }, StepEvent::Started { .. } | StepEvent::Finished { .. }) => Err(Illegal::Finished),
        }
    }

    /// How it ended, if it did.
    pub fn finish(&self) -> Option<&Finish> {
        match self {
            Self::Pending | Self::Running { .. } => None,
            Self::Finished { finish, .. } => Some(finish),
        }
    }

    /// The word for it.
    pub fn status(&self) -> Status {
        match self {
            Self::Pending => Status::Pending,
            Self::Running { .. } => Status::Running,
            Self::Finished { finish, .. } => finish.status(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::state::Reason;

    fn event() -> impl Strategy<Value = StepEvent> {
        prop_oneof![
            (0..100i64).prop_map(|at| StepEvent::Started { at }),
            (0..3i32, 0..100i64).prop_map(|(code, at)| StepEvent::Finished { finish: Finish::exit(code), at }),
            (0..100i64).prop_map(|at| StepEvent::Finished { finish: Finish::because(Reason::Needs), at }),
        ]
    }

    proptest! {
        #[test]
        fn finished_is_final_and_no_step_ends_before_it_starts(events in prop::collection::vec(event(), 0..20)) {
            let mut state = StepState::Pending;
            for event in events {
                let before = state.clone();
                match state.apply(event) {
                    Ok(next) => {
                        prop_assert!(!before.status().is_final());
                        if let StepState::Finished { started: Some(started), at, .. } = next {
                            prop_assert!(started <= at);
                        }
                        state = next;
                    }
                    Err(Illegal::Finished | Illegal::Repeated) => {}
                    Err(other) => prop_assert!(false, "{other:?}"),
                }
            }
        }
    }
}
