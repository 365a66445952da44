//! The list of refs that every conversation starts with.

use git2::{Oid, Repository};

use super::{pktline, service::Service};

/// A ref, or a tag's target as `name^{}`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Advertised {
    pub(super) name: String,
    pub(super) id: Oid,
}

/// The refs of a repository, sorted by name; for a fetch with `HEAD` first and tags peeled.
pub(super) fn refs(repository: &Repository, service: Service) -> Result<Vec<Advertised>, git2::Error> {
    let mut found = Vec::new();
    for reference in repository.references()? {
        // A ref whose name is not UTF-8 cannot be pushed here; one that dangles has nothing to offer.
        let Ok(reference) = reference else { continue };
        let (Ok(name), Some(id)) = (reference.name(), reference.target()) else { continue };
        found.push(Advertised { name: name.to_owned(), id });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    if service == Service::ReceivePack {
        return Ok(found);
    }
    let mut all = Vec::with_capacity(found.len() + 1);
    if let Ok(id) = repository.refname_to_id("HEAD") {
        all.push(Advertised { name: "HEAD".to_owned(), id });
    }
    for one in found {
        let peeled = match repository.find_tag(one.id) {
            Ok(tag) => tag.into_object().peel(git2::ObjectType::Any).ok().map(|object| object.id()),
            Err(_) => None,
        };
        let peeled = peeled.map(|id| Advertised { name: format!("{}^{{}}", one.name), id });
        all.push(one);
        all.extend(peeled);
    }
    Ok(all)
}

/// The whole answer to `info/refs`. `head` is the branch that `HEAD` names.
pub(super) fn render(service: Service, refs: &[Advertised], head: Option<&str>, version: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(200 + refs.len() * 80);
    pktline::line(format!("# service={}\n", service.as_str()).as_bytes(), &mut out);
    pktline::flush(&mut out);
    let symref = match head.filter(|_| service == Service::UploadPack && !refs.is_empty()) {
        Some(head) => format!(" symref=HEAD:{head}"),
        None => String::new(),
    };
    let capabilities = format!("{}{symref} agent=slipway/{version}", service.capabilities());
    if refs.is_empty() {
        pktline::line(format!("{} capabilities^{{}}\0{capabilities}\n", Oid::ZERO_SHA1).as_bytes(), &mut out);
    }
    for (number, Advertised { name, id }) in refs.iter().enumerate() {
        let tail = if number == 0 { format!("\0{capabilities}") } else { String::new() };
        pktline::line(format!("{id} {name}{tail}\n").as_bytes(), &mut out);
    }
    pktline::flush(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_repository_still_says_what_it_can() {
        let text = String::from_utf8(render(Service::ReceivePack, &[], Some("refs/heads/main"), "1")).unwrap();
        assert!(text.starts_with("001f# service=git-receive-pack\n0000"), "{text}");
        assert!(text.contains("0000000000000000000000000000000000000000 capabilities^{}\0report-status"), "{text}");
        assert!(!text.contains("symref"), "{text}");
        assert!(text.ends_with("agent=slipway/1\n0000"), "{text}");
    }

    #[test]
    fn the_first_line_names_the_branch_of_head() {
        let refs = [Advertised { name: "HEAD".to_owned(), id: Oid::ZERO_SHA1 }];
        let text = String::from_utf8(render(Service::UploadPack, &refs, Some("refs/heads/x"), "1")).unwrap();
        assert!(text.contains(" HEAD\0multi_ack_detailed"), "{text}");
        assert!(text.contains(" symref=HEAD:refs/heads/x "), "{text}");
    }
}
