//! What the engine is asked to make for a step. The only place where a container's configuration is put together, from
//! a closed set of fields: a pipeline can't reach any other.

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HealthConfig, HostConfig, HostConfigLogConfig, Mount, MountType,
    NetworkingConfig,
};
use slipway_pipelines::plan::{Action, Container, Environment, Program, Step};

use super::{gate, names::Labels, pause, rights};

/// Of Docker's default set, what jobs can do without: raw sockets are for faking addresses, device nodes for nothing.
/// `su` needs AUDIT_WRITE, apt-get and chown most of the others.
const DROPPED: [&str; 2] = ["NET_RAW", "MKNOD"];

/// Where a container's packets go.
#[derive(Clone, Copy, Debug)]
pub(super) enum Network<'a> {
    /// Into the namespace of the sandbox with this name.
    Sandbox(&'a str),
    /// A namespace of its own on the job's network, under an alias and perhaps more of them.
    Own { network: &'a str, alias: &'a str, more: &'a [String] },
    /// Whatever the pipeline names, and never the job's network.
    Elsewhere(&'a str),
}

impl<'a> Network<'a> {
    /// Where a step belongs. Services can be reached under their names; in the sandbox's namespace a container can't have
    /// name servers or hosts of its own.
    pub(super) fn of(step: &'a Step, container: &'a Container, sandbox: &'a str) -> Self {
        match (&container.access.network_mode, &step.action) {
            (Some(mode), _) => Self::Elsewhere(mode),
            (None, Action::Run(_) | Action::Checkout) if !rights::has_own_names(&container.access) => {
                Self::Sandbox(sandbox)
            }
            (None, _) => Self::Own { network: sandbox, alias: &step.name, more: &container.aliases },
        }
    }

    fn settings(self) -> (String, Option<NetworkingConfig>) {
        match self {
            Self::Sandbox(name) => (format!("container:{name}"), None),
            Self::Own { network, alias, more } => {
                let names = [alias].into_iter().chain(more.iter().map(String::as_str)).map(str::to_owned);
                let endpoint = EndpointSettings { aliases: Some(names.collect()), ..Default::default() };
                let endpoints = HashMap::from([(network.to_owned(), endpoint)]);
                (network.to_owned(), Some(NetworkingConfig { endpoints_config: Some(endpoints) }))
            }
            Self::Elsewhere(mode) => (mode.to_owned(), None),
        }
    }
}

/// A step's container.
pub(super) struct Wish<'a> {
    pub(super) spec: &'a Container,
    pub(super) image: &'a str,
    pub(super) environment: &'a Environment,
    /// Added to, or put over, `environment`.
    pub(super) late: &'a Environment,
    pub(super) labels: Labels,
    pub(super) network: Network<'a>,
    /// Name of the volume and where it is mounted.
    pub(super) workspace: (&'a str, &'a str),
    /// All else that is mounted.
    pub(super) mounts: Vec<Mount>,
    /// First word of the control lines, for a gate.
    pub(super) nonce: Option<&'a str>,
    /// Whether the gate hands over what the step wrote to its file of outputs.
    pub(super) has_outputs: bool,
    pub(super) has_local_log: bool,
    /// Processors of the engine.
    pub(super) cpus: u32,
}

impl Wish<'_> {
    pub(super) fn body(self) -> ContainerCreateBody {
        let mut environment: HashMap<&str, &str> = HashMap::new();
        for (name, value) in self.environment.iter().chain(self.late) {
            environment.insert(name, value);
        }
        let mut environment: Vec<String> =
            environment.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        environment.sort_unstable();
        let (entrypoint, command) = match &self.spec.program {
            Program::Commands { commands } => (
                Some(vec!["/bin/sh".to_owned(), "-c".to_owned()]),
                Some(
                    gate::Script { commands, directory: &self.spec.directory, has_outputs: self.has_outputs }
                        .arguments(self.nonce.unwrap_or_default()),
                ),
            ),
            Program::Entrypoint { entrypoint } => (Some(entrypoint.clone()), None),
            Program::Arguments { arguments } => (None, Some(arguments.clone())),
            Program::Image | Program::Nothing => (None, None),
        };
        let gated = self.nonce.is_some();
        let (network_mode, networking_config) = self.network.settings();
        let (volume, base) = self.workspace;
        let access = &self.spec.access;
        let mut host = HostConfig {
            network_mode: Some(network_mode),
            mounts: Some([workspace(volume, base)].into_iter().chain(self.mounts).collect()),
            log_config: Some(log_config(self.has_local_log)),
            cap_drop: (!access.privileged).then(|| DROPPED.map(str::to_owned).to_vec()),
            security_opt: (!access.privileged).then(|| vec!["no-new-privileges".to_owned()]),
            ..Default::default()
        };
        rights::grant(access, &mut host);
        rights::limit(&self.spec.resources, self.cpus, &mut host);
        ContainerCreateBody {
            image: Some(self.image.to_owned()),
            entrypoint,
            cmd: command,
            env: Some(environment),
            // A gate goes to its directory by itself, later: an earlier step may make it.
            working_dir: if gated { Some("/".to_owned()) } else { named(&self.spec.directory) },
            attach_stdin: Some(gated),
            open_stdin: Some(gated),
            stdin_once: Some(gated),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            // Checks would run while a gate waits, and at the image's pace: who waits for health asks by itself.
            healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..Default::default() }),
            labels: Some(self.labels),
            networking_config,
            hostname: self.spec.hostname.clone(),
            user: access.user.clone(),
            host_config: Some(host),
            ..Default::default()
        }
    }
}

/// Empty leaves it to the image.
fn named(directory: &str) -> Option<String> {
    (!directory.is_empty()).then(|| directory.to_owned())
}

/// The volume that a job's containers share. What the image has at that place is not copied into it.
fn workspace(volume: &str, base: &str) -> Mount {
    Mount {
        typ: Some(MountType::VOLUME),
        source: Some(volume.to_owned()),
        target: Some(base.to_owned()),
        volume_options: Some(bollard::models::MountVolumeOptions { no_copy: Some(true), ..Default::default() }),
        ..Default::default()
    }
}

/// The engine's own copy of the log, whole: a restarted runner reads it again. `local` keeps bytes as they are;
/// `json-file` has text only and turns others into U+FFFD.
fn log_config(has_local: bool) -> HostConfigLogConfig {
    if !has_local {
        return HostConfigLogConfig { typ: Some("json-file".to_owned()), config: None };
    }
    let options = [("max-size", "1000g"), ("max-file", "1"), ("compress", "false")];
    HostConfigLogConfig {
        typ: Some("local".to_owned()),
        config: Some(options.map(|(name, value)| (name.to_owned(), value.to_owned())).into()),
    }
}

/// A sandbox: owns the job's network namespace, and can do nothing.
pub(super) fn sandbox(network: &str, labels: Labels) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(pause::IMAGE.to_owned()),
        entrypoint: Some(vec![pause::PROGRAM.to_owned()]),
        labels: Some(labels),
        host_config: Some(HostConfig {
            network_mode: Some(network.to_owned()),
            log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            readonly_rootfs: Some(true),
            // The engine needs some itself to run another program in it.
            pids_limit: Some(256),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// A container that is never started: a door to a volume for the archive API.
pub(super) fn helper(volume: &str, at: &str, labels: Labels) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(pause::IMAGE.to_owned()),
        entrypoint: Some(vec![pause::PROGRAM.to_owned()]),
        labels: Some(labels),
        network_disabled: Some(true),
        host_config: Some(HostConfig {
            network_mode: Some("none".to_owned()),
            mounts: Some(vec![workspace(volume, at)]),
            ..Default::default()
        }),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use slipway_pipelines::plan::{Access, Image, Pull};

    use super::*;

    fn spec(program: Program, privileged: bool) -> Container {
        let image = Image::Registry { reference: "busybox".into(), pull: Pull::Missing };
        let access = Access { privileged, ..Access::default() };
        Container { access, ..Container::new(image, program, "/w/src") }
    }

    fn body(spec: &Container, environment: &Environment, nonce: Option<&str>) -> ContainerCreateBody {
        Wish {
            spec,
            image: "busybox",
            environment,
            late: &Environment::from([("CI_PIPELINE_STATUS".into(), "failure".into())]),
            labels: Labels::new(),
            network: Network::Own { network: "n", alias: "db", more: &[] },
            workspace: ("v", "/w"),
            mounts: Vec::new(),
            nonce,
            has_outputs: false,
            has_local_log: true,
            cpus: 2,
        }
        .body()
    }

    proptest! {
        #[test]
        fn no_program_and_no_environment_reaches_the_host(
            words in prop::collection::vec("[^\0]{0,30}", 0..4),
            environment in prop::collection::btree_map("[A-Z_]{1,8}", "[^\0]{0,20}", 0..4),
            kind in 0..3,
        ) {
            let program = match kind {
                0 => Program::Commands { commands: words },
                1 => Program::Entrypoint { entrypoint: words },
                _ => Program::Image,
            };
            let host = body(&spec(program, false), &environment, (kind == 0).then_some("n")).host_config.unwrap();
            prop_assert_eq!(host, HostConfig {
                network_mode: Some("n".into()),
                mounts: Some(vec![workspace("v", "/w")]),
                log_config: Some(log_config(true)),
                privileged: Some(false),
                pids_limit: Some(rights::PIDS),
                cap_drop: Some(vec!["NET_RAW".into(), "MKNOD".into()]),
                security_opt: Some(vec!["no-new-privileges".into()]),
                ..Default::default()
            });
        }
    }

    #[test]
    fn late_environment_wins() {
        let environment =
            Environment::from([("CI_PIPELINE_STATUS".into(), "success".into()), ("A".into(), "1".into())]);
        let body = body(&spec(Program::Image, false), &environment, None);
        assert_eq!(body.env.unwrap(), ["A=1", "CI_PIPELINE_STATUS=failure"]);
        assert_eq!((body.entrypoint, body.cmd, body.open_stdin), (None, None, Some(false)));
    }
}
