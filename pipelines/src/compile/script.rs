//! `CI_SCRIPT`: the commands for a step that has an entrypoint of its own.

use base64::{Engine, engine::general_purpose::STANDARD};

/// The script in base64. It goes to the directory, then echoes and runs command after command.
pub(super) fn encode(commands: &[String], directory: &str) -> String {
    let directory = quote(directory);
    let mut script = format!("unset CI_SCRIPT\nmkdir -p {directory}\ncd {directory}\n");
    for command in commands {
        script.push_str(&format!("\necho + {}\n{command}\n", quote(command)));
    }
    STANDARD.encode(script)
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_echoes_what_it_runs() {
        let script = STANDARD.decode(encode(&["echo 'a'".to_owned()], "/w/x")).unwrap();
        let wanted = "unset CI_SCRIPT\nmkdir -p '/w/x'\ncd '/w/x'\n\necho + 'echo '\\''a'\\'''\necho 'a'\n";
        assert_eq!(String::from_utf8(script).unwrap(), wanted);
    }
}
