//! What a container takes of the machine, as the engine tells it.

use bollard::{models::ContainerStatsResponse, query_parameters::StatsOptionsBuilder};
use futures_util::StreamExt;

use super::{
    engine::{QUICK, within},
    job::Open,
    names,
};
use crate::executor::Used;

/// See [`Executor::used`](crate::executor::Executor::used).
pub(super) async fn used(job: &Open, step: usize) -> Option<Used> {
    let name = names::container(&job.claim, step);
    // One look, without the second that the engine would wait for a difference.
    let options = StatsOptionsBuilder::new().stream(false).one_shot(true).build();
    let mut answers = Box::pin(job.engine.api.stats(&name, Some(options)));
    let answer = within(QUICK, async { answers.next().await.transpose() }).await.ok()??;
    read(&answer)
}

fn read(stats: &ContainerStatsResponse) -> Option<Used> {
    let cpu_ns = stats.cpu_stats.as_ref()?.cpu_usage.as_ref()?.total_usage?;
    let memory = stats.memory_stats.as_ref()?;
    // A container that has ended has none.
    let usage = memory.usage?;
    // The kernel's name for it differs between its two versions of control groups.
    let droppable = memory
        .stats
        .as_ref()
        .and_then(|stats| ["total_inactive_file", "inactive_file"].iter().find_map(|name| stats.get(*name)).copied());
    Some(Used { cpu_ns, memory: usage.saturating_sub(droppable.unwrap_or(0)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(json: &str) -> Option<Used> {
        read(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn files_in_memory_are_left_out_under_both_names() {
        let cpu = r#""cpu_stats": {"cpu_usage": {"total_usage": 7}}"#;
        let with = |memory: &str| stats(&format!("{{{cpu}, \"memory_stats\": {memory}}}")).map(|used| used.memory);
        assert_eq!(with(r#"{"usage": 100, "stats": {"inactive_file": 40}}"#), Some(60));
        assert_eq!(with(r#"{"usage": 100, "stats": {"inactive_file": 1, "total_inactive_file": 40}}"#), Some(60));
        assert_eq!(with(r#"{"usage": 100}"#), Some(100));
        assert_eq!(with("{}"), None, "it has ended");
        assert_eq!(stats("{}"), None);
    }
}
