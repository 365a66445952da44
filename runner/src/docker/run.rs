//! A container of a step from its start to its end: its output is read, its exit is waited for.

use std::time::Duration;

use bollard::{
    container::LogOutput,
    errors::Error,
    query_parameters::{AttachContainerOptionsBuilder, LogsOptionsBuilder, WaitContainerOptionsBuilder},
};
use futures_util::{Stream, StreamExt};
use slipway_pipelines::{
    state::Millis,
    wire::{Phase, PhaseTime, UsedImage},
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    control::{Control, Item, Parser},
    engine::{Engine, EngineError, QUICK, within},
    marks::{Marks, Piece},
    outputs::Collected,
};
use crate::executor::{Ending, Failed, Handle, LogSink};

/// How long an engine that went away is waited for.
const ENGINE_AWAY: Duration = Duration::from_secs(120);
/// Exit code of what SIGKILL ended.
const KILLED: i32 = 137;
/// How long output may still come after the exit. The engine itself gives up after two seconds.
const LAST_BYTES: Duration = Duration::from_secs(15);

/// Where a step's news goes.
#[derive(Clone, Debug)]
pub(super) struct News {
    said: watch::Sender<Option<i32>>,
    ended: watch::Sender<Option<Ending>>,
    image: watch::Sender<Option<UsedImage>>,
    phases: watch::Sender<Vec<PhaseTime>>,
    pub(super) round: Round,
}

/// One try of a step: what it handed over, and the tasks that attend to it.
#[derive(Clone, Default, Debug)]
pub(super) struct Round {
    pub(super) outputs: Collected,
    /// Cancelled when the step is asked to stop.
    pub(super) stopped: CancellationToken,
    over: CancellationToken,
    tasks: TaskTracker,
}

impl Round {
    /// Ends the tasks: nothing is written to the log after that.
    pub(super) async fn end(&self) {
        self.over.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl News {
    pub(super) fn new() -> (Self, Handle) {
        let (said, hears) = watch::channel(None);
        let (ended, ends) = watch::channel(None);
        let (image, sees) = watch::channel(None);
        let (phases, times) = watch::channel(Vec::new());
        let handle = Handle { said: hears, ended: ends, image: sees, phases: times };
        (Self { said, ended, image, phases, round: Round::default() }, handle)
    }

    pub(super) fn end(&self, ending: Ending) {
        self.ended.send_replace(Some(ending));
    }

    /// Tells which image the container was made from.
    pub(super) fn image(&self, image: UsedImage) {
        self.image.send_replace(Some(image));
    }

    /// Tells what the step's time goes into.
    pub(super) fn phase(&self, phase: Phase, began: Millis, ended: Option<Millis>) {
        self.phases.send_modify(|phases| phases.push(PhaseTime { phase, began, ended }));
    }

    /// Tells an end that no container has: the code is known at once.
    pub(super) fn exit(&self, code: i32) {
        self.said.send_replace(Some(code));
        self.end(Ending::Exited { code, oom_killed: false });
    }
}

/// What a reader needs: the sink, and how to understand the second stream.
pub(super) struct Reading {
    log: Box<dyn LogSink>,
    /// For gates: the second stream carries control lines.
    control: Option<Parser>,
    /// For gates: the first stream carries marks.
    marks: Option<Marks>,
    said: watch::Sender<Option<i32>>,
    round: Round,
    /// The gate told that the kernel killed something for its memory use.
    was_short: bool,
    /// Bytes of the container's output that were written.
    written: u64,
    /// Bytes still to be left out, since they were written before.
    skip: u64,
}

impl Reading {
    fn new(log: Box<dyn LogSink>, nonce: Option<&str>, news: &News) -> Self {
        let (said, round) = (news.said.clone(), news.round.clone());
        Self {
            log,
            control: nonce.map(Parser::new),
            marks: nonce.map(Marks::new),
            said,
            round,
            was_short: false,
            written: 0,
            skip: 0,
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        let left_out = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        self.skip -= left_out as u64;
        let bytes = &bytes[left_out..];
        if !bytes.is_empty() {
            self.log.write(bytes);
            self.written += bytes.len() as u64;
        }
    }

    /// Takes output with marks in it.
    fn write_marked(&mut self, mut marks: Marks, bytes: &[u8]) {
        marks.feed(bytes, |piece| match piece {
            Piece::Text(text) => self.write(text),
            // What is read again was told before.
            Piece::Command(number) if self.skip == 0 => self.log.command(number),
            Piece::Command(_) => {}
        });
        self.marks = Some(marks);
    }

    fn items(&mut self, items: impl IntoIterator<Item = Item>) {
        for item in items {
            match item {
                Item::Control(Control::Exit(code)) => {
                    self.said.send_replace(Some(code));
                }
                Item::Control(Control::Output(bytes)) => self.round.outputs.add(&bytes),
                Item::Control(Control::OutOfMemory) => self.was_short = true,
                Item::Control(Control::Gone) => {}
                Item::Other(bytes) => self.write(&bytes),
            }
        }
    }

    fn take(&mut self, output: LogOutput) {
        match (output, &mut self.control) {
            (LogOutput::StdErr { message }, Some(parser)) => {
                let items = parser.feed(&message);
                self.items(items);
            }
            (output, _) => match self.marks.take() {
                Some(marks) => self.write_marked(marks, output.as_ref()),
                None => self.write(output.as_ref()),
            },
        }
    }

    /// Reads to the end. It does nothing but read and pass on: the engine drops the rest of whom it finds asleep.
    async fn read(mut self, output: impl Stream<Item = Result<LogOutput, Error>> + Unpin) -> (Self, Option<Error>) {
        let mut output = Box::pin(output.take_until(self.round.over.clone().cancelled_owned()));
        while let Some(output) = output.next().await {
            match output {
                Ok(output) => self.take(output),
                Err(error) => return (self, Some(error)),
            }
        }
        if let Some(rest) = self.marks.as_mut().map(Marks::finish) {
            self.write(&rest);
        }
        let rest = self.control.as_mut().and_then(Parser::finish);
        self.items(rest);
        (self, None)
    }

    /// Prepares for reading the whole output again: what was written is left out.
    fn rewind(mut self) -> Self {
        self.skip = self.written;
        self.round.outputs.clear();
        if let Some(parser) = &mut self.control {
            parser.finish();
        }
        if let Some(marks) = &mut self.marks {
            marks.finish();
        }
        self
    }
}

/// An attached container that is not started yet, or waits at its gate.
pub(super) struct Attached {
    engine: Engine,
    name: String,
    news: News,
    reader: JoinHandle<(Reading, Option<Error>)>,
    input: std::pin::Pin<Box<dyn tokio::io::AsyncWrite + Send>>,
}

impl Attached {
    /// Attaches to a container that was made and not started, so that no byte is missed.
    pub(super) async fn new(
        engine: &Engine,
        name: &str,
        nonce: Option<&str>,
        mut log: Box<dyn LogSink>,
        news: News,
    ) -> Result<Self, EngineError> {
        let options =
            AttachContainerOptionsBuilder::new().stream(true).stdin(nonce.is_some()).stdout(true).stderr(true).build();
        let attached = within(QUICK, engine.api.attach_container(name, Some(options))).await?;
        log.begin_container_output();
        let reader = news.round.tasks.spawn(Reading::new(log, nonce, &news).read(attached.output));
        Ok(Self { engine: engine.clone(), name: name.to_owned(), news, reader, input: attached.input })
    }

    /// Starts it.
    pub(super) async fn start(self) -> Result<Started, Refused> {
        let Self { engine, name, news, reader, input } = self;
        let error = match engine.start(&name).await {
            Ok(()) => {
                watch(engine, name, news, reader);
                return Ok(Started { input });
            }
            Err(error) => error,
        };
        // The engine ends the output of what it could not start.
        let log = match tokio::time::timeout(LAST_BYTES, reader).await {
            Ok(Ok((reading, _))) => Some(reading.log),
            Ok(Err(_)) | Err(_) => None,
        };
        let code = match engine.status(&name).await {
            // As `docker run` has it: 127 for a program that is not there, 126 for one that can't be run.
            Ok(status) if error.is_refusal() && matches!(status.code, 126 | 127) => Some(status.code),
            Ok(_) | Err(_) => None,
        };
        Err(Refused { error, code, log, news })
    }
}

/// A container that the engine did not start.
pub(super) struct Refused {
    error: EngineError,
    code: Option<i32>,
    log: Option<Box<dyn LogSink>>,
    news: News,
}

impl Refused {
    /// Whether the step itself is to blame: its program can't be run in its image.
    pub(super) fn is_step_fault(&self) -> bool {
        self.code.is_some()
    }

    /// Tells it as the end of the step.
    pub(super) fn tell(self) {
        let Some(code) = self.code else {
            self.news.end(Ending::Failed(self.error.failed("can't start the step's container")));
            return;
        };
        if let Some(mut log) = self.log {
            log.write(format!("{}\n", self.error).as_bytes());
        }
        self.news.exit(code);
    }

    /// As a failure of ours.
    pub(super) fn failed(&self) -> Failed {
        Failed::infra(format!("can't start the step's container: {}", self.error))
    }
}

/// A container that runs.
pub(super) struct Started {
    /// Its standard input.
    pub(super) input: std::pin::Pin<Box<dyn tokio::io::AsyncWrite + Send>>,
}

/// Follows a container of an earlier process: its whole output once more, and its exit.
pub(super) fn follow(engine: Engine, name: String, nonce: Option<&str>, mut log: Box<dyn LogSink>, news: News) {
    log.begin_container_output();
    let reading = Reading::new(log, nonce, &news);
    let reader = news.round.tasks.spawn(read_again(engine.clone(), name.clone(), reading));
    watch(engine, name, news, reader);
}

async fn read_again(engine: Engine, name: String, reading: Reading) -> (Reading, Option<Error>) {
    let options = LogsOptionsBuilder::new().follow(true).stdout(true).stderr(true).tail("all").build();
    let output = Box::pin(engine.api.logs(&name, Some(options)));
    reading.read(output).await
}

fn watch(engine: Engine, name: String, news: News, reader: JoinHandle<(Reading, Option<Error>)>) {
    let Round { over, tasks, .. } = news.round.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = over.cancelled() => {}
            () = watch_over(engine, name, news, reader) => {}
        }
    });
}

/// Waits for the exit and for the last byte, then tells the end.
async fn watch_over(engine: Engine, name: String, news: News, reader: JoinHandle<(Reading, Option<Error>)>) {
    let (ending, was_away) = exit(&engine, &name).await;
    let was_short = match tokio::time::timeout(LAST_BYTES, reader).await {
        Ok(Ok((reading, error))) if error.is_some() || was_away => {
            tracing::warn!(container = name, ?error, "lost the container's output; reading it again");
            let again = read_again(engine.clone(), name.clone(), reading.rewind());
            let again = tokio::time::timeout(LAST_BYTES, again).await;
            if again.is_err() {
                tracing::error!(container = name, "the engine does not give the container's output");
            }
            again.is_ok_and(|(reading, _)| reading.was_short)
        }
        Ok(Ok((reading, _))) => reading.was_short,
        Ok(Err(error)) => {
            tracing::error!(container = name, %error, "the reader of a container's output died");
            false
        }
        Err(_) => {
            tracing::error!(container = name, "the container's output has no end");
            false
        }
    };
    let ending = match ending {
        Ending::Exited { code, oom_killed } if code != 0 => {
            // A gate that told its code told the kill with it, if there was one; what was asked to stop was killed for that.
            let has_told = news.said.borrow().is_some() || news.round.stopped.is_cancelled();
            let is_known = oom_killed || was_short || code != KILLED || has_told;
            let is_late = !is_known && engine.is_limited(&name).await && engine.tells_oom(&name).await;
            Ending::Exited { code, oom_killed: oom_killed || was_short || is_late }
        }
        ending => ending,
    };
    news.end(ending);
}

/// How a started container ended, and whether the engine was away meanwhile.
async fn exit(engine: &Engine, name: &str) -> (Ending, bool) {
    let mut away_since: Option<tokio::time::Instant> = None;
    let mut pause = Duration::from_millis(50);
    loop {
        let options = WaitContainerOptionsBuilder::new().condition("not-running").build();
        let mut answers = Box::pin(engine.api.wait_container(name, Some(options)));
        let code = match answers.next().await {
            Some(Ok(answer)) => i32::try_from(answer.status_code).ok(),
            Some(Err(Error::DockerContainerWaitError { code, .. })) => i32::try_from(code).ok(),
            Some(Err(_)) | None => None,
        };
        match code {
            // Only of one that did not end well the kernel may have killed something: itself, or what its shell ran.
            Some(code @ 0) => return (Ending::Exited { code, oom_killed: false }, away_since.is_some()),
            Some(_) => {}
            None => away_since = Some(away_since.unwrap_or_else(tokio::time::Instant::now)),
        }
        match engine.status(name).await {
            Ok(status) if !status.is_running => {
                return (Ending::Exited { code: status.code, oom_killed: status.oom_killed }, away_since.is_some());
            }
            Ok(_) => {}
            Err(error) if error.is_missing() => {
                // Who removes a running container kills it.
                if let Some(code) = code.filter(|code| *code != KILLED) {
                    return (Ending::Exited { code, oom_killed: false }, false);
                }
                return (Ending::Failed(Failed::infra("the step's container was removed while it ran")), false);
            }
            Err(error) if away_since.is_some_and(|since| since.elapsed() > ENGINE_AWAY) => {
                return (Ending::Failed(error.failed("can't learn how the step ended")), true);
            }
            Err(_) => {}
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

/// Whether a gate heard the word, by the engine's copy of its control stream.
pub(super) async fn was_released(engine: &Engine, name: &str, nonce: &str) -> Result<bool, EngineError> {
    let options = LogsOptionsBuilder::new().stderr(true).tail("all").build();
    let mut output = Box::pin(engine.api.logs(name, Some(options)));
    let mut parser = Parser::new(nonce);
    let look = async {
        while let Some(output) = output.next().await {
            if parser.feed(output?.as_ref()).contains(&Item::Control(Control::Gone)) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    within(QUICK, look).await
}
