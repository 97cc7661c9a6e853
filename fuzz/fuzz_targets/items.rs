//! The first byte seeds the cuts; the rest is a pickle. Items come as the document has them, by every kind of memory.
#![no_main]
#![allow(dead_code, unused_imports)]

#[path = "../../core/tests/items.rs"]
mod items;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some((&seed, pickle)) = data.split_first() {
        items::check_all_ways(u64::from(seed), pickle);
    }
});
