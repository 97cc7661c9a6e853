//! An open input: a file or a stream, with compression undone.

use super::detect;
use super::layer::{Layer, LayerError, LayerFault};
use super::layers;
use super::part::Part;
use super::raw::RawOptions;
use super::sniff::{Container, sniff};
use super::source::Source;
use crate::messages::{Failure, ReadFailure};
use crate::pieces::PIECE;
use crate::progress::Progress;
use crate::survey::info::Skip;
use memmap2::{Mmap, MmapOptions};
use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;
use std::rc::Rc;

/// Layers of compression that are undone; more are an attack or a mistake.
pub const MAX_LAYERS: usize = 8;

/// First bytes that are kept, to say what a file is when it is not a pickle.
const HEAD: usize = 1024;

/// An open input: the bytes of pickles, with compression undone.
///
/// Read it through [`Input::as_slice`] where there is one, else through
/// [`Input::reader`], `std::io::Read` or `embedded_io::Read`. Errors of
/// reading carry the input's name and become a [`Failure`] by `?`.
pub struct Input {
    name: String,
    layers: Vec<Layer>,
    size: Option<u64>,
    progress: Rc<Progress>,
    body: Body,
    position: u64,
    /// Bytes of a file that were read ahead, and where they begin.
    ahead: (u64, Vec<u8>),
    live: Live,
}

/// Where bytes come from that may take their time.
#[derive(Clone)]
enum Live {
    /// Nothing is waited for.
    No,
    /// Standard input.
    Stdin,
    /// A pipe or a device by its name.
    File(Rc<File>),
}

impl Live {
    /// Reading would have to wait for the writer.
    #[cfg(unix)]
    fn is_waiting(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        let ready = match self {
            Live::No => return false,
            Live::Stdin => poll(&mut [PollFd::from_borrowed_fd(rustix::stdio::stdin(), PollFlags::IN)], Some(&at_once)),
            Live::File(file) => poll(&mut [PollFd::new(&**file, PollFlags::IN)], Some(&at_once)),
        };
        ready.is_ok_and(|ready| ready == 0)
    }

    #[cfg(not(unix))]
    fn is_waiting(&self) -> bool {
        !matches!(self, Live::No)
    }
}

/// Tells the compression of what a source holds.
type Recognise = fn(&mut Source) -> Option<Layer>;

enum Body {
    Map(Rc<Mmap>, Part),
    Stream { source: Source, head: Vec<u8> },
}

/// The length of a file whose last byte is STOP; 0 of every other, and where that cannot be read, which its reader reports.
fn stop_of(part: &Part) -> u64 {
    let last = part.len().checked_sub(1).and_then(|at| part.bytes_at(at, 1).ok());
    if last.is_some_and(|last| last == b".") { part.len() } else { 0 }
}

impl Input {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// The file cannot be opened, is a directory, or is packed in more than [`MAX_LAYERS`] layers. Damage to
    /// compressed data shows when the bytes are read.
    pub fn open(path: &Path, raw: &RawOptions) -> Result<Input, Failure> {
        Input::open_with(path, raw, detect::recognise)
    }

    /// Opens a file and takes its bytes as they are, compressed or not; `-` is standard input.
    ///
    /// # Errors
    /// The file cannot be opened, or is a directory.
    pub fn open_raw(path: &Path, raw: &RawOptions) -> Result<Input, Failure> {
        Input::open_with(path, raw, |_| None)
    }

    /// The file of an input as it is before the lengths in front of its pickles are taken out.
    ///
    /// # Errors
    /// As [`Input::open`].
    pub(super) fn open_before_frames(path: &Path, raw: &RawOptions) -> Result<Input, Failure> {
        let recognise: Recognise = match raw.framed {
            Some(_) => |_| None,
            None => {
                |source| detect::recognise(source).filter(|layer| !matches!(layer, Layer::Framed | Layer::Counted(_)))
            }
        };
        Input::open_with(path, &RawOptions { framed: None, ..raw.clone() }, recognise)
    }

    fn open_with(path: &Path, raw: &RawOptions, recognise: Recognise) -> Result<Input, Failure> {
        if path == Path::new("-") {
            let reader = raw.range_of(Box::new(Stdin));
            let mut input = Input::unpack("standard input".into(), reader, None, recognise, raw)?;
            input.live = Live::Stdin;
            return Ok(input);
        }
        let name = path.display().to_string();
        let fail = |source: io::Error| Failure::Input { name: name.clone(), source };
        let file = File::open(path).map_err(fail)?;
        let metadata = file.metadata().map_err(fail)?;
        if metadata.is_dir() {
            // LMDB calls the folder its database.
            let pages = path.join("data.mdb");
            if pages.is_file() {
                return Input::open_with(&pages, raw, recognise);
            }
            return Err(fail(io::ErrorKind::IsADirectory.into()));
        }
        let file = Rc::new(file);
        // Files that the kernel makes up, as in /proc, say that they are empty and are not.
        let size = Some(metadata.len()).filter(|size| metadata.is_file() && *size != 0);
        match size {
            Some(len) => {
                let part = raw.range(Part::new(file, 0, len), &name)?;
                Input::map_or_unpack(name, part, recognise, raw)
            }
            None => {
                let reader = raw.range_of(Box::new(Shared(file.clone())));
                let mut input = Input::unpack(name, reader, None, recognise, raw)?;
                input.live = Live::File(file);
                Ok(input)
            }
        }
    }

    /// Reads a range of a file; `name` is for messages. Mapped where it is not compressed.
    ///
    /// # Errors
    /// As [`Input::open`].
    pub fn from_part(name: impl Into<String>, part: Part) -> Result<Input, Failure> {
        Input::map_or_unpack(name.into(), part, detect::recognise, &RawOptions::default())
    }

    fn map_or_unpack(name: String, part: Part, recognise: Recognise, options: &RawOptions) -> Result<Input, Failure> {
        let mut input = Input::unpack(name, Box::new(part.reader()), Some(&part), recognise, options)?;
        // A file system that cannot map is read as a stream.
        if let (true, Ok(map)) = (input.layers.is_empty() && !part.is_empty(), map(&part)) {
            input.body = Body::Map(Rc::new(map), part);
        }
        Ok(input)
    }

    /// The same input with all its bytes in a file, for what reads here and there. A stream is written to a
    /// temporary file without a name first, which the system removes even after a crash.
    ///
    /// # Errors
    /// The input cannot be read, or there is no room for the file.
    pub fn into_seekable(self) -> Result<Input, Failure> {
        match self.into_seekable_as_far()? {
            (input, None) => Ok(input),
            (_, Some(fault)) => Err(fault),
        }
    }

    /// The same; where the input cannot be read to its end, with what came before that and why.
    ///
    /// # Errors
    /// There is no room for the file.
    pub fn into_seekable_as_far(mut self) -> Result<(Input, Option<Failure>), Failure> {
        if self.part().is_some() {
            return Ok((self, None));
        }
        let name = self.name.clone();
        let fail = |source| Failure::Refused {
            name: name.clone(),
            text: format!("cannot be kept in a temporary file: {source}"),
        };
        let mut file = tempfile::tempfile().map_err(fail)?;
        let mut buffer = vec![0; 64 * 1024];
        let fault = loop {
            match Read::read(&mut self, &mut buffer) {
                Ok(0) => break None,
                Ok(n) => file.write_all(buffer.get(..n).unwrap_or_default()).map_err(fail)?,
                Err(error) => break Some(error.into()),
            }
        };
        let part = Part::new(Rc::new(file), 0, self.position);
        self.position = 0;
        self.live = Live::No;
        self.body = match map(&part) {
            Ok(map) if !part.is_empty() => Body::Map(Rc::new(map), part),
            Ok(_) => Body::Stream { source: Source::new(Box::new(io::empty())), head: Vec::new() },
            Err(error) => return Err(fail(error)),
        };
        Ok((self, fault))
    }

    /// The range of a file that the bytes of a mapped input are.
    pub fn part(&self) -> Option<&Part> {
        match &self.body {
            Body::Map(_, part) => Some(part),
            Body::Stream { .. } => None,
        }
    }

    /// First bytes that are not consumed yet: at most a kilobyte, and of a stream no more than comes at once.
    pub fn head(&mut self) -> &[u8] {
        match &mut self.body {
            Body::Map(map, _) => {
                let rest = usize::try_from(self.position).ok().and_then(|at| map.get(at..)).unwrap_or_default();
                rest.get(..HEAD).unwrap_or(rest)
            }
            Body::Stream { source, .. } => {
                source.peek(1);
                let here = source.buffered();
                here.get(..HEAD).unwrap_or(here)
            }
        }
    }

    /// Reads from anything; `name` is for messages.
    ///
    /// # Errors
    /// As [`Input::open`].
    pub fn from_reader(name: impl Into<String>, reader: impl Read + 'static) -> Result<Input, Failure> {
        Input::unpack(name.into(), Box::new(reader), None, detect::recognise, &RawOptions::default())
    }

    /// Reads from anything whose bytes are taken as they are, compressed or not.
    ///
    /// # Errors
    /// None that is known of.
    pub fn from_plain(name: impl Into<String>, reader: impl Read + 'static) -> Result<Input, Failure> {
        Input::unpack(name.into(), Box::new(reader), None, |_| None, &RawOptions::default())
    }

    /// Bytes that are at hand, and are taken as they are.
    ///
    /// # Errors
    /// None that is known of.
    pub fn from_memory(name: impl Into<String>, bytes: Vec<u8>) -> Result<Input, Failure> {
        Input::from_plain(name, io::Cursor::new(bytes))
    }

    fn unpack(
        name: String,
        raw: Box<dyn Read>,
        part: Option<&Part>,
        recognise: Recognise,
        options: &RawOptions,
    ) -> Result<Input, Failure> {
        let size = part.map(Part::len);
        let progress = Rc::new(Progress::new(name.clone(), size));
        let mut source = Source::new(Box::new(Counted { raw, progress: progress.clone(), position: 0 }))
            .stopping_at(part.map_or(0, stop_of));
        let mut layers = Vec::new();
        let fail = |source| Failure::Input { name: name.clone(), source };
        let is_said;
        (source, is_said) = options.undo(source, &mut layers).map_err(fail)?;
        while !is_said && let Some(layer) = recognise(&mut source) {
            if layers.len() == MAX_LAYERS {
                return Err(fail(LayerError { layer, offset: 0, fault: LayerFault::TooDeep(MAX_LAYERS) }.into()));
            }
            layers.push(layer);
            source = Source::new(layers::undo(layer, source).map_err(fail)?);
        }
        let body = Body::Stream { source, head: Vec::new() };
        Ok(Input { name, layers, size, progress, body, position: 0, ahead: (0, Vec::new()), live: Live::No })
    }

    /// The name for messages: the path as it was given, or `standard input`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The layers of compression that are undone, the outermost first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Their names.
    pub fn layer_names(&self) -> Vec<&'static str> {
        self.layers.iter().map(|layer| layer.name()).collect()
    }

    /// Bytes of the file as it lies on the disk; `None` for streams.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// All bytes at once, where they are mapped: a regular file without compression.
    pub fn as_slice(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Map(map, _) => Some(map),
            Body::Stream { .. } => None,
        }
    }

    /// The memory that the file is mapped to.
    pub fn pages(&self) -> Option<Pages> {
        match &self.body {
            Body::Map(map, _) => Some(Pages(map.clone())),
            Body::Stream { .. } => None,
        }
    }

    /// Nothing more can be read without waiting for the writer of this pipe, so what is finished should be shown.
    pub fn would_wait(&self) -> bool {
        match &self.body {
            Body::Map(..) => false,
            Body::Stream { source, .. } => source.buffered().is_empty() && self.live.is_waiting(),
        }
    }

    /// The next bytes that can be read without waiting, perhaps none.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn ready(&mut self) -> io::Result<&[u8]> {
        match self.body {
            Body::Map(..) => self.fill_buf(),
            Body::Stream { ref source, .. } => Ok(source.buffered()),
        }
    }

    /// The next bytes, at least `n` of them where so many come and fit into the buffer. Nothing is consumed.
    pub fn look(&mut self, n: usize) -> &[u8] {
        match &mut self.body {
            Body::Map(map, _) => usize::try_from(self.position).ok().and_then(|at| map.get(at..)).unwrap_or_default(),
            Body::Stream { source, .. } => {
                source.peek(n);
                source.buffered()
            }
        }
    }

    /// The unpacked bytes as a stream. Works for mapped files as well, independent of [`Input::as_slice`].
    pub fn reader(&mut self) -> &mut dyn Read {
        self
    }

    /// Unpacked bytes that were read through the reader.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Goes on reading at this byte; only where the bytes are in a file ([`Input::part`]), else nothing happens.
    pub fn go_to(&mut self, position: u64) {
        if let Body::Map(..) = self.body {
            self.position = position;
        }
    }

    /// The progress bar. Streams move it by being read; users of [`Input::as_slice`] set it.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// What this is when it is not a pickle. Judged by the first bytes alone: ask where no pickle could be read.
    pub fn sniff(&self) -> Option<Container> {
        match &self.body {
            Body::Map(map, _) => sniff(map.get(..HEAD).unwrap_or(map)),
            Body::Stream { source, head } => {
                // What is not there yet is not waited for: the stream may be slow.
                let mut first = head.clone();
                first.extend(source.buffered().iter().take(HEAD - head.len().min(HEAD)));
                sniff(&first)
            }
        }
    }

    /// A text mode has gone over the first bytes.
    fn has_crlf(&self) -> bool {
        let head = match &self.body {
            Body::Map(map, _) => map.get(..HEAD).unwrap_or(map),
            Body::Stream { head, .. } => head.as_slice(),
        };
        let ends = head.iter().filter(|&&byte| byte == b'\n').count();
        ends > 1 && head.windows(2).filter(|pair| *pair == b"\r\n").count() == ends
    }

    /// The failure for what is wrong with this input.
    pub fn refuse(&self, text: impl Into<String>) -> Failure {
        Failure::Refused { name: self.name.clone(), text: text.into() }
    }

    /// The failure for an error in pickle number `index`, counted from 0: what the file really is, if that is known.
    pub fn bad_pickle(&self, index: u64, error: pickle_core::Error) -> Failure {
        let (name, layers) = (self.name.clone(), self.layer_names());
        if index == 0 && !error.kind().is_limit() && self.has_crlf() && self.sniff().is_none() {
            let hint =
                "every line ends in CR LF, as a text mode makes of them: `pickle repair` or --salvage undoes that";
            return Failure::Refused { name, text: format!("{error}; {hint}") };
        }
        match self.sniff() {
            Some(container) if index == 0 && !error.kind().is_limit() => {
                Failure::Container { name, layers, container: container.to_string() }
            }
            _ => Failure::Pickle { name, layers, index, error },
        }
    }

    /// The failure for an error of the pull reader.
    pub fn bad_read(&self, index: u64, error: pickle_core::ReadError<io::Error>) -> Failure {
        match error {
            pickle_core::ReadError::Io(error) => error.into(),
            pickle_core::ReadError::Pickle(error) => self.bad_pickle(index, error),
        }
    }
}

impl Read for Input {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = match &mut self.body {
            // Not through the map: its pages would count as memory of this process.
            Body::Map(_, part) => {
                let n = part.read_at(self.position, out).map_err(|source| ReadFailure::wrap(&self.name, source))?;
                self.progress.at(self.position + n as u64);
                n
            }
            Body::Stream { source, head } => {
                let n = source.read(out).map_err(|source| ReadFailure::wrap(&self.name, source))?;
                let kept = n.min(HEAD - head.len());
                head.extend_from_slice(out.get(..kept).unwrap_or_default());
                n
            }
        };
        self.position += n as u64;
        Ok(n)
    }
}

impl Skip for Input {
    fn skip(&mut self, bytes: u64) -> u64 {
        match &self.body {
            Body::Map(_, part) => {
                let n = bytes.min(part.len().saturating_sub(self.position));
                self.position += n;
                self.progress.at(self.position);
                n
            }
            Body::Stream { .. } => 0,
        }
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match &mut self.body {
            // Items that were held are asked for one by one when all of the file has been read.
            Body::Map(_, part) if self.position >= part.len() => Ok(&[]),
            Body::Map(_, part) => {
                let (begin, bytes) = &mut self.ahead;
                let within = |begin: u64, len: usize| (begin..begin + len as u64).contains(&self.position);
                if !within(*begin, bytes.len()) {
                    bytes.resize(PIECE, 0);
                    // Not through the map: its pages would count as memory of this process.
                    let n = part.read_at(self.position, bytes).map_err(|error| ReadFailure::wrap(&self.name, error))?;
                    bytes.truncate(n);
                    *begin = self.position;
                    self.progress.at(self.position + n as u64);
                }
                Ok(bytes.get((self.position - *begin) as usize..).unwrap_or_default())
            }
            Body::Stream { source, .. } => source.fill_buf().map_err(|error| ReadFailure::wrap(&self.name, error)),
        }
    }

    fn consume(&mut self, n: usize) {
        if let Body::Stream { source, head } = &mut self.body {
            let kept = n.min(HEAD - head.len());
            head.extend_from_slice(source.buffered().get(..kept).unwrap_or_default());
            source.consume(n);
        }
        self.position += n as u64;
    }
}

impl embedded_io::ErrorType for Input {
    type Error = io::Error;
}

impl embedded_io::Read for Input {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        Read::read(self, out)
    }
}

/// The memory that a file is mapped to.
#[derive(Clone)]
pub struct Pages(Rc<Mmap>);

impl Pages {
    /// What was read counts as memory of this process no more. It is there when it is looked at again.
    #[cfg(unix)]
    #[allow(unsafe_code)]
    pub fn forget(&self) {
        // SAFETY: of a read-only map of a file nothing is lost: its pages come back from the file.
        let advised = unsafe { self.0.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        // It was only advice.
        drop(advised);
    }

    /// The system has no such advice.
    #[cfg(not(unix))]
    pub fn forget(&self) {}
}

/// Maps a range of a file.
#[allow(unsafe_code)]
fn map(part: &Part) -> io::Result<Mmap> {
    let (file, start) = part.place();
    let len = usize::try_from(part.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    // SAFETY: the map is read-only and only ever seen as plain bytes, which have no invalid values; every reader
    // treats them as hostile anyway. If another process shortens the file meanwhile, the system ends this one
    // (SIGBUS); if it writes, a value may be torn. That is the price of every mapped file, and nothing is written here.
    unsafe { MmapOptions::new().offset(start).len(len).map(&**file) }
}

/// Standard input without the lock and the buffer of `std`, which would hide what has come.
struct Stdin;

impl Read for Stdin {
    #[cfg(unix)]
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(rustix::stdio::stdin(), out)?)
    }

    #[cfg(not(unix))]
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        io::stdin().lock().read(out)
    }
}

/// A file that says it is empty and may not be, as in /proc.
struct Shared(Rc<File>);

impl Read for Shared {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(out)
    }
}

/// Tells the progress bar how many raw bytes were read.
struct Counted {
    raw: Box<dyn Read>,
    progress: Rc<Progress>,
    position: u64,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = loop {
            match self.raw.read(out) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.position += n as u64;
        self.progress.at(self.position);
        Ok(n)
    }
}
