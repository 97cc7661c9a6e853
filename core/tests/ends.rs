//! Loops over pieces that stop where a piece is used up: each learns of the end of a pickle with its last byte.

mod common;

use common::data;
use pickle_core::{Decoder, Heap, Options, Status, Unpickler};

/// Two of a pickle, cut at `cut`: pieces after which each of them has ended.
fn pieces(pickle: &[u8], cut: usize) -> Vec<Vec<u8>> {
    vec![pickle[..cut].to_vec(), [&pickle[cut..], &pickle[..cut]].concat(), pickle[cut..].to_vec()]
}

#[test]
fn the_last_byte_of_a_pickle_ends_it() {
    let mut seen = 0;
    for (name, pickle) in data() {
        let mut unpickler = Unpickler::new(Heap::new(), Options::new());
        // Behind STOP, a file may have the rest of its frame, or more.
        if unpickler.load(&pickle).is_err() {
            continue;
        }
        let len = unpickler.offset() as usize;
        let pickle = &pickle[..len];
        let step = (len / 40).max(1);
        for cut in (1..len).step_by(step) {
            let mut unpickler = Unpickler::new(Heap::new(), Options::new());
            let mut decoder = Decoder::new();
            let (mut done, mut ended) = (0, 0);
            for (nth, piece) in pieces(pickle, cut).iter().enumerate() {
                let mut rest = &piece[..];
                while !rest.is_empty() {
                    if unpickler.feed(&mut rest).unwrap() == Status::Done {
                        done += 1;
                        unpickler.next_pickle(false);
                    }
                }
                let mut rest = &piece[..];
                while !rest.is_empty() {
                    decoder.next(&mut rest).unwrap();
                    if decoder.ended() {
                        ended += 1;
                        decoder.next_pickle();
                    }
                }
                assert_eq!((done, ended), (nth, nth), "{name}, cut at {cut}");
            }
            seen += 1;
        }
    }
    assert!(seen > 500);
}
