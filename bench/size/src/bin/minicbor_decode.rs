//! The peer minicbor decodes the same message from CBOR.
#![no_std]
#![no_main]

use minicbor::Decoder;
use minicbor::decode::Error;
use size::Telemetry;

fn decode(message: &[u8]) -> Result<bool, Error> {
    let mut decoder = Decoder::new(message);
    let mut telemetry = Telemetry::default();
    for _ in 0..decoder.map()?.unwrap_or(0) {
        match decoder.str()? {
            "id" => telemetry.id = decoder.u32()?,
            "temp" => telemetry.temp = decoder.f64()?,
            "name" => telemetry.name = decoder.str()?.as_bytes(),
            "samples" => {
                let len = decoder.array()?.unwrap_or(0);
                for i in 0..len as usize {
                    let sample = decoder.u8()?;
                    if let Some(place) = telemetry.samples.get_mut(i) {
                        *place = sample;
                    }
                }
            }
            _ => decoder.skip()?,
        }
    }
    Ok(telemetry.is_expected())
}

fn work(message: &[u8]) -> bool {
    decode(message).unwrap_or(false)
}

size::measure!(work, b"\xa4\x62id\x07\x64temp\xfb@5\x80\0\0\0\0\0\x64name\x67probe-3\x67samples\x84\x01\x02\x03\x04");
