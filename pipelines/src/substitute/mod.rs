//! `${VAR}` inside parsed scalars. A value can never change the structure of a file, and inside a shell's text an
//! untrusted value never becomes part of the program: there the shell reads it from the environment.

mod evaluate;
mod operator;
mod pattern;
mod shell;
mod template;
mod variables;

pub(crate) use evaluate::in_text;
pub(crate) use shell::{ShellText, in_shell, is_harmless};
pub(crate) use variables::{Budget, Seen, TooMuch, Variables};

#[cfg(test)]
mod tests;
