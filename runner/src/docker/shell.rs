//! A shell for a person, in the place where a step ran.

use std::{fmt, pin::Pin, sync::Arc};

use bollard::{
    container::LogOutput,
    query_parameters::{AttachContainerOptionsBuilder, ResizeContainerTTYOptionsBuilder, WaitContainerOptionsBuilder},
};
use futures_util::StreamExt;
use slipway_pipelines::plan::{Environment, Image, Program};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::watch,
};

use super::{
    build,
    container::{Network, Wish},
    engine::{EngineError, QUICK, within},
    job::Open,
    mounts,
    names::{self, Role},
    step::container,
};
use crate::executor::Failed;

/// The person's side. The caller puts it into raw mode, and back.
pub struct Terminal {
    /// What is typed.
    pub input: Pin<Box<dyn AsyncRead + Send>>,
    /// Where the shell writes to.
    pub output: Pin<Box<dyn AsyncWrite + Send>>,
    /// How large it is, if known; followed as long as the shell runs.
    pub size: watch::Receiver<Option<Size>>,
    /// Value of `TERM`: `xterm-256color`.
    pub kind: String,
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Size of a terminal, in characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    /// Width.
    pub columns: u16,
    /// Height.
    pub rows: u16,
}

/// The image's best shell.
const SHELL: &str = "command -v bash >/dev/null 2>&1 && exec bash -i; exec sh -i";
/// The engine leaves the attached side at these keys. Its own choice would swallow Ctrl-P.
const DETACH_KEYS: &str = "ctrl-^,ctrl-_,ctrl-^,ctrl-_";
/// Ctrl-D.
const END_OF_INPUT: &[u8] = &[4];

/// Runs it: see [`Docker::shell`](super::Docker::shell).
pub(super) async fn run(job: &Arc<Open>, step: usize, terminal: Terminal) -> Result<i32, Failed> {
    let name = format!("{}-shell", names::container(&job.claim, step));
    make(job, step, &name, &terminal.kind).await?;
    let code = attend(job, &name, terminal).await;
    if let Err(error) = job.engine.remove_container(&name).await {
        tracing::warn!(container = name, %error, "can't remove the shell's container; the job's end will");
    }
    code
}

async fn make(job: &Open, step: usize, name: &str, kind: &str) -> Result<(), Failed> {
    let (plan, slot) = job.step(step)?;
    let mut spec = container(plan)?.clone();
    let image = match &spec.image {
        Image::Registry { reference, .. } => reference.clone(),
        Image::Build(_) | Image::Load { .. } => {
            format!("{}:{}", names::built_repository(&job.config.instance), names::built_tag(&job.workspace, step))
        }
    };
    if build::id(&job.engine, &image).await.is_none() {
        return Err(Failed::infra(format!("no shell: the image of step `{}` was not made", plan.name)));
    }
    spec.program = Program::Entrypoint { entrypoint: ["/bin/sh", "-c", SHELL].map(str::to_owned).to_vec() };
    let mut late = slot.late();
    late.entry("TERM".to_owned()).or_insert_with(|| kind.to_owned());
    let environment: Environment = job.plan.environment_of(step);
    let mut body = Wish {
        spec: &spec,
        image: &image,
        environment: &environment,
        late: &late,
        labels: names::job_labels(&job.config.instance, &job.claim, &job.sandbox.name, Role::Helper),
        network: Network::of(plan, &spec, &job.sandbox.name),
        workspace: (&job.name(), &job.plan.workspace.base),
        mounts: mounts::mounts(job, &spec),
        nonce: None,
        has_outputs: false,
        has_local_log: job.engine.has_local_log,
        cpus: job.engine.cpus,
    }
    .body();
    body.tty = Some(true);
    body.open_stdin = Some(true);
    body.stdin_once = Some(true);
    body.attach_stdin = Some(true);
    let failed = |error: EngineError| error.failed("can't make the shell's container");
    job.engine.remove_container(name).await.map_err(failed)?;
    job.engine.create(name, body).await.map_err(failed)?;
    mounts::link(&job.engine, name, &spec, &job.plan.workspace).await
}

/// Carries bytes both ways until the shell ends.
async fn attend(job: &Open, name: &str, terminal: Terminal) -> Result<i32, Failed> {
    let failed = |error: EngineError| error.failed("no shell");
    let Terminal { mut input, mut output, mut size, .. } = terminal;
    let options = AttachContainerOptionsBuilder::new()
        .stream(true)
        .stdin(true)
        .stdout(true)
        .stderr(true)
        .detach_keys(DETACH_KEYS)
        .build();
    let mut attached = within(QUICK, job.engine.api.attach_container(name, Some(options))).await.map_err(failed)?;
    job.engine.start(name).await.map_err(failed)?;
    let typed = async {
        let _ = tokio::io::copy(&mut input, &mut attached.input).await;
        // A terminal has no other end of input than the key for it. What still runs may run to its end.
        if attached.input.write_all(END_OF_INPUT).await.is_ok() {
            let _ = attached.input.flush().await;
        }
        std::future::pending::<()>().await;
    };
    let shown = async {
        while let Some(Ok(bytes)) = attached.output.next().await {
            let bytes = LogOutput::into_bytes(bytes);
            if output.write_all(&bytes).await.is_err() || output.flush().await.is_err() {
                break;
            }
        }
    };
    let resized = async {
        loop {
            let now = *size.borrow_and_update();
            if let Some(Size { columns, rows }) = now {
                let options = ResizeContainerTTYOptionsBuilder::new().w(columns.into()).h(rows.into()).build();
                if let Err(error) = within(QUICK, job.engine.api.resize_container_tty(name, options)).await {
                    tracing::debug!(%error, "can't tell the shell its size");
                }
            }
            if size.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = shown => {}
        () = typed => {}
        () = resized => {}
        () = job.closed.cancelled() => return Err(Failed::infra("no shell any more: the job was closed")),
    }
    exit(job, name).await.map_err(failed)
}

async fn exit(job: &Open, name: &str) -> Result<i32, EngineError> {
    let options = WaitContainerOptionsBuilder::new().condition("not-running").build();
    let wait = async { Ok(Box::pin(job.engine.api.wait_container(name, Some(options))).next().await) };
    // Who closes the terminal leaves a shell that nobody can reach: it is removed, whatever it does.
    let _ = within(QUICK, wait).await;
    Ok(job.engine.status(name).await?.code)
}
