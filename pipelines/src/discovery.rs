//! Which of a commit's files are its pipeline.

/// Picks the pipeline files among the paths of a commit, sorted: `.slipway.yml` and `.slipway/*.yml` (`.yaml` too); without any of
/// those `.woodpecker/*.yml`, then `.woodpecker.yaml`, then `.woodpecker.yml`. Folders below the two are not looked into.
pub fn choose<'a>(paths: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut paths: Vec<&str> = paths.into_iter().collect();
    paths.sort_unstable();
    paths.dedup();
    let pick = |fits: fn(&str) -> bool| -> Vec<&'a str> { paths.iter().copied().filter(|path| fits(path)).collect() };
    let tiers: [fn(&str) -> bool; 4] = [
        |path| matches!(path, ".slipway.yml" | ".slipway.yaml") || is_in(path, ".slipway/"),
        |path| is_in(path, ".woodpecker/"),
        |path| path == ".woodpecker.yaml",
        |path| path == ".woodpecker.yml",
    ];
    tiers.into_iter().map(pick).find(|found| !found.is_empty()).unwrap_or_default()
}

fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .and_then(|name| name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")))
        .is_some_and(|stem| !stem.is_empty() && !stem.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slipway_files_come_before_woodpecker_files() {
        let all =
            ["README.md", ".woodpecker.yml", ".slipway/b.yaml", ".slipway.yml", ".slipway/a.yml", ".slipway/x/c.yml"];
        assert_eq!(choose(all), [".slipway.yml", ".slipway/a.yml", ".slipway/b.yaml"]);
    }

    #[test]
    fn one_tier_of_woodpecker_files_is_taken() {
        let all =
            [".woodpecker.yml", ".woodpecker.yaml", ".woodpecker/z.yml", ".woodpecker/a.yaml", ".woodpecker/.yml"];
        assert_eq!(choose(all), [".woodpecker/a.yaml", ".woodpecker/z.yml"]);
        assert_eq!(choose([".woodpecker.yml", ".woodpecker.yaml"]), [".woodpecker.yaml"]);
        assert_eq!(choose([".woodpecker.yml", "a/.woodpecker/b.yml"]), [".woodpecker.yml"]);
        assert!(choose(["src/main.rs", ".slipway", ".slipway/readme.txt"]).is_empty());
    }
}
