//! The builds of one push, one after the other.

use super::{clean::Cleaner, follow};
use crate::{
    app::App,
    git::{Bands, Gone},
    intake::Intake,
    links,
    store::model::{BuildDetail, BuildRef, Repository},
};

/// What became of one ref of a push.
#[derive(Clone, Debug)]
pub(crate) struct Pushed {
    /// Full name.
    pub(crate) reference: String,
    /// Its build, or why there is none; the error is a sentence for people.
    pub(crate) outcome: Result<Intake, String>,
}

/// Tells the pusher everything about the builds of a push, to their ends if `wait`.
pub(crate) async fn show(
    app: &App,
    repository: &Repository,
    pushed: &[Pushed],
    wait: bool,
    bands: &Bands,
) -> Result<(), Gone> {
    for Pushed { reference, outcome } in pushed {
        let reference = one_line(reference);
        match outcome {
            Ok(Intake::Built(build)) => {
                introduce(app, repository, *build, &reference, bands).await?;
                if wait {
                    follow::follow(app, *build, bands).await?;
                }
            }
            Ok(Intake::Nothing(why)) => {
                bands.progress(&format!("no build of {reference}: {}\n", one_line(why))).await?
            }
            Err(why) => bands.progress(&format!("no build of {reference}, error: {}\n", one_line(why))).await?,
        }
    }
    Ok(())
}

async fn introduce(
    app: &App,
    repository: &Repository,
    build: BuildRef,
    reference: &str,
    bands: &Bands,
) -> Result<(), Gone> {
    let url = format!("{}{}", app.config.public_url, links::build(&repository.name, build.number));
    let mut text = format!("\nbuild {} of {reference}\n{url}\n\n", build.number);
    if let Ok(Some(detail)) = app.store.build_by_id(build.id).await {
        text.push_str(&findings(&detail));
    }
    bands.progress(&text).await
}

/// What the compiler said, and what this trigger does not run.
fn findings(detail: &BuildDetail) -> String {
    let mut text = String::new();
    let mut cleaner = Cleaner::default();
    let mut lines = cleaner.take(detail.diagnostics_text.as_bytes());
    lines.extend(cleaner.finish());
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    for left_out in &detail.left_out {
        text.push_str(&format!("left out: {}: {}\n", one_line(&left_out.what), one_line(&left_out.why)));
    }
    if detail.jobs.is_empty()
        && !detail.diagnostics.iter().any(|one| one.severity == slipway_pipelines::diagnostic::Severity::Error)
    {
        text.push_str("nothing of the pipeline runs for this push\n");
    }
    text
}

/// A branch may be called anything.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(1000).collect()
}
