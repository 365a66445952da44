//! What is to run again.

/// Which jobs of a finished build run again. A job starts from its checkout: its workspace went with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Again {
    /// Those that did not end well, with what was left out behind them; all of them when all ended well.
    Needed,
    /// Those that did not end well, with what was left out behind them.
    Failed,
    /// All of them.
    All,
    /// The one of this name, with those that need it, and those that it needs and that did not end well.
    Job(String),
}
