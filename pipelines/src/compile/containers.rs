//! A step of the file -> a step of the plan.

use std::collections::BTreeMap;

use super::{paths, script};
use crate::{
    context::Context,
    environment::of_step,
    plan::{
        Access, Action, Container, Environment, Image, ImageBuild, OnFailure, Program, Resources, RunsOn,
        Step as Planned, Workspace,
    },
    report::Report,
    substitute::{ShellText, Variables, in_shell},
    syntax::{Build, Role, Spanned, Step},
};

/// What steps of a job are compiled with.
pub(super) struct Containers<'a> {
    pub(super) context: &'a Context,
    pub(super) workspace: &'a Workspace,
    pub(super) variables: &'a Variables<'a>,
    pub(super) report: &'a mut Report,
}

impl Containers<'_> {
    /// A step without its needs.
    pub(super) fn step(&mut self, step: &Step, role: Role, runs_on: RunsOn) -> Planned {
        let mut environment = of_step(step, role, self.context);
        let directory = paths::directory(step.directory.as_ref(), self.workspace, self.report);
        let program = self.program(step, role, &directory, &mut environment);
        let container = Container {
            image: self.image(step),
            program,
            directory,
            access: Access { privileged: step.privileged, ..Access::default() },
            resources: Resources::default(),
            ready: None,
        };
        let lives_on = step.detach || role == Role::Service;
        let action = match role {
            Role::Service => Action::Service(container),
            Role::Clone | Role::Step if step.detach => Action::Detach(container),
            Role::Clone | Role::Step => Action::Run(container),
        };
        Planned {
            name: step.name.value.clone(),
            action,
            needs: Vec::new(),
            runs_on,
            // What runs beside the steps does not decide about the job unless it is told to.
            on_failure: step.failure.unwrap_or(if lives_on { OnFailure::Ignore } else { OnFailure::Fail }),
            environment,
            secrets: BTreeMap::new(),
            sees_values: !(role == Role::Clone || step.is_plugin() && role == Role::Step),
            timeout_seconds: step.timeout,
            retry: None,
            outputs: Vec::new(),
        }
    }

    fn program(&mut self, step: &Step, role: Role, directory: &str, environment: &mut Environment) -> Program {
        let mut taken = 0;
        let mut late = Environment::new();
        let mut shell = |texts: &[Spanned<String>], report: &mut Report| -> Vec<String> {
            let mut done = Vec::new();
            for text in texts {
                match in_shell(&text.value, self.variables, environment, &mut taken) {
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
        environment.extend(late);
        match entrypoint {
            Some(entrypoint) => {
                if entrypoint.first().is_none_or(String::is_empty) {
                    self.report.error(step.name.span, format!("the `entrypoint` of `{}` is empty", step.name.value));
                }
                if !commands.is_empty() {
                    environment.insert("CI_SCRIPT".to_owned(), script::encode(&commands, directory));
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
        match (&step.build, &step.image) {
            (Some(build), _) => Image::Build(self.build(build)),
            (None, image) => Image::Registry {
                reference: image.as_ref().map(|image| image.value.clone()).unwrap_or_default(),
                always_pull: step.pull,
            },
        }
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
        }
    }
}
