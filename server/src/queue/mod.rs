//! The dispatcher: matches waiting runners with queued jobs. The rows are the truth; this is what is fast.

mod dispatcher;

pub use dispatcher::Dispatcher;
