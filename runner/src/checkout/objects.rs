//! Gives a new repository the objects of another, without copying where the file system can link.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Most repositories in a chain of alternates.
const CHAIN: usize = 5;

/// Links, or copies, all objects below `from` (an `objects` folder) and its alternates into `to`.
pub(super) fn share(from: &Path, to: &Path) -> io::Result<()> {
    let mut folder = Some(from.to_path_buf());
    for _ in 0..CHAIN {
        let Some(from) = folder.take() else { break };
        share_one(&from, to)?;
        folder = alternate(&from)?;
    }
    Ok(())
}

/// The next folder of objects, where there is one.
fn alternate(objects: &Path) -> io::Result<Option<PathBuf>> {
    match fs::read_to_string(objects.join("info/alternates")) {
        Ok(text) => {
            Ok(text.lines().find(|line| !line.is_empty() && !line.starts_with('#')).map(|line| objects.join(line)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn share_one(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let is_fan_out = name.len() == 2 && is_hex(name);
        if !(is_fan_out || name == "pack") || !entry.file_type()?.is_dir() {
            continue;
        }
        fs::create_dir_all(to.join(name))?;
        let mut files: Vec<String> =
            fs::read_dir(entry.path())?.filter_map(|file| file.ok()?.file_name().into_string().ok()).collect();
        files.retain(|file| if is_fan_out { is_hex(file) } else { is_pack(file) });
        // A pack counts as soon as its index is there: so that comes last.
        files.sort_by_key(|file| file.ends_with(".idx"));
        for file in files {
            link(&entry.path().join(&file), &to.join(name).join(&file))?;
        }
    }
    Ok(())
}

fn is_hex(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_pack(name: &str) -> bool {
    name.starts_with("pack-") && (name.ends_with(".pack") || name.ends_with(".idx"))
}

fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Packed anew meanwhile: its objects are in a pack that came later, or the checkout will say what is missing.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) => fs::copy(from, to).map(|_| ()),
    }
}
