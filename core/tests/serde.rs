//! Reading into types: what each Python value becomes, and what cannot be.

use pickle_core::serde::{Global, Object, SerdeErrorKind, from_slice, from_value};
use pickle_core::{Heap, Options, Unpickler};
use serde::Deserialize;
use std::collections::BTreeMap;

fn read<'de, T: Deserialize<'de>>(input: &'de [u8]) -> Result<T, String> {
    from_slice(input, Default::default()).map_err(|error| error.to_string())
}

#[test]
fn scalars() {
    assert_eq!(read(b"N."), Ok(()));
    assert_eq!(read(b"\x88."), Ok(true));
    assert_eq!(read(b"K\x07."), Ok(7u8));
    assert_eq!(read(b"J\xff\xff\xff\xff."), Ok(-1i64));
    assert_eq!(read(b"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01."), Ok(1i128 << 64));
    assert_eq!(read(b"G\x40\x35\x80\x00\x00\x00\x00\x00."), Ok(21.5f64));
    assert_eq!(read(b"X\x03\x00\x00\x00abc."), Ok("abc"));
    assert_eq!(read(b"X\x03\x00\x00\x00abc."), Ok("abc".to_owned()));
    assert_eq!(read(b"N."), Ok(None::<u8>));
    assert_eq!(read(b"K\x07."), Ok(Some(7u8)));
    let bytes: serde_bytes::ByteBuf = read(b"C\x02\x00\xff.").unwrap();
    assert_eq!(bytes.as_ref(), [0, 255]);
}

#[test]
fn numbers_that_do_not_fit_are_errors() {
    assert!(read::<u8>(b"M\x00\x01.").is_err());
    assert!(read::<u64>(b"J\xff\xff\xff\xff.").is_err());
    assert!(read::<&str>(b"K\x07.").is_err());
}

#[test]
fn containers() {
    assert_eq!(read(b"](K\x01K\x02e."), Ok(vec![1, 2]));
    assert_eq!(read(b"K\x01X\x01\x00\x00\x00a\x86."), Ok((1, "a")));
    assert_eq!(read(b"}X\x01\x00\x00\x00aK\x01s."), Ok(BTreeMap::from([("a".to_owned(), 1)])));
    // The same list twice: sharing is no obstacle.
    assert_eq!(read(b"]q\x00K\x01ah\x00\x86."), Ok((vec![1], vec![1])));
}

#[derive(Debug, Deserialize, PartialEq)]
struct User {
    name: String,
    #[serde(default)]
    age: Option<u8>,
}

#[derive(Debug, Deserialize, PartialEq)]
enum Shape {
    Empty,
    Circle(f64),
    Size { w: u8, h: u8 },
}

#[test]
fn structs_and_enums() {
    let jane = User { name: "Jane".into(), age: None };
    assert_eq!(read(b"}X\x04\x00\x00\x00nameX\x04\x00\x00\x00Janes."), Ok(jane));
    assert_eq!(read(b"X\x05\x00\x00\x00Empty."), Ok(Shape::Empty));
    assert_eq!(read(b"}X\x06\x00\x00\x00CircleG\x3f\xf0\x00\x00\x00\x00\x00\x00s."), Ok(Shape::Circle(1.0)));
    let size = b"}X\x04\x00\x00\x00Size}(X\x01\x00\x00\x00wK\x01X\x01\x00\x00\x00hK\x02us.";
    assert_eq!(read(size), Ok(Shape::Size { w: 1, h: 2 }));
}

#[test]
fn objects_are_read_by_their_state_and_keep_their_class() {
    let input = b"\x80\x04\x8c\x03app\x8c\x04User\x93)\x81}\x8c\x04name\x8c\x04Janesb.";
    assert_eq!(read(input), Ok(User { name: "Jane".into(), age: None }));
    let object: Object<User> = read(input).unwrap();
    assert_eq!(object.class, Some(Global::new("app", "User")));
}

#[test]
fn values_of_a_document_are_read_by_themselves() {
    // {"users": [<app.User name=Jane>, {"name": 5}], "deep": [[[]]]}
    let input = b"\x80\x04}(\x8c\x05users](\x8c\x03app\x8c\x04User\x93)\x81}\x8c\x04name\x8c\x04Janesb}\x8c\x04nameK\x05se\x8c\x04deep]]]aau.";
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let document = unpickler.load(input).unwrap();
    let users = document.find("$.users").unwrap();
    let jane: Object<User> = from_value(&users.at(0).unwrap()).unwrap();
    assert_eq!((jane.class, jane.value.name), (Some(Global::new("app", "User")), "Jane".to_owned()));
    let name: &str = from_value(&users.find("[0].name").unwrap()).unwrap();
    assert_eq!(name, "Jane");
    let error = from_value::<Vec<User>>(&users).unwrap_err();
    assert_eq!((error.path(), error.offset()), (Some("$[1].name"), None), "{error}");
    // Of bytes it is known where the value is, too.
    let input = b"}X\x05\0\0\0users]}X\x04\0\0\0nameK\x05sas.";
    let error = from_slice::<BTreeMap<String, Vec<User>>>(input, Default::default()).unwrap_err();
    let at = input.iter().position(|byte| *byte == b'K').map(|at| at as u64);
    assert_eq!((error.path(), error.offset()), (Some("$.users[0].name"), at), "{error}");
    // What is missing has no place.
    let error = from_slice::<Vec<User>>(b"](}X\x01\0\0\0xK\x05se.", Default::default()).unwrap_err();
    assert_eq!((error.path(), error.offset()), (Some("$[0]"), None), "{error}");
    let options = pickle_core::serde::DeOptions::new().max_depth(2);
    let error = from_slice::<BTreeMap<String, Vec<Vec<Vec<u8>>>>>(b"}X\x01\0\0\0a]]]aas.", options).unwrap_err();
    assert_eq!(error.reason(), SerdeErrorKind::Depth, "{error}");
}

/// The default is 128 levels, whichever way a type is filled, and a thread of 512 KiB bears them: reading, and writing
/// what was read.
#[test]
fn the_default_depth_fits_a_small_stack() {
    use pickle_core::serde::{DeOptions, to_vec};
    use serde::Serialize;

    #[derive(Deserialize, Serialize)]
    struct Lists(Vec<Lists>);

    #[derive(Deserialize, Serialize)]
    struct Chain {
        id: u64,
        name: String,
        weight: Option<f64>,
        next: Option<Box<Chain>>,
    }

    #[derive(Deserialize, Serialize)]
    #[serde(untagged)]
    enum Any {
        None(()),
        Int(i64),
        Text(String),
        List(Vec<Any>),
        Map(BTreeMap<String, Any>),
    }

    fn lists(levels: usize) -> Vec<u8> {
        [&b"\x80\x04"[..], &b"]".repeat(levels), &b"a".repeat(levels - 1), b"."].concat()
    }

    fn dicts(levels: usize, object: bool) -> Vec<u8> {
        let (open, close) =
            if object { (&b"c__main__\nChain\n)\x81}("[..], &b"ub"[..]) } else { (&b"}("[..], &b"u"[..]) };
        let fields = b"\x8c\x02idK\x01\x8c\x04name\x8c\x01x\x8c\x06weightN\x8c\x04next";
        [b"\x80\x04", [open, fields].concat().repeat(levels).as_slice(), b"N", &close.repeat(levels), b"."].concat()
    }

    /// Reads at the limit and one level further.
    fn limit<T: for<'de> Deserialize<'de> + Serialize>(make: &dyn Fn(usize) -> Vec<u8>, levels: usize) {
        let value =
            from_slice::<T>(&make(levels), DeOptions::new()).unwrap_or_else(|error| panic!("{levels}: {error}"));
        to_vec(&value, Default::default()).unwrap_or_else(|error| panic!("{levels}: {error}"));
        let error = from_slice::<T>(&make(levels + 1), DeOptions::new()).map(drop).unwrap_err();
        // serde says of untagged enums only that none fits.
        assert!(error.reason() == SerdeErrorKind::Depth || error.to_string().contains("untagged"), "{error}");
    }

    assert_eq!(DeOptions::new().max_depth, 128);
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(|| {
        limit::<Lists>(&lists, 128);
        limit::<Any>(&lists, 128);
        limit::<Chain>(&|levels| dicts(levels, false), 128);
        limit::<Any>(&|levels| dicts(levels, false), 128);
        limit::<Chain>(&|levels| dicts(levels, true), 128);
    });
    thread.unwrap().join().unwrap();
}

#[test]
fn cycles_and_damage_are_errors() {
    #[derive(Debug, Deserialize)]
    struct Nested(#[allow(dead_code)] Vec<Nested>);
    let error = read::<Nested>(b"]q\x00h\x00a.").unwrap_err();
    assert!(error.contains("at $[0]"), "{error}");
    #[derive(Debug, Deserialize)]
    struct Node {
        #[allow(dead_code)]
        next: Vec<Option<Box<Node>>>,
    }
    // {"next": [None, <itself>]}
    let error = read::<Node>(b"}q\x00X\x04\x00\x00\x00next](Nh\x00es.").unwrap_err();
    assert!(error.contains("$.next[1]"), "{error}");
    assert!(read::<Vec<u8>>(b"](K\x01").is_err());
    let error = read::<BTreeMap<String, Vec<u8>>>(b"}X\x01\x00\x00\x00a](K\x01X\x01\x00\x00\x00bes.").unwrap_err();
    assert!(error.contains('a'), "the path is named: {error}");
}

/// Every spelling of spans from a microsecond to the longest: as text, in seconds, in parts.
#[test]
fn spans_are_what_python_says() {
    let table = include_str!("../../tests/data/views/timedeltas.tsv");
    assert_eq!(table.lines().count(), 120);
    for line in table.lines() {
        let [text, seconds, days, second, micros, pickle] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let pickle: Vec<u8> =
            (0..pickle.len()).step_by(2).map(|at| u8::from_str_radix(&pickle[at..at + 2], 16).unwrap()).collect();
        assert_eq!(read::<String>(&pickle).as_deref(), Ok(text));
        assert_eq!(read(&pickle), Ok(seconds.parse::<f64>().unwrap()), "{text}");
        let parts = (days.parse::<i64>().unwrap(), second.parse::<i64>().unwrap(), micros.parse::<i64>().unwrap());
        assert_eq!(read(&pickle), Ok(parts), "{text}");
        let span = chrono::TimeDelta::days(parts.0) + chrono::TimeDelta::seconds(parts.1);
        assert_eq!(read(&pickle), Ok(span + chrono::TimeDelta::microseconds(parts.2)), "{text}");
    }
    // A Timedelta of pandas of 1000 days and a nanosecond: the float next to it.
    let pandas = b"cpandas._libs.tslibs.timedeltas\n_timedelta_unpickle\n(L86400000000000001L\nK\x0atR.";
    assert_eq!(read(pandas), Ok(86_400_000.000_000_001));
}
