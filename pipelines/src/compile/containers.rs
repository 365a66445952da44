//! A step of the file -> a step of the plan.

use super::{caches, mounts, paths, script, secrets};
use crate::{
    context::Context,
    environment::{Own, of_step},
    plan::{
        Action, BuildSecret, Container, Environment, Files, Image, ImageBuild, OUTPUT_FILE, OnFailure, Program, RunsOn,
        Step as Planned, Workspace,
    },
    report::Report,
    substitute::{ShellText, Variables, in_shell},
    syntax::{Build, Role, Spanned, Step, TakenFrom},
};

/// What steps of a job are compiled with.
pub(super) struct Containers<'a> {
    pub(super) context: &'a Context,
    pub(super) workspace: &'a Workspace,
    pub(super) variables: &'a Variables<'a>,
    /// What all steps of the job are told.
    pub(super) shared: &'a Environment,
    /// Parameters and axes.
    pub(super) values: &'a Environment,
    /// What plugins are told besides.
    pub(super) drone: &'a Environment,
    pub(super) report: &'a mut Report,
}

impl Containers<'_> {
    /// A step that needs nothing yet and runs on success.
    pub(super) fn step(&mut self, step: &Step, role: Role) -> Planned {
        secrets::check(step, role, self.context, self.report);
        let mut own = of_step(step, role, self.drone);
        if !step.outputs.is_empty() {
            own.environment.insert("SLIPWAY_OUTPUT".to_owned(), OUTPUT_FILE.to_owned());
        }
        // Nobody outside steers programs that know nothing of matrix and parameters.
        let sees_values = !(role == Role::Clone || step.is_plugin() && role == Role::Step);
        let directory = paths::directory(step.directory.as_ref(), self.workspace, self.report);
        let program = match &step.composed {
            Some(composed) => composed.program.clone(),
            None => self.program(step, role, &directory, sees_values, &mut own),
        };
        let directory = match &step.composed {
            Some(composed) => composed.directory.clone().unwrap_or_default(),
            None => directory,
        };
        let composed = step.composed.as_ref();
        let mut access = step.access.clone();
        let container = Container {
            mounts: mounts::mounts(&step.volumes, self.workspace, &step.resources, &mut access, self.report),
            access,
            resources: step.resources,
            ready: step.ready.clone(),
            aliases: composed.map(|composed| composed.aliases.clone()).unwrap_or_default(),
            hostname: composed.and_then(|composed| composed.hostname.clone()),
            ..Container::new(self.image(step), program, directory)
        };
        let lives_on = step.detach || role == Role::Service;
        let action = match role {
            Role::Service if composed.is_some_and(|composed| composed.is_run) => Action::Run(container),
            Role::Service => Action::Service(container),
            Role::Clone | Role::Step if step.detach => Action::Detach(container),
            Role::Clone | Role::Step => Action::Run(container),
        };
        Planned {
            name: step.name.value.clone(),
            action,
            needs: Vec::new(),
            runs_on: RunsOn::default(),
            // What runs beside the steps does not decide about the job unless it is told to.
            on_failure: step.failure.unwrap_or(if lives_on { OnFailure::Start } else { OnFailure::Fail }),
            environment: own.environment,
            secrets: own.secrets,
            sees_values,
            timeout_seconds: step.timeout,
            retry: step.retry.clone(),
            outputs: step.outputs.iter().map(|output| output.value.clone()).collect(),
            files: Files {
                caches: caches::caches(&step.caches, self.report),
                reports: step.reports.clone(),
                artifacts: step.artifacts.clone(),
                artifacts_from: step.artifacts_from.iter().map(TakenFrom::planned).collect(),
            },
        }
    }

    fn program(&mut self, step: &Step, role: Role, directory: &str, sees_values: bool, own: &mut Own) -> Program {
        let mut taken = 0;
        let mut late = Environment::new();
        let told = |name: &str, value: &str| {
            let values = if sees_values { self.values.get(name) } else { None };
            let known = own.environment.get(name).or_else(|| self.shared.get(name)).or(values);
            !own.secrets.contains_key(name) && known.is_some_and(|known| known == value)
        };
        let mut shell = |texts: &[Spanned<String>], report: &mut Report| -> Vec<String> {
            let mut done = Vec::with_capacity(texts.len());
            for text in texts {
                match in_shell(&text.value, self.variables, &told, &mut taken) {
                    Ok(ShellText { text: value, late: more }) => {
                        if value.contains('\0') {
                            report.error(text.span, "a command cannot hold a NUL character");
                        }
                        late.extend(more);
                        done.push(value);
                    }
                    Err(error) => {
                        report.error(text.span, error.to_string()).help("take the value from the environment: `$NAME`");
                        break;
                    }
                }
            }
            done
        };
        let commands = shell(&step.commands, self.report);
        let entrypoint = step.entrypoint.as_ref().map(|entrypoint| shell(entrypoint, self.report));
        own.environment.extend(late);
        match entrypoint {
            Some(entrypoint) => {
                if entrypoint.first().is_none_or(String::is_empty) {
                    self.report.error(step.name.span, format!("the `entrypoint` of `{}` is empty", step.name.value));
                }
                if !commands.is_empty() {
                    own.environment.insert("CI_SCRIPT".to_owned(), script::encode(&commands, directory));
                }
                Program::Entrypoint { entrypoint }
            }
            None if !commands.is_empty() => Program::Commands { commands },
            None if step.build.is_some() && step.settings.is_empty() && role == Role::Step && !step.detach => {
                Program::Nothing
            }
            None => Program::Image,
        }
    }

    fn image(&mut self, step: &Step) -> Image {
        match (&step.build, &step.load, &step.image) {
            (Some(build), _, _) => Image::Build(self.build(build)),
            (None, Some(load), _) => Image::Load { path: self.saved(load, "load") },
            (None, None, image) => Image::Registry {
                reference: image.as_ref().map(|image| image.value.clone()).unwrap_or_default(),
                pull: step.pull,
            },
        }
    }

    /// Where an image is saved to or loaded from.
    fn saved(&mut self, given: &Spanned<String>, key: &str) -> String {
        let inside = format!("{}/", self.workspace.path);
        let path = paths::in_workspace(&given.value, self.workspace);
        path.filter(|path| path.starts_with(&inside) && path.len() > inside.len()).unwrap_or_else(|| {
            self.report
                .error(given.span, format!("`{key}` takes a file below the checkout, this is `{}`", given.value))
                .help("write its path relative to the checkout, such as `image.tar`");
            format!("{inside}image.tar")
        })
    }

    fn build(&mut self, build: &Build) -> ImageBuild {
        let context = paths::in_workspace(&build.context.value, self.workspace).unwrap_or_else(|| {
            self.report
                .error(
                    build.context.span,
                    format!("the build context `{}` is outside the workspace", build.context.value),
                )
                .help("write a folder of the repository, such as `.`");
            self.workspace.path.clone()
        });
        let dockerfile = paths::relative(&build.dockerfile.value).unwrap_or_else(|| {
            self.report
                .error(
                    build.dockerfile.span,
                    format!("the Dockerfile `{}` is outside the build context", build.dockerfile.value),
                )
                .help("write its path relative to `context`, and choose `context` so that the file is in it");
            "Dockerfile".to_owned()
        });
        ImageBuild {
            context,
            dockerfile,
            target: build.target.clone(),
            args: build.args.clone(),
            tags: build.tags.clone(),
            push: build.push,
            cache_from: build.cache_from.clone(),
            cache_to: build.cache_to.clone(),
            secrets: build.secrets.iter().map(|(id, name)| (id.clone(), BuildSecret::Secret(name.clone()))).collect(),
            platform: build.platform.clone(),
            pull: build.pull,
            no_cache: build.no_cache,
            save: build.save.as_ref().map(|save| self.saved(save, "save")),
        }
    }
}
