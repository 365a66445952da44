//! Who a runner is: an id that outlives the process, so that a restarted runner is the same runner.

use std::{fs, io, path::Path};

use slipway_pipelines::ids::RunnerId;
use uuid::Uuid;

/// Reads `DATA/runner-id`, or makes it.
pub(crate) fn runner_id(data: &Path) -> Result<RunnerId, String> {
    let path = data.join("runner-id");
    match fs::read_to_string(&path) {
        Ok(text) => {
            text.trim().parse().map_err(|_| format!("`{}` does not hold a runner id; remove it", path.display()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(data, &path),
        Err(error) => Err(format!("cannot read `{}`: {error}", path.display())),
    }
}

fn make(data: &Path, path: &Path) -> Result<RunnerId, String> {
    let id = RunnerId(Uuid::now_v7());
    let temporary = data.join("runner-id.new");
    fs::create_dir_all(data)
        .and_then(|()| fs::write(&temporary, id.to_string()))
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    Ok(id)
}

/// The host's name, for people.
pub(crate) fn host_name() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| fs::read_to_string("/etc/hostname"))
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "runner".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("new");
        let first = runner_id(&data).unwrap();
        assert_eq!(runner_id(&data).unwrap(), first);
        fs::write(data.join("runner-id"), "x").unwrap();
        assert!(runner_id(&data).unwrap_err().contains("runner-id"));
    }
}
