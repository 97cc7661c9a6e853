//! The first four bytes say how memory is cut and what is asked for: a slice,
//! pieces, and fixed memory give the same document or error.
#![no_main]

#[path = "../../core/tests/common/mod.rs"]
mod common;

use common::{compare, feed};
use libfuzzer_sys::fuzz_target;
use pickle_core::{Encoding, ErrorKind, Heap, Node, Options, Storage, TextInts, Unpickler};

fuzz_target!(|data: &[u8]| {
    let Some((&[mode, nodes, memo, bytes], input)) = data.split_first_chunk::<4>() else { return };
    let encodings = [Encoding::Keep, Encoding::Bytes, Encoding::Ascii, Encoding::Latin1, Encoding::Utf8];
    let options = Options::new()
        .encoding(encodings[usize::from(mode & 7) % 5])
        .text_ints(if mode & 8 == 0 { TextInts::Prefixed } else { TextInts::Decimal })
        .buffers(if mode & 16 == 0 { None } else { Some(1) });
    let piece = 1 + usize::from(mode >> 5);
    let mut whole = Unpickler::new(Heap::new(), options);
    let read = whole.load(input).map(|_| ());
    let document = whole.document_in(input).unwrap();

    let mut fed = Unpickler::new(Heap::new(), options);
    assert_eq!(feed(&mut fed, input, || piece).map(|_| ()), read);
    if read.is_ok() {
        compare(&document, &fed.document().unwrap()).unwrap();
    }

    let mut node_region = vec![Node::EMPTY; 4 * usize::from(nodes)];
    let mut memo_region = vec![Node::EMPTY; usize::from(memo)];
    let mut byte_region = vec![0; 4 * usize::from(bytes)];
    for is_fed in [false, true] {
        let storage = Storage::new(&mut node_region, &mut memo_region, &mut byte_region);
        let mut fixed = Unpickler::new(storage, options);
        let found = match is_fed {
            false => fixed.load(input).map(|_| ()),
            true => feed(&mut fixed, input, || piece).map(|_| ()),
        };
        if found.is_err_and(|error| error.kind().is_limit() && error.kind() != ErrorKind::WorkLimit) {
            continue;
        }
        assert_eq!(found, read);
        if read.is_ok() {
            compare(&document, &fixed.document_in(if is_fed { &[] } else { input }).unwrap()).unwrap();
        }
    }
});
