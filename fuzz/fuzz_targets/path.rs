//! A path, a newline, a pickle: looking up is safe, and finds only by valid paths.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pickle_core::{Heap, Options, ValuePath, Unpickler};

fuzz_target!(|data: &[u8]| {
    let at = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let Ok(path) = std::str::from_utf8(&data[..at]) else { return };
    assert!(ValuePath::new(path).count() <= path.len() + 1);
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    if let Ok(document) = unpickler.load(data.get(at + 1..).unwrap_or_default()) {
        assert!(document.find(path).is_none() || ValuePath::new(path).is_valid());
    }
});
