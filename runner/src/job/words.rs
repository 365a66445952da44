//! What the driver writes into logs.

use std::time::Duration;

use slipway_pipelines::state::{Finish, Reason};

use crate::schedule::Again;

/// `retry 1 of 2 in 10s: exit code 75`
pub(super) fn retry(again: &Again) -> String {
    let Again { retry, most, delay, after } = again;
    let when = if delay.is_zero() { String::new() } else { format!(" in {}", short(*delay)) };
    format!("retry {retry} of {most}{when}: {}", cause(after))
}

fn cause(finish: &Finish) -> String {
    match (finish.reason, finish.exit_code) {
        (Reason::ExitCode, Some(code)) => format!("exit code {code}"),
        (Reason::OomKilled, _) => "out of memory".to_owned(),
        (reason, _) if finish.note.is_empty() => reason.as_str().to_owned(),
        (..) => finish.note.clone(),
    }
}

/// `45s`, `2m`, `1m 30s`, `1h`.
fn short(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}"));
    parts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_says_which_when_and_why() {
        let again = |seconds, after| retry(&Again { retry: 1, most: 2, delay: Duration::from_secs(seconds), after });
        assert_eq!(again(10, Finish::exit(75)), "retry 1 of 2 in 10s: exit code 75");
        assert_eq!(again(0, Finish::because(Reason::OomKilled)), "retry 1 of 2: out of memory");
        assert_eq!(again(90, Finish::because(Reason::Infra)), "retry 1 of 2 in 1m 30s: infra");
        assert_eq!(
            again(3600, Finish::with_note(Reason::ImagePull, "no such image")),
            "retry 1 of 2 in 1h: no such image"
        );
    }
}
