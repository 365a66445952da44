//! What the commands share that ask a server: one request, one answer, one line for every failure.

mod value;

use std::time::Duration;

use reqwest::{Client, Method, StatusCode, Url, redirect::Policy};
use serde_json::Value;
use slipway_pipelines::repository::RepositoryName;

use crate::{Exit, cli::At};

pub(crate) use value::read as read_value;

/// How long a server may take.
const ANSWER: Duration = Duration::from_secs(30);

/// Why a command failed: its exit code, and a line for people.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    line: String,
}

impl Failure {
    /// The caller's fault.
    pub(crate) fn usage(line: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, line: line.into() }
    }

    /// The server's, or that of what lies between.
    pub(crate) fn internal(line: impl Into<String>) -> Self {
        Self { exit: Exit::Internal, line: line.into() }
    }
}

/// Runs a command to its end and says how it ended: `Ok` is what goes to standard output.
pub(crate) fn finish(command: impl Future<Output = Result<String, Failure>>) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(command),
        Err(error) => Err(Failure::internal(format!("cannot start the async runtime: {error}"))),
    };
    match done {
        Ok(text) => {
            print!("{text}");
            Exit::Success
        }
        Err(Failure { exit, line }) => {
            eprintln!("error: {line}");
            exit
        }
    }
}

/// A server, and who asks.
pub(crate) struct Server {
    client: Client,
    base: Url,
    token: String,
}

impl Server {
    /// The server that the flags name.
    pub(crate) fn at(at: &At) -> Result<Self, Failure> {
        let bad = |why: String| Failure::usage(format!("`{}` is not the address of a server: {why}", at.server));
        let base = Url::parse(&at.server).map_err(|error| bad(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(bad("it must begin with http:// or https://".to_owned()));
        }
        let token = at.token.as_deref().map(str::trim).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| Failure::usage("no token is given: set SLIPWAY_TOKEN, or use --token"))?;
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(ANSWER)
            // The token is for this server only.
            .redirect(Policy::none())
            .user_agent(concat!("slipway/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::internal(error.to_string()))?;
        Ok(Self { client, base, token: token.to_owned() })
    }

    /// Asks about a repository: `path` are the parts below `repos/OWNER/REPO`. The answer of a 204 is `null`.
    pub(crate) async fn ask(
        &self,
        method: Method,
        repository: &RepositoryName,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let path = [&["repos", repository.owner(), repository.name()], path].concat();
        self.ask_all(method, &path, body).await
    }

    /// Asks about what is not a repository's: `path` are the parts below `api/v1`.
    pub(crate) async fn ask_all(&self, method: Method, path: &[&str], body: Option<&Value>) -> Result<Value, Failure> {
        let mut url = self.base.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|error| self.unreachable(error))?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|error| self.unreachable(error))?;
        let json = if bytes.is_empty() { Some(Value::Null) } else { serde_json::from_slice(&bytes).ok() };
        match json {
            Some(json) if status.is_success() => Ok(json),
            Some(json) if json["error"].is_string() => Err(refused(status, &json)),
            _ => Err(Failure::internal(format!("{} does not answer as a Slipway server does: {status}", self.base))),
        }
    }

    fn unreachable(&self, error: reqwest::Error) -> Failure {
        let mut cause: &dyn std::error::Error = &error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        let why = if error.is_timeout() { "it takes too long".to_owned() } else { cause.to_string() };
        Failure::internal(format!("no answer from the server at {}: {why}", self.base))
    }
}

fn refused(status: StatusCode, json: &Value) -> Failure {
    let text = |field: &str| json[field].as_str().unwrap_or_default().to_owned();
    let (error, help) = match status {
        StatusCode::UNAUTHORIZED => ("the server does not take the token".to_owned(), String::new()),
        _ => (text("error"), text("help")),
    };
    let line = if help.is_empty() { error } else { format!("{error}; {help}") };
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    if status.is_server_error() { Failure::internal(line) } else { Failure::usage(line) }
}

/// Rows as columns, for people and for `awk`.
pub(crate) fn columns<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let all: Vec<[&str; N]> =
        std::iter::once(head).chain(rows.iter().map(|row| std::array::from_fn(|at| row[at].as_str()))).collect();
    let width = |at: usize| all.iter().map(|row| row[at].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[&str; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    all.iter().map(line).collect()
}

/// A list of words in a cell.
pub(crate) fn words(value: &Value) -> String {
    let words = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    words.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["npm_token".to_owned(), "push".to_owned()], ["a".to_owned(), "tag".to_owned()]];
        assert_eq!(columns(["NAME", "EVENTS"], &rows), "NAME       EVENTS\nnpm_token  push\na          tag\n");
    }

    #[test]
    fn an_address_or_token_that_is_none_is_the_callers_fault() {
        let at = |server: &str, token: Option<&str>| {
            let at = At { server: server.to_owned(), token: token.map(str::to_owned) };
            Server::at(&at).err().map(|failure| (failure.exit, failure.line))
        };
        for server in ["nonsense", "ftp://x", "mailto:x"] {
            let (exit, line) = at(server, Some("slp_x")).unwrap();
            assert!(exit == Exit::Usage && line.contains(server), "{line}");
        }
        assert!(at("http://x", None).unwrap().1.contains("SLIPWAY_TOKEN"));
        assert!(at("https://ci.example/sub/", Some("slp_x")).is_none());
    }
}
