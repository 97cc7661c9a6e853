//! Values that are written once and fetched afterwards.

use super::{Memoized, Pickler, Written};
use crate::literal::int;
use crate::wire::frames::Frames;
use crate::wire::sink::WriteError;
use crate::{ErrorKind, Opcode};
use embedded_io::Write;

impl<W: Write, F: Frames> Pickler<'_, W, F> {
    /// Puts the last value, or the container that was just begun, into the memo.
    ///
    /// # Errors
    /// [`ErrorKind::MissingValue`] if no value was written last. Or the sink fails.
    pub fn remember(&mut self) -> Result<Memoized, WriteError<W::Error>> {
        if !self.fresh {
            return Err(self.encoder.fault(ErrorKind::MissingValue, Opcode::Memoize));
        }
        let index = self.memo;
        match self.protocol() {
            4.. => self.opcode(Opcode::Memoize)?,
            _ => self.memo_opcode(index, Opcode::Put, Opcode::BinPut, Opcode::LongBinPut)?,
        }
        self.memo += 1;
        Ok(Memoized(index))
    }

    /// The same object again.
    ///
    /// # Errors
    /// As [`Pickler::none`]; [`ErrorKind::MemoMissing`] if it is of another pickle and unknown here.
    #[cfg_attr(target_pointer_width = "64", inline)]
    pub fn recall(&mut self, memoized: Memoized) -> Written<'_, Self, W> {
        if memoized.0 >= self.memo {
            return Err(self.encoder.fault(ErrorKind::MemoMissing, Opcode::Get));
        }
        self.before()?;
        self.memo_opcode(memoized.0, Opcode::Get, Opcode::BinGet, Opcode::LongBinGet)?;
        self.after()
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn memo_opcode(
        &mut self,
        index: u32,
        line: Opcode,
        short: Opcode,
        long: Opcode,
    ) -> Result<(), WriteError<W::Error>> {
        let [a, b, c, d] = index.to_le_bytes();
        if self.protocol() == 0 {
            // Indices stay below the number of opcodes, far from negative.
            return self.line(line, int::decimal_i32(index as i32, &mut [0; 11]));
        }
        if index <= 0xff {
            return self.put(short, &[short.byte(), a], &[]);
        }
        self.put(long, &[long.byte(), a, b, c, d], &[])
    }
}
