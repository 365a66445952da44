//! The files that pages load, inside the binary. All lie below one folder whose name is a hash of them all, so that
//! they can be cached for ever and modules import each other by relative paths.

use std::sync::LazyLock;

use crate::{
    bundle, palette,
    sign::{self, Sign},
};
use sha2::{Digest, Sha256};

/// One file.
#[derive(Debug)]
pub struct Asset {
    /// Name in the folder.
    pub name: String,
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// Content.
    pub text: String,
}

struct Assets {
    folder: String,
    files: Vec<Asset>,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let mut files = vec![
        file("slipway.css", STYLE, [include_str!("../assets/slipway.css"), &sign::css(), &palette::css()].concat()),
        file("ansi.js", SCRIPT, include_str!("../assets/ansi.js").to_owned()),
        file("ask.js", SCRIPT, include_str!("../assets/ask.js").to_owned()),
        file("bar.js", SCRIPT, include_str!("../assets/bar.js").to_owned()),
        file("build.js", SCRIPT, include_str!("../assets/build.js").to_owned()),
        file("endless.js", SCRIPT, include_str!("../assets/endless.js").to_owned()),
        file("filter.js", SCRIPT, include_str!("../assets/filter.js").to_owned()),
        file("find.js", SCRIPT, include_str!("../assets/find.js").to_owned()),
        file("folding.js", SCRIPT, include_str!("../assets/folding.js").to_owned()),
        file("folds.js", SCRIPT, include_str!("../assets/folds.js").to_owned()),
        file("follow.js", SCRIPT, include_str!("../assets/follow.js").to_owned()),
        file("held.js", SCRIPT, include_str!("../assets/held.js").to_owned()),
        file("home.js", SCRIPT, include_str!("../assets/home.js").to_owned()),
        file("keys.js", SCRIPT, include_str!("../assets/keys.js").to_owned()),
        file("lines.js", SCRIPT, include_str!("../assets/lines.js").to_owned()),
        file("live.js", SCRIPT, include_str!("../assets/live.js").to_owned()),
        file("log.js", SCRIPT, include_str!("../assets/log.js").to_owned()),
        file("marks.js", SCRIPT, include_str!("../assets/marks.js").to_owned()),
        file("queue.js", SCRIPT, include_str!("../assets/queue.js").to_owned()),
        file("repository.js", SCRIPT, include_str!("../assets/repository.js").to_owned()),
        file("search.js", SCRIPT, include_str!("../assets/search.js").to_owned()),
        file("page.js", SCRIPT, include_str!("../assets/page.js").to_owned()),
        file("watch.js", SCRIPT, include_str!("../assets/watch.js").to_owned()),
        file("pages.js", SCRIPT, include_str!("../assets/pages.js").to_owned()),
        file("rows.js", SCRIPT, include_str!("../assets/rows.js").to_owned()),
        file("scroll.js", SCRIPT, include_str!("../assets/scroll.js").to_owned()),
        file("stamps.js", SCRIPT, include_str!("../assets/stamps.js").to_owned()),
        file("stream.js", SCRIPT, include_str!("../assets/stream.js").to_owned()),
        file("swap.js", SCRIPT, include_str!("../assets/swap.js").to_owned()),
        file("tail.js", SCRIPT, include_str!("../assets/tail.js").to_owned()),
        file("view.js", SCRIPT, include_str!("../assets/view.js").to_owned()),
        file("icon.svg", PICTURE, sign::icon(None)),
    ];
    together(&mut files);
    files.extend(sign::ALL.map(|one| file(&icon(one), PICTURE, sign::icon(Some(one)))));
    let mut hash = Sha256::new();
    for asset in &files {
        hash.update(&asset.name);
        hash.update(&asset.text);
    }
    Assets { folder: hex::encode(&hash.finalize()[..8]), files }
});

/// Puts into each page's own module what it imports. One that cannot be is left as it is, and works, too.
fn together(files: &mut [Asset]) {
    let modules: Vec<(String, String)> = files
        .iter()
        .filter(|file| file.content_type == SCRIPT)
        .map(|file| (file.name.clone(), file.text.clone()))
        .collect();
    let find = |name: &str| modules.iter().find(|(other, _)| other == name).map(|(_, text)| text.as_str());
    for file in files.iter_mut().filter(|file| file.content_type == SCRIPT && bundle::is_entry(&file.text)) {
        if let Ok(text) = bundle::bundle(&file.name, &find) {
            file.text = text;
        }
    }
}

fn file(name: &str, content_type: &'static str, text: String) -> Asset {
    Asset { name: name.to_owned(), content_type, text }
}

fn icon(sign: Sign) -> String {
    format!("icon-{}.svg", sign.as_str())
}

/// Path of the folder, without a slash at the end: `/assets/0123456789abcdef`.
pub fn folder() -> String {
    format!("/assets/{}", ASSETS.folder)
}

/// The path of a file.
pub fn path(name: &str) -> String {
    format!("{}/{name}", folder())
}

/// The path of the icon that shows a sign; Slipway's own without one.
pub fn icon_path(sign: Option<Sign>) -> String {
    path(&sign.map_or_else(|| "icon.svg".to_owned(), icon))
}

/// The file of this name in the folder of this hash. Another hash is another version's: there is no such file.
pub fn find(folder: &str, name: &str) -> Option<&'static Asset> {
    if folder != ASSETS.folder {
        return None;
    }
    ASSETS.files.iter().find(|asset| asset.name == name)
}

/// Every file.
pub fn all() -> &'static [Asset] {
    &ASSETS.files
}
