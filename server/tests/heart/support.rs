//! What the tests share: pipelines without files, a store in a folder of its own, a runner that only talks.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use slipway_pipelines::{
    compile::{Compilation, CompiledJob},
    ids::{JobId, RunnerId},
    lease::Claim,
    plan::{Action, Plan, RunsOn, Step, Workspace},
    state::{Finish, Reason, Status, StepEvent},
    trigger::{Cause, Person, Trigger},
    wire::{Events, Grant, Hello, JobNews, Next, PROTOCOL, Renew, Renewed, Welcome},
};
use slipway_server::{
    Config, Running, start,
    store::{
        Store,
        model::{BuildContent, BuildDetail, BuildRef, NewBuild, NewRepository, Repository, TokenKind},
    },
};
use tempfile::TempDir;
use uuid::Uuid;

/// Long enough that only a bug reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

pub fn trigger() -> Trigger {
    Trigger {
        cause: Cause::Push { branch: "main".to_owned(), before: None },
        reference: "refs/heads/main".to_owned(),
        sha: "0123456789012345678901234567890123456789".to_owned(),
        message: "change".to_owned(),
        author: Person::default(),
        sender: "me".to_owned(),
        timestamp: 0,
        url: None,
        changed_files: None,
    }
}

/// A job of so many steps that needs others.
pub fn job(name: &str, steps: usize, needs: &[usize]) -> CompiledJob {
    let workspace = Workspace { base: "/slipway".to_owned(), path: "/slipway/src".to_owned() };
    CompiledJob {
        name: name.to_owned(),
        workflow: name.to_owned(),
        needs: needs.to_vec(),
        runs_on: RunsOn::default(),
        labels: BTreeMap::new(),
        retry: None,
        concurrency: None,
        plan: Plan::new(name, workspace, (0..steps).map(|step| Step::new(format!("step{step}"), Action::Checkout))),
    }
}

/// A step of a job, to be changed.
pub fn step(job: &mut CompiledJob, position: usize) -> &mut Step {
    Arc::make_mut(&mut job.plan.steps[position])
}

/// The steps of a build's job, at its current attempt.
pub fn step_states(build: &BuildDetail, job: usize) -> Vec<Status> {
    build.jobs[job].steps.iter().map(|step| step.state.status()).collect()
}

pub fn content(jobs: Vec<CompiledJob>) -> BuildContent {
    BuildContent {
        compilation: Compilation { jobs, ..Compilation::default() },
        diagnostics_text: String::new(),
        fault: Reason::Config,
    }
}

pub fn new_build(repository: &Repository) -> NewBuild {
    NewBuild { repository: repository.id, trigger: trigger(), parent: None, delivery: None }
}

pub async fn repository(store: &Store, name: &str) -> Repository {
    store.create_repository(NewRepository::own(name.parse().unwrap())).await.unwrap()
}

pub async fn build(store: &Store, repository: &Repository, jobs: Vec<CompiledJob>) -> BuildRef {
    store.create_build(new_build(repository), move |_| content(jobs)).await.unwrap()
}

pub async fn detail(store: &Store, build: BuildRef) -> BuildDetail {
    store.build_by_id(build.id).await.unwrap().unwrap()
}

/// A store in a folder of its own, without a server around it.
pub async fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    (folder, store)
}

pub async fn open(folder: &TempDir) -> Store {
    let url = format!("sqlite:{}", folder.path().join("db").display());
    Store::open(&url, &folder.path().join("key"), "http://ci.example", |_| {}).await.unwrap()
}

pub fn runner_id(number: u128) -> RunnerId {
    RunnerId(Uuid::from_u128(number))
}

/// Waits until something holds; fails when it never does.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    soon(what, waiting).await;
}

/// Waits for something that must not take long.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

pub fn config(folder: &TempDir) -> Config {
    Config::new(folder.path().join("data"), "127.0.0.1:0".parse().unwrap())
}

pub async fn server(folder: &TempDir) -> Running {
    start(config(folder)).await.unwrap()
}

/// A runner that only talks.
#[derive(Clone)]
pub struct Talker {
    pub client: Client,
    pub url: String,
    pub token: String,
    pub id: RunnerId,
}

impl Talker {
    pub fn new(server: &Running, number: u128) -> Self {
        let client = Client::new();
        Self { client, url: server.loopback_url(), token: server.runner_token(), id: runner_id(number) }
    }

    pub async fn with_token_of_its_own(self, server: &Running) -> Self {
        use secrecy::ExposeSecret;
        let token = server.app().store.create_token(TokenKind::Runner, "other", None).await.unwrap();
        Self { token: token.expose_secret().to_owned(), ..self }
    }

    pub fn post(&self, path: &str, body: &impl Serialize) -> RequestBuilder {
        self.client.post(format!("{}/runner/v1/{path}", self.url)).bearer_auth(&self.token).json(body)
    }

    pub async fn hello(&self, holding: Vec<Claim>) -> Response {
        let hello = Hello {
            protocol: PROTOCOL,
            runner: self.id,
            name: "talker".to_owned(),
            version: "0".to_owned(),
            labels: BTreeMap::new(),
            slots: 1,
            holding,
        };
        self.post("hello", &hello).send().await.unwrap()
    }

    pub async fn introduced(self) -> Self {
        let welcome: Welcome = json(self.hello(Vec::new()).await).await;
        assert!(welcome.resume.is_empty() && welcome.drop.is_empty());
        self
    }

    pub async fn next(&self) -> Grant {
        let response = soon("a job", self.post("next", &Next { runner: self.id, kept: Vec::new(), disk: None }).send())
            .await
            .unwrap();
        json(response).await
    }

    pub async fn renew(&self, claims: &[Claim], wait_ms: u64) -> Renewed {
        let renew = Renew {
            runner: self.id,
            claims: claims.to_vec(),
            wait_ms,
            stopping: Vec::new(),
            kept: Vec::new(),
            disk: None,
        };
        json(soon("the answer to renew", self.post("renew", &renew).send()).await.unwrap()).await
    }

    pub async fn report(&self, claim: Claim, events: Vec<JobNews>) -> StatusCode {
        self.post("events", &Events { claim, events }).send().await.unwrap().status()
    }

    pub async fn append(&self, claim: Claim, step: usize, offset: u64, bytes: &[u8]) -> Response {
        let Claim { job, attempt, epoch } = claim;
        let url = format!("{}/runner/v1/logs/{job}/{attempt}/{step}?epoch={epoch}&offset={offset}", self.url);
        self.client.post(url).bearer_auth(&self.token).body(bytes.to_vec()).send().await.unwrap()
    }
}

pub async fn json<T: DeserializeOwned>(response: Response) -> T {
    assert!(response.status() == StatusCode::OK, "{}: {}", response.status(), response.text().await.unwrap());
    response.json().await.unwrap()
}

pub fn started(step: usize) -> JobNews {
    JobNews::Step { step, event: StepEvent::Started { at: 1 }, log_bytes: None }
}

pub fn ended(step: usize, code: i32) -> JobNews {
    JobNews::Step { step, event: StepEvent::Finished { finish: Finish::exit(code), at: 2 }, log_bytes: Some(0) }
}

pub fn finished(code: i32) -> JobNews {
    JobNews::Finished { finish: Finish::exit(code), at: 3, kept: None }
}

/// Queued and given to a runner, without a server.
pub async fn granted(store: &Store, job: JobId, runner: u128) -> Claim {
    store.grant(job, runner_id(runner), i64::MAX / 2).await.unwrap().expect("the job is queued").claim
}
