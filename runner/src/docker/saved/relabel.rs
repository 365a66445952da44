//! A saved image under another name. Names are in its `manifest.json`, and in the form of newer engines in `index.json`, too.

use std::io::{self, Read, Write};

use serde_json::{Value, json};
use tar::EntryType;

/// Largest list of names that is read.
const MOST: u64 = 4 << 20;
/// Where containerd keeps names.
const NAME: &str = "io.containerd.image.name";
const VERSION: &str = "org.opencontainers.image.ref.name";

/// Copies an archive of one image as the engine writes it, so that the image has this name and no other.
pub(super) fn relabel(mut from: impl Read, to: impl Write, name: &str) -> io::Result<()> {
    let mut start = [0; 2];
    from.read_exact(&mut start).map_err(|_| io::Error::other("it is empty"))?;
    if start == [0x1f, 0x8b] {
        return Err(io::Error::other("it is compressed; save it as it is, or unpack it in a step before"));
    }
    let mut from = tar::Archive::new(start.chain(from));
    let mut to = tar::Builder::new(to);
    let mut named = false;
    for entry in from.entries().map_err(no_image)? {
        let mut entry = entry.map_err(no_image)?;
        let path = entry.path()?.into_owned();
        let mut header = entry.header().clone();
        match (header.entry_type(), path.to_str()) {
            (EntryType::Regular, Some("manifest.json")) => {
                append(&mut to, &mut header, "manifest.json", &manifest(&read(entry)?, name)?)?;
                named = true;
            }
            (EntryType::Regular, Some("index.json")) => {
                append(&mut to, &mut header, "index.json", &index(&read(entry)?, name)?)?;
            }
            // Names only, in the oldest form.
            (EntryType::Regular, Some("repositories")) => {}
            (EntryType::Regular | EntryType::Directory, Some(_)) => to.append_data(&mut header, &path, &mut entry)?,
            // Layers that are alike are written once.
            (EntryType::Symlink | EntryType::Link, Some(_)) => {
                let link = entry.link_name()?.unwrap_or_default().into_owned();
                to.append_link(&mut header, &path, link)?;
            }
            _ => return Err(io::Error::other(format!("`{}` is no part of a saved image", path.display()))),
        }
    }
    if !named {
        return Err(no_image("it has no `manifest.json`"));
    }
    to.into_inner()?.flush()
}

fn no_image(why: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("it is no image as `docker save` or `build: {{save: …}}` writes it: {why}"))
}

fn read(entry: impl Read) -> io::Result<Value> {
    serde_json::from_reader(entry.take(MOST)).map_err(no_image)
}

fn append(to: &mut tar::Builder<impl Write>, header: &mut tar::Header, path: &str, json: &Value) -> io::Result<()> {
    let text = json.to_string();
    header.set_size(text.len() as u64);
    to.append_data(header, path, text.as_bytes())
}

fn manifest(read: &Value, name: &str) -> io::Result<Value> {
    let images = read.as_array().map(Vec::as_slice).unwrap_or_default();
    let [image] = images else {
        return Err(io::Error::other(format!("it holds {} images, and a step has one", images.len())));
    };
    let mut image = image.clone();
    match image.as_object_mut() {
        Some(fields) => fields.insert("RepoTags".to_owned(), json!([name])),
        None => return Err(no_image("its `manifest.json` has another form")),
    };
    Ok(json!([image]))
}

/// The same image may be there once for each name that it had.
fn index(read: &Value, name: &str) -> io::Result<Value> {
    let mut index = read.clone();
    let Some(manifests) = index.get_mut("manifests").and_then(Value::as_array_mut) else {
        return Err(no_image("its `index.json` has another form"));
    };
    let mut seen = Vec::new();
    manifests.retain(|manifest| {
        let digest = manifest["digest"].clone();
        let is_new = !seen.contains(&digest);
        seen.push(digest);
        is_new
    });
    for manifest in manifests {
        let Some(fields) = manifest.as_object_mut() else { continue };
        let notes = fields.entry("annotations").or_insert_with(|| json!({}));
        if !notes.is_object() {
            *notes = json!({});
        }
        notes[NAME] = name.into();
        notes[VERSION] = name.rsplit(':').next().unwrap_or(name).into();
    }
    Ok(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, path, content.as_bytes()).unwrap();
        }
        tar.into_inner().unwrap()
    }

    fn done(files: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
        let mut to = Vec::new();
        relabel(&archive(files)[..], &mut to, "own/image:1-2").map_err(|error| error.to_string())?;
        let mut archive = tar::Archive::new(&to[..]);
        let text = |mut entry: tar::Entry<'_, &[u8]>| {
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            (entry.path().unwrap().to_string_lossy().into_owned(), text)
        };
        Ok(archive.entries().unwrap().map(|entry| text(entry.unwrap())).collect())
    }

    #[test]
    fn no_name_that_it_was_saved_under_is_left() {
        let files = [
            ("abc/layer.tar", "layer"),
            ("repositories", r#"{"alpine":{"latest":"abc"}}"#),
            (
                "manifest.json",
                r#"[{"Config":"c.json","RepoTags":["alpine:latest","me/x:1"],"Layers":["abc/layer.tar"]}]"#,
            ),
            (
                "index.json",
                r#"{"manifests":[
                    {"digest":"sha256:1","annotations":{"io.containerd.image.name":"docker.io/library/alpine:latest","a":"b"}},
                    {"digest":"sha256:1","annotations":{"io.containerd.image.name":"me/x:1"}}]}"#,
            ),
        ];
        let done = done(&files).unwrap();
        assert_eq!(
            done.iter().map(|(path, _)| &**path).collect::<Vec<_>>(),
            ["abc/layer.tar", "manifest.json", "index.json"]
        );
        assert_eq!(done[0].1, "layer");
        let manifest: Value = serde_json::from_str(&done[1].1).unwrap();
        assert_eq!(manifest, json!([{"Config": "c.json", "RepoTags": ["own/image:1-2"], "Layers": ["abc/layer.tar"]}]));
        let index: Value = serde_json::from_str(&done[2].1).unwrap();
        let notes = json!({NAME: "own/image:1-2", VERSION: "1-2", "a": "b"});
        assert_eq!(index, json!({"manifests": [{"digest": "sha256:1", "annotations": notes}]}));
    }

    #[test]
    fn what_is_no_saved_image_is_refused() {
        let said = |files: &[(&str, &str)]| done(files).unwrap_err();
        assert!(said(&[("etc/passwd", "root")]).contains("no `manifest.json`"));
        assert_eq!(said(&[("manifest.json", "[{}, {}]")]), "it holds 2 images, and a step has one");
        assert!(said(&[("manifest.json", "[")]).contains("docker save"));
        let whole = |bytes: &[u8]| relabel(bytes, io::sink(), "x").unwrap_err().to_string();
        assert_eq!(whole(b""), "it is empty");
        assert!(whole(&[0x1f, 0x8b, 8, 0]).contains("compressed"));
        assert!(whole(&[b'x'; 2000]).contains("docker save"));
    }
}
