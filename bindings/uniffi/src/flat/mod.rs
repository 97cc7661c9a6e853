//! The flat form of a document: one buffer of bytes that crosses the language
//! border at once, instead of a call a value.
//!
//! It says everything a document says. [`write::encode`] makes it of a
//! document. The layers in Kotlin and Swift read it. Both ends are of one
//! version of the library; the first byte lets them find out when they are not.
//!
//! # Layout
//!
//! `VERSION (1 byte), value`. Numbers of fixed size are little-endian, `n` is
//! an unsigned LEB128 number of at most ten bytes. A value is a tag and what
//! follows it:
//!
//! | tag | | follows |
//! |---|---|---|
//! | 00 | None | |
//! | 01 | False | |
//! | 02 | True | |
//! | 03 | int | one byte, signed |
//! | 04 | int | four bytes |
//! | 05 | int | eight bytes |
//! | 06 | float | the eight bytes of the double |
//! | 07 | the empty tuple | |
//! | 08 | extension code | n |
//! | 09 | out-of-band buffer | n: its number; one byte: 1 read-only |
//! | 10 | text: int beyond 64 bits | n, so many bytes: two's complement, little-endian |
//! | 11 | text: str, all ASCII | n, so many bytes |
//! | 12 | text: str | n, so many bytes: UTF-8 |
//! | 13 | text: str with lone surrogates | n, so many bytes: UTF-8, surrogates as three bytes (`surrogatepass`) |
//! | 14 | text: Python 2 str | n, so many bytes |
//! | 15 | text: bytes | n, so many bytes |
//! | 16 | text: global | two str values (tags 11 to 13, 17): module, name |
//! | 17 | a text again | n: which one |
//! | 20 | a node again | n: which one |
//! | 21 | list | n, so many values |
//! | 22 | tuple | n, so many values |
//! | 23 | dict | n, so many times key and value |
//! | 24 | dict, with new keys | n, so many str keys (tags 11 to 13, 17), then as many values |
//! | 25 | dict, with the keys of an earlier one | n: which keys; then the values |
//! | 26 | set | n, so many values |
//! | 27 | frozenset | n, so many values |
//! | 28 | bytearray | a bytes value (tag 15 or 17) |
//! | 29 | read-only view of a bytearray | a value |
//! | 30 | object | one byte: how it was made; parts; changes |
//!
//! **Texts** (tags 10 to 16) are numbered from 0 on in the order in which they
//! end: a global comes after its two names. **Nodes** (tags 21 to 30) are numbered from 0 on in the order
//! in which they begin; a node can be named again while it is not yet
//! complete, that is what a cycle is. The **keys** of tag 24 are numbered from 0 on, too.
//!
//! # Objects
//!
//! | how | | parts |
//! |---|---|---|
//! | 0 | REDUCE | callable, args |
//! | 1 | NEWOBJ | class, args |
//! | 2 | NEWOBJ_EX | class, args, kwargs |
//! | 3 | OBJ | class, args (a tuple made up for the arguments) |
//! | 4 | INST | class, args (likewise) |
//! | 5 | PERSID | the persistent id |
//! | 6 | a global, extension or buffer that was changed | it |
//!
//! Changes, each one byte and what follows it, in the order of the stream:
//!
//! | byte | | follows |
//! |---|---|---|
//! | 0 | no more | |
//! | 1 | append | n, so many values |
//! | 2 | set items | n, so many times key and value |
//! | 3 | add | n, so many values |
//! | 4 | build: the state | a value |
//! | 5 | raw bytes between the opcodes (joblib) | n: offset in the stream; a bytes value |
//! | 6 | a pickle between the opcodes (joblib) | a value |
//! | 7 | what the object is known to be | one byte: [`KnownKind`](known::KnownKind); n, so many values |
//! | 8 | its class, where that is not what was called | a value |
//! | 9 | its attributes, where they are not the entries of its state | n, so many times name and value |
//! | 10 | why no more is known | one byte: 0 its parts, 1 its changes, 2 its state, 3 its callable |
//!
//! The last four are facts about the object, as [`Value::view`](pickle_core::Value::view) has them, not changes: readers
//! may pass over them, and they are ignored when a pickle is written. They come after all changes.

pub mod known;
pub mod read;
pub mod write;

/// The first byte of every buffer.
pub const VERSION: u8 = 2;

/// Tags of values.
#[allow(missing_docs)]
pub mod tag {
    pub const NONE: u8 = 0;
    pub const FALSE: u8 = 1;
    pub const TRUE: u8 = 2;
    pub const INT8: u8 = 3;
    pub const INT32: u8 = 4;
    pub const INT64: u8 = 5;
    pub const FLOAT: u8 = 6;
    pub const EMPTY_TUPLE: u8 = 7;
    pub const EXTENSION: u8 = 8;
    pub const BUFFER: u8 = 9;
    pub const BIG_INT: u8 = 10;
    pub const ASCII: u8 = 11;
    pub const STR: u8 = 12;
    pub const SURROGATES: u8 = 13;
    pub const STR8: u8 = 14;
    pub const BYTES: u8 = 15;
    pub const GLOBAL: u8 = 16;
    pub const TEXT_AGAIN: u8 = 17;
    pub const NODE_AGAIN: u8 = 20;
    pub const LIST: u8 = 21;
    pub const TUPLE: u8 = 22;
    pub const DICT: u8 = 23;
    pub const DICT_NEW_KEYS: u8 = 24;
    pub const DICT_KEYS_AGAIN: u8 = 25;
    pub const SET: u8 = 26;
    pub const FROZEN_SET: u8 = 27;
    pub const BYTE_ARRAY: u8 = 28;
    pub const READ_ONLY: u8 = 29;
    pub const OBJECT: u8 = 30;
}

/// What happened to an object.
#[allow(missing_docs)]
pub mod change {
    pub const END: u8 = 0;
    pub const APPEND: u8 = 1;
    pub const SET_ITEM: u8 = 2;
    pub const ADD: u8 = 3;
    pub const BUILD: u8 = 4;
    pub const RAW: u8 = 5;
    pub const NESTED: u8 = 6;
    pub const KNOWN: u8 = 7;
    pub const CLASS: u8 = 8;
    pub const ATTRIBUTES: u8 = 9;
    pub const UNKNOWN: u8 = 10;
}
