//! Values that are written once and fetched afterwards.

use super::{Memoized, Pickler, Written};
use crate::wire::frames::Frames;
use crate::wire::sink::WriteError;
use crate::{ErrorKind, Opcode};
use embedded_io::Write;

impl<W: Write, F: Frames> Pickler<'_, W, F> {
    /// Puts the last value, or the container that was just begun, into the memo.
    ///
    /// # Errors
    /// [`ErrorKind::MissingValue`] if no value was written last. Or the sink fails.
    pub fn memoize(&mut self) -> Result<Memoized, WriteError<W::Error>> {
        if !self.fresh {
            return Err(self.encoder.fault(ErrorKind::MissingValue, Opcode::Memoize));
        }
        let index = self.memo;
        self.encoder.memo_put(index)?;
        self.memo += 1;
        Ok(Memoized(index))
    }

    /// The same object again.
    ///
    /// # Errors
    /// As [`Pickler::none`]; [`ErrorKind::MemoMissing`] if it is of another pickle and unknown here.
    #[cfg_attr(target_pointer_width = "64", inline)]
    pub fn get_memo(&mut self, memoized: Memoized) -> Written<'_, Self, W> {
        if memoized.0 >= self.memo {
            return Err(self.encoder.fault(ErrorKind::MemoMissing, Opcode::Get));
        }
        self.before()?;
        self.encoder.memo_get(memoized.0)?;
        self.after()
    }
}
