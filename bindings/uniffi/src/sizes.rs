//! Values of known types are known whatever their size, and however many of them there are.

use crate::flat::known::KnownKind as K;
use crate::flat::write::number;
use crate::flat::{change, tag};
use crate::{ReadOptions, loads};

const SIZES: [usize; 7] = [0, 1, 255, 256, 65_535, 65_536, 10_000_000];

fn text(text: &[u8]) -> Vec<u8> {
    [b"X".as_slice(), &(text.len() as u32).to_le_bytes(), text].concat()
}

fn bytes(data: &[u8]) -> Vec<u8> {
    [b"B".as_slice(), &(data.len() as u32).to_le_bytes(), data].concat()
}

fn int(n: usize) -> Vec<u8> {
    [b"J".as_slice(), &i32::try_from(n).unwrap().to_le_bytes()].concat()
}

/// A call of a global with a tuple of arguments.
fn call(global: &str, args: &[Vec<u8>]) -> Vec<u8> {
    [b"c".as_slice(), global.as_bytes(), b"\n(", &args.concat(), b"tR"].concat()
}

fn list(item: &[u8], count: usize) -> Vec<u8> {
    [b"](".as_slice(), &item.repeat(count), b"e"].concat()
}

fn dtype(code: &str) -> Vec<u8> {
    let args = [text(code.as_bytes()), b"I00\n".to_vec(), b"I01\n".to_vec()];
    [
        call("numpy\ndtype", &args),
        b"(K\x03".to_vec(),
        text(b"<"),
        b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb".to_vec(),
    ]
    .concat()
}

fn latin1(data: &[u8]) -> Vec<u8> {
    let utf8: String = data.iter().map(|&byte| char::from(byte)).collect();
    call("_codecs\nencode", &[text(utf8.as_bytes()), text(b"latin1")])
}

/// An array of bytes (uint8) of which the state has the data so.
fn array(count: usize, data: Vec<u8>) -> Vec<u8> {
    let class = b"cnumpy\nndarray\n".to_vec();
    let made = call("numpy.core.multiarray\n_reconstruct", &[class, b"K\0\x85".to_vec(), bytes(b"b")]);
    let shape = [int(count), b"\x85".to_vec()].concat();
    [made, b"(K\x01".to_vec(), shape, dtype("u1"), b"I00\n".to_vec(), data, b"tb".to_vec()].concat()
}

/// What ends the flat form of an object.
fn facts(kind: K, count: usize, values: &[u8]) -> Vec<u8> {
    let mut out = vec![change::KNOWN, kind as u8];
    number(&mut out, count as u64);
    out.extend(values);
    out.push(change::END);
    out
}

fn flat_bytes(data: &[u8]) -> Vec<u8> {
    let mut out = vec![tag::BYTES];
    number(&mut out, data.len() as u64);
    out.extend(data);
    out
}

/// The pickle of a value without STOP, and how its flat form must end.
fn cases(n: usize) -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let data: Vec<u8> = (0..n).map(|i| if i % 3 == 0 { 0xe9 } else { b'x' }).collect();
    let (pair, flat_pair) = (b"K\x01K\x02".as_slice(), [tag::INT8, 1, tag::INT8, 2]);
    let one = [tag::INT8, 1];
    let dict = |made: Vec<u8>| [made, b"(".to_vec(), pair.repeat(n), b"u".to_vec()].concat();
    let counts = [b"}(".as_slice(), &pair.repeat(n), b"u"].concat();
    let parts = |value: &[u8], count: usize| value.repeat(count);
    let mut all = vec![
        ("bytes", latin1(&data), facts(K::Bytes, 1, &flat_bytes(&data))),
        ("set", call("__builtin__\nset", &[list(b"K\x01", n)]), facts(K::Set, n, &parts(&one, n))),
        ("frozenset", call("builtins\nfrozenset", &[list(b"K\x01", n)]), facts(K::FrozenSet, n, &parts(&one, n))),
        (
            "OrderedDict",
            dict(call("collections\nOrderedDict", &[])),
            facts(K::OrderedDict, 2 * n, &parts(&flat_pair, n)),
        ),
        ("Counter", call("collections\nCounter", &[counts]), facts(K::Counter, 2 * n, &parts(&flat_pair, n))),
        (
            "deque",
            [call("collections\ndeque", &[]), b"(".to_vec(), b"K\x01".repeat(n), b"e".to_vec()].concat(),
            facts(K::Deque, 1 + n, &[[tag::INT8, 0xff].to_vec(), parts(&one, n)].concat()),
        ),
    ];
    let latin = |data: &[u8]| -> Vec<u8> { data.iter().map(|&byte| char::from(byte)).collect::<String>().into_bytes() };
    let bytearray = call("__builtin__\nbytearray", &[text(&latin(&data)), text(b"latin-1")]);
    all.push(("bytearray", bytearray, facts(K::ByteArray, 1, &flat_bytes(&data))));
    if n > 0 {
        // Empty texts and lists stand for themselves; these refer to what stands before them.
        let pairs = list(&[pair, b"\x86"].concat(), n);
        let python2 = call("collections\nOrderedDict", &[pairs]);
        all.push(("OrderedDict of pairs", python2, facts(K::OrderedDict, 2 * n, &parts(&flat_pair, n))));
    }
    all
}

fn read(pickle: &[u8]) -> Vec<u8> {
    loads(&[pickle, b"."].concat(), ReadOptions::default()).unwrap()
}

#[test]
fn known_types_are_known_at_any_size() {
    for n in SIZES {
        for (name, pickle, end) in cases(n) {
            let flat = read(&pickle);
            assert!(flat.ends_with(&end), "{name} of {n}");
        }
        // What follows refers to texts before: the kind and the number of facts tell.
        let data = vec![0x55; n];
        let digits = vec![b'7'; n.max(1)];
        for (name, pickle, kind, count) in [
            ("bytearray", call("builtins\nbytearray", &[bytes(&data)]), K::ByteArray, 1),
            ("array", array(n, bytes(&data)), K::Array, 6),
            ("array of protocol 2", array(n, latin1(&data)), K::Array, 6),
            ("Decimal", call("decimal\nDecimal", &[text(&digits)]), K::Decimal, 1),
            ("Fraction", call("fractions\nFraction", &[text(&digits)]), K::Fraction, 1),
            ("scalar", call("numpy.core.multiarray\nscalar", &[dtype(&format!("S{n}")), latin1(&data)]), K::Scalar, 4),
        ] {
            let flat = read(&pickle);
            assert_eq!(count_known(&flat, kind, count), 1, "{name} of {n}");
        }
        if n <= 65_536 {
            let path = call("pathlib\nPurePosixPath", &[text(b"a").repeat(n)]);
            assert_eq!(count_known(&read(&path), K::Path, 2 + n), 1, "path of {n}");
        }
    }
}

/// How often such facts begin. The data of the tests has none of these bytes.
fn count_known(flat: &[u8], kind: K, count: usize) -> usize {
    let mut begin = vec![change::KNOWN, kind as u8];
    number(&mut begin, count as u64);
    flat.windows(begin.len()).filter(|window| *window == begin).count()
}

#[test]
fn many_are_known_as_one_is() {
    let arrays = |data: &dyn Fn(&[u8]) -> Vec<u8>, size: usize, count: usize| {
        let one = array(size, data(&vec![0xd5; size]));
        let flat = read(&[b"](".as_slice(), &one.repeat(count), b"e"].concat());
        assert_eq!(count_known(&flat, K::Array, 6), count, "{count} of {size}");
    };
    for (size, count) in [(3200, 50), (1, 5000), (255, 2000), (65_536, 30)] {
        arrays(&bytes, size, count);
        arrays(&latin1, size, count);
    }
}

#[test]
fn what_objects_share_is_repeated_within_bounds() {
    // A list and a text of 100,000 that 100,000 sets and bytes are made of: 20 GB, if each had its own.
    for shared in [list(b"K\x01", 100_000), text(&b"\xc3\xa9".repeat(50_000))] {
        let mut pickle = [b"](".as_slice(), &shared, b"q\0"].concat();
        for _ in 0..50_000 {
            pickle.extend(b"c__builtin__\nset\n(h\0tRc_codecs\nencode\n(h\0X\x06\0\0\0latin1tR");
        }
        pickle.extend(b"e");
        let flat = read(&pickle);
        assert!(flat.len() < 16 * pickle.len(), "{} of {}", flat.len(), pickle.len());
    }
}
