//! Decodes at the level of opcodes, straight into fields: piece by piece, no document.
#![no_std]
#![no_main]

size::measure!(size::opcodes::decode_fields, size::PICKLE);
