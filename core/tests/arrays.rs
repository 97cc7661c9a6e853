//! `array.array` in every spelling, and paths into arrays.

use pickle_core::known::{Array, Data};
use pickle_core::view::{Unknown, View};
use pickle_core::{GlobalName, Heap, Options, Unpickler, Value};

fn check<T>(pickle: &[u8], test: impl FnOnce(Value<'_>) -> T) -> T {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let document = unpickler.load(pickle).unwrap_or_else(|error| panic!("{error:?}: {pickle:02x?}"));
    test(document.root())
}

fn array(value: Value<'_>) -> Array<'_> {
    match value.view() {
        View::Array(array) => array,
        _ => panic!("{:?} is no array", value.kind()),
    }
}

/// `array._array_reconstructor(array.array, code, format, bytes)`
fn reconstructed(code: u8, format: u8, bytes: &[u8]) -> Vec<u8> {
    let len = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    [b"carray\n_array_reconstructor\n(carray\narray\nX\x01\0\0\0", &[code, b'K', format, b'B'][..], &len, bytes, b"tR."]
        .concat()
}

/// `array.array(code, content)`
fn called(code: u8, content: &[u8]) -> Vec<u8> {
    [b"carray\narray\n(U\x01", &[code][..], content, b"tR."].concat()
}

fn ints(value: Value<'_>) -> Vec<i64> {
    value.find_all("$[*]").unwrap().iter().map(|item| item.as_i64().unwrap()).collect()
}

#[test]
fn every_machine_format() {
    // What is -2 where the type has a sign, in as many bytes.
    let low = |size: usize, big: bool| {
        let mut bytes = vec![0xff; size];
        bytes[if big { size - 1 } else { 0 }] = 0xfe;
        bytes
    };
    let mut formats = vec![(0, 1, false, false), (1, 1, true, false)];
    for (at, size) in [(2u8, 2usize), (6, 4), (10, 8)] {
        formats.extend((0..4).map(|n| (at + n, size, n > 1, n % 2 == 1)));
    }
    for (format, size, signed, big) in formats {
        let one = if big { [vec![0; size - 1], vec![1]].concat() } else { [vec![1], vec![0; size - 1]].concat() };
        let pickle = reconstructed(if signed { b'q' } else { b'Q' }, format, &[one, low(size, big)].concat());
        check(&pickle, |root| {
            let it = array(root);
            assert_eq!((it.dtype.size, it.len()), (size as u64, Some(2)), "{format}");
            assert_eq!(root.find("$[0]").and_then(|item| item.as_i64()), Some(1), "{format}");
            let expected =
                if signed { Some(-2) } else { (1i64 << (8 * size - 1).min(62)).checked_mul(2).map(|top| top - 2) };
            // What 63 bits do not hold is no value of the document.
            let expected = expected.filter(|_| signed || size < 8);
            assert_eq!(root.find("$[-1]").and_then(|item| item.as_i64()), expected, "{format}");
        });
    }
    for (format, bytes) in [
        (14, [1.5f32.to_le_bytes(), (-2f32).to_le_bytes()].concat()),
        (15, [1.5f32.to_be_bytes(), (-2f32).to_be_bytes()].concat()),
        (16, [1.5f64.to_le_bytes(), (-2f64).to_le_bytes()].concat()),
        (17, [1.5f64.to_be_bytes(), (-2f64).to_be_bytes()].concat()),
    ] {
        check(&reconstructed(b'd', format, &bytes), |root| {
            let floats: Vec<_> = root.find_all("$[*]").unwrap().iter().map(|item| item.as_f64()).collect();
            assert_eq!(floats, [Some(1.5), Some(-2.0)], "{format}");
        });
    }
    for (format, bytes) in
        [(18, &b"a\0\xac\x20"[..]), (19, b"\0a\x20\xac"), (20, b"a\0\0\0\xac\x20\0\0"), (21, b"\0\0\0a\0\0\x20\xac")]
    {
        for code in [b'u', b'w'] {
            check(&reconstructed(code, format, bytes), |root| assert_eq!(array(root).len(), Some(2), "{format}"));
        }
        #[cfg(feature = "serde")]
        check(&reconstructed(b'u', format, bytes), |root| {
            let text: Vec<String> = pickle_core::serde::from_value(&root).unwrap();
            assert_eq!(text, ["a", "\u{20ac}"], "{format}");
        });
    }
}

#[test]
fn every_size() {
    for size in [0usize, 1, 255, 256, 65_535, 65_536] {
        let bytes: Vec<u8> = (0..size).map(|n| n as u8).collect();
        let expected: Vec<i64> = bytes.iter().map(|&byte| i64::from(byte)).collect();
        let items: Vec<u8> = bytes.iter().flat_map(|&byte| [b'K', byte]).collect();
        let list = [b"](", &items[..], b"e"].concat();
        let str8 = [b"T", &(size as u32).to_le_bytes()[..], &bytes].concat();
        for pickle in [reconstructed(b'B', 0, &bytes), called(b'B', &list), called(b'B', &str8)] {
            check(&pickle, |root| {
                assert_eq!(array(root).len(), Some(size as u64));
                match size {
                    0 => assert!(root.find("$[*]").is_none()),
                    _ => assert_eq!(ints(root), expected),
                }
                assert!(root.find(&format!("$[{size}]")).is_none());
                #[cfg(feature = "serde")]
                assert_eq!(pickle_core::serde::from_value::<Vec<u8>>(&root).unwrap(), bytes);
            });
        }
    }
    // Without items, old Pythons give no list either.
    check(b"carray\narray\n(U\x01itR.", |root| assert_eq!(array(root).len(), Some(0)));
}

#[test]
fn parts_that_lie() {
    let list = |items: &[u8]| [b"](", items, b"e"].concat();
    let lies = [
        reconstructed(b'i', 8, b"\0\0\0"),
        reconstructed(b'd', 16, &[0; 15]),
        reconstructed(b'i', 22, &[0; 8]),
        reconstructed(b'i', 255, &[0; 8]),
        reconstructed(b'i', 16, &[0; 8]),
        reconstructed(b'd', 8, &[0; 8]),
        reconstructed(b'u', 8, &[0; 8]),
        reconstructed(b'x', 8, &[0; 8]),
        called(b'b', &list(b"K\x80")),
        called(b'B', &list(b"J\xff\xff\xff\xff")),
        called(b'B', &list(b"M\0\x01")),
        called(b'i', &list(b"\x8a\x05\0\0\0\x80\0")),
        called(b'i', &list(b"G\0\0\0\0\0\0\0\0")),
        called(b'd', &list(b"K\x01")),
        called(b'd', &list(b"N")),
        called(b'u', &list(b"X\x02\0\0\0ab")),
        called(b'c', &list(b"U\x02ab")),
        called(b'i', b"K\x05"),
        called(b'i', b"U\x03abc"),
        called(b'i', b"]N"),
        b"carray\narray\n)R.".to_vec(),
        b"carray\n_array_reconstructor\n)R.".to_vec(),
        // It is changed afterwards.
        b"carray\narray\n(U\x01i](K\x01etRK\x02a.".to_vec(),
    ];
    for pickle in &lies {
        check(pickle, |root| match root.view() {
            View::Object(_, why) => assert_eq!(why, Unknown::Parts, "{pickle:02x?}"),
            View::Array(array) => panic!("{array:?}: {pickle:02x?}"),
            _ => panic!("{pickle:02x?}"),
        });
    }
    // How long an item is, the machine that wrote it knows; a character of two parts is none of one.
    for pickle in
        [called(b'l', b"U\x08\0\0\0\0\0\0\0\0"), called(b'u', b"U\x04abcd"), reconstructed(b'u', 18, b"\x3d\xd8\0\xde")]
    {
        check(&pickle, |root| assert!(matches!(root.view(), View::Record(_)), "{pickle:02x?}"));
    }
}

#[test]
fn both_spellings_are_of_one_type() {
    for (code, item, name) in [
        (b'b', &b"K\x01"[..], "int8"),
        (b'H', b"K\x01", "uint16"),
        (b'I', b"K\x01", "uint32"),
        (b'l', b"K\x01", "int64"),
        (b'f', b"G\0\0\0\0\0\0\0\0", "float32"),
        (b'd', b"G\0\0\0\0\0\0\0\0", "float64"),
        (b'u', b"X\x01\0\0\0a", "<U1"),
        (b'c', b"U\x01a", "S1"),
    ] {
        check(&called(code, &[b"](", item, b"e"].concat()), |root| {
            let it = array(root);
            assert_eq!(it.dtype.to_string(), name);
            assert!(matches!(it.data, Data::Objects(_)));
            assert_eq!(it.class.and_then(|class| class.as_global()), Some(GlobalName::new("array", "array")));
            assert_eq!(root.members().map(|members| members.len()), Some(1));
        });
    }
}

/// numpy's `_reconstruct` with a shape, a type, an order and bytes.
fn numpy(shape: &str, dtype: &str, fortran: bool, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntC\u{1}btR(I1\n({shape}t{dtype}I0{}\n",
        u8::from(fortran)
    );
    let len = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    [head.as_bytes(), b"B", &len, bytes, b"tb."].concat()
}

const INT8: &str = "cnumpy\ndtype\n(X\u{2}\0\0\0i1I0\nI1\ntR(I3\nX\u{1}\0\0\0|NNNI-1\nI-1\nI0\ntb";

#[test]
fn paths_into_arrays() {
    let bytes: Vec<u8> = (0..24).collect();
    let at = |place: [usize; 3], fortran: bool| {
        let [a, b, c] = place;
        (if fortran { a + 2 * b + 6 * c } else { 12 * a + 4 * b + c }) as i64
    };
    for fortran in [false, true] {
        check(&numpy("I2\nI3\nI4\n", INT8, fortran, &bytes), |root| {
            let one = |path: &str| root.find(path).and_then(|found| found.as_i64());
            let all = |path: &str| -> Vec<i64> {
                root.find_all(path).unwrap().iter().map(|found| found.as_i64().unwrap()).collect()
            };
            for a in 0..2 {
                for b in 0..3 {
                    for c in 0..4 {
                        assert_eq!(one(&format!("$[{a}][{b}][{c}]")), Some(at([a, b, c], fortran)));
                    }
                }
            }
            assert_eq!(one("$[-1][-1][-1]"), Some(23));
            assert_eq!(all("$[*][1][2]"), [at([0, 1, 2], fortran), at([1, 1, 2], fortran)]);
            assert_eq!(all("$[1][::-2][3]"), [at([1, 2, 3], fortran), at([1, 0, 3], fortran)]);
            assert_eq!(all("$[*][*][*]").len(), 24);
            assert_eq!(one("$[1:][0][0]"), Some(at([1, 0, 0], fortran)));
            for nothing in ["$[2][0][0]", "$[0][3][0]", "$[0][0][4]", "$[-3][0][0]", "$[0][0][0][0]", "$[0].x[0]"] {
                assert_eq!(one(nothing), None, "{nothing}");
                assert!(root.find_all(nothing).is_err(), "{nothing}");
            }
            // A row is no value.
            assert!(root.find("$[1]").is_none() && root.find_all("$[*][0]").is_err());
            let error = root.at_path("$[1][7][0]").unwrap_err();
            assert_eq!(error.to_string(), "$ exists and is an array; there is no [1][7][0]");
        });
    }
    let other = |dtype: &str, bytes: &[u8]| {
        check(&numpy("I2\n", dtype, false, bytes), |root| {
            (root.find("$[0]").map(|item| item.kind()), root.find("$[1]").map(|item| item.kind()))
        })
    };
    let dtype =
        |code: &str| format!("cnumpy\ndtype\n(X\u{2}\0\0\0{code}I0\nI1\ntR(I3\nX\u{1}\0\0\0<NNNI-1\nI-1\nI0\ntb");
    use pickle_core::Kind;
    assert_eq!(other(&dtype("b1"), &[0, 1]), (Some(Kind::Bool), Some(Kind::Bool)));
    assert_eq!(other(&dtype("f2"), &[0; 4]), (Some(Kind::Float), Some(Kind::Float)));
    assert_eq!(other(&dtype("u8"), &[0xff; 16]), (None, None));
    assert_eq!(other(&dtype("c8"), &[0; 16]), (None, None));
    assert_eq!(other(&dtype("S2"), b"abcd"), (None, None));
}
