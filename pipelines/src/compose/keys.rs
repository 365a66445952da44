//! What becomes of each key of a compose file.

use crate::{
    report::Report,
    suggest::did_you_mean,
    yaml::{Node, Value},
};

/// What becomes of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// As the file says.
    Honoured,
    /// It says what is so anyway, or what is of no use in a job.
    Quiet,
    /// It has no effect, and the services run all the same; why, for the warning.
    Idle(&'static str),
    /// An error; what to do instead.
    Refused(&'static str),
}

use Fate::{Honoured, Idle, Quiet, Refused};

/// A section's keys.
pub(super) type Table = [(&'static str, Fate)];

const TRUSTED: &str = "a trusted repository may have `privileged: true` instead; remove it";

/// A compose file.
pub(super) const FILE: [(&str, Fate); 10] = [
    ("services", Honoured),
    ("volumes", Honoured),
    ("networks", Honoured),
    ("version", Quiet),
    ("name", Quiet),
    // Services that use them are told.
    ("secrets", Quiet),
    ("configs", Quiet),
    ("include", Refused("write the services into this file, or name the other file below `services_from`")),
    ("models", Refused("write the model's container as a service")),
    ("extensions", Quiet),
];

/// A service.
pub(super) const SERVICE: [(&str, Fate); 82] = [
    ("image", Honoured),
    ("build", Honoured),
    ("pull_policy", Honoured),
    ("command", Honoured),
    ("entrypoint", Honoured),
    ("environment", Honoured),
    ("env_file", Honoured),
    ("depends_on", Honoured),
    ("links", Honoured),
    ("healthcheck", Honoured),
    ("volumes", Honoured),
    ("tmpfs", Honoured),
    ("working_dir", Honoured),
    ("user", Honoured),
    ("hostname", Honoured),
    ("container_name", Honoured),
    ("networks", Honoured),
    ("profiles", Honoured),
    ("deploy", Honoured),
    ("scale", Honoured),
    ("cpus", Honoured),
    ("mem_limit", Honoured),
    ("pids_limit", Honoured),
    ("shm_size", Honoured),
    ("privileged", Honoured),
    ("devices", Honoured),
    ("dns", Honoured),
    ("dns_search", Honoured),
    ("extra_hosts", Honoured),
    ("network_mode", Honoured),
    ("security_opt", Honoured),
    ("ports", Quiet),
    ("expose", Quiet),
    ("attach", Quiet),
    ("restart", Idle("nothing is restarted in a job")),
    ("logging", Idle("what a service writes is in the build's log")),
    ("labels", Idle("the containers have labels of the runner")),
    ("label_file", Idle("the containers have labels of the runner")),
    ("annotations", Idle("the containers have labels of the runner")),
    ("stop_signal", Idle("services get SIGTERM at the end of the job")),
    ("stop_grace_period", Idle("services get SIGTERM at the end of the job, and SIGKILL soon after")),
    ("init", Idle("the first process of the service is its own")),
    ("stdin_open", Idle("nobody types in a job")),
    ("tty", Idle("nobody types in a job")),
    ("read_only", Idle("the container is gone after the job")),
    ("ulimits", Idle("the limits are those of the engine")),
    ("develop", Idle("nobody edits files in a job")),
    ("platform", Idle("the image is that for the runner's platform; choose the runner by `labels: {platform: …}`")),
    ("cap_drop", Idle("jobs have few rights as it is")),
    ("domainname", Idle("services are reachable by their names")),
    ("mac_address", Idle("the engine chooses it")),
    ("mem_reservation", Idle("only limits count")),
    ("mem_swappiness", Idle("only limits count")),
    ("memswap_limit", Idle("only limits count")),
    ("cpu_shares", Idle("only limits count")),
    ("cpu_count", Idle("only limits count")),
    ("cpu_percent", Idle("only limits count")),
    ("cpuset", Idle("only limits count")),
    ("blkio_config", Idle("only limits count")),
    ("oom_score_adj", Idle("only limits count")),
    ("oom_kill_disable", Idle("only limits count")),
    ("extends", Honoured),
    ("secrets", Refused("give the service an `environment`; a step's own secrets are `from_secret`")),
    ("configs", Refused("put the file into the repository and mount it: `volumes: [\"./file:/path:ro\"]`")),
    ("cap_add", Refused(TRUSTED)),
    ("pid", Refused(TRUSTED)),
    ("ipc", Refused(TRUSTED)),
    ("uts", Refused(TRUSTED)),
    ("userns_mode", Refused(TRUSTED)),
    ("cgroup", Refused(TRUSTED)),
    ("cgroup_parent", Refused(TRUSTED)),
    ("device_cgroup_rules", Refused(TRUSTED)),
    ("sysctls", Refused(TRUSTED)),
    ("gpus", Refused("name the device below `devices`, which takes a trusted repository")),
    ("runtime", Refused("the runner's engine has its own; remove it")),
    ("storage_opt", Refused("remove it")),
    ("group_add", Refused("write `user: \"uid:gid\"`")),
    ("volumes_from", Refused("name a volume in both services")),
    ("external_links", Refused("start the other service here, too")),
    ("provider", Refused("write it as a container")),
    ("post_start", Refused("run it in a step of the pipeline")),
    ("pre_stop", Refused("run it in a step of the pipeline")),
];

/// `build` of a service.
pub(super) const BUILD: [(&str, Fate); 21] = [
    ("context", Honoured),
    ("dockerfile", Honoured),
    ("args", Honoured),
    ("target", Honoured),
    ("tags", Honoured),
    ("labels", Idle("the image is gone after the job")),
    ("cache_from", Idle("the last job's image is the cache")),
    ("cache_to", Idle("the last job's image is the cache")),
    ("no_cache", Idle("write the service into the pipeline to build without a cache")),
    ("pull", Idle("write the service into the pipeline to ask for the base image each time")),
    ("shm_size", Idle("the engine's own counts")),
    ("ulimits", Idle("the limits are those of the engine")),
    ("platforms", Idle("the image is that for the runner's platform")),
    ("network", Idle("a build has the job's network")),
    ("provenance", Idle("the image is gone after the job")),
    ("sbom", Idle("the image is gone after the job")),
    ("dockerfile_inline", Refused("put it into a file, and name that as `dockerfile`")),
    ("additional_contexts", Refused("copy what is needed into the context in a step before")),
    ("secrets", Refused("build the image in a step of the pipeline, which can have secrets")),
    ("ssh", Refused("build the image in a step of the pipeline")),
    ("privileged", Refused("remove it")),
];

/// `healthcheck`.
pub(super) const HEALTH: [(&str, Fate); 7] = [
    ("test", Honoured),
    ("interval", Honoured),
    ("timeout", Honoured),
    ("retries", Honoured),
    ("start_period", Honoured),
    ("start_interval", Quiet),
    ("disable", Honoured),
];

/// `deploy`.
pub(super) const DEPLOY: [(&str, Fate); 9] = [
    ("replicas", Honoured),
    ("resources", Honoured),
    ("mode", Idle("there is one container of a service")),
    ("labels", Idle("the containers have labels of the runner")),
    ("placement", Idle("a job runs on one machine")),
    ("restart_policy", Idle("nothing is restarted in a job")),
    ("update_config", Idle("nothing is updated in a job")),
    ("rollback_config", Idle("nothing is updated in a job")),
    ("endpoint_mode", Idle("services are reachable by their names")),
];

/// `deploy.resources`.
pub(super) const DEPLOY_RESOURCES: [(&str, Fate); 2] = [("limits", Honoured), ("reservations", Quiet)];

/// `deploy.resources.limits`.
pub(super) const DEPLOY_LIMITS: [(&str, Fate); 3] = [("cpus", Honoured), ("memory", Honoured), ("pids", Honoured)];

/// An item of `volumes` of a service.
pub(super) const MOUNT: [(&str, Fate); 9] = [
    ("type", Honoured),
    ("source", Honoured),
    ("target", Honoured),
    ("read_only", Honoured),
    ("volume", Honoured),
    ("tmpfs", Honoured),
    ("bind", Quiet),
    ("consistency", Quiet),
    ("image", Refused("copy what is needed out of the image in a step")),
];

/// A volume of the file.
pub(super) const VOLUME: [(&str, Fate); 5] = [
    ("name", Idle("it is a volume of the job")),
    ("labels", Idle("the volumes have labels of the runner")),
    ("external", Honoured),
    ("driver", Honoured),
    ("driver_opts", Refused("the volume is one of the job: remove it")),
];

/// An item of `depends_on`.
pub(super) const DEPENDENCY: [(&str, Fate); 3] = [("condition", Honoured), ("required", Honoured), ("restart", Quiet)];

/// `networks.NAME` of a service.
pub(super) const ENDPOINT: [(&str, Fate); 8] = [
    ("aliases", Honoured),
    ("priority", Quiet),
    ("gw_priority", Quiet),
    ("interface_name", Idle("there is one network")),
    ("ipv4_address", Refused("reach the service by its name")),
    ("ipv6_address", Refused("reach the service by its name")),
    ("link_local_ips", Refused("reach the service by its name")),
    ("mac_address", Idle("the engine chooses it")),
];

/// Says what becomes of the keys of a section that are not honoured. `false` when it is no map.
pub(super) fn check(node: &Node, table: &Table, what: &str, report: &mut Report) -> bool {
    let Value::Map(entries) = &node.value else {
        report.error(node.span, format!("{what} takes a map, this is {}", node.kind()));
        return false;
    };
    for entry in entries.iter().filter(|entry| !entry.key.starts_with("x-") && !entry.value.is_null()) {
        let key = entry.key.as_str();
        match table.iter().find(|(name, _)| *name == key).map(|(_, fate)| *fate) {
            Some(Honoured | Quiet) => {}
            Some(Idle(why)) => {
                report.warning(entry.key_span, format!("`{key}` of {what} has no effect: {why}"));
            }
            Some(Refused(help)) => {
                report.error(entry.key_span, format!("`{key}` of {what} cannot be honoured in a job")).help(help);
            }
            None => {
                let shown: String = key.chars().take(40).collect();
                let found = report.error(entry.key_span, format!("unknown key `{shown}` in {what}"));
                if let Some(near) = did_you_mean(&shown, table.iter().map(|(name, _)| *name)) {
                    found.help(near);
                }
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_there_once_and_in_the_readme() {
        let readme = include_str!("../../README.md");
        let section = readme.split("\n### `services_from`\n").nth(1).unwrap().split("\n### ").next().unwrap();
        for table in [&FILE[..], &SERVICE, &BUILD, &HEALTH, &DEPLOY, &MOUNT, &VOLUME, &DEPENDENCY, &ENDPOINT] {
            for (place, (name, fate)) in table.iter().enumerate() {
                assert!(table[..place].iter().all(|(other, _)| other != name), "{name} twice");
                let is_minor = table.len() != SERVICE.len() && !matches!(fate, Refused(_));
                let is_told = is_minor || section.contains(&format!("`{name}`"));
                assert!(is_told, "{name} is not in the README");
            }
        }
    }
}
