//! When a service can be talked to. Asked again and again with growing pauses; its end ends the wait at once.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    time::Duration,
};

use bollard::{
    errors::Error,
    exec::{StartExecOptions, StartExecResults},
    models::ExecConfig,
    query_parameters::WaitContainerOptionsBuilder,
};
use futures_util::StreamExt;
use slipway_pipelines::{plan::ReadyCheck, state::Reason};

use super::{
    engine::{Engine, EngineError, QUICK, within},
    gate,
    job::Open,
    knock, names, pause,
    step::container,
};
use crate::executor::Failed;

/// Pause after the first check; each is half as long again as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(30);
/// Longest pause between checks.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Longest check, unless the image says otherwise. One that hangs must not hold up the next.
const CHECK: Duration = Duration::from_secs(30);
/// Most of a check's output that is looked at.
const MOST_SAID: usize = 1024;

/// Waits until a service is ready: see [`Executor::ready`](crate::executor::Executor::ready).
pub(super) async fn ready(job: &Open, step: usize) -> Result<(), Failed> {
    let (plan, _) = job.step(step)?;
    let Some(ready) = &container(plan)?.ready else { return Ok(()) };
    let name = names::container(&job.claim, step);
    let check = async {
        match &ready.check {
            ReadyCheck::Command { command } => {
                // A gate makes its directory itself, after its word: it may not be there yet.
                let directory = gate::quote(&container(plan)?.directory);
                let command = format!("cd {directory} 2>/dev/null\n{command}");
                let shell = ["/bin/sh", "-c", &command].map(str::to_owned).to_vec();
                until_well(&job.engine, &name, &shell, CHECK).await
            }
            ReadyCheck::Program { program, timeout_seconds } => {
                let longest = timeout_seconds.map_or(CHECK, Duration::from_secs);
                until_well(&job.engine, &name, program, longest).await
            }
            ReadyCheck::Port { port } => port_answers(job, &name, *port).await,
            ReadyCheck::Health => {
                let (test, timeout) = health_test(&job.engine, &name).await?;
                until_well(&job.engine, &name, &test, timeout).await
            }
        }
    };
    tokio::select! {
        biased;
        why = ended(&job.engine, &name) => Err(never(why)),
        done = check => done,
    }
}

fn never(why: impl Into<String>) -> Failed {
    Failed::new(Reason::NotReady, why)
}

/// Resolves when the container runs no more.
async fn ended(engine: &Engine, name: &str) -> String {
    loop {
        let options = WaitContainerOptionsBuilder::new().condition("not-running").build();
        let answer = Box::pin(engine.api.wait_container(name, Some(options))).next().await;
        let code = match answer {
            Some(Ok(answer)) => answer.status_code,
            Some(Err(Error::DockerContainerWaitError { code, .. })) => code,
            Some(Err(Error::DockerResponseServerError { status_code: 404, .. })) => {
                return "its container was removed".to_owned();
            }
            Some(Err(_)) | None => {
                tokio::time::sleep(LONGEST_PAUSE).await;
                continue;
            }
        };
        return format!("it ended with exit code {code} before it was ready");
    }
}

/// Runs a command in the container until it ends well.
async fn until_well(engine: &Engine, name: &str, command: &[String], longest: Duration) -> Result<(), Failed> {
    let mut pause = FIRST_PAUSE;
    loop {
        match tokio::time::timeout(longest, exec(engine, name, command)).await {
            Ok(Ok(Exec { code: Some(0), .. })) => return Ok(()),
            Ok(Ok(Exec { code: Some(126 | 127), said })) if is_missing(&said) => {
                return Err(never(format!("the check can't run in its image: {}", said.trim())));
            }
            Ok(Ok(_)) | Err(_) => {}
            // An engine that is busy, or a container that is just ending: the other half of the wait knows.
            Ok(Err(error)) => tracing::debug!(container = name, %error, "can't ask a service whether it is ready"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

/// Whether the engine, and not a shell, says that there is no such program.
fn is_missing(said: &str) -> bool {
    said.contains("OCI runtime exec failed")
        && ["no such file", "not found", "permission denied"].iter().any(|why| said.contains(why))
}

/// How a command in a container ended.
struct Exec {
    code: Option<i64>,
    said: String,
}

async fn exec(engine: &Engine, name: &str, command: &[String]) -> Result<Exec, EngineError> {
    let config = ExecConfig {
        cmd: Some(command.to_vec()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..Default::default()
    };
    let exec = within(QUICK, engine.api.create_exec(name, config)).await?;
    let mut said = Vec::new();
    if let StartExecResults::Attached { mut output, .. } =
        within(QUICK, engine.api.start_exec(&exec.id, None::<StartExecOptions>)).await?
    {
        while let Some(bytes) = output.next().await {
            let bytes = bytes?.into_bytes();
            said.extend_from_slice(&bytes[..bytes.len().min(MOST_SAID.saturating_sub(said.len()))]);
        }
    }
    let code = within(QUICK, engine.api.inspect_exec(&exec.id)).await?.exit_code;
    Ok(Exec { code, said: String::from_utf8_lossy(&said).into_owned() })
}

/// Waits until something in the container takes calls. Asked from the sandbox, as the job's steps would.
async fn port_answers(job: &Open, name: &str, port: u16) -> Result<(), Failed> {
    let asked = within(QUICK, job.engine.api.inspect_container(name, None)).await;
    let asked = asked.map_err(|error| error.failed("can't learn the service's address"))?;
    let networks = asked.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let address = networks.get(&job.sandbox.name).and_then(|endpoint| endpoint.ip_address.as_deref());
    let Some(address) = address.and_then(|text| text.parse::<Ipv4Addr>().ok()) else {
        return Err(never(format!("port {port} can't be reached: the service is not on the job's network")));
    };
    let knock = [pause::KNOCK.to_owned(), knock::argument(SocketAddrV4::new(address, port))];
    until_well(&job.engine, &job.sandbox.name, &knock, CHECK).await
}

/// The image's own HEALTHCHECK. It is run here and not by the engine, which would wait for its whole interval, half a minute
/// by default, before it asks for the first time, and go on asking when nobody wants to know any more.
async fn health_test(engine: &Engine, name: &str) -> Result<(Vec<String>, Duration), Failed> {
    let failed = |error: EngineError| error.failed("can't look for the image's HEALTHCHECK");
    let image = within(QUICK, engine.api.inspect_container(name, None)).await.map_err(failed)?.image;
    let image = within(QUICK, engine.api.inspect_image(&image.unwrap_or_default())).await.map_err(failed)?;
    let health = image.config.and_then(|config| config.healthcheck).unwrap_or_default();
    let test = health.test.unwrap_or_default();
    let command = match test.split_first() {
        Some((kind, rest)) if kind == "CMD" && !rest.is_empty() => rest.to_vec(),
        Some((kind, rest)) if kind == "CMD-SHELL" && !rest.is_empty() => {
            ["/bin/sh", "-c", &rest.join(" ")].map(str::to_owned).to_vec()
        }
        _ => return Err(never("its image has no HEALTHCHECK: say `ready: {command: ...}` or `ready: {port: ...}`")),
    };
    let timeout = health.timeout.and_then(|nanos| u64::try_from(nanos).ok()).filter(|nanos| *nanos > 0);
    Ok((command, timeout.map_or(CHECK, Duration::from_nanos)))
}
