//! A build without a server: the jobs of this directory on this machine, by the same executor and the same driver.
//!
//! Nothing here prints. What happens comes as [`News`], and whoever holds the other end shows it.

mod build;
mod caches;
mod changes;
mod decide;
mod folder;
mod head;
mod kept;
mod news;
mod place;
mod snapshot;

pub use build::{Built, Held, Holds, Order, build};
pub use changes::Since;
pub use folder::{Folder, FolderError};
pub use head::Head;
pub use news::News;
pub use place::Place;
pub use snapshot::Snapshot;
