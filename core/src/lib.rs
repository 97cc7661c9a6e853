#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod document;
mod error;
mod knobs;
mod literal;
mod machine;
pub mod message;
mod name;
mod opcode;
mod options;
mod read;
#[cfg(feature = "serde")]
pub mod serde;
#[cfg(feature = "verdict")]
pub mod verdict;
pub mod view;
mod wire;
mod write;

// The traits of sinks and sources, in the version that the bounds name.
pub use embedded_io;

pub use document::path::{PathKey, PathStep, ValuePath};
pub use document::value::items::{Entries, Items};
pub use document::value::{BigInt, OutOfBand, SourceRange, Value};
pub use document::{Change, Changes, Document, HistoryEntry, HistoryEvent, Kind, ObjectParts};
pub use error::{Error, ErrorKind};
pub use literal::compat;
pub use literal::int::Digits;
#[cfg(feature = "alloc")]
pub use machine::memory::Heap;
pub use machine::memory::{Memory, Storage};
pub use machine::node::{How, Node};
#[cfg(feature = "alloc")]
pub use machine::plan::MemoPlanner;
pub use machine::plan::{MemoPlan, MemoUse, memo_index};
pub use name::GlobalName;
pub use opcode::{Argument, OpKind, Opcode, StackEffect};
pub use options::{Encoding, Options, TextInts};
#[cfg(feature = "alloc")]
pub use read::items::Batch;
pub use read::items::{Found, Item, ItemOptions, ItemReader, LookAhead, Role};
pub use read::joblib;
#[cfg(feature = "alloc")]
pub use read::split::{
    Inside, Split, SplitError, SplitNeeds, SplitOptions, SplitPlan, SplitPlanner, SplitReader, SplitStart, Unsplit,
    UnsplitReason,
};
pub use read::unpickler::{Payload, Status, Unpickler, Usage};
pub use view::View;
pub use view::known;
pub use view::table;
pub use wire::decoder::{Decoder, Step};
pub use wire::encoder::Encoder;
#[cfg(feature = "alloc")]
pub use wire::frames::GrowingFrames;
pub use wire::frames::{FrameBuffer, Frames, NoFrames};
pub use wire::op::{Arg, Fragment, Op};
pub use wire::reader::{OpReader, ReadError};
pub use wire::sink::{BufferFull, ByteCounter, SliceWriter, WriteError};
#[cfg(feature = "std")]
pub use wire::std_sink::StdSink;
pub use write::pickler::{Level, Memoized, Pickler, Shared};
#[cfg(feature = "alloc")]
pub use write::{recode, writer};
