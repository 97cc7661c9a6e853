//! The `pickle` command.

use clap::Parser;
use pickle_cli::args::Cli;
use pickle_cli::progress;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

/// Bytes of output that go to the system at once.
const OUTPUT_BUFFER: usize = 64 * 1024;

/// Standard output, which the progress bar makes way for.
struct Output(Box<dyn Write>);

impl Output {
    /// Straight to the system where that can be: Rust's own standard output searches all for newlines.
    fn new() -> Self {
        #[cfg(unix)]
        if let Ok(descriptor) = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned() {
            return Output(Box::new(std::fs::File::from(descriptor)));
        }
        Output(Box::new(io::stdout().lock()))
    }
}

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
    let mut out = BufWriter::with_capacity(OUTPUT_BUFFER, Output::new());
    match pickle_cli::run(cli, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            ExitCode::from(&failure)
        }
    }
}
