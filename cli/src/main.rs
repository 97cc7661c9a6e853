//! The `pickle` command.

mod dis;
mod pyrepr;

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::process::ExitCode;

/// Stands in for the real command line: `dis [-a] [-m] [--all] [--indentlevel=N] FILE...`.
fn main() -> ExitCode {
    let mut options = dis::Options::default();
    let mut files = Vec::new();
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "dis" if files.is_empty() => {}
            "-a" | "--annotate" => options.annotate = Some(dis::Options::ANNOTATION_COLUMN),
            "-m" | "--memo" => options.keep_memo = true,
            "--all" => options.all = true,
            _ => match arg.strip_prefix("--indentlevel=").map(str::parse) {
                Some(Ok(indent)) => options.indent = indent,
                Some(Err(_)) => return ExitCode::from(2),
                None => files.push(arg),
            },
        }
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let mut disassembler = dis::Disassembler::new(options.clone());
    let mut failed = false;
    for name in &files {
        if files.len() > 1 {
            let _ = writeln!(out, "==> {} <==", if name == "-" { "<stdin>" } else { name });
        }
        let input: Box<dyn Read> = match name.as_str() {
            "-" => Box::new(io::stdin().lock()),
            path => match File::open(path) {
                Ok(file) => Box::new(file),
                Err(error) => {
                    eprintln!("{path}: {error}");
                    return ExitCode::FAILURE;
                }
            },
        };
        let result = match files.len() {
            1 => dis::disassemble(input, &mut out, &options),
            _ => disassembler.run(input, &mut out),
        };
        let _ = out.flush();
        match result {
            Err(dis::DisError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => break,
            Err(error) => {
                eprintln!("{name}: {error}");
                failed = true;
            }
            Ok(()) => {}
        }
    }
    ExitCode::from(u8::from(failed))
}
