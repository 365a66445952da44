//! Steps of an earlier process of this runner.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    engine::{Engine, EngineError, Status},
    job::Open,
    leftovers::Found,
    names,
    run::{self, News},
    step,
};
use crate::executor::{Failed, Handle, LogSink};

/// A gate whose runner died has either heard the word or ends by itself, as its input ended: within this time.
const MAKES_UP_ITS_MIND: Duration = Duration::from_secs(5);

/// Takes over the containers that were released and removes the others.
pub(super) async fn steps(
    job: &Arc<Open>,
    containers: Vec<(usize, &Found)>,
    log: &(dyn Fn(usize) -> Box<dyn LogSink> + Send + Sync),
) -> Result<BTreeMap<usize, Handle>, Failed> {
    let failed = |error: EngineError| error.failed("can't take over the job's containers");
    let mut released = BTreeMap::new();
    for (step, found) in containers {
        let nonce = names::nonce(&found.labels);
        let Ok((plan, slot)) = job.step(step) else { continue };
        if !was_released(&job.engine, &found.name, nonce).await.map_err(failed)? {
            job.engine.remove_container(&found.name).await.map_err(failed)?;
            continue;
        }
        let (news, handle) = News::new();
        slot.adopt(nonce.is_some(), &news);
        // The earlier process may not have come to tell it.
        if let Some(container) = plan.container() {
            let built =
                format!("{}:{}", names::built_repository(&job.config.instance), names::built_tag(&job.workspace, step));
            step::tell_image(&job.engine, &found.name, &container.image, &built, &news).await;
        }
        run::follow(job.engine.clone(), found.name.clone(), nonce, log(step), news);
        released.insert(step, handle);
    }
    Ok(released)
}

async fn was_released(engine: &Engine, name: &str, nonce: Option<&str>) -> Result<bool, EngineError> {
    let Status { was_started, .. } = engine.status(name).await?;
    let (true, Some(nonce)) = (was_started, nonce) else { return Ok(was_started) };
    let started = tokio::time::Instant::now();
    loop {
        // Asked before the log: one that ended has said all that it will say.
        let may_still_say = engine.status(name).await?.is_running;
        if run::was_released(engine, name, nonce).await? {
            return Ok(true);
        }
        if !may_still_say || started.elapsed() > MAKES_UP_ITS_MIND {
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
