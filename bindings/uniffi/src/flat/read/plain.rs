//! Values that CPython's own unpickler can make at its own speed, with nothing
//! of the original imported or called.

use super::{Hashed, Reader, Todo};
use crate::error::{ErrorKind, PickleError};
use crate::flat::known::KnownKind;
use crate::flat::{change, tag};
use pickle_core::{Arg, Opcode};

/// The names in a plain pickle, all of the module `libpickle`. The number of one is its index in the memo.
#[derive(Clone, Copy)]
pub enum Maker {
    /// A class: a record of how an object was made. Its state is a tuple: [`How`](pickle_core::How) as an int; the
    /// parts, as many as that has; for each change a tuple of its number and its values (joblib's raw bytes: offset
    /// and bytes).
    Record = 0,
    /// A class: module and name.
    Global = 1,
    /// A function: a record, the number of a [`KnownKind`], its values. Gives what takes the place of the record.
    Known = 2,
    /// A class: a Python 2 str of these bytes.
    Str8 = 3,
    /// A class: an extension code.
    Extension = 4,
    /// A function: the number of an out-of-band buffer and whether it is read-only.
    Buffer = 5,
}

impl Maker {
    const NAMES: [&'static [u8]; 6] = [
        b"libpickle\nRecord",
        b"libpickle\nGlobal",
        b"libpickle\nknown",
        b"libpickle\nStr8",
        b"libpickle\nExtension",
        b"libpickle\nbuffer",
    ];
}

/// Values that one key may hold, shared ones counted wherever they are met: a hash visits each. Tuples of tuples that
/// share their items would take longer to hash than the universe lasts.
const KEY_MAX: u64 = 256;

/// How many values the nodes hold.
#[derive(Default)]
pub struct Weights {
    total: u64,
    /// By node; more than `KEY_MAX` is as good as any number.
    of: Vec<u16>,
    /// Nodes that are not complete, and the total before them.
    open: Vec<(usize, u64)>,
}

impl Weights {
    pub fn total(&self) -> u64 {
        self.total
    }

    pub fn add(&mut self, values: u16) {
        self.total += u64::from(values);
    }

    pub fn add_again(&mut self, node: usize) {
        self.add(self.of.get(node).copied().unwrap_or(1));
    }

    pub fn begin(&mut self) {
        self.open.push((self.of.len(), self.total));
        self.of.push(1);
    }

    pub fn end(&mut self) {
        if let Some((node, before)) = self.open.pop()
            && let Some(weight) = self.of.get_mut(node)
        {
            *weight = u16::try_from(self.total - before).unwrap_or(u16::MAX);
        }
    }

    /// Records are hashed by identity, whatever is in them.
    fn end_record(&mut self) {
        if let Some((_, before)) = self.open.pop() {
            self.total = before;
        }
    }
}

impl Reader<'_> {
    /// Puts the makers into the memo.
    pub fn makers(&mut self) -> Result<(), PickleError> {
        for name in Maker::NAMES {
            self.op(Opcode::Global, Arg::Text(name))?;
            self.memoize()?;
            self.op(Opcode::Pop, Arg::Nothing)?;
        }
        Ok(())
    }

    fn maker(&mut self, maker: Maker) -> Result<(), PickleError> {
        self.get(maker as u32)
    }

    fn small(&mut self, n: u8) -> Result<(), PickleError> {
        self.op(Opcode::BinInt1, Arg::Uint(u64::from(n)))
    }

    fn ops(&mut self, opcodes: &[Opcode]) -> Result<(), PickleError> {
        opcodes.iter().try_for_each(|&opcode| self.op(opcode, Arg::Nothing))
    }

    /// What plain Python has no value for.
    pub fn plain_value(&mut self, tag: u8, stack: &mut Vec<Todo>) -> Result<(), PickleError> {
        match tag {
            tag::GLOBAL => {
                self.maker(Maker::Global)?;
                self.text()?;
                self.text()?;
                self.ops(&[Opcode::Tuple2, Opcode::NewObj])?;
                self.remember()
            }
            tag::STR8 => {
                self.maker(Maker::Str8)?;
                let data = self.counted()?;
                self.op(Opcode::BinBytes8, Arg::Bytes(data))?;
                self.ops(&[Opcode::Tuple1, Opcode::NewObj])?;
                self.remember()
            }
            tag::EXTENSION => {
                self.maker(Maker::Extension)?;
                let code = self.number()?;
                self.long(code)?;
                self.ops(&[Opcode::Tuple1, Opcode::NewObj])
            }
            tag::BUFFER => {
                self.maker(Maker::Buffer)?;
                let index = self.number()?;
                let read_only = self.byte()? != 0;
                self.long(index)?;
                let read_only = if read_only { Opcode::NewTrue } else { Opcode::NewFalse };
                self.ops(&[read_only, Opcode::Tuple2, Opcode::Reduce])
            }
            _ => {
                let number = self.node();
                let how = self.byte()?;
                let parts = match how {
                    0 | 1 | 3 | 4 => 2,
                    2 => 3,
                    5 | 6 => 1,
                    _ => return Err(self.bad("no such way to make an object")),
                };
                self.maker(Maker::Record)?;
                self.ops(&[Opcode::EmptyTuple, Opcode::NewObj])?;
                let index = self.memoize()?;
                if let Some(node) = self.nodes.get_mut(number) {
                    *node = Some(index);
                }
                self.op(Opcode::Mark, Arg::Nothing)?;
                self.small(how)?;
                stack.extend([Todo::Changes, Todo::Values(parts)]);
                Ok(())
            }
        }
    }

    fn long(&mut self, n: u64) -> Result<(), PickleError> {
        let mut bytes = [0; 9];
        bytes[..8].copy_from_slice(&n.to_le_bytes());
        self.op(Opcode::Long1, Arg::Bytes(&bytes))
    }

    pub fn plain_change(&mut self, kind: u8, stack: &mut Vec<Todo>) -> Result<(), PickleError> {
        if let change::END | change::KNOWN = kind {
            self.ops(&[Opcode::Tuple, Opcode::Build])?;
        }
        if kind == change::END {
            if let Some(weights) = &mut self.plain {
                weights.end_record();
            }
            return Ok(());
        }
        if kind == change::KNOWN {
            let kind = self.byte()?;
            let count = self.count(1)?;
            let record = self.open_node().and_then(|(_, index)| index);
            let record = record.ok_or_else(|| self.bad("facts about no object"))?;
            self.op(Opcode::Pop, Arg::Nothing)?;
            self.maker(Maker::Known)?;
            self.op(Opcode::Mark, Arg::Nothing)?;
            self.get(record)?;
            self.small(kind)?;
            stack.push(Todo::PlainFacts);
            stack.push(match kind {
                _ if kind == KnownKind::Set as u8 || kind == KnownKind::FrozenSet as u8 => {
                    Todo::Hashed(count, Hashed::All)
                }
                _ if kind >= KnownKind::OrderedDict as u8 && kind <= KnownKind::Counter as u8 => {
                    Todo::Hashed(count, Hashed::Keys)
                }
                _ => Todo::Values(count),
            });
            return Ok(());
        }
        self.op(Opcode::Mark, Arg::Nothing)?;
        self.small(kind)?;
        let count = match kind {
            change::APPEND | change::ADD => self.count(1)?,
            change::SET_ITEM => self.count(2)?,
            change::BUILD | change::NESTED => 1,
            change::RAW => {
                let offset = self.number()?;
                self.long(offset)?;
                1
            }
            _ => return Err(self.bad("no such change")),
        };
        stack.extend([Todo::Changes, Todo::Op(Opcode::Tuple), Todo::Values(count)]);
        Ok(())
    }

    /// The innermost node that is not complete, and where it is in the memo.
    fn open_node(&self) -> Option<(usize, Option<u32>)> {
        let &(number, _) = self.plain.as_ref()?.open.last()?;
        Some((number, self.nodes.get(number).copied().flatten()))
    }

    pub fn end_facts(&mut self) -> Result<(), PickleError> {
        self.ops(&[Opcode::Tuple, Opcode::Reduce])?;
        let index = self.memoize()?;
        if let Some((number, _)) = self.open_node()
            && let Some(node) = self.nodes.get_mut(number)
        {
            *node = Some(index);
        }
        if let Some(weights) = &mut self.plain {
            weights.end();
        }
        if self.byte()? == change::END { Ok(()) } else { Err(self.bad("a change follows what the object is")) }
    }

    pub fn weigh(&mut self, before: u64) -> Result<(), PickleError> {
        let weight = self.plain.as_ref().map_or(0, |weights| weights.total.saturating_sub(before));
        if weight <= KEY_MAX {
            return Ok(());
        }
        let text = format!("a key or set item holds more than {KEY_MAX} values: it would take too long to hash");
        Err(PickleError::new(ErrorKind::BadValue, 0, text))
    }
}
