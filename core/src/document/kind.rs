//! Kinds of values.

/// A kind of value, as the pickle has it.
///
/// See the example of [`Value`](crate::Value).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[repr(u8)]
pub enum Kind {
    /// None.
    None = 0,
    /// True or False.
    Bool = 1,
    /// An int of any size.
    Int = 2,
    /// A float.
    Float = 3,
    /// A str.
    Str = 4,
    /// A str of Python 2: bytes or text, the pickle cannot tell.
    Str8 = 5,
    /// Immutable bytes.
    Bytes = 6,
    /// A bytearray.
    ByteArray = 7,
    /// A list.
    List = 8,
    /// A tuple.
    Tuple = 9,
    /// A dict.
    Dict = 10,
    /// A set.
    Set = 11,
    /// A frozenset.
    FrozenSet = 12,
    /// A class or function by module and name; nothing was imported.
    Global = 13,
    /// An extension code of `copyreg`.
    Extension = 14,
    /// An object: how it was made and what happened to it.
    Object = 15,
    /// An object that stands behind a persistent id.
    Persistent = 16,
    /// An out-of-band buffer.
    Buffer = 17,
    /// A read-only view of a bytearray.
    ReadOnly = 18,
}

impl Kind {
    /// The name of the type in Python. "object" for what only a Python with the classes at hand could name.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::None => "None",
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Float => "float",
            Kind::Str => "str",
            Kind::Str8 => "Python 2 str",
            Kind::Bytes => "bytes",
            Kind::ByteArray => "bytearray",
            Kind::List => "list",
            Kind::Tuple => "tuple",
            Kind::Dict => "dict",
            Kind::Set => "set",
            Kind::FrozenSet => "frozenset",
            Kind::Global | Kind::Extension | Kind::Object | Kind::Persistent | Kind::Buffer | Kind::ReadOnly => {
                "object"
            }
        }
    }
}
