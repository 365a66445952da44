//! Packing what a client lacks. Blocks.

use std::time::{Duration, Instant};

use git2::{ObjectType, Oid, PackBuilder, PackBuilderStage, Repository, Sort};

use super::{
    pktline::MAX_DATA,
    response::{Bands, Gone},
};

/// Pause between two lines of progress.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

/// Why a pack was not sent whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum PackError {
    #[error("the client has gone")]
    Gone,
    #[error("{}", .0.message())]
    Git(#[from] git2::Error),
}

impl From<Gone> for PackError {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// Sends everything that `wants` lead to and `without` do not.
pub(super) fn send(
    repository: &Repository,
    wants: &[Oid],
    without: &[Oid],
    bands: &Bands,
    progress: bool,
) -> Result<(), PackError> {
    let mut builder = repository.packbuilder()?;
    if progress {
        show_progress(&mut builder, bands.clone())?;
    }
    let mut walk = repository.revwalk()?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME)?;
    for want in wants {
        let mut id = *want;
        loop {
            let object = repository.find_object(id, None)?;
            match object.kind() {
                Some(ObjectType::Commit) => {
                    walk.push(id)?;
                    break;
                }
                Some(ObjectType::Tag) => {
                    builder.insert_object(id, None)?;
                    id = repository.find_tag(id)?.target_id();
                }
                _ => {
                    builder.insert_recursive(id, None)?;
                    break;
                }
            }
        }
    }
    for have in without {
        if let Ok(commit) = repository.find_object(*have, None).and_then(|object| object.peel_to_commit()) {
            walk.hide(commit.id())?;
        }
    }
    builder.insert_walk(&mut walk)?;
    let total = builder.object_count();
    let mut waiting = Vec::with_capacity(MAX_DATA);
    let mut gone = false;
    let sent = builder.foreach(|bytes| {
        waiting.extend_from_slice(bytes);
        if waiting.len() >= MAX_DATA / 2 {
            gone = bands.blocking_data(&waiting).is_err();
            waiting.clear();
        }
        !gone
    });
    if gone {
        return Err(PackError::Gone);
    }
    sent?;
    if !waiting.is_empty() {
        bands.blocking_data(&waiting)?;
    }
    if progress {
        bands.blocking_progress(&format!("sent {total} objects\n"))?;
    }
    Ok(())
}

fn show_progress(builder: &mut PackBuilder<'_>, bands: Bands) -> Result<(), git2::Error> {
    let mut last = Instant::now();
    builder.set_progress_callback(move |stage, current, total| {
        if last.elapsed() < PROGRESS_EVERY {
            return true;
        }
        last = Instant::now();
        let line = match stage {
            PackBuilderStage::AddingObjects => format!("found {current} objects\r"),
            PackBuilderStage::Deltafication => format!("compressing: {current} of {total}\r"),
        };
        bands.blocking_progress(&line).is_ok()
    })
}
