//! The commands and their flags. Every flag `--x-y` is also the variable `SLIPWAY_X_Y`.

mod desk;
mod remote;
mod size;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use slipway_runner::docker::Builder;
use slipway_runner::docker::Mirror;

pub(crate) use desk::{Cause, Elsewhere, Format, Lint, Plan, Right, Run};
pub(crate) use remote::{At, Registries, RegistryAction, RegistryPlace, SecretAction, Secrets, Trust, Value};

/// Self-hosted CI: git push, containers, live log. One binary, one Docker engine.
#[derive(Parser, Debug)]
#[command(name = "slipway", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) log: Log,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Server and runner in one process, on SQLite: all that one machine needs.
    Up(Up),
    /// The server alone; runners connect to it.
    Server(Server),
    /// A runner: takes jobs from a server and runs them on this machine's Docker engine.
    Runner(Runner),
    /// Runs this directory's pipeline here and now, with what is not committed.
    Run(Run),
    /// Says what would run and why; without FILE, for the pipeline of this directory.
    Plan(Plan),
    /// Checks pipeline files; without FILE, those of this directory.
    Lint(Lint),
    /// Secrets of a repository on a server.
    Secrets(Secrets),
    /// Credentials for image registries of a repository on a server.
    Registries(Registries),
    /// What a repository's steps may do beyond their containers.
    Trust(Trust),
    /// Prints a JSON schema of pipeline files, for editors that complete and check them.
    Schema,
}

/// What the process says about itself, on standard error.
#[derive(Args, Debug)]
pub(crate) struct Log {
    /// Which messages: `info`, `debug`, or a filter such as `slipway_server=debug,info`.
    #[arg(long, global = true, env = "SLIPWAY_LOG", default_value = "info", value_name = "FILTER")]
    pub(crate) log: String,
    /// How they are written.
    #[arg(long, global = true, env = "SLIPWAY_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

#[derive(Args, Debug)]
pub(crate) struct Up {
    #[command(flatten)]
    pub(crate) server: Server,
    #[command(flatten)]
    pub(crate) work: Work,
}

#[derive(Args, Debug)]
pub(crate) struct Server {
    /// Folder for everything that must survive: database, logs, repositories.
    #[arg(long, env = "SLIPWAY_DATA", default_value = "slipway-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Address to listen on. Port 0 takes a free one.
    #[arg(long, env = "SLIPWAY_LISTEN", default_value = "127.0.0.1:8000", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Address that people and webhooks use; by default `http://` and the address listened on.
    #[arg(long, env = "SLIPWAY_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Database. By default an SQLite file in the data folder.
    #[arg(long, env = "SLIPWAY_DATABASE", value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Most that one artifact may have.
    #[arg(long, env = "SLIPWAY_ARTIFACT_LIMIT", default_value = "1GiB", value_name = "SIZE", value_parser = size::parse)]
    pub(crate) artifact_limit: u64,
    /// Most that all artifacts of a build may have.
    #[arg(long, env = "SLIPWAY_ARTIFACT_BUILD_LIMIT", default_value = "5GiB", value_name = "SIZE", value_parser = size::parse)]
    pub(crate) artifact_build_limit: u64,
    /// How long artifacts are kept unless their step says otherwise.
    #[arg(long, env = "SLIPWAY_ARTIFACT_RETENTION", default_value = "30d", value_name = "TIME", value_parser = parse_duration)]
    pub(crate) artifact_retention: Duration,
    /// Where artifacts, caches and finished logs are kept: a folder, by default `objects` in the data folder, or
    /// `s3://BUCKET/PREFIX?endpoint=URL&region=NAME` with the credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    #[arg(long, env = "SLIPWAY_STORAGE", value_name = "FOLDER|URL")]
    pub(crate) storage: Option<slipway_server::storage::Location>,
    /// How long logs are kept after their job, such as `90d`; without it for ever.
    #[arg(long, env = "SLIPWAY_LOG_RETENTION", value_name = "TIME", value_parser = parse_duration)]
    pub(crate) log_retention: Option<Duration>,
    /// First administrator's API token; without it one is made and printed once.
    #[arg(long, env = "SLIPWAY_ADMIN_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub(crate) admin_token: Option<String>,
    /// Token that runners use; without it one is made and kept in the data folder.
    #[arg(long, env = "SLIPWAY_RUNNER_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub(crate) runner_token: Option<String>,
    /// Most that the caches of a repository may have, such as `5GiB`; `0` keeps none.
    #[arg(long, env = "SLIPWAY_CACHE_LIMIT", default_value = "5GiB", value_name = "SIZE", value_parser = size::parse)]
    pub(crate) cache_limit: u64,
    /// Whether a push to `/git/OWNER/REPO.git` creates the repository.
    #[arg(
        long,
        env = "SLIPWAY_PUSH_CREATES",
        default_value_t = true,
        action = clap::ArgAction::Set,
        value_parser = clap::builder::BoolishValueParser::new(),
        value_name = "BOOL"
    )]
    pub(crate) push_creates: bool,
    /// Allow clone URLs that are paths of this machine. For tests and single users.
    #[arg(
        long,
        env = "SLIPWAY_ALLOW_LOCAL_CLONE",
        default_value_t = false,
        num_args = 0..=1,
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        value_parser = clap::builder::BoolishValueParser::new(),
        value_name = "BOOL"
    )]
    pub(crate) allow_local_clone: bool,
}

/// How jobs are run on this machine.
#[derive(Args, Debug)]
pub(crate) struct Work {
    /// Most jobs at once; by default one a core, at least two.
    #[arg(long, env = "SLIPWAY_SLOTS", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) slots: Option<u32>,
    /// Labels that jobs can ask for.
    #[arg(long, env = "SLIPWAY_LABELS", value_name = "K=V,..", value_parser = parse_labels)]
    pub(crate) labels: Option<Labels>,
    /// Name for people; by default the host's.
    #[arg(long, env = "SLIPWAY_NAME", value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Mark of this runner's objects in Docker; by default a stored random one.
    #[arg(long, env = "SLIPWAY_INSTANCE", value_name = "ID")]
    pub(crate) instance: Option<String>,
    /// What runs the steps; `dummy` runs nothing and is for tests.
    #[arg(long, env = "SLIPWAY_EXECUTOR", default_value = "docker", value_name = "KIND")]
    pub(crate) executor: Executor,
    /// What builds images: BuildKit where the engine has it, one of the two, or nothing else.
    #[arg(long, env = "SLIPWAY_BUILDER", default_value = "auto", value_name = "auto|buildkit|classic")]
    pub(crate) builder: Builder,
    /// Networks with a waiting container that are kept ready, so that a job starts at once.
    #[arg(long, env = "SLIPWAY_POOL", default_value_t = 2, value_name = "N")]
    pub(crate) pool: usize,
    /// Workspaces of failed jobs that are kept for an hour, the newest ones, so that a job can be retried from the failed step.
    #[arg(long, env = "SLIPWAY_KEEP_FAILED", default_value_t = 3, value_name = "N")]
    pub(crate) keep_failed: u32,
    /// Registry that is asked for images of docker.io before docker.io itself: `mirror.example:5000`.
    #[arg(long, env = "SLIPWAY_REGISTRY_MIRROR", value_name = "HOST")]
    pub(crate) registry_mirror: Option<Mirror>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Executor {
    /// Containers of the Docker engine that DOCKER_HOST names.
    Docker,
    /// Nothing runs; steps end as their environment says.
    Dummy,
}

#[derive(Args, Debug)]
pub(crate) struct Runner {
    /// Address of the server.
    #[arg(long, env = "SLIPWAY_SERVER", value_name = "URL")]
    pub(crate) server: String,
    /// A runner token of the server.
    #[arg(long, env = "SLIPWAY_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub(crate) token: String,
    /// Folder for mirrors, checkouts and logs on their way to the server.
    #[arg(long, env = "SLIPWAY_DATA", default_value = "slipway-runner", value_name = "DIR")]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) work: Work,
}

/// Labels as given on the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels(pub(crate) BTreeMap<String, String>);

fn parse_labels(text: &str) -> Result<Labels, String> {
    let mut labels = BTreeMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                labels.insert(key.to_owned(), value.to_owned());
            }
            _ => return Err(format!("`{pair}` is not of the form KEY=VALUE")),
        }
    }
    Ok(Labels(labels))
}

/// A time as on pipelines: `90s`, `10m`, `1h30m`, `30d`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    match slipway_pipelines::duration::seconds(text) {
        Some(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("`{text}` is no time: write a number with its unit, such as `12h` or `30d`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn switches_are_set_as_messages_say_and_people_write() {
        for (word, is_on) in [("1", true), ("yes", true), ("true", true), ("0", false), ("off", false)] {
            let line = ["slipway", "server", "--allow-local-clone", word, "--push-creates", word];
            let Command::Server(server) = Cli::try_parse_from(line).unwrap().command else { panic!("another command") };
            assert_eq!((server.allow_local_clone, server.push_creates), (is_on, is_on), "{word}");
        }
        assert!(Cli::try_parse_from(["slipway", "server", "--push-creates", "perhaps"]).is_err());
    }

    #[test]
    fn labels_are_pairs() {
        let labels = parse_labels("a=1, b=x=y,").unwrap();
        assert_eq!(labels.0.get("b").map(String::as_str), Some("x=y"));
        assert!(parse_labels("gpu").is_err());
        assert!(parse_labels("=1").is_err());
    }
}
