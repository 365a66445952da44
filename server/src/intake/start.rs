//! A trigger becomes a build.

use git2::{Oid, Repository as Bare};
use slipway_pipelines::{
    compile::{self, Compilation},
    context::SourceFile,
    diagnostic::{Diagnostic, Severity},
    ids::DeliveryId,
    include, render,
    state::Reason,
    trigger::{Cause, Event, Trigger, asks_to_skip},
};

use super::{
    IntakeError, commit,
    context::Ingredients,
    files,
    included::{self, Commit},
    parameters,
};
use crate::{
    app::App,
    source,
    store::model::{BuildContent, BuildRef, BuildSeed, NewBuild, Repository},
};

/// What became of a trigger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Intake {
    /// A build is stored.
    Built(BuildRef),
    /// There is nothing to build, and this is why: a sentence for people.
    Nothing(String),
}

/// What is read of a commit before a build is made of it.
struct Found {
    trigger: Trigger,
    commit: Commit,
    files: Vec<SourceFile>,
}

/// Makes the build of a trigger, if its commit has a pipeline and does not ask to be skipped. The commit is fetched first
/// where the repository lives on a forge. Does not finish the delivery when there is nothing to build.
pub async fn begin(
    app: &App,
    repository: &Repository,
    trigger: Trigger,
    delivery: Option<DeliveryId>,
    parent: Option<u64>,
) -> Result<Intake, IntakeError> {
    let path = match source::ensure_commit(app, repository, &trigger.reference, &trigger.sha).await {
        Ok(path) => path,
        Err(error) if error.is_the_servers() => return Err(error.into()),
        // Most repositories have no file that names such an event: nobody waits for this build.
        Err(error) if trigger.event().must_be_named() => {
            return Ok(Intake::Nothing(format!("the commit could not be fetched: {error}")));
        }
        // People look for it among the builds, not in the server's log.
        Err(error) => return unfetched(app, repository, trigger, delivery, parent, &error).await,
    };
    if let Cause::PullRequest { target_branch, .. } = &trigger.cause {
        // Only to tell what changed: a target that cannot be had is no reason not to build.
        let target = format!("refs/heads/{target_branch}");
        if let Err(error) = source::ensure_ref(app, repository, &target).await {
            tracing::info!(repository = %repository.name, %error, "the target of a pull request could not be fetched");
        }
    }
    let found = tokio::task::spawn_blocking(move || find(&path, trigger)).await.map_err(|_| IntakeError::Stopped)??;
    let Some(Found { trigger, commit, files }) = found else {
        return Ok(Intake::Nothing("the tag does not lead to a commit".to_owned()));
    };
    if matches!(trigger.event(), Event::Push | Event::PullRequest) && asks_to_skip(&trigger.message) {
        return Ok(Intake::Nothing("the commit message asks to skip the build".to_owned()));
    }
    if files.is_empty() {
        let why = format!(
            "commit {} has no .slipway.yml, .slipway/*.yml or .woodpecker.yml",
            trigger.sha.get(..8).unwrap_or_default()
        );
        return Ok(Intake::Nothing(why));
    }
    let mut ingredients = Ingredients::new(&app.config, repository, trigger.clone(), parent);
    ingredients.included = included::gather(app, repository, &commit, &files).await?;
    let event = trigger.event();
    if event.must_be_named() {
        let names = |file: &SourceFile| memchr::memmem::find(&file.bytes, event.as_str().as_bytes()).is_some();
        if !include::sources(&files, &ingredients.included).iter().any(names) {
            return Ok(Intake::Nothing(format!("no pipeline file names the event {}", event.as_str())));
        }
    }
    if let Cause::Manual { parameters, .. } = &trigger.cause {
        parameters::check(&files, &ingredients.included, parameters)?;
    }
    ingredients.secrets = app.store.secret_rules(repository.id).await?;
    let new = NewBuild { repository: repository.id, trigger, parent, delivery };
    let build = app.store.create_build(new, move |seed| content(ingredients, &files, seed)).await?;
    Ok(Intake::Built(build))
}

/// The same for callers that only want to know whether there is a build.
pub async fn start_build(
    app: &App,
    repository: &Repository,
    trigger: Trigger,
    delivery: Option<DeliveryId>,
    parent: Option<u64>,
) -> Result<Option<BuildRef>, IntakeError> {
    match begin(app, repository, trigger, delivery, parent).await? {
        Intake::Built(build) => Ok(Some(build)),
        Intake::Nothing(why) => {
            tracing::info!(repository = %repository.name, why, "nothing to build");
            Ok(None)
        }
    }
}

/// `None` for a tag of something else than a commit.
fn find(path: &std::path::Path, mut trigger: Trigger) -> Result<Option<Found>, git2::Error> {
    let bare = Bare::open_bare(path)?;
    let Some(id) = commit::peel(&bare, Oid::from_str(&trigger.sha)?) else { return Ok(None) };
    trigger.sha = id.to_string();
    let trigger = commit::complete(&bare, trigger)?;
    let files = files::read(&bare, id)?;
    Ok(Some(Found { trigger, commit: Commit { bare: path.to_owned(), id }, files }))
}

fn content(ingredients: Ingredients, files: &[SourceFile], seed: &BuildSeed) -> BuildContent {
    let context = ingredients.context(seed);
    let compilation = compile::compile(files, &context);
    let shown = include::sources(files, &context.included);
    let diagnostics_text = render::render(&compilation.diagnostics, &shown, false);
    BuildContent { compilation, diagnostics_text, fault: Reason::Config }
}

/// A build that only says that its commit could not be had.
async fn unfetched(
    app: &App,
    repository: &Repository,
    trigger: Trigger,
    delivery: Option<DeliveryId>,
    parent: Option<u64>,
    error: &source::SourceError,
) -> Result<Intake, IntakeError> {
    let diagnostic = Diagnostic {
        severity: Severity::Error,
        message: format!("the commit could not be fetched: {error}"),
        file: String::new(),
        span: None,
        help: Some(
            "check the clone URL and the credential of the repository, then start a build of the branch by hand"
                .to_owned(),
        ),
    };
    let diagnostics_text = render::render(std::slice::from_ref(&diagnostic), &[], false);
    let compilation = Compilation { diagnostics: vec![diagnostic], ..Compilation::default() };
    let new = NewBuild { repository: repository.id, trigger, parent, delivery };
    let content = BuildContent { compilation, diagnostics_text, fault: Reason::Clone };
    let build = app.store.create_build(new, move |_| content).await?;
    Ok(Intake::Built(build))
}
