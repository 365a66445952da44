//! Sandboxes: a network and a container that owns a network namespace on it, one pair a job. Some are kept ready.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use bollard::{models::NetworkCreateRequest, query_parameters::CreateContainerOptionsBuilder};
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    container,
    engine::{Engine, QUICK, SLOW, within},
    names, pause,
};
use crate::executor::Failed;

/// Quiet time after the last job was opened before the pool is filled up: the job needs the machine more.
const QUIET: Duration = Duration::from_millis(500);

/// A network and a waiting container of the same name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Sandbox {
    pub(super) name: String,
}

/// Makes sandboxes, and remembers which of them this process has in use.
#[derive(Debug)]
pub(super) struct Pool {
    engine: Engine,
    instance: String,
    size: usize,
    ready: Mutex<Vec<Sandbox>>,
    /// Names that a sweep must leave alone: being made, ready or in a job's use.
    live: Mutex<HashSet<String>>,
    wanted: Arc<Notify>,
    stopped: CancellationToken,
    filling: Mutex<Option<JoinHandle<()>>>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// An empty pool that fills itself in the background.
    pub(super) fn new(engine: Engine, instance: String, size: usize) -> Arc<Self> {
        let pool = Arc::new(Self {
            engine,
            instance,
            size,
            ready: Mutex::default(),
            live: Mutex::default(),
            wanted: Arc::default(),
            stopped: CancellationToken::new(),
            filling: Mutex::default(),
        });
        let filling = fill(Arc::downgrade(&pool), Arc::clone(&pool.wanted), pool.stopped.clone());
        *locked(&pool.filling) = Some(tokio::spawn(filling));
        pool.wanted.notify_one();
        pool
    }

    /// A ready sandbox, or a new one.
    pub(super) async fn take(&self) -> Result<Sandbox, Failed> {
        let taken = loop {
            let Some(sandbox) = locked(&self.ready).pop() else { break None };
            if self.engine.is_running(&sandbox.name).await {
                break Some(sandbox);
            }
            tracing::warn!(sandbox = sandbox.name, "a pooled sandbox is gone");
            self.remove(&sandbox).await;
        };
        let sandbox = match taken {
            Some(sandbox) => Ok(sandbox),
            None => self.make().await,
        };
        self.wanted.notify_one();
        sandbox
    }

    /// A sandbox of a job that was found again.
    pub(super) async fn adopt(&self, name: &str) -> Result<Sandbox, Failed> {
        locked(&self.live).insert(name.to_owned());
        let sandbox = Sandbox { name: name.to_owned() };
        if !self.engine.is_running(name).await {
            self.engine.start(name).await.map_err(|error| error.failed("the job's sandbox is gone"))?;
        }
        Ok(sandbox)
    }

    async fn make(&self) -> Result<Sandbox, Failed> {
        let sandbox = Sandbox { name: names::fresh("sandbox") };
        locked(&self.live).insert(sandbox.name.clone());
        let made = self.make_named(&sandbox.name).await;
        if made.is_err() {
            self.remove(&sandbox).await;
        }
        made.map(|()| sandbox)
    }

    async fn make_named(&self, name: &str) -> Result<(), Failed> {
        pause::ensure(&self.engine).await?;
        let labels = names::sandbox_labels(&self.instance);
        let request = NetworkCreateRequest {
            name: name.to_owned(),
            driver: Some("bridge".to_owned()),
            labels: Some(labels.clone()),
            ..Default::default()
        };
        within(SLOW, self.engine.api.create_network(request))
            .await
            .map_err(|error| error.failed("can't make the job's network"))?;
        let options = CreateContainerOptionsBuilder::new().name(name).build();
        within(SLOW, self.engine.api.create_container(Some(options), container::sandbox(name, labels)))
            .await
            .map_err(|error| error.failed("can't make the job's sandbox"))?;
        self.engine.start(name).await.map_err(|error| error.failed("can't start the job's sandbox"))
    }

    /// Removes a sandbox, whatever there is of it.
    pub(super) async fn remove(&self, sandbox: &Sandbox) {
        let container = self.engine.remove_container(&sandbox.name).await;
        let network = self.engine.remove_network(&sandbox.name).await;
        if let Err(error) = container.and(network) {
            tracing::warn!(sandbox = sandbox.name, %error, "can't remove a sandbox; the next sweep will");
        }
        locked(&self.live).remove(&sandbox.name);
    }

    /// Whether this process uses the sandbox.
    pub(super) fn is_live(&self, name: &str) -> bool {
        locked(&self.live).contains(name)
    }

    #[cfg(test)]
    pub(super) fn ready(&self) -> usize {
        locked(&self.ready).len()
    }

    /// Removes what is ready and makes no more.
    pub(super) async fn stop(&self) {
        self.stopped.cancel();
        let filling = locked(&self.filling).take();
        if let Some(filling) = filling {
            // One that is being made is waited for: it could not be found half-made.
            let _ = filling.await;
        }
        loop {
            let Some(sandbox) = locked(&self.ready).pop() else { break };
            self.remove(&sandbox).await;
        }
    }
}

/// Keeps a pool full until it is stopped or dropped.
async fn fill(pool: Weak<Pool>, wanted: Arc<Notify>, stopped: CancellationToken) {
    let mut first = true;
    loop {
        let Some(strong) = pool.upgrade() else { return };
        if locked(&strong.ready).len() >= strong.size {
            drop(strong);
            tokio::select! {
                () = stopped.cancelled() => return,
                () = wanted.notified() => {}
                () = tokio::time::sleep(QUICK) => {}
            }
            continue;
        }
        if !first {
            tokio::select! {
                () = stopped.cancelled() => return,
                () = wanted.notified() => continue,
                () = tokio::time::sleep(QUIET) => {}
            }
        }
        first = false;
        match strong.make().await {
            Ok(sandbox) if stopped.is_cancelled() => return strong.remove(&sandbox).await,
            Ok(sandbox) => locked(&strong.ready).push(sandbox),
            Err(error) => {
                tracing::warn!(%error, "can't make a sandbox ahead of time");
                tokio::select! {
                    () = stopped.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(10)) => {}
                }
            }
        }
    }
}
