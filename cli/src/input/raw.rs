//! Options for the bytes of a file, given instead of being found out: which of them are read, and how they are compressed.

use super::framed::Counted;
use super::layer::{Layer, LayerError, LayerFault};
use super::lengths::Lengths;
use super::part::Part;
use super::source::Source;
use crate::messages::Failure;
use clap::{Args, ValueEnum};
use std::io::{self, Read};

/// Bytes that a block without a length of its own may unpack to.
const MAX_BLOCK: u64 = 1 << 30;

/// Which bytes of a file are read, and how they are packed.
#[derive(Args, Clone, Debug, Default)]
pub struct RawOptions {
    /// Begin at this byte of the file; 0x.. is hexadecimal
    #[arg(long, global = true, value_name = "N", value_parser = number)]
    pub offset: Option<u64>,

    /// Read only so many bytes of the file
    #[arg(long, global = true, value_name = "N", value_parser = number)]
    pub length: Option<u64>,

    /// Undo these compressions, the outermost first, and no others
    #[arg(long, global = true, value_name = "NAME,..", value_delimiter = ',', hide_possible_values = true)]
    pub decompress: Vec<Unpacking>,

    /// Pickles have lengths in front: bytes of each, and which come first, such as 4be or 8le
    #[arg(long, global = true, value_name = "SIZE", hide_possible_values = true)]
    pub framed: Option<Lengths>,
}

/// A compression by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Unpacking {
    /// None: what looks compressed is not.
    None,
    /// gzip.
    Gzip,
    /// zlib.
    Zlib,
    /// zlib without header and checksum.
    Deflate,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// A `.lzma` file.
    Lzma,
    /// LZMA without a header: lc 3, lp 0, pb 2, as everybody has it.
    LzmaRaw,
    /// LZMA2 without a header.
    Lzma2Raw,
    /// Zstandard.
    Zstd,
    /// Zstandard without the magic number.
    ZstdRaw,
    /// lz4 in frames.
    Lz4,
    /// One block of lz4 with its size in front, as `lz4.block` of Python writes it.
    Lz4Block,
    /// One block of lz4.
    Lz4Raw,
    /// snappy in frames.
    Snappy,
    /// One block of snappy.
    SnappyRaw,
}

/// A number of bytes, also in hexadecimal.
fn number(text: &str) -> Result<u64, String> {
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.map_err(|_| "this is not a number of bytes".to_owned())
}

impl RawOptions {
    /// The bytes are those of the whole file, as it lies there or as its first bytes say.
    pub fn is_whole(&self) -> bool {
        self.offset.is_none() && self.length.is_none() && self.decompress.is_empty() && self.framed.is_none()
    }

    /// What was said can be put back: nothing of the file is left out, and each compression is one that is written.
    pub fn can_be_put_back(&self) -> bool {
        use Unpacking as U;
        let is_written = |packed: &Unpacking| {
            matches!(packed, U::None | U::Gzip | U::Zlib | U::Bzip2 | U::Xz | U::Lzma | U::Zstd | U::Lz4 | U::Snappy)
        };
        self.offset.is_none() && self.length.is_none() && self.decompress.iter().all(is_written)
    }

    /// The range of a file that is read.
    pub(super) fn range(&self, part: Part, name: &str) -> Result<Part, Failure> {
        let (offset, len) = (self.offset.unwrap_or(0), self.length);
        let end = offset.saturating_add(len.unwrap_or(0));
        if end > part.len() {
            let text = format!("the file has {} bytes, and no byte {}", part.len(), end.saturating_sub(1).max(offset));
            return Err(Failure::Refused { name: name.to_owned(), text });
        }
        Ok(part.slice(offset, len.unwrap_or(u64::MAX)))
    }

    /// The same of a stream.
    pub(super) fn range_of(&self, reader: Box<dyn Read>) -> Box<dyn Read> {
        if self.offset.is_none() && self.length.is_none() {
            return reader;
        }
        Box::new(Range { reader, skip: self.offset.unwrap_or(0), left: self.length.unwrap_or(u64::MAX) })
    }

    /// Undoes what is said to be there; true where something was said, so that nothing is to be found out.
    pub(super) fn undo(&self, mut source: Source, layers: &mut Vec<Layer>) -> io::Result<(Source, bool)> {
        for unpacking in &self.decompress {
            let (layer, reader) = unpacking.undo(source)?;
            layers.extend(layer);
            source = Source::new(reader);
        }
        if let Some(lengths) = self.framed {
            layers.push(Layer::Counted(lengths));
            source = Source::new(Box::new(Counted::new(source, lengths)));
        }
        Ok((source, !self.decompress.is_empty() || self.framed.is_some()))
    }
}

/// A range of a stream.
struct Range {
    reader: Box<dyn Read>,
    /// Bytes to be passed over.
    skip: u64,
    left: u64,
}

impl Read for Range {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.skip != 0 {
            let passed = io::copy(&mut (&mut self.reader).take(self.skip), &mut io::sink())?;
            if passed < self.skip {
                let text = format!("the input ends {} bytes before the offset", self.skip - passed);
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
            }
            self.skip = 0;
        }
        let most = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let n = self.reader.read(out.get_mut(..most).unwrap_or_default())?;
        self.left -= n as u64;
        Ok(n)
    }
}

impl Unpacking {
    fn undo(self, source: Source) -> io::Result<(Option<Layer>, Box<dyn Read>)> {
        let layer = match self {
            Unpacking::Gzip => Layer::Gzip,
            Unpacking::Zlib => Layer::Zlib,
            Unpacking::Bzip2 => Layer::Bzip2,
            Unpacking::Xz => Layer::Xz,
            Unpacking::Lzma => Layer::Lzma,
            Unpacking::Zstd => Layer::Zstd,
            Unpacking::Lz4 => Layer::Lz4,
            Unpacking::Snappy => Layer::Snappy,
            Unpacking::None => return Ok((None, Box::new(source))),
            _ => return self.undo_headless(source),
        };
        Ok((Some(layer), super::layers::undo(layer, source)?))
    }

    /// Formats without a header.
    fn undo_headless(self, source: Source) -> io::Result<(Option<Layer>, Box<dyn Read>)> {
        let damaged = |layer: Layer, text: String| -> io::Error {
            LayerError { layer, offset: 0, fault: LayerFault::Damaged(text) }.into()
        };
        let (layer, reader): (Layer, Box<dyn Read>) = match self {
            Unpacking::Deflate => (Layer::Named("deflate"), Box::new(flate2::bufread::DeflateDecoder::new(source))),
            Unpacking::ZstdRaw => {
                let whole = io::BufReader::new(io::Cursor::new(b"\x28\xb5\x2f\xfd").chain(source));
                (Layer::Zstd, Box::new(zstd::stream::read::Decoder::with_buffer(whole)?))
            }
            Unpacking::LzmaRaw | Unpacking::Lzma2Raw => {
                let mut options = liblzma::stream::LzmaOptions::new_preset(9).map_err(io::Error::from)?;
                // A larger window than the packer's does no harm.
                options.dict_size(MAX_BLOCK as u32 / 8);
                let mut filters = liblzma::stream::Filters::new();
                match self {
                    Unpacking::LzmaRaw => filters.lzma1(&options),
                    _ => filters.lzma2(&options),
                };
                let stream = liblzma::stream::Stream::new_raw_decoder(&filters).map_err(io::Error::from)?;
                (Layer::Named("raw lzma"), Box::new(liblzma::bufread::XzDecoder::new_stream(source, stream)))
            }
            _ => {
                let mut block = Vec::new();
                source.take(MAX_BLOCK + 1).read_to_end(&mut block)?;
                let layer = Layer::Named(if self == Unpacking::SnappyRaw { "raw snappy" } else { "lz4 block" });
                let size = match self {
                    Unpacking::SnappyRaw => {
                        snap::raw::decompress_len(&block).map_err(|error| damaged(layer, error.to_string()))? as u64
                    }
                    Unpacking::Lz4Block => match block.first_chunk::<4>() {
                        Some(size) => u32::from_le_bytes(*size).into(),
                        None => return Err(damaged(layer, "there is no size in front".into())),
                    },
                    // A byte unpacks to 255 at most.
                    _ => (block.len() as u64 * 255).min(MAX_BLOCK),
                };
                if size > MAX_BLOCK {
                    return Err(LayerError { layer, offset: 0, fault: LayerFault::Memory }.into());
                }
                let data = block.get(if self == Unpacking::Lz4Block { 4 } else { 0 }..).unwrap_or_default();
                let unpacked = match self {
                    Unpacking::SnappyRaw => snap::raw::Decoder::new().decompress_vec(data).map_err(|e| e.to_string()),
                    _ => lz4_flex::block::decompress(data, size as usize).map_err(|e| e.to_string()),
                };
                (layer, Box::new(io::Cursor::new(unpacked.map_err(|text| damaged(layer, text))?)))
            }
        };
        Ok((Some(layer), reader))
    }
}
