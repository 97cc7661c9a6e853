//! The pickles of one input, one document after another.

use crate::Failure;
use crate::input::Input;
use crate::messages::note;
use crate::survey::indexes::Sharing;
use crate::survey::salvage;
use crate::survey::walk::is_cut_pickle;
use pickle_core::{Decoder, Document, Error, ErrorKind, Heap, Opcode, Options, Status, Unpickler, joblib};
use std::io::BufRead;
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// Where the current pickle begins.
    start: u64,
    /// What follows the last pickle is none.
    rest: Option<u64>,
}

impl Pickles {
    /// The pickles of `input`.
    pub fn new(input: Input, options: Options, shared_memo: bool) -> Self {
        let shared_memo = shared_memo || input.as_slice().is_some_and(shares_memo);
        let unpickler = Unpickler::new(Heap::new(), options.stop_after_build(true));
        Pickles { input, unpickler, shared_memo, count: 0, start: 0, rest: None }
    }

    /// The input.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Where something begins that follows the last pickle and is none: known when [`Pickles::next_document`] has come to
    /// its end.
    pub fn rest(&self) -> Option<u64> {
        self.rest
    }

    /// The next pickle; `None` at the end of the input.
    ///
    /// # Errors
    /// The input cannot be read, or the pickle is damaged or cut off. What
    /// follows a whole pickle and never was one is passed over with a warning.
    pub fn next_document(&mut self) -> Result<Option<Document<'_>>, Failure> {
        let first_byte = match self.input.as_slice() {
            Some(slice) => slice.get(self.offset()).copied(),
            None => self.input.fill_buf()?.first().copied(),
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
        self.start = start;
        let result = if self.input.as_slice().is_some() { self.advance() } else { self.feed()? };
        match result {
            Ok(()) => Ok(self.unpickler.document_in(self.input.as_slice().unwrap_or_default())),
            Err(error) if index > 0 && !is_cut_pickle(first_byte, error, self.unpickler.opcodes()) => {
                warn_of_rest(&mut self.input, &[], index, start, error)?;
                self.rest = Some(start);
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
            let all = self.input.fill_buf()?;
            let mut rest = all;
            let status = match all {
                [] => self.unpickler.finish().map(|_| Status::Done),
                _ => self.unpickler.feed(&mut rest),
            };
            let used = all.len() - rest.len();
            self.input.consume(used);
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

    /// What is whole of the pickle that could not be read to its end, as far as it can be told: containers that were
    /// still open hold what had come. `None` where nothing had, or the bytes cannot be read again.
    pub fn salvage(&mut self) -> Option<Document<'_>> {
        let slice = self.input.as_slice()?;
        let start = usize::try_from(self.start).ok()?;
        let part = salvage::part(slice.get(start..)?)?;
        self.unpickler.begin_at(0, false);
        {
            let mut piece = part.bytes.as_slice();
            loop {
                match self.unpickler.feed(&mut piece).ok()? {
                    Status::Built => joblib::take_array(&mut self.unpickler, &[]).ok()?,
                    Status::Done => return self.unpickler.document(),
                    Status::NeedMore if piece.is_empty() => break,
                    _ => {}
                }
            }
        }
        None
    }
}

/// Something was left out that is more than padding.
static LEFT_OUT: AtomicBool = AtomicBool::new(false);

/// Says that what follows pickle number `index`, counted from 1, is none. More than blanks and zeros is a fault of the file.
/// `ahead`: what has been read of a stream and not been looked at.
///
/// # Errors
/// A stream cannot be read on.
pub(crate) fn warn_of_rest(
    input: &mut Input,
    ahead: &[u8],
    index: u64,
    start: u64,
    error: Error,
) -> Result<(), Failure> {
    let text = format!("warning: what follows pickle number {index}, from byte {start} on, is not a pickle ({error})");
    note(input.name(), &text);
    let is_padding = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    let rest = input.as_slice().map(|all| usize::try_from(start).ok().and_then(|at| all.get(at..)).unwrap_or_default());
    let padding = match rest {
        Some(rest) => rest.iter().all(is_padding),
        // Of a stream, the byte at which it ended is known, and what comes behind that.
        None if error.offset() != start || !is_padding(&error.byte()) || !ahead.iter().all(is_padding) => false,
        None => loop {
            match input.fill_buf()? {
                [] => break true,
                piece if !piece.iter().all(is_padding) => break false,
                piece => {
                    let len = piece.len();
                    input.consume(len);
                }
            }
        },
    };
    if !padding {
        leave_out();
    }
    Ok(())
}

/// Something of a file is not in what is printed.
pub(super) fn leave_out() {
    LEFT_OUT.store(true, Ordering::Relaxed);
}

/// Something was left out of a file since this was asked last.
pub fn has_left_out() -> bool {
    LEFT_OUT.swap(false, Ordering::Relaxed)
}

/// True if a pickle fetches from the memo what only an earlier one has put there.
pub(crate) fn shares_memo(input: &[u8]) -> bool {
    let mut decoder = Decoder::new();
    let mut rest = input;
    let mut sharing = Sharing::default();
    loop {
        let walked = decoder.each(&mut rest, |op| match sharing.op(&op) {
            Some(shared) => Err(shared),
            // One pickle has no other to share with.
            None if op.opcode == Opcode::Stop && input.len() as u64 <= op.offset + 1 && sharing.is_first() => {
                Err(false)
            }
            None => Ok(()),
        });
        match walked {
            Ok(Some(shared)) => return shared,
            Ok(None) if decoder.next(&mut rest) == Ok(pickle_core::Step::End) && !rest.is_empty() => {}
            _ => return false,
        }
        sharing.next_pickle();
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
        assert!(shares_memo(b"\x80\x04]\x94.\x80\x04]\x94.\x80\x04h\x01."));
        assert!(!shares_memo(b"]q\x00.]h\x05."));
    }
}
