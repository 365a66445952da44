//! Keys that take trust.

use slipway_pipelines::{
    compile::compile,
    context::{Context, Trusted},
    plan::Access,
};

use crate::common::*;

fn trusted(network: bool, volumes: bool, security: bool) -> Context {
    let mut context = push();
    context.repository.trusted = Trusted { network, volumes, security };
    context
}

const ALL: &str = "privileged: true, volumes: ['/run/x.sock:/run/x.sock:ro', '/var/cache:/cache'],
      devices: [/dev/kvm], dns: [9.9.9.9, '2620:fe::fe'], dns_search: corp.example,
      extra_hosts: ['db:10.0.0.7', 'host:host-gateway'], network_mode: host,
      backend_options: {docker: {user: '1000:100'}}";

fn untrusted(key: &str, level: &str) -> String {
    format!("`{key}` takes a repository that is trusted with {level}, and this one is not")
}

fn of_machine(path: &str) -> String {
    format!("the path `{path}` of the machine takes a repository that is trusted with volumes, and this one is not")
}

#[test]
fn trusted_repositories_get_what_they_ask_for() {
    let plan = job_for(&with(ALL), &trusted(true, true, true)).plan;
    let wanted = Access {
        privileged: true,
        volumes: ["/run/x.sock:/run/x.sock:ro", "/var/cache:/cache"].map(str::to_owned).to_vec(),
        devices: vec!["/dev/kvm".into()],
        tmpfs: Vec::new(),
        dns: vec!["9.9.9.9".into(), "2620:fe::fe".into()],
        dns_search: vec!["corp.example".into()],
        extra_hosts: vec!["db:10.0.0.7".into(), "host:host-gateway".into()],
        network_mode: Some("host".into()),
        user: Some("1000:100".into()),
    };
    assert_eq!(container(&plan, "a").access, wanted);
}

#[test]
fn others_are_refused_by_name_and_line() {
    let done = compile(&[file(".slipway.yml", &with(ALL))], &push());
    let mut said: Vec<String> = errors(&done).into_iter().map(str::to_owned).collect();
    said.sort_unstable();
    let mut wanted = vec![untrusted("privileged", "security")];
    wanted.push(untrusted("devices", "volumes"));
    wanted.extend(["/run/x.sock", "/var/cache"].map(of_machine));
    wanted.extend(["dns", "dns_search", "extra_hosts", "network_mode"].map(|key| untrusted(key, "network")));
    wanted.sort_unstable();
    assert_eq!(said, wanted);
    for (key, level, context) in [
        ("privileged: true", "security", trusted(true, true, false)),
        ("devices: [/a]", "volumes", trusted(true, false, true)),
        ("dns: 9.9.9.9", "network", trusted(false, true, true)),
    ] {
        let name = key.split(':').next().unwrap();
        let help = format!("trust the repository with {level}");
        refused(&with(key), &context, &untrusted(name, level), (3, 7), &help);
    }
}

#[test]
fn some_things_take_no_trust() {
    let of = |key: &str| container(&job(&with(key)).plan, "a").access.clone();
    assert_eq!(of("network_mode: none"), Access { network_mode: Some("none".into()), ..Access::default() });
    assert_eq!(of("privileged: false, volumes: [], dns: []"), Access::default());
    assert_eq!(of("backend_options: {docker: {user: '1000'}}").user.as_deref(), Some("1000"));
}

#[test]
fn wrong_values_are_told() {
    let context = trusted(true, true, true);
    let kubernetes = "`backend_options.kubernetes` is not supported by this version";
    for (key, message, column, help) in [
        ("volumes: ['/a:b']", "nothing can be mounted at `b`: it is not absolute", 17, "/var/lib/data"),
        ("volumes: ['/a:/b:rx']", "`/a:/b:rx` is no value of `volumes`", 17, ":ro"),
        ("devices: [kvm]", "`kvm` is no value of `devices`", 17, "/dev/name"),
        ("dns: dns.example.com", "`dns.example.com` is no value of `dns`", 12, "IP address"),
        ("dns: [9.9.9.9, '8.8.8']", "`8.8.8` is no value of `dns`", 22, "IP address"),
        ("dns_search: 'a b'", "`a b` is no value of `dns_search`", 19, "domain"),
        ("extra_hosts: ['db']", "`db` is no value of `extra_hosts`", 21, "name:address"),
        ("extra_hosts: ['db:other']", "`db:other` is no value of `extra_hosts`", 21, "IP address"),
        ("network_mode: 'container:x'", "`container:x` is no value of `network_mode`", 21, "`host`"),
        ("privileged: maybe", "`privileged` takes `true` or `false`, this is text", 19, ""),
        ("backend_options: docker", "`backend_options` takes a map of executors, this is text", 24, ""),
        ("backend_options: {docker: {user: 'a b'}}", "`a b` is no user", 40, "1000:1000"),
        ("backend_options: {kubernetes: {}}", kubernetes, 25, ""),
    ] {
        refused(&with(key), &context, message, (3, column), help);
    }
    let done = compile(&[file(".woodpecker.yml", &with("backend_options: {kubernetes: {a: b}}"))], &context);
    assert_eq!(errors(&done), [""; 0]);
    assert_eq!(done.diagnostics[0].message, format!("{kubernetes} and has no effect"));
}
