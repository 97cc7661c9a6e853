//! Two ways lead into a type, from opcodes and by way of the document: both say the same of any bytes.
#![no_main]
#![allow(dead_code, unused_imports)]

#[path = "../../core/tests/direct.rs"]
mod direct;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| direct::check_all("fuzzed", data));
