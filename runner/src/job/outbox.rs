//! News on their way out, in order.

use slipway_pipelines::wire::JobNews;
use tokio::sync::{mpsc, watch};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::reporter::Reporter;

/// Most news in one message.
const BATCH: usize = 64;

/// Takes news at any time; a task tells them one message after the other.
#[derive(Debug)]
pub(super) struct Outbox {
    news: mpsc::UnboundedSender<JobNews>,
    /// How many of the news were told.
    told: watch::Receiver<u64>,
    sent: u64,
    _task: AbortOnDropHandle<()>,
}

impl Outbox {
    /// `fenced` is cancelled when the job turns out not to be ours.
    pub(super) fn new<R: Reporter>(reporter: R, fenced: CancellationToken) -> Self {
        let (news, mut waiting) = mpsc::unbounded_channel();
        let (tell, told) = watch::channel(0);
        let task = tokio::spawn(async move {
            let mut batch = Vec::new();
            while waiting.recv_many(&mut batch, BATCH).await > 0 {
                let count = batch.len() as u64;
                if reporter.tell(std::mem::take(&mut batch)).await.is_err() {
                    fenced.cancel();
                    return;
                }
                tell.send_modify(|told| *told += count);
            }
        });
        Self { news, told, sent: 0, _task: AbortOnDropHandle::new(task) }
    }

    pub(super) fn tell(&mut self, news: JobNews) {
        self.sent += 1;
        // The task ends early only when the job is fenced, and then nothing is to be said.
        let _ = self.news.send(news);
    }

    /// Resolves once all that was put in so far was told; never if the job is fenced.
    pub(super) fn told(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut told = self.told.clone();
        let sent = self.sent;
        async move {
            if told.wait_for(|told| *told >= sent).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
