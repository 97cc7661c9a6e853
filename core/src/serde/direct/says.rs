//! What an opcode says to a reader that keeps no stack.

use crate::Opcode;

/// What an opcode says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// Nothing of values.
    Nothing,
    /// The value before it goes into the memo.
    Memo,
    /// A str that stands behind it.
    Str,
    /// Bytes that stand behind it.
    Bytes,
    /// An int of any size.
    Long,
    /// A value of the memo, by an index of four bytes.
    LongGet,
    /// A value, or what is done to values.
    Value,
}

impl Says {
    /// Every opcode by name: a new one does not compile before somebody says what it says.
    pub fn of(opcode: Opcode) -> Self {
        match opcode {
            Opcode::Frame | Opcode::Proto => Says::Nothing,
            Opcode::Memoize | Opcode::BinPut | Opcode::LongBinPut | Opcode::Put => Says::Memo,
            Opcode::ShortBinUnicode | Opcode::BinUnicode | Opcode::BinUnicode8 => Says::Str,
            Opcode::ShortBinBytes | Opcode::BinBytes | Opcode::BinBytes8 => Says::Bytes,
            Opcode::Long1 | Opcode::Long4 => Says::Long,
            Opcode::LongBinGet => Says::LongGet,
            Opcode::Mark
            | Opcode::EmptyTuple
            | Opcode::Stop
            | Opcode::Pop
            | Opcode::PopMark
            | Opcode::Dup
            | Opcode::Float
            | Opcode::BinFloat
            | Opcode::Int
            | Opcode::BinInt
            | Opcode::BinInt1
            | Opcode::Long
            | Opcode::BinInt2
            | Opcode::None
            | Opcode::PersId
            | Opcode::BinPersId
            | Opcode::Reduce
            | Opcode::String
            | Opcode::BinString
            | Opcode::ShortBinString
            | Opcode::Unicode
            | Opcode::EmptyList
            | Opcode::Append
            | Opcode::Build
            | Opcode::Global
            | Opcode::Dict
            | Opcode::Appends
            | Opcode::Get
            | Opcode::BinGet
            | Opcode::Inst
            | Opcode::List
            | Opcode::Obj
            | Opcode::SetItem
            | Opcode::Tuple
            | Opcode::SetItems
            | Opcode::EmptyDict
            | Opcode::NewObj
            | Opcode::Ext1
            | Opcode::Ext2
            | Opcode::Ext4
            | Opcode::Tuple1
            | Opcode::Tuple2
            | Opcode::Tuple3
            | Opcode::NewTrue
            | Opcode::NewFalse
            | Opcode::EmptySet
            | Opcode::AddItems
            | Opcode::FrozenSet
            | Opcode::NewObjEx
            | Opcode::StackGlobal
            | Opcode::ByteArray8
            | Opcode::NextBuffer
            | Opcode::ReadonlyBuffer => Says::Value,
        }
    }
}
