//! Globals, objects, persistent ids, extensions and buffers.

use super::memory::Regions;
use super::node::{How, Node, chunk, tag};
use super::{Done, Machine, Source, get, set};
#[cfg(feature = "alloc")]
use crate::OpKind;
use crate::knobs::{CHANGES, PROTOCOL_0, PYTHON_2};
use crate::literal::utf8;
use crate::{Arg, ErrorKind, GlobalName, Opcode};

impl Machine {
    /// The names of GLOBAL must be UTF-8, those of INST ASCII; neither may be empty.
    pub(super) fn global(&mut self, r: &mut Regions<'_>, source: Source<'_>, ascii: bool) -> Result<Node, ErrorKind> {
        let line = self.slice(r, source);
        let len = line.len();
        match crate::wire::op::split_lines(line).map(GlobalName::pair) {
            Some((module, name)) if !module.is_empty() && !name.is_empty() => {}
            _ => return Err(ErrorKind::EmptyLine),
        }
        if ascii && !utf8::is_ascii(line) {
            return Err(ErrorKind::NotAscii);
        }
        if core::str::from_utf8(line).is_err() {
            return Err(ErrorKind::BadUtf8);
        }
        Ok(Node::range(tag::GLOBAL, self.keep(r, source, 0, len)?))
    }

    pub(super) fn stack_global(&mut self, r: &mut Regions<'_>) -> Done {
        let (name, module) = (self.peek(r, 0)?, self.peek(r, 1)?);
        if !is_str(name) || !is_str(module) {
            return Err(ErrorKind::GlobalNotStr);
        }
        self.push_parts(r, tag::STACK_GLOBAL, 0, 2, None)
    }

    pub(super) fn extension(&mut self, r: &mut Regions<'_>, arg: Arg<'_>) -> Done {
        let code = match arg {
            Arg::Uint(code) => code as i64,
            Arg::Int(code) => i64::from(code),
            _ => 0,
        };
        if code <= 0 {
            return Err(ErrorKind::BadExtension);
        }
        self.push(r, Node::number(tag::EXTENSION, code as u64))
    }

    pub(super) fn next_buffer(&mut self, r: &mut Regions<'_>) -> Done {
        if self.options.buffers.is_some_and(|given| self.buffers >= given) {
            return Err(ErrorKind::NoBuffer);
        }
        self.push(r, Node::number(tag::BUFFER, u64::from(self.buffers)))?;
        self.buffers = self.buffers.saturating_add(1);
        Ok(())
    }

    /// A payload that is not kept, where the input is fed.
    #[cfg(feature = "alloc")]
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub fn skips_payload(&self, opcode: Opcode, len: u64) -> bool {
        matches!(opcode.kind(), OpKind::Bytes | OpKind::ByteArray) && len >= self.options.out_of_band
    }

    /// All are kept.
    #[cfg(not(feature = "alloc"))]
    #[inline(always)]
    pub fn skips_payload(&self, _: Opcode, _: u64) -> bool {
        false
    }

    /// The number of the next buffer.
    pub fn next_buffer_number(&self) -> u32 {
        self.buffers
    }

    /// READONLY_BUFFER.
    pub fn readonly_buffer(&mut self, r: &mut Regions<'_>) -> Done {
        let top = self.peek(r, 0)?;
        match top.tag() {
            tag::BYTES | tag::READONLY => {}
            tag::BUFFER => self.replace_top(r, top.read_only()),
            tag::BYTE_ARRAY | tag::OBJECT => return self.push_parts(r, tag::READONLY, 0, 1, None),
            _ => return Err(ErrorKind::NotABuffer),
        }
        Ok(())
    }

    pub(super) fn persistent_id(&mut self, r: &mut Regions<'_>, source: Source<'_>) -> Done {
        if !PROTOCOL_0 {
            return Err(ErrorKind::FeatureOff);
        }
        self.room(r, 3)?;
        if !utf8::is_ascii(self.slice(r, source)) {
            return Err(ErrorKind::NotAscii);
        }
        self.push_bytes(r, source, tag::STR)?;
        self.push_parts(r, tag::OBJECT, How::PersId as u8, 1, None)
    }

    pub(super) fn make(&mut self, r: &mut Regions<'_>, how: How, n: usize) -> Done {
        self.require(n)?;
        let callable = self.peek(r, n - 1)?;
        if !is_callable(callable) {
            return Err(if how == How::Reduce { ErrorKind::NotCallable } else { ErrorKind::NotAClass });
        }
        let args = self.peek(r, n - 2)?;
        if !matches!(args.tag(), tag::EMPTY_TUPLE | tag::TUPLE | tag::TUPLE_OF_MUTABLE | tag::OBJECT) {
            return Err(ErrorKind::ArgsNotTuple);
        }
        if n == 3 && !matches!(self.peek(r, 0)?.tag(), tag::DICT | tag::OBJECT) {
            return Err(ErrorKind::KwargsNotDict);
        }
        self.push_parts(r, tag::OBJECT, how as u8, n, None)
    }

    pub(super) fn obj(&mut self, r: &mut Regions<'_>) -> Done {
        if !PYTHON_2 {
            return Err(ErrorKind::FeatureOff);
        }
        let (n, fence) = self.mark(r)?;
        if n == 0 {
            return Err(ErrorKind::StackUnderflow);
        }
        if !is_callable(self.at(r, self.stack - n)) {
            return Err(ErrorKind::NotCallable);
        }
        self.push_parts(r, tag::OBJECT, How::Obj as u8, n, Some(fence))
    }

    pub(super) fn inst(&mut self, r: &mut Regions<'_>, source: Source<'_>) -> Done {
        if !PYTHON_2 {
            return Err(ErrorKind::FeatureOff);
        }
        let (n, fence) = self.mark(r)?;
        self.room(r, 3)?;
        let class = self.global(r, source, true)?;
        // The class goes in front of the arguments: they move up, one node over.
        let index = self.index()?;
        let count = u32::try_from(n + 1).map_err(|_| ErrorKind::NodesFull)?;
        let header = self.arena;
        self.move_top(r, n, header + 2);
        set(r.nodes, header, Node::header(tag::OBJECT, How::Inst as u8, count));
        set(r.nodes, header + 1, class);
        self.arena += n + 2;
        self.drop_to_mark(fence);
        self.push(r, Node::reference(tag::OBJECT, index))
    }

    /// BUILD. On a built-in value CPython does nothing where the state is
    /// empty, and fails otherwise.
    pub(super) fn build(&mut self, r: &mut Regions<'_>) -> Done {
        if !CHANGES {
            return Err(ErrorKind::FeatureOff);
        }
        let (state, target) = (self.peek(r, 0)?, self.peek(r, 1)?);
        self.guard_state(r, target)?;
        match self.object_at(r, target, self.stack - 2, ErrorKind::NoState) {
            Ok(object) => return self.extend(r, object, chunk::BUILD, 1),
            Err(ErrorKind::NoState) => {}
            Err(full) => return Err(full),
        }
        let (mut dict, mut slots) = (state, Node::EMPTY);
        if matches!(state.tag(), tag::TUPLE | tag::TUPLE_OF_MUTABLE) {
            let at = state.high() as usize;
            if get(r.nodes, at).high() == 2 {
                (dict, slots) = (get(r.nodes, at + 1), get(r.nodes, at + 2));
            }
        }
        match dict.tag() {
            tag::NONE => {}
            tag::DICT => return Err(ErrorKind::NoState),
            _ => return Err(ErrorKind::StateNotDict),
        }
        match slots.tag() {
            tag::EMPTY => {}
            tag::DICT if get(r.nodes, slots.high() as usize).high() == 0 => {}
            tag::DICT => return Err(ErrorKind::NoState),
            _ => return Err(ErrorKind::StateNotDict),
        }
        self.stack -= 1;
        Ok(())
    }
}

/// A Python 2 str that is kept as it is would be a str with any other `encoding`.
fn is_str(node: Node) -> bool {
    matches!(node.tag(), tag::STR | tag::STR_SURROGATES | tag::STR8)
}

/// Only what the stream cannot tell may be called; no built-in value can.
fn is_callable(node: Node) -> bool {
    matches!(node.tag(), tag::GLOBAL | tag::STACK_GLOBAL | tag::EXTENSION | tag::OBJECT)
}
