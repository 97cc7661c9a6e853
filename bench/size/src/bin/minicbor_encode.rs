//! The peer minicbor encodes the same message as CBOR.
#![no_std]
#![no_main]

use core::hint::black_box;
use minicbor::Encoder;
use minicbor::encode::write::{Cursor, EndOfSlice};
use size::Telemetry;

fn encode(telemetry: &Telemetry<'_>, buffer: &mut [u8]) -> Result<usize, minicbor::encode::Error<EndOfSlice>> {
    let mut encoder = Encoder::new(Cursor::new(buffer));
    encoder.map(4)?.str("id")?.u32(telemetry.id)?.str("temp")?.f64(telemetry.temp)?;
    // The name is ASCII: the bytes are its text.
    encoder.str("name")?.str(core::str::from_utf8(telemetry.name).unwrap_or_default())?;
    encoder.str("samples")?.array(4)?;
    for sample in telemetry.samples {
        encoder.u8(sample)?;
    }
    Ok(encoder.writer().position())
}

fn work(expected: &[u8]) -> bool {
    let mut buffer = [0; 96];
    let telemetry = Telemetry::EXPECTED;
    match encode(black_box(&telemetry), &mut buffer) {
        Ok(len) => buffer.get(..len) == Some(expected),
        Err(_) => false,
    }
}

size::measure!(work, b"\xa4\x62id\x07\x64temp\xfb@5\x80\0\0\0\0\0\x64name\x67probe-3\x67samples\x84\x01\x02\x03\x04");
