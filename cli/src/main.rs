//! The `pickle` command.

use clap::Parser;
use pickle_cli::args::Cli;
use pickle_cli::progress;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::process::ExitCode;

/// Bytes of output that go to the system at once.
const OUTPUT_BUFFER: usize = 64 * 1024;

/// Standard output, which the progress bar makes way for.
struct Output(StdoutLock<'static>);

impl Write for Output {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        progress::output_begins();
        self.0.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse().settle();
    let mut out = BufWriter::with_capacity(OUTPUT_BUFFER, Output(io::stdout().lock()));
    match pickle_cli::run(cli, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            ExitCode::from(&failure)
        }
    }
}
