//! What time it is, for people and for deadlines.

use std::{
    sync::LazyLock,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use slipway_pipelines::state::Millis;

/// Unix milliseconds by the wall clock. For people: it may jump.
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// Milliseconds that only go forward: the wall clock at the process's start plus the time since. All deadlines are
/// on this clock (DESIGN, invariant 9); after a restart they get a grace, so its new origin does no harm.
pub fn steady() -> Millis {
    static ORIGIN: LazyLock<(Millis, Instant)> = LazyLock::new(|| (now(), Instant::now()));
    let (wall, instant) = &*ORIGIN;
    wall.saturating_add(Millis::try_from(instant.elapsed().as_millis()).unwrap_or(Millis::MAX))
}
