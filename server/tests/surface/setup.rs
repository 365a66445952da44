//! A server on a free port, with a runner that the test plays.

use std::collections::BTreeMap;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect::Policy};
use serde_json::{Value, json};
use slipway_pipelines::{
    compile::{Compilation, CompiledJob, LeftOut},
    ids::RunnerId,
    lease::Claim,
    plan::{Action, Container, Image, Plan, Program, Pull, RunsOn, Step, Workspace},
    state::{Finish, Reason, StepEvent},
    trigger::{Cause, Person, Trigger},
    wire::{Events, Grant, JobNews},
};
use slipway_server::{
    Config, Running,
    store::model::{BuildContent, BuildRef, NewBuild, NewRepository, Repository},
};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const TOKEN: &str = "slp_test-token-of-the-administrator";

pub(crate) struct World {
    pub(crate) server: Running,
    pub(crate) client: Client,
    _data: TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A server with other settings.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::new(data.path(), "127.0.0.1:0".parse().unwrap());
        config.admin_token = Some(TOKEN.to_owned().into());
        change(&mut config);
        let server = slipway_server::start(config).await.unwrap();
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self { server, client, _data: data }
    }

    /// A request without a credential.
    pub(crate) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.server.url()))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.bare(Method::GET, path).bearer_auth(TOKEN).send().await.unwrap()
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.text().await.unwrap()
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path).await).unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let response = self.bare(Method::POST, path).bearer_auth(TOKEN).json(body).send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    pub(crate) async fn repository(&self, name: &str) -> Repository {
        self.server.app().store.create_repository(NewRepository::own(name.parse().unwrap())).await.unwrap()
    }

    /// A build with one job of these steps, one after the other.
    pub(crate) async fn build(&self, repository: &Repository, message: &str, steps: &[&str]) -> BuildRef {
        let jobs = if steps.is_empty() { Vec::new() } else { vec![job(steps)] };
        let left_out = vec![LeftOut { what: "deploy".to_owned(), why: "runs on tags only".to_owned() }];
        let compilation = Compilation { jobs, left_out, ..Compilation::default() };
        let content = BuildContent { compilation, diagnostics_text: String::new(), fault: Reason::Config };
        let new = NewBuild { repository: repository.id, trigger: trigger(message), parent: None, delivery: None };
        self.server.app().store.create_build(new, move |_| content).await.unwrap()
    }

    pub(crate) async fn runner(&self) -> Runner<'_> {
        let id = RunnerId(Uuid::now_v7());
        let runner = Runner { world: self, id, kept: Default::default() };
        assert!(runner.hello(&[]).await.status().is_success());
        runner
    }
}

pub(crate) fn job(steps: &[&str]) -> CompiledJob {
    let steps = steps.iter().enumerate().map(|(position, name)| {
        let image = Image::Registry { reference: "busybox".to_owned(), pull: Pull::Missing };
        let program = Program::Commands { commands: vec!["true".to_owned()] };
        let needs = position.checked_sub(1).into_iter().collect();
        Step { needs, ..Step::new(*name, Action::Run(Container::new(image, program, "/slipway"))) }
    });
    let workspace = Workspace { base: "/slipway".to_owned(), path: "/slipway/src".to_owned() };
    CompiledJob {
        name: "te/st".to_owned(),
        workflow: "test".to_owned(),
        needs: Vec::new(),
        runs_on: RunsOn::default(),
        labels: BTreeMap::new(),
        retry: None,
        concurrency: None,
        plan: Plan::new("te/st", workspace, steps),
    }
}

pub(crate) fn trigger(message: &str) -> Trigger {
    Trigger {
        cause: Cause::Push { branch: "main".to_owned(), before: None },
        reference: "refs/heads/main".to_owned(),
        sha: "4f2a9c81d07be35562c0d6b1f0a4d3c7a9e8b716".to_owned(),
        message: message.to_owned(),
        author: Person { name: "Ada".to_owned(), email: "ada@example.org".to_owned() },
        sender: "ada".to_owned(),
        timestamp: 0,
        url: None,
        changed_files: None,
    }
}

pub(crate) struct Runner<'a> {
    world: &'a World,
    pub(crate) id: RunnerId,
    /// Workspaces that it said it keeps.
    kept: std::sync::Mutex<Vec<Claim>>,
}

impl Runner<'_> {
    async fn say(&self, path: &str, body: &Value) -> Response {
        let request = self.world.bare(Method::POST, &format!("/runner/v1/{path}"));
        request.bearer_auth(self.world.server.runner_token()).json(body).send().await.unwrap()
    }

    pub(crate) async fn hello(&self, holding: &[Claim]) -> Response {
        let hello = json!({"protocol": 1, "runner": self.id, "name": "quay", "version": "0", "slots": 4,
            "holding": holding, "labels": {"platform": "linux/amd64", "backend": "dummy"}});
        self.say("hello", &hello).await
    }

    pub(crate) async fn take(&self) -> Claim {
        self.grant().await.claim
    }

    pub(crate) async fn grant(&self) -> Grant {
        let kept = self.kept.lock().unwrap().clone();
        let answer = self
            .say("next", &json!({"runner": self.id, "kept": kept, "disk": {"free": 3_u64 << 30, "total": 8_u64 << 30}}))
            .await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    pub(crate) async fn started(&self, claim: Claim, step: usize) {
        let event = StepEvent::Started { at: slipway_server::clock::now() };
        self.news(claim, JobNews::Step { step, event, log_bytes: None }).await;
    }

    pub(crate) async fn ended(&self, claim: Claim, step: usize, finish: Finish, log_bytes: u64) {
        let event = StepEvent::Finished { finish, at: slipway_server::clock::now() };
        self.news(claim, JobNews::Step { step, event, log_bytes: Some(log_bytes) }).await;
    }

    pub(crate) async fn finished(&self, claim: Claim, finish: Finish) {
        self.ends(claim, finish, None).await;
    }

    /// The end of a job whose workspace is kept.
    pub(crate) async fn ends(&self, claim: Claim, finish: Finish, kept: Option<Claim>) {
        self.kept.lock().unwrap().extend(kept);
        self.news(claim, JobNews::Finished { finish, at: slipway_server::clock::now(), kept }).await;
    }

    pub(crate) async fn news(&self, claim: Claim, news: JobNews) {
        let events = serde_json::to_value(Events { claim, events: vec![news] }).unwrap();
        let answer = self.say("events", &events).await;
        assert!(answer.status().is_success(), "{}: {}", answer.status(), answer.text().await.unwrap());
    }

    pub(crate) async fn log(&self, claim: Claim, step: usize, offset: usize, bytes: &[u8]) {
        let Claim { job, attempt, epoch } = claim;
        let path = format!("/runner/v1/logs/{job}/{attempt}/{step}?epoch={epoch}&offset={offset}");
        let request = self.world.bare(Method::POST, &path).bearer_auth(self.world.server.runner_token());
        assert!(request.body(bytes.to_vec()).send().await.unwrap().status().is_success());
    }
}
