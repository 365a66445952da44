//! Artifacts: files that steps keep. Their rows are in the store, their bytes in the storage.

mod answer;
mod archive;
mod bytes;
mod pipe;
mod shown;
mod sweep;
mod ticket;
mod words;

pub(crate) use answer::{Shape, answer, attachment, shown_as};
pub(crate) use archive::{tar, zip};
pub(crate) use bytes::{KeepError, keep, limits, remove};
pub(crate) use shown::{Place, Shown};
pub(crate) use sweep::sweep;
pub(crate) use ticket::{redeem, ticket};
pub(crate) use words::words;
