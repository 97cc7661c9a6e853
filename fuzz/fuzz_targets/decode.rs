//! The first byte says how the others are cut: same opcodes, same error, pushed and pulled.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pickle_core::{Arg, Decoder, Error, OpReader, Opcode, ReadError, Step};

type Ops = Vec<(Opcode, u64, Option<u64>, Vec<u8>)>;

/// Adds a step; false where it ends the pickle.
fn add(step: Step<'_>, ops: &mut Ops, open: &mut Vec<u8>) -> bool {
    match step {
        Step::Op(op) => {
            let number = match op.arg {
                Arg::Uint(number) | Arg::Float(number) => Some(number),
                Arg::Int(number) => Some(number as u64),
                _ => None,
            };
            ops.push((op.opcode, op.offset, number, op.bytes().to_vec()));
        }
        Step::Fragment(fragment) => {
            assert_eq!(fragment.position, open.len() as u64);
            open.extend_from_slice(fragment.data);
            if fragment.last {
                ops.push((fragment.opcode, fragment.offset, None, std::mem::take(open)));
            }
        }
        _ => return false,
    }
    true
}

fn push(input: &[u8], piece: usize) -> (Ops, Option<Error>) {
    let (mut decoder, mut ops, mut open) = (Decoder::new(), Ops::new(), Vec::new());
    for mut rest in input.chunks(piece) {
        loop {
            match decoder.next(&mut rest) {
                Ok(Step::NeedMore) => break,
                Ok(step) if add(step, &mut ops, &mut open) => {}
                Ok(_) => return (ops, None),
                Err(error) => return (ops, Some(error)),
            }
        }
    }
    (ops, decoder.finish().err())
}

fn pull(input: &[u8], len: usize) -> (Ops, Option<Error>) {
    let (mut buffer, mut ops, mut open) = (vec![0; len], Ops::new(), Vec::new());
    let mut reader = OpReader::new(input, &mut buffer);
    loop {
        match reader.next() {
            Ok(step) if add(step, &mut ops, &mut open) => {}
            Ok(_) => return (ops, None),
            Err(ReadError::Pickle(error)) => return (ops, Some(error)),
            Err(ReadError::Io(_)) => unreachable!("a slice does not fail"),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&first, input)) = data.split_first() else { return };
    let whole = push(input, input.len().max(1));
    assert_eq!(push(input, 1 + usize::from(first)), whole);
    assert_eq!(push(input, 1), whole);
    assert_eq!(pull(input, 9 + usize::from(first)), whole);
});
