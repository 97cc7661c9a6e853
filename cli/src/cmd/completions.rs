//! `pickle completions` and `pickle man`: what shells and `man` want to know.

use crate::Failure;
use clap::{Args, Command};
use clap_complete::Shell;
use std::io::Write;
use std::path::PathBuf;

/// `pickle completions`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pickle completions bash > ~/.local/share/bash-completion/completions/pickle
  pickle completions zsh > ~/.zfunc/_pickle
  pickle completions fish > ~/.config/fish/completions/pickle.fish")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// `pickle man`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pickle man ~/.local/share/man/man1
  man pickle-items")]
pub struct ManArgs {
    /// The folder to write to, which must exist
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// `pickle completions`: prints the script for a shell.
///
/// # Errors
/// It cannot be written.
pub fn run(args: &CompletionsArgs, mut command: Command, out: &mut dyn Write) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "pickle", &mut script);
    Ok(out.write_all(&script)?)
}

/// `pickle man`: writes a page for the command and one for each verb.
///
/// # Errors
/// A page cannot be written.
pub fn man(args: &ManArgs, command: Command) -> Result<(), Failure> {
    clap_mangen::generate_to(command, &args.folder).map_err(|source| Failure::Write {
        name: args.folder.display().to_string(),
        source,
        taken: None,
    })
}
