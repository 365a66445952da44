//! Why things ended as they did, in words.

use slipway_pipelines::state::{Finish, Reason, Status};

/// Why something ended as it did, for people. Empty when the status says it all.
pub fn because(finish: &Finish) -> String {
    let note = finish.note.trim();
    // What was left out says why by itself.
    let general = if finish.status() == Status::Skipped && !note.is_empty() { "" } else { general(finish.reason) };
    let code = match (finish.reason, finish.exit_code) {
        (Reason::Ok | Reason::OkWithWarnings | Reason::Stopped, _) | (_, None) => String::new(),
        (_, Some(code)) => format!("exit code {code}"),
    };
    [general, &code, note].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn general(reason: Reason) -> &'static str {
    match reason {
        Reason::Ok | Reason::Cancelled | Reason::ExitCode => "",
        Reason::OkWithWarnings => "with warnings",
        Reason::Stopped => "stopped with its job",
        Reason::OomKilled => "killed: out of memory",
        Reason::Timeout => "took longer than it may",
        Reason::NotReady => "was not ready in time",
        Reason::ImageBuild => "the image did not build",
        Reason::Artifacts => "its artifacts could not be kept",
        Reason::ImagePull => "the image could not be had",
        Reason::ImagePush => "the image was not pushed",
        Reason::Clone => "the commit could not be checked out",
        Reason::Config => "the pipeline has errors",
        Reason::Infra => "Slipway or its machine failed",
        Reason::CancelledByStep => "cancelled by a step with `failure: cancel`",
        Reason::Superseded => "a newer build took its place",
        Reason::Needs => "what it needs did not end well",
        Reason::Condition => "its `when` does not fit",
        Reason::JobEnded => "its job ended before",
        Reason::Lost => "its runner went away",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_end_is_explained() {
        assert_eq!(because(&Finish::exit(3)), "exit code 3");
        assert_eq!(because(&Finish::exit(0)), "");
        let pull = Finish::with_note(Reason::ImagePull, "no such image `x`");
        assert_eq!(because(&pull), "the image could not be had · no such image `x`");
    }

    #[test]
    fn what_was_left_out_says_why_once() {
        assert_eq!(because(&Finish::because(Reason::Needs)), "what it needs did not end well");
        assert_eq!(because(&Finish::with_note(Reason::Needs, "`build` failed")), "`build` failed");
    }

    #[test]
    fn a_success_after_retries_says_so() {
        assert_eq!(because(&Finish { note: "2 retries".to_owned(), ..Finish::exit(0) }), "2 retries");
    }
}
