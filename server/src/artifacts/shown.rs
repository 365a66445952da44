//! Which artifacts a build shows, and what a path among them names.

use std::collections::BTreeMap;

use crate::store::model::Artifact;

/// Most links that are followed one after the other.
const MOST_LINKS: usize = 16;

/// The artifacts of a build; of two steps of a job that kept the same path, the later one's.
#[derive(Clone, Debug)]
pub(crate) struct Shown(Vec<Artifact>);

/// What a path names.
#[derive(Debug)]
pub(crate) enum Place<'a> {
    File(&'a Artifact),
    Folder,
}

impl Shown {
    /// By job and path. `all` is in the order of jobs and steps.
    pub(crate) fn of(all: Vec<Artifact>) -> Self {
        let mut last: BTreeMap<(usize, String), Artifact> = BTreeMap::new();
        for artifact in all {
            last.insert((artifact.job, artifact.path.clone()), artifact);
        }
        Self(last.into_values().collect())
    }

    pub(crate) fn all(&self) -> &[Artifact] {
        &self.0
    }

    /// Only those of a job, by its position or name.
    pub(crate) fn of_job(self, job: &str) -> Self {
        let position: Option<usize> = job.parse().ok();
        let is_it =
            |artifact: &Artifact| position.map_or(artifact.job_name == job, |position| artifact.job == position);
        Self(self.0.into_iter().filter(is_it).collect())
    }

    /// Of each path one: the last job's.
    pub(crate) fn by_path(self) -> Vec<Artifact> {
        let mut last: BTreeMap<String, Artifact> = BTreeMap::new();
        for artifact in self.0 {
            last.insert(artifact.path.clone(), artifact);
        }
        last.into_values().collect()
    }

    /// What a path names; links are followed. Of several jobs' files of one path, the last job's. An empty path is all.
    pub(crate) fn find(&self, path: &str) -> Option<Place<'_>> {
        let mut path = path.trim_matches('/').to_owned();
        for _ in 0..MOST_LINKS {
            let found = self.0.iter().rev().find(|artifact| artifact.path == path);
            match found {
                Some(Artifact { link: Some(link), .. }) => path = target(&path, link)?,
                Some(file) => return Some(Place::File(file)),
                None => {
                    let inside = |artifact: &&Artifact| {
                        path.is_empty() || artifact.path.strip_prefix(&path).is_some_and(|rest| rest.starts_with('/'))
                    };
                    return self.0.iter().any(|artifact| inside(&artifact)).then_some(Place::Folder);
                }
            }
        }
        None
    }
}

/// Where a link leads.
fn target(path: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::ids::BuildId;
    use uuid::Uuid;

    use super::*;

    fn artifact(job: usize, step: usize, path: &str, link: Option<&str>) -> Artifact {
        Artifact {
            id: Uuid::now_v7(),
            build: BuildId(Uuid::nil()),
            job,
            job_name: format!("job {job}"),
            step,
            step_name: String::new(),
            path: path.into(),
            size: 1,
            sha256: String::new(),
            executable: false,
            link: link.map(str::to_owned),
            created: 0,
            expires: 0,
        }
    }

    #[test]
    fn the_last_step_and_job_of_a_path_count() {
        let all = [(0, 1, "a"), (0, 2, "a"), (0, 2, "b/c"), (1, 1, "a")].map(|(j, s, p)| artifact(j, s, p, None));
        let shown = Shown::of(all.to_vec());
        assert_eq!(shown.all().len(), 3);
        assert!(matches!(shown.find("a"), Some(Place::File(file)) if file.job == 1));
        assert!(matches!(shown.clone().of_job("job 0").find("/a"), Some(Place::File(file)) if file.step == 2));
        assert!(matches!(shown.find("b"), Some(Place::Folder)));
        assert!(shown.find("b/").is_some() && shown.find("c").is_none());
        assert_eq!(shown.clone().of_job("1").all().len(), 1);
        assert_eq!(shown.by_path().len(), 2);
        assert!(Shown::of(Vec::new()).find("").is_none());
    }

    #[test]
    fn links_are_followed_as_far_as_they_lead_somewhere() {
        let all = [
            ("x/current", Some("../v1")),
            ("v1/app", None),
            ("app", Some("x/current")),
            ("loop", Some("loop")),
            ("out", Some("nowhere")),
        ];
        let shown = Shown::of(all.iter().map(|(path, link)| artifact(0, 0, path, *link)).collect());
        assert!(matches!(shown.find("app"), Some(Place::Folder)));
        assert!(shown.find("loop").is_none() && shown.find("out").is_none());
    }
}
