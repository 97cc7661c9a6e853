//! The pickles of one input, one document after another.

use crate::Failure;
use crate::input::Input;
use crate::survey::indexes::Indexes;
use crate::survey::walk::is_cut_pickle;
use pickle_core::{Decoder, Document, Error, ErrorKind, Heap, MemoPlan, Opcode, Options, Status, Unpickler, joblib};
use std::io::{Read, Write};
use std::ops::Range;

/// Bytes of a stream that are read at a time.
const PIECE: usize = 64 * 1024;

/// Reads all pickles of an input. Where the input is mapped, documents borrow
/// their strings from it; a stream is fed in pieces.
///
/// joblib's arrays between the opcodes are taken. Pickles that share one memo
/// (one `Pickler`, several `dump`s) are recognised in mapped files, and taken
/// on the caller's word in streams.
pub struct Pickles {
    input: Input,
    unpickler: Unpickler<Heap>,
    shared_memo: bool,
    /// Pickles that were begun.
    count: u64,
    piece: Vec<u8>,
    unread: Range<usize>,
}

impl Pickles {
    /// The pickles of `input`.
    pub fn new(input: Input, options: Options, shared_memo: bool) -> Self {
        let shared_memo = shared_memo || input.as_slice().is_some_and(shares_memo);
        let unpickler = Unpickler::new(Heap::new(), Options { stop_after_build: true, ..options });
        Pickles { input, unpickler, shared_memo, count: 0, piece: Vec::new(), unread: 0..0 }
    }

    /// The input.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// The next pickle; `None` at the end of the input.
    ///
    /// # Errors
    /// The input cannot be read, or the pickle is damaged or cut off. What
    /// follows a whole pickle and never was one is passed over with a warning.
    pub fn next_document(&mut self) -> Result<Option<Document<'_>>, Failure> {
        let first_byte = match self.input.as_slice() {
            Some(slice) => slice.get(self.offset()).copied(),
            None => self.peek()?,
        };
        let first_byte = match first_byte {
            Some(byte) => byte,
            None if self.count == 0 => return Err(self.input.bad_pickle(0, Error::new(ErrorKind::Empty, 0, 0))),
            None => return Ok(None),
        };
        if self.count > 0 {
            self.unpickler.next_pickle(self.shared_memo);
        }
        let index = self.count;
        self.count += 1;
        let start = self.unpickler.offset();
        let result = if self.input.as_slice().is_some() { self.advance() } else { self.feed()? };
        match result {
            Ok(()) => Ok(Some(self.unpickler.document_in(self.input.as_slice().unwrap_or_default()))),
            Err(error) if index > 0 && !is_cut_pickle(first_byte, error, self.unpickler.opcodes()) => {
                warn_of_rest(&self.input, index, start, error);
                Ok(None)
            }
            Err(error) => Err(self.input.bad_pickle(index, error)),
        }
    }

    fn offset(&self) -> usize {
        usize::try_from(self.unpickler.offset()).unwrap_or(usize::MAX)
    }

    fn advance(&mut self) -> Result<(), Error> {
        let slice = self.input.as_slice().unwrap_or_default();
        while self.unpickler.advance(slice)? == Status::Built {
            joblib::take_array(&mut self.unpickler, slice)?;
        }
        self.input.progress().at(self.unpickler.offset());
        Ok(())
    }

    fn feed(&mut self) -> Result<Result<(), Error>, Failure> {
        loop {
            let at_end = self.peek()?.is_none();
            let mut rest = self.piece.get(self.unread.clone()).unwrap_or_default();
            let before = rest.len();
            let status = match at_end {
                true => self.unpickler.finish().map(|()| Status::Done),
                false => self.unpickler.feed(&mut rest),
            };
            self.unread.start += before - rest.len();
            match status {
                Ok(Status::Done) => return Ok(Ok(())),
                // Payloads out of band are not asked for.
                Ok(Status::NeedMore | Status::Payload) => {}
                Ok(Status::Built) => {
                    if let Err(error) = joblib::take_array(&mut self.unpickler, &[]) {
                        return Ok(Err(error));
                    }
                }
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    /// The next byte of the stream; reads a piece where none is left.
    fn peek(&mut self) -> Result<Option<u8>, Failure> {
        if self.unread.is_empty() {
            self.piece.resize(PIECE, 0);
            self.unread = 0..self.input.read(&mut self.piece)?;
        }
        Ok(self.piece.get(self.unread.clone()).and_then(|unread| unread.first()).copied())
    }
}

/// Says that what follows pickle number `index`, counted from 1, is none.
pub(crate) fn warn_of_rest(input: &Input, index: u64, start: u64, error: Error) {
    crate::progress::clear();
    let text = format!("what follows pickle number {index}, from byte {start} on, is no pickle ({error})");
    // There is nobody left to tell if this fails.
    let _ = writeln!(std::io::stderr(), "pickle: {}: warning: {text}", input.name());
}

/// True if a pickle fetches from the memo what only an earlier one has put there.
fn shares_memo(input: &[u8]) -> bool {
    let mut decoder = Decoder::new();
    let mut rest = input;
    let (mut earlier, mut own) = (Indexes::default(), Indexes::default());
    loop {
        let walked = decoder.each(&mut rest, |op| {
            if let Some(index) = own.filled_by(&op) {
                own.insert(index);
            }
            match (op.opcode, MemoPlan::fetch(&op)) {
                (_, Some(index)) if !own.contains(index) => return Err(earlier.contains(index)),
                // One pickle has nobody to share with.
                (Opcode::Stop, _) if input.len() as u64 <= op.offset + 1 && earlier.is_empty() => return Err(false),
                _ => {}
            }
            Ok(())
        });
        match walked {
            Ok(Some(shared)) => return shared,
            Ok(None) if decoder.next(&mut rest) == Ok(pickle_core::Step::End) && !rest.is_empty() => {}
            _ => return false,
        }
        std::mem::take(&mut own).iter().for_each(|index| earlier.insert(index));
        decoder.next_pickle();
    }
}

#[cfg(test)]
mod tests {
    use super::shares_memo;

    #[test]
    fn a_shared_memo_shows() {
        assert!(!shares_memo(b"]q\x00."));
        assert!(!shares_memo(b"]q\x00.]q\x00h\x00\x86."));
        assert!(shares_memo(b"\x80\x04]\x94.\x80\x04h\x00."));
        assert!(shares_memo(b"(lp0\n.g0\n."));
        assert!(!shares_memo(b"]q\x00.]h\x05."));
    }
}
