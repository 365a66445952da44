//! Paths of pages and of what they load.

use slipway_pipelines::repository::RepositoryName;

/// A repository's page.
pub fn repository(name: &RepositoryName) -> String {
    format!("/repos/{name}")
}

/// A repository's settings.
pub fn settings(name: &RepositoryName) -> String {
    format!("{}/settings", repository(name))
}

/// What came in for a repository.
pub fn deliveries(name: &RepositoryName) -> String {
    format!("{}/deliveries", settings(name))
}

/// A repository's tests.
pub fn tests(name: &RepositoryName) -> String {
    format!("{}/tests", repository(name))
}

/// A test through its builds, by its id.
pub fn test(name: &RepositoryName, id: &str) -> String {
    format!("{}/{id}", tests(name))
}

/// All tests of a build.
pub fn build_tests(name: &RepositoryName, number: u64) -> String {
    format!("{}/tests", build(name, number))
}

/// The page of the search.
pub const SEARCH: &str = "/search";

/// The page of queue and runners.
pub const QUEUE: &str = "/queue";

/// The page of tokens and of the server's settings.
pub const ACCOUNT: &str = "/settings";

/// The page of registry credentials for every repository.
pub const REGISTRIES: &str = "/settings/registries";

/// The page that starts a build by hand.
pub fn run(name: &RepositoryName) -> String {
    format!("{}/run", repository(name))
}

/// A build's page.
pub fn build(name: &RepositoryName, number: u64) -> String {
    format!("{}/builds/{number}", repository(name))
}

/// A build's page, opened on a step. Without an attempt it is the job's last.
pub fn step(name: &RepositoryName, number: u64, job: usize, step: usize, attempt: Option<u32>) -> String {
    format!("{}/jobs/{job}/steps/{step}{}", build(name, number), query(attempt))
}

/// The pipeline of a build, as it ran.
pub fn pipeline(name: &RepositoryName, number: u64) -> String {
    format!("{}/pipeline", build(name, number))
}

/// What it was compiled to, in the API.
pub fn plan(name: &RepositoryName, number: u64) -> String {
    format!("{}/plan", api_build(name, number))
}

/// What vouches for what a build made, in the API.
pub fn provenance(name: &RepositoryName, number: u64) -> String {
    format!("{}/provenance", api_build(name, number))
}

/// Where a build is run again: all of its jobs, those that failed, or one and those that need it.
pub fn retry(name: &RepositoryName, number: u64, what: &str, job: Option<&str>) -> String {
    let job = job.map(|job| format!("&job={}", escaped(job))).unwrap_or_default();
    format!("{}/retry?what={what}{job}", build(name, number))
}

/// Where jobs that failed go on from the step that did: all of them, or one.
pub fn retry_from_failed(name: &RepositoryName, number: u64, job: Option<&str>) -> String {
    let job = job.map(|job| format!("&job={}", escaped(job))).unwrap_or_default();
    format!("{}/retry?from=failed{job}", build(name, number))
}

/// The raw log of a step in the API.
pub fn raw_log(name: &RepositoryName, number: u64, job: usize, step: usize, attempt: Option<u32>) -> String {
    format!("{}/jobs/{job}/steps/{step}/log{}", api_build(name, number), query(attempt))
}

/// The live log of a step in the API.
pub fn log_stream(name: &RepositoryName, number: u64, job: usize, step: usize, attempt: Option<u32>) -> String {
    format!("{}/jobs/{job}/steps/{step}/log/stream{}", api_build(name, number), query(attempt))
}

/// The live state of a build in the API.
pub fn build_stream(name: &RepositoryName, number: u64) -> String {
    format!("{}/stream", api_build(name, number))
}

/// What a build kept.
pub fn artifacts(name: &RepositoryName, number: u64) -> String {
    format!("{}/artifacts", build(name, number))
}

/// A file or folder that a job kept; of an empty path all of the job's.
pub fn artifact(name: &RepositoryName, number: u64, job: usize, path: &str) -> String {
    format!("{}/{job}/{}", artifacts(name, number), escaped(path))
}

/// The same as a browser shows it, with a ticket.
pub fn artifact_view(ticket: &str, path: &str) -> String {
    format!("/artifacts/{ticket}/{}", escaped(path))
}

/// A path as a part of an address.
fn escaped(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b'~' => {
                escaped.push(char::from(byte))
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

/// A repository's badge.
pub fn badge(name: &RepositoryName) -> String {
    format!("/badges/{name}.svg")
}

fn api_build(name: &RepositoryName, number: u64) -> String {
    format!("/api/v1/repos/{name}/builds/{number}")
}

fn query(attempt: Option<u32>) -> String {
    attempt.map(|attempt| format!("?attempt={attempt}")).unwrap_or_default()
}
