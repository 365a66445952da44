//! Which runner may take which job.

use std::collections::BTreeMap;

/// Names to values.
pub(crate) type Labels = BTreeMap<String, String>;

/// Whether a runner has all that a job asks for. A runner's `*` stands for any value.
pub(crate) fn fit(job: &Labels, runner: &Labels) -> bool {
    job.iter().all(|(name, value)| runner.get(name).is_some_and(|has| has == "*" || has == value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn all_labels_of_the_job_must_match() {
        let runner = labels(&[("platform", "linux/amd64"), ("gpu", "*")]);
        for (job, good) in [
            (labels(&[]), true),
            (labels(&[("platform", "linux/amd64")]), true),
            (labels(&[("platform", "linux/amd64"), ("gpu", "big")]), true),
            (labels(&[("platform", "linux/arm64")]), false),
            (labels(&[("zone", "a")]), false),
        ] {
            assert_eq!(fit(&job, &runner), good, "{job:?}");
        }
    }
}
