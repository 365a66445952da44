//! Lines of a log by number, and looking for text in it: while it is written and out of the storage.

use std::time::Duration;

use serde_json::{Value, json};
use slipway_pipelines::{lease::Claim, state::Finish};

use crate::setup::{Runner, World};

const LOG: &str = "/api/v1/repos/me/thing/builds/1/jobs/0/steps/a/log";

/// 30,000 lines; each thousandth is red until the next one, and says that it failed.
fn text() -> String {
    let line = |line: u32| match line % 1000 {
        0 => format!("\x1b[31merror: light {line} failed\n"),
        1 => format!("\x1b[0mlight {line} is 🚢 on\n"),
        _ => format!("light {line} is on\n"),
    };
    (1..=30_000).map(line).collect::<String>() + "and the \x1b[1mrest"
}

async fn written(world: &World) -> (Runner<'_>, Claim) {
    let repository = world.repository("me/thing").await;
    world.build(&repository, "x", &["a"]).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    for (at, piece) in text().as_bytes().chunks(200_000).enumerate() {
        runner.log(claim, 0, at * 200_000, piece).await;
    }
    (runner, claim)
}

async fn get(world: &World, path: &str) -> Value {
    let answer = world.get(&format!("{LOG}/{path}")).await;
    let status = answer.status();
    let body = answer.text().await.unwrap();
    assert!(status.is_success(), "{path}: {status} {body}");
    serde_json::from_str(&body).unwrap()
}

async fn assert_answers(world: &World) {
    let text = text();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for (query, first, count) in [
        ("from=1&count=3", 1, 3),
        ("", 1, 500),
        ("from=29999&count=9", 29_999, 3),
        ("from=-2", 30_000, 2),
        ("from=-99999&count=1", 1, 1),
        ("around=15000&count=10", 14_995, 10),
        ("from=20000&count=99999", 20_000, 2000),
        ("from=30002", 30_002, 0),
    ] {
        let found = get(world, &format!("lines?{query}")).await;
        assert_eq!((&found["first"], &found["count"]), (&json!(first), &json!(count)), "{query}");
        assert_eq!((&found["total"], &found["rest"]), (&json!(30_001), &json!(true)));
        let start = lines[..first.min(lines.len() + 1) - 1].concat().len();
        let want = lines.get(first - 1..first - 1 + count).unwrap_or_default().concat();
        assert_eq!(found["text"].as_str().unwrap(), want, "{query}");
        assert_eq!((&found["start"], &found["end"]), (&json!(start), &json!(start + want.len())));
        assert_eq!(found["length"], json!(text.len()));
        if count > 0 {
            let times = found["times"].as_array().unwrap();
            assert_eq!(times[0][0], json!(first), "{query}: {found}");
            assert!((found["now"].as_i64().unwrap() - times[0][1].as_i64().unwrap()).abs() < 600_000);
        }
    }
    assert_eq!(get(world, "lines?from=15001&count=1").await["style"], "38;5;1", "the red goes on");
    assert_eq!(get(world, "lines?from=15002&count=1").await["style"], "");

    let all = get(world, "search?q=LIGHT%2015000%20F&limit=9").await;
    assert_eq!(all, json!({"total": 1, "before": 0, "matches": [{"line": 15_000, "column": 7, "length": 13}]}));
    let page = get(world, "search?q=failed&from=10001&limit=2").await;
    assert_eq!((&page["total"], &page["before"]), (&json!(30), &json!(10)));
    assert_eq!(page["matches"].as_array().unwrap().len(), 2);
    assert_eq!(page["matches"][0]["line"], 11_000);
    let back = get(world, "search?q=failed&to=10999&limit=2").await;
    assert_eq!((&back["total"], &back["before"], &back["matches"][1]["line"]), (&json!(30), &json!(8), &json!(10_000)));
    let some = get(world, "search?q=failed&from=10000&to=12000").await;
    assert_eq!((&some["total"], &some["matches"][2]["line"]), (&json!(3), &json!(12_000)));
    let ship = get(world, "search?q=%F0%9F%9A%A2%20(on)&regex=1&case=1&limit=1").await;
    assert_eq!((&ship["total"], &ship["matches"][0]), (&json!(30), &json!({"line": 1, "column": 11, "length": 5})));
    assert_eq!(get(world, "search?q=31m").await["total"], 0, "escape sequences are no text");
    assert_eq!(get(world, "search?q=the%20rest").await["matches"][0]["line"], 30_001);
    let trouble = get(world, "search?trouble=1&limit=1").await;
    assert_eq!((&trouble["total"], &trouble["matches"][0]["line"]), (&json!(30), &json!(1000)));
}

#[tokio::test]
async fn lines_and_text_are_found_in_a_live_log_and_in_the_storage() {
    let world = World::start().await;
    let (runner, claim) = written(&world).await;
    assert_answers(&world).await;

    for (query, why) in [
        ("search?q=(a&regex=1", "unclosed group"),
        ("search", "`q` is missing"),
        ("search?q=", "`q` is empty"),
        ("search?q=(x%7B1000%7D)%7B1000%7D&regex=1", "too large"),
        ("lines?from=1&around=2", "one of them"),
        ("lines?from=soon", "not understood"),
    ] {
        let answer = world.get(&format!("{LOG}/{query}")).await;
        assert_eq!(answer.status(), 400, "{query}");
        let said = answer.text().await.unwrap();
        assert!(said.contains(why), "{query}: {said}");
    }

    runner.ended(claim, 0, Finish::exit(0), text().len() as u64).await;
    runner.finished(claim, Finish::exit(0)).await;
    let file = world.server.app().config.data.join("logs").join(claim.job.to_string());
    tokio::time::timeout(Duration::from_secs(20), async {
        while file.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the log is moved by itself");
    assert_answers(&world).await;
}
