//! Where a result goes: a file that is written atomically, or standard output.

use crate::messages::{Failure, WriteFailure};
use crate::pieces::PIECE;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once};
use tempfile::NamedTempFile;

/// A result in the making.
///
/// A file is written beside its final place and moved there by [`Output::commit`]: until then whatever had that name is
/// untouched, and after a failure or Ctrl-C nothing is left behind.
pub struct Output {
    name: String,
    body: Body,
    written: u64,
}

enum Body {
    /// Committed.
    Done,
    Stdout(BufWriter<Counted<io::Stdout>>),
    /// Pipes and devices have no final place to move to.
    Direct(BufWriter<Counted<File>>),
    File(BufWriter<NamedTempFile>, PathBuf),
}

/// Knows how many bytes have gone out, and are good whatever comes.
struct Counted<W> {
    out: W,
    taken: u64,
}

impl<W: Write> Counted<W> {
    fn buffered(out: W) -> BufWriter<Self> {
        BufWriter::with_capacity(PIECE, Counted { out, taken: 0 })
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let n = self.out.write(data)?;
        self.taken += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Files that Ctrl-C must remove.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
static HANDLER: Once = Once::new();

impl Output {
    /// Begins a file; `-` is standard output.
    ///
    /// # Errors
    /// The folder is not there or cannot be written.
    pub fn create(path: &Path) -> Result<Output, Failure> {
        if path == Path::new("-") {
            return Ok(Output {
                name: "standard output".into(),
                body: Body::Stdout(Counted::buffered(io::stdout())),
                written: 0,
            });
        }
        let name = path.display().to_string();
        let fail = |source| Failure::Write { name: name.clone(), source, taken: None };
        // A link stays, what it points to is replaced.
        let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let old = std::fs::metadata(&target).ok();
        if old.as_ref().is_some_and(|old| old.is_dir()) {
            return Err(fail(io::ErrorKind::IsADirectory.into()));
        }
        if old.as_ref().is_some_and(|old| !old.is_file()) {
            let file = File::options().write(true).open(&target).map_err(fail)?;
            return Ok(Output { name, body: Body::Direct(Counted::buffered(file)), written: 0 });
        }
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".pickle-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any program makes files; the umask takes away what it must. A file that is replaced keeps its mode.
            let mode = old.map_or(0o666, |old| old.permissions().mode());
            builder.permissions(std::fs::Permissions::from_mode(mode));
        }
        let file = builder.tempfile_in(folder).map_err(fail)?;
        watch(file.path());
        Ok(Output { name, body: Body::File(BufWriter::with_capacity(PIECE, file), target), written: 0 })
    }

    /// The name for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is written can be thrown away, and the old file is still there.
    pub fn is_revocable(&self) -> bool {
        matches!(self.body, Body::File(..))
    }

    /// Bytes that were written so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The failure for an error of writing here.
    pub fn failure(&self, source: io::Error) -> Failure {
        let source = WriteFailure::unwrap(source);
        match &self.body {
            Body::Stdout(out) => failed(&self.name, source, out),
            Body::Direct(out) => failed(&self.name, source, out),
            Body::Done | Body::File(..) => Failure::Write { name: self.name.clone(), source, taken: None },
        }
    }

    /// Everything is written: it reaches the disk, and then its name.
    ///
    /// # Errors
    /// What the system says; the old file is still there.
    pub fn commit(mut self) -> Result<(), Failure> {
        let name = self.name.clone();
        let body = std::mem::replace(&mut self.body, Body::Done);
        let fail = |source| Failure::Write { name: name.clone(), source, taken: None };
        match body {
            Body::Done => Ok(()),
            Body::Stdout(mut out) => out.flush().map_err(|error| failed(&name, error, &out)),
            Body::Direct(mut out) => out.flush().map_err(|error| failed(&name, error, &out)),
            Body::File(out, target) => {
                let file = out.into_inner().map_err(|error| fail(error.into_error()))?;
                file.as_file().sync_all().map_err(fail)?;
                let temporary = file.path().to_path_buf();
                let moved = file.persist(&target).map_err(|error| fail(error.error));
                forget(&temporary);
                moved?;
                // The new name must survive a power cut too. Not every file system can do that for folders.
                if let Some(folder) = target.parent() {
                    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
                    let _ = File::open(folder).and_then(|folder| folder.sync_all());
                }
                Ok(())
            }
        }
    }
}

/// The failure of what appears bit by bit.
fn failed<W: Write>(name: &str, source: io::Error, out: &BufWriter<Counted<W>>) -> Failure {
    // Whoever reads has enough: that is not for this name to judge.
    if source.kind() == io::ErrorKind::BrokenPipe {
        return Failure::Output(source);
    }
    Failure::Write { name: name.to_owned(), source, taken: Some(out.get_ref().taken) }
}

impl Write for Output {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let written = match &mut self.body {
            Body::Done => Ok(0),
            Body::Stdout(out) => out.write(data),
            Body::Direct(out) => out.write(data),
            Body::File(out, _) => out.write(data),
        };
        let n = written.map_err(WriteFailure::wrap)?;
        self.written += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = match &mut self.body {
            Body::Done => Ok(()),
            Body::Stdout(out) => out.flush(),
            Body::Direct(out) => out.flush(),
            Body::File(out, _) => out.flush(),
        };
        flushed.map_err(WriteFailure::wrap)
    }
}

impl embedded_io::ErrorType for Output {
    type Error = io::Error;
}

impl embedded_io::Write for Output {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Write::write(self, data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(self)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Body::File(out, _) = &self.body {
            forget(out.get_ref().path());
        }
    }
}

fn unfinished() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A signal that ends the process removes this file first.
fn watch(path: &Path) {
    unfinished().push(path.to_path_buf());
    HANDLER.call_once(handle_signals);
}

fn remove_unfinished() {
    for path in unfinished().drain(..) {
        let _ = std::fs::remove_file(path);
    }
}

/// Exits as shells have it: with 128 and the number of the signal.
#[cfg(unix)]
fn handle_signals() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    // Without a handler the file is left behind, and nothing worse.
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return };
    let _ = std::thread::Builder::new().name("signals".into()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            remove_unfinished();
            std::process::exit(128 + signal);
        }
    });
}

#[cfg(not(unix))]
fn handle_signals() {
    let _ = ctrlc::set_handler(|| {
        remove_unfinished();
        std::process::exit(130);
    });
}

fn forget(path: &Path) {
    unfinished().retain(|unfinished| unfinished != path);
}
