//! Credentials of all repositories, and what a step ran in: as people set and see them.

use std::{fs, net::TcpListener, path::Path, process::Stdio};

use bollard::{
    auth::DockerCredentials,
    query_parameters::{PushImageOptionsBuilder, RemoveImageOptionsBuilder, TagImageOptionsBuilder},
};
use futures_util::TryStreamExt;
use serde_json::json;
use tokio::{io::AsyncWriteExt, process::Command};

use crate::harness::{
    docker::BUSYBOX,
    git::Repo,
    process::{Output, Process},
    server::{Kind, Server, Setup, binary, clean_environment},
    wait::{PATIENCE, until},
};

const PASSWORD: &str = "correct-horse-4711-battery";
const WRONG: &str = "wrong-horse-4711-battery";

/// Runs a program with a text as its input; gives what it wrote.
async fn told(mut command: Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn slipway(server: &Server, arguments: &[&str], input: &str) -> String {
    let mut command = Command::new(binary());
    clean_environment(&mut command);
    command.args(arguments).env("SLIPWAY_SERVER", &server.api.url).env("SLIPWAY_TOKEN", &server.api.token);
    told(command, input).await
}

/// A registry that takes `me` with [`PASSWORD`] only. `None`: it is not installed.
async fn registry(place: &Path) -> Option<(Process, String)> {
    if !["docker-registry", "htpasswd"].iter().all(|program| Path::new("/usr/bin").join(program).exists()) {
        eprintln!("SKIPPED: no registry here; install docker-registry and apache2-utils");
        return None;
    }
    let mut hash = Command::new("htpasswd");
    hash.args(["-n", "-i", "-B", "-C", "4", "me"]);
    fs::write(place.join("htpasswd"), told(hash, PASSWORD).await).unwrap();
    let host = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let at = place.display();
    let config = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {at}/data}}}}\n\
         http: {{addr: \"{host}\"}}\nauth: {{htpasswd: {{realm: test, path: {at}/htpasswd}}}}\n"
    );
    fs::write(place.join("config.yml"), config).unwrap();
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(place.join("config.yml"));
    let process = Process::start("docker-registry", command, Output::default());
    until("the registry", PATIENCE, async || std::net::TcpStream::connect(&host).map_err(|error| error.to_string()))
        .await;
    Some((process, host))
}

#[tokio::test]
async fn a_credential_of_all_repositories_pulls_and_the_build_knows_the_digest() {
    let place = tempfile::tempdir().unwrap();
    let Some((_registry, host)) = registry(place.path()).await else { return };
    let server = Setup::new(Kind::Docker).start().await;
    let (name, tag) = (format!("{host}/team/tool"), "1");
    let image = format!("{name}:{tag}");
    let docker = server.docker();
    let options = TagImageOptionsBuilder::new().repo(&name).tag(tag).build();
    docker.tag_image(BUSYBOX, Some(options)).await.unwrap();
    let login =
        DockerCredentials { username: Some("me".into()), password: Some(PASSWORD.into()), ..Default::default() };
    let push = docker.push_image(&name, Some(PushImageOptionsBuilder::new().tag(tag).build()), Some(login));
    push.try_collect::<Vec<_>>().await.unwrap();
    let remove = async || {
        let options = RemoveImageOptionsBuilder::new().build();
        let _ = docker.remove_image(&image, Some(options), None).await;
    };
    remove().await;

    let set = slipway(&server, &["registries", "set", "--global", &host, "--username", "me"], PASSWORD).await;
    assert_eq!(set, format!("credential of all repositories for `{host}` is set, for me\n"));
    let listed = slipway(&server, &["registries", "ls", "--global"], "").await;
    assert!(listed.contains(&host) && !listed.contains(PASSWORD), "{listed}");

    server.api.own("me/tool").await;
    let repo = Repo::with_pipeline(&format!(
        "steps: {{use: {{image: '{image}', pull: always, commands: [env, cat /proc/1/environ]}}}}"
    ))
    .await;
    repo.push_main(&server.remote("me/tool")).await;
    let build = server.api.wait_end("me/tool", 1).await;
    build.assert_ended("success", "ok");
    let (job, step) = build.position("use");
    let used = &build.json["jobs"][job]["steps"][step]["image"];
    let manifest = reqwest::Client::builder().no_proxy().build().unwrap();
    let manifest =
        manifest.head(format!("http://{host}/v2/team/tool/manifests/{tag}")).basic_auth("me", Some(PASSWORD));
    let kind = "application/vnd.docker.distribution.manifest.v2+json";
    let manifest = manifest.header("accept", kind).send().await.unwrap();
    let digest = manifest.headers()["docker-content-digest"].to_str().unwrap().to_owned();
    assert_eq!((&used["reference"], &used["digest"]), (&json!(image), &json!(format!("{name}@{digest}"))), "{used}");
    assert!(used["id"].as_str().unwrap().starts_with("sha256:"), "{used}");
    let log = server.api.log("me/tool", &build, "use").await;
    assert!(log.contains(&format!("Pulled {image}: ")) && log.contains(&digest), "{log}");
    let page = server.api.text(&format!("/repos/me/tool/builds/1/jobs/{job}/steps/{step}")).await;
    assert!(page.contains(&format!("title=\"{name}@{digest}\"")), "{page}");

    // The repository's own wins, right or wrong.
    slipway(&server, &["registries", "set", "me/tool", &host, "--username", "me"], WRONG).await;
    assert_eq!(server.api.ask("me/tool", 1, "retry").await.status(), 200);
    let again = server.api.wait_end("me/tool", 1).await;
    again.assert_ended("error", "image_pull");
    let note = again.json["jobs"][job]["steps"][step]["note"].as_str().unwrap().to_owned();
    assert!(note.contains(&format!("{host} does not let `me` have it")), "{note}");

    let global = server.api.text("/settings/registries").await;
    for (place, text) in [
        ("log", log),
        ("page", page),
        ("global", global),
        ("build", again.json.to_string()),
        ("output", server.output.text()),
    ] {
        assert!(!text.contains(PASSWORD) && !text.contains(WRONG), "{place}: {text}");
    }
    slipway(&server, &["registries", "rm", "--global", &host], "").await;
    assert_eq!(server.api.json("/api/v1/registries").await, json!([]));
    remove().await;
    server.finish().await;
}
