//! The harness alone.
#![no_std]
#![no_main]

fn work(_: &[u8]) -> bool {
    true
}

size::measure!(work, b"");
