//! Tells whoever looks at a build that something about it was committed. Carries no data: readers look in the store.

use slipway_pipelines::ids::BuildId;
use tokio::sync::broadcast;

/// Changed builds, to any number of subscribers.
#[derive(Clone, Debug)]
pub struct News {
    sender: broadcast::Sender<BuildId>,
}

impl Default for News {
    fn default() -> Self {
        Self { sender: broadcast::channel(1024).0 }
    }
}

impl News {
    /// Says that a build changed. Called after each commit that touched it.
    pub fn publish(&self, build: BuildId) {
        // An error only says that nobody listens.
        let _ = self.sender.send(build);
    }

    /// Every change from now on. Subscribe before you look; after `Lagged`, look again.
    pub fn subscribe(&self) -> broadcast::Receiver<BuildId> {
        self.sender.subscribe()
    }
}
