//! What each opcode does.

use super::memory::Regions;
use super::node::{How, Node, chunk, tag};
use super::{Done, Halt, Machine, Source};
use crate::knobs::{DROPPED_CALLS, ITEMS, PROTOCOL_0};
use crate::literal::int;
use crate::{Arg, ErrorKind, Op, Opcode};

impl Machine {
    /// Does what an opcode says. An error of a region kind has had no effect.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn apply<'i>(&mut self, r: &mut Regions<'_>, op: &Op<'i>, source: Source<'i>) -> Result<(), Halt> {
        if self.opcodes >= self.options.max_opcodes {
            return Err(Halt::Refused(ErrorKind::OpcodeLimit));
        }
        self.opcodes += 1;
        if op.opcode == Opcode::Build {
            self.build(r)?;
            return if self.options.stop_after_build { Err(Halt::Built) } else { Ok(()) };
        }
        self.apply_common(r, op, source)
    }

    /// As [`Machine::apply`], where operations are few: one copy for all that is outside of the loop.
    #[cfg_attr(target_pointer_width = "64", inline(never))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(always))]
    pub fn apply_apart<'i>(&mut self, r: &mut Regions<'_>, op: &Op<'i>, source: Source<'i>) -> Result<(), Halt> {
        self.apply(r, op, source)
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn apply_common<'i>(
        &mut self,
        r: &mut Regions<'_>,
        op: &Op<'i>,
        source: Source<'i>,
    ) -> Result<(), Halt> {
        let done: Done = match op.opcode {
            Opcode::BinUnicode | Opcode::ShortBinUnicode | Opcode::BinUnicode8 => self.push_str(r, source),
            Opcode::BinGet | Opcode::LongBinGet => self.memo_get(r, op.uint().unwrap_or(0)),
            Opcode::Memoize => self.memo_put(r, self.memo_count),
            Opcode::Get | Opcode::Put if !PROTOCOL_0 => Err(ErrorKind::FeatureOff),
            Opcode::Get => {
                let index = int::memo_index(self.slice(r, source))?;
                self.memo_get(r, index)
            }
            Opcode::Put => {
                let index = int::memo_index(self.slice(r, source));
                self.require(1)?;
                self.memo_put(r, index?)
            }
            Opcode::BinPut | Opcode::LongBinPut => self.memo_put(r, op.uint().unwrap_or(0)),
            Opcode::BinInt1 | Opcode::BinInt2 => self.push(r, Node::int(op.uint().unwrap_or(0) as i64)),
            Opcode::BinInt => match op.arg {
                Arg::Int(value) => self.push(r, Node::int(i64::from(value))),
                _ => Ok(()),
            },
            Opcode::BinFloat => match op.arg {
                Arg::Float(bits) => self.push(r, Node::float(bits)),
                _ => Ok(()),
            },
            Opcode::Long1 => self.push_long(r, source),
            Opcode::None => self.push(r, Node::atom(tag::NONE)),
            Opcode::NewTrue => self.push(r, Node::atom(tag::TRUE)),
            Opcode::NewFalse => self.push(r, Node::atom(tag::FALSE)),
            Opcode::Mark => {
                self.push(r, Node::number(tag::MARK, self.fence as u64))?;
                self.fence = self.stack;
                Ok(())
            }
            Opcode::EmptyTuple => self.push(r, Node::atom(tag::EMPTY_TUPLE)),
            Opcode::EmptyList => self.push_empty(r, tag::LIST),
            Opcode::EmptyDict => self.push_empty(r, tag::DICT),
            Opcode::EmptySet => self.push_empty(r, tag::SET),
            Opcode::Tuple => {
                let (n, fence) = self.mark(r)?;
                if n == 0 {
                    self.drop_to_mark(fence);
                    return Ok(self.push(r, Node::atom(tag::EMPTY_TUPLE))?);
                }
                self.push_tuple(r, n, Some(fence))
            }
            Opcode::Tuple1 | Opcode::Tuple2 | Opcode::Tuple3 => {
                let n = usize::from(op.opcode.byte() - Opcode::Tuple1.byte()) + 1;
                self.require(n)?;
                self.push_tuple(r, n, None)
            }
            Opcode::SetItems => {
                let (n, fence) = self.mark(r)?;
                return self.add_to_container(r, chunk::SET_ITEM, n, Some(fence));
            }
            Opcode::Appends => {
                let (n, fence) = self.mark(r)?;
                return self.add_to_container(r, chunk::APPEND, n, Some(fence));
            }
            Opcode::AddItems => {
                let (n, fence) = self.mark(r)?;
                return self.add_to_container(r, chunk::ADD, n, Some(fence));
            }
            Opcode::Append => {
                self.require(2)?;
                return self.add_to_container(r, chunk::APPEND, 1, None);
            }
            Opcode::SetItem => {
                self.require(3)?;
                return self.add_to_container(r, chunk::SET_ITEM, 2, None);
            }
            Opcode::Frame | Opcode::Stop => {
                if op.opcode == Opcode::Stop {
                    self.require(1)?;
                }
                Ok(())
            }
            Opcode::Proto => {
                self.protocol = op.uint().unwrap_or(0) as u8;
                Ok(())
            }
            Opcode::Pop
            | Opcode::PopMark
            | Opcode::Dup
            | Opcode::List
            | Opcode::Dict
            | Opcode::FrozenSet
            | Opcode::BinBytes
            | Opcode::ShortBinBytes
            | Opcode::BinBytes8
            | Opcode::ByteArray8
            | Opcode::BinString
            | Opcode::ShortBinString
            | Opcode::String
            | Opcode::Unicode
            | Opcode::Long4
            | Opcode::Int
            | Opcode::Long
            | Opcode::Float
            | Opcode::Global
            | Opcode::StackGlobal
            | Opcode::Inst
            | Opcode::Obj
            | Opcode::Reduce
            | Opcode::NewObj
            | Opcode::NewObjEx
            | Opcode::PersId
            | Opcode::BinPersId
            | Opcode::Ext1
            | Opcode::Ext2
            | Opcode::Ext4
            | Opcode::NextBuffer
            | Opcode::ReadonlyBuffer
            | Opcode::Build => self.apply_rare(r, op, source),
        };
        Ok(done?)
    }

    #[inline(never)]
    pub(super) fn apply_rare<'i>(&mut self, r: &mut Regions<'_>, op: &Op<'i>, source: Source<'i>) -> Done {
        match op.opcode {
            Opcode::Pop => {
                if self.fence > self.floor && self.stack == self.fence {
                    let (_, fence) = self.mark(r)?;
                    self.drop_to_mark(fence);
                    return Ok(());
                }
                self.require(1)?;
                if DROPPED_CALLS {
                    self.note_dropped(r, op.offset);
                }
                self.stack -= 1;
                Ok(())
            }
            Opcode::PopMark => {
                let (_, fence) = self.mark(r)?;
                self.drop_to_mark(fence);
                Ok(())
            }
            Opcode::Dup => {
                let top = self.peek(r, 0)?;
                let top = if ITEMS && r.stream.is_some() && top.is_reference() { top.opened(false) } else { top };
                self.push(r, top)
            }
            Opcode::List => self.push_filled(r, tag::LIST),
            Opcode::Dict => self.push_filled(r, tag::DICT),
            Opcode::FrozenSet => self.push_filled(r, tag::FROZEN_SET),
            Opcode::BinBytes | Opcode::ShortBinBytes | Opcode::BinBytes8 => self.push_bytes(r, source, tag::BYTES),
            Opcode::ByteArray8 => self.push_byte_array(r, source),
            Opcode::BinString | Opcode::ShortBinString => {
                let len = self.slice(r, source).len();
                self.push_str8(r, source, 0, len)
            }
            Opcode::String => self.push_quoted(r, source),
            Opcode::Unicode => self.push_unicode(r, source),
            Opcode::Long4 => self.push_long(r, source),
            Opcode::Int => self.push_int_text(r, source, false),
            Opcode::Long => self.push_int_text(r, source, true),
            Opcode::Float => self.push_float_text(r, source),
            Opcode::Global => {
                self.room(r, 1)?;
                let global = self.global(r, source, false)?;
                self.push(r, global)
            }
            Opcode::StackGlobal => self.stack_global(r),
            Opcode::Inst => self.inst(r, source),
            Opcode::Obj => self.obj(r),
            Opcode::Reduce => self.make(r, How::Reduce, 2),
            Opcode::NewObj => self.make(r, How::NewObj, 2),
            Opcode::NewObjEx => self.make(r, How::NewObjEx, 3),
            Opcode::PersId => self.persistent_id(r, source),
            Opcode::BinPersId => {
                self.require(1)?;
                self.push_parts(r, tag::OBJECT, How::PersId as u8, 1, None)
            }
            Opcode::Ext1 | Opcode::Ext2 | Opcode::Ext4 => self.extension(r, op.arg),
            Opcode::NextBuffer => self.next_buffer(r),
            Opcode::ReadonlyBuffer => self.readonly_buffer(r),
            Opcode::Build => self.build(r),
            // `apply_common` has done these.
            Opcode::BinUnicode
            | Opcode::ShortBinUnicode
            | Opcode::BinUnicode8
            | Opcode::BinGet
            | Opcode::LongBinGet
            | Opcode::Memoize
            | Opcode::Get
            | Opcode::Put
            | Opcode::BinPut
            | Opcode::LongBinPut
            | Opcode::BinInt1
            | Opcode::BinInt
            | Opcode::BinInt2
            | Opcode::BinFloat
            | Opcode::Long1
            | Opcode::None
            | Opcode::NewTrue
            | Opcode::NewFalse
            | Opcode::Mark
            | Opcode::EmptyTuple
            | Opcode::EmptyList
            | Opcode::EmptyDict
            | Opcode::EmptySet
            | Opcode::Tuple
            | Opcode::Tuple1
            | Opcode::Tuple2
            | Opcode::Tuple3
            | Opcode::SetItem
            | Opcode::SetItems
            | Opcode::Append
            | Opcode::Appends
            | Opcode::AddItems
            | Opcode::Frame
            | Opcode::Stop
            | Opcode::Proto => Ok(()),
        }
    }
}
