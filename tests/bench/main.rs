//! Figures beside the Docker CLI.

fn main() {}
