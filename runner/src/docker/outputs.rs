//! What a step hands to later ones: the file that `$SLIPWAY_OUTPUT` names in its container. A gate tells it line by line on
//! its control channel, so a restarted runner finds it in the engine's log; of all other programs it is read after the end
//! through the archive API.

use std::sync::{Arc, Mutex, PoisonError};

use bollard::query_parameters::{ContainerArchiveInfoOptionsBuilder, UploadToContainerOptionsBuilder};
use slipway_pipelines::plan::Step;

use super::{
    archive, context,
    engine::{Engine, EngineError, QUICK, within},
};
use crate::executor::{Failed, MOST_OUTPUT_BYTES};

/// The variable.
pub(super) const VARIABLE: &str = "SLIPWAY_OUTPUT";
/// Its value.
pub(super) const FILE: &str = "/tmp/slipway-output";
/// The folder of the file.
const FOLDER: &str = "/tmp";

/// Whether the step may hand something over.
pub(super) fn has_some(step: &Step) -> bool {
    !step.outputs.is_empty()
}

/// What came over the control channel so far.
#[derive(Clone, Default, Debug)]
pub(super) struct Collected(Arc<Mutex<Vec<u8>>>);

impl Collected {
    /// Takes the next bytes, up to one more than there may be.
    pub(super) fn add(&self, bytes: &[u8]) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = (MOST_OUTPUT_BYTES + 1).saturating_sub(all.len());
        all.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Forgets all: it comes once more from the start.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Lines of a gate that make the file, so that any user of the container can write to it.
pub(super) fn before() -> String {
    format!(
        r#"[ -d {FOLDER} ] || mkdir -p -m 1777 {FOLDER} 2>/dev/null
(umask 0; : >>{FILE}) 2>/dev/null || printf '%s\n' 'slipway: cannot write {FILE}: the outputs of this step stay empty'
"#
    )
}

/// Lines of a gate that tell the file when all went well, with what every shell has in itself.
pub(super) fn after(nonce: &str) -> String {
    format!(
        r#"if [ $slipway_code = 0 ] && [ -f {FILE} ] && [ -r {FILE} ]; then
slipway_size=0
while [ $slipway_size -le {MOST_OUTPUT_BYTES} ] && {{ IFS= read -r slipway_line || [ -n "$slipway_line" ]; }}; do
printf '%s\n' "{nonce} out $slipway_line" >&7
slipway_size=$((slipway_size+${{#slipway_line}}+1))
done <{FILE}
fi
"#
    )
}

/// Makes the folder in a container that is not started yet, where the image has none.
pub(super) async fn make_room(engine: &Engine, container: &str) -> Result<(), EngineError> {
    let options = ContainerArchiveInfoOptionsBuilder::new().path(FOLDER).build();
    match within(QUICK, engine.api.get_container_archive_info(container, Some(options))).await {
        Ok(_) => return Ok(()),
        Err(error) if error.is_missing() => {}
        Err(error) => return Err(error),
    }
    let options = UploadToContainerOptionsBuilder::new().path("/").build();
    let folder = bollard::body_full(only_folder().map_err(|error| EngineError::Stream(error.to_string()))?.into());
    within(QUICK, engine.api.upload_to_container(container, Some(options), folder)).await
}

/// An archive of the folder, open to all as everywhere.
fn only_folder() -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_mode(0o1777);
    header.set_size(0);
    tar.append_data(&mut header, FOLDER.trim_start_matches('/'), std::io::empty())?;
    tar.into_inner()
}

/// Reads the file of a container that has ended.
pub(super) async fn read(engine: &Engine, container: &str) -> Result<Vec<u8>, Failed> {
    let unreadable = |error: &dyn std::fmt::Display| Failed::infra(format!("can't read the step's outputs: {error}"));
    let file = archive::get(engine, container, FILE).await.map_err(|error| unreadable(&error))?;
    let Some(file) = file else { return Ok(Vec::new()) };
    let bytes = tokio::task::spawn_blocking(move || context::first_file(file, MOST_OUTPUT_BYTES as u64 + 1)).await;
    bytes.map_err(|error| unreadable(&error))?.map_err(|error| unreadable(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_too_many_is_kept_and_no_more() {
        let collected = Collected::default();
        collected.add(&[b'x'; MOST_OUTPUT_BYTES - 1]);
        collected.add(b"abc");
        collected.add(b"d");
        assert_eq!(collected.bytes().len(), MOST_OUTPUT_BYTES + 1);
        assert!(collected.bytes().ends_with(b"xab"));
        collected.clear();
        assert!(collected.bytes().is_empty());
    }
}
