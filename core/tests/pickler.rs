//! The pickler: its bytes against CPython's, misuse, limits; and every Python at hand loads what it writes.

mod common;

use common::{Random, show};
use pickle_core::{
    ByteCounter, Encoder, ErrorKind, FrameBuffer, Heap, Level, Options, Pickler, Shared, SliceWriter, Unpickler,
    WriteError,
};
use std::convert::Infallible;
use std::io::Write;
use std::process::{Command, Stdio};

type P<'p> = Pickler<'p, Vec<u8>>;
type Outcome = Result<(), WriteError<Infallible>>;

fn pickle(protocol: u8, f: impl FnOnce(&mut P<'_>) -> Outcome) -> Vec<u8> {
    let mut levels = [Level::EMPTY; 16];
    let mut pickler = Pickler::new(Vec::new(), protocol, &mut levels);
    f(&mut pickler).unwrap();
    pickler.finish().unwrap();
    pickler.into_sink()
}

fn refusal(protocol: u8, f: impl FnOnce(&mut P<'_>) -> Outcome) -> ErrorKind {
    let mut levels = [Level::EMPTY; 2];
    let mut pickler = Pickler::new(Vec::new(), protocol, &mut levels);
    match f(&mut pickler) {
        Err(WriteError::Pickle(error)) => error.kind(),
        other => panic!("{other:?}"),
    }
}

/// What our own reader sees.
fn seen(pickle: &[u8]) -> String {
    show(Unpickler::new(Heap::new(), Options::new()).load(pickle).unwrap().root())
}

#[test]
fn scalars_are_cpythons_bytes() {
    // pickletools.optimize(pickle.dumps(x, protocol)) of CPython 3.12.
    let check = |protocol, f: &dyn Fn(&mut P<'_>) -> Outcome, bytes: &[u8]| {
        assert_eq!(pickle(protocol, f).escape_ascii().to_string(), bytes.escape_ascii().to_string());
    };
    check(0, &|p| p.none().map(drop), b"N.");
    check(1, &|p| p.bool(true).map(drop), b"I01\n.");
    check(2, &|p| p.bool(false).map(drop), b"\x80\x02\x89.");
    check(0, &|p| p.int(-2147483648).map(drop), b"I-2147483648\n.");
    check(0, &|p| p.int(2147483648).map(drop), b"L2147483648L\n.");
    check(0, &|p| p.int(0).map(drop), b"I0\n.");
    check(1, &|p| p.int(255).map(drop), b"K\xff.");
    check(1, &|p| p.int(256).map(drop), b"M\x00\x01.");
    check(1, &|p| p.int(65536).map(drop), b"J\x00\x00\x01\x00.");
    check(1, &|p| p.int(-1).map(drop), b"J\xff\xff\xff\xff.");
    check(1, &|p| p.int(i64::MIN).map(drop), b"L-9223372036854775808L\n.");
    check(2, &|p| p.int(2147483648).map(drop), b"\x80\x02\x8a\x05\x00\x00\x00\x80\x00.");
    check(2, &|p| p.int(-2147483649).map(drop), b"\x80\x02\x8a\x05\xff\xff\xff\x7f\xff.");
    check(2, &|p| p.uint(u64::MAX).map(drop), b"\x80\x02\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00.");
    check(1, &|p| p.int128(i128::MIN).map(drop), b"L-170141183460469231731687303715884105728L\n.");
    check(2, &|p| p.big_int(&[5, 0, 0, 0, 0, 0]).map(drop), b"\x80\x02K\x05.");
    check(1, &|p| p.float(1.5).map(drop), b"G\x3f\xf8\x00\x00\x00\x00\x00\x00.");
    for (float, text) in [
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (1e16, "1e+16"),
        (123456789012345680.0, "1.2345678901234568e+17"),
        (1234567890123456.0, "1234567890123456.0"),
        (0.0001, "0.0001"),
        (1.5e-5, "1.5e-05"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        (100.25, "100.25"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        check(0, &|p| p.float(float).map(drop), format!("F{text}\n.").as_bytes());
    }
    check(
        0,
        &|p| p.str("a\\\n\r\0\x1aé€😀").map(drop),
        b"Va\\u005c\\u000a\\u000d\\u0000\\u001a\xe9\\u20ac\\U0001f600\n.",
    );
    check(1, &|p| p.str("é").map(drop), b"X\x02\0\0\0\xc3\xa9.");
    check(4, &|p| p.str("é").map(drop), b"\x80\x04\x8c\x02\xc3\xa9.");
    check(4, &|p| p.str_bytes(b"\xed\xa0\x80").map(drop), b"\x80\x04\x8c\x03\xed\xa0\x80.");
    check(0, &|p| p.bytes(b"\xff\n").map(drop), b"c_codecs\nencode\n(V\xff\\u000a\nVlatin1\ntR.");
    check(2, &|p| p.bytes(b"\xff").map(drop), b"\x80\x02c_codecs\nencode\nX\x02\0\0\0\xc3\xbfX\x06\0\0\0latin1\x86R.");
    check(1, &|p| p.bytes(b"").map(drop), b"c__builtin__\nbytes\n)R.");
    check(3, &|p| p.bytes(b"ab").map(drop), b"\x80\x03C\x02ab.");
    check(5, &|p| p.byte_array(b"ab").map(drop), b"\x80\x05\x96\x02\0\0\0\0\0\0\0ab.");
    check(4, &|p| p.byte_array(b"ab").map(drop), b"\x80\x04\x8c\x08builtins\x8c\x09bytearray\x93C\x02ab\x85R.");
}

#[test]
fn containers_are_batched_as_cpython_batches() {
    let batches = |pickle: &[u8], opcode: u8| pickle.iter().filter(|&&b| b == opcode).count();
    let list = |n: usize| {
        pickle(2, |p| {
            p.begin_list(Some(n))?;
            for _ in 0..n {
                p.none()?;
            }
            p.end().map(drop)
        })
    };
    assert_eq!(list(0), b"\x80\x02].");
    assert_eq!(list(1), b"\x80\x02]Na.");
    assert_eq!(list(2), b"\x80\x02](NNe.");
    assert_eq!(batches(&list(1000), b'e'), 1);
    assert_eq!(batches(&list(1001), b'e'), 2);
    assert!(list(2001).ends_with(b"Ne(Ne."));
    let dict = |n: usize| {
        pickle(2, |p| {
            p.begin_dict(Some(n))?;
            for i in 0..n {
                p.int(i as i64 % 256)?.none()?;
            }
            p.end().map(drop)
        })
    };
    assert_eq!(dict(1), b"\x80\x02}K\x00Ns.");
    assert_eq!(dict(2), b"\x80\x02}(K\x00NK\x01Nu.");
    // batch_dict_exact goes round once more.
    assert!(dict(1000).ends_with(b"Nu(u."));
    assert!(dict(999).ends_with(b"Nu.") && !dict(999).ends_with(b"(u."));
    assert_eq!(pickle(4, |p| p.begin_set()?.none()?.end().map(drop)), b"\x80\x04\x8f(N\x90.");
    assert_eq!(pickle(4, |p| p.begin_frozen_set()?.end().map(drop)), b"\x80\x04(\x91.");
    assert_eq!(pickle(2, |p| p.begin_set()?.none()?.end().map(drop)), b"\x80\x02c__builtin__\nset\n](Ne\x85R.");
    assert_eq!(pickle(0, |p| p.begin_list(None)?.none()?.none()?.end().map(drop)), b"(lNaNa.");
    assert_eq!(pickle(0, |p| p.begin_dict(None)?.none()?.none()?.end().map(drop)), b"(dNNs.");
    assert_eq!(pickle(2, |p| p.begin_tuple(Some(2))?.none()?.none()?.end().map(drop)), b"\x80\x02NN\x86.");
    assert_eq!(pickle(2, |p| p.begin_tuple(None)?.end().map(drop)), b"\x80\x02).");
    assert_eq!(pickle(0, |p| p.begin_tuple(Some(1))?.none()?.end().map(drop)), b"(Nt.");
}

#[test]
fn sharing_and_cycles_go_through_the_memo() {
    let cycle = pickle(2, |p| {
        p.begin_list(None)?;
        let list = p.memoize()?;
        p.get_memo(list)?.end().map(drop)
    });
    assert_eq!(cycle, b"\x80\x02]q\x00(h\x00e.");
    for protocol in 0..=5 {
        let twice = pickle(protocol, |p| {
            p.begin_tuple(Some(2))?.begin_dict(None)?.str("a")?.int(1)?.end()?;
            let dict = p.memoize()?;
            p.get_memo(dict)?.end().map(drop)
        });
        assert_eq!(seen(&twice), "({'a': 1}, {'a': 1})");
    }
    // In a list of protocol 0 the value is still on top when it is remembered.
    let inside = pickle(0, |p| {
        p.begin_list(None)?.str("x")?;
        let x = p.memoize()?;
        p.get_memo(x)?.end().map(drop)
    });
    assert_eq!(seen(&inside), "['x', 'x']");
    assert_eq!(refusal(2, |p| p.memoize().map(drop)), ErrorKind::MissingValue);
    let stranger = {
        let mut p = Pickler::new(ByteCounter::new(), 2, &mut []);
        p.none().unwrap();
        p.memoize().unwrap()
    };
    assert_eq!(refusal(2, |p| p.get_memo(stranger).map(drop)), ErrorKind::MemoMissing);
}

#[test]
fn strings_of_the_table_are_written_once() {
    let mut levels = [Level::EMPTY; 4];
    let mut table = [Shared::EMPTY; 2];
    let mut pickler = Pickler::new(Vec::new(), 4, &mut levels).with_shared(&mut table);
    pickler.begin_list(None).unwrap();
    for _ in 0..3 {
        pickler.begin_dict(None).unwrap();
        for key in ["temp", "name", "no room"] {
            pickler.shared_str(key).unwrap().int(1).unwrap();
        }
        pickler.end().unwrap();
    }
    pickler.end().unwrap().finish().unwrap();
    let bytes = pickler.into_sink();
    let count = |word: &[u8]| bytes.windows(word.len()).filter(|w| *w == word).count();
    assert_eq!((count(b"temp"), count(b"name"), count(b"no room")), (1, 1, 3));
    assert!(seen(&bytes).matches("{'temp': 1, 'name': 1, 'no room': 1}").count() == 3);
}

#[test]
fn misuse_is_an_error() {
    assert_eq!(refusal(2, |p| p.none()?.none().map(drop)), ErrorKind::UnexpectedValue);
    assert_eq!(refusal(2, |p| p.end().map(drop)), ErrorKind::NothingOpen);
    assert_eq!(refusal(2, |p| p.finish()), ErrorKind::MissingValue);
    assert_eq!(refusal(2, |p| p.begin_list(None)?.finish()), ErrorKind::Unclosed);
    assert_eq!(refusal(2, |p| p.begin_dict(None)?.none()?.end().map(drop)), ErrorKind::OddItems);
    assert_eq!(refusal(2, |p| p.begin_dict(None)?.none()?.none()?.none()?.end().map(drop)), ErrorKind::OddItems);
    assert_eq!(refusal(2, |p| p.begin_persistent()?.end().map(drop)), ErrorKind::MissingValue);
    assert_eq!(refusal(2, |p| p.begin_persistent()?.none()?.none().map(drop)), ErrorKind::UnexpectedValue);
    assert_eq!(refusal(2, |p| p.then_state().map(drop)), ErrorKind::NothingOpen);
    assert_eq!(refusal(2, |p| p.begin_list(None)?.then_items().map(drop)), ErrorKind::NothingOpen);
    let three_in_two = |p: &mut P<'_>| p.begin_tuple(Some(2))?.none()?.none()?.none()?.none().map(drop);
    assert_eq!(refusal(2, three_in_two), ErrorKind::UnexpectedValue);
    let deep = |p: &mut P<'_>| p.begin_list(None)?.begin_list(None)?.begin_list(None).map(drop);
    assert_eq!(refusal(2, deep), ErrorKind::LevelsFull);
    let two_states = |p: &mut P<'_>| p.begin_new("m", "C", None)?.then_state()?.none()?.none().map(drop);
    assert_eq!(refusal(2, two_states), ErrorKind::UnexpectedValue);
    assert_eq!(refusal(2, |p| p.global("", "x").map(drop)), ErrorKind::EmptyLine);
    assert_eq!(refusal(2, |p| p.global("a\nb", "x").map(drop)), ErrorKind::LineBreak);
    assert_eq!(refusal(0, |p| p.persistent_id("é").map(drop)), ErrorKind::NotAscii);
    assert_eq!(refusal(4, |p| p.buffer(false).map(drop)), ErrorKind::NotInProtocol4);
    assert_eq!(refusal(1, |p| p.big_int(&[1; 65]).map(drop)), ErrorKind::Inexpressible);
    assert_eq!(refusal(2, |p| p.str_bytes(b"\xff").map(drop)), ErrorKind::BadUtf8);
    // What was refused has left nothing behind.
    let kept = pickle(2, |p| {
        p.begin_list(None)?.int(1)?;
        assert!(p.str_bytes(b"\xff").is_err() && p.global("", "").is_err() && p.finish().is_err());
        p.int(2)?.end().map(drop)
    });
    assert_eq!(seen(&kept), "[1, 2]");
}

#[test]
fn objects_of_every_make() {
    let keywords = |p: &mut P<'_>| {
        p.begin_new("app", "User", None)?.int(1)?.then_keywords()?.str("k")?.int(2)?.end()?;
        p.then_state()?.begin_dict(None)?.end()?.end().map(drop)
    };
    // pickletools.optimize(pickle.dumps(..., 4)) without its frame, of a class whose __getnewargs_ex__ gives (1,), {"k": 2}.
    assert_eq!(pickle(4, keywords), b"\x80\x04\x8c\x03app\x8c\x04User\x93(K\x01t}(\x8c\x01kK\x02u\x92}b.");
    assert_eq!(seen(&pickle(5, keywords)), "newobj_ex(<app User>, (1,), {'k': 2}).build({})");
    let none = |p: &mut P<'_>| p.begin_new("app", "User", Some(0))?.then_keywords()?.end()?.end().map(drop);
    assert_eq!(pickle(4, none), b"\x80\x04\x8c\x03app\x8c\x04User\x93)}\x92.");
    assert_eq!(refusal(3, keywords), ErrorKind::NotInProtocol3);
    let of_a_call = |p: &mut P<'_>| p.begin_call("app", "User", None)?.then_keywords().map(drop);
    assert_eq!(refusal(4, of_a_call), ErrorKind::NothingOpen);
    let more = |p: &mut P<'_>| p.begin_new("app", "User", None)?.then_keywords()?.end()?.int(1).map(drop);
    assert_eq!(refusal(4, more), ErrorKind::UnexpectedValue);
    let odd = |p: &mut P<'_>| p.begin_new("app", "User", None)?.then_keywords()?.str("k")?.end().map(drop);
    assert_eq!(refusal(4, odd), ErrorKind::OddItems);
    // Python 2.7: pickle.dumps(Old(), N) of `class Old: pass` with a = 1, without PUTs.
    let old = |p: &mut P<'_>| {
        p.begin_instance("app", "Old")?.then_state()?;
        p.begin_dict(Some(1))?.str("a")?.int(1)?.end()?.end().map(drop)
    };
    assert_eq!(pickle(0, old), b"(iapp\nOld\n(dVa\nI1\nsb.");
    assert_eq!(pickle(2, old), b"\x80\x02(capp\nOld\no}X\x01\0\0\0aK\x01sb.");
}

#[test]
fn several_pickles_go_to_one_sink() {
    let mut pickler = Pickler::new(Vec::new(), 2, &mut []);
    for i in 0..3 {
        pickler.int(i).unwrap();
        pickler.finish().unwrap();
    }
    assert_eq!(pickler.into_sink(), b"\x80\x02K\x00.\x80\x02K\x01.\x80\x02K\x02.");
}

#[test]
fn a_full_buffer_stops_at_a_byte() {
    for size in 0..20 {
        let (mut buffer, mut levels) = (vec![0; size], [Level::EMPTY; 2]);
        let mut pickler = Pickler::new(SliceWriter::new(&mut buffer), 2, &mut levels);
        let result = (|| {
            pickler.begin_list(None)?.str("hello")?.str("world")?.end()?;
            pickler.finish()
        })();
        assert!(matches!(result, Err(WriteError::Io { written, .. }) if written == size));
        assert_eq!(pickler.written(), size);
    }
}

// ---- random values, and what Python makes of them ---------------------------------

/// Writes a random value; gives it in Python's notation.
fn random<W: embedded_io::Write, F: pickle_core::Frames>(
    p: &mut Pickler<'_, W, F>,
    r: &mut Random,
    depth: usize,
    hashable: bool,
) -> String {
    fn list<W: embedded_io::Write, F: pickle_core::Frames>(
        p: &mut Pickler<'_, W, F>,
        r: &mut Random,
        depth: usize,
        n: usize,
        hashable: bool,
    ) -> Vec<String> {
        (0..n).map(|_| random(p, r, depth + 1, hashable)).collect()
    }
    let sizes = [0, 1, 2, 3, 4, 5];
    let n = if depth == 0 && r.below(12) == 0 { 999 + r.below(3) } else { sizes[r.below(sizes.len())] };
    let hint = |r: &mut Random| if r.below(2) == 0 { Some(n) } else { None };
    let kind = if depth > 3 { r.below(6) } else { r.below(16) };
    let ok = "writing to memory";
    match kind {
        0 => drop(p.none().map_err(drop).expect(ok)),
        1 => {
            let value = r.below(2) == 0;
            p.bool(value).map_err(drop).expect(ok);
            return if value { "True" } else { "False" }.into();
        }
        2 => {
            let bits = [7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 126][r.below(13)];
            let magnitude = (1i128 << bits) - r.below(3) as i128;
            let value = if r.below(2) == 0 { magnitude } else { -magnitude };
            p.int128(value).map_err(drop).expect(ok);
            return value.to_string();
        }
        3 => {
            let value = f64::from_bits(r.next());
            let value = if value.is_finite() { value } else { 0.1 };
            p.float(value).map_err(drop).expect(ok);
            return format!("float.fromhex('0x{:x}p0')", 0).replace("0x0p0", &hex_float(value));
        }
        4 => {
            let texts =
                ["", "a", "é\n", "\\u0041", "€", "😀\0\r\x1a", &"x".repeat(254), &"y".repeat(256), &"z".repeat(70000)];
            let text = texts[r.below(texts.len())];
            p.str(text).map_err(drop).expect(ok);
            return python_str(text);
        }
        5 => {
            let len = [0, 1, 255, 256, 300][r.below(5)];
            let bytes: Vec<u8> = (0..len).map(|_| r.next() as u8).collect();
            let text: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
            if !hashable && r.below(2) == 0 {
                p.byte_array(&bytes).map_err(drop).expect(ok);
                return format!("bytearray.fromhex('{text}')");
            }
            p.bytes(&bytes).map_err(drop).expect(ok);
            return format!("bytes.fromhex('{text}')");
        }
        6..=8 => {
            let hint = hint(r);
            p.begin_tuple(hint).map_err(drop).expect(ok);
            let items = list(p, r, depth, n, hashable);
            p.end().map_err(drop).expect(ok);
            return format!("({})", items.iter().map(|i| format!("{i},")).collect::<String>());
        }
        9 => {
            p.begin_frozen_set().map_err(drop).expect(ok);
            let items = list(p, r, depth, n, true);
            p.end().map_err(drop).expect(ok);
            return format!("frozenset([{}])", items.join(","));
        }
        10 if !hashable => {
            p.begin_set().map_err(drop).expect(ok);
            let items = list(p, r, depth, n, true);
            p.end().map_err(drop).expect(ok);
            return format!("set([{}])", items.join(","));
        }
        11 | 12 if !hashable => {
            let hint = hint(r);
            p.begin_list(hint).map_err(drop).expect(ok);
            let items = list(p, r, depth, n, false);
            p.end().map_err(drop).expect(ok);
            return format!("[{}]", items.join(","));
        }
        13 if !hashable => {
            let hint = hint(r);
            p.begin_dict(hint).map_err(drop).expect(ok);
            let mut entries = Vec::new();
            for _ in 0..n {
                let key = random(p, r, depth + 1, true);
                entries.push(format!("({key},{})", random(p, r, depth + 1, false)));
            }
            p.end().map_err(drop).expect(ok);
            return format!("dict([{}])", entries.join(","));
        }
        14 if !hashable => {
            p.begin_call("collections", "OrderedDict", Some(0)).map_err(drop).expect(ok);
            p.then_entries().map_err(drop).expect(ok);
            let mut entries = Vec::new();
            for _ in 0..n {
                let key = random(p, r, depth + 1, true);
                entries.push(format!("({key},{})", random(p, r, depth + 1, false)));
            }
            p.end().map_err(drop).expect(ok).end().map_err(drop).expect(ok);
            return format!("OrderedDict([{}])", entries.join(","));
        }
        15 if !hashable => {
            p.begin_new("argparse", "Namespace", Some(0)).map_err(drop).expect(ok);
            p.then_state().map_err(drop).expect(ok).begin_dict(None).map_err(drop).expect(ok);
            p.str("value").map_err(drop).expect(ok);
            let value = random(p, r, depth + 1, false);
            p.end().map_err(drop).expect(ok).end().map_err(drop).expect(ok);
            return format!("Namespace(value={value})");
        }
        _ => drop(p.global("os", "path.join").map_err(drop).expect(ok)),
    }
    if kind == 0 { "None".into() } else { "os.path.join".into() }
}

/// `float.fromhex` reads this.
fn hex_float(value: f64) -> String {
    let bits = value.to_bits();
    let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i64, bits & 0xf_ffff_ffff_ffff);
    let sign = if bits >> 63 != 0 { "-" } else { "" };
    match exponent {
        0 => format!("{sign}0x0.{fraction:013x}p-1022"),
        _ => format!("{sign}0x1.{fraction:013x}p{}", exponent - 1023),
    }
}

fn python_str(text: &str) -> String {
    let escaped: String = text.chars().map(|c| format!("\\U{:08x}", u32::from(c))).collect();
    format!("u'{}'", if text.len() > 1000 { format!("'+u'{}'*{}+u'", &text[..1], text.len()) } else { escaped })
}

/// Reads lines of `hex of a pickle`, tab, expression; says `ok` or what is wrong.
const CHECK: &str = r"
import sys, pickle, os, os.path
from argparse import Namespace
from collections import OrderedDict
from binascii import unhexlify
fine = 0
for line in sys.stdin:
    data, wanted = line.rstrip('\n').split('\t')
    value, wanted = pickle.loads(unhexlify(data)), eval(wanted)
    if repr(type(value)) != repr(type(wanted)) or value != wanted:
        print('differs: %s\nis     %.300r\nwanted %.300r' % (data[:300], value, wanted))
        sys.exit(1)
    fine += 1
print('ok %d' % fine)
";

#[test]
fn every_python_loads_random_values() {
    let mut lines = String::new();
    let mut count = 0;
    for seed in 0..24 {
        for protocol in 0..=5 {
            let mut random_numbers = Random(seed);
            let (mut levels, mut frame) = ([Level::EMPTY; 16], vec![0; 4096]);
            let (bytes, text) = if seed % 2 == 0 {
                let mut pickler = Pickler::new(Vec::new(), protocol, &mut levels);
                let text = random(&mut pickler, &mut random_numbers, 0, false);
                pickler.finish().unwrap();
                (pickler.into_sink(), text)
            } else {
                let encoder = Encoder::with_frames(Vec::new(), protocol, FrameBuffer::new(&mut frame));
                let mut pickler = Pickler::with_encoder(encoder, &mut levels);
                let text = random(&mut pickler, &mut random_numbers, 0, false);
                pickler.finish().unwrap();
                (pickler.into_sink(), text)
            };
            // It is a pickle to our own reader too.
            seen(&bytes);
            for byte in &bytes {
                lines.push_str(&format!("{byte:02x}"));
            }
            lines.push_str(&format!("\t{text}\n"));
            count += 1;
        }
    }
    let pythons = pythons();
    assert!(!pythons.is_empty() || std::env::var_os("CI").is_none(), "CI must have a Python 3.8 or later");
    for python in &pythons {
        let mut child = Command::new(python)
            .args(["-c", CHECK])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{python}: {error}"));
        let mut stdin = child.stdin.take().unwrap();
        let input = lines.clone();
        let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said.trim(), format!("ok {count}"), "{python}");
        writer.join().unwrap().unwrap();
    }
    println!("{count} values loaded by {pythons:?}");
}

/// Every CPython of 3.8 or later that can be run: protocol 5 is theirs.
fn pythons() -> Vec<String> {
    let mut names: Vec<String> = vec!["python3".into()];
    if let Some(home) = std::env::var_os("HOME") {
        let versions = std::path::Path::new(&home).join(".pyenv/versions");
        for entry in std::fs::read_dir(versions).into_iter().flatten().flatten() {
            names.push(entry.path().join("bin/python").display().to_string());
        }
    }
    names.retain(|name| {
        let probe = Command::new(name).args(["-c", "import sys; sys.exit(sys.version_info < (3, 8))"]).status();
        probe.is_ok_and(|status| status.success())
    });
    names
}
