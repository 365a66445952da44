//! Whether the kernel killed something of a container for its memory use.
//!
//! The engine's own word can be missing: it learns of the kill and of the exit by two ways, and forgets a kill that comes second
//! (containerd issue 8180). So a gate looks at the kernel's count itself, and for other containers the kill is waited for.

use std::{collections::HashMap, time::Duration};

use bollard::{models::ContainerInspectResponse, query_parameters::EventsOptionsBuilder};
use futures_util::StreamExt;

use super::engine::{Engine, QUICK, within};

/// How long the engine may take to tell a kill after the exit that it caused.
const LATE: Duration = Duration::from_secs(1);

/// Lines of a gate that tell the kernel's count, of control groups version 2 or 1, when the script did not end well.
pub(super) fn after(nonce: &str) -> String {
    format!(
        r#"[ $slipway_code = 0 ] || for slipway_file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
[ -r $slipway_file ] || continue
while read -r slipway_line; do
case $slipway_line in 'oom_kill 0') ;; 'oom_kill '*) printf '%s\n' '{nonce} oom' >&7;; esac
done <$slipway_file
done
"#
    )
}

impl Engine {
    /// Whether a container's memory has a limit.
    pub(super) async fn is_limited(&self, name: &str) -> bool {
        let limit = |found: ContainerInspectResponse| found.host_config.and_then(|config| config.memory);
        let found = within(QUICK, self.api.inspect_container(name, None)).await;
        found.ok().and_then(limit).is_some_and(|bytes| bytes > 0)
    }

    /// Waits a moment for the engine's word that a container's memory ran out, wherever it came before its exit or after.
    pub(super) async fn tells_oom(&self, name: &str) -> bool {
        let filters = HashMap::from([("container", vec![name]), ("event", vec!["oom"])]);
        // With both ends given the engine tells first what it remembers, then what comes.
        let until = std::time::SystemTime::now() + LATE;
        let until = until.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs() + 1;
        let options = EventsOptionsBuilder::new().since("1").until(&until.to_string()).filters(&filters).build();
        let mut events = Box::pin(self.api.events(Some(options)));
        matches!(tokio::time::timeout(LATE, events.next()).await, Ok(Some(Ok(_))))
    }
}
