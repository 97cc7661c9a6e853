//! Undoing one layer of compression while reading.

use super::detect::{self, is_lzma_alone};
use super::framed::{Counted, Framed};
use super::layer::{Layer, LayerError, LayerFault};
use super::source::Source;
use std::io::{self, BufRead, Read};

/// A reader that undoes `layer`.
pub(crate) fn undo(layer: Layer, source: Source) -> io::Result<Box<dyn Read>> {
    Ok(match layer {
        Layer::Gzip => Box::new(Members::<Gzip>::new(layer, source)?),
        Layer::Zlib => Box::new(Members::<Zlib>::new(layer, source)?),
        Layer::Bzip2 => Box::new(Members::<Bzip2>::new(layer, source)?),
        Layer::Xz => Box::new(Members::<Xz>::new(layer, source)?),
        Layer::Lzma => Box::new(Members::<Lzma>::new(layer, source)?),
        Layer::Zstd => Box::new(Members::<Zstd>::new(layer, source)?),
        Layer::Lz4 => Box::new(Members::<Lz4>::new(layer, source)?),
        Layer::Snappy => Box::new(Members::<Snappy>::new(layer, source)?),
        Layer::Zfile => Box::new(Members::<Zfile>::new(layer, source)?),
        Layer::Framed => Box::new(Framed::new(source)),
        Layer::Counted(lengths) => Box::new(Counted::new(source, lengths)),
        // Those are undone where they are told.
        Layer::Named(_) => Box::new(source),
    })
}

/// One stream of a format that may hold several, one after the other.
trait Member: Read + Sized {
    /// Begins at the first byte of a stream.
    fn begin(source: Source) -> io::Result<Self>;
    /// The compressed bytes.
    fn source(&self) -> &Source;
    /// The compressed bytes, at the first that is not part of this stream.
    fn into_source(self) -> Source;
    /// Called when nothing more came out; an error if that was too early.
    fn check_end(&self) -> Result<(), LayerFault> {
        Ok(())
    }
    /// What follows this stream in the same file.
    ///
    /// # Errors
    /// What comes before it cannot be passed over.
    fn follow_up(source: &mut Source) -> io::Result<FollowUp>;
}

enum FollowUp {
    Another,
    Foreign,
}

/// Reads all streams of one format and names it in every error.
struct Members<M> {
    layer: Layer,
    /// `None` after the end, and after an error.
    member: Option<M>,
    failed: Option<Sticky>,
}

/// An error to be given again: decompressors may go on after one, or end quietly; this does neither.
enum Sticky {
    Layer(LayerError),
    Os(i32),
}

impl Sticky {
    fn error(&self) -> io::Error {
        match self {
            Sticky::Layer(error) => error.clone().into(),
            Sticky::Os(code) => io::Error::from_raw_os_error(*code),
        }
    }
}

impl<M: Member> Members<M> {
    fn new(layer: Layer, source: Source) -> io::Result<Self> {
        let mut members = Members { layer, member: None, failed: None };
        members.member = Some(M::begin(source).map_err(|error| members.fail_with(error, 0))?);
        Ok(members)
    }

    fn fail(&mut self, offset: u64, fault: LayerFault) -> io::Error {
        self.stick(Sticky::Layer(LayerError { layer: self.layer, offset, fault }))
    }

    fn fail_with(&mut self, error: io::Error, offset: u64) -> io::Error {
        if let Some(code) = error.raw_os_error() {
            return self.stick(Sticky::Os(code));
        }
        // The layer outside this one has failed, and has said so.
        if let Some(outer) = error.get_ref().and_then(|e| e.downcast_ref::<LayerError>()) {
            return self.stick(Sticky::Layer(outer.clone()));
        }
        let early = error.kind() == io::ErrorKind::UnexpectedEof || error.get_ref().is_some_and(|e| e.is::<Starved>());
        self.fail(offset, if early { LayerFault::Truncated } else { fault(&error) })
    }

    fn stick(&mut self, sticky: Sticky) -> io::Error {
        self.member = None;
        self.failed.insert(sticky).error()
    }

    /// Goes on with what follows a stream that has ended.
    fn next_member(&mut self, mut source: Source) -> io::Result<()> {
        if source.is_at_end() {
            return Ok(());
        }
        let offset = source.consumed();
        match M::follow_up(&mut source) {
            Ok(FollowUp::Another) => {
                self.member = Some(M::begin(source).map_err(|error| self.fail_with(error, offset))?);
                Ok(())
            }
            Ok(FollowUp::Foreign) if source.is_at_end() => Ok(()),
            // A read error is not a byte of something else.
            Ok(FollowUp::Foreign) => Err(match source.fill_buf() {
                Ok(_) => self.fail(source.consumed(), LayerFault::Trailing(self.layer)),
                Err(error) => self.fail_with(error, offset),
            }),
            Err(error) => Err(self.fail_with(error, offset)),
        }
    }
}

/// What the decompressors say in words only.
fn fault(error: &io::Error) -> LayerFault {
    let text = error.to_string();
    match text.as_str() {
        "memory limit reached" | "Frame requires too much memory for decoding" => LayerFault::Memory,
        "lzma data error" => LayerFault::Damaged("a checksum or a code is wrong".into()),
        _ => LayerFault::Damaged(text),
    }
}

impl<M: Member> Read for Members<M> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(failed) = &self.failed {
            return Err(failed.error());
        }
        if out.is_empty() {
            return Ok(0);
        }
        while let Some(member) = &mut self.member {
            let result = member.read(out);
            let offset = member.source().consumed();
            match result {
                Ok(0) => {}
                Ok(n) => return Ok(n),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.fail_with(error, offset)),
            }
            if let Err(fault) = member.check_end() {
                return Err(self.fail(offset, fault));
            }
            let Some(member) = self.member.take() else { break };
            self.next_member(member.into_source())?;
        }
        Ok(0)
    }
}

/// The decoders that read from `BufRead` and stop at the end of one stream.
macro_rules! member {
    ($(#[$doc:meta])* $name:ident($decoder:ty), |$source:ident| $begin:expr, |$next:ident| $follow_up:expr) => {
        $(#[$doc])*
        struct $name($decoder);

        impl Read for $name {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                self.0.read(out)
            }
        }

        impl Member for $name {
            fn begin($source: Source) -> io::Result<Self> {
                Ok($name($begin))
            }
            fn source(&self) -> &Source {
                self.0.get_ref()
            }
            fn into_source(self) -> Source {
                self.0.into_inner()
            }
            fn follow_up($next: &mut Source) -> io::Result<FollowUp> {
                Ok($follow_up)
            }
        }
    };
}

fn another_if(yes: bool) -> FollowUp {
    if yes { FollowUp::Another } else { FollowUp::Foreign }
}

/// Passes over zero bytes: tapes and block devices pad gzip files with them, and xz has its stream padding.
fn skip_zeros(source: &mut Source) {
    loop {
        source.peek(1);
        let buffered = source.buffered();
        let zeros = buffered.iter().take_while(|byte| **byte == 0).count();
        if zeros == 0 {
            return;
        }
        source.consume(zeros);
    }
}

/// Bytes of dictionary a header may ask for, far above the 64 MiB of `xz -9`; touched only as data comes.
const LZMA_MEMORY: u64 = 1 << 30;

fn xz_stream() -> io::Result<liblzma::stream::Stream> {
    Ok(liblzma::stream::Stream::new_stream_decoder(LZMA_MEMORY, 0)?)
}

fn lzma_stream() -> io::Result<liblzma::stream::Stream> {
    Ok(liblzma::stream::Stream::new_lzma_decoder(LZMA_MEMORY)?)
}

member!(Gzip(flate2::bufread::GzDecoder<Source>), |source| flate2::bufread::GzDecoder::new(source), |next| {
    skip_zeros(next);
    another_if(next.peek(2) == [0x1f, 0x8b])
});
member!(Zlib(flate2::bufread::ZlibDecoder<Source>), |source| flate2::bufread::ZlibDecoder::new(source), |_next| {
    FollowUp::Foreign
});
member!(Bzip2(bzip2::bufread::BzDecoder<Source>), |source| bzip2::bufread::BzDecoder::new(source), |next| {
    another_if(next.peek(3) == b"BZh")
});
member!(
    /// One stream: liblzma would read all of them itself, but lose what came before foreign bytes.
    Xz(liblzma::bufread::XzDecoder<Source>),
    |source| liblzma::bufread::XzDecoder::new_stream(source, xz_stream()?),
    |next| {
        skip_zeros(next);
        another_if(next.peek(6) == b"\xfd7zXZ\0")
    }
);
member!(
    Lzma(liblzma::bufread::XzDecoder<Source>),
    |source| liblzma::bufread::XzDecoder::new_stream(source, lzma_stream()?),
    |next| another_if(is_lzma_alone(next.peek(14)))
);

/// zstd reads all frames, skippable ones too, itself.
struct Zstd(zstd::stream::read::Decoder<'static, Source>);

impl Read for Zstd {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl Member for Zstd {
    fn begin(source: Source) -> io::Result<Self> {
        Ok(Zstd(zstd::stream::read::Decoder::with_buffer(source)?))
    }
    fn source(&self) -> &Source {
        self.0.get_ref()
    }
    fn into_source(self) -> Source {
        self.0.finish()
    }
    fn follow_up(_: &mut Source) -> io::Result<FollowUp> {
        Ok(FollowUp::Foreign)
    }
}

/// The input ended where a decoder wanted more.
#[derive(Debug, thiserror::Error)]
#[error("the input ended")]
struct Starved;

/// A source whose end is an error. lz4_flex takes an end of the input between two blocks for the end of the frame.
struct Endless(Source);

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out) {
            Ok(0) if !out.is_empty() => Err(io::Error::other(Starved)),
            other => other,
        }
    }
}

/// One lz4 frame; the frames to skip before it are passed over here.
struct Lz4(lz4_flex::frame::FrameDecoder<Endless>);

impl Read for Lz4 {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl Member for Lz4 {
    fn begin(mut source: Source) -> io::Result<Self> {
        skip_frames(&mut source)?;
        Ok(Lz4(lz4_flex::frame::FrameDecoder::new(Endless(source))))
    }
    fn source(&self) -> &Source {
        &self.0.get_ref().0
    }
    fn into_source(self) -> Source {
        self.0.into_inner().0
    }
    fn follow_up(source: &mut Source) -> io::Result<FollowUp> {
        skip_frames(source)?;
        Ok(another_if(source.peek(4) == b"\x04\x22\x4d\x18"))
    }
}

/// Passes over frames that hold something else than data.
fn skip_frames(source: &mut Source) -> io::Result<()> {
    while let &[0x50..=0x5f, b'*', b'M', 0x18, l0, l1, l2, l3] = source.peek(8) {
        let length = 8 + u64::from(u32::from_le_bytes([l0, l1, l2, l3]));
        if io::copy(&mut source.take(length), &mut io::sink())? < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

/// snappy's frames have no end but the end of the input.
struct Snappy(snap::read::FrameDecoder<Source>);

impl Read for Snappy {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl Member for Snappy {
    fn begin(source: Source) -> io::Result<Self> {
        Ok(Snappy(snap::read::FrameDecoder::new(source)))
    }
    fn source(&self) -> &Source {
        self.0.get_ref()
    }
    fn into_source(self) -> Source {
        self.0.into_inner()
    }
    fn follow_up(_: &mut Source) -> io::Result<FollowUp> {
        Ok(FollowUp::Foreign)
    }
}

/// joblib before 0.10: the declared length is checked, never trusted.
struct Zfile {
    inner: Zlib,
    declared: u64,
    found: u64,
}

impl Read for Zfile {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.found += n as u64;
        Ok(n)
    }
}

impl Member for Zfile {
    fn begin(mut source: Source) -> io::Result<Self> {
        let head = source.peek(detect::ZFILE_HEADER_MAX);
        let (length, declared) = detect::zfile_header(head).ok_or(io::ErrorKind::InvalidData)?;
        source.consume(length);
        Ok(Zfile { inner: Zlib::begin(source)?, declared, found: 0 })
    }
    fn source(&self) -> &Source {
        self.inner.source()
    }
    fn into_source(self) -> Source {
        self.inner.into_source()
    }
    fn check_end(&self) -> Result<(), LayerFault> {
        let &Zfile { declared, found, .. } = self;
        if declared == found { Ok(()) } else { Err(LayerFault::Length { declared, found }) }
    }
    fn follow_up(source: &mut Source) -> io::Result<FollowUp> {
        Zlib::follow_up(source)
    }
}
