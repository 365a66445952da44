//! Cobertura XML: `class` has a file and `lines`; those of its `methods` are the same once more.

use std::io::Read;

use slipway_pipelines::wire::MOST_NAME;

use super::{
    Goes, Item, Take, Unreadable,
    input::Input,
    lines::Lines,
    xml::{Document, Piece},
};

pub(super) fn read<R: Read>(input: Input<R>, take: Take<'_>) -> Result<(), Unreadable> {
    let mut document = Document::new(input);
    let mut lines = Lines::default();
    let mut depth = 0;
    let mut file: Option<(String, usize)> = None;
    while let Some(piece) = document.next()? {
        let element = match piece {
            Piece::Start(element) => element,
            Piece::End => {
                depth -= 1;
                file = file.filter(|(_, at)| depth > *at);
                continue;
            }
            Piece::Text(_) => continue,
        };
        if depth == 0 && element.name != "coverage" {
            let shown: String = element.name.chars().take(40).collect();
            return Err(document.wrong(format!("it begins with `<{shown}>`, Cobertura with `<coverage>`")));
        }
        match (element.name.as_str(), &file) {
            ("class", _) => {
                let name = element.get("filename").unwrap_or_default().trim();
                let name = &name[..name.floor_char_boundary(MOST_NAME)];
                if !name.is_empty() {
                    lines.file(name);
                    file = Some((name.to_owned(), depth));
                }
            }
            ("line", Some((file, _))) => {
                let number = element.get("number").and_then(|number| number.trim().parse().ok());
                let ran = element.get("hits").is_some_and(|hits| !hits.trim().trim_start_matches('0').is_empty());
                if let Some(number) = number {
                    lines.add(file, number, ran).map_err(|why| document.wrong(why))?;
                }
            }
            _ => {}
        }
        depth += 1;
    }
    for file in lines.files() {
        match take(Item::File(file)).map_err(|why| document.wrong(why))? {
            Goes::Continue(()) => {}
            Goes::Break(()) => break,
        }
    }
    Ok(())
}
