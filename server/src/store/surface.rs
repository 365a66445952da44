use slipway_pipelines::{
    ids::{BuildId, DeliveryId, JobId, RepositoryId},
    repository::RepositoryName,
};

use super::{Store, StoreError, model::*};

type Outcome<T> = Result<T, StoreError>;

/// Signatures; bodies follow.
#[allow(missing_docs, clippy::unused_async, unused_variables)]
impl Store {
    pub async fn create_repository(&self, new: NewRepository) -> Outcome<Repository> {
        Err(StoreError::Closed)
    }
    pub async fn repository(&self, name: &RepositoryName) -> Outcome<Option<Repository>> {
        Err(StoreError::Closed)
    }
    pub async fn repository_by_id(&self, id: RepositoryId) -> Outcome<Option<Repository>> {
        Err(StoreError::Closed)
    }
    pub async fn repository_by_hook(&self, forge: Forge, hook_id: &str) -> Outcome<Option<Repository>> {
        Err(StoreError::Closed)
    }
    pub async fn repositories(&self) -> Outcome<Vec<Repository>> {
        Err(StoreError::Closed)
    }
    pub async fn set_default_branch(&self, id: RepositoryId, branch: &str) -> Outcome<()> {
        Err(StoreError::Closed)
    }
    pub async fn store_delivery(&self, new: NewDelivery) -> Outcome<DeliveryStored> {
        Err(StoreError::Closed)
    }
    pub async fn delivery(&self, id: DeliveryId) -> Outcome<Option<Delivery>> {
        Err(StoreError::Closed)
    }
    pub async fn pending_deliveries(&self) -> Outcome<Vec<Delivery>> {
        Err(StoreError::Closed)
    }
    pub async fn finish_delivery(&self, id: DeliveryId, state: DeliveryState) -> Outcome<()> {
        Err(StoreError::Closed)
    }
    pub async fn create_build(
        &self,
        new: NewBuild,
        make: impl FnOnce(&BuildSeed) -> BuildContent + Send + 'static,
    ) -> Outcome<BuildRef> {
        Err(StoreError::Closed)
    }
    pub async fn builds(
        &self,
        repository: RepositoryId,
        before: Option<u64>,
        limit: u32,
    ) -> Outcome<Vec<BuildSummary>> {
        Err(StoreError::Closed)
    }
    pub async fn recent_builds(&self, limit: u32) -> Outcome<Vec<(RepositoryName, BuildSummary)>> {
        Err(StoreError::Closed)
    }
    pub async fn build(&self, repository: RepositoryId, number: u64) -> Outcome<Option<BuildDetail>> {
        Err(StoreError::Closed)
    }
    pub async fn build_by_id(&self, id: BuildId) -> Outcome<Option<BuildDetail>> {
        Err(StoreError::Closed)
    }
    /// One attempt of a job, current or not.
    pub async fn job_attempt(&self, job: JobId, attempt: u32) -> Outcome<Option<JobDetail>> {
        Err(StoreError::Closed)
    }
    /// `attempt` None: the current one.
    pub async fn step_address(&self, job: JobId, attempt: Option<u32>, step: usize) -> Outcome<Option<StepAddress>> {
        Err(StoreError::Closed)
    }
    pub async fn runners(&self) -> Outcome<Vec<Runner>> {
        Err(StoreError::Closed)
    }
    pub async fn queue(&self) -> Outcome<Vec<QueueEntry>> {
        Err(StoreError::Closed)
    }
    /// A new token of a kind, valid until then (`None`: for ever); the text is returned once.
    pub async fn create_token(
        &self,
        kind: TokenKind,
        name: &str,
        expires: Option<slipway_pipelines::state::Millis>,
    ) -> Outcome<secrecy::SecretString> {
        Err(StoreError::Closed)
    }
    /// The token with this text, unless it has expired.
    pub async fn find_token(&self, text: &str) -> Outcome<Option<Token>> {
        Err(StoreError::Closed)
    }
    /// Takes a one-time login token out: `None` when there is none.
    pub async fn take_login(&self, text: &str) -> Outcome<Option<Token>> {
        Err(StoreError::Closed)
    }
    /// A logged-in browser: the cookie's value.
    pub async fn create_session(&self, name: &str) -> Outcome<secrecy::SecretString> {
        Err(StoreError::Closed)
    }
    pub async fn check_session(&self, text: &str) -> Outcome<Option<Token>> {
        Err(StoreError::Closed)
    }
    pub async fn end_session(&self, text: &str) -> Outcome<()> {
        Err(StoreError::Closed)
    }
}
