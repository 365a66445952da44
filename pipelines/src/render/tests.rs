use super::*;
use crate::compile::tests::{context, file};

#[test]
fn peek() {
    let files = [file(
        ".slipway.yml",
        "steps:\n  - name: a\n    image: Foo bar\n    comands:\n      - x\n  - name: b\n    image: x\n    depends_on: [c]\nfoo: 1\n",
    )];
    let done = crate::compile::compile(&files, &context());
    eprintln!("{}", render(&done.diagnostics, &files, false));
    panic!();
}
