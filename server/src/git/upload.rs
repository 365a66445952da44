//! Giving objects out.

use std::path::PathBuf;

use axum::response::Response;
use git2::{ObjectType, Oid, Repository};

use super::{
    body::{BodyError, PacketBody},
    negotiate::{BadRequest, Ours, Request},
    pack::{self, PackError},
    pktline::{self, Packet},
    repository::open,
    response::{Bands, result},
    service::Service,
};

/// Largest request: wants and haves only.
pub(super) const MAX_REQUEST: u64 = 16 << 20;

/// Why a fetch was not served.
#[derive(Debug, thiserror::Error)]
enum UploadError {
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    Request(#[from] BadRequest),
    #[error("the repository could not be read")]
    Git(#[from] git2::Error),
}

/// Answers one request of a fetch. Errors are said in the protocol, since clients show those.
pub(super) async fn upload_pack(path: PathBuf, mut body: PacketBody) -> Response {
    let request = read(&mut body).await;
    let separate = request.as_ref().is_ok_and(Request::side_band);
    let (bands, response) = Bands::open(separate);
    let work = move || match request.and_then(|request| serve(&path, &request, &bands)) {
        Ok(()) => {}
        Err(error) => {
            if let UploadError::Git(cause) = &error {
                tracing::error!(path = %path.display(), cause = cause.message(), "fetch failed");
            }
            let mut out = Vec::new();
            pktline::line(format!("ERR {error}\n").as_bytes(), &mut out);
            // A client that has gone misses nothing.
            let _ = bands.blocking_raw(out);
        }
    };
    // Ends by itself when the client goes: the next write fails.
    drop(tokio::task::spawn_blocking(work));
    result(Service::UploadPack, "result", response)
}

async fn read(body: &mut PacketBody) -> Result<Request, UploadError> {
    let mut request = Request::default();
    while !request.is_done() {
        match body.packet().await? {
            Some(Packet::Data(line)) => request.line(&line)?,
            Some(Packet::Flush) => request.flush(),
            None => break,
        }
    }
    Ok(request)
}

fn serve(path: &std::path::Path, request: &Request, bands: &Bands) -> Result<(), UploadError> {
    if request.wants.is_empty() {
        return Ok(());
    }
    let Some(repository) = open(path)? else { return Err(BadRequest::NotOurs(request.wants[0]).into()) };
    for want in &request.wants {
        let kind = repository.odb()?.read_header(*want).map(|(_, kind)| kind);
        // Whoever may fetch may see everything here: any commit will do, also one that a branch has left.
        let is_tip = || repository.references().is_ok_and(|all| all.flatten().any(|one| one.target() == Some(*want)));
        if !matches!(kind, Ok(ObjectType::Commit | ObjectType::Tag)) && !is_tip() {
            return Err(BadRequest::NotOurs(*want).into());
        }
    }
    let answer = request.answer(&Here(&repository));
    if bands.blocking_raw(answer.lines).is_err() {
        return Ok(());
    }
    let Some(without) = answer.pack_without else { return Ok(()) };
    match pack::send(&repository, &request.wants, &without, bands, request.progress()) {
        Ok(()) => bands.blocking_end(),
        Err(PackError::Gone) => {}
        Err(PackError::Git(error)) => {
            tracing::error!(path = %path.display(), cause = error.message(), "packing failed");
            bands.blocking_fatal("the server could not pack the objects\n");
        }
    }
    Ok(())
}

/// What negotiation asks, answered by a repository.
struct Here<'a>(&'a Repository);

impl Ours for Here<'_> {
    fn has(&self, id: Oid) -> bool {
        self.0.odb().is_ok_and(|odb| odb.exists(id))
    }

    fn is_enough(&self, wants: &[Oid], common: &[Oid]) -> bool {
        let commit = |id: Oid| {
            let object = self.0.find_object(id, None).ok()?;
            object.peel_to_commit().ok().map(|commit| commit.id())
        };
        wants.iter().filter_map(|want| commit(*want)).all(|want| {
            common
                .iter()
                .rev()
                .filter_map(|have| commit(*have))
                .any(|have| want == have || self.0.graph_descendant_of(want, have).unwrap_or(false))
        })
    }
}
