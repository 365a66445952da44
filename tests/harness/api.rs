//! The REST API, and waiting for what it says.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::{
    build::{Build, is_final},
    sse::{Event, Events},
    wait::{PATIENCE, until},
};

/// A client with the administrator's token.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) url: String,
    pub(crate) token: String,
    client: Client,
}

/// A repository of a forge, as it was created.
#[derive(Clone, Debug)]
pub(crate) struct Hooked {
    pub(crate) name: String,
    pub(crate) webhook_url: String,
    pub(crate) secret: String,
}

impl Api {
    pub(crate) fn new(url: String, token: String) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .build()
            .expect("a client");
        Self { url, token, client }
    }

    /// A request without a credential.
    pub(crate) fn bare(&self, method: &str, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) };
        self.client.request(method.parse().expect("a method"), url)
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request("GET", path).timeout(PATIENCE).send().await.unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        let sent = self.request("POST", path).timeout(PATIENCE).json(body).send().await;
        sent.unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Response {
        let sent = self.request("PUT", path).timeout(PATIENCE).json(body).send().await;
        sent.unwrap_or_else(|error| panic!("PUT {path}: {error}"))
    }

    /// Gives a repository a secret; events and images are the server's default.
    pub(crate) async fn secret(&self, repository: &str, name: &str, value: &str) {
        let path = format!("/api/v1/repos/{repository}/secrets/{name}");
        let answer = self.put(&path, &json!({"value": value})).await;
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    }

    /// Creates a repository of Slipway's own remote.
    pub(crate) async fn own(&self, repository: &str) {
        let (owner, name) = repository.split_once('/').expect("owner/name");
        let answer = self.post("/api/v1/repos", &json!({"owner": owner, "name": name})).await;
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    }

    /// A page or answer as text, whatever its status.
    pub(crate) async fn text(&self, path: &str) -> String {
        self.get(path).await.text().await.unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        let status = response.status();
        let text = response.text().await.unwrap_or_default();
        assert_eq!(status, StatusCode::OK, "GET {path}: {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("GET {path}: {error}: {text}"))
    }

    /// The build, if there is one of that number.
    pub(crate) async fn find(&self, repository: &str, number: u64) -> Option<Build> {
        let path = format!("/api/v1/repos/{repository}/builds/{number}");
        if self.get(&path).await.status() == StatusCode::NOT_FOUND {
            return None;
        }
        let json = self.json(&path).await;
        let build = Build::deserialize_with(json);
        Some(build)
    }

    pub(crate) async fn build(&self, repository: &str, number: u64) -> Build {
        self.find(repository, number).await.unwrap_or_else(|| panic!("{repository} has no build {number}"))
    }

    /// Waits until the build is as wanted.
    pub(crate) async fn wait(
        &self,
        repository: &str,
        number: u64,
        what: &str,
        wanted: impl Fn(&Build) -> bool,
    ) -> Build {
        until(&format!("build {number} of {repository}: {what}"), PATIENCE, async || {
            match self.find(repository, number).await {
                Some(build) if wanted(&build) => Ok(build),
                seen => Err(format!("{seen:?}")),
            }
        })
        .await
    }

    pub(crate) async fn wait_end(&self, repository: &str, number: u64) -> Build {
        self.wait(repository, number, "the end", |build| is_final(&build.status)).await
    }

    /// Numbers of the repository's builds, newest first.
    pub(crate) async fn numbers(&self, repository: &str) -> Vec<u64> {
        let list = self.json(&format!("/api/v1/repos/{repository}/builds?limit=100")).await;
        let builds = list.as_array().cloned().or_else(|| list["builds"].as_array().cloned());
        let builds = builds.unwrap_or_else(|| panic!("no list of builds: {list}"));
        builds.iter().map(|build| build["number"].as_u64().expect("a number")).collect()
    }

    /// Cancels or retries a build.
    pub(crate) async fn ask(&self, repository: &str, number: u64, action: &str) -> Response {
        self.post(&format!("/api/v1/repos/{repository}/builds/{number}/{action}"), &json!({})).await
    }

    pub(crate) fn log_path(repository: &str, build: &Build, step: &str) -> String {
        let (job, position) = build.position(step);
        format!("/api/v1/repos/{repository}/builds/{}/jobs/{job}/steps/{position}/log", build.number)
    }

    /// The raw log of a step.
    pub(crate) async fn log_bytes(&self, repository: &str, build: &Build, step: &str) -> Vec<u8> {
        let path = Self::log_path(repository, build, step);
        let response = self.get(&path).await;
        assert!(response.status().is_success(), "GET {path}: {}", response.status());
        response.bytes().await.unwrap_or_else(|error| panic!("GET {path}: {error}")).to_vec()
    }

    pub(crate) async fn log(&self, repository: &str, build: &Build, step: &str) -> String {
        String::from_utf8_lossy(&self.log_bytes(repository, build, step).await).into_owned()
    }

    /// The commands of a step; each must begin in the log where it says.
    pub(crate) async fn commands(&self, repository: &str, build: &Build, step: &str) -> Vec<Value> {
        let path = Self::log_path(repository, build, step);
        let commands = self.json(&format!("{}/commands", path.trim_end_matches("/log"))).await;
        let log = self.log_bytes(repository, build, step).await;
        let commands = commands.as_array().expect("a list").clone();
        for command in &commands {
            let offset = usize::try_from(command["offset"].as_u64().expect("an offset")).unwrap();
            let echo = format!("+ {}\n", command["command"].as_str().expect("a command"));
            assert!(log[offset..].starts_with(echo.as_bytes()), "{command}");
        }
        commands
    }

    /// The live log of a step.
    pub(crate) async fn log_stream(&self, repository: &str, build: &Build, step: &str) -> Events {
        self.log_stream_from(repository, build, step, 0).await
    }

    /// The same as a browser asks for it that lost its connection after so many bytes.
    pub(crate) async fn log_stream_from(&self, repository: &str, build: &Build, step: &str, offset: u64) -> Events {
        let path = format!("{}/stream", Self::log_path(repository, build, step));
        let mut request = self.request("GET", &path);
        if offset > 0 {
            request = request.header("Last-Event-ID", offset);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("GET {path}: {error}"));
        assert_eq!(response.status(), StatusCode::OK, "GET {path}");
        Events::new(response)
    }

    /// The bytes of the log in an event of its stream; `None` for the event that says there are no more.
    pub(crate) fn log_chunk(event: &Event) -> Option<Vec<u8>> {
        if event.name == "end" {
            return None;
        }
        let text: String = serde_json::from_str(&event.data).unwrap_or_else(|error| panic!("{error}: {event:?}"));
        Some(text.into_bytes())
    }

    /// Registers a repository of a forge.
    pub(crate) async fn create(&self, repository: &str, forge: &str, clone_url: &str) -> Hooked {
        let (owner, name) = repository.split_once('/').expect("owner/name");
        let body = json!({"owner": owner, "name": name, "forge": forge, "clone_url": clone_url});
        let response = self.post("/api/v1/repos", &body).await;
        let status = response.status();
        let answer: Value = response.json().await.expect("JSON");
        assert!(status.is_success(), "{status}: {answer}");
        let text = |field: &str| answer[field].as_str().unwrap_or_else(|| panic!("no {field}: {answer}")).to_owned();
        Hooked { name: repository.to_owned(), webhook_url: text("webhook_url"), secret: text("webhook_secret") }
    }
}

impl Build {
    fn deserialize_with(json: Value) -> Self {
        let mut build: Self =
            serde_json::from_value(json.clone()).unwrap_or_else(|error| panic!("not a build: {error}: {json:#}"));
        build.json = json;
        build
    }
}
