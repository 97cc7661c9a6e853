//! The first byte seeds the cuts; the rest is a pickle. Items come as the document has them, by every kind of memory.
#![no_main]
#![allow(dead_code, unused_imports)]

#[path = "../../core/tests/items.rs"]
mod items;

use items::common::Random;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some((&seed, pickle)) = data.split_first() {
        items::all_ways("fuzzed", pickle, &mut Random(u64::from(seed)), &mut items::Tally::default());
    }
});
