//! Options for reading.

/// What becomes of a Python 2 str (STRING, BINSTRING, SHORT_BINSTRING):
/// the `encoding` of `pickle.load`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Encoding {
    /// Stays what it is, told apart from str and bytes. Nothing is lost.
    #[default]
    Keep,
    /// Becomes bytes.
    Bytes,
    /// Becomes a str; anything but ASCII is an error, as in `pickle.load`.
    Ascii,
    /// Becomes a str, a code point a byte.
    Latin1,
    /// Becomes a str.
    Utf8,
}

/// How the texts of INT and LONG are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TextInts {
    /// As CPython up to 3.13: base prefixes (`0x1f`, `0o17`, `0b1`, and `010` is
    /// 8 in INT), and any two characters worth 0 or 1 are a bool in INT.
    #[default]
    Prefixed,
    /// As CPython from 3.14: base 10, and only `00` and `01` are bools.
    Decimal,
}

/// What a reader is told beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What becomes of Python 2 strs. Default: [`Encoding::Keep`].
    pub encoding: Encoding,
    /// How INT and LONG are read. Default: [`TextInts::Prefixed`].
    pub text_ints: TextInts,
    /// How many out-of-band buffers the caller has; `None` (the default) is
    /// as many as the pickle asks for, as placeholders.
    pub buffers: Option<u32>,
    /// Opcodes that a pickle may have. Default: no limit.
    pub max_opcodes: u64,
    /// bytes and bytearrays of at least so many bytes are not kept where the
    /// input is fed: they come with [`Status::Payload`](crate::Status::Payload),
    /// and the document has an out-of-band buffer in their place, numbered
    /// with those of NEXT_BUFFER in the order of the stream. Default: none.
    /// Only with feature `alloc`: it costs half a kilobyte of flash, and where
    /// that counts, a [`Decoder`](crate::Decoder) gives payloads in pieces too.
    #[cfg(feature = "alloc")]
    pub out_of_band: u64,
    /// Stop after every BUILD with [`Status::Built`](crate::Status::Built),
    /// for streams with raw bytes between opcodes (joblib). Default: false.
    pub stop_after_build: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options::new()
    }
}

impl Options {
    /// The defaults.
    pub const fn new() -> Self {
        Options {
            encoding: Encoding::Keep,
            text_ints: TextInts::Prefixed,
            buffers: None,
            max_opcodes: u64::MAX,
            #[cfg(feature = "alloc")]
            out_of_band: u64::MAX,
            stop_after_build: false,
        }
    }
}
