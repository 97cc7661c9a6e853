//! The peer postcard decodes the same message, without keys, by way of serde.
#![no_std]
#![no_main]

use serde::Deserialize;
use size::Telemetry;

#[derive(Deserialize)]
struct Row<'a> {
    id: u32,
    temp: f64,
    name: &'a str,
    samples: [u8; 4],
}

fn work(message: &[u8]) -> bool {
    match postcard::from_bytes::<Row<'_>>(message) {
        Ok(Row { id, temp, name, samples }) => Telemetry { id, temp, name: name.as_bytes(), samples }.is_expected(),
        Err(_) => false,
    }
}

size::measure!(work, b"\x07\0\0\0\0\0\x805@\x07probe-3\x01\x02\x03\x04");
