//! Names and labels of what is made in the engine. Labels are how a restarted runner finds its own again; names are
//! deterministic, so that nothing is made twice. No label key and no name has a part that a pipeline chose.

use std::collections::HashMap;

use slipway_pipelines::{ids::JobId, lease::Claim};

/// On everything: which runner it belongs to.
pub(super) const INSTANCE: &str = "slipway.instance";
/// On what belongs to a job.
const JOB: &str = "slipway.job";
const ATTEMPT: &str = "slipway.attempt";
const EPOCH: &str = "slipway.epoch";
/// Position of the step; empty on what is not a step's.
const STEP: &str = "slipway.step";
/// Name of the sandbox that the object's job uses. The sandbox itself was made before anybody knew for which job.
const SANDBOX: &str = "slipway.sandbox";
/// What the object is.
pub(super) const ROLE: &str = "slipway.role";
/// First word of a gate's control lines; empty where there is no gate.
const NONCE: &str = "slipway.nonce";
/// On a workspace volume: the cached tree under it, and the folder for its changes.
const TREE: &str = "slipway.tree";

/// On a job's volume: the name that its pipeline has for it.
const VOLUME: &str = "slipway.volume";

/// On a workspace volume that stays when its job is over. What has it is the user's.
const KEEP: &str = "slipway.keep";

/// All names begin with it.
pub(super) const PREFIX: &str = "slipway-";

/// Labels of an object, as the engine takes them.
pub(super) type Labels = HashMap<String, String>;

/// What an object is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Sandbox,
    Step,
    Helper,
    Workspace,
    Volume,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Step => "step",
            Self::Helper => "helper",
            Self::Workspace => "workspace",
            Self::Volume => "volume",
        }
    }
}

/// Labels of a sandbox: it has no job yet.
pub(super) fn sandbox_labels(instance: &str) -> Labels {
    Labels::from([(INSTANCE.into(), instance.into()), (ROLE.into(), Role::Sandbox.as_str().into())])
}

/// Labels of something that is nobody's.
pub(super) fn helper_labels(instance: &str) -> Labels {
    Labels::from([(INSTANCE.into(), instance.into()), (ROLE.into(), Role::Helper.as_str().into())])
}

/// Labels of something of a job's. All keys are always there: an image's own labels must not shine through.
pub(super) fn job_labels(instance: &str, claim: &Claim, sandbox: &str, role: Role) -> Labels {
    Labels::from([
        (INSTANCE.into(), instance.into()),
        (JOB.into(), claim.job.to_string()),
        (ATTEMPT.into(), claim.attempt.to_string()),
        (EPOCH.into(), claim.epoch.to_string()),
        (SANDBOX.into(), sandbox.into()),
        (ROLE.into(), role.as_str().into()),
        (STEP.into(), String::new()),
        (NONCE.into(), String::new()),
    ])
}

/// Labels of a step's container.
pub(super) fn step_labels(instance: &str, claim: &Claim, sandbox: &str, step: usize, nonce: Option<&str>) -> Labels {
    let mut labels = job_labels(instance, claim, sandbox, Role::Step);
    labels.insert(STEP.into(), step.to_string());
    labels.insert(NONCE.into(), nonce.unwrap_or_default().into());
    labels
}

/// Labels of a workspace volume; `tree` where a cached tree lies under it.
pub(super) fn workspace_labels(instance: &str, claim: &Claim, sandbox: &str, tree: Option<&str>) -> Labels {
    let mut labels = job_labels(instance, claim, sandbox, Role::Workspace);
    labels.insert(TREE.into(), tree.unwrap_or_default().into());
    labels
}

/// Labels of a volume that a job's containers share by a name.
pub(super) fn volume_labels(instance: &str, claim: &Claim, sandbox: &str, name: &str) -> Labels {
    let mut labels = job_labels(instance, claim, sandbox, Role::Volume);
    labels.insert(VOLUME.into(), name.into());
    labels
}

/// Marks a volume as one that stays.
pub(super) fn kept(mut labels: Labels) -> Labels {
    labels.insert(KEEP.into(), "true".into());
    labels
}

/// Whether the volume stays.
pub(super) fn is_kept(labels: &Labels) -> bool {
    filled(labels, KEEP).is_some()
}

fn filled<'a>(labels: &'a Labels, key: &str) -> Option<&'a str> {
    labels.get(key).map(String::as_str).filter(|value| !value.is_empty())
}

/// The job that an object belongs to.
pub(super) fn claim(labels: &Labels) -> Option<Claim> {
    Some(Claim {
        job: filled(labels, JOB)?.parse::<JobId>().ok()?,
        attempt: filled(labels, ATTEMPT)?.parse().ok()?,
        epoch: filled(labels, EPOCH)?.parse().ok()?,
    })
}

/// The step that a container runs.
pub(super) fn step(labels: &Labels) -> Option<usize> {
    filled(labels, STEP)?.parse().ok()
}

/// The sandbox of the object's job.
pub(super) fn sandbox(labels: &Labels) -> Option<&str> {
    filled(labels, SANDBOX)
}

/// The first word of the control lines of a step's gate.
pub(super) fn nonce(labels: &Labels) -> Option<&str> {
    filled(labels, NONCE)
}

/// The cached tree under a workspace volume.
pub(super) fn tree(labels: &Labels) -> Option<&str> {
    filled(labels, TREE)
}

/// Name of a job's volume, and of its folder for changes; its steps' names begin with it.
pub(super) fn job(claim: &Claim) -> String {
    format!("{PREFIX}{}-{}-{}", claim.job.0.simple(), claim.attempt, claim.epoch)
}

/// Name of a volume of a job's own, by its place among those of the job.
pub(super) fn volume(claim: &Claim, place: usize) -> String {
    format!("{}-volume-{place}", job(claim))
}

/// Name of a step's container.
pub(super) fn container(claim: &Claim, step: usize) -> String {
    format!("{}-{step}", job(claim))
}

/// A name that nothing else has.
pub(super) fn fresh(kind: &str) -> String {
    format!("{PREFIX}{kind}-{}", token())
}

/// 64 random bits in hex.
pub(super) fn token() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// Repository part of the names of images that jobs of an instance build. The instance is free text, so it is hashed.
pub(super) fn built_repository(instance: &str) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(instance.as_bytes());
    format!("slipway-built/{}", hex::encode(&digest[..8]))
}

/// Tag of the image that a step builds.
pub(super) fn built_tag(claim: &Claim, step: usize) -> String {
    format!("{}-{}-{}-{step}", claim.job.0.simple(), claim.attempt, claim.epoch)
}

/// The job that a tag made by [`built_tag`] names.
pub(super) fn built_by(tag: &str) -> Option<Claim> {
    let mut parts = tag.split('-');
    let claim = Claim {
        job: parts.next()?.parse::<JobId>().ok()?,
        attempt: parts.next()?.parse().ok()?,
        epoch: parts.next()?.parse().ok()?,
    };
    parts.next()?.parse::<usize>().ok()?;
    parts.next().is_none().then_some(claim)
}

/// Tag of the image that the last job of a name left as the cache of the next. `scope` keeps those apart that must not share it.
pub(super) fn cache_tag(repository: &str, job: &str, step: &str, scope: &str) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(format!("{repository}\n{job}\n{step}\n{scope}").as_bytes());
    format!("cache-{}", hex::encode(&digest[..12]))
}

/// A filter for what one instance has made.
pub(super) fn of_instance(instance: &str) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![format!("{INSTANCE}={instance}")])])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_claim() -> Claim {
        Claim { job: JobId(uuid::Uuid::from_u128(7)), attempt: 2, epoch: 31 }
    }

    #[test]
    fn labels_name_the_job_the_step_and_the_sandbox() {
        let labels = step_labels("me", &a_claim(), "slipway-sandbox-1", 4, Some("n"));
        assert_eq!(claim(&labels), Some(a_claim()));
        assert_eq!((step(&labels), sandbox(&labels), nonce(&labels)), (Some(4), Some("slipway-sandbox-1"), Some("n")));
        let labels = workspace_labels("me", &a_claim(), "s", None);
        assert_eq!((claim(&labels), step(&labels), tree(&labels)), (Some(a_claim()), None, None));
        assert_eq!(claim(&sandbox_labels("me")), None);
    }

    #[test]
    fn the_tag_of_a_built_image_names_its_job() {
        assert_eq!(built_by(&built_tag(&a_claim(), 3)), Some(a_claim()));
        for other in
            ["", "latest", "x-1-2-3", &cache_tag("a/b", "c", "d", ""), "00000000000000000000000000000007-1-2-3-4"]
        {
            assert_eq!(built_by(other), None, "{other}");
        }
    }

    #[test]
    fn names_hold_for_the_engine() {
        for name in [job(&a_claim()), container(&a_claim(), 0), volume(&a_claim(), 3), fresh("sandbox")] {
            assert!(name.starts_with(PREFIX) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{name}");
        }
    }
}
