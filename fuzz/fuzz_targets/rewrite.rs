//! The first byte chooses protocol and Python; the rest is a pickle. What is read can be written, unless it is said to be
//! inexpressible, and what was written is read as the same document.
#![no_main]

#[path = "../../core/tests/common/mod.rs"]
#[allow(dead_code)]
mod common;

use common::compare;
use libfuzzer_sys::fuzz_target;
use pickle_core::writer::{Profile, Version, Writer};
use pickle_core::{Heap, Options, Unpickler, WriteError};

fuzz_target!(|data: &[u8]| {
    let Some((&mode, pickle)) = data.split_first() else { return };
    let mut reader = Unpickler::new(Heap::new(), Options::new());
    let Ok(document) = reader.load(pickle) else { return };
    let protocol = mode % 6;
    let version = match mode >> 5 {
        0 => Version::Py36,
        1 if protocol < 3 => Version::Py27,
        _ => Version::Py38,
    };
    // As of the same protocol: what was written for another one is spelled in other words.
    let written = match Writer::new().write(&document, protocol, Profile::new(version, protocol), false, Vec::new()) {
        Ok(written) => written,
        Err(WriteError::Pickle(_)) => return,
    };
    let mut again = Unpickler::new(Heap::new(), Options::new());
    let read = again.load(&written).unwrap_or_else(|error| panic!("{error:?} in {}", written.escape_ascii()));
    if let Err(difference) = compare(&document, &read) {
        // In old protocols some values are calls; from protocol 1 on, what INST made is made by OBJ.
        let by_obj = difference.contains("Object(Inst, ") && difference.contains("Object(Obj, ");
        assert!(protocol < 5 || by_obj, "{difference}: {}", written.escape_ascii());
    }
});
