//! Parts on their way into one object.

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use object_store::{MultipartUpload, UploadPart};

use super::StorageError;

/// Most parts on their way at once.
const AT_ONCE: usize = 3;

/// An upload that is taken back unless it is completed.
pub(super) struct Upload {
    parts: FuturesUnordered<UploadPart>,
    /// `None` once completed.
    upload: Option<Box<dyn MultipartUpload>>,
}

impl Upload {
    pub(super) fn new(upload: Box<dyn MultipartUpload>) -> Self {
        Self { parts: FuturesUnordered::new(), upload: Some(upload) }
    }

    /// Sends a part, as soon as there is room for it.
    pub(super) async fn send(&mut self, chunks: Vec<Bytes>) -> Result<(), StorageError> {
        while self.parts.len() >= AT_ONCE {
            self.parts.next().await.transpose()?;
        }
        if let Some(upload) = &mut self.upload {
            self.parts.push(upload.put_part(chunks.into_iter().collect()));
        }
        Ok(())
    }

    /// Makes the object visible, once all parts are there.
    pub(super) async fn complete(mut self) -> Result<(), StorageError> {
        while self.parts.next().await.transpose()?.is_some() {}
        if let Some(upload) = &mut self.upload {
            upload.complete().await?;
        }
        self.upload = None;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(mut upload) = self.upload.take() else { return };
        self.parts.clear();
        // Outside of a runtime the process ends: what stays is found at the next start.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = upload.abort().await {
                    tracing::warn!(%error, "an upload could not be taken back");
                }
            });
        }
    }
}
