use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Case {
    about: String,
    input: String,
    lines: Vec<Vec<(String, String)>>,
    rest: Option<Vec<(String, String)>>,
}

fn seen(line: &Line) -> Vec<(String, String)> {
    line.spans.iter().map(|span| (span.classes(), span.text.clone())).collect()
}

#[test]
fn the_corpus_shared_with_the_browser_is_drawn_as_it_says() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../../tests/ansi.json")).unwrap();
    assert!(cases.len() > 20);
    for case in cases {
        let (mut parser, mut lines) = (Parser::new(), Vec::new());
        parser.push(&case.input, &mut lines);
        assert_eq!(lines.iter().map(seen).collect::<Vec<_>>(), case.lines, "{}", case.about);
        assert_eq!(parser.rest().map(seen), case.rest, "{}", case.about);
    }
}

#[test]
fn a_long_line_is_cut_and_says_so() {
    let (mut parser, mut lines) = (Parser::new(), Vec::new());
    parser.push(&format!("{}\nshort\n", "x".repeat(MAX_LINE + 5)), &mut lines);
    assert!(lines[0].cut && lines[0].spans[0].text.len() == MAX_LINE);
    assert!(!lines[1].cut);
}

#[test]
fn an_endless_sequence_means_nothing_and_costs_no_memory() {
    let (mut parser, mut lines) = (Parser::new(), Vec::new());
    parser.push(&format!("\x1b[1;{}31mplain\n", "0;".repeat(1_000_000)), &mut lines);
    assert_eq!(seen(&lines[0]), [(String::new(), "plain".to_owned())]);
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "\\PC{0,8}",
        Just("\x1b[".to_owned()),
        Just("\x1b]8;;javascript:alert(1)\x1b\\".to_owned()),
        Just("\x1b]52;c;aGk=\x07".to_owned()),
        "\x1b\\[[0-9;:]{0,12}[mAHJK]",
        "[\r\n\t\x07\x1b\u{9b}\u{202e}<>&\"']{1,6}",
        Just("<script>alert(1)</script>".to_owned()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_control_character_and_no_unknown_class_comes_out(text in hostile()) {
        let (mut parser, mut lines) = (Parser::new(), Vec::new());
        parser.push(&text, &mut lines);
        prop_assert_eq!(lines.len(), text.matches('\n').count());
        for span in lines.iter().chain(parser.rest()).flat_map(|line| &line.spans) {
            prop_assert!(!span.text.is_empty());
            prop_assert!(span.text.chars().all(|c| c == '\t' || !c.is_control()));
            for class in span.classes().split_whitespace() {
                let number = class[1..].parse::<u8>().is_ok() && matches!(&class[..1], "f" | "b");
                prop_assert!(number || ["sb", "sd", "si", "su", "fi", "bi"].contains(&class), "{}", class);
            }
        }
    }

    #[test]
    fn where_a_piece_is_cut_does_not_matter(text in hostile(), cuts in prop::collection::vec(0usize..200, 0..6)) {
        let (mut whole, mut expected) = (Parser::new(), Vec::new());
        whole.push(&text, &mut expected);
        let (mut parser, mut lines) = (Parser::new(), Vec::new());
        let characters: Vec<char> = text.chars().collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(characters.len())).collect();
        cuts.extend([0, characters.len()]);
        cuts.sort_unstable();
        for pair in cuts.windows(2) {
            parser.push(&characters[pair[0]..pair[1]].iter().collect::<String>(), &mut lines);
        }
        prop_assert_eq!(lines, expected);
        prop_assert_eq!(parser.rest(), whole.rest());
        prop_assert_eq!(parser.style(), whole.style());
    }

    #[test]
    fn a_style_comes_back_from_its_parameters(text in "[0-9;:]{0,40}") {
        let mut style = Style::default();
        style.apply(&text);
        let mut again = Style::default();
        again.apply(&style.parameters());
        prop_assert_eq!(again, style);
    }
}
