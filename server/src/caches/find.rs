//! Which entry fits best.

use slipway_pipelines::wire::{CacheAnswer, CacheWanted};

use super::{Scopes, most_of_one};
use crate::{
    app::App,
    store::{CacheGround, StoreError},
};

/// The entry of the key from the first scope that has it; else the newest of the first beginning that fits any, again from the first
/// scope that has one.
pub(crate) async fn find(app: &App, ground: &CacheGround, wanted: &CacheWanted) -> Result<CacheAnswer, StoreError> {
    let limit = app.config.cache_limit;
    if limit == 0 {
        return Ok(CacheAnswer { note: Some("this server keeps no caches".to_owned()), ..CacheAnswer::default() });
    }
    let scopes = Scopes::of(&ground.trigger, &ground.default_branch);
    let mut answer =
        CacheAnswer { saves: scopes.writes.is_some().then(|| most_of_one(limit)), ..CacheAnswer::default() };
    for scope in &scopes.reads {
        let found = app.store.cache_of_key(ground.repository, scope, &wanted.form, &wanted.key).await?;
        match found {
            Some(found) if found.problem.is_none() => {
                answer.found = Some(found.entry);
                break;
            }
            Some(found) => answer.note = answer.note.or(found.problem),
            None => {}
        }
    }
    if answer.found.is_none() {
        'keys: for beginning in &wanted.restore_keys {
            for scope in &scopes.reads {
                let found = app.store.newest_cache(ground.repository, scope, &wanted.form, beginning).await?;
                if let Some(found) = found {
                    answer.found = Some(found.entry);
                    break 'keys;
                }
            }
        }
    }
    if let Some(entry) = &answer.found {
        app.store.use_cache(entry.id).await?;
    }
    Ok(answer)
}
