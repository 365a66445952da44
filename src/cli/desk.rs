//! Flags of the commands that need no server: `lint`, `plan`, `run`. Those that may be repeated have no variable.

use std::path::PathBuf;

use clap::{
    Args, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use slipway_pipelines::{repository::RepositoryName, trigger::Event};
use slipway_runner::docker::Builder;

use super::Executor;

#[derive(Args, Debug)]
pub(crate) struct Lint {
    /// Pipeline files.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// How the findings are written.
    #[arg(long, env = "SLIPWAY_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) elsewhere: Elsewhere,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people: the line, a caret, what to do.
    Text,
    /// An array of objects with severity, message, file, line, column and help.
    Json,
    /// Workflow commands that GitHub and Forgejo show beside the code.
    Github,
}

/// Where `include` finds files of other repositories.
#[derive(Args, Debug, Default)]
pub(crate) struct Elsewhere {
    /// Directory that stands for another repository in `include`, whatever its `ref`. May be repeated.
    #[arg(long = "included", value_name = "OWNER/NAME=DIR", value_parser = parse_included)]
    pub(crate) included: Vec<(RepositoryName, PathBuf)>,
}

#[derive(Args, Debug)]
pub(crate) struct Plan {
    /// Pipeline files.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) cause: Cause,
    /// Only cells of a matrix with this value. May be repeated.
    #[arg(long, value_name = "AXIS=VALUE", value_parser = parse_pair)]
    pub(crate) matrix: Vec<(String, String)>,
    /// Write JSON.
    #[arg(long, env = "SLIPWAY_JSON", conflicts_with = "dot")]
    pub(crate) json: bool,
    /// Write a graph in Graphviz's language: `slipway plan --dot | dot -Tsvg`.
    #[arg(long, env = "SLIPWAY_DOT")]
    pub(crate) dot: bool,
    #[command(flatten)]
    pub(crate) elsewhere: Elsewhere,
}

/// Why the build would start.
#[derive(Args, Debug, Default)]
pub(crate) struct Cause {
    /// Why the build starts; by default a push, or `manual` when there is a `--param`.
    #[arg(long, env = "SLIPWAY_EVENT", value_name = "EVENT", value_parser = events())]
    pub(crate) event: Option<Event>,
    /// Branch; by default the one that is checked out. Of a pull request the branch it goes to.
    #[arg(long, env = "SLIPWAY_BRANCH", value_name = "BRANCH")]
    pub(crate) branch: Option<String>,
    /// Tag of `--event tag` and `release`; by default the one of the commit.
    #[arg(long, env = "SLIPWAY_TAG", value_name = "TAG")]
    pub(crate) tag: Option<String>,
    /// Target of `--event deployment`: `production`.
    #[arg(long, env = "SLIPWAY_DEPLOY_TO", value_name = "TARGET")]
    pub(crate) deploy_to: Option<String>,
    /// Name of the schedule of `--event cron`.
    #[arg(long, env = "SLIPWAY_CRON", value_name = "NAME")]
    pub(crate) cron: Option<String>,
    /// Paths that count as changed, for `when.path`; by default what git says.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub(crate) changed: Option<Vec<String>>,
    /// Parameter of a manual build. May be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_pair)]
    pub(crate) param: Vec<(String, String)>,
    /// Rights that the repository shall have, as an administrator gives them on a server.
    #[arg(long, env = "SLIPWAY_TRUST", value_name = "RIGHT,..", value_delimiter = ',')]
    pub(crate) trust: Vec<Right>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// DNS and networks.
    Network,
    /// Folders and devices of this machine.
    Volumes,
    /// Privileged containers.
    Security,
}

/// Runs this directory's pipeline here and now, with what is not committed, in the containers that a runner would use.
///
/// Steps see the same `CI_*` as on a server, filled from this repository, except that `CI_PIPELINE_NUMBER` is 0,
/// `CI_SYSTEM_HOST` is `localhost`, a pull request has the number 0, and what only a server knows is not set: URLs of
/// pages (`CI_PIPELINE_URL`, `CI_STEP_URL`, `CI_SYSTEM_URL`), the build before (`CI_PREV_*`), `CI_REPO_REMOTE_ID`.
///
/// Exit code: 0 success, 1 the pipeline failed or was stopped, 2 wrong use or an invalid pipeline, 3 error of Slipway,
/// Docker or the machine.
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// Pipeline file; by default all that a commit of this directory would have.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) cause: Cause,
    /// Only this step, with checkout and services: `test`, or `WORKFLOW/test`. May be repeated.
    #[arg(long, value_name = "STEP")]
    pub(crate) step: Vec<String>,
    /// This step and all that comes after it.
    #[arg(long, env = "SLIPWAY_FROM", value_name = "STEP", conflicts_with_all = ["step", "steps"])]
    pub(crate) from: Option<String>,
    /// The same as `--step`.
    #[arg(last = true, value_name = "STEP")]
    pub(crate) steps: Vec<String>,
    /// Only cells of a matrix with this value. May be repeated.
    #[arg(long, value_name = "AXIS=VALUE", value_parser = parse_pair)]
    pub(crate) matrix: Vec<(String, String)>,
    /// Secrets, `NAME=value` or `NAME=@FILE` a line; FILE is relative to the file.
    #[arg(long, env = "SLIPWAY_SECRET_FILE", value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Leave the workspace's volume, and say how to remove it.
    #[arg(long, env = "SLIPWAY_KEEP")]
    pub(crate) keep: bool,
    /// After a failed step open a shell in its image, workspace and environment.
    #[arg(long, env = "SLIPWAY_SHELL")]
    pub(crate) shell: bool,
    /// Also write each step's log, and `build.json` in the shape of the API, into this directory.
    #[arg(long, env = "SLIPWAY_REPORT", value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    /// Folder for what steps keep as artifacts, each job in a folder of its own. By default they go with the run.
    #[arg(long, env = "SLIPWAY_ARTIFACTS", value_name = "DIR")]
    pub(crate) artifacts: Option<PathBuf>,
    /// Most jobs at once; by default one a core.
    #[arg(long, env = "SLIPWAY_SLOTS", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) slots: Option<u32>,
    /// What runs the steps.
    #[arg(long, env = "SLIPWAY_EXECUTOR", default_value = "docker", value_name = "KIND", hide = true)]
    pub(crate) executor: Executor,
    /// What builds images: BuildKit where the engine has it, one of the two, or nothing else.
    #[arg(long, env = "SLIPWAY_BUILDER", default_value = "auto", value_name = "auto|buildkit|classic")]
    pub(crate) builder: Builder,
    #[command(flatten)]
    pub(crate) elsewhere: Elsewhere,
}

fn events() -> impl TypedValueParser<Value = Event> {
    let words = Event::ALL.map(Event::as_str);
    PossibleValuesParser::new(words).map(|word| Event::parse(&word).unwrap_or(Event::Push))
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not of the form NAME=VALUE")),
    }
}

fn parse_included(text: &str) -> Result<(RepositoryName, PathBuf), String> {
    let (name, folder) = parse_pair(text)?;
    Ok((name.parse().map_err(|error| format!("{error}"))?, folder.into()))
}
