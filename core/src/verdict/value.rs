//! What the abstract machine holds for a value: eight bytes.

/// The kind of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// No value: a memo entry that was never filled.
    #[default]
    Empty,
    /// A MARK; `at` is the fence that was in force before it.
    Mark,
    None,
    Bool,
    /// `at` holds the number where `LONG` is not set.
    Int,
    Float,
    /// Text: `at` is its place in the ring, `aux` its length; `LONG` if it was not kept.
    Str,
    /// A Python 2 str, laid out as `Str`.
    Str2,
    /// bytes, laid out as `Str`.
    Bytes,
    ByteArray,
    /// `at` is the place of its parts in their ring.
    Tuple,
    /// `at` is the memo entry that holds the same object, plus one; `aux` its size. So are `Dict` and `Set`.
    List,
    Dict,
    Set,
    FrozenSet,
    Buffer,
    /// Inert, of a type that is not tracked: what harmless calls give.
    Any,
    /// `at` is the number of the global.
    Global,
    /// An instance of the class `at`; `aux` is the place of more about it.
    Instance,
    /// What wraps a callable (`functools.partial`, `map`): `at` is the number of that global.
    Wrapper,
    /// What `operator.attrgetter` and `methodcaller` give: asks its argument for attributes.
    Getter,
    /// A method or another attribute of an instance of the class `at`.
    Bound,
    /// A module that was imported by its name: `at` is the global that imported it.
    Module,
    /// The result of a call whose effect is not known.
    Unknown,
    /// The object of a persistent id.
    Persistent,
    /// The global of an extension code.
    Extension,
}

/// The flags of a value.
pub(crate) mod flag {
    /// Is or holds a function.
    pub const CALLABLE: u8 = 1;
    /// Is or holds the result of a call of unknown effect.
    pub const UNKNOWN: u8 = 2;
    /// A dict with a key of two underscores.
    pub const DUNDER: u8 = 4;
    /// A dict with a key that is no plain text.
    pub const NONSTR: u8 = 8;
    /// Something in it was judged worse than unknown.
    pub const FLAGGED: u8 = 16;
    /// Cannot be a key of a dict.
    pub const UNHASHABLE: u8 = 32;
    /// Too long to be kept, or an int beyond 32 bits; `aux` may be [`JUDGED`](super::JUDGED).
    pub const LONG: u8 = 64;
    /// Is or holds a callable of which it is not promised that calling it is harmless, such as a bound method.
    pub const ARMED: u8 = 128;
    /// What a container takes over from its items.
    pub const TAINT: u8 = CALLABLE | UNKNOWN | FLAGGED | ARMED;
}

/// In `aux` of what is `LONG`: bytes that were read as nested pickles, or text that they are made of; the int that torch's old
/// files begin with.
pub(crate) const JUDGED: u16 = 1;
/// In `aux` of a wrapper: its call is not promised to be harmless.
pub(crate) const LATER: u16 = 2;

/// A value of the machine, for the caller to make room for.
///
/// See the example of [`Judge`](super::Judge).
#[derive(Clone, Copy, Debug, Default)]
pub struct Slot {
    pub(crate) kind: Kind,
    pub(crate) flags: u8,
    pub(crate) aux: u16,
    pub(crate) at: u32,
}

const _: () = assert!(size_of::<Slot>() == 8);

impl Slot {
    pub(crate) const fn new(kind: Kind) -> Slot {
        Slot { kind, flags: 0, aux: 0, at: 0 }
    }

    pub(crate) const fn int(value: i32) -> Slot {
        Slot { kind: Kind::Int, flags: 0, aux: 0, at: value as u32 }
    }

    pub(crate) const fn of(kind: Kind, at: u32) -> Slot {
        Slot { kind, flags: 0, aux: 0, at }
    }

    pub(crate) const fn with(mut self, flags: u8) -> Slot {
        self.flags |= flags;
        self
    }

    pub(crate) const fn has(self, flags: u8) -> bool {
        self.flags & flags != 0
    }

    /// Marked as [`JUDGED`].
    pub(crate) fn is_judged(self) -> bool {
        matches!(self.kind, Kind::Str | Kind::Bytes | Kind::Int) && self.has(flag::LONG) && self.aux == JUDGED
    }

    /// The number of a small int.
    pub(crate) fn as_int(self) -> Option<i32> {
        (self.kind == Kind::Int && !self.has(flag::LONG)).then_some(self.at as i32)
    }

    pub(crate) fn is_text(self) -> bool {
        matches!(self.kind, Kind::Str | Kind::Str2)
    }

    pub(crate) fn is_mutable(self) -> bool {
        matches!(self.kind, Kind::List | Kind::Dict | Kind::Set)
    }

    /// A native value, of a type that Python itself brings.
    pub(crate) fn is_native(self) -> bool {
        (Kind::None as u8..=Kind::Buffer as u8).contains(&(self.kind as u8))
    }

    /// The flags that a container of this value takes over.
    pub(crate) fn taint(self) -> u8 {
        let own = match self.kind {
            Kind::Wrapper if self.aux != LATER => flag::CALLABLE,
            Kind::Wrapper | Kind::Getter | Kind::Bound | Kind::Module => flag::CALLABLE | flag::ARMED,
            Kind::Unknown | Kind::Persistent | Kind::Extension => flag::UNKNOWN,
            _ => 0,
        };
        self.flags & flag::TAINT | own
    }

    /// CPython cannot hash it.
    pub(crate) fn unhashable(self) -> bool {
        matches!(self.kind, Kind::List | Kind::Dict | Kind::Set | Kind::ByteArray)
            || (self.kind == Kind::Tuple && self.has(flag::UNHASHABLE))
    }

    /// How many values it unfolds to, as the upper half of a float.
    pub(crate) fn size(self) -> f32 {
        match self.kind {
            Kind::Tuple | Kind::List | Kind::Dict | Kind::Set | Kind::FrozenSet => unpack(self.aux),
            _ => 1.0,
        }
    }
}

/// A size that can be added to. `f32::min` is a function of C's mathematics on 32-bit ARM, which the archive may not ask for.
pub(crate) fn capped(size: f32) -> f32 {
    if size < 1e30 { size } else { 1e30 }
}

/// The upper 16 bits of a size.
pub(crate) fn pack(size: f32) -> u16 {
    (size.to_bits() >> 16) as u16
}

fn unpack(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}
