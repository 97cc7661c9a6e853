//! Writes the message, with the pickler or opcode by opcode.

use crate::Telemetry;
use core::hint::black_box;
use pickle_core::{Arg, Encoder, Full, Level, Opcode, Pickler, SliceWriter, WriteError};

/// What the pickler writes: protocol 4 without frames and memo.
pub const PICKLE: &[u8; 63] = b"\x80\x04}(\x8c\x02idK\x07\x8c\x04tempG@5\x80\0\0\0\0\0\x8c\x04name\x8c\x07probe-3\x8c\x07samples](K\x01K\x02K\x03K\x04eu.";

/// Buffer of the encoders here.
const ROOM: usize = 96;

fn pickle(telemetry: &Telemetry<'_>, buffer: &mut [u8]) -> Result<usize, WriteError<Full>> {
    let mut levels = [Level::EMPTY; 2];
    let mut pickler = Pickler::new(SliceWriter::new(buffer), 4, &mut levels);
    pickler.begin_dict(None)?.str("id")?.int(i64::from(telemetry.id))?.str("temp")?.float(telemetry.temp)?;
    pickler.str("name")?.str_bytes(telemetry.name)?.str("samples")?.begin_list(None)?;
    for sample in telemetry.samples {
        pickler.int(i64::from(sample))?;
    }
    pickler.end()?.end()?.finish()?;
    Ok(pickler.written())
}

fn opcodes(telemetry: &Telemetry<'_>, buffer: &mut [u8]) -> Result<usize, WriteError<Full>> {
    let mut encoder = Encoder::new(SliceWriter::new(buffer), 4);
    let text = |text| (Opcode::ShortBinUnicode, Arg::Bytes(text));
    let int = |n| (Opcode::BinInt1, Arg::Uint(n));
    let head = [
        (Opcode::Proto, Arg::Uint(4)),
        (Opcode::EmptyDict, Arg::Nothing),
        (Opcode::Mark, Arg::Nothing),
        text(b"id"),
        int(u64::from(telemetry.id)),
        text(b"temp"),
        (Opcode::BinFloat, Arg::Float(telemetry.temp.to_bits())),
        text(b"name"),
        text(telemetry.name),
        text(b"samples"),
        (Opcode::EmptyList, Arg::Nothing),
        (Opcode::Mark, Arg::Nothing),
    ];
    for (opcode, arg) in head {
        encoder.op(opcode, arg)?;
    }
    for sample in telemetry.samples {
        encoder.op(Opcode::BinInt1, Arg::Uint(u64::from(sample)))?;
    }
    for opcode in [Opcode::Appends, Opcode::SetItems, Opcode::Stop] {
        encoder.op(opcode, Arg::Nothing)?;
    }
    Ok(encoder.written())
}

/// Writes the message with the pickler and compares the bytes.
pub fn with_pickler(expected: &[u8]) -> bool {
    let mut buffer = [0; ROOM];
    match pickle(black_box(&Telemetry::EXPECTED), &mut buffer) {
        Ok(len) => buffer.get(..len) == Some(expected),
        Err(_) => false,
    }
}

/// The same opcode by opcode.
pub fn with_encoder(expected: &[u8]) -> bool {
    let mut buffer = [0; ROOM];
    match opcodes(black_box(&Telemetry::EXPECTED), &mut buffer) {
        Ok(len) => buffer.get(..len) == Some(expected),
        Err(_) => false,
    }
}
