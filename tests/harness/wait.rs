//! Waiting for a condition, with a deadline.

use std::time::{Duration, Instant};

/// Long enough for anything on a busy machine of two cores; a wait ends when its condition holds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(20);

/// What a probe saw: the awaited value, or what there is instead, for the message of a test that fails.
pub(crate) type Seen<T> = Result<T, String>;

/// Asks until the probe gives a value. Panics with what it last saw when the time is over.
pub(crate) async fn until<T>(what: &str, limit: Duration, mut probe: impl AsyncFnMut() -> Seen<T>) -> T {
    let start = Instant::now();
    loop {
        let seen = match probe().await {
            Ok(value) => return value,
            Err(seen) => seen,
        };
        assert!(start.elapsed() < limit, "waited {limit:?} for {what}; last seen: {seen}");
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn asks_again_until_there_is_a_value() {
        let mut asked = 0;
        let value = until("the third answer", PATIENCE, async || {
            asked += 1;
            if asked == 3 { Ok(asked) } else { Err(format!("{asked}")) }
        })
        .await;
        assert_eq!(value, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "last seen: nothing yet")]
    async fn gives_up_and_says_what_it_saw() {
        until::<()>("a wonder", Duration::ZERO, async || Err("nothing yet".to_owned())).await;
    }
}
