//! Writes the man pages and the shells' completions into a folder, from the command line's own definition.
//!
//! `cargo run --package minuano-gateway --example minuano-gateway-pages -- FOLDER`.

use std::path::PathBuf;

use anyhow::Context;
use clap_complete::{Shell, generate_to};

const NAME: &str = "minuano-gateway";

fn main() -> anyhow::Result<()> {
    let folder: PathBuf = std::env::args_os().nth(1).context("give a folder to write to")?.into();
    let manual = folder.join("man");
    std::fs::create_dir_all(&manual).with_context(|| manual.display().to_string())?;
    let mut command = minuano_gateway::cli::command();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut command, NAME, &folder)?;
    }
    // A page for `help` would say nothing. What was made for the shells has it already.
    let command = minuano_gateway::cli::command();
    clap_mangen::generate_to(command.disable_help_subcommand(true), &manual)?;
    Ok(())
}
