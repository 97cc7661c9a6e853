//! `pickle policy`: makes, checks and compiles policy files for `pickle scan`.

use super::Verb;
use crate::Failure;
use crate::cmd::scan::{self, policy::Policy};
use crate::input::InputFile;
use crate::messages::printable;
use clap::{Args, Subcommand};
use pickle_core::verdict::{Judge, Verdict, Workspace};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

/// `pickle policy`
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// What to do
    #[command(subcommand)]
    pub verb: Action,
}

/// What to do with a policy.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Print a policy that allows the unlisted names of files that are known to be good
    Learn {
        /// Files and folders
        #[arg(required = true, value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
        files: Vec<InputFile>,
    },
    /// Report which rows of a policy are sinks, and which the built-in tables already have
    Check {
        /// The policy
        #[arg(value_name = "POLICY")]
        file: PathBuf,
    },
    /// Write the rows of a policy as a table for the library; as a C array where the file ends in .h or .c
    Compile {
        /// The policy
        #[arg(value_name = "POLICY")]
        file: PathBuf,
        /// The file to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
}

impl Verb for PolicyArgs {
    fn files(&mut self) -> &mut [InputFile] {
        match &mut self.verb {
            Action::Learn { files } => files,
            _ => &mut [],
        }
    }

    fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        run(self, out)
    }
}

/// Runs `pickle policy`.
///
/// # Errors
/// A file cannot be read or written, a policy is wrong; [`Failure::Verdict`] for the exit code of `check` and `learn`.
fn run(args: &PolicyArgs, out: &mut dyn Write) -> Result<(), Failure> {
    match &args.verb {
        Action::Learn { files } => learn(files, out),
        Action::Check { file } => check(file, out),
        Action::Compile { file, output } => {
            let mut table = Policy::read(file)?.compiled();
            if output.extension().is_some_and(|ending| ending == "h" || ending == "c") {
                table = c_array(&table, output).into_bytes();
            }
            let fail = |source| Failure::Write { name: output.display().to_string(), source, taken: None };
            std::fs::write(output, table).map_err(fail)
        }
    }
}

/// A table as the source of a C array, named after the file.
fn c_array(table: &[u8], path: &std::path::Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    let mut text =
        String::from("/* Written by `pickle policy compile`: .policy and .policy_size of pickle_scan_options. */\n");
    text.push_str("#include <stdint.h>\n\n");
    text.push_str(&format!("static const uint8_t {name}[{}] = {{", table.len()));
    for (at, byte) in table.iter().enumerate() {
        text.push_str(if at % 16 == 0 { "\n    " } else { " " });
        text.push_str(&format!("{byte},"));
    }
    text.push_str("\n};\n");
    text
}

fn learn(files: &[InputFile], out: &mut dyn Write) -> Result<(), Failure> {
    let mut modules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut refused = false;
    for report in scan::reports(files, &Policy::default()) {
        // Names of a file with anything worse than the unknown are not learnt.
        if report.verdict > Verdict::Unknown || !report.complete {
            refused = true;
            eprintln!("{}: {}: nothing is learnt from it", printable(&report.path), report.verdict.name());
            continue;
        }
        for (module, name, effect) in report.names() {
            if effect == "unknown" {
                modules.entry(module.to_owned()).or_default().insert(name.to_owned());
            }
        }
    }
    writeln!(out, "version = 1\n\n[allow]")?;
    for (module, names) in modules {
        let names: Vec<_> = names.into_iter().map(toml::Value::String).collect();
        let key = toml::Value::String(module);
        writeln!(out, "{key} = {}", toml::Value::Array(names))?;
    }
    if refused { Err(Failure::Verdict(1)) } else { Ok(()) }
}

fn check(file: &std::path::Path, out: &mut dyn Write) -> Result<(), Failure> {
    let policy = Policy::read(file)?;
    let mut sinks = false;
    let mut workspace = Workspace::new(64, 64);
    for (module, name) in policy.allowed() {
        if matches!(name.as_str(), "*" | "*C" | "*f") || module == "ext" {
            continue;
        }
        // What the tables say without the policy.
        let bytes = [b"c", module.as_bytes(), b"\n", name.as_bytes(), b"\n."].concat();
        let mut judge = Judge::new(workspace.memory());
        judge.feed(&bytes, &mut ());
        let verdict = judge.finish(&mut ()).verdict;
        let (module, name) = (printable(&module), printable(&name));
        match verdict {
            Verdict::Clean => writeln!(out, "{module}.{name}: the tables have it anyway")?,
            Verdict::Unknown => {}
            worse => {
                sinks = true;
                writeln!(out, "{module}.{name}: {}; a policy does not make it clean", worse.name())?;
            }
        }
    }
    if sinks { Err(Failure::Verdict(1)) } else { Ok(()) }
}
