//! Headless Chromium, driven by Debian's chromium-driver.

use std::{fs, path::Path, time::Duration};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::{
    process::{Output, Process},
    wait::{PATIENCE, until},
};

/// A browser with an empty profile.
pub(crate) struct Browser {
    pub(crate) page: Client,
    driver: Process,
    profile: TempDir,
}

impl Browser {
    /// Starts chromedriver on a free port, and a browser with it.
    pub(crate) async fn start() -> Self {
        Self::with(&json!({})).await
    }

    /// One that runs no script of any page.
    pub(crate) async fn without_scripts() -> Self {
        Self::with(&json!({"profile.managed_default_content_settings.javascript": 2})).await
    }

    async fn with(preferences: &Value) -> Self {
        let profile = tempfile::Builder::new().prefix("slipway-chromium-").tempdir().expect("a temporary folder");
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").env("HOME", profile.path());
        let mut driver = Process::start("chromedriver (package chromium-driver)", command, Output::default());
        let port = driver.says("ChromeDriver was started successfully on port ").await;
        let arguments = [
            "--headless=new",
            // The tests run as root in a sandbox of their own.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-quic",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1280,900",
            &format!("--user-data-dir={}", profile.path().join("profile").display()),
        ];
        let capabilities = json!({"goog:chromeOptions": {"args": arguments, "prefs": preferences}});
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().expect("an object").clone())
            .connect(&format!("http://127.0.0.1:{}", port.trim_end_matches('.')))
            .await
            .unwrap_or_else(|error| panic!("no browser: {error}\n{}", driver.output.text()));
        Self { page, driver, profile }
    }

    /// Opens a server's login link, which asks once more unless it was followed from that server's own page.
    pub(crate) async fn log_in(&self, link: &str) {
        self.page.goto(link).await.expect("the login link");
        if self.page.current_url().await.expect("an address").path().starts_with("/login") {
            let button = self.page.find(Locator::Css("main form button")).await.expect("a button");
            button.click().await.expect("a click");
            until("to be logged in", PATIENCE, async || {
                let address = self.page.current_url().await.map_err(|error| error.to_string())?;
                if address.path().starts_with("/login") { Err(address.to_string()) } else { Ok(()) }
            })
            .await;
        }
    }

    /// Writes what the window shows to `target/screenshots`.
    pub(crate) async fn screenshot(&self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        fs::create_dir_all(&folder).expect("a folder for screenshots");
        let png = self.page.screenshot().await.expect("a screenshot");
        fs::write(folder.join(name).with_extension("png"), png).expect("the screenshot is written");
    }

    /// Closes browser and driver.
    pub(crate) async fn close(mut self) {
        self.page.clone().close().await.expect("the browser closes");
        self.driver.signal("TERM").await;
        self.driver.ended(Duration::from_secs(20)).await;
    }
}

impl Drop for Browser {
    /// A test that failed has not closed it: chromedriver's end is not the browser's.
    fn drop(&mut self) {
        let _ = std::process::Command::new("pkill").args(["-KILL", "-f"]).arg(self.profile.path()).status();
    }
}
