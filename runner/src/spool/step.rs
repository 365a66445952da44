//! The log of one step on this machine.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::watch;

use super::{mask::Masker, needles::Needles, notes::Notes, tail};
use crate::executor::LogSink;

/// Longest log of a step, in bytes. It bounds what one endless loop can put on the disks of runner and server; a log that is
/// longer is read by nobody.
pub(super) const MOST_BYTES: u64 = 1 << 30;

/// Most notes of a step: what tells a thousand things tells nothing.
const MOST_NOTES: usize = 50;

/// How long a log is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Length {
    /// In bytes.
    pub bytes: u64,
    /// No more will come.
    pub closed: bool,
}

/// What a log tells besides its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// A command begins here.
    Command {
        /// Its position in the step's program.
        number: usize,
        /// Where its output begins, in bytes of the log.
        place: u64,
    },
    /// The program tells something about the code: a text for people.
    Note(String),
}

/// The log of a step: what the executor writes, masked, in a file.
#[derive(Debug)]
pub struct StepLog {
    writer: Mutex<Writer>,
    file: File,
    start: PathBuf,
    length: watch::Sender<Length>,
}

#[derive(Debug)]
struct Writer {
    masker: Masker,
    needles: Arc<Needles>,
    most: u64,
    /// Bytes that the limit left out.
    left_out: u64,
    /// Why bytes were lost on this machine.
    fault: Option<String>,
    out: Vec<u8>,
    notes: Notes,
    /// Those that nobody has taken yet.
    noted: Vec<String>,
    /// How many more are taken.
    may_note: usize,
}

impl StepLog {
    /// Opens the log at its end; bytes before `committed` are with the server already and need not be here.
    pub(super) fn open(path: &Path, committed: u64, needles: Arc<Needles>, most: u64) -> io::Result<Arc<Self>> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let mut bytes = file.metadata()?.len();
        if bytes < committed {
            file.set_len(committed)?;
            bytes = committed;
        }
        let masker = Masker::new(Arc::clone(&needles));
        let writer = Writer {
            masker,
            needles,
            most,
            left_out: 0,
            fault: None,
            out: Vec::new(),
            notes: Notes::default(),
            noted: Vec::new(),
            may_note: MOST_NOTES,
        };
        let start = path.with_extension("start");
        let length = watch::Sender::new(Length { bytes, closed: false });
        Ok(Arc::new(Self { writer: Mutex::new(writer), file, start, length }))
    }

    /// A way to write to it. `said` hears what it tells besides its bytes.
    pub fn sink(self: &Arc<Self>, said: impl Fn(Said) + Send + 'static) -> Box<dyn LogSink> {
        Box::new(Sink { log: Arc::clone(self), said: Box::new(said) })
    }

    /// The notes that were found since this was asked last.
    pub fn notes(&self) -> Vec<String> {
        std::mem::take(&mut self.writer().noted)
    }

    /// Goes back to where the container's output begins: the engine gives it again from there.
    pub fn rewind(&self) {
        let mut writer = self.writer();
        let start = self.container_start();
        if let Err(error) = self.file.set_len(start) {
            writer.fail(&error);
            return;
        }
        writer.masker = Masker::new(Arc::clone(&writer.needles));
        writer.left_out = 0;
        writer.notes = Notes::default();
        writer.may_note = MOST_NOTES;
        self.length.send_replace(Length { bytes: start, closed: false });
    }

    /// Ends the log: nothing is held back, and what comes later is dropped. Gives its length in bytes.
    pub fn close(&self) -> u64 {
        let mut writer = self.writer();
        if !self.length.borrow().closed {
            self.flush(&mut writer);
            if writer.left_out > 0 {
                let line = format!("slipway: {} more bytes were left out\n", writer.left_out);
                self.append(&mut writer, line.as_bytes());
            }
            self.length.send_modify(|length| length.closed = true);
        }
        self.length.borrow().bytes
    }

    /// The container's output is over: nothing of it is held back. More of ours may follow.
    pub fn settle(&self) {
        let mut writer = self.writer();
        if !self.length.borrow().closed {
            self.flush(&mut writer);
        }
    }

    /// Adds a line of ours, on a line of its own.
    pub fn line(&self, text: &str) {
        self.settle();
        let end = self.length.borrow().bytes;
        let is_open = end > 0 && self.read(end - 1, 1).is_ok_and(|last| last[..] != *b"\n");
        self.write(format!("{}slipway: {text}\n", if is_open { "\n" } else { "" }).as_bytes());
    }

    /// Its last lines as a text for people, at most so many lines and bytes; of the container's own output only.
    pub fn tail(&self, lines: usize, bytes: usize) -> String {
        let end = self.length.borrow().bytes;
        let start = self.container_start().max(end.saturating_sub(bytes as u64));
        let read = self.read(start, bytes).unwrap_or_default();
        tail::of(&String::from_utf8_lossy(&read), lines)
    }

    /// Why bytes were lost, if some were: the disk is full or broken.
    pub fn fault(&self) -> Option<String> {
        self.writer().fault.clone()
    }

    /// Its length, as it grows.
    pub fn length(&self) -> watch::Receiver<Length> {
        self.length.subscribe()
    }

    /// At most `most` bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn read(&self, offset: u64, most: usize) -> io::Result<Bytes> {
        let there = self.length.borrow().bytes.saturating_sub(offset);
        let mut bytes = vec![0; usize::try_from(there).map_or(most, |there| there.min(most))];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes.into())
    }

    /// Where the container's own output begins.
    fn container_start(&self) -> u64 {
        let text = fs::read_to_string(&self.start).unwrap_or_default();
        text.trim().parse().unwrap_or(0)
    }

    fn write(&self, bytes: &[u8]) {
        let mut writer = self.writer();
        if self.length.borrow().closed {
            return;
        }
        let mut out = std::mem::take(&mut writer.out);
        writer.masker.push(bytes, &mut out);
        self.append_limited(&mut writer, &out);
        out.clear();
        writer.out = out;
    }

    /// Where what follows will be. Nothing is held back across it: a command's echo, which comes next, is in no secret.
    fn place(&self) -> u64 {
        self.settle();
        self.length.borrow().bytes
    }

    fn begin_container_output(&self) {
        let mut writer = self.writer();
        self.flush(&mut writer);
        let bytes = self.length.borrow().bytes;
        if let Err(error) = replace(&self.start, bytes.to_string().as_bytes()) {
            writer.fail(&error);
        }
    }

    fn flush(&self, writer: &mut Writer) {
        let mut out = Vec::new();
        writer.masker.flush(&mut out);
        self.append_limited(writer, &out);
    }

    fn append_limited(&self, writer: &mut Writer, bytes: &[u8]) {
        if writer.may_note > 0 {
            let mut found = Vec::new();
            writer.notes.feed(bytes, &mut found);
            found.truncate(writer.may_note);
            writer.may_note -= found.len();
            writer.noted.append(&mut found);
        }
        let room = writer.most.saturating_sub(self.length.borrow().bytes);
        let fits = usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len()));
        let (kept, rest) = bytes.split_at(if writer.left_out > 0 { 0 } else { fits });
        self.append(writer, kept);
        if rest.is_empty() {
            return;
        }
        if writer.left_out == 0 {
            let line = format!("\nslipway: the log is cut here, at {} bytes; the step goes on\n", writer.most);
            self.append(writer, line.as_bytes());
        }
        writer.left_out += rest.len() as u64;
    }

    fn append(&self, writer: &mut Writer, bytes: &[u8]) {
        if bytes.is_empty() || writer.fault.is_some() {
            return;
        }
        match (&self.file).write_all(bytes) {
            Ok(()) => self.length.send_modify(|length| length.bytes += bytes.len() as u64),
            Err(error) => {
                // A half-written piece must not be taken for the log.
                let _ = self.file.set_len(self.length.borrow().bytes);
                writer.fail(&error);
            }
        }
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    fn fail(&mut self, error: &io::Error) {
        tracing::error!(%error, "cannot write a log");
        self.fault.get_or_insert_with(|| format!("the runner cannot store the step's log: {error}"));
    }
}

/// Writes a small file so that a reader sees the old content or the new one.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, content)?;
    fs::rename(&new, path)
}

struct Sink {
    log: Arc<StepLog>,
    said: Box<dyn Fn(Said) + Send>,
}

impl LogSink for Sink {
    fn write(&mut self, bytes: &[u8]) {
        self.log.write(bytes);
        self.log.notes().into_iter().for_each(|note| (self.said)(Said::Note(note)));
    }

    fn begin_container_output(&mut self) {
        self.log.begin_container_output();
    }

    fn command(&mut self, number: usize) {
        let place = self.log.place();
        (self.said)(Said::Command { number, place });
    }
}
