//! Decodes at the level of opcodes and encodes, opcode by opcode.
#![no_std]
#![no_main]

fn work(message: &[u8]) -> bool {
    size::opcodes::decode_fields(message) && size::encode::with_encoder(size::encode::PICKLE)
}

size::measure!(work, size::PICKLE);
