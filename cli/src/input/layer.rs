//! The names of compressions, and what is wrong with compressed data.

use super::lengths::Lengths;
use std::fmt;
use std::io;

/// A compression format that is undone while reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// gzip, all members.
    Gzip,
    /// zlib: one stream, as `zlib.compress` and joblib write it.
    Zlib,
    /// bzip2, all streams.
    Bzip2,
    /// xz, all streams.
    Xz,
    /// lzma-alone (`.lzma`), all streams.
    Lzma,
    /// Zstandard, all frames.
    Zstd,
    /// lz4 in its frame format, all frames.
    Lz4,
    /// snappy in its framing format.
    Snappy,
    /// joblib's format before 0.10: a length in hexadecimal, then zlib.
    Zfile,
    /// No compression: pickles with their lengths in front, as sockets carry them.
    Framed,
    /// The same with lengths of another kind.
    Counted(Lengths),
    /// A format without a header, which only the user can name.
    Named(&'static str),
}

impl Layer {
    /// The usual name of the format, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Layer::Gzip => "gzip",
            Layer::Zlib => "zlib",
            Layer::Bzip2 => "bzip2",
            Layer::Xz => "xz",
            Layer::Lzma => "lzma",
            Layer::Zstd => "zstd",
            Layer::Lz4 => "lz4",
            Layer::Snappy => "snappy",
            Layer::Zfile => "zfile",
            Layer::Framed | Layer::Counted(_) => "length-framed",
            Layer::Named(name) => name,
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Compressed data that cannot be undone: in which layer, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{layer} data {fault} (byte {offset} of the {layer} data)")]
pub struct LayerError {
    /// The layer that failed.
    pub layer: Layer,
    /// How far its compressed input was read, in bytes of that input; for the outermost layer bytes of the file.
    pub offset: u64,
    /// What is wrong.
    pub fault: LayerFault,
}

/// What is wrong with compressed data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayerFault {
    /// The input ended inside the compressed data.
    #[error("ends early: the file was truncated")]
    Truncated,
    /// The decompressor refused it.
    #[error("is damaged: {0}")]
    Damaged(String),
    /// Its header asks for more memory than any usual compressor needs (zstd: 128 MiB, xz and lzma: 1 GiB).
    #[error("exceeds the memory limit; unpack it first with its own tool")]
    Memory,
    /// Something else follows the compressed data.
    #[error("is followed by bytes that are not {0}")]
    Trailing(Layer),
    /// joblib's header declares another length than came out.
    #[error("unpacks to {found} bytes where its header says {declared}")]
    Length {
        /// The declared length in bytes.
        declared: u64,
        /// The length that came out, or as far as it was read.
        found: u64,
    },
    /// Compressed again and again.
    #[error("is nested deeper than {0} layers of compression")]
    TooDeep(usize),
}

impl From<LayerError> for io::Error {
    fn from(error: LayerError) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}
