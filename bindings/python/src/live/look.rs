//! A first walk over a pickle, before any code can run: whether it has only what is taken here, and what the second needs to know.

use crate::opcodes::{Input, Other};
use pickle_core::Opcode;

/// What the first walk tells.
pub struct Look {
    /// Bytes of the pickle.
    pub end: usize,
    /// The protocol that it says.
    pub protocol: u8,
    /// Values that lie on the stack at most, marks among them.
    pub stack: usize,
    /// Entries of the memo.
    pub memo: usize,
    /// The entries that are fetched again, a bit each.
    fetched: Vec<u64>,
}

impl Look {
    /// The memo entry is fetched somewhere.
    #[inline(always)]
    pub fn is_fetched(&self, number: usize) -> bool {
        self.fetched.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 != 0)
    }

    fn fetch(&mut self, number: usize) -> Result<(), Other> {
        if number >= self.memo {
            return Err(Other);
        }
        if self.fetched.len() <= number / 64 {
            self.fetched.resize(self.memo.div_ceil(64), 0);
        }
        let word = self.fetched.get_mut(number / 64).ok_or(Other)?;
        *word |= 1 << (number % 64);
        Ok(())
    }

    fn put(&mut self, number: usize, items: usize) -> Result<(), Other> {
        // Only as picklers number them: one after another.
        if number != self.memo || items == 0 || number >= u32::MAX as usize {
            return Err(Other);
        }
        self.memo += 1;
        Ok(())
    }
}

/// The depths of the stack.
#[derive(Default)]
struct Depth {
    now: usize,
    /// Where the items of the last mark begin.
    base: usize,
    marks: Vec<usize>,
    most: usize,
}

impl Depth {
    fn items(&self) -> usize {
        self.now - self.base
    }

    fn push(&mut self) {
        self.now += 1;
        self.most = self.most.max(self.now + self.marks.len());
    }

    /// Takes so many, and pushes one.
    fn make(&mut self, takes: usize) -> Result<(), Other> {
        if self.items() < takes {
            return Err(Other);
        }
        self.now -= takes;
        self.push();
        Ok(())
    }

    fn mark(&mut self) {
        self.marks.push(self.base);
        self.base = self.now;
        self.most = self.most.max(self.now + self.marks.len());
    }

    /// Takes what is above the last mark, and that.
    fn take_mark(&mut self) -> Result<usize, Other> {
        let items = self.items();
        self.now = self.base;
        self.base = self.marks.pop().ok_or(Other)?;
        Ok(items)
    }

    /// Fills what is above the mark into what is below it.
    fn fill(&mut self) -> Result<usize, Other> {
        let items = self.take_mark()?;
        if self.items() == 0 { Err(Other) } else { Ok(items) }
    }
}

/// Looks at the pickle at the start of the input; `None` where it has anything that is not taken here, or is at fault.
pub fn look(input: &[u8]) -> Option<Look> {
    walk(&mut Input::new(input)).ok()
}

fn walk(input: &mut Input<'_>) -> Result<Look, Other> {
    let mut look = Look { end: 0, protocol: 0, stack: 0, memo: 0, fetched: Vec::new() };
    let mut depth = Depth::default();
    loop {
        match input.opcode()? {
            Opcode::ShortBinUnicode | Opcode::ShortBinBytes => {
                let len = input.byte()?;
                input.take(len.into())?;
                depth.push();
            }
            Opcode::Memoize => look.put(look.memo, depth.items())?,
            Opcode::BinPut => look.put(input.byte()?.into(), depth.items())?,
            Opcode::LongBinPut => look.put(input.four()? as usize, depth.items())?,
            Opcode::BinGet => {
                look.fetch(input.byte()?.into())?;
                depth.push();
            }
            Opcode::LongBinGet => {
                look.fetch(input.four()? as usize)?;
                depth.push();
            }
            Opcode::BinFloat => {
                input.take(8)?;
                depth.push();
            }
            Opcode::BinInt1 => {
                input.take(1)?;
                depth.push();
            }
            Opcode::BinInt2 => {
                input.take(2)?;
                depth.push();
            }
            Opcode::BinInt => {
                input.take(4)?;
                depth.push();
            }
            Opcode::Long1 => {
                let len = input.byte()?;
                input.take(len.into())?;
                depth.push();
            }
            Opcode::Mark => depth.mark(),
            Opcode::None
            | Opcode::NewTrue
            | Opcode::NewFalse
            | Opcode::EmptyDict
            | Opcode::EmptyList
            | Opcode::EmptySet
            | Opcode::EmptyTuple => depth.push(),
            Opcode::BinUnicode | Opcode::BinBytes => {
                let len = input.four()?;
                input.take(len as usize)?;
                depth.push();
            }
            Opcode::BinUnicode8 | Opcode::BinBytes8 | Opcode::ByteArray8 => {
                let len = input.eight()?;
                input.take(len)?;
                depth.push();
            }
            Opcode::Tuple1 => depth.make(1)?,
            Opcode::Tuple2 | Opcode::Reduce | Opcode::NewObj | Opcode::Build | Opcode::StackGlobal | Opcode::Append => {
                depth.make(2)?;
            }
            Opcode::Tuple3 | Opcode::NewObjEx | Opcode::SetItem => depth.make(3)?,
            Opcode::Tuple | Opcode::FrozenSet => {
                depth.take_mark()?;
                depth.push();
            }
            Opcode::Appends | Opcode::AddItems => {
                depth.fill()?;
            }
            Opcode::SetItems => {
                if depth.fill()? % 2 != 0 {
                    return Err(Other);
                }
            }
            Opcode::Global => {
                input.name()?;
                input.name()?;
                depth.push();
            }
            Opcode::Proto => {
                look.protocol = input.byte()?;
                if look.protocol > 5 {
                    return Err(Other);
                }
            }
            Opcode::Frame => input.frame()?,
            Opcode::Stop => {
                if !input.may_stop() || depth.now != 1 || !depth.marks.is_empty() {
                    return Err(Other);
                }
                look.end = input.at();
                look.stack = depth.most;
                return Ok(look);
            }
            _ => return Err(Other),
        }
    }
}
