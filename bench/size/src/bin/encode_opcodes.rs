//! Encodes opcode by opcode.
#![no_std]
#![no_main]

size::measure!(size::encode::with_encoder, size::encode::PICKLE);
