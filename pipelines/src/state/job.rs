//! The machine of a job, within one attempt.

use serde::{Deserialize, Serialize};

use super::{Finish, Illegal, Millis, Reason, Status};
use crate::ids::RunnerId;

/// State of a job's current attempt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum JobState {
    /// Nothing of it may run until somebody approves its build.
    Blocked,
    /// Waits for the jobs it needs.
    Waiting,
    /// Ready for a runner.
    Queued {
        /// The highest epoch granted so far; 0 before the first.
        epoch: u64,
    },
    /// Ready for a runner as far as its build goes; its concurrency group has no place free.
    Held {
        /// As for `Queued`.
        epoch: u64,
    },
    /// The attempt before ended as its `retry` wants; this one waits for its time.
    Delayed {
        /// When it is queued.
        until: Millis,
    },
    /// A runner has it, no step was let go: if the lease expires, it is queued again.
    Leased {
        /// Whose.
        lease: Lease,
    },
    /// A step was let go: if the lease expires, the job is lost.
    Running {
        /// Whose.
        lease: Lease,
        /// When the first step was let go.
        started: Millis,
    },
    /// The runner was told to stop it.
    Stopping {
        /// Whose.
        lease: Lease,
        /// When the first step was let go, if one was.
        started: Option<Millis>,
        /// What it will end as, whatever its runner does.
        finish: Finish,
    },
    /// Final.
    Finished {
        /// How it ended.
        finish: Finish,
        /// When its first step was let go, if one was.
        started: Option<Millis>,
        /// When it ended.
        at: Millis,
    },
}

/// A runner's right to a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Lease {
    /// Whose.
    pub runner: RunnerId,
    /// Fencing number.
    pub epoch: u64,
    /// When it ends unless renewed.
    pub deadline: Millis,
}

/// What happens to a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JobEvent {
    /// Somebody approved its build.
    Approved,
    /// All it needs is done, and its `when` fits.
    NeedsMet,
    /// It will not run: what it needs did not end well, or its `when.status` does not fit.
    LeftOut {
        /// [`Reason::Needs`] or [`Reason::Condition`].
        reason: Reason,
        /// When.
        at: Millis,
    },
    /// Its concurrency group has no place for it, or an older job comes first.
    HeldBack,
    /// Its concurrency group has a place for it.
    Admitted,
    /// The pause before this attempt is over.
    DelayOver,
    /// It cannot be given to any runner.
    Refused {
        /// What it ends as.
        finish: Finish,
        /// When.
        at: Millis,
    },
    /// A runner took it.
    Granted {
        /// The new lease; its epoch is higher than any before.
        lease: Lease,
    },
    /// The runner lives.
    Renewed {
        /// Whose lease.
        epoch: u64,
        /// The new end.
        deadline: Millis,
    },
    /// The runner let a step go.
    StepStarted {
        /// Whose lease.
        epoch: u64,
        /// When.
        at: Millis,
    },
    /// Somebody asked for the stop.
    CancelAsked {
        /// What it will end as.
        finish: Finish,
        /// When.
        at: Millis,
    },
    /// The runner says that all is done.
    Finished {
        /// Whose lease.
        epoch: u64,
        /// How it ended.
        finish: Finish,
        /// When.
        at: Millis,
    },
    /// The lease's deadline passed.
    Expired {
        /// When.
        at: Millis,
    },
}

impl JobState {
    /// Makes every transition of a job.
    pub fn apply(&self, event: JobEvent) -> Result<Self, Illegal> {
        use JobEvent as E;
        match (self, event) {
            (Self::Finished { finish: was, .. }, E::Finished { finish, .. }) if *was == finish => {
                Err(Illegal::Repeated)
            }
            (Self::Finished { .. }, E::Renewed { .. } | E::StepStarted { .. } | E::Finished { .. }) => {
                Err(Illegal::Stale)
            }
            (Self::Finished { .. }, _) => Err(Illegal::Finished),

            (Self::Blocked, E::Approved) => Ok(Self::Waiting),
            (Self::Waiting, E::NeedsMet) | (Self::Delayed { .. }, E::DelayOver) => Ok(Self::Queued { epoch: 0 }),
            (Self::Queued { epoch }, E::HeldBack) => Ok(Self::Held { epoch: *epoch }),
            (Self::Held { epoch }, E::Admitted) => Ok(Self::Queued { epoch: *epoch }),
            (Self::Waiting | Self::Queued { .. } | Self::Held { .. }, E::LeftOut { reason, at }) => {
                Ok(Self::Finished { finish: Finish::because(reason), started: None, at })
            }
            (
                Self::Blocked | Self::Waiting | Self::Queued { .. } | Self::Held { .. } | Self::Delayed { .. },
                E::CancelAsked { finish, at },
            ) => Ok(Self::Finished { finish, started: None, at }),
            (Self::Queued { .. }, E::Refused { finish, at }) => Ok(Self::Finished { finish, started: None, at }),
            (Self::Queued { epoch }, E::Granted { lease }) if lease.epoch > *epoch => Ok(Self::Leased { lease }),
            (Self::Queued { .. }, E::Granted { .. }) => Err(Illegal::Stale),
            (
                Self::Blocked | Self::Waiting | Self::Queued { .. } | Self::Held { .. } | Self::Delayed { .. },
                E::Renewed { .. } | E::StepStarted { .. } | E::Finished { .. },
            ) => Err(Illegal::Stale),

            (
                Self::Leased { lease } | Self::Running { lease, .. } | Self::Stopping { lease, .. },
                E::Renewed { epoch, .. } | E::StepStarted { epoch, .. } | E::Finished { epoch, .. },
            ) if epoch != lease.epoch => Err(Illegal::Stale),

            (Self::Leased { lease }, E::StepStarted { at, .. }) => Ok(Self::Running { lease: *lease, started: at }),
            (Self::Running { .. }, E::StepStarted { .. }) => Err(Illegal::Repeated),
            (Self::Stopping { lease, started: None, finish }, E::StepStarted { at, .. }) => {
                Ok(Self::Stopping { lease: *lease, started: Some(at), finish: finish.clone() })
            }
            (Self::Stopping { .. }, E::StepStarted { .. }) => Err(Illegal::Repeated),

            (Self::Leased { lease }, E::Renewed { deadline, .. }) => {
                Ok(Self::Leased { lease: Lease { deadline, ..*lease } })
            }
            (Self::Running { lease, started }, E::Renewed { deadline, .. }) => {
                Ok(Self::Running { lease: Lease { deadline, ..*lease }, started: *started })
            }
            (Self::Stopping { lease, started, finish }, E::Renewed { deadline, .. }) => {
                Ok(Self::Stopping { lease: Lease { deadline, ..*lease }, started: *started, finish: finish.clone() })
            }

            (Self::Leased { lease }, E::CancelAsked { finish, .. }) => {
                Ok(Self::Stopping { lease: *lease, started: None, finish })
            }
            (Self::Running { lease, started }, E::CancelAsked { finish, .. }) => {
                Ok(Self::Stopping { lease: *lease, started: Some(*started), finish })
            }
            (Self::Stopping { .. }, E::CancelAsked { .. }) => Err(Illegal::Repeated),

            (Self::Leased { .. }, E::Finished { finish, at, .. }) => Ok(Self::Finished { finish, started: None, at }),
            (Self::Running { started, .. }, E::Finished { finish, at, .. }) => {
                Ok(Self::Finished { finish, started: Some(*started), at: at.max(*started) })
            }
            // A stop that was answered wins over how the steps happened to end.
            (Self::Stopping { started, finish, .. }, E::Finished { at, .. } | E::Expired { at }) => {
                Ok(Self::Finished { finish: finish.clone(), started: *started, at })
            }

            (Self::Leased { lease }, E::Expired { .. }) => Ok(Self::Queued { epoch: lease.epoch }),
            (Self::Running { started, .. }, E::Expired { at }) => Ok(Self::Finished {
                finish: Finish::with_note(Reason::Lost, "the runner stopped renewing its lease"),
                started: Some(*started),
                at,
            }),

            (Self::Held { .. }, E::HeldBack) | (Self::Queued { .. }, E::Admitted) => Err(Illegal::Repeated),
            (Self::Blocked | Self::Delayed { .. }, E::LeftOut { .. })
            | (Self::Blocked | Self::Waiting | Self::Delayed { .. }, E::HeldBack | E::Admitted)
            | (Self::Blocked | Self::Queued { .. } | Self::Held { .. } | Self::Delayed { .. }, E::NeedsMet)
            | (Self::Blocked | Self::Waiting | Self::Queued { .. } | Self::Held { .. }, E::DelayOver)
            | (Self::Waiting | Self::Queued { .. } | Self::Held { .. } | Self::Delayed { .. }, E::Approved)
            | (
                Self::Blocked | Self::Waiting | Self::Held { .. } | Self::Delayed { .. },
                E::Granted { .. } | E::Refused { .. } | E::Expired { .. },
            )
            | (Self::Queued { .. }, E::Expired { .. })
            | (
                Self::Leased { .. } | Self::Running { .. } | Self::Stopping { .. },
                E::Approved
                | E::NeedsMet
                | E::LeftOut { .. }
                | E::HeldBack
                | E::Admitted
                | E::DelayOver
                | E::Refused { .. }
                | E::Granted { .. },
            ) => Err(Illegal::OutOfOrder),
        }
    }

    /// The word for it.
    pub fn status(&self) -> Status {
        match self {
            Self::Blocked => Status::Blocked,
            Self::Waiting | Self::Queued { .. } | Self::Held { .. } | Self::Delayed { .. } | Self::Leased { .. } => {
                Status::Pending
            }
            Self::Running { .. } | Self::Stopping { .. } => Status::Running,
            Self::Finished { finish, .. } => finish.status(),
        }
    }

    /// The lease in force.
    pub fn lease(&self) -> Option<&Lease> {
        match self {
            Self::Leased { lease } | Self::Running { lease, .. } | Self::Stopping { lease, .. } => Some(lease),
            Self::Blocked
            | Self::Waiting
            | Self::Queued { .. }
            | Self::Held { .. }
            | Self::Delayed { .. }
            | Self::Finished { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn lease(runner: u128, epoch: u64) -> Lease {
        Lease { runner: RunnerId(Uuid::from_u128(runner)), epoch, deadline: 60 }
    }

    fn event() -> impl Strategy<Value = JobEvent> {
        let finish = prop_oneof![Just(Finish::exit(0)), Just(Finish::exit(1)), Just(Finish::because(Reason::Infra)),];
        prop_oneof![
            Just(JobEvent::Approved),
            Just(JobEvent::NeedsMet),
            Just(JobEvent::LeftOut { reason: Reason::Needs, at: 1 }),
            Just(JobEvent::HeldBack),
            Just(JobEvent::Admitted),
            Just(JobEvent::DelayOver),
            Just(JobEvent::Refused { finish: Finish::because(Reason::Config), at: 1 }),
            (0..3u128, 0..6u64).prop_map(|(runner, epoch)| JobEvent::Granted { lease: lease(runner, epoch) }),
            (0..6u64, 0..99i64).prop_map(|(epoch, deadline)| JobEvent::Renewed { epoch, deadline }),
            (0..6u64, 0..99i64).prop_map(|(epoch, at)| JobEvent::StepStarted { epoch, at }),
            Just(JobEvent::CancelAsked { finish: Finish::because(Reason::Cancelled), at: 2 }),
            (0..6u64, finish, 0..99i64).prop_map(|(epoch, finish, at)| JobEvent::Finished { epoch, finish, at }),
            (0..99i64).prop_map(|at| JobEvent::Expired { at }),
        ]
    }

    /// How an attempt begins: the first, one that waits for somebody's word, or one by `retry`.
    fn beginning() -> impl Strategy<Value = JobState> {
        prop_oneof![Just(JobState::Blocked), Just(JobState::Waiting), Just(JobState::Delayed { until: 9 })]
    }

    proptest! {
        #[test]
        fn finished_is_final_epochs_rise_and_only_the_current_lease_is_heard(
            beginning in beginning(),
            events in prop::collection::vec(event(), 0..40)
        ) {
            let mut approved = beginning != JobState::Blocked;
            let mut state = beginning;
            let mut highest = 0;
            let mut step_started = false;
            for event in events {
                let before = state.clone();
                let Ok(next) = state.apply(event.clone()) else { continue };
                prop_assert!(!before.status().is_final(), "{before:?} {event:?}");
                match &event {
                    JobEvent::Granted { lease } => {
                        prop_assert!(matches!(before, JobState::Queued { .. }), "{before:?} is nobody's yet");
                        prop_assert!(lease.epoch > highest);
                        highest = lease.epoch;
                    }
                    JobEvent::Renewed { epoch, .. }
                    | JobEvent::StepStarted { epoch, .. }
                    | JobEvent::Finished { epoch, .. } => {
                        prop_assert_eq!(before.lease().map(|l| l.epoch), Some(*epoch));
                    }
                    _ => {}
                }
                approved |= matches!(event, JobEvent::Approved);
                prop_assert!(approved || next.lease().is_none(), "nobody let it run: {next:?}");
                step_started |= matches!(event, JobEvent::StepStarted { .. });
                if let JobState::Queued { epoch } | JobState::Held { epoch } = next {
                    prop_assert!(!step_started, "a job whose step ran is never queued again");
                    prop_assert_eq!(epoch, highest, "no epoch is given twice");
                }
                prop_assert!(!matches!(next, JobState::Delayed { .. }), "an attempt is delayed from its beginning or not");
                if let JobState::Stopping { finish: asked, .. } = &before
                    && let JobState::Finished { finish, .. } = &next
                {
                    prop_assert_eq!(asked, finish);
                }
                state = next;
            }
        }
    }
}
