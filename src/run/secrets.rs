//! Secrets from a file.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use slipway_pipelines::{compile::CompiledJob, suggest::did_you_mean};

/// Values by lower-case name.
pub(super) type Secrets = BTreeMap<String, String>;

/// Reads `NAME=value` and `NAME=@FILE` lines; empty ones and those that begin with `#` say nothing.
pub(super) fn read(path: &Path) -> Result<Secrets, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    parse(&text, |file| fs::read_to_string(folder.join(file)).map_err(|error| format!("cannot read `{file}`: {error}")))
        .map_err(|error| format!("{}:{error}", path.display()))
}

fn parse(text: &str, open: impl Fn(&str) -> Result<String, String>) -> Result<Secrets, String> {
    let mut secrets = Secrets::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.strip_prefix("export ").unwrap_or(line);
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let wrong = |what: String| format!("{}: {what}", number + 1);
        let (name, value) = line.split_once('=').ok_or_else(|| wrong("a line is `NAME=value`".to_owned()))?;
        let name = name.trim().to_lowercase();
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || !name.chars().all(is_name) {
            // The line is not shown: what is before the sign may be a part of a value.
            return Err(wrong("a name has letters, digits, `_`, `-` and `.`".to_owned()));
        }
        let value = match value.strip_prefix('@') {
            Some(file) => open(file.trim()).map_err(wrong)?.trim_end_matches(['\n', '\r']).to_owned(),
            None => value.to_owned(),
        };
        secrets.insert(name, value);
    }
    Ok(secrets)
}

/// Puts the values into the plans. Gives those that are used, to be masked; or says which are missing.
pub(super) fn reveal(jobs: &mut [CompiledJob], secrets: &Secrets) -> Result<Vec<String>, String> {
    let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut used = BTreeSet::new();
    for job in jobs.iter() {
        for step in &job.plan.steps {
            let one = slipway_pipelines::plan::Plan {
                steps: vec![std::sync::Arc::clone(step)],
                ..slipway_pipelines::plan::Plan::new("", job.plan.workspace.clone(), [])
            };
            for name in one.secret_names() {
                match secrets.get_key_value(name) {
                    Some((name, value)) => drop(used.insert((name.clone(), value.clone()))),
                    None => {
                        let names = missing.entry(known(job, name)).or_default();
                        names.insert(&step.name);
                    }
                }
            }
        }
    }
    if !missing.is_empty() {
        return Err(words(&missing, secrets));
    }
    for job in jobs.iter_mut() {
        job.plan.reveal(secrets).map_err(|error| error.to_string())?;
    }
    Ok(used.into_iter().map(|(_, value)| value).filter(|value| !value.is_empty()).collect())
}

/// The same name with the lifetime of the job.
fn known<'a>(job: &'a CompiledJob, name: &str) -> &'a str {
    job.plan.secret_names().into_iter().find(|known| *known == name).unwrap_or_default()
}

fn words(missing: &BTreeMap<&str, BTreeSet<&str>>, secrets: &Secrets) -> String {
    let mut lines = Vec::new();
    for (name, steps) in missing {
        let steps: Vec<String> = steps.iter().map(|step| format!("`{step}`")).collect();
        let near = did_you_mean(name, secrets.keys().map(String::as_str));
        let near = near.map(|near| format!(" ({near})")).unwrap_or_default();
        lines.push(format!("the secret `{name}` is missing, which {} asks for{near}", steps.join(", ")));
    }
    lines.push("give values in a file, `NAME=value` a line: `--secret-file FILE`".to_owned());
    lines.join("\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_names_and_values_or_files() {
        let open = |file: &str| if file == "key.pem" { Ok("a\nb\n".to_owned()) } else { Err("no".to_owned()) };
        let secrets = parse("# mine\n\nTOKEN=a=b \nexport Key=@key.pem\n", open).unwrap();
        let seen: Vec<(&str, &str)> = secrets.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(seen, [("key", "a\nb"), ("token", "a=b ")]);
        assert_eq!(parse("a=b\nsesame", open).unwrap_err(), "2: a line is `NAME=value`");
        let error = parse("open sesame=1", open).unwrap_err();
        assert!(error.starts_with("1: ") && !error.contains("sesame"), "{error}");
        assert_eq!(parse("a=@gone", open).unwrap_err(), "1: no");
    }
}
