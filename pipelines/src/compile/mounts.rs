//! What a container has mounted: mounts that go together, at places that hide nothing that is needed.

use super::paths;
use crate::{
    diagnostic::Span,
    plan::{Access, Mount, MountSource, READ_ONLY_WORKSPACE, Resources, Workspace},
    report::Report,
    syntax::{Source, Volume, memory_size},
};

/// The mounts of a container. Those of the machine and of memory go into `access`; mistakes are in the report.
pub(super) fn mounts(
    volumes: &[Volume],
    workspace: &Workspace,
    resources: &Resources,
    access: &mut Access,
    report: &mut Report,
) -> Vec<Mount> {
    let mut mounts: Vec<Mount> = Vec::new();
    for (at, volume) in volumes.iter().enumerate() {
        let before = volumes[..at].iter().find(|before| before.target == volume.target);
        if let Some(before) = before {
            report
                .error(volume.span, format!("a second mount at `{}`", volume.target))
                .help(format!("the first is on line {}; remove one of them", before.span.line));
            continue;
        }
        let is_free = is_free(volume, workspace, report) && can_hold_link(volume, volumes, report);
        let Some(target) = target(volume, volumes, workspace, report).filter(|_| is_free) else { continue };
        let source = match &volume.source {
            Source::Named { name, copy } => MountSource::Volume { name: name.clone(), copy: *copy },
            Source::Own => MountSource::Own,
            Source::Workspace(path) => {
                let Some(path) = path_of(path, volume.span, workspace, report) else { continue };
                MountSource::Workspace { path, make: volume.makes }
            }
            Source::Memory(options) => {
                check_size(options, resources, volume.span, report);
                let end = if options.is_empty() { String::new() } else { format!(":{options}") };
                access.tmpfs.push(format!("{target}{end}"));
                continue;
            }
            Source::Machine(text) => {
                access.volumes.push(text.clone());
                continue;
            }
        };
        mounts.push(Mount { source, target, read_only: volume.read_only });
    }
    mounts
}

/// Whether what is at the target may be hidden.
fn is_free(volume: &Volume, workspace: &Workspace, report: &mut Report) -> bool {
    let target = &volume.target;
    let is_link = matches!(volume.source, Source::Workspace(_));
    if is_at_or_below(&workspace.path, target) {
        report
            .error(volume.span, format!("a mount at `{target}` hides the workspace, which is at `{}`", workspace.path))
            .help("mount it at another place, or below the checkout");
        return false;
    }
    if is_link && is_at_or_below(target, &workspace.base) {
        report
            .error(volume.span, format!("`{target}` is in the workspace, where no other part of it can be mounted"))
            .help("mount it outside of the workspace, or make a link in a step: `ln -s`");
        return false;
    }
    let kernel = ["/proc", "/sys", "/dev"].iter().any(|place| is_at_or_below(target, place));
    if is_at_or_below(target, "/.slipway") || is_link && kernel {
        report
            .error(volume.span, format!("nothing can be mounted at `{target}`"))
            .help("mount it at another place, such as `/data`");
        return false;
    }
    true
}

/// Whether the mount that a part of the workspace would lie in can hold a link: not what is the machine's, what cannot be written to,
/// and memory, which is there only later.
fn can_hold_link(volume: &Volume, all: &[Volume], report: &mut Report) -> bool {
    let refuses = |outer: &&Volume| {
        outer.target != volume.target
            && is_at_or_below(&volume.target, &outer.target)
            && match outer.source {
                Source::Machine(_) | Source::Memory(_) => true,
                Source::Named { .. } | Source::Own => outer.read_only,
                Source::Workspace(_) => false,
            }
    };
    let outer = all.iter().filter(|_| matches!(volume.source, Source::Workspace(_))).find(refuses);
    if let Some(outer) = outer {
        report
            .error(
                volume.span,
                format!(
                    "no part of the workspace can be mounted at `{}`: it is in what is mounted at `{}`",
                    volume.target, outer.target
                ),
            )
            .help("mount it at another place");
    }
    outer.is_none()
}

/// Where it comes to lie: inside of a part of the workspace that is mounted itself, it lies there.
fn target(volume: &Volume, all: &[Volume], workspace: &Workspace, report: &mut Report) -> Option<String> {
    let outer = all.iter().filter(|other| other.target != volume.target).find_map(|other| match &other.source {
        Source::Workspace(path) if is_at_or_below(&volume.target, &other.target) => Some((other, path)),
        _ => None,
    });
    let Some((outer, path)) = outer else { return Some(volume.target.clone()) };
    let is_movable = matches!(volume.source, Source::Named { .. } | Source::Own | Source::Memory(_));
    if !is_movable || outer.read_only {
        let what = if outer.read_only { "the read-only" } else { "the" };
        report
            .error(
                volume.span,
                format!(
                    "`{}` is in {what} folder of the workspace that is mounted at `{}`",
                    volume.target, outer.target
                ),
            )
            .help(if is_movable {
                "remove `:ro` there, or mount this at another place"
            } else {
                "mount it at another place, or let a step put the files into the folder"
            });
        return None;
    }
    let path = paths::in_workspace(path, workspace)?;
    Some(format!("{path}{}", &volume.target[outer.target.len()..]))
}

fn path_of(path: &str, at: Span, workspace: &Workspace, report: &mut Report) -> Option<String> {
    let found = paths::in_workspace(path, workspace);
    if found.is_none() {
        report
            .error(at, format!("`{path}` is outside the workspace"))
            .help("write a path relative to the checkout, such as `./folder`");
    }
    found
}

/// Memory that a folder takes is memory of its container.
fn check_size(options: &str, resources: &Resources, at: Span, report: &mut Report) {
    let size = options.split(',').find_map(|option| option.strip_prefix("size=")).and_then(memory_size);
    if let (Some(size), Some(most)) = (size, resources.memory_bytes)
        && size > most
    {
        report
            .error(at, format!("the folder may take {size} bytes, and the container has {most} bytes of memory"))
            .help("write a smaller `size`, or more `memory` below `resources`");
    }
}

fn is_at_or_below(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a workspace can be mounted there.
pub(super) fn is_reserved(path: &str) -> bool {
    is_at_or_below(path, "/.slipway") || is_at_or_below(READ_ONLY_WORKSPACE, path)
}
