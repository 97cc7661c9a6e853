//! Items behind siblings: what a reader in C does where only the rest of the pickle tells what is at the path.

mod common;

use common::storage;
use pickle::*;
use std::mem::MaybeUninit;

/// `{"a": {}, "rows": [0, 1, ...]}`, as CPython batches it; the list can be put into the empty dict instead.
fn layout(rows: u32, into_the_sibling: bool) -> Vec<u8> {
    let mut pickle = b"\x80\x02}(X\x01\0\0\0a}X\x04\0\0\0rows]".to_vec();
    for from in (0..rows).step_by(1000) {
        pickle.push(b'(');
        for row in from..rows.min(from + 1000) {
            pickle.push(b'J');
            pickle.extend(row.to_le_bytes());
        }
        pickle.push(b'e');
    }
    pickle.extend_from_slice(if into_the_sibling { b"su." } else { b"u." });
    pickle
}

/// What was read: the items in their order, how it ended, whether the path led somewhere, and whether all was held.
#[derive(Debug, PartialEq)]
struct Read {
    items: u32,
    end: pickle_status,
    found: bool,
    held: bool,
    doubts: u32,
}

fn read(pickle: &[u8], ask: bool, piece: usize) -> Read {
    let (mut nodes, mut memo, mut bytes) = (vec![[0u64; 2]; 8192], vec![[0u64; 2]; 64], vec![0u8; 1 << 14]);
    let storage = storage(&mut nodes, &mut memo, &mut bytes);
    // SAFETY: all zeros are such structs, and all pointers are to what their types and lengths say.
    unsafe {
        let mut options = MaybeUninit::<pickle_item_options>::zeroed().assume_init();
        options.path = c"$.rows".as_ptr();
        let mut reader = MaybeUninit::<pickle_item_reader>::zeroed().assume_init();
        let size = size_of::<pickle_item_reader>();
        let made = pickle_item_reader_init_abi(&mut reader, &storage, &options, PICKLE_ABI_VERSION, size);
        assert_eq!(made, pickle_status::Ok);
        let mut look_ahead = MaybeUninit::<pickle_look_ahead>::zeroed().assume_init();
        assert_eq!(pickle_item_reader_look_ahead(&mut reader, &mut look_ahead), pickle_status::Missing);
        assert_eq!(pickle_look_ahead_offset(&mut look_ahead), 0);
        if ask {
            assert_eq!(pickle_item_reader_report_doubt(&mut reader), pickle_status::Ok);
        }
        let mut item = MaybeUninit::<pickle_item>::zeroed();
        let mut out = Read { items: 0, end: pickle_status::Ok, found: false, held: false, doubts: 0 };
        let mut at = 0;
        let end = loop {
            let size = piece.min(pickle.len() - at);
            let mut input = pickle_in { data: pickle[at..].as_ptr().cast(), size, pos: 0 };
            let status = pickle_item_reader_next(&mut reader, &mut input, item.as_mut_ptr());
            at += input.pos;
            match status {
                pickle_status::Item => {
                    let item = item.assume_init_ref();
                    let mut int = -1;
                    assert_eq!(pickle_value_as_i64(&item.doc, item.value, &mut int), pickle_status::Ok);
                    assert_eq!((item.index, int), (u64::from(out.items), i64::from(out.items)));
                    out.items += 1;
                }
                pickle_status::InDoubt => {
                    out.doubts += 1;
                    assert_eq!(pickle_item_reader_look_ahead(&mut reader, &mut look_ahead), pickle_status::Ok);
                    let mut ahead = pickle_look_ahead_offset(&mut look_ahead) as usize;
                    let leads_here = loop {
                        let size = piece.min(pickle.len() - ahead);
                        let mut input = pickle_in { data: pickle[ahead..].as_ptr().cast(), size, pos: 0 };
                        let known = pickle_look_ahead_feed(&mut look_ahead, &mut input);
                        ahead += input.pos;
                        match known {
                            pickle_status::NeedMore if size != 0 => {}
                            known => break known == pickle_status::Ok,
                        }
                    };
                    assert_eq!(pickle_item_reader_decide(&mut reader, leads_here), pickle_status::Ok);
                }
                pickle_status::NeedMore if at < pickle.len() => {}
                status => break status,
            }
        };
        out.end = end;
        out.found = pickle_item_reader_path_found(&mut reader);
        out.held = pickle_item_reader_is_held_in_doubt(&mut reader);
        out
    }
}

#[test]
fn items_behind_a_sibling_are_bounded_in_memory() {
    for rows in [100_000, 256_001] {
        let pickle = layout(rows, false);
        for piece in [pickle.len(), 4096, 777] {
            let asked = read(&pickle, true, piece);
            assert_eq!(
                asked,
                Read { items: rows, end: pickle_status::Ok, found: true, held: false, doubts: 1 },
                "pieces of {piece}"
            );
        }
        // Who does not ask is told that all is held.
        let silent = read(&pickle, false, 4096);
        assert_eq!(silent, Read { items: 0, end: pickle_status::NodesFull, found: false, held: true, doubts: 0 });
    }
}

#[test]
fn what_is_put_into_the_sibling_is_not_at_the_path() {
    let pickle = layout(5000, true);
    let asked = read(&pickle, true, 4096);
    assert_eq!(asked, Read { items: 0, end: pickle_status::Ok, found: false, held: false, doubts: 1 });
    // Cut off, nothing is known.
    let cut = read(&layout(5000, false)[..9000], true, 4096);
    assert_eq!((cut.items, cut.end), (0, pickle_status::NeedMore));
}

#[test]
fn null_and_empty_structs_are_told() {
    // SAFETY: null and zeros are allowed.
    unsafe {
        let null = std::ptr::null_mut();
        let mut look_ahead = MaybeUninit::<pickle_look_ahead>::zeroed().assume_init();
        let mut input = pickle_in { data: std::ptr::null(), size: 0, pos: 0 };
        assert_eq!(pickle_item_reader_report_doubt(null), pickle_status::Null);
        assert_eq!(pickle_item_reader_look_ahead(null, &mut look_ahead), pickle_status::Null);
        assert_eq!(pickle_look_ahead_feed(&mut look_ahead, &mut input), pickle_status::Null);
        assert_eq!(pickle_item_reader_decide(null, true), pickle_status::Null);
        assert!(!pickle_item_reader_is_held_in_doubt(null));
    }
}
