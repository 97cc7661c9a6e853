//! Why a message is refused, and where.

use core::fmt;

macro_rules! reasons {
    ($( $(#[doc = $doc:literal])* $name:ident = $number:literal, $text:literal; )*) => {
        /// Why a message is refused. The numbers are frozen.
        ///
        /// See the example of [`Refusal`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum RefusalReason {
            $( $(#[doc = $doc])* $name = $number, )*
        }

        impl RefusalReason {
            /// Every reason, in the order of its number.
            pub const ALL: &'static [RefusalReason] = &[$(RefusalReason::$name),*];

            /// A sentence that says what was found and what was expected.
            pub const fn text(self) -> &'static str {
                match self { $( RefusalReason::$name => $text, )* }
            }
        }
    };
}

reasons! {
    /// The input ended before the message did.
    EndOfInput = 1, "the input ended before the message did";
    /// An argument crosses the end of its frame, or a frame begins inside another.
    BadFrame = 2, "an argument crosses the end of its frame, or a frame begins inside another";
    /// The byte is no opcode, or one that has no place here.
    Unexpected = 3, "this opcode has no place here";
    /// PROTO names a protocol above 5.
    BadProtocol = 4, "protocols above 5 do not exist";
    /// The value is of another type than its field.
    WrongType = 5, "the value is of another type than the field";
    /// The number does not fit the type of its field.
    OutOfRange = 6, "the number does not fit the field";
    /// The text of a number is not as CPython writes it, or it is a float and this build reads none as text.
    BadNumber = 7, "the text is not a number as CPython writes it, or a float as text, which takes the feature text-float";
    /// The text is not UTF-8, or an escape in it is not whole.
    BadText = 8, "the text is not UTF-8, or has a bad escape";
    /// The text is written with escapes, so that it cannot be borrowed from the input.
    Escaped = 9, "the text has escapes: it cannot be borrowed, read it into a buffer";
    /// The text or the list is longer than the room for it.
    TooLong = 10, "the text or list is longer than the room for it";
    /// The list has fewer items than the field.
    TooShort = 11, "the list has fewer items than the field";
    /// The message has no such field.
    UnknownField = 12, "the message has no field of this name, or fewer fields";
    /// The field comes a second time.
    DuplicateField = 13, "the field comes a second time";
    /// A field without a default is missing.
    MissingField = 14, "a field is missing";
    /// GET of a memo entry that is not there, or for which there was no room.
    NotKept = 15, "the memo has no such entry, or had no room for it: give a larger memo";
    /// GET of a tuple of one to three items, which has no opcode of its own to begin with.
    SharedTuple = 16, "a tuple of one to three values is fetched from the memo";
    /// A skipped value nests deeper than can be followed.
    TooDeep = 17, "a skipped value nests too deep";
    /// Skipping would take more than linear work.
    WorkLimit = 18, "skipping would take more than linear work";
}

/// What is wrong with a message: the reason, the field and the offset. Eight bytes on a 32-bit target.
///
/// ```
/// use pickle_core::message::{self, RefusalReason};
///
/// pickle_core::message! {
///     struct Point {
///         x: u8,
///         y: u8,
///     }
/// }
///
/// // pickle.dumps({"x": 1, "y": 300}, 2)
/// let input = b"\x80\x02}q\0(X\x01\0\0\0xq\x01K\x01X\x01\0\0\0yq\x02M,\x01u.";
/// let refusal = message::read::<Point>(input, &mut []).err().unwrap();
/// assert_eq!((refusal.reason(), refusal.field()), (RefusalReason::OutOfRange, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Refusal {
    pub(super) offset: usize,
    pub(super) reason: RefusalReason,
    pub(super) field: u8,
    pub(super) byte: u8,
}

impl Refusal {
    /// Why.
    pub const fn reason(&self) -> RefusalReason {
        self.reason
    }

    /// Bytes from the start of the input to the opcode that is refused; to the end of the input for
    /// [`RefusalReason::EndOfInput`] between two opcodes.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The number of the field that was read last, of the innermost message; for [`RefusalReason::MissingField`] that which is
    /// missing.
    pub const fn field(&self) -> usize {
        self.field as usize
    }

    /// The byte at the offset; 0 at the end of the input.
    pub const fn byte(&self) -> u8 {
        self.byte
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}, field {}: {}", self.offset, self.field, self.reason.text())
    }
}

impl core::error::Error for Refusal {}
