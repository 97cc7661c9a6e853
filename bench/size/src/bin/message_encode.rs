//! Encodes a message of known layout, straight out of a struct.
#![no_std]
#![no_main]

use core::hint::black_box;
use pickle_core::message::{self, Unchecked};
use size::{Row, Telemetry};

fn work(expected: &[u8]) -> bool {
    let Telemetry { id, temp, name, samples } = *black_box(&Telemetry::EXPECTED);
    let mut buffer = [0; 96];
    match message::write(&Row { id, temp, name: Unchecked(name), samples }, &mut buffer) {
        Ok(len) => buffer.get(..len) == Some(expected),
        Err(_) => false,
    }
}

size::measure!(work, size::encode::PICKLE);
