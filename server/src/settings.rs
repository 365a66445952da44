//! The settings in force, for people.

use std::time::Duration;

use slipway_web::time::size;

use crate::config::Config;

/// One setting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Setting {
    /// The flag that sets it; the environment variable has the same name.
    pub(crate) flag: &'static str,
    /// What it is now.
    pub(crate) value: String,
    /// What it means.
    pub(crate) meaning: &'static str,
}

/// All settings that people may ask about. Never a secret.
pub(crate) fn settings(config: &Config) -> Vec<Setting> {
    let setting = |flag, value: String, meaning| Setting { flag, value, meaning };
    let database = config.database.clone();
    vec![
        setting("--url", config.public_url.clone(), "where people, runners and webhooks reach the server"),
        setting("--listen", config.listen.to_string(), "where it listens"),
        setting("--data", config.data.display().to_string(), "database, repositories and logs"),
        setting(
            "--database",
            database.unwrap_or_else(|| format!("sqlite:{}", config.data.join("slipway.db").display())),
            "builds and all that is known of them",
        ),
        setting(
            "--storage",
            config
                .storage
                .as_ref()
                .map_or_else(|| config.data.join("objects").display().to_string(), ToString::to_string),
            "artifacts, caches and logs of finished jobs",
        ),
        setting(
            "--log-retention",
            config.log_retention.map_or_else(|| "for ever".to_owned(), days),
            "how long logs are kept",
        ),
        setting(
            "--artifact-retention",
            days(config.artifact_retention),
            "how long artifacts are kept, unless their step says otherwise",
        ),
        setting("--artifact-limit", size(config.artifact_limit), "largest artifact"),
        setting("--artifact-build-limit", size(config.artifact_build_limit), "all artifacts of a build"),
        setting(
            "--cache-limit",
            if config.cache_limit == 0 { "none are kept".to_owned() } else { size(config.cache_limit) },
            "all caches of a repository",
        ),
        setting("--push-creates", yes(config.push_creates), "whether a push to an unknown repository makes it"),
        setting("--allow-local-clone", yes(config.allow_local_clone), "whether sources may be folders of this machine"),
    ]
}

fn yes(on: bool) -> String {
    if on { "yes" } else { "no" }.to_owned()
}

fn days(time: Duration) -> String {
    let hours = time.as_secs() / 3600;
    match (hours / 24, hours % 24) {
        (0, _) => slipway_web::time::duration(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)),
        (1, 0) => "1 day".to_owned(),
        (days, 0) => format!("{days} days"),
        (days, hours) => format!("{days} days {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_for_people_and_hold_no_secret() {
        let mut config = Config::new("/data", "127.0.0.1:8000".parse().unwrap());
        config.admin_token = Some("slp_very-secret".to_owned().into());
        config.log_retention = Some(Duration::from_secs(90 * 24 * 3600));
        let all = settings(&config);
        let value = |flag: &str| all.iter().find(|one| one.flag == flag).map(|one| one.value.as_str());
        assert_eq!(value("--log-retention"), Some("90 days"));
        assert_eq!(value("--artifact-limit"), Some("1.0 GiB"));
        assert_eq!(value("--database"), Some("sqlite:/data/slipway.db"));
        assert_eq!(value("--push-creates"), Some("yes"));
        assert!(all.iter().all(|one| !one.value.contains("secret")));
        assert_eq!(days(Duration::from_secs(90)), "1 m 30 s");
    }
}
