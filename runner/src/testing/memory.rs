//! A reporter that keeps everything in memory, and holds the runner to the rules of the protocol.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use slipway_pipelines::{
    plan::Environment,
    state::{Finish, Illegal, StepEvent, StepState},
    wire::{
        CacheAnswer, CacheEntry, CacheOffer, CacheRefusal, CacheWanted, Grant, JobNews, KeptFile, ReportPart, Resume,
        Room, UsedImage,
    },
};
use tokio::{sync::watch, time};

use crate::{
    keeper::{KeepError, Keeper, Pieces, Taken},
    reporter::{CacheBytes, Fenced, NoCache, NotTaken, Reporter},
};

/// What was heard of one job.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub(crate) states: Vec<StepState>,
    pub(crate) logs: BTreeMap<usize, Vec<u8>>,
    pub(crate) outputs: BTreeMap<usize, Environment>,
    pub(crate) images: BTreeMap<usize, UsedImage>,
    /// Where commands began, by step: position and place in the log.
    pub(crate) commands: BTreeMap<usize, BTreeMap<u64, usize>>,
    pub(crate) reports: Vec<ReportPart>,
    pub(crate) warnings: Vec<(Option<usize>, String)>,
    pub(crate) news: Vec<JobNews>,
    pub(crate) finish: Option<Finish>,
    /// Entries of caches with their forms and bytes, the newest last.
    pub(crate) caches: Vec<(CacheEntry, String, Vec<u8>)>,
    pub(crate) refusals: Vec<CacheRefusal>,
    /// What is kept, by step and path.
    pub(crate) artifacts: BTreeMap<(usize, String), (KeptFile, Vec<u8>)>,
}

impl Heard {
    pub(crate) fn of(grant: &Grant) -> Self {
        let mut heard = Self { states: vec![StepState::Pending; grant.plan.steps.len()], ..Self::default() };
        if let Some(kept) = &grant.kept {
            for (step, finish) in &kept.steps {
                heard.states[*step] = StepState::Finished { finish: finish.clone(), started: None, at: 0 };
            }
            heard.outputs.clone_from(&kept.outputs);
        }
        heard
    }

    /// Takes news as the server does; panics where the runner breaks a rule.
    pub(crate) fn take(&mut self, news: JobNews) {
        // What is sent again because its answer was lost may come late.
        let again = self.news.contains(&news);
        assert!(again || self.finish.is_none(), "news after the finish: {news:?}");
        self.news.push(news.clone());
        match news {
            JobNews::Step { step, event, log_bytes } => {
                if matches!(event, StepEvent::Finished { .. }) {
                    let stored = self.logs.get(&step).map(|log| log.len() as u64);
                    assert_eq!(log_bytes.unwrap_or(0), stored.unwrap_or(0), "a step ended without its log: {step}");
                }
                match self.states[step].apply(event) {
                    Ok(state) => self.states[step] = state,
                    Err(Illegal::Repeated) => {}
                    Err(error) => panic!("step {step}: {error}"),
                }
            }
            JobNews::Outputs { step, values } => {
                assert!(again || self.is_running(step), "outputs of a step that does not run: {step}");
                self.outputs.insert(step, values);
            }
            JobNews::Image { step, image } => {
                assert!(again || self.is_running(step), "the image of a step that does not run: {step}");
                self.images.insert(step, image);
            }
            JobNews::Command { step, number, offset, .. } => {
                self.commands.entry(step).or_default().entry(offset).or_insert(number);
            }
            JobNews::Phase { step, .. } => {
                assert!(again || self.is_running(step), "a phase of a step that does not run: {step}");
            }
            JobNews::Usage { step, .. } => {
                assert!(again || self.is_running(step), "the usage of a step that does not run: {step}");
            }
            JobNews::Pushed { step, .. } => {
                assert!(again || self.is_running(step), "a push of a step that does not run: {step}");
            }
            JobNews::Warning { step, text } => {
                if !self.warnings.contains(&(step, text.clone())) {
                    self.warnings.push((step, text));
                }
            }
            JobNews::CancelBuild { .. } => {}
            JobNews::Finished { finish, .. } => {
                assert!(self.states.iter().all(|state| state.status().is_final()), "{:?}", self.states);
                self.finish = Some(finish);
            }
        }
    }

    /// Takes log bytes as the server does; gives the length or refuses with it.
    pub(crate) fn append(&mut self, step: usize, offset: u64, bytes: &[u8]) -> Result<u64, u64> {
        let log = self.logs.entry(step).or_default();
        let Some(overlap) = log.len().checked_sub(offset as usize) else { return Err(log.len() as u64) };
        let overlap = overlap.min(bytes.len());
        let start = offset as usize;
        assert_eq!(log[start..start + overlap], bytes[..overlap], "the log changed at {start}");
        log.extend_from_slice(&bytes[overlap..]);
        Ok(log.len() as u64)
    }

    pub(crate) fn reasons(&self) -> Vec<&'static str> {
        self.states
            .iter()
            .map(|state| match state {
                StepState::Finished { finish, .. } => finish.reason.as_str(),
                other => other.status().as_str(),
            })
            .collect()
    }

    pub(crate) fn log(&self, step: usize) -> String {
        String::from_utf8_lossy(self.logs.get(&step).map_or(&[][..], |log| log)).into_owned()
    }

    pub(crate) fn resume(&self, grant: Grant) -> Resume {
        Resume { grant, steps: self.states.clone(), outputs: self.outputs.clone(), stop: None }
    }

    pub(crate) fn finish_of(&self, step: usize) -> Finish {
        match &self.states[step] {
            StepState::Finished { finish, .. } => finish.clone(),
            other => panic!("step {step} has no end: {other:?}"),
        }
    }

    pub(crate) fn is_running(&self, step: usize) -> bool {
        matches!(self.states[step], StepState::Running { .. })
    }
}

/// What the reporter does with a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mood {
    Takes,
    /// Holds calls until the mood changes.
    Holds,
    Fences,
}

/// Paths with their content, by step and item.
pub(crate) type GivenFiles = BTreeMap<(usize, usize), Vec<(String, Vec<u8>)>>;

#[derive(Clone, Debug)]
pub(crate) struct Memory {
    heard: Arc<watch::Sender<Heard>>,
    pub(crate) news: Arc<watch::Sender<Mood>>,
    pub(crate) logs: Arc<watch::Sender<Mood>>,
    /// Largest cache entry that is taken.
    pub(crate) saves: Arc<watch::Sender<Option<u64>>>,
    /// What steps are given, by step and item.
    pub(crate) given: Arc<Mutex<GivenFiles>>,
    /// What the next files are answered with, the last first.
    pub(crate) unkept: Arc<Mutex<Vec<KeepError>>>,
    pub(crate) room: Arc<Mutex<Room>>,
    /// So that one call is decided before the next.
    calls: Arc<Mutex<u64>>,
}

impl Memory {
    pub(crate) fn of(grant: &Grant) -> Self {
        Self {
            heard: Arc::new(watch::Sender::new(Heard::of(grant))),
            news: Arc::new(watch::Sender::new(Mood::Takes)),
            logs: Arc::new(watch::Sender::new(Mood::Takes)),
            saves: Arc::new(watch::Sender::new(Some(1 << 20))),
            given: Arc::default(),
            unkept: Arc::default(),
            room: Arc::new(Mutex::new(Room { file_bytes: 1 << 20, build_bytes: 4 << 20, build_files: 100 })),
            calls: Arc::default(),
        }
    }

    pub(crate) fn heard(&self) -> Heard {
        self.heard.borrow().clone()
    }

    /// What jobs before this one saved.
    pub(crate) fn remember(&self, before: &[Heard]) {
        self.change(|heard| heard.caches.extend(before.iter().flat_map(|before| before.caches.clone())));
    }

    /// Waits for it, an hour of the test's clock at most.
    pub(crate) async fn until(&self, condition: impl FnMut(&Heard) -> bool) -> Heard {
        let mut heard = self.heard.subscribe();
        let found = time::timeout(Duration::from_secs(3600), heard.wait_for(condition)).await;
        match found {
            Ok(Ok(heard)) => heard.clone(),
            _ => panic!("never heard it: {:?}", self.heard()),
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Heard) -> T) -> T {
        *self.calls.lock().unwrap() += 1;
        let mut given = None;
        self.heard.send_modify(|heard| given = Some(change(heard)));
        given.unwrap()
    }
}

async fn mood(moods: &watch::Sender<Mood>) -> Result<(), Fenced> {
    let mut moods = moods.subscribe();
    let mood = *moods.wait_for(|mood| *mood != Mood::Holds).await.unwrap();
    if mood == Mood::Fences { Err(Fenced) } else { Ok(()) }
}

impl Reporter for Memory {
    async fn committed(&self) -> Result<BTreeMap<usize, u64>, Fenced> {
        Ok(self.heard.borrow().logs.iter().map(|(step, log)| (*step, log.len() as u64)).collect())
    }

    async fn append(&self, step: usize, offset: u64, bytes: Bytes) -> Result<u64, Fenced> {
        mood(&self.logs).await?;
        Ok(self.change(|heard| heard.append(step, offset, &bytes)).unwrap_or_else(|length| length))
    }

    async fn tell(&self, news: Vec<JobNews>) -> Result<(), Fenced> {
        mood(&self.news).await?;
        self.change(|heard| news.into_iter().for_each(|news| heard.take(news)));
        Ok(())
    }

    async fn find_cache(&self, wanted: &CacheWanted) -> Result<CacheAnswer, NoCache> {
        let heard = self.heard.borrow();
        let fits = |key: &str, whole: bool| {
            let mut entries =
                heard.caches.iter().rev().filter(|(_, form, _)| *form == wanted.form).map(|(entry, ..)| entry);
            entries.find(|entry| if whole { entry.key == key } else { entry.key.starts_with(key) }).cloned()
        };
        let found = fits(&wanted.key, true).or_else(|| wanted.restore_keys.iter().find_map(|key| fits(key, false)));
        Ok(CacheAnswer { found, saves: *self.saves.borrow(), note: None })
    }

    async fn fetch_cache(&self, entry: &CacheEntry) -> Result<CacheBytes, NoCache> {
        let heard = self.heard.borrow();
        let found = heard.caches.iter().find(|(other, ..)| other.id == entry.id).ok_or(NoCache("it is gone".into()))?;
        let pieces: Vec<_> = found.2.chunks(1000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Ok(CacheBytes::Stream(futures_util::stream::iter(pieces).boxed()))
    }

    async fn save_cache(&self, offer: &CacheOffer, file: &Path) -> Result<(), NoCache> {
        let bytes = std::fs::read(file).unwrap();
        let CacheOffer { key, form, bytes: length, sha256, .. } = offer.clone();
        assert_eq!(length, bytes.len() as u64);
        let entry = CacheEntry { id: uuid::Uuid::now_v7(), key, bytes: length, sha256 };
        self.change(|heard| heard.caches.push((entry, form, bytes)));
        Ok(())
    }

    async fn refuse_cache(&self, refusal: &CacheRefusal) -> Result<(), NoCache> {
        self.change(|heard| heard.refusals.push(refusal.clone()));
        Ok(())
    }

    async fn report(&self, part: ReportPart) -> Result<(), NotTaken> {
        mood(&self.news).await?;
        self.change(|heard| {
            assert!(heard.is_running(part.step), "a report of a step that does not run: {part:?}");
            if !heard.reports.contains(&part) {
                heard.reports.push(part);
            }
        });
        Ok(())
    }
}

impl Keeper for Memory {
    async fn clear_artifacts(&self, step: usize) -> Result<Room, KeepError> {
        self.change(|heard| heard.artifacts.retain(|(of, _), _| *of != step));
        Ok(*self.room.lock().unwrap())
    }

    async fn keep_artifact(&self, step: usize, file: KeptFile, size: u64, bytes: Pieces) -> Result<(), KeepError> {
        let bytes: Vec<Bytes> = bytes.try_collect().await.map_err(|error| KeepError::Later(error.to_string()))?;
        let bytes = bytes.concat();
        assert_eq!(bytes.len() as u64, size, "{}", file.path);
        if let Some(error) = self.unkept.lock().unwrap().pop() {
            return Err(error);
        }
        self.change(|heard| {
            assert!(heard.is_running(step), "artifacts of a step that does not run: {step}");
            heard.artifacts.insert((step, file.path.clone()), (file, bytes));
        });
        Ok(())
    }

    async fn take_artifacts(&self, step: usize, item: usize) -> Result<Taken, KeepError> {
        let given = self.given.lock().unwrap().get(&(step, item)).cloned().unwrap_or_default();
        let mut tar = tar::Builder::new(Vec::new());
        for (path, bytes) in &given {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, path, bytes.as_slice()).unwrap();
        }
        let bytes = given.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        let tar = Box::new(std::io::Cursor::new(tar.into_inner().unwrap()));
        Ok(Taken { files: given.len() as u64, bytes, tar })
    }
}
