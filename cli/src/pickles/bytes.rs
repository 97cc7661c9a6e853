//! The bytes of pickles, copied and never held.

use crate::Failure;
use crate::input::Input;
use crate::survey::indexes::Indexes;
use pickle_core::{Decoder, Error, ErrorKind, MemoPlan, Op, Step};
use std::io::BufRead;

/// What there is of a file's pickles.
pub enum Chunk<'c> {
    /// Bytes of a pickle.
    Bytes(&'c [u8]),
    /// The pickle is complete.
    End,
}

/// Goes through all pickles of an input.
///
/// # Errors
/// The input cannot be read, a pickle is damaged or needs the memo of one before it, and what `take` says.
pub fn each(input: &mut Input, take: &mut dyn FnMut(Chunk<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut decoder = Decoder::new();
    for index in 0.. {
        let mut memo = Indexes::default();
        let mut begun = false;
        loop {
            let all = input.fill_buf()?;
            if all.is_empty() {
                if !begun && index > 0 {
                    return Ok(());
                }
                match decoder.finish() {
                    Ok(()) => break,
                    Err(error) => return Err(input.bad_pickle(index, error)),
                }
            }
            begun = true;
            let mut rest = all;
            let walked = decoder.each(&mut rest, |op| check(&mut memo, &op));
            let step = match walked {
                Ok(Some(error)) => Err(error),
                Ok(None) => decoder.next(&mut rest),
                Err(error) => Err(error),
            };
            let step = match step {
                Ok(Step::Op(op)) => check(&mut memo, &op).map(|()| false),
                Ok(step) => Ok(step == Step::End),
                Err(error) => Err(error),
            };
            let used = all.len() - rest.len();
            match step {
                Ok(end) => {
                    take(Chunk::Bytes(all.get(..used).unwrap_or_default()))?;
                    input.consume(used);
                    if end {
                        break;
                    }
                }
                Err(error) => return Err(input.bad_pickle(index, error)),
            }
        }
        take(Chunk::End)?;
        decoder.next_pickle();
    }
    Ok(())
}

/// A fetch must find something that this pickle has put there.
fn check(memo: &mut Indexes, op: &Op<'_>) -> Result<(), Error> {
    if let Some(index) = memo.filled_by(op) {
        memo.insert(index);
    }
    match MemoPlan::fetch(op) {
        Some(index) if !memo.contains(index) => Err(Error::new(ErrorKind::MemoMissing, op.opcode.byte(), op.offset)),
        _ => Ok(()),
    }
}
