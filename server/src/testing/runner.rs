//! A runner that does what a test says.

use reqwest::{Client, Response, StatusCode};
use serde::Serialize;
use slipway_pipelines::{
    ids::RunnerId,
    state::{Finish, StepEvent},
    wire::{Events, Grant, Hello, JobNews, Next, PROTOCOL},
};
use uuid::Uuid;

use super::{RUNNER, Server};
use crate::clock;

/// A runner with one slot.
pub(crate) struct Runner {
    client: Client,
    base: String,
    id: RunnerId,
}

impl Runner {
    pub(crate) async fn hello(server: &Server) -> Self {
        let runner = Self { client: server.client.clone(), base: server.url("/runner/v1"), id: Uuid::now_v7().into() };
        let labels = [("platform", "linux/amd64"), ("backend", "docker")];
        let hello = Hello {
            protocol: PROTOCOL,
            runner: runner.id,
            name: "test".to_owned(),
            version: "0".to_owned(),
            labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            slots: 1,
            holding: Vec::new(),
        };
        runner.post("hello", &hello).await.error_for_status().unwrap();
        runner
    }

    async fn post(&self, path: &str, body: &impl Serialize) -> Response {
        self.client.post(format!("{}/{path}", self.base)).bearer_auth(RUNNER).json(body).send().await.unwrap()
    }

    /// Waits for a job.
    pub(crate) async fn next(&self) -> Grant {
        loop {
            let answer = self
                .post("next", &Next { runner: self.id, kept: Vec::new(), disk: None })
                .await
                .error_for_status()
                .unwrap();
            if answer.status() != StatusCode::NO_CONTENT {
                return answer.json().await.unwrap();
            }
        }
    }

    async fn news(&self, grant: &Grant, event: JobNews) {
        let events = Events { claim: grant.claim, events: vec![event] };
        self.post("events", &events).await.error_for_status().unwrap();
    }

    pub(crate) async fn start(&self, grant: &Grant, step: usize) {
        let event = StepEvent::Started { at: clock::now() };
        self.news(grant, JobNews::Step { step, event, log_bytes: None }).await;
    }

    pub(crate) async fn log(&self, grant: &Grant, step: usize, offset: usize, text: &str) {
        let claim = grant.claim;
        let path = format!("logs/{}/{}/{step}?epoch={}&offset={offset}", claim.job, claim.attempt, claim.epoch);
        let request = self.client.post(format!("{}/{path}", self.base)).bearer_auth(RUNNER).body(text.to_owned());
        request.send().await.unwrap().error_for_status().unwrap();
    }

    pub(crate) async fn end(&self, grant: &Grant, step: usize, code: i32, log_bytes: usize) {
        let event = StepEvent::Finished { finish: Finish::exit(code), at: clock::now() };
        self.news(grant, JobNews::Step { step, event, log_bytes: Some(log_bytes as u64) }).await;
    }

    pub(crate) async fn finish(&self, grant: &Grant, code: i32) {
        self.news(grant, JobNews::Finished { finish: Finish::exit(code), at: clock::now(), kept: None }).await;
    }

    /// Runs every step of the next job, each with one line of log, the last with this exit code.
    pub(crate) async fn run_one(&self, code: i32) {
        let grant = self.next().await;
        let last = grant.plan.steps.len() - 1;
        for (step, plan) in grant.plan.steps.iter().enumerate() {
            let text = format!("log of {}\n", plan.name);
            self.start(&grant, step).await;
            self.log(&grant, step, 0, &text).await;
            self.end(&grant, step, if step == last { code } else { 0 }, text.len()).await;
        }
        self.finish(&grant, code).await;
    }
}
