//! What a known global does when it is called: a byte a row of the tables.

use super::rules::{Capability, Verdict};

/// The effect of a global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// In no table.
    Unlisted,
    /// Looked at, and nothing can be promised.
    Unknown,
    /// Harmless whatever the arguments are.
    Pure,
    /// Harmless to hold; what a call does is not promised.
    Held,
    /// A class: what may be done with it.
    Class(ClassEffect),
    /// Calls its first argument with the others, or with the items of the others.
    Calls,
    /// Calls its second argument, where there is one, with the first.
    CallsSecond,
    /// Wraps its first argument; the call comes later.
    Wraps,
    /// Gives an object that reads attributes of, or calls methods on, what it is called with.
    Getter,
    /// `getattr(object, name)`.
    Attribute,
    /// `object[key]`: gives something out of a container.
    Item,
    /// `copyreg._reconstructor(cls, base, state)`.
    Reconstructor,
    /// Makes an instance of the argument of this number.
    Makes(u8),
    /// Imports the module that its first argument names.
    Imports,
    /// Loads its first argument as a pickle.
    Nested,
    /// `type(object)`, `type(name, bases, dict)`.
    Type,
    /// Stores its first argument, which is called later: `defaultdict`.
    Stores,
    /// Builds code objects or functions.
    Code,
    /// Makes a class out of names and types.
    ClassFactory,
    /// A class whose state and hash are harmless, but not its `__new__`: numpy's `_reconstruct` makes it without.
    Shell,
    /// A sink.
    Sink(Capability, Verdict),
}

/// What may be done with a class and its instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClassEffect(u8);

impl ClassEffect {
    /// `cls(*args)` is harmless; `cls.__new__(cls, *args)` always is.
    pub const INIT: ClassEffect = ClassEffect(1);
    /// State is plain data: attributes, or a `__setstate__` that is vetted.
    pub const STATE: ClassEffect = ClassEffect(2);
    /// Hashing and comparing run nothing but vetted code.
    pub const HASH: ClassEffect = ClassEffect(4);
    /// `append`, `extend`, `add`, `__setitem__` run nothing but vetted code.
    pub const ITEMS: ClassEffect = ClassEffect(8);
    /// Instances may be called.
    pub const CALL: ClassEffect = ClassEffect(16);
    /// Attributes may be set one by one, as the state of slots is. Without `STATE`: state is harmless as a dict of plain
    /// keys, none of which is more than data.
    pub const SLOTS: ClassEffect = ClassEffect(32);

    pub const fn allows(self, what: ClassEffect) -> bool {
        self.0 & what.0 != 0
    }
}

impl Effect {
    /// The effect of a byte of a table. `core/tables/effects.py` writes the same numbers.
    pub const fn from_byte(byte: u8) -> Effect {
        match byte {
            0x00 => Effect::Unknown,
            0x01 => Effect::Pure,
            0x02 => Effect::Held,
            0x03 => Effect::Calls,
            0x04 => Effect::Wraps,
            0x05 => Effect::Getter,
            0x06 => Effect::Attribute,
            0x07 => Effect::Item,
            0x08 => Effect::Reconstructor,
            0x09 => Effect::Imports,
            0x0a => Effect::Nested,
            0x0b => Effect::Type,
            0x0c => Effect::Stores,
            0x0d => Effect::Code,
            0x0e => Effect::ClassFactory,
            0x0f => Effect::CallsSecond,
            0x10..=0x17 => Effect::Makes(byte & 7),
            0x18 => Effect::Shell,
            0x40..=0x7f => Effect::Class(ClassEffect(byte & 63)),
            _ => Effect::Unlisted,
        }
    }

    /// The same, with the sinks: `0x80` and `0xa0` and the number of a capability.
    pub(crate) fn of_row(byte: u8) -> Effect {
        let capability = Capability::from_number(byte & 31);
        match byte {
            0x80..=0x9f => Effect::Sink(capability, Verdict::Dangerous),
            0xa0..=0xbf => Effect::Sink(capability, Verdict::Suspicious),
            _ => Effect::from_byte(byte),
        }
    }

    /// The word that reports print.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Effect::Unlisted | Effect::Unknown => "unknown",
            Effect::Pure => "pure",
            Effect::Held => "held",
            Effect::Class(_) | Effect::Shell => "new",
            Effect::Calls | Effect::CallsSecond => "call",
            Effect::Wraps => "wrap",
            Effect::Getter => "getter",
            Effect::Attribute => "attr",
            Effect::Item => "item",
            Effect::Reconstructor | Effect::Makes(_) => "class",
            Effect::Imports => "import",
            Effect::Nested => "nested",
            Effect::Type => "type",
            Effect::Stores => "store",
            Effect::Code => "code",
            Effect::ClassFactory => "class-factory",
            Effect::Sink(..) => "sink",
        }
    }
}
