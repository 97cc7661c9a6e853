//! This project's own cases. A new one is a line in [`CASES`] and a function.

use bench_harness::{Case, Fault, Input, Meter, Task, fault};
use pickle_core::{Decoder, Op, Step};
use std::hint::black_box;
use std::process::ExitCode;

const CASES: &[Case] = &[Case { name: "ops", task: Task::Walk, label: "libpickle Decoder", kinds: &[], run: ops }];

fn main() -> ExitCode {
    bench_harness::main(CASES)
}

/// Walks all opcodes. Every field of every one is used, so that none can be left out.
fn ops(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    meter.each(input, |pickle| walk(pickle).map_err(fault), |&(ops, _)| Some(ops))
}

fn walk(mut input: &[u8]) -> Result<(u64, u64), pickle_core::Error> {
    let mut decoder = Decoder::new();
    let (mut ops, mut digest) = (0, 0);
    loop {
        match decoder.next(&mut input)? {
            Step::Op(op) => {
                ops += 1;
                digest = mix(digest, op);
            }
            Step::End => return Ok(black_box((ops, digest))),
            Step::NeedMore => decoder.finish()?,
            Step::Fragment(_) | Step::Raw(_) => {}
        }
    }
}

#[inline(always)]
fn mix(digest: u64, op: Op<'_>) -> u64 {
    use pickle_core::Arg::{Bytes, Float, Int, Nothing, Text, Uint};
    let arg = match op.arg {
        Nothing => 0,
        Uint(n) | Float(n) => n,
        Int(n) => n as u64,
        Bytes(b) | Text(b) => b.len() as u64,
    };
    let small = u64::from(op.opcode.byte()) << 8 | u64::from(op.header_len);
    digest.wrapping_add(arg).wrapping_add(small).wrapping_add(op.offset)
}
