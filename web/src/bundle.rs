//! A page's own module together with what it imports, as one file: a page that is not cached asks once and not for one after the
//! other. The modules stay as they are, and are written in the few forms that this understands; a test holds them to that.

/// One module by its name, or none.
type Find<'a> = &'a dyn Fn(&str) -> Option<&'a str>;

/// Whether a module is a page's own: it imports, and nobody can import anything of it.
pub(crate) fn is_entry(text: &str) -> bool {
    let has = |start: &str| text.lines().any(|line| line.starts_with(start));
    has("import ") && !has("export ")
}

/// A module with all that it imports, each once, what is imported before what imports it.
pub(crate) fn bundle(name: &str, find: Find<'_>) -> Result<String, String> {
    let mut done = Vec::new();
    let mut text = String::new();
    add(name, find, &mut done, &mut Vec::new(), &mut text)?;
    Ok(text)
}

fn add(
    name: &str,
    find: Find<'_>,
    done: &mut Vec<String>,
    open: &mut Vec<String>,
    text: &mut String,
) -> Result<(), String> {
    if done.iter().any(|other| other == name) {
        return Ok(());
    }
    if open.iter().any(|other| other == name) {
        return Err(format!("{name} imports itself"));
    }
    let module = find(name).ok_or_else(|| format!("there is no {name}"))?;
    open.push(name.to_owned());
    let (mut body, mut exports) = (String::new(), Vec::new());
    for line in module.lines() {
        if line.starts_with("import ") {
            let (names, from) = import(line).ok_or_else(|| format!("{name}: `{line}` is not understood"))?;
            add(from, find, done, open, text)?;
            let names = names.replace(" as ", ": ");
            // One line for one line: a place in a message is easily found again.
            body += &if names.is_empty() { String::new() } else { format!("const {{ {names} }} = {};", place(from)) };
        } else if let Some(rest) = line.strip_prefix("export ") {
            exports.push(exported(rest).ok_or_else(|| format!("{name}: `{line}` is not understood"))?);
            body += rest;
        } else {
            body += line;
        }
        body.push('\n');
    }
    open.pop();
    done.push(name.to_owned());
    *text +=
        &format!("// {name}\nconst {} = (() => {{\n{body}return {{ {} }};\n}})();\n", place(name), exports.join(", "));
    Ok(())
}

/// Names and module of `import { a, b as c } from './x.js';` or `import './x.js';`.
fn import(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("import ")?.strip_suffix("';")?;
    match rest.strip_prefix("'./") {
        Some(from) => Some(("", from)),
        None => {
            let (names, from) = rest.strip_prefix("{ ")?.split_once(" } from './")?;
            Some((names, from))
        }
    }
}

/// The name that a declaration exports. None of a `let`: who imports it would not see it change.
fn exported(declaration: &str) -> Option<&str> {
    let rest =
        ["async function ", "function ", "class ", "const "].iter().find_map(|kind| declaration.strip_prefix(kind))?;
    let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '$')?;
    Some(&rest[..end]).filter(|name| !name.is_empty())
}

/// What a module's exports are kept in: `log.js` in `$log`.
fn place(name: &str) -> String {
    format!("${}", name.trim_end_matches(".js").replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundled(name: &str, modules: &[(&str, &str)]) -> Result<String, String> {
        bundle(name, &|name| modules.iter().find(|(other, _)| *other == name).map(|(_, text)| *text))
    }

    #[test]
    fn what_is_imported_comes_once_and_before() {
        let text = bundled(
            "page.js",
            &[
                (
                    "page.js",
                    "import { a, b as c } from './x.js';\nimport { d } from './y.js';\nimport './z.js';\nd(a, c);\n",
                ),
                ("x.js", "import { d } from './y.js';\nexport const a = 1;\nexport function b() {}\n"),
                ("y.js", "export class d {}\n"),
                ("z.js", "go();\n"),
            ],
        )
        .unwrap();
        let expected = "// y.js\nconst $y = (() => {\nclass d {}\nreturn { d };\n})();\n\
                        // x.js\nconst $x = (() => {\nconst { d } = $y;\nconst a = 1;\nfunction b() {}\nreturn { a, b };\n})();\n\
                        // z.js\nconst $z = (() => {\ngo();\nreturn {  };\n})();\n\
                        // page.js\nconst $page = (() => {\nconst { a, b: c } = $x;\nconst { d } = $y;\n\nd(a, c);\nreturn {  };\n})();\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_it_does_not_understand_it_does_not_guess() {
        for module in ["import x from './x.js';", "import * as x from './x.js';", "export let a = 1;", "export { a };"]
        {
            assert!(bundled("a.js", &[("a.js", module), ("x.js", "")]).is_err(), "{module}");
        }
        assert!(bundled("a.js", &[("a.js", "import './b.js';")]).is_err(), "no such module");
        assert!(bundled("a.js", &[("a.js", "import './a.js';")]).is_err(), "a circle");
    }

    #[test]
    fn every_page_of_ours_is_one_file() {
        let entries: Vec<_> = crate::assets::all().iter().filter(|asset| asset.text.starts_with("// ")).collect();
        let build = entries.iter().find(|asset| asset.name == "build.js").expect("the build's page");
        assert!(build.text.contains("const $log = ") && build.text.contains("const $build = "), "{}", build.text);
        for asset in entries.iter().filter(|asset| asset.text.contains("\nconst $")) {
            for line in asset.text.lines() {
                assert!(!line.starts_with("import ") && !line.starts_with("export "), "{}: {line}", asset.name);
                assert!(!line.starts_with("await "), "{}: {line}", asset.name);
            }
        }
    }
}
