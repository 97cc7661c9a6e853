//! Options for reading.

/// What becomes of a Python 2 str (STRING, BINSTRING, SHORT_BINSTRING):
/// the `encoding` of `pickle.load`.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Encoding, Heap, Options, Unpickler};
///
/// // Python 2: pickle.dumps("\xe9", 2)
/// let pickle = b"\x80\x02U\x01\xe9.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new().encoding(Encoding::Latin1));
/// assert_eq!(unpickler.load(pickle)?.root().as_str(), Some("\u{e9}"));
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new().encoding(Encoding::Ascii));
/// assert!(unpickler.load(pickle).is_err());
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
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
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, TextInts, Unpickler};
///
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// assert_eq!(unpickler.load(b"I010\n.")?.root().as_i64(), Some(8));
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new().text_ints(TextInts::Decimal));
/// assert_eq!(unpickler.load(b"I010\n.")?.root().as_i64(), Some(10));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum TextInts {
    /// As CPython up to 3.13: base prefixes (`0x1f`, `0o17`, `0b1`, and `010` is
    /// 8 in INT), and any two characters worth 0 or 1 are a bool in INT.
    #[default]
    Prefixed,
    /// As CPython from 3.14: base 10, and only `00` and `01` are bools.
    Decimal,
}

/// Options for reading, of every reader.
///
/// ```
/// use pickle_core::{Encoding, Options};
///
/// let options = Options::new().encoding(Encoding::Latin1).max_opcodes(1_000_000);
/// assert_eq!(options.buffers, None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
    /// It has an effect with feature `alloc` only, for it costs half a kilobyte of
    /// flash: where that counts, a [`Decoder`](crate::Decoder) gives payloads in pieces too.
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
            out_of_band: u64::MAX,
            stop_after_build: false,
        }
    }

    /// What becomes of Python 2 strs.
    pub const fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// How INT and LONG are read.
    pub const fn text_ints(mut self, rule: TextInts) -> Self {
        self.text_ints = rule;
        self
    }

    /// How many out-of-band buffers there are; `None` is as many as the pickle asks for.
    pub const fn buffers(mut self, count: Option<u32>) -> Self {
        self.buffers = count;
        self
    }

    /// Opcodes that a pickle may have.
    pub const fn max_opcodes(mut self, count: u64) -> Self {
        self.max_opcodes = count;
        self
    }

    /// Bytes and bytearrays of at least so many bytes are handed over where the input is fed.
    #[cfg(feature = "alloc")]
    pub const fn out_of_band(mut self, bytes: u64) -> Self {
        self.out_of_band = bytes;
        self
    }

    /// Whether to stop after every BUILD.
    pub const fn stop_after_build(mut self, stop: bool) -> Self {
        self.stop_after_build = stop;
        self
    }
}
