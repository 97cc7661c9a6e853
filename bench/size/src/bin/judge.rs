//! Judges a message piece by piece with the table of the standard library: clean, or not to be handed on.
#![no_std]
#![no_main]

use pickle_core::verdict::{Buffers, FarSlot, Judge, Named, Slot, Verdict};
use size::PIECE;

fn work(message: &[u8]) -> bool {
    let (mut stack, mut memo, mut parts) = ([Slot::default(); 24], [Slot::default(); 16], [Slot::default(); 8]);
    let (mut far, mut globals) = ([FarSlot::default(); 2], [Named::default(); 8]);
    let (mut names, mut text) = ([0; 128], [0; 512]);
    let mut judge = Judge::new(Buffers {
        stack: &mut stack,
        memo: &mut memo,
        far: &mut far,
        globals: &mut globals,
        names: &mut names,
        text: &mut text,
        parts: &mut parts,
    });
    message.chunks(PIECE).for_each(|piece| judge.feed(piece, &mut ()));
    judge.finish(&mut ()).verdict == Verdict::Clean
}

size::measure!(work, size::PICKLE);
