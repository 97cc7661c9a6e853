//! Writes the message, with the pickler or opcode by opcode.

use crate::Telemetry;
use core::hint::black_box;
use pickle_core::{Arg, BufferFull, Encoder, Level, Opcode, Pickler, SliceWriter, WriteError};

/// What the pickler writes: protocol 4 without frames and memo.
pub const PICKLE: &[u8; 62] = b"\x80\x04}(\x8c\x02idK\x07\x8c\x04tempG@5\x80\0\0\0\0\0\x8c\x04name\x8c\x07probe-3\x8c\x07samples](K\x01K\x02K\x03K\x04eu.";

/// Buffer of the encoders here.
const ROOM: usize = 96;

fn pickle(telemetry: &Telemetry<'_>, buffer: &mut [u8]) -> Result<usize, WriteError<BufferFull>> {
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

type BufferEncoder<'b> = Encoder<SliceWriter<'b>>;

fn bare(encoder: &mut BufferEncoder<'_>, opcodes: &[Opcode]) -> bool {
    opcodes.iter().all(|&opcode| encoder.op(opcode, Arg::Nothing).is_ok())
}

fn text(encoder: &mut BufferEncoder<'_>, text: &[u8]) -> bool {
    encoder.op(Opcode::ShortBinUnicode, Arg::Bytes(text)).is_ok()
}

fn int(encoder: &mut BufferEncoder<'_>, n: u32) -> bool {
    encoder.op(Opcode::BinInt1, Arg::Uint(u64::from(n))).is_ok()
}

fn opcodes(telemetry: &Telemetry<'_>, buffer: &mut [u8]) -> Option<usize> {
    use Opcode::*;
    let encoder = &mut Encoder::new(SliceWriter::new(buffer), 4);
    let mut good = encoder.op(Proto, Arg::Uint(4)).is_ok() && bare(encoder, &[EmptyDict, Mark]);
    good = good && text(encoder, b"id") && int(encoder, telemetry.id) && text(encoder, b"temp");
    good = good && encoder.op(BinFloat, Arg::Float(telemetry.temp.to_bits())).is_ok();
    good = good && text(encoder, b"name") && text(encoder, telemetry.name);
    good = good && text(encoder, b"samples") && bare(encoder, &[EmptyList, Mark]);
    good = good && telemetry.samples.iter().all(|&sample| int(encoder, u32::from(sample)));
    (good && bare(encoder, &[Appends, SetItems, Stop])).then_some(encoder.written())
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
        Some(len) => buffer.get(..len) == Some(expected),
        None => false,
    }
}
