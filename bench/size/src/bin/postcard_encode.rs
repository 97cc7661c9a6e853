//! The peer postcard encodes the same message, without keys, by way of serde.
#![no_std]
#![no_main]

use core::hint::black_box;
use serde::Serialize;

#[derive(Serialize)]
struct Row<'a> {
    id: u32,
    temp: f64,
    name: &'a str,
    samples: [u8; 4],
}

fn work(expected: &[u8]) -> bool {
    let mut buffer = [0; 64];
    let row = Row { id: 7, temp: 21.5, name: "probe-3", samples: [1, 2, 3, 4] };
    match postcard::to_slice(black_box(&row), &mut buffer) {
        Ok(bytes) => *bytes == *expected,
        Err(_) => false,
    }
}

size::measure!(work, b"\x07\0\0\0\0\0\x805@\x07probe-3\x01\x02\x03\x04");
