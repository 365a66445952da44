//! What the engine says about the layers of a pull, added up.

use std::{collections::HashMap, time::Duration};

use bollard::models::CreateImageInfo;

/// All that was heard.
#[derive(Default, Debug)]
pub(super) struct Layers {
    layers: HashMap<String, Layer>,
    /// Of the manifest: `sha256:…`.
    digest: Option<String>,
}

#[derive(Default, Debug)]
struct Layer {
    current: i64,
    total: i64,
    is_done: bool,
}

impl Layers {
    /// Takes an answer; says whether there is progress.
    pub(super) fn take(&mut self, answer: CreateImageInfo) -> bool {
        let Some(status) = answer.status else { return false };
        let Some(layer) = answer.id else {
            if let Some(digest) = status.strip_prefix("Digest: ") {
                self.digest = Some(digest.trim().to_owned());
            }
            return false;
        };
        let detail = answer.progress_detail.unwrap_or_default();
        self.heard(layer, &status, detail.current, detail.total);
        true
    }

    fn heard(&mut self, layer: String, status: &str, current: Option<i64>, total: Option<i64>) {
        // The tag itself comes along as a layer, once, before there are any.
        if status.starts_with("Pulling from") {
            return;
        }
        let layer = self.layers.entry(layer).or_default();
        if status == "Downloading" {
            layer.current = current.unwrap_or(layer.current);
            layer.total = total.unwrap_or(layer.total);
        } else if matches!(status, "Verifying Checksum" | "Download complete" | "Pull complete") {
            // A small layer is there before the engine tells of any part of it.
            layer.current = layer.current.max(layer.total);
        }
        layer.is_done |= matches!(status, "Pull complete" | "Already exists");
    }

    /// How far it is.
    pub(super) fn summary(&self) -> String {
        let done = self.layers.values().filter(|layer| layer.is_done).count();
        let (current, total) = (self.bytes(|layer| layer.current), self.bytes(|layer| layer.total));
        let of = format!("{done} of {}", layers(self.layers.len()));
        if total == 0 { of } else { format!("{of}, {} of {}", size(current), size(total)) }
    }

    /// The line for its end.
    pub(super) fn sentence(&self, what: &str, took: Duration) -> String {
        let digest = self.digest.as_ref().map(|digest| format!(", {digest}")).unwrap_or_default();
        let seconds = took.as_secs_f64();
        if self.layers.is_empty() {
            return format!("Pulled {what}: nothing to download, {seconds:.1} s{digest}\n");
        }
        let size = match self.bytes(|layer| layer.total) {
            0 => String::new(),
            bytes => format!(", {}", size(bytes)),
        };
        format!("Pulled {what}: {}{size}, {seconds:.1} s{digest}\n", layers(self.layers.len()))
    }

    fn bytes(&self, part: fn(&Layer) -> i64) -> i64 {
        self.layers.values().map(part).sum()
    }
}

fn layers(count: usize) -> String {
    if count == 1 { "1 layer".to_owned() } else { format!("{count} layers") }
}

fn size(bytes: i64) -> String {
    let bytes = bytes as f64;
    if bytes < 1e6 {
        format!("{:.0} kB", (bytes / 1e3).ceil())
    } else if bytes < 1e9 {
        format!("{:.1} MB", bytes / 1e6)
    } else {
        format!("{:.2} GB", bytes / 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: &str) -> CreateImageInfo {
        CreateImageInfo { status: Some(status.into()), ..Default::default() }
    }

    #[test]
    fn layers_add_up() {
        let mut layers = Layers::default();
        layers.heard("latest".into(), "Pulling from library/x", None, None);
        layers.heard("a".into(), "Pulling fs layer", None, None);
        layers.heard("b".into(), "Already exists", None, None);
        assert_eq!(layers.summary(), "1 of 2 layers");
        layers.heard("a".into(), "Downloading", Some(1_000_000), Some(2_000_000));
        layers.heard("a".into(), "Downloading", Some(1_500_000), Some(2_000_000));
        layers.heard("a".into(), "Extracting", Some(1), Some(9));
        assert_eq!(layers.summary(), "1 of 2 layers, 1.5 MB of 2.0 MB");
        layers.heard("a".into(), "Pull complete", None, None);
        assert_eq!(layers.summary(), "2 of 2 layers, 2.0 MB of 2.0 MB");
        assert!(!layers.take(said("Digest: sha256:12")));
        assert!(!layers.take(said("Status: Downloaded newer image for x:latest")));
        let took = Duration::from_millis(1260);
        assert_eq!(layers.sentence("x", took), "Pulled x: 2 layers, 2.0 MB, 1.3 s, sha256:12\n");
    }

    #[test]
    fn an_image_that_did_not_change_says_so() {
        let mut layers = Layers::default();
        layers.heard("latest".into(), "Pulling from library/x", None, None);
        layers.take(said("Digest: sha256:12"));
        let took = Duration::from_millis(40);
        assert_eq!(layers.sentence("x", took), "Pulled x: nothing to download, 0.0 s, sha256:12\n");
    }

    #[test]
    fn sizes_keep_to_what_people_read() {
        for (bytes, text) in [(1, "1 kB"), (999_000, "999 kB"), (1_250_000, "1.2 MB"), (3_456_000_000, "3.46 GB")] {
            assert_eq!(size(bytes), text);
        }
    }
}
