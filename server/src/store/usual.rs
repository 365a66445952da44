//! How long steps usually take: what earlier builds say.

use std::collections::HashMap;

use slipway_pipelines::{ids::RepositoryId, state::Millis};

use super::{Store, StoreError, codec::signed};

/// How many builds before one are looked at, and how many of them that ended well count.
const FAR: u64 = 200;
const MOST: i64 = 20;

/// Medians by name of the job, then of the step.
pub type UsualTimes = HashMap<String, HashMap<String, Millis>>;

impl Store {
    /// Medians of how long the steps of the last successful builds before a number took.
    pub async fn usual_times(&self, repository: RepositoryId, number: u64) -> Result<UsualTimes, StoreError> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT jobs.name, steps.name, steps.took FROM \
             (SELECT id FROM builds WHERE repository = $1 AND number < $2 AND number >= $3 AND status = 'success' \
             ORDER BY number DESC LIMIT $4) earlier \
             JOIN jobs ON jobs.build = earlier.id \
             JOIN steps ON steps.job = jobs.id AND steps.attempt = jobs.attempt WHERE steps.took IS NOT NULL",
        )
        .bind(repository.to_string())
        .bind(signed(number))
        .bind(signed(number.saturating_sub(FAR)))
        .bind(MOST)
        .fetch_all(&self.readers)
        .await?;
        let mut all: HashMap<String, HashMap<String, Vec<Millis>>> = HashMap::new();
        for (job, step, took) in rows {
            all.entry(job).or_default().entry(step).or_default().push(took);
        }
        let medians = |steps: HashMap<String, Vec<Millis>>| {
            steps.into_iter().filter_map(|(step, times)| Some((step, median(times)?))).collect()
        };
        Ok(all.into_iter().map(|(job, steps)| (job, medians(steps))).collect())
    }
}

/// The middle one; of two, the shorter.
fn median(mut times: Vec<Millis>) -> Option<Millis> {
    times.sort_unstable();
    times.get(times.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_hung_says_nothing_of_the_usual() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![7]), Some(7));
        assert_eq!(median(vec![900_000, 5, 6]), Some(6));
        assert_eq!(median(vec![9, 5, 6, 7]), Some(6));
    }
}
