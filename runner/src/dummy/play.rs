//! One played step: a task in the place of a container.

use std::sync::{Arc, Mutex, PoisonError};

use slipway_pipelines::wire::{PhaseTime, UsedImage};
use tokio::{
    sync::watch,
    time::{self, Instant},
};

use super::script::{Line, Script};
use crate::executor::{Ending, Handle, LogSink, Signal};

/// A step that was prepared, and maybe let go.
#[derive(Debug)]
pub(super) struct Play {
    pub(super) script: Script,
    image: watch::Sender<Option<UsedImage>>,
    phases: watch::Sender<Vec<PhaseTime>>,
    said: watch::Sender<Option<i32>>,
    ended: watch::Sender<Option<Ending>>,
    signal: watch::Sender<Option<Signal>>,
    released: watch::Sender<Option<Instant>>,
    output: Mutex<Output>,
}

/// The engine's own copy of the log, and who reads along.
#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    sink: Option<Box<dyn LogSink>>,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl Play {
    pub(super) fn new(script: Script, image: Option<UsedImage>) -> Arc<Self> {
        Arc::new(Self {
            script,
            image: watch::Sender::new(image),
            phases: watch::Sender::default(),
            said: watch::Sender::new(None),
            ended: watch::Sender::new(None),
            signal: watch::Sender::new(None),
            released: watch::Sender::new(None),
            output: Mutex::default(),
        })
    }

    pub(super) fn handle(&self) -> Handle {
        Handle {
            said: self.said.subscribe(),
            ended: self.ended.subscribe(),
            image: self.image.subscribe(),
            phases: self.phases.subscribe(),
        }
    }

    pub(super) fn is_released(&self) -> bool {
        self.released.borrow().is_some()
    }

    /// Gives the log another reader, who gets it from its start.
    pub(super) fn attach(&self, mut sink: Box<dyn LogSink>) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        if !output.bytes.is_empty() {
            sink.write(&output.bytes);
        }
        output.sink = Some(sink);
    }

    /// The reader goes away, as when the runner is killed; the step plays on.
    pub(super) fn detach(&self) {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).sink = None;
    }

    /// Resolves when it is ready; says why it never will be.
    pub(super) async fn ready(&self) -> Result<(), String> {
        let mut ended = self.ended.subscribe();
        let released = *self.released.borrow();
        let ready = async {
            match released.zip(self.script.ready) {
                Some((released, delay)) => time::sleep_until(released + delay).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = ended.wait_for(Option::is_some) => Err("it has ended".to_owned()),
            () = ready => Ok(()),
        }
    }

    pub(super) fn send(&self, signal: Signal) {
        self.signal.send_replace(Some(signal));
    }

    /// Lets it go.
    pub(super) fn release(self: &Arc<Self>) {
        self.released.send_replace(Some(Instant::now()));
        let play = Arc::clone(self);
        tokio::spawn(async move { play.run().await });
    }

    async fn run(&self) {
        for line in &self.script.lines {
            match line {
                Line::Command(number, trace) => {
                    self.begin(*number);
                    self.print(trace);
                }
                Line::Output(text) => self.print(text),
            }
        }
        let mut signals = self.signal.subscribe();
        let stopped = signals.wait_for(|signal| match signal {
            None => false,
            Some(Signal::Term) => !self.script.ignores_term,
            Some(Signal::Kill) => true,
        });
        let slept = async {
            match self.script.sleep {
                Some(sleep) => time::sleep(sleep).await,
                None => std::future::pending().await,
            }
        };
        let code = tokio::select! {
            biased;
            signal = stopped => match signal.as_deref() {
                Ok(Some(Signal::Term)) => 143,
                _ => 137,
            },
            () = slept => self.script.exit_code,
        };
        self.said.send_replace(Some(code));
        self.detach();
        self.ended.send_replace(Some(Ending::Exited { code, oom_killed: self.script.oom_killed }));
    }

    fn begin(&self, number: usize) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sink) = &mut output.sink {
            sink.command(number);
        }
    }

    fn print(&self, line: &str) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.bytes.extend_from_slice(line.as_bytes());
        if let Some(sink) = &mut output.sink {
            sink.write(line.as_bytes());
        }
    }
}
