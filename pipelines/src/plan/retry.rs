//! When something is tried again.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::state::{Finish, Status};

/// A `retry:` of a step or a workflow.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Retry {
    /// Most tries after the first.
    pub max: u32,
    /// Ends that are tried again.
    pub on: Vec<RetryOn>,
    /// Pause before each, in seconds.
    pub delay_seconds: u64,
}

/// A kind of end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RetryOn {
    /// The code's fault.
    Failure,
    /// Our fault or the machine's.
    Error,
    /// The runner went away. Of jobs only: a lost runner takes its steps along.
    Lost,
    /// One exit code.
    Exit(i32),
}

impl Retry {
    /// Whether an end after so many earlier tries is tried again.
    pub fn wants(&self, finish: &Finish, tries_before: u32) -> bool {
        tries_before < self.max && self.on.iter().any(|on| on.fits(finish))
    }
}

impl RetryOn {
    fn fits(self, finish: &Finish) -> bool {
        match self {
            Self::Failure => finish.status() == Status::Failure,
            Self::Error => finish.status() == Status::Error,
            Self::Lost => finish.status() == Status::Lost,
            Self::Exit(code) => finish.status() == Status::Failure && finish.exit_code == Some(code),
        }
    }
}

impl fmt::Display for RetryOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failure => f.write_str("failure"),
            Self::Error => f.write_str("error"),
            Self::Lost => f.write_str("lost"),
            Self::Exit(code) => write!(f, "exit:{code}"),
        }
    }
}

/// A text that is no [`RetryOn`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is nothing to retry on: write `failure`, `error`, `lost` or `exit:CODE`")]
pub struct BadRetryOn(String);

impl FromStr for RetryOn {
    type Err = BadRetryOn;

    fn from_str(text: &str) -> Result<Self, BadRetryOn> {
        match text {
            "failure" => Ok(Self::Failure),
            "error" => Ok(Self::Error),
            "lost" => Ok(Self::Lost),
            _ => text
                .strip_prefix("exit:")
                .and_then(|code| code.trim().parse::<u8>().ok())
                .filter(|code| *code > 0)
                .map(|code| Self::Exit(code.into()))
                .ok_or_else(|| BadRetryOn(text.to_owned())),
        }
    }
}

impl TryFrom<String> for RetryOn {
    type Error = BadRetryOn;

    fn try_from(text: String) -> Result<Self, BadRetryOn> {
        text.parse()
    }
}

impl From<RetryOn> for String {
    fn from(on: RetryOn) -> Self {
        on.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Reason;

    #[test]
    fn a_retry_takes_the_ends_it_names_and_no_more_than_its_number() {
        let retry = Retry { max: 2, on: vec![RetryOn::Exit(75), RetryOn::Lost], delay_seconds: 0 };
        assert!(retry.wants(&Finish::exit(75), 0));
        assert!(retry.wants(&Finish::because(Reason::Lost), 1));
        assert!(!retry.wants(&Finish::exit(75), 2));
        assert!(!retry.wants(&Finish::exit(1), 0));
        assert!(!retry.wants(&Finish::exit(0), 0));
        for good in ["failure", "error", "lost", "exit:75"] {
            assert_eq!(good.parse::<RetryOn>().unwrap().to_string(), good);
        }
        for bad in ["", "exit:0", "exit:300", "exit", "always"] {
            assert!(bad.parse::<RetryOn>().is_err(), "{bad}");
        }
    }
}
