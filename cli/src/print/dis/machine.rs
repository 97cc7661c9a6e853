//! The stack, marks and memo as `pickletools.dis` models them: how many objects
//! there are, never which.

use crate::survey::indexes::Indexes;
use pickle_core::{ErrorKind, OpKind, Opcode};
use std::collections::HashSet;

/// The memo: which entries were ever stored.
#[derive(Clone, Debug, Default)]
pub struct Memo {
    indexes: Indexes,
    others: HashSet<Box<str>>,
}

impl Memo {
    fn len(&self) -> u64 {
        self.indexes.len() + self.others.len() as u64
    }

    fn contains(&self, key: &Key) -> bool {
        match key {
            Key::Index(index) => self.indexes.contains(*index),
            Key::Other(text) => self.others.contains(text),
        }
    }

    fn insert(&mut self, key: Key) {
        match key {
            Key::Index(index) => self.indexes.insert(index),
            Key::Other(text) => {
                self.others.insert(text);
            }
        }
    }
}

/// A memo index. Text PUT takes any int, of any size and sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// An index as picklers write them.
    Index(u64),
    /// Any other, in decimal.
    Other(Box<str>),
}

impl Key {
    /// The key of an int in decimal.
    pub fn from_decimal(text: String) -> Self {
        text.parse().map_or_else(|_| Key::Other(text.into()), Key::Index)
    }
}

/// What the line of an opcode says beside its argument, and what is wrong with the opcode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// The offset of the MARK that this opcode takes.
    pub mark: Option<u64>,
    /// The memo entry that MEMOIZE fills.
    pub memo_index: Option<u64>,
    /// The opcode cannot run; its line is printed all the same.
    pub fault: Option<ErrorKind>,
}

/// A stack of unknown objects and marks. Memory: 16 bytes a MARK that is open.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Objects and marks on the stack.
    depth: u64,
    /// Where on the stack the marks are.
    marks: Vec<u64>,
    /// Offsets of the MARK opcodes not taken yet. Longer than `marks` once an
    /// opcode has popped a mark as if it were an object, which is let pass.
    mark_offsets: Vec<u64>,
}

impl Machine {
    /// Marks open now: the level of indentation.
    pub fn level(&self) -> usize {
        self.mark_offsets.len()
    }

    /// Objects and marks on the stack.
    pub fn depth(&self) -> u64 {
        self.depth
    }

    /// Runs an opcode; `key` is the memo entry it names.
    ///
    /// # Errors
    /// The opcode wants a mark, and the last one has been popped as an object: there is no line to print.
    pub fn run(&mut self, opcode: Opcode, offset: u64, key: Option<Key>, memo: &mut Memo) -> Result<Effect, ErrorKind> {
        let stack = opcode.stack_effect();
        let mut effect = Effect::default();
        let mut pops = u64::from(stack.pops);
        let pops_mark = opcode == Opcode::Pop && self.mark_on_top();
        if stack.to_mark || pops_mark {
            match self.mark_offsets.pop() {
                Some(mark) => {
                    effect.mark = Some(mark);
                    self.depth = self.marks.pop().ok_or(ErrorKind::NoMark)?;
                    if pops_mark {
                        pops = 0;
                    }
                }
                None => effect.fault = Some(ErrorKind::NoMark),
            }
        }
        match opcode.kind() {
            OpKind::Store => {
                let key = key.unwrap_or_else(|| {
                    let next = memo.len();
                    effect.memo_index = Some(next);
                    Key::Index(next)
                });
                if self.depth == 0 {
                    effect.fault = Some(ErrorKind::StackUnderflow);
                } else if self.mark_on_top() {
                    effect.fault = Some(ErrorKind::UnexpectedMark);
                } else {
                    memo.insert(key);
                }
            }
            OpKind::Fetch if !key.as_ref().is_some_and(|key| memo.contains(key)) => {
                effect.fault = Some(ErrorKind::MemoMissing);
            }
            _ => {}
        }
        if effect.fault.is_some() {
            return Ok(effect);
        }
        match self.depth.checked_sub(pops) {
            Some(depth) => self.depth = depth,
            None => {
                effect.fault = Some(ErrorKind::StackUnderflow);
                return Ok(effect);
            }
        }
        while self.marks.last().is_some_and(|&at| at >= self.depth) {
            self.marks.pop();
        }
        if stack.marks {
            self.marks.push(self.depth);
            self.mark_offsets.push(offset);
            self.depth += 1;
        }
        self.depth += u64::from(stack.pushes);
        Ok(effect)
    }

    fn mark_on_top(&self) -> bool {
        self.marks.last().is_some_and(|&at| at + 1 == self.depth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(opcodes: &[Opcode]) -> (Machine, Result<Effect, ErrorKind>) {
        let mut machine = Machine::default();
        let mut memo = Memo::default();
        let mut last = Ok(Effect::default());
        for (offset, &opcode) in (0..).zip(opcodes) {
            last = machine.run(opcode, offset, None, &mut memo);
        }
        (machine, last)
    }

    #[test]
    fn marks() {
        use Opcode::*;
        let (machine, last) = run(&[Mark, Mark, None, Tuple]);
        assert_eq!(last, Ok(Effect { mark: Some(1), ..Effect::default() }));
        assert_eq!((machine.level(), machine.depth()), (1, 2));
        // POP of a mark closes it, POP of an object does not.
        assert_eq!(run(&[Mark, Pop]).1.map(|e| e.mark), Ok(Some(0)));
        assert_eq!(run(&[Mark, None, Pop]).0.level(), 1);
        // APPEND takes the mark for a list; TUPLE then finds none.
        assert_eq!(run(&[None, Mark, Dup, Append, Tuple]).1, Err(ErrorKind::NoMark));
        assert_eq!(run(&[Tuple]).1.map(|e| e.fault), Ok(Some(ErrorKind::NoMark)));
        assert_eq!(run(&[Mark, Memoize]).1.map(|e| e.fault), Ok(Some(ErrorKind::UnexpectedMark)));
        assert_eq!(run(&[Memoize]).1.map(|e| e.fault), Ok(Some(ErrorKind::StackUnderflow)));
    }
}
