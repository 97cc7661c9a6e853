//! Failures, and how they are reported.

use std::io::{self, Write};
use std::process::ExitCode;

/// Why a command could not do all of its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// An input cannot be opened, read or unpacked.
    #[error("{name}: {}", explain(source))]
    Input {
        /// The input.
        name: String,
        /// What the system or the decompressor says.
        source: io::Error,
    },
    /// A pickle is damaged, or beyond a limit.
    #[error("{name}: {}{error}{}{}", counted(*index), together(*index, error), unpacked(layers))]
    Pickle {
        /// The input.
        name: String,
        /// The names of the compression that was undone: offsets are in what came out.
        layers: Vec<&'static str>,
        /// Which pickle of the input, counted from 0.
        index: u64,
        /// What is wrong with it, and where.
        error: pickle_core::Error,
    },
    /// The input is something else than a pickle.
    #[error("{name}: not a pickle: this is {}{container}", packed(layers))]
    Container {
        /// The input.
        name: String,
        /// The names of the compression that was undone.
        layers: Vec<&'static str>,
        /// What it is, and what can be done about it.
        container: String,
    },
    /// Anything else that is wrong with an input.
    #[error("{name}: {text}")]
    Refused {
        /// The input.
        name: String,
        /// What is wrong, and what would be right.
        text: String,
    },
    /// Options that do not go together.
    #[error("{0}")]
    Usage(String),
    /// A result cannot be written. What had its name before is untouched.
    #[error("{name}: {}{}", explain_write(source), good(*taken))]
    Write {
        /// The file.
        name: String,
        /// What the system says.
        source: io::Error,
        /// Bytes that it has taken, where there is no going back: pipes and devices.
        taken: Option<u64>,
    },
    /// Standard output cannot be written.
    #[error("standard output: {0}")]
    Output(io::Error),
    /// A verdict that is reported by the exit code alone.
    #[error("verdict")]
    Verdict(u8),
    /// The system refuses something that is neither reading an input nor writing a result.
    #[error("{0}")]
    System(io::Error),
    /// Failures that were printed already.
    #[error("some files could not be read")]
    Reported,
}

impl Failure {
    /// Refuses a path that cannot be read; `example` is one that can.
    ///
    /// # Errors
    /// [`Failure::Usage`].
    pub fn check_path(path: &str, example: &str) -> Result<(), Failure> {
        if pickle_core::ValuePath::new(path).is_valid() {
            return Ok(());
        }
        Err(Failure::Usage(format!("{path} is not a valid path; expected, for example, {example} or $[\"a key\"]")))
    }

    /// Refuses a path that cannot be read, or that may lead to more than the one container whose items are asked for.
    ///
    /// # Errors
    /// [`Failure::Usage`].
    pub fn check_container_path(path: &str, example: &str) -> Result<(), Failure> {
        Self::check_path(path, example)?;
        if !pickle_core::ValuePath::new(path).is_many() {
            return Ok(());
        }
        Err(Failure::Usage(format!(
            "{path} may lead to several values, and items are those of one container; `pickle get` prints all that it leads to"
        )))
    }

    /// 1 for bad input, 2 for wrong usage, 0 where the reader of our output had enough.
    pub fn exit_code(&self) -> u8 {
        match self {
            _ if self.is_closed_pipe() => 0,
            Failure::Usage(_) => 2,
            Failure::Verdict(code) => *code,
            _ => 1,
        }
    }

    /// True if the reader of our output has closed it, as `head` does: not an error.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Prints the failure to standard error, unless it has been printed or needs no message.
    pub fn report(&self) {
        if !self.is_closed_pipe() && !matches!(self, Failure::Reported | Failure::Verdict(_)) {
            crate::progress::clear();
            // If this fails, there is nowhere left to report it.
            let _ = writeln!(io::stderr(), "pickle: {self}");
        }
    }
}

impl From<&Failure> for ExitCode {
    fn from(failure: &Failure) -> Self {
        ExitCode::from(failure.exit_code())
    }
}

/// Errors of reading an input and of writing standard output are known by what they carry.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let error = match error.downcast::<ReadFailure>() {
            Ok(ReadFailure { name, source }) => return Failure::Input { name, source },
            Err(error) => error,
        };
        match error.downcast::<WriteFailure>() {
            Ok(WriteFailure(source)) => Failure::Output(source),
            Err(error) => Failure::System(error),
        }
    }
}

/// An error of writing on its way through `std::io::Error`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WriteFailure(pub(crate) io::Error);

impl WriteFailure {
    pub(crate) fn wrap(source: io::Error) -> io::Error {
        match source.get_ref() {
            Some(inner) if inner.is::<WriteFailure>() => source,
            _ => io::Error::new(source.kind(), WriteFailure(source)),
        }
    }

    /// The error that was wrapped, if it was.
    pub(crate) fn unwrap(error: io::Error) -> io::Error {
        error.downcast::<WriteFailure>().map_or_else(|error| error, |WriteFailure(source)| source)
    }
}

/// A writer whose errors are known as such wherever they come out.
pub(crate) struct Tagged<'o>(pub(crate) &'o mut dyn Write);

impl Write for Tagged<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.write(data).map_err(WriteFailure::wrap)
    }

    fn write_all(&mut self, data: &[u8]) -> io::Result<()> {
        self.0.write_all(data).map_err(WriteFailure::wrap)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(WriteFailure::wrap)
    }
}

/// Tells the user something that does not stop the work.
pub(crate) fn note(name: &str, text: &str) {
    crate::progress::clear();
    // If this fails, there is nowhere left to report it.
    let _ = writeln!(io::stderr(), "pickle: {name}: {text}");
}

/// An error of reading on its way through `std::io::Error`. It keeps what distinguishes it from an error of writing.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {source}")]
pub(crate) struct ReadFailure {
    pub(crate) name: String,
    pub(crate) source: io::Error,
}

impl ReadFailure {
    pub(crate) fn wrap(name: &str, source: io::Error) -> io::Error {
        io::Error::new(source.kind(), ReadFailure { name: name.to_owned(), source })
    }
}

/// A name as messages show it: without what could move the cursor.
pub fn printable(name: &str) -> String {
    name.chars()
        .flat_map(|c| {
            let escape = c.is_control()
                || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let escaped = if escape { Some(c.escape_unicode()) } else { None };
            escaped.into_iter().flatten().chain(if escape { None } else { Some(c) })
        })
        .collect()
}

/// "(os error 2)" is of no use to the user.
fn explain(error: &io::Error) -> String {
    let text = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::IsADirectory => "this is a directory; give the files in it".into(),
        _ => error.to_string(),
    };
    match text.split_once(" (os error") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}

/// The same for what is written.
fn explain_write(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "the folder does not exist".into(),
        io::ErrorKind::IsADirectory => "this is a directory; give the name of a file to write".into(),
        _ => explain(error),
    }
}

fn good(taken: Option<u64>) -> String {
    taken.map(|taken| format!("; {taken} bytes were written before")).unwrap_or_default()
}

fn counted(index: u64) -> String {
    match index {
        0 => String::new(),
        n => format!("pickle number {}: ", n + 1),
    }
}

/// The memo is that of the pickles before: one `Unpickler` read them all.
fn together(index: u64, error: &pickle_core::Error) -> &'static str {
    match (index, error.kind()) {
        (1.., pickle_core::ErrorKind::MemoMissing) => {
            "; it needs the memo of one before it, so they belong together: `pickle json` reads them as one"
        }
        _ => "",
    }
}

fn packed(layers: &[&str]) -> String {
    layers.iter().map(|layer| format!("{layer} data, and in it ")).collect()
}

fn unpacked(layers: &[&str]) -> String {
    if layers.is_empty() {
        return String::new();
    }
    format!(" (counted in what {} unpacks to)", layers.join(", then "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pickle_core::{Error, ErrorKind};

    #[test]
    fn messages_say_where_and_what_to_do() {
        let error = Error::new(ErrorKind::UnknownOpcode, 0xff, 7);
        let failure = Failure::Pickle { name: "a".into(), layers: vec!["gzip", "xz"], index: 2, error };
        assert_eq!(
            failure.to_string(),
            "a: pickle number 3: at byte 7, 0xff: this byte is not an opcode: not a pickle, or damaged before here \
             (counted in what gzip, then xz unpacks to)"
        );
        let failure = Failure::Container { name: "a".into(), layers: vec![], container: "a NumPy .npz file".into() };
        assert!(failure.to_string().contains("not a pickle: this is a NumPy .npz file"), "{failure}");
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let failure = Failure::from(WriteFailure::wrap(io::ErrorKind::BrokenPipe.into()));
        assert_eq!(failure.exit_code(), 0);
        assert_eq!(Failure::Usage("x".into()).exit_code(), 2);
        assert_eq!(Failure::Reported.exit_code(), 1);
    }
}
