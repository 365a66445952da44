//! Flags of the commands that ask a server: `secrets`, `registries`, `trust`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use slipway_pipelines::repository::RepositoryName;

/// Which server, and who asks.
#[derive(Args, Debug)]
pub(crate) struct At {
    /// Address of the server.
    #[arg(long, env = "SLIPWAY_SERVER", default_value = "http://127.0.0.1:8000", value_name = "URL")]
    pub(crate) server: String,
    /// An administrator's token.
    #[arg(long, env = "SLIPWAY_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Secrets {
    #[command(subcommand)]
    pub(crate) action: SecretAction,
}

#[derive(Subcommand, Debug)]
pub(crate) enum SecretAction {
    /// Lists a repository's secrets, without their values.
    Ls {
        /// Whose.
        #[arg(value_name = "OWNER/REPO")]
        repository: RepositoryName,
        #[command(flatten)]
        at: At,
    },
    /// Makes or replaces a secret. The value comes from standard input, or is asked for on a terminal.
    Set {
        /// Whose.
        #[arg(value_name = "OWNER/REPO")]
        repository: RepositoryName,
        /// Letters, digits, `_`, `-`, `.`; kept in lower case.
        name: String,
        /// Builds that may have it; by default all but those of pull requests. May be repeated.
        #[arg(long = "event", value_name = "EVENT", value_delimiter = ',')]
        events: Vec<String>,
        /// Plugin image that may have it, with or without a tag; by default every step may. May be repeated.
        #[arg(long = "image", value_name = "IMAGE", value_delimiter = ',')]
        images: Vec<String>,
        #[command(flatten)]
        value: Value,
        #[command(flatten)]
        at: At,
    },
    /// Deletes a secret.
    Rm {
        /// Whose.
        #[arg(value_name = "OWNER/REPO")]
        repository: RepositoryName,
        /// Its name.
        name: String,
        #[command(flatten)]
        at: At,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Registries {
    #[command(subcommand)]
    pub(crate) action: RegistryAction,
}

#[derive(Subcommand, Debug)]
pub(crate) enum RegistryAction {
    /// Lists the image registries that a repository has credentials for, without their passwords.
    Ls {
        /// Whose.
        #[arg(value_name = "OWNER/REPO", required_unless_present = "global", conflicts_with = "global")]
        repository: Option<RepositoryName>,
        /// Those for every repository.
        #[arg(long)]
        global: bool,
        #[command(flatten)]
        at: At,
    },
    /// Makes or replaces a credential. The password comes from standard input, or is asked for on a terminal.
    Set {
        #[command(flatten)]
        place: RegistryPlace,
        /// User at the registry.
        #[arg(long, value_name = "NAME")]
        username: String,
        #[command(flatten)]
        value: Value,
        #[command(flatten)]
        at: At,
    },
    /// Deletes a credential.
    Rm {
        #[command(flatten)]
        place: RegistryPlace,
        #[command(flatten)]
        at: At,
    },
}

/// Whose credential, and for which registry.
#[derive(Args, Debug)]
pub(crate) struct RegistryPlace {
    /// For every repository that has none of its own for the host.
    #[arg(long)]
    pub(crate) global: bool,
    /// Whose, and the registry's host; with `--global` the host alone. `registry.example:5000`, or `docker.io` for images without
    /// a host.
    #[arg(value_names = ["OWNER/REPO", "HOST"], num_args = 1..=2, required = true)]
    pub(crate) names: Vec<String>,
}

/// Where a value comes from: never an argument, which everybody on the machine can read.
#[derive(Args, Debug)]
pub(crate) struct Value {
    /// File with the value, instead of standard input. The line end of a single line is left out either way.
    #[arg(long, value_name = "FILE")]
    pub(crate) from_file: Option<PathBuf>,
}

/// Without a right, says which ones the repository has.
#[derive(Args, Debug)]
pub(crate) struct Trust {
    /// Whose.
    #[arg(value_name = "OWNER/REPO")]
    pub(crate) repository: RepositoryName,
    /// Its steps may set DNS servers, hosts and the network that they are on.
    #[arg(long)]
    pub(crate) network: bool,
    /// Its steps may mount paths and devices of the runner's machine.
    #[arg(long)]
    pub(crate) volumes: bool,
    /// Its steps may be privileged.
    #[arg(long)]
    pub(crate) security: bool,
    /// Takes all rights away that are not named beside it.
    #[arg(long)]
    pub(crate) none: bool,
    #[command(flatten)]
    pub(crate) at: At,
}
