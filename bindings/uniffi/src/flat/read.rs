//! The flat form to a pickle, without recursion. The buffer comes from another
//! language: it is believed nothing.

use super::{VERSION, change, tag};
use crate::error::{ErrorKind, PickleError};
use pickle_core::{Arg, Encoder, Opcode};

/// A pickle of protocol 5 that holds what the flat form does. Every text and
/// node is memoised, so that sharing and cycles stay.
///
/// # Errors
/// [`ErrorKind::BadValue`]: the buffer is damaged, or holds what no pickle can.
pub fn decode(flat: &[u8]) -> Result<Vec<u8>, PickleError> {
    let mut reader = Reader::new(flat)?;
    reader.document()?;
    reader.end()
}

/// The same, and the nodes of the flat form as values of their own: a tuple of the value and a list of nodes, whose numbers
/// follow.
///
/// # Errors
/// As [`decode`].
pub fn decode_with_nodes(flat: &[u8]) -> Result<(Vec<u8>, Vec<u32>), PickleError> {
    let mut reader = Reader::new(flat)?;
    reader.document()?;
    reader.op(Opcode::EmptyList, Arg::Nothing)?;
    reader.op(Opcode::Mark, Arg::Nothing)?;
    let nodes: Vec<(u32, u32)> =
        (0..).zip(&reader.nodes).filter_map(|(number, index)| Some((number, (*index)?))).collect();
    for &(_, index) in &nodes {
        reader.get(index)?;
    }
    reader.op(Opcode::Appends, Arg::Nothing)?;
    reader.op(Opcode::Tuple2, Arg::Nothing)?;
    Ok((reader.end()?, nodes.into_iter().map(|(number, _)| number).collect()))
}

/// What is still to be done.
enum Todo {
    /// Read a value.
    Value,
    /// Read so many values.
    Values(u64),
    /// Read the values of a dict with these keys, from this one on.
    Keyed(usize, usize),
    /// Emit an opcode.
    Op(Opcode),
    /// The node is complete: memoise it.
    Node(usize),
    /// Read a tuple, its items one by one: the arguments of OBJ.
    Arguments,
    /// The changes of an object.
    Changes,
    /// Read facts about an object, and drop them.
    Facts(u64),
}

struct Reader<'f> {
    flat: &'f [u8],
    at: usize,
    out: Encoder<Vec<u8>>,
    /// Entries in the pickle's memo.
    memo: u32,
    /// Memo indices of texts.
    texts: Vec<u32>,
    /// Memo indices of nodes; `None` while one is not complete.
    nodes: Vec<Option<u32>>,
    keys: Vec<Vec<u32>>,
    /// Memo indices of out-of-band buffers, by their numbers.
    buffers: Vec<u32>,
}

impl<'f> Reader<'f> {
    fn new(flat: &'f [u8]) -> Result<Self, PickleError> {
        let mut reader = Reader {
            flat,
            at: 0,
            out: Encoder::new(Vec::with_capacity(flat.len()), 5),
            memo: 0,
            texts: Vec::new(),
            nodes: Vec::new(),
            keys: Vec::new(),
            buffers: Vec::new(),
        };
        reader.op(Opcode::Proto, Arg::Uint(5))?;
        Ok(reader)
    }

    /// Reads a document of its own.
    fn document(&mut self) -> Result<(), PickleError> {
        self.texts.clear();
        self.nodes.clear();
        self.keys.clear();
        if self.byte()? != VERSION {
            return Err(self.bad("the values come from another version of this library"));
        }
        let mut stack = vec![Todo::Value];
        while let Some(todo) = stack.pop() {
            self.step(todo, &mut stack)?;
        }
        Ok(())
    }

    /// The pickle, where everything was read.
    fn end(mut self) -> Result<Vec<u8>, PickleError> {
        if self.at != self.flat.len() {
            return Err(self.bad("bytes follow the value"));
        }
        self.op(Opcode::Stop, Arg::Nothing)?;
        Ok(self.out.into_sink())
    }

    fn step(&mut self, todo: Todo, stack: &mut Vec<Todo>) -> Result<(), PickleError> {
        match todo {
            Todo::Value => self.value(stack),
            Todo::Values(0) => Ok(()),
            Todo::Values(n) => {
                stack.push(Todo::Values(n - 1));
                self.value(stack)
            }
            Todo::Keyed(keys, from) => {
                let Some(&key) = self.keys.get(keys).and_then(|keys| keys.get(from)) else { return Ok(()) };
                self.get(key)?;
                stack.push(Todo::Keyed(keys, from + 1));
                self.value(stack)
            }
            Todo::Op(opcode) => self.op(opcode, Arg::Nothing),
            Todo::Node(number) => {
                let index = self.memoize()?;
                if let Some(node) = self.nodes.get_mut(number) {
                    *node = Some(index);
                }
                Ok(())
            }
            Todo::Arguments => {
                match self.byte()? {
                    tag::EMPTY_TUPLE => {}
                    tag::TUPLE => {
                        self.node();
                        let count = self.count(1)?;
                        stack.push(Todo::Values(count));
                    }
                    _ => return Err(self.bad("the arguments must be a tuple of their own")),
                }
                Ok(())
            }
            Todo::Changes => self.change(stack),
            Todo::Facts(0) => {
                self.op(Opcode::PopMark, Arg::Nothing)?;
                self.change(stack)
            }
            Todo::Facts(n) => {
                stack.push(Todo::Facts(n - 1));
                self.value(stack)
            }
        }
    }

    fn value(&mut self, stack: &mut Vec<Todo>) -> Result<(), PickleError> {
        let plain = Arg::Nothing;
        let tag = self.byte()?;
        match tag {
            tag::NONE => self.op(Opcode::None, plain),
            tag::FALSE => self.op(Opcode::NewFalse, plain),
            tag::TRUE => self.op(Opcode::NewTrue, plain),
            tag::INT8 => {
                let [n] = self.array()?;
                self.op(Opcode::BinInt, Arg::Int(i32::from(n as i8)))
            }
            tag::INT32 => {
                let n = i32::from_le_bytes(self.array()?);
                self.op(Opcode::BinInt, Arg::Int(n))
            }
            tag::INT64 => {
                let bytes: [u8; 8] = self.array()?;
                self.op(Opcode::Long1, Arg::Bytes(&bytes))
            }
            tag::FLOAT => {
                let bits = u64::from_le_bytes(self.array()?);
                self.op(Opcode::BinFloat, Arg::Float(bits))
            }
            tag::EMPTY_TUPLE => self.op(Opcode::EmptyTuple, plain),
            tag::EXTENSION => {
                let code = self.number()?;
                let code = i32::try_from(code).map_err(|_| self.bad("the extension code is too large"))?;
                self.op(Opcode::Ext4, Arg::Int(code))
            }
            tag::BUFFER => {
                let number = usize::try_from(self.number()?).unwrap_or(usize::MAX);
                let read_only = self.byte()? != 0;
                // A pickle asks for them in the order of their numbers.
                match self.buffers.get(number) {
                    Some(&index) => self.get(index)?,
                    None if number == self.buffers.len() => {
                        self.op(Opcode::NextBuffer, plain)?;
                        let index = self.memoize()?;
                        self.buffers.push(index);
                    }
                    None => return Err(self.bad("an out-of-band buffer stands before one of a lower number")),
                }
                if read_only { self.op(Opcode::ReadonlyBuffer, plain) } else { Ok(()) }
            }
            tag::GLOBAL => {
                self.text()?;
                self.text()?;
                self.op(Opcode::StackGlobal, plain)?;
                self.remember()
            }
            tag @ (tag::BIG_INT..=tag::BYTES | tag::TEXT_AGAIN) => self.text_of(tag),
            tag::NODE_AGAIN => {
                let number = self.number()?;
                let node = usize::try_from(number).ok().and_then(|number| self.nodes.get(number)).copied();
                match node {
                    Some(Some(index)) => self.get(index),
                    Some(None) => Err(self.bad("a tuple, frozenset or the arguments of an object hold themselves")),
                    None => Err(self.bad("no such node")),
                }
            }
            tag::LIST => self.begin(Opcode::EmptyList, Opcode::Appends, 1, stack),
            tag::DICT => self.begin(Opcode::EmptyDict, Opcode::SetItems, 2, stack),
            tag::SET => self.begin(Opcode::EmptySet, Opcode::AddItems, 1, stack),
            tag @ (tag::DICT_NEW_KEYS | tag::DICT_KEYS_AGAIN) => self.keyed(tag, stack),
            tag::TUPLE => self.closed(Opcode::Tuple, stack),
            tag::FROZEN_SET => self.closed(Opcode::FrozenSet, stack),
            tag::BYTE_ARRAY => {
                let number = self.node();
                let (tag::BYTES, data) = (self.byte()?, self.counted()?) else {
                    return Err(self.bad("a bytearray must hold bytes of its own"));
                };
                // The content is a text in the count of texts, to which only facts about objects refer: those are dropped.
                self.op(Opcode::BinBytes8, Arg::Bytes(&[]))?;
                self.remember()?;
                self.op(Opcode::Pop, plain)?;
                self.op(Opcode::ByteArray8, Arg::Bytes(data))?;
                stack.push(Todo::Node(number));
                Ok(())
            }
            tag::READ_ONLY => {
                let number = self.node();
                stack.extend([Todo::Node(number), Todo::Op(Opcode::ReadonlyBuffer), Todo::Value]);
                Ok(())
            }
            tag::OBJECT => self.object(stack),
            _ => Err(self.bad("no such tag")),
        }
    }

    /// A container that exists before its items.
    fn begin(&mut self, open: Opcode, fill: Opcode, width: u64, stack: &mut Vec<Todo>) -> Result<(), PickleError> {
        let number = self.node();
        let count = self.count(width)?;
        self.op(open, Arg::Nothing)?;
        self.step(Todo::Node(number), stack)?;
        if count != 0 {
            self.op(Opcode::Mark, Arg::Nothing)?;
            stack.extend([Todo::Op(fill), Todo::Values(count)]);
        }
        Ok(())
    }

    /// A container that is made of its items.
    fn closed(&mut self, close: Opcode, stack: &mut Vec<Todo>) -> Result<(), PickleError> {
        let number = self.node();
        let count = self.count(1)?;
        self.op(Opcode::Mark, Arg::Nothing)?;
        stack.extend([Todo::Node(number), Todo::Op(close), Todo::Values(count)]);
        Ok(())
    }

    fn keyed(&mut self, tag: u8, stack: &mut Vec<Todo>) -> Result<(), PickleError> {
        let number = self.node();
        let keys = match tag {
            tag::DICT_KEYS_AGAIN => usize::try_from(self.number()?).unwrap_or(usize::MAX),
            _ => {
                let count = self.count(1)?;
                let mut keys = Vec::new();
                for _ in 0..count {
                    keys.push(self.text()?);
                    self.op(Opcode::Pop, Arg::Nothing)?;
                }
                self.keys.push(keys);
                self.keys.len() - 1
            }
        };
        if keys >= self.keys.len() {
            return Err(self.bad("no such keys"));
        }
        self.op(Opcode::EmptyDict, Arg::Nothing)?;
        self.step(Todo::Node(number), stack)?;
        self.op(Opcode::Mark, Arg::Nothing)?;
        stack.extend([Todo::Op(Opcode::SetItems), Todo::Keyed(keys, 0)]);
        Ok(())
    }

    fn object(&mut self, stack: &mut Vec<Todo>) -> Result<(), PickleError> {
        let number = self.node();
        let how = self.byte()?;
        let (make, parts) = match how {
            0 => (Some(Opcode::Reduce), 2),
            1 => (Some(Opcode::NewObj), 2),
            2 => (Some(Opcode::NewObjEx), 3),
            3 | 4 => {
                self.op(Opcode::Mark, Arg::Nothing)?;
                stack.extend([Todo::Changes, Todo::Node(number), Todo::Op(Opcode::Obj), Todo::Arguments, Todo::Value]);
                return Ok(());
            }
            5 => (Some(Opcode::BinPersId), 1),
            6 => (None, 1),
            _ => return Err(self.bad("no such way to make an object")),
        };
        stack.extend([Todo::Changes, Todo::Node(number)]);
        stack.extend(make.map(Todo::Op));
        stack.push(Todo::Values(parts));
        Ok(())
    }

    fn change(&mut self, stack: &mut Vec<Todo>) -> Result<(), PickleError> {
        let kind = self.byte()?;
        let (fill, count) = match kind {
            change::END => return Ok(()),
            change::APPEND => (Opcode::Appends, self.count(1)?),
            change::SET_ITEM => (Opcode::SetItems, self.count(2)?),
            change::ADD => (Opcode::AddItems, self.count(1)?),
            change::BUILD => {
                stack.extend([Todo::Changes, Todo::Op(Opcode::Build), Todo::Value]);
                return Ok(());
            }
            change::UNKNOWN => {
                self.byte()?;
                stack.push(Todo::Changes);
                return Ok(());
            }
            change::KNOWN | change::CLASS | change::ATTRIBUTES => {
                let count = match kind {
                    change::KNOWN => {
                        self.byte()?;
                        self.count(1)?
                    }
                    change::CLASS => 1,
                    _ => self.count(2)?,
                };
                self.op(Opcode::Mark, Arg::Nothing)?;
                stack.push(Todo::Facts(count));
                return Ok(());
            }
            _ => return Err(self.bad("joblib's arrays cannot be written")),
        };
        self.op(Opcode::Mark, Arg::Nothing)?;
        stack.extend([Todo::Changes, Todo::Op(fill), Todo::Values(count)]);
        Ok(())
    }

    /// A str; its memo index.
    fn text(&mut self) -> Result<u32, PickleError> {
        let tag = self.byte()?;
        let at = self.at;
        self.text_of(tag)?;
        let again = if tag == tag::TEXT_AGAIN {
            self.at = at;
            usize::try_from(self.number()?).ok().and_then(|number| self.texts.get(number))
        } else {
            self.texts.last()
        };
        again.copied().ok_or_else(|| self.bad("no such text"))
    }

    fn text_of(&mut self, tag: u8) -> Result<(), PickleError> {
        if tag == tag::TEXT_AGAIN {
            let number = self.number()?;
            let index = usize::try_from(number).ok().and_then(|number| self.texts.get(number)).copied();
            let index = index.ok_or_else(|| self.bad("no such text"))?;
            return self.get(index);
        }
        let data = self.counted()?;
        let opcode = match tag {
            tag::BIG_INT => Opcode::Long4,
            tag::ASCII | tag::STR | tag::SURROGATES => Opcode::BinUnicode8,
            tag::STR8 => Opcode::BinString,
            tag::BYTES => Opcode::BinBytes8,
            _ => return Err(self.bad("a text was expected")),
        };
        self.op(opcode, Arg::Bytes(data))?;
        self.remember()
    }

    fn remember(&mut self) -> Result<(), PickleError> {
        let index = self.memoize()?;
        self.texts.push(index);
        Ok(())
    }

    fn memoize(&mut self) -> Result<u32, PickleError> {
        self.op(Opcode::Memoize, Arg::Nothing)?;
        self.memo += 1;
        Ok(self.memo - 1)
    }

    fn get(&mut self, index: u32) -> Result<(), PickleError> {
        self.op(Opcode::LongBinGet, Arg::Uint(u64::from(index)))
    }

    fn node(&mut self) -> usize {
        self.nodes.push(None);
        self.nodes.len() - 1
    }

    fn op(&mut self, opcode: Opcode, arg: Arg<'_>) -> Result<(), PickleError> {
        self.out
            .op(opcode, arg)
            .map_err(|error| PickleError::new(ErrorKind::BadValue, self.at as u64, error.to_string()))
    }

    /// A number of things of at least `width` bytes each.
    fn count(&mut self, width: u64) -> Result<u64, PickleError> {
        let count = self.number()?;
        let left = (self.flat.len() - self.at) as u64;
        let total = count.checked_mul(width).filter(|&total| total <= left);
        total.ok_or_else(|| self.bad("more items than bytes"))
    }

    fn counted(&mut self) -> Result<&'f [u8], PickleError> {
        let len = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        let data = self.flat.get(self.at..self.at.saturating_add(len)).ok_or_else(|| self.bad("cut off"))?;
        self.at += len;
        Ok(data)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        let data = self.flat.get(self.at..).and_then(|rest| rest.first_chunk()).ok_or_else(|| self.bad("cut off"))?;
        self.at += N;
        Ok(*data)
    }

    fn byte(&mut self) -> Result<u8, PickleError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    fn number(&mut self) -> Result<u64, PickleError> {
        let mut number = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.bad("a number is too long"))
    }

    fn bad(&self, text: &str) -> PickleError {
        PickleError::new(ErrorKind::BadValue, self.at as u64, text)
    }
}
