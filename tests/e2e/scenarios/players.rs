//! Woodpecker's scenarios are written for an executor that runs nothing and obeys the environment. On Docker an image does the
//! same: its program `play` sleeps as long as `SLEEP` says and exits with `STEP_EXIT_CODE`.

use crate::harness::{
    docker::BUSYBOX,
    image::{Image, program},
    server::Server,
};

const PLAY: &str = r#"#!/bin/sh
case "${SLEEP:-0}" in
    *ms) n=${SLEEP%ms}; sleep "$((n / 1000)).$(printf %03d $((n % 1000)))" ;;
    *) sleep "${SLEEP:-0}" ;;
esac
[ -z "$STEP_OOM_KILLED" ] || exit 137
exit "${STEP_EXIT_CODE:-0}"
"#;

/// The image that plays.
pub(super) struct Players(Image);

impl Players {
    pub(super) async fn hire(server: &Server) -> Self {
        let play = program("/bin/play", PLAY);
        let dockerfile = format!("FROM {BUSYBOX}\n{play}ENTRYPOINT [\"/bin/play\"]\n");
        Self(Image::build(server, "play", &dockerfile).await)
    }

    pub(super) fn cast(&self, text: &str) -> String {
        cast(text, &self.0.name)
    }

    pub(super) async fn dismiss(self) {
        self.0.remove().await;
    }
}

/// The pipeline with `play` as the last command of every step, and the image in the place of `dummy`.
fn cast(text: &str, image: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut block: Option<usize> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if let Some(above) = block
            && !line.trim().is_empty()
            && !(indent >= above && line.trim_start().starts_with("- "))
        {
            lines.push(format!("{}- play", " ".repeat(above + 2)));
            block = None;
        }
        if line.trim_start() == "commands:" {
            block = Some(indent);
        }
        lines.push(line.replace("image: dummy", &format!("image: {image}")));
    }
    if let Some(above) = block {
        lines.push(format!("{}- play", " ".repeat(above + 2)));
    }
    lines.join("\n") + "\n"
}

#[test]
fn every_step_plays() {
    let text = "steps:\n  - name: a\n    image: dummy\n    commands:\n      - echo a\n    when: x\n  - name: b\n    image: dummy\n    commands:\n      - b\n";
    let wanted = "steps:\n  - name: a\n    image: i\n    commands:\n      - echo a\n      - play\n    when: x\n  - name: b\n    image: i\n    commands:\n      - b\n      - play\n";
    assert_eq!(cast(text, "i"), wanted);
}
