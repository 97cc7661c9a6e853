//! The first bytes say how much memory there is; the rest is a pickle. Through the functions of C: as many parts as
//! were told, and no byte outside what was given.
#![no_main]

#[path = "../../ffi/tests/common/mod.rs"]
mod common;

use libfuzzer_sys::fuzz_target;
use pickle::*;
use std::mem::{MaybeUninit, zeroed};
use std::ptr::{null, null_mut};

fuzz_target!(|data: &[u8]| {
    let Some((&[nodes, memo, bytes], pickle)) = data.split_first_chunk::<3>() else { return };
    let mut nodes = vec![[0u64; 2]; 4 * usize::from(nodes)];
    let (mut memo, mut bytes) = (vec![[0u64; 2]; usize::from(memo)], vec![0u8; 4 * usize::from(bytes)]);
    let storage = common::storage(&mut nodes, &mut memo, &mut bytes);
    let mut doc = MaybeUninit::<pickle_doc>::zeroed();
    // SAFETY: all pointers are to what their types and lengths say, and outlive the document, which is used only where
    // it was filled.
    unsafe {
        let (data, size) = (pickle.as_ptr().cast(), pickle.len());
        if pickle_load(&storage, data, size, null(), doc.as_mut_ptr(), null_mut()) == pickle_status::Ok {
            let doc = doc.assume_init();
            ask(&doc, pickle_doc_root(&doc), 4);
        }
    }
});

/// Asks everything of a value, and of its parts down to a depth.
fn ask(doc: &pickle_doc, value: pickle_value, depth: u32) {
    // SAFETY: all pointers are to what their types say, any bits are such values, and texts have the length that is told.
    unsafe {
        let mut text: pickle_str = zeroed();
        for get in [pickle_value_as_str, pickle_value_known_text] {
            if get(doc, value, &mut text) == pickle_status::Ok {
                let bytes = std::slice::from_raw_parts(text.data.cast::<u8>(), text.size);
                assert!(std::str::from_utf8(bytes).is_ok());
            }
        }
        let (mut bytes, mut size) = ([0u8; 64], 0);
        if pickle_value_copy_bytes(doc, value, bytes.as_mut_ptr().cast(), bytes.len(), &mut size) == pickle_status::Ok {
            assert!(size <= bytes.len());
        }
        let (mut int, mut float, mut at) = (0, 0.0, MaybeUninit::<pickle_datetime>::zeroed());
        let _ = pickle_value_as_i64(doc, value, &mut int);
        let _ = pickle_value_as_f64(doc, value, &mut float);
        if pickle_value_as_datetime(doc, value, at.as_mut_ptr()) == pickle_status::Ok {
            let at = at.assume_init();
            assert!(at.month <= 12 && at.hour < 24);
        }
        if depth == 0 {
            return;
        }
        let (mut iter, mut key, mut item): (pickle_iter, pickle_value, pickle_value) = (zeroed(), zeroed(), zeroed());
        for get in [pickle_value_known_inner, pickle_value_known_class] {
            if get(doc, value, &mut item) == pickle_status::Ok {
                ask(doc, item, depth - 1);
            }
        }
        if pickle_value_known_items(doc, value, &mut iter) == pickle_status::Ok {
            let (told, mut found) = (iter.left, 0);
            while pickle_iter_next(&mut iter, &mut item) {
                found += 1;
                if found <= 20 {
                    ask(doc, item, depth - 1);
                }
            }
            assert_eq!(found, told);
        }
        for get in [pickle_value_known_entries, pickle_value_known_attributes] {
            if get(doc, value, &mut iter) == pickle_status::Ok {
                let (told, mut found) = (iter.left, 0);
                while pickle_iter_next_entry(&mut iter, &mut key, &mut item) {
                    found += 1;
                    if found <= 20 {
                        ask(doc, key, depth - 1);
                        ask(doc, item, depth - 1);
                    }
                }
                assert_eq!(found, told);
            }
        }
    }
}
