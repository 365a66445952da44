//! What files compile to.

use std::collections::BTreeMap;

use super::*;
use crate::{
    context::{Build, Context, Repository, SourceFile, System, Trusted},
    plan::{Action, Program, Step},
    trigger::{Cause, Person, Trigger},
};

/// A push to `main` of `me/thing`.
pub(crate) fn context() -> Context {
    Context {
        repository: Repository {
            name: "me/thing".parse().unwrap(),
            remote_id: "7".into(),
            url: "http://forge.example/me/thing".into(),
            clone_url: "http://forge.example/me/thing.git".into(),
            clone_ssh_url: String::new(),
            default_branch: "main".into(),
            private: false,
            forge: "gitea".into(),
            forge_url: "http://forge.example:3000".into(),
            trusted: Trusted::default(),
        },
        trigger: Trigger {
            cause: Cause::Push { branch: "main".into(), before: None },
            reference: "refs/heads/main".into(),
            sha: "0123456789abcdef0123456789abcdef01234567".into(),
            message: "Fix the roof".into(),
            author: Person { name: "Ann".into(), email: "ann@example.com".into() },
            sender: "ann".into(),
            timestamp: 1_700_000_000,
            url: None,
            changed_files: None,
        },
        build: Build {
            number: 3,
            parent: 0,
            created: 1_700_000_001_500,
            url: "http://ci/repos/me/thing/builds/3".into(),
            reruns: 0,
        },
        previous: None,
        system: System { name: "slipway".into(), url: "http://ci".into(), host: "ci".into(), version: "0.1.0".into() },
    }
}

pub(crate) fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.into(), bytes: text.as_bytes().to_vec() }
}
