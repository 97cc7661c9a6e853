//! Opcodes out of pieces of input, with the texts of GET and PUT whole.

use crate::{Arg, Decoder, Error, Fragment, Op, Step};
use alloc::vec::Vec;

/// Bytes of a text that are kept: an index of the memo has fewer, a name that matters too.
const TEXT: usize = 256;

/// A decoder whose opcodes come whole; of payloads that do not lie whole in a piece of input, nothing is kept.
#[derive(Debug)]
pub(super) struct Pump {
    pub decoder: Decoder,
    text: Vec<u8>,
}

/// Why [`Pump::run`] came to an end.
pub(super) enum Pumped<B> {
    /// The input is used up.
    NeedMore,
    /// The pickle is over.
    End,
    /// `f` broke off, behind the opcode.
    Broken(B),
}

impl Pump {
    /// Reads opcodes from `offset` on. Frames are enforced from there on, but not with `lenient`.
    pub fn at(offset: u64, lenient: bool) -> Self {
        let mut decoder = if lenient { Decoder::lenient() } else { Decoder::new() };
        decoder.restart_at(offset);
        Pump { decoder, text: Vec::new() }
    }

    /// Gives every opcode, and the offset of what follows it, to `f`.
    ///
    /// # Errors
    /// What is wrong with the stream.
    #[inline]
    pub fn run<B>(
        &mut self,
        input: &mut &[u8],
        mut f: impl FnMut(&Op<'_>, u64) -> Result<(), B>,
    ) -> Result<Pumped<B>, Error> {
        let Pump { decoder, text } = self;
        loop {
            let mut broken = None;
            // The opcode that breaks off would not be consumed: it is passed over at the next.
            let halted = decoder.each(input, |op| {
                if broken.is_some() {
                    return Err(());
                }
                if let Err(why) = f(&op, end_of(&op)) {
                    broken = Some(why);
                }
                Ok(())
            });
            if let Some(why) = broken {
                // What follows it can be damaged; that shows when it is read.
                return Ok(Pumped::Broken(why));
            }
            halted?;
            let result = match decoder.next(input)? {
                Step::Op(op) => f(&op, decoder.offset()),
                Step::Fragment(Fragment { opcode, offset, total: Some(_), last: true, .. }) => {
                    f(&Op { opcode, arg: Arg::Bytes(&[]), offset }, decoder.offset())
                }
                Step::Fragment(Fragment { total: Some(_), .. }) | Step::Raw(_) => Ok(()),
                Step::Fragment(Fragment { opcode, offset, position, data, last, .. }) => {
                    if position == 0 {
                        text.clear();
                    }
                    let room = TEXT.saturating_sub(text.len());
                    text.extend_from_slice(data.get(..room).unwrap_or(data));
                    if !last {
                        continue;
                    }
                    f(&Op { opcode, arg: Arg::Text(text), offset }, decoder.offset())
                }
                Step::NeedMore => return Ok(Pumped::NeedMore),
                Step::End => return Ok(Pumped::End),
            };
            if let Err(why) = result {
                return Ok(Pumped::Broken(why));
            }
        }
    }
}

/// The offset of what follows an opcode that lies whole in the input.
fn end_of(op: &Op<'_>) -> u64 {
    // Text ends with a newline.
    let newline = usize::from(matches!(op.arg, Arg::Text(_)));
    op.offset + (op.header_len() + op.bytes().len() + newline) as u64
}
