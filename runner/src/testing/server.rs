//! A server of the runner protocol over real HTTP, which fails as often as it is told to.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use slipway_pipelines::{
    lease::Claim,
    wire::{Appended, Committed, Events, Grant, Hello, Next, Order, Renew, Renewed, Resume, Welcome},
};
use tokio::{sync::Notify, time};
use tokio_util::task::AbortOnDropHandle;

use super::memory::Heard;

pub(crate) const TOKEN: &str = "slp_test";

#[derive(Debug)]
pub(crate) struct Inside {
    pub(crate) known: bool,
    pub(crate) queue: VecDeque<Grant>,
    pub(crate) granted: Vec<Grant>,
    pub(crate) heard: HashMap<Claim, Heard>,
    pub(crate) orders: Vec<Order>,
    pub(crate) stale: Vec<Claim>,
    pub(crate) hellos: Vec<Hello>,
    pub(crate) renewals: usize,
    /// Workspaces that the runner said it still has, as it said last.
    pub(crate) kept: Vec<Claim>,
    /// One of so many answers fails: before it did something, or after.
    pub(crate) one_fails_of: Option<u32>,
    /// The present answer must not fail.
    spare: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    inside: Arc<Mutex<Inside>>,
    changed: Arc<Notify>,
    _task: Arc<AbortOnDropHandle<()>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let inside = Inside {
            known: false,
            queue: VecDeque::new(),
            granted: Vec::new(),
            heard: HashMap::new(),
            orders: Vec::new(),
            stale: Vec::new(),
            hellos: Vec::new(),
            renewals: 0,
            kept: Vec::new(),
            one_fails_of: None,
            spare: false,
        };
        let (inside, changed) = (Arc::new(Mutex::new(inside)), Arc::new(Notify::new()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared { inside: Arc::clone(&inside), changed: Arc::clone(&changed) };
        let app = Router::new()
            .route("/runner/v1/hello", post(hello))
            .route("/runner/v1/next", post(next))
            .route("/runner/v1/renew", post(renew))
            .route("/runner/v1/events", post(events))
            .route("/runner/v1/logs/{job}/{attempt}", get(committed))
            .route("/runner/v1/logs/{job}/{attempt}/{step}", post(append))
            .with_state(shared);
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, inside, changed, _task: Arc::new(AbortOnDropHandle::new(task)) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    /// Changes something and wakes those who wait.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Inside)) {
        change(&mut self.inside());
        self.changed.notify_waiters();
    }

    pub(crate) fn offer(&self, grant: Grant) {
        self.change(|inside| {
            inside.heard.insert(grant.claim, Heard::of(&grant));
            inside.queue.push_back(grant);
        });
    }

    /// Waits for it, half a minute at most.
    pub(crate) async fn until(&self, what: &str, mut condition: impl FnMut(&Inside) -> bool) {
        let patience = time::sleep(Duration::from_secs(30));
        tokio::pin!(patience);
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if condition(&self.inside()) {
                return;
            }
            tokio::select! {
                () = changed => {}
                () = &mut patience => panic!("waited in vain for {what}: {:?}", self.inside()),
            }
        }
    }
}

#[derive(Clone)]
struct Shared {
    inside: Arc<Mutex<Inside>>,
    changed: Arc<Notify>,
}

/// When a request fails.
#[derive(PartialEq, Eq)]
enum Luck {
    Good,
    FailsBefore,
    FailsAfter,
}

impl Shared {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    fn luck(&self) -> Luck {
        let Some(of) = self.inside().one_fails_of else { return Luck::Good };
        match (rand::random_range(0..of), rand::random::<bool>()) {
            (0, true) => Luck::FailsBefore,
            (0, false) => Luck::FailsAfter,
            _ => Luck::Good,
        }
    }

    /// Answers what `act` says, unless luck or the token are against it.
    fn answer(&self, headers: &HeaderMap, act: impl FnOnce(&mut Inside) -> Response) -> Response {
        let token = headers.get("authorization").and_then(|value| value.to_str().ok());
        if token != Some(&format!("Bearer {TOKEN}")) {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let luck = self.luck();
        if luck == Luck::FailsBefore {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        let (answer, spare) = {
            let inside = &mut *self.inside();
            (act(inside), std::mem::take(&mut inside.spare))
        };
        self.changed.notify_waiters();
        if luck == Luck::FailsAfter && !spare { StatusCode::INTERNAL_SERVER_ERROR.into_response() } else { answer }
    }
}

async fn hello(State(shared): State<Shared>, headers: HeaderMap, Json(hello): Json<Hello>) -> Response {
    shared.answer(&headers, |inside| {
        inside.known = true;
        let (live, drop): (Vec<Claim>, Vec<Claim>) =
            hello.holding.iter().partition(|claim| !inside.stale.contains(claim) && inside.heard.contains_key(claim));
        let resume = inside.granted.iter().filter(|grant| live.contains(&grant.claim));
        let resume: Vec<Resume> = resume.map(|grant| inside.heard[&grant.claim].resume(grant.clone())).collect();
        inside.hellos.push(hello);
        Json(Welcome { resume, drop }).into_response()
    })
}

async fn next(State(shared): State<Shared>, headers: HeaderMap, Json(next): Json<Next>) -> Response {
    shared.inside().kept = next.kept;
    shared.changed.notify_waiters();
    loop {
        let changed = shared.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let idle = {
            let inside = shared.inside();
            inside.known && inside.queue.is_empty()
        };
        if idle {
            if time::timeout(Duration::from_secs(1), changed).await.is_err() {
                return StatusCode::NO_CONTENT.into_response();
            }
            continue;
        }
        return shared.answer(&headers, |inside| {
            if !inside.known {
                return StatusCode::NOT_FOUND.into_response();
            }
            let Some(grant) = inside.queue.pop_front() else { return StatusCode::NO_CONTENT.into_response() };
            inside.granted.push(grant.clone());
            // A grant that does not arrive waits for the end of its lease: not what is tested here.
            inside.spare = true;
            Json(grant).into_response()
        });
    }
}

async fn renew(State(shared): State<Shared>, headers: HeaderMap, Json(renew): Json<Renew>) -> Response {
    let end = time::Instant::now() + Duration::from_millis(renew.wait_ms);
    shared.inside().renewals += 1;
    loop {
        let changed = shared.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        if !shared.inside().known {
            return StatusCode::NOT_FOUND.into_response();
        }
        let orders = orders(&shared.inside(), &renew);
        if !orders.is_empty() || time::Instant::now() >= end {
            return shared.answer(&headers, |_| Json(Renewed { orders }).into_response());
        }
        let _ = time::timeout_at(end, changed).await;
    }
}

fn orders(inside: &Inside, renew: &Renew) -> Vec<Order> {
    let wanted = inside.orders.iter().filter(|order| match order {
        Order::Stop { claim, .. } => renew.claims.contains(claim) && !renew.stopping.contains(&claim.job),
        Order::Drop { claim } => renew.claims.contains(claim),
    });
    wanted.cloned().collect()
}

async fn events(State(shared): State<Shared>, headers: HeaderMap, Json(events): Json<Events>) -> Response {
    shared.answer(&headers, |inside| {
        if inside.stale.contains(&events.claim) {
            return StatusCode::CONFLICT.into_response();
        }
        let Some(heard) = inside.heard.get_mut(&events.claim) else { return StatusCode::NOT_FOUND.into_response() };
        events.events.into_iter().for_each(|news| heard.take(news));
        StatusCode::NO_CONTENT.into_response()
    })
}

#[derive(Deserialize)]
struct Offset {
    epoch: u64,
    #[serde(default)]
    offset: u64,
}

async fn committed(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path((job, attempt)): Path<(uuid::Uuid, u32)>,
    Query(Offset { epoch, .. }): Query<Offset>,
) -> Response {
    shared.answer(&headers, |inside| {
        let Some(heard) = inside.heard.get(&Claim { job: job.into(), attempt, epoch }) else {
            return StatusCode::CONFLICT.into_response();
        };
        let steps = heard.logs.iter().map(|(step, log)| (*step, log.len() as u64)).collect();
        Json(Committed { steps }).into_response()
    })
}

async fn append(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path((job, attempt, step)): Path<(uuid::Uuid, u32, usize)>,
    Query(Offset { epoch, offset }): Query<Offset>,
    bytes: Bytes,
) -> Response {
    shared.answer(&headers, |inside| {
        let claim = Claim { job: job.into(), attempt, epoch };
        let Some(heard) = inside.heard.get_mut(&claim).filter(|_| !inside.stale.contains(&claim)) else {
            return StatusCode::CONFLICT.into_response();
        };
        match heard.append(step, offset, &bytes) {
            Ok(committed) => Json(Appended { committed }).into_response(),
            Err(committed) => (StatusCode::RANGE_NOT_SATISFIABLE, Json(Appended { committed })).into_response(),
        }
    })
}
