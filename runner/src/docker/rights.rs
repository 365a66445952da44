//! What a step asks for beyond the usual, as the engine takes it. The compiler has refused what its repository may not have.

use bollard::models::{DeviceMapping, HostConfig};
use slipway_pipelines::plan::{Access, Resources};

/// Most processes in a container that sets no limit of its own.
pub(super) const PIDS: i64 = 1024;

/// Limits. More processors than there are would be refused, and mean all of them.
pub(super) fn limit(resources: &Resources, cpus: u32, host: &mut HostConfig) {
    host.pids_limit = Some(resources.pids.map_or(PIDS, i64::from));
    host.nano_cpus = resources.cpu_millis.map(|millis| i64::from(millis.min(cpus.saturating_mul(1000))) * 1_000_000);
    if let Some(bytes) = resources.memory_bytes {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        host.memory = Some(bytes);
        // Memory and swap together: without it half of the memory again would come from the disk, slowly.
        host.memory_swap = Some(bytes);
        // Half of the machine's memory would be there to fill, and the kernel's killer at its end.
        for options in host.tmpfs.iter_mut().flat_map(|folders| folders.values_mut()) {
            if !options.split(',').any(|option| option.starts_with("size=")) {
                *options =
                    format!("{}size={bytes}", if options.is_empty() { String::new() } else { format!("{options},") });
            }
        }
    }
}

/// Rights. A volume of the engine is the user's own: it gets no label of ours, and nothing here ever removes it.
pub(super) fn grant(access: &Access, host: &mut HostConfig) {
    let some = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    host.privileged = Some(access.privileged);
    host.binds = some(&access.volumes);
    host.devices = (!access.devices.is_empty()).then(|| access.devices.iter().map(|text| device(text)).collect());
    host.tmpfs = (!access.tmpfs.is_empty()).then(|| {
        let pairs = access.tmpfs.iter().map(|text| text.split_once(':').unwrap_or((text, "")));
        pairs.map(|(path, options)| (path.to_owned(), options.to_owned())).collect()
    });
    host.dns = some(&access.dns);
    host.dns_search = some(&access.dns_search);
    host.extra_hosts = some(&access.extra_hosts);
}

/// `host[:container[:rwm]]`, or `host:rwm`.
fn device(text: &str) -> DeviceMapping {
    let mut parts = text.splitn(3, ':');
    let host = parts.next().unwrap_or_default();
    let (inside, rights) = match (parts.next(), parts.next()) {
        (None, _) => (host, "rwm"),
        (Some(inside), Some(rights)) => (inside, rights),
        (Some(rights), None) if !rights.starts_with('/') => (host, rights),
        (Some(inside), None) => (inside, "rwm"),
    };
    DeviceMapping {
        path_on_host: Some(host.to_owned()),
        path_in_container: Some(inside.to_owned()),
        cgroup_permissions: Some(rights.to_owned()),
    }
}

/// Whether the container needs name resolution of its own, which the engine refuses in another's network namespace.
pub(super) fn has_own_names(access: &Access) -> bool {
    !(access.dns.is_empty() && access.dns_search.is_empty() && access.extra_hosts.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_as_docker_run_does() {
        let read = |text: &str| {
            let device = device(text);
            [device.path_on_host, device.path_in_container, device.cgroup_permissions].map(Option::unwrap).join(" ")
        };
        assert_eq!(read("/dev/kvm"), "/dev/kvm /dev/kvm rwm");
        assert_eq!(read("/dev/kvm:r"), "/dev/kvm /dev/kvm r");
        assert_eq!(read("/dev/sda:/dev/x"), "/dev/sda /dev/x rwm");
        assert_eq!(read("/dev/sda:/dev/x:r"), "/dev/sda /dev/x r");
    }

    #[test]
    fn limits_are_the_plans_or_ours() {
        let mut host = HostConfig::default();
        limit(&Resources::default(), 2, &mut host);
        assert_eq!((host.pids_limit, host.memory, host.memory_swap, host.nano_cpus), (Some(PIDS), None, None, None));
        let resources = Resources { cpu_millis: Some(1500), memory_bytes: Some(64 << 20), pids: Some(7) };
        limit(&resources, 2, &mut host);
        assert_eq!((host.pids_limit, host.nano_cpus), (Some(7), Some(1_500_000_000)));
        assert_eq!((host.memory, host.memory_swap), (Some(64 << 20), Some(64 << 20)));
        let folders = [("/a", ""), ("/b", "mode=700"), ("/c", "size=1m")];
        host.tmpfs = Some(folders.map(|(path, options)| (path.to_owned(), options.to_owned())).into());
        limit(&resources, 1, &mut host);
        let folders: std::collections::BTreeMap<_, _> = host.tmpfs.take().unwrap().into_iter().collect();
        let options: Vec<&str> = folders.values().map(String::as_str).collect();
        assert_eq!(options, ["size=67108864", "mode=700,size=67108864", "size=1m"]);
        assert_eq!(host.nano_cpus, Some(1_000_000_000), "the engine has no more");
    }
}
