//! Builds that start by themselves. A cron that comes due becomes a stored delivery in the transaction that moves it on, so no crash loses
//! or doubles it; the delivery is worked on like any other.

mod schedule;
mod timer;

pub(crate) use schedule::Schedule;
pub(crate) use timer::run;
