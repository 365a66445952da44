use proptest::prelude::*;

use super::*;
use crate::{diagnostic::Diagnostic, report::Report};

fn read(text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    let mut report = Report::new("x.yml");
    let node = load::load(text, 0, &mut report);
    (node, report.finish())
}

/// As compact text, to compare.
fn show(node: &Node) -> String {
    match &node.value {
        Value::Scalar(scalar) if scalar.is_null() => "null".into(),
        Value::Scalar(scalar) if scalar.plain => scalar.text.clone(),
        Value::Scalar(scalar) => format!("{:?}", scalar.text),
        Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(",")),
        Value::Map(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|entry| format!("{}:{}", entry.key, show(&entry.value))).collect();
            format!("{{{}}}", entries.join(","))
        }
    }
}

fn tree(text: &str) -> String {
    let (node, found) = read(text);
    assert!(found.is_empty(), "{found:?}");
    show(&node.unwrap())
}

fn first_error(text: &str) -> Diagnostic {
    read(text).1.into_iter().find(Diagnostic::is_error).unwrap()
}

#[test]
fn order_and_spelling_are_kept() {
    assert_eq!(tree("z: 1.20\na: 'x'\nm:\n- true\n- \"true\"\n-\n"), r#"{z:1.20,a:"x",m:[true,"true",null]}"#);
    assert_eq!(tree("a: !!str 12\nb: |\n  x\n  y\n"), r#"{a:"12",b:"x\ny\n"}"#);
}

#[test]
fn spans_are_bytes_lines_and_characters() {
    let text = "ä: [ö, foo]\n";
    let (node, _) = read(text);
    let node = node.unwrap();
    let Value::List(items) = &node.get("ä").unwrap().value else { panic!() };
    assert_eq!(&text[items[1].span.start..items[1].span.end], "foo");
    assert_eq!((items[1].span.line, items[1].span.column), (1, 8));
}

#[test]
fn merges_follow_woodpecker() {
    let base = "v: &a {x: 1, y: 1}\nw: &b {y: 2, z: 2}\nl: &l [p, q]\nm: &m [r]\n";
    let of = |rest: &str| tree(&format!("{base}t: {rest}\n")).rsplit_once(",t:").unwrap().1.to_owned();
    assert_eq!(of("{<<: *a, x: 9}"), "{y:1,x:9}}");
    assert_eq!(of("{<<: [*a, *b]}"), "{x:1,y:1,z:2}}");
    assert_eq!(of("[{<<: *l}, s]"), "[p,q,s]}");
    assert_eq!(of("[{<<: [*l, *m]}]"), "[p,q,r]}");
    assert_eq!(of("[{<<: [*a, *b]}]"), "[{x:1,y:1,z:2}]}");
    assert_eq!(of("{'<<': 1}"), "{<<:1}}");
    assert!(first_error(&format!("{base}t: {{<<: 3}}")).message.contains("`<<` merges maps"));
}

#[test]
fn lists_are_merged_in_their_place() {
    let base = "a: &a [p, q]\nb: &b\n  - r\nn: &n []\nc: &c [x, {<<: *a}]\nm: &m {k: 1}\n";
    let of = |rest: &str| tree(&format!("{base}t:{rest}")).rsplit_once(",t:").unwrap().1.to_owned();
    assert_eq!(of("\n- <<: *a # first\n- s\n- <<: *b\n- u\n- <<: *a\n"), "[p,q,s,r,u,p,q]}");
    assert_eq!(of("\n- s\n- <<: [*a, *b]\n- <<:\n  - *b\n  - *a\n"), "[s,p,q,r,r,p,q]}");
    assert_eq!(of(" [{<<: *n}, {<<: [*n, *b]}]"), "[r]}");
    // What is merged may be merged itself, and maps with more keys are maps.
    assert_eq!(of(" [{<<: *c}]"), "[x,p,q]}");
    assert_eq!(of(" [{<<: *m, l: 2}, [{<<: *a}]]"), "[{k:1,l:2},[p,q]]}");
    for wrong in
        ["[{<<: text}]", "[{<<: [*a, x]}]", "[{<<: [*a, *m]}]", "[{<<: *a, x: 1}]", "{<<: *a}", "[&x {<<: *a}]"]
    {
        let found = first_error(&format!("{base}t: {wrong}\n"));
        assert!(found.message.starts_with("`<<` merges maps, this is "), "{wrong}: {}", found.message);
    }
}

#[test]
fn mistakes_have_a_place() {
    let twice = first_error("a: 1\nb: 2\na: 3\n");
    assert_eq!(twice.message, "the key `a` is given twice");
    assert_eq!(twice.span.unwrap().line, 3);
    assert_eq!(twice.help.unwrap(), "it is already on line 1; remove one of the two");
    assert!(first_error("a: *nope\n").message.contains("`&nope`"));
    assert!(first_error("a: &a [*a]\n").message.contains("part of"));
    assert!(first_error("? [a]\n: b\n").message.contains("a key must be text"));
    assert!(first_error("a: !secret x\n").message.contains("`!secret`"));
    assert!(first_error("a: 1\n---\nb: 2\n").message.contains("second document"));
    assert!(first_error("a: [1\nb: 2\n").message.starts_with("this is not valid YAML"));
    assert!(read("").0.is_none() && read("").1.is_empty());
}

#[test]
fn bombs_are_refused_at_once() {
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let list = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs += &format!("a{level}: &a{level} [{list}]\n");
    }
    let began = std::time::Instant::now();
    assert!(first_error(&laughs).message.contains("aliases followed"));
    assert!(
        first_error(&format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 1000].join(",")))
            .message
            .contains("2 MiB")
    );
    assert!(first_error(&"[".repeat(200_000)).is_error());
    assert!(first_error(&"- ".repeat(100_000)).is_error());
    assert!(first_error(&"{a: ".repeat(60_000)).is_error());
    assert!(first_error(&format!("[{}]", "1,".repeat(100_000))).message.contains("20000 values"));
    assert!(
        first_error(&(0..40).fold("a: &a0 x\n".to_owned(), |text, n| text + &format!("b{n}: &a{} [*a{n}]\n", n + 1)))
            .message
            .contains("32 deep")
    );
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "[-\\[\\]{}&*!|>'\"%@`#?:,a-c<~ \n\t\\\\é\u{0}]{0,200}") {
        let (_, found) = read(&text);
        for found in found {
            if let Some(span) = found.span {
                prop_assert!(span.start <= span.end && span.end <= text.len(), "{span:?}");
                prop_assert!(span.line >= 1 && span.column >= 1);
            }
        }
    }
}
