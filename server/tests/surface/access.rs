//! Nothing is readable without a token or a session, nothing is changed from another site.

use reqwest::{Method, StatusCode, header};

use crate::setup::{TOKEN, World};

const API: &[(&str, &str)] = &[
    ("GET", "/api/v1/repos"),
    ("POST", "/api/v1/repos"),
    ("GET", "/api/v1/repos/me/thing"),
    ("PATCH", "/api/v1/repos/me/thing"),
    ("GET", "/api/v1/repos/me/thing/parameters"),
    ("GET", "/api/v1/repos/me/thing/secrets"),
    ("PUT", "/api/v1/repos/me/thing/secrets/x"),
    ("DELETE", "/api/v1/repos/me/thing/secrets/x"),
    ("GET", "/api/v1/repos/me/thing/crons"),
    ("PUT", "/api/v1/repos/me/thing/crons/x"),
    ("DELETE", "/api/v1/repos/me/thing/crons/x"),
    ("POST", "/api/v1/repos/me/thing/crons/x/run"),
    ("GET", "/api/v1/repos/me/thing/registries"),
    ("PUT", "/api/v1/repos/me/thing/registries/x"),
    ("DELETE", "/api/v1/repos/me/thing/registries/x"),
    ("GET", "/api/v1/repos/me/thing/caches"),
    ("DELETE", "/api/v1/repos/me/thing/caches"),
    ("DELETE", "/api/v1/repos/me/thing/caches/x"),
    ("GET", "/api/v1/repos/me/thing/deliveries"),
    ("GET", "/api/v1/repos/me/thing/deliveries/x"),
    ("POST", "/api/v1/repos/me/thing/deliveries/x/replay"),
    ("GET", "/api/v1/repos/me/thing/builds"),
    ("POST", "/api/v1/repos/me/thing/builds"),
    ("GET", "/api/v1/repos/me/thing/builds/1"),
    ("GET", "/api/v1/repos/me/thing/builds/1/stream"),
    ("GET", "/api/v1/repos/me/thing/builds/1/provenance"),
    ("GET", "/api/v1/repos/me/thing/builds/1/timeline"),
    ("GET", "/api/v1/repos/me/thing/builds/1/pipeline"),
    ("GET", "/api/v1/repos/me/thing/builds/1/plan"),
    ("POST", "/api/v1/repos/me/thing/builds/1/cancel"),
    ("POST", "/api/v1/repos/me/thing/builds/1/retry"),
    ("POST", "/api/v1/repos/me/thing/builds/1/approve"),
    ("GET", "/api/v1/repos/me/thing/builds/1/jobs/0/steps/0/log"),
    ("GET", "/api/v1/repos/me/thing/builds/1/jobs/0/steps/0/log/lines"),
    ("GET", "/api/v1/repos/me/thing/builds/1/jobs/0/steps/0/log/search?q=x"),
    ("GET", "/api/v1/repos/me/thing/builds/1/jobs/0/steps/0/log/stream"),
    ("GET", "/api/v1/repos/me/thing/builds/1/artifacts"),
    ("GET", "/api/v1/repos/me/thing/builds/1/artifacts/dist/app"),
    ("GET", "/api/v1/home"),
    ("GET", "/api/v1/stream"),
    ("GET", "/api/v1/search"),
    ("GET", "/api/v1/queue"),
    ("POST", "/api/v1/queue/pause"),
    ("POST", "/api/v1/queue/resume"),
    ("GET", "/api/v1/runners"),
    ("POST", "/api/v1/runners/x/drain"),
    ("POST", "/api/v1/runners/x/resume"),
];
const PAGES: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/search"),
    ("GET", "/queue"),
    ("POST", "/queue/pause"),
    ("POST", "/queue/resume"),
    ("GET", "/runners"),
    ("POST", "/runners/x/drain"),
    ("POST", "/runners/x/resume"),
    ("GET", "/repos/me/thing"),
    ("GET", "/repos/me/thing/run"),
    ("GET", "/repos/me/thing/settings"),
    ("POST", "/repos/me/thing/settings/secrets"),
    ("POST", "/repos/me/thing/settings/secrets/delete"),
    ("POST", "/repos/me/thing/settings/crons"),
    ("POST", "/repos/me/thing/settings/crons/delete"),
    ("POST", "/repos/me/thing/settings/crons/run"),
    ("POST", "/repos/me/thing/settings/registries"),
    ("POST", "/repos/me/thing/settings/registries/delete"),
    ("POST", "/repos/me/thing/settings/caches/delete"),
    ("POST", "/repos/me/thing/settings/trust"),
    ("POST", "/repos/me/thing/settings/general"),
    ("GET", "/repos/me/thing/settings/deliveries"),
    ("GET", "/repos/me/thing/settings/deliveries/x"),
    ("POST", "/repos/me/thing/settings/deliveries/x/replay"),
    ("POST", "/repos/me/thing/builds"),
    ("GET", "/repos/me/thing/builds/1"),
    ("GET", "/repos/me/thing/builds/1/jobs/0/steps/0"),
    ("POST", "/repos/me/thing/builds/1/cancel"),
    ("POST", "/repos/me/thing/builds/1/retry"),
    ("GET", "/repos/me/thing/builds/1/artifacts"),
    ("GET", "/repos/me/thing/builds/1/artifacts/0/"),
    ("GET", "/repos/me/thing/builds/1/artifacts/0/dist/app"),
];

#[tokio::test]
async fn every_route_needs_somebody() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    world.build(&repository, "secret plans", &["a"]).await;
    for (method, path) in API {
        for token in [None, Some("slp_wrong"), Some(world.server.runner_token().as_str())] {
            let mut request = world.bare(method.parse().unwrap(), path);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
            let text = answer.text().await.unwrap();
            assert!(text.contains("\"error\"") && !text.contains("secret plans"), "{text}");
        }
    }
    for (method, path) in PAGES {
        let answer = world.bare(method.parse().unwrap(), path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{method} {path}");
        assert!(answer.headers()[header::LOCATION].to_str().unwrap().starts_with("/login"), "{method} {path}");
    }
    let back = world.bare(Method::GET, "/repos/me/thing?before=3&x=//evil").send().await.unwrap();
    assert_eq!(back.headers()[header::LOCATION], "/login?to=/repos/me/thing%3Fbefore%3D3%26x%3D//evil");
}

#[tokio::test]
async fn a_login_link_works_once_and_logging_out_ends_the_session() {
    let world = World::start().await;
    let link = world.server.login_link().await.unwrap();
    let look = world.client.head(&link).send().await.unwrap();
    assert!(look.headers().get(header::SET_COOKIE).is_none(), "looking at it does not use it up");
    let answer = world.client.get(&link).send().await.unwrap();
    assert_eq!((answer.status(), &answer.headers()[header::LOCATION]), (StatusCode::SEE_OTHER, &"/".parse().unwrap()));
    let set = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && !set.contains("Secure"), "{set}");
    let cookie = set.split(';').next().unwrap().to_owned();
    assert_eq!(world.client.get(&link).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);

    let with = |method: Method, path: &str| world.bare(method, path).header(header::COOKIE, &cookie);
    assert_eq!(with(Method::GET, "/").send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(with(Method::GET, "/api/v1/repos").send().await.unwrap().status(), StatusCode::OK);
    for origin in [None, Some("https://evil.example"), Some("null")] {
        for path in ["/logout", "/repos/me/thing/builds/1/cancel", "/repos/me/thing/settings/trust", "/api/v1/repos"] {
            let mut request = with(Method::POST, path);
            if let Some(origin) = origin {
                request = request.header(header::ORIGIN, origin);
            }
            assert_eq!(request.send().await.unwrap().status(), StatusCode::FORBIDDEN, "{path} from {origin:?}");
        }
    }
    let out = with(Method::POST, "/logout").header(header::ORIGIN, world.server.url()).send().await.unwrap();
    assert_eq!(out.status(), StatusCode::SEE_OTHER);
    assert_eq!(with(Method::GET, "/api/v1/repos").send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_logs_in_and_leads_to_own_pages_only() {
    let world = World::start().await;
    for (to, leads) in [("/repos/me/x", "/repos/me/x"), ("//evil.example", "/"), ("https://evil.example/", "/")] {
        let form = format!("token={TOKEN}&to={}", to.replace('/', "%2F"));
        let request =
            world.bare(Method::POST, "/login").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = request.body(form).send().await.unwrap();
        assert_eq!(answer.headers()[header::LOCATION], leads);
    }
    for token in ["slp_wrong", "", world.server.runner_token().as_str()] {
        let request =
            world.bare(Method::POST, "/login").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = request.body(format!("token={token}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert!(answer.headers().get(header::SET_COOKIE).is_none());
        assert!(answer.text().await.unwrap().contains("not valid"));
    }
}

#[tokio::test]
async fn every_answer_has_its_headers() {
    let world = World::start().await;
    let login = world.bare(Method::GET, "/login").send().await.unwrap();
    let html = login.text().await.unwrap();
    let asset = html.split('"').find(|text| text.ends_with("/slipway.css")).unwrap().to_owned();
    for path in ["/", "/login", "/nothing/here", "/api/v1/nothing", "/healthz", &asset] {
        let answer = world.bare(Method::GET, path).send().await.unwrap();
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers()["referrer-policy"], "same-origin", "{path}");
    }
    let answer = world.bare(Method::GET, &asset).send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(world.get("/assets/0000/slipway.css").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_badge_is_public_and_tells_one_word() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let badge = async |path: &str| world.bare(Method::GET, path).send().await.unwrap().text().await.unwrap();
    assert!(badge("/badges/me/thing.svg").await.contains("unknown"));
    assert_eq!(badge("/badges/me/thing.svg").await, badge("/badges/no/such.svg").await);
    let build = world.build(&repository, "x", &["a"]).await;
    assert!(badge("/badges/me/thing.svg").await.contains("unknown"), "it has not ended");
    world.server.app().cancel_build(build.id, "me").await.unwrap();
    assert!(badge("/badges/me/thing.svg").await.contains("cancelled"));
    assert!(badge("/badges/me/thing.svg?branch=other").await.contains("unknown"));
}
