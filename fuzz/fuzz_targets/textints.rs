//! The text of a line, for every opcode that has one: whole and in pieces, both rules for ints.
#![no_main]

#[path = "../../core/tests/common/mod.rs"]
mod common;

use common::{compare, feed};
use libfuzzer_sys::fuzz_target;
use pickle_core::{BigInt, Digits, Encoding, Heap, Options, TextInts, Unpickler};

fuzz_target!(|text: &[u8]| {
    for head in [&b"I"[..], b"L", b"F", b"Np", b"Np1\ng", b"S", b"V", b"P", b"cm\n"] {
        for text_ints in [TextInts::Prefixed, TextInts::Decimal] {
            let pickle = [head, text, b"\n."].concat();
            let options = Options::new().text_ints(text_ints).encoding(Encoding::Latin1);
            let mut whole = Unpickler::new(Heap::new(), options);
            let read = whole.load(&pickle).map(|_| ());
            let mut fed = Unpickler::new(Heap::new(), options);
            assert_eq!(feed(&mut fed, &pickle, || 1).map(|_| ()), read);
            if read.is_err() {
                continue;
            }
            let document = whole.document_in(&pickle).unwrap();
            compare(&document, &fed.document().unwrap()).unwrap();
            let Some(big) = document.root().as_big_int() else { continue };
            assert!(document.root().as_i64().is_none(), "an int of 64 bits is not big");
            if let (BigInt::Text(_), Some(value)) = (big, big.to_i128()) {
                let Digits { negative, radix, digits } = big.digits().expect("a text has digits");
                let digits: String = digits.iter().filter(|&&b| b != b'_').map(|&b| char::from(b)).collect();
                let size = u128::from_str_radix(&digits, u32::from(radix)).unwrap();
                assert_eq!((value < 0, value.unsigned_abs()), (negative, size));
                assert_eq!(big.is_negative(), negative);
            }
        }
    }
});
