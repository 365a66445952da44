//! What a push is told about itself: the report-status of the protocol. Pure.

use super::{pktline, update::Refused};

/// How one ref went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct RefOutcome {
    pub(super) reference: String,
    pub(super) result: Result<(), Refused>,
}

/// The report as packets. `unpack` is what was wrong with the pack, if anything.
pub(super) fn report(unpack: Option<&str>, refs: &[RefOutcome]) -> Vec<u8> {
    let mut out = Vec::new();
    pktline::line(format!("unpack {}\n", one_line(unpack.unwrap_or("ok"))).as_bytes(), &mut out);
    for RefOutcome { reference, result } in refs {
        let reference = one_line(reference);
        let line = match result {
            Ok(()) => format!("ok {reference}\n"),
            Err(Refused(why)) => format!("ng {reference} {}\n", one_line(why)),
        };
        pktline::line(line.as_bytes(), &mut out);
    }
    pktline::flush(&mut out);
    out
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).take(2000).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_one_line_for_each_ref() {
        let refs = [
            RefOutcome { reference: "refs/heads/a".to_owned(), result: Ok(()) },
            RefOutcome { reference: "refs/heads/b\n".to_owned(), result: Err("no\x1b".into()) },
        ];
        let text = String::from_utf8(report(None, &refs)).unwrap();
        assert_eq!(text, "000eunpack ok\n0014ok refs/heads/a\n0019ng refs/heads/b? no?\n0000");
    }
}
