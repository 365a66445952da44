//! What a step's environment asks the dummy to play.

use std::time::Duration;

use slipway_pipelines::plan::{Program, Step};

/// The play of one step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Script {
    pub(super) lines: Vec<Line>,
    /// `None`: until it is stopped.
    pub(super) sleep: Option<Duration>,
    pub(super) exit_code: i32,
    pub(super) oom_killed: bool,
    pub(super) prepare_fails: bool,
    pub(super) start_fails: bool,
    pub(super) ignores_term: bool,
    /// `None`: never.
    pub(super) ready: Option<Duration>,
    pub(super) output: String,
    pub(super) output_fails: bool,
}

impl Script {
    /// `tries` is how often the step was tried before.
    pub(super) fn of(step: &Step, tries: usize) -> Self {
        let variable = |name: &str| step.environment.get(name).map(|value| nth(value, tries).trim());
        let is_set = |name| variable(name).is_some_and(|value| !matches!(value, "" | "0" | "false"));
        let sleep = match variable("SLEEP").and_then(duration) {
            Some(sleep) => Some(sleep),
            None if step.is_awaited() => Some(Duration::ZERO),
            None => None,
        };
        let oom_killed = is_set("STEP_OOM_KILLED");
        let exit_code = variable("STEP_EXIT_CODE").and_then(|value| value.parse().ok());
        Self {
            lines: step.container().map_or_else(Vec::new, |container| lines(&container.program)),
            sleep,
            exit_code: exit_code.unwrap_or(if oom_killed { 137 } else { 0 }),
            oom_killed,
            prepare_fails: is_set("STEP_PREPARE_FAIL"),
            start_fails: is_set("STEP_START_FAIL"),
            ignores_term: is_set("STEP_IGNORE_TERM"),
            ready: match variable("STEP_READY") {
                Some("never") => None,
                Some(delay) => Some(duration(delay).unwrap_or_default()),
                None => Some(Duration::ZERO),
            },
            output: step.environment.get("STEP_OUTPUT").cloned().unwrap_or_default(),
            output_fails: is_set("STEP_OUTPUT_FAIL"),
        }
    }
}

/// The value for a try: `1,1,0` is 1 for the first and the second, 0 from the third on.
fn nth(values: &str, tries: usize) -> &str {
    let mut all = values.split(',');
    all.nth(tries).or_else(|| values.rsplit(',').next()).unwrap_or_default()
}

/// What is printed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Line {
    /// The trace of the command at this position.
    Command(usize, String),
    Output(String),
}

/// Each command as a shell would trace it, and what it would print if it is an `echo`.
fn lines(program: &Program) -> Vec<Line> {
    let Program::Commands { commands } = program else { return Vec::new() };
    let mut lines = Vec::new();
    for (number, command) in commands.iter().enumerate() {
        lines.push(Line::Command(number, format!("+ {command}\n")));
        if let Some(words) = command.strip_prefix("echo ") {
            lines.push(Line::Output(format!("{}\n", words.trim().trim_matches(['"', '\'']))));
        }
    }
    lines
}

/// `100ms`, `2s`, `1m`, `1h`.
fn duration(text: &str) -> Option<Duration> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let count: u64 = text[..end].parse().ok()?;
    match &text[end..] {
        "ms" => Some(Duration::from_millis(count)),
        "s" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_secs(count * 60)),
        "h" => Some(Duration::from_secs(count * 3600)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("100ms"), Some(Duration::from_millis(100)));
        assert_eq!(duration("2s"), Some(Duration::from_secs(2)));
        assert_eq!(duration("1m"), Some(Duration::from_secs(60)));
        for bad in ["", "5", "s", "2 s", "-1s"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn each_try_has_its_value() {
        let codes: Vec<&str> = (0..4).map(|tries| nth("1,75,0", tries)).collect();
        assert_eq!(codes, ["1", "75", "0", "0"]);
        assert_eq!(nth("true", 3), "true");
    }

    #[test]
    fn commands_are_traced_and_echo_prints() {
        let program = Program::Commands { commands: vec!["echo \"a b\"".into(), "make".into()] };
        let wanted = [
            Line::Command(0, "+ echo \"a b\"\n".into()),
            Line::Output("a b\n".into()),
            Line::Command(1, "+ make\n".into()),
        ];
        assert_eq!(lines(&program), wanted);
        assert!(lines(&Program::Image).is_empty());
    }
}
